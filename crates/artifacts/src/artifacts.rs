//! The versions of an artifact collection.

use std::sync::Arc;

use wandb_artifact::ArtifactInfo;
use wandb_paginator::{Collection, Connection, ConvertError, Page, PageRequest, Paginator};
use wandb_queries::Filter;
use wandb_queries::project_artifacts::{self, ResponseData, Variables};
use wandb_transport::Transport;

/// The versions of an artifact collection: which of them, and in what order. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `Artifacts` (`apis/public/artifacts.py`). The paginator's `len` is the server's count of the
/// versions that pass the filter; with [`tags`](Self::tags), which are looked at here, it is `None` until all are loaded.
#[derive(Debug, Clone)]
pub struct Artifacts {
    /// Entity, project, collection.
    collection: [String; 3],
    artifact_type: String,
    filters: Filter,
    order: Option<String>,
    tags: Vec<String>,
}

impl Artifacts {
    /// The text of the operation that a page is asked with.
    pub const QUERY: &'static str = project_artifacts::QUERY;

    /// Every committed version in `collection`, of `artifact_type`, in `project` of `entity` (a user or a team).
    #[must_use]
    pub fn new(entity: &str, project: &str, artifact_type: &str, collection: &str) -> Self {
        Self {
            collection: [entity, project, collection].map(ToOwned::to_owned),
            artifact_type: artifact_type.to_owned(),
            filters: Filter::field("state").eq("COMMITTED"),
            order: None,
            tags: Vec::new(),
        }
    }

    /// Only the versions that pass this filter, committed or not; what was set before is replaced.
    #[must_use]
    pub fn filters(mut self, filters: Filter) -> Self {
        self.filters = filters;
        self
    }

    /// By what they are sorted, such as `-createdAt`; as the server likes unless told.
    #[must_use]
    pub fn order(mut self, order: &str) -> Self {
        self.order = Some(order.to_owned()).filter(|order| !order.is_empty());
        self
    }

    /// Only the versions that have all of these tags.
    #[must_use]
    pub fn tags<S: Into<String>>(mut self, tags: impl IntoIterator<Item = S>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// The lazy iterator over the versions, in pages of 50 as the SDK's. It asks through `transport`, and for nothing yet.
    #[must_use]
    pub fn paginate(self, transport: Arc<dyn Transport>) -> Paginator<ArtifactInfo> {
        let [entity, project, collection] = self.collection.clone();
        let variables = Variables {
            entity,
            project,
            collection,
            type_: self.artifact_type.clone(),
            filters: Some((&self.filters).into()),
            order: self.order.clone(),
            cursor: None,
            per_page: Variables::default_perPage(),
        };
        Paginator::new(transport, self, variables)
    }
}

impl Collection for Artifacts {
    type Query = wandb_queries::ProjectArtifacts;
    type Item = ArtifactInfo;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<ArtifactInfo>, ConvertError> {
        let [entity, project, collection] = &self.collection;
        let unseen = |what: String| move || ConvertError::unseen(what);
        let seen = response
            .project
            .ok_or_else(unseen(format!("project {entity}/{project}")))?;
        let of_type = format!("artifact type {} in {entity}/{project}", self.artifact_type);
        let seen = seen.artifact_type.ok_or_else(unseen(of_type))?;
        let path = format!(
            "artifact collection {entity}/{project}/{collection} of type {}",
            self.artifact_type
        );
        let seen = seen.artifact_collection.ok_or_else(unseen(path))?;
        let Some(artifacts) = seen.artifacts else {
            return Page::of_null("artifacts", None);
        };
        let edges = artifacts.edges.into_iter().flatten().map(|edge| {
            let version = edge.version;
            (edge.node.map(|node| (node, version)), edge.cursor)
        });
        let page_info = artifacts
            .page_info
            .map(|info| (info.end_cursor, info.has_next_page));
        let counted = artifacts.total_count.filter(|_| self.tags.is_empty());
        let mut page =
            Connection::new(edges, page_info)
                .with_total(counted)
                .into_page(|(node, version), cursor| {
                    let mut artifact =
                        ArtifactInfo::try_from(node)?.found_in(self.collection.clone(), version);
                    artifact.cursor = cursor;
                    Ok(artifact)
                })?;
        page.items
            .retain(|artifact| self.tags.iter().all(|tag| artifact.tags.contains(tag)));
        Ok(page)
    }

    fn identity<'a>(&self, artifact: &'a ArtifactInfo) -> Option<&'a str> {
        artifact.id.as_deref()
    }
}
