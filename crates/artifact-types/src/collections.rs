//! The artifact collections of a type.

use std::fmt;
use std::sync::Arc;

use wandb_paginator::{Collection, Connection, ConvertError, Cursor, Page, PageRequest, Paginator};
use wandb_queries::project_artifact_collections::{
    self, ProjectArtifactCollectionsProjectArtifactTypeArtifactCollectionsEdgesNode as Node, ResponseData,
    Variables,
};
use wandb_queries::scalars::DateTime;
use wandb_transport::Transport;

/// The artifact collections of a type in a project. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `ArtifactCollections` (`apis/public/artifacts.py`), which asks once more for each
/// collection that it lists. The paginator's `len` is the server's count.
#[derive(Debug, Clone)]
pub struct ArtifactCollections {
    entity: Arc<str>,
    project: Arc<str>,
    artifact_type: Arc<str>,
}

impl ArtifactCollections {
    /// The text of the operation that a page is asked with.
    pub const QUERY: &'static str = project_artifact_collections::QUERY;

    /// Every collection of `artifact_type`, such as `model`, in `project` of `entity` (a user or a team).
    #[must_use]
    pub fn new(entity: &str, project: &str, artifact_type: &str) -> Self {
        Self {
            entity: entity.into(),
            project: project.into(),
            artifact_type: artifact_type.into(),
        }
    }

    /// The lazy iterator over the collections, in pages of 50. It asks through `transport`, and for nothing yet.
    #[must_use]
    pub fn paginate(self, transport: Arc<dyn Transport>) -> Paginator<ArtifactCollectionInfo> {
        let variables = Variables {
            entity_name: self.entity.to_string(),
            project_name: self.project.to_string(),
            artifact_type_name: self.artifact_type.to_string(),
            cursor: None,
            per_page: Variables::default_perPage(),
        };
        Paginator::new(transport, self, variables)
    }
}

impl Collection for ArtifactCollections {
    type Query = wandb_queries::ProjectArtifactCollections;
    type Item = ArtifactCollectionInfo;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<ArtifactCollectionInfo>, ConvertError> {
        let (entity, project, artifact_type) = (&self.entity, &self.project, &self.artifact_type);
        let seen = response
            .project
            .ok_or_else(|| ConvertError::unseen(format_args!("project {entity}/{project}")))?;
        let seen = seen.artifact_type.ok_or_else(|| {
            ConvertError::unseen(format_args!(
                "artifact type {artifact_type} in {entity}/{project}"
            ))
        })?;
        let Some(collections) = seen.artifact_collections else {
            return Page::of_null("artifact collections", None);
        };
        let edges = collections.edges.into_iter().flatten();
        let page_info = collections
            .page_info
            .map(|info| (info.end_cursor, info.has_next_page));
        Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .with_total(collections.total_count)
            .into_page(|node, cursor| ArtifactCollectionInfo::from_node(node, cursor, self))
    }

    fn identity<'a>(&self, collection: &'a ArtifactCollectionInfo) -> Option<&'a str> {
        collection.id()
    }
}

/// A collection of artifacts: the versions of what goes by one name, or a portfolio that links to versions of others.
///
/// The names are those of the SDK's `ArtifactCollection` (`apis/public/artifacts.py`). `Display` is the SDK's `repr`.
#[derive(Debug, Clone)]
pub struct ArtifactCollectionInfo {
    artifact_type: Arc<str>,
    name: String,
    node: Node,
    cursor: Option<Cursor>,
}

impl ArtifactCollectionInfo {
    fn from_node(
        mut node: Node,
        cursor: Option<Cursor>,
        collections: &ArtifactCollections,
    ) -> Result<Self, ConvertError> {
        let name = node.name.take();
        Ok(Self {
            artifact_type: Arc::clone(&collections.artifact_type),
            name: name
                .ok_or_else(|| ConvertError::malformed("an artifact collection of the answer has no name"))?,
            node,
            cursor,
        })
    }

    /// The server's id of the collection, opaque.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.node.id.as_deref()
    }

    /// The name, unique in its project.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its artifacts. (SDK: `type`)
    #[must_use]
    pub fn artifact_type(&self) -> &str {
        &self.artifact_type
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.node.description.as_deref()
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> Option<&DateTime> {
        self.node.created_at.as_ref()
    }

    /// The cursor of this collection in the listing: [`Paginator::start_after`] goes on behind it.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }
}

impl fmt::Display for ArtifactCollectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ArtifactCollection {} ({})>", self.name, self.artifact_type)
    }
}
