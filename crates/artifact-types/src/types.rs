//! The artifact types of a project.

use std::fmt;
use std::sync::Arc;

use wandb_paginator::{Collection, Connection, ConvertError, Cursor, Page, PageRequest, Paginator};
use wandb_queries::project_artifact_types::{
    self, ProjectArtifactTypesProjectArtifactTypesEdgesNode as Node, ResponseData, Variables,
};
use wandb_queries::scalars::DateTime;
use wandb_transport::Transport;

use crate::ArtifactCollections;

/// The artifact types of a project. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `ArtifactTypes` (`apis/public/artifacts.py`). The server does not count types: the
/// paginator's `len` is `None` until all are loaded.
#[derive(Debug, Clone)]
pub struct ArtifactTypes {
    entity: Arc<str>,
    project: Arc<str>,
}

impl ArtifactTypes {
    /// The text of the operation that a page is asked with.
    pub const QUERY: &'static str = project_artifact_types::QUERY;

    /// Every type of artifact in `project` of `entity` (a user or a team).
    #[must_use]
    pub fn new(entity: &str, project: &str) -> Self {
        Self {
            entity: entity.into(),
            project: project.into(),
        }
    }

    /// The lazy iterator over the types, in pages of 50. It asks through `transport`, and for nothing yet.
    #[must_use]
    pub fn paginate(self, transport: Arc<dyn Transport>) -> Paginator<ArtifactTypeInfo> {
        let variables = Variables {
            entity_name: self.entity.to_string(),
            project_name: self.project.to_string(),
            cursor: None,
            per_page: Variables::default_perPage(),
        };
        Paginator::new(transport, self, variables)
    }
}

impl Collection for ArtifactTypes {
    type Query = wandb_queries::ProjectArtifactTypes;
    type Item = ArtifactTypeInfo;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = Some(page.size.into());
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<ArtifactTypeInfo>, ConvertError> {
        let project = response
            .project
            .ok_or_else(|| ConvertError::unseen(format_args!("project {}/{}", self.entity, self.project)))?;
        let Some(types) = project.artifact_types else {
            return Page::of_null("artifact types", None);
        };
        let edges = types.edges.into_iter().flatten();
        let page_info = types.page_info.map(|info| (info.end_cursor, info.has_next_page));
        Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .into_page(|node, cursor| ArtifactTypeInfo::from_node(node, cursor, self))
    }

    fn identity<'a>(&self, artifact_type: &'a ArtifactTypeInfo) -> Option<&'a str> {
        artifact_type.id()
    }
}

/// A type of artifact in a project, such as `model` or `dataset`.
///
/// The names are those of the SDK's `ArtifactType` (`apis/public/artifacts.py`). `Display` is the SDK's `repr`.
#[derive(Debug, Clone)]
pub struct ArtifactTypeInfo {
    entity: Arc<str>,
    project: Arc<str>,
    name: String,
    node: Node,
    cursor: Option<Cursor>,
}

impl ArtifactTypeInfo {
    fn from_node(
        mut node: Node,
        cursor: Option<Cursor>,
        types: &ArtifactTypes,
    ) -> Result<Self, ConvertError> {
        let name = node.name.take();
        Ok(Self {
            entity: Arc::clone(&types.entity),
            project: Arc::clone(&types.project),
            name: name
                .ok_or_else(|| ConvertError::malformed("an artifact type of the answer has no name"))?,
            node,
            cursor,
        })
    }

    /// The server's id of the type, opaque.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.node.id.as_deref()
    }

    /// The name, unique in its project.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
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

    /// The collections of this type.
    #[must_use]
    pub fn collections(&self) -> ArtifactCollections {
        ArtifactCollections::new(&self.entity, &self.project, &self.name)
    }

    /// The cursor of this type in the listing: [`Paginator::start_after`] goes on behind it.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }
}

impl fmt::Display for ArtifactTypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ArtifactType {}>", self.name)
    }
}
