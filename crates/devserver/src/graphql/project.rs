use super::connection::{PageInfo, Paging};
use super::file::{global_id, state};
use super::run::{Run, RunConnection, RunEdge};
use super::scalars::{DateTime, JsonString};
use super::user::User;
use crate::store::ProjectRow;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;

pub(crate) struct Project {
    row: Arc<ProjectRow>,
}

impl Project {
    pub(crate) fn new(row: Arc<ProjectRow>) -> Self {
        Self { row }
    }

    async fn find(&self, context: &Context<'_>, name: &str) -> Result<Option<Run>> {
        let found = state(context)?.store.run(self.row.id, name).await?;
        Ok(found.map(|run| Run::new(&self.row, run)))
    }
}

#[Object]
impl Project {
    async fn id(&self) -> ID {
        global_id(&format!("Project:v1:{}:{}", self.row.name, self.row.entity))
    }

    async fn internal_id(&self) -> ID {
        global_id(&format!("ProjectInternalId:{}", self.row.id))
    }

    async fn name(&self) -> &str {
        &self.row.name
    }

    async fn entity_name(&self) -> &str {
        &self.row.entity
    }

    async fn entity(&self) -> Entity {
        Entity {
            name: self.row.entity.clone(),
        }
    }

    async fn description(&self) -> Option<&str> {
        self.row.description.as_deref()
    }

    async fn access(&self) -> Option<&str> {
        Some("PRIVATE")
    }

    async fn views(&self) -> Option<JsonString> {
        None
    }

    async fn created_at(&self, context: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(state(context)?.time(self.row.created_at)))
    }

    async fn user(&self, context: &Context<'_>) -> Result<Option<User>> {
        Ok(Some(User::new(state(context)?)))
    }

    async fn is_benchmark(&self) -> bool {
        false
    }

    async fn read_only(&self) -> Option<bool> {
        Some(false)
    }

    async fn run(&self, context: &Context<'_>, name: String) -> Result<Option<Run>> {
        self.find(context, &name).await
    }

    async fn bucket(
        &self,
        context: &Context<'_>,
        #[graphql(name = "desc")] _desc: Option<String>,
        name: String,
        #[graphql(name = "missingOk")] _missing_ok: Option<bool>,
    ) -> Result<Option<Run>> {
        self.find(context, &name).await
    }

    async fn run_count(&self, context: &Context<'_>, filters: Option<JsonString>) -> Result<i32> {
        refuse_filters(filters)?;
        Ok(i32::try_from(
            state(context)?.store.run_count(self.row.id).await?,
        )?)
    }

    /// Runs in the order in which they were made, which is what the SDK asks for unless told otherwise.
    async fn runs(
        &self,
        context: &Context<'_>,
        filters: Option<JsonString>,
        order: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<RunConnection>> {
        refuse_filters(filters)?;
        if order.is_some_and(|order| !matches!(order.as_str(), "" | "+created_at" | "created_at")) {
            return Err("this server lists runs by +created_at only".into());
        }
        let state = state(context)?;
        let paging = Paging::new(after.as_deref(), first, state.behaviour.page_limit)?;
        let (items, page_info) = paging.page(state.store.runs(self.row.id, paging.window()).await?);
        let edges = items
            .into_iter()
            .map(|(cursor, run)| RunEdge {
                node: Run::new(&self.row, run),
                cursor,
            })
            .collect();
        Ok(Some(RunConnection { page_info, edges }))
    }
}

/// An answer that left a filter out would look like an answer to it.
fn refuse_filters(filters: Option<JsonString>) -> Result<()> {
    match filters {
        Some(JsonString(text)) if !matches!(text.trim(), "" | "{}" | "null") => {
            Err("this server does not filter runs".into())
        }
        _ => Ok(()),
    }
}

#[derive(SimpleObject)]
pub(crate) struct ProjectEdge {
    node: Option<Project>,
    cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct ProjectConnection {
    page_info: PageInfo,
    edges: Vec<ProjectEdge>,
}

impl ProjectConnection {
    pub(crate) fn new(paging: Paging, rows: Vec<ProjectRow>) -> Self {
        let (items, page_info) = paging.page(rows);
        let edges = items
            .into_iter()
            .map(|(cursor, row)| ProjectEdge {
                node: Some(Project::new(Arc::new(row))),
                cursor,
            })
            .collect();
        Self { page_info, edges }
    }
}

pub(crate) struct Entity {
    pub(crate) name: String,
}

#[Object]
impl Entity {
    async fn id(&self) -> ID {
        global_id(&format!("Entity:{}", self.name))
    }

    async fn name(&self) -> &str {
        &self.name
    }
}

#[derive(SimpleObject)]
pub(crate) struct EntityEdge {
    pub(crate) node: Option<Entity>,
    pub(crate) cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct EntityConnection {
    pub(crate) edges: Vec<EntityEdge>,
}
