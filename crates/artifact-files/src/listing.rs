//! A page of an artifact version's files.

use std::sync::{Arc, OnceLock};

use wandb_files::{File, Like, Origin, RunPath};
use wandb_paginator::{Collection, Connection, ConvertError, Page, PageRequest};
use wandb_queries::ArtifactCollectionMembershipFiles;
use wandb_queries::artifact_collection_membership_files::{ResponseData, Variables};

use crate::ArtifactFiles;
use crate::artifact_files::parts;
use crate::listed::listed;

/// A listing under way.
pub(crate) struct Listing {
    files: ArtifactFiles,
    like: Option<Like>,
    /// That of the first page, so that an alias which moves on meanwhile does not lead the rest to another one.
    version: OnceLock<RunPath>,
}

impl Listing {
    pub(crate) fn new(files: ArtifactFiles) -> Self {
        Self {
            like: files.pattern.as_deref().map(Like::new),
            version: OnceLock::new(),
            files,
        }
    }
}

impl Collection for Listing {
    type Query = ArtifactCollectionMembershipFiles;
    type Item = File;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        let path = self.version.get().unwrap_or(&self.files.path);
        path.run().clone_into(&mut variables.name);
        parts(path).1.clone_into(&mut variables.artifact_version_index);
        variables.file_cursor = page.cursor.map(ToString::to_string);
        variables.file_limit = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<File>, ConvertError> {
        let asked = self.version.get().unwrap_or(&self.files.path);
        let (entity, project) = (asked.entity(), asked.project());
        let seen = response
            .project
            .ok_or_else(|| ConvertError::unseen(format!("project {entity}/{project}")))?;
        // Servers that list no files of a membership were asked for the version alone.
        let by_collection = seen
            .artifact_collection
            .and_then(|found| found.artifact_membership);
        let (index, version, files) = match (by_collection, seen.artifact) {
            (Some(member), _) => (member.version_index, member.artifact, member.files),
            (None, Some(version)) => (
                version.version_index,
                Some(version.version_fragment),
                version.files,
            ),
            (None, None) => return Err(ConvertError::unseen(format!("artifact {asked}"))),
        };
        let count = version.as_ref().and_then(|version| Some(version.file_count?.0));
        // The version is null where only the collection may be seen: then what its digests are is not known.
        let digests = version.map_or(Some(String::new()), |version| version.digest_algorithm);
        let Some(connection) = files else {
            return Page::of_null("files", count);
        };
        let exact = index.map(|index| RunPath::new(entity, project, format!("{}:v{index}", parts(asked).0)));
        let path = self
            .version
            .get_or_init(|| exact.unwrap_or_else(|| asked.clone()));
        let mut origin = self.files.clone();
        origin.path.clone_from(path);
        let origin: Arc<dyn Origin> = Arc::new(origin);

        let edges = connection.edges.into_iter().flatten();
        let edges = edges.map(|edge| (edge.node, edge.cursor));
        let page_info = connection.page_info;
        let page_info = page_info.map(|info| (info.end_cursor, info.has_next_page));
        let is_filtered = self.like.is_some() || !self.files.names.is_empty();
        let mut page = Connection::new(edges, page_info)
            .with_total(count.filter(|_| !is_filtered))
            .into_page(|node, cursor| {
                let by_name = !self.files.names.is_empty();
                let listed = listed(node, cursor, digests.as_deref(), by_name)?;
                Ok(File::new(&self.files.context, &origin, listed))
            })?;
        if let Some(like) = &self.like {
            page.items.retain(|file| like.matches(file.name()));
        }
        Ok(page)
    }

    fn identity<'a>(&self, file: &'a File) -> Option<&'a str> {
        // Files of the same content may share more than that in storage; names are unique in a version.
        Some(file.name())
    }
}
