//! One project of a listing.

use std::fmt;
use std::sync::Arc;

use url::Url;
use wandb_paginator::{ConvertError, Cursor};
use wandb_queries::projects::ProjectsModelsEdgesNode as Node;
use wandb_queries::scalars::DateTime;

/// A project as a listing tells of it.
///
/// The names are those of the SDK's `Project` (`apis/public/projects.py`). What an older server does not know is `None`.
/// `Display` is the SDK's `repr`.
#[derive(Debug, Clone)]
pub struct ProjectInfo {
    entity: Arc<str>,
    name: String,
    node: Node,
    cursor: Option<Cursor>,
}

impl ProjectInfo {
    pub(crate) fn from_node(
        mut node: Node,
        cursor: Option<Cursor>,
        entity: &Arc<str>,
    ) -> Result<Self, ConvertError> {
        let name = node.name.take();
        Ok(Self {
            entity: node
                .entity_name
                .take()
                .map_or_else(|| Arc::clone(entity), Arc::from),
            name: name.ok_or_else(|| ConvertError::malformed("a project of the answer has no name"))?,
            node,
            cursor,
        })
    }

    /// The server's id of the project, opaque.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.node.id.as_deref()
    }

    /// The name, unique in its entity.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user or team that owns it.
    #[must_use]
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// Entity and name.
    #[must_use]
    pub fn path(&self) -> [&str; 2] {
        [&self.entity, &self.name]
    }

    /// The project's page below `app`, the address of the server's web pages. What a name has that addresses may not have is
    /// escaped, which the SDK leaves to its caller.
    #[must_use]
    pub fn url(&self, app: &Url) -> Url {
        let mut url = app.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts
                .pop_if_empty()
                .extend([&*self.entity, &*self.name, "workspace"]);
        }
        url
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> Option<&DateTime> {
        self.node.created_at.as_ref()
    }

    /// Whether it is a benchmark, to which others submit runs.
    #[must_use]
    pub fn is_benchmark(&self) -> Option<bool> {
        self.node.is_benchmark
    }

    /// The cursor of this project in the listing:
    /// [`Paginator::start_after`](wandb_paginator::Paginator::start_after) goes on behind it.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }
}

impl fmt::Display for ProjectInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Project {}>", self.path().join("/"))
    }
}
