//! The artifacts that a run logged, and those that it used.

use std::sync::Arc;

use wandb_artifact::ArtifactInfo;
use wandb_paginator::{
    Collection, Connection, ConvertError, Page, PageRequest, Paginator, ResponseData, Variables,
};
use wandb_queries::{RunInputArtifacts, RunOutputArtifacts, run_input_artifacts, run_output_artifacts};
use wandb_transport::Transport;

/// The SDK's `logged_artifacts` and `used_artifacts`.
const PER_PAGE: u32 = 100;

/// The artifacts of a run. Asks for nothing until it is paginated.
///
/// The counterpart of the SDK's `RunArtifacts` (`apis/public/artifacts.py`). The paginator's `len` is the server's count.
/// Artifacts whose collection may not be seen are left out, as the SDK leaves them out.
#[derive(Debug, Clone)]
pub struct RunArtifacts {
    entity: String,
    project: String,
    run: String,
}

impl RunArtifacts {
    /// Those of the run with id `run` in `project` of `entity` (a user or a team).
    #[must_use]
    pub fn new(entity: &str, project: &str, run: &str) -> Self {
        let [entity, project, run] = [entity, project, run].map(ToOwned::to_owned);
        Self { entity, project, run }
    }

    /// The lazy iterator over the artifacts that the run logged, in pages of 100 as the SDK's. It asks through `transport`,
    /// and for nothing yet.
    #[must_use]
    pub fn logged(self, transport: Arc<dyn Transport>) -> Paginator<ArtifactInfo> {
        let variables = run_output_artifacts::Variables {
            entity: self.entity.clone(),
            project: self.project.clone(),
            run_name: self.run.clone(),
            cursor: None,
            per_page: None,
        };
        Paginator::new(transport, Logged(self), variables).per_page(PER_PAGE)
    }

    /// The lazy iterator over the artifacts that the run used, as [`logged`](Self::logged).
    #[must_use]
    pub fn used(self, transport: Arc<dyn Transport>) -> Paginator<ArtifactInfo> {
        let variables = run_input_artifacts::Variables {
            entity: self.entity.clone(),
            project: self.project.clone(),
            run_name: self.run.clone(),
            cursor: None,
            per_page: None,
        };
        Paginator::new(transport, Used(self), variables).per_page(PER_PAGE)
    }
}

/// A collection of a run's artifacts: one query each for those that go in and those that come out, and else the same.
macro_rules! collection {
    ($collection:ident, $query:ident, $field:ident) => {
        struct $collection(RunArtifacts);

        impl Collection for $collection {
            type Query = $query;
            type Item = ArtifactInfo;

            fn update_variables(&self, variables: &mut Variables<Self>, page: PageRequest<'_>) {
                variables.cursor = page.cursor.map(ToString::to_string);
                variables.per_page = Some(page.size.into());
            }

            fn convert_objects(
                &self,
                response: ResponseData<Self>,
            ) -> Result<Page<ArtifactInfo>, ConvertError> {
                let RunArtifacts {
                    entity,
                    project,
                    run,
                } = &self.0;
                let unseen = |what: String| move || ConvertError::unseen(what);
                let seen = response
                    .project
                    .ok_or_else(unseen(format!("project {entity}/{project}")))?;
                let seen = seen
                    .run
                    .ok_or_else(unseen(format!("run {entity}/{project}/{run}")))?;
                let Some(artifacts) = seen.$field else {
                    return Page::of_null("artifacts", None);
                };
                let edges = artifacts.edges.into_iter().flatten().map(|edge| {
                    let node = edge.node.and_then(|node| ArtifactInfo::try_from(node).ok());
                    (node, edge.cursor)
                });
                let page_info = artifacts
                    .page_info
                    .map(|info| (info.end_cursor, info.has_next_page));
                Connection::new(edges, page_info)
                    .with_total(artifacts.total_count)
                    .into_page(|mut artifact, cursor| {
                        artifact.cursor = cursor;
                        Ok(artifact)
                    })
            }

            fn identity<'a>(&self, artifact: &'a ArtifactInfo) -> Option<&'a str> {
                artifact.id.as_deref()
            }
        }
    };
}

collection!(Logged, RunOutputArtifacts, output_artifacts);
collection!(Used, RunInputArtifacts, input_artifacts);
