use super::file::global_id;
use super::project::EntityConnection;
use super::scalars::{DateTime, JsonString};
use crate::state::State;
use async_graphql::{ID, Object, SimpleObject};

/// The user of this server, whose entity is the default one, or another to whom a run was given.
pub(crate) struct User {
    entity: String,
}

impl User {
    pub(crate) fn new(state: &State) -> Self {
        Self::named(&state.behaviour.entity)
    }

    pub(crate) fn named(name: &str) -> Self {
        Self {
            entity: name.to_owned(),
        }
    }
}

#[Object]
impl User {
    async fn id(&self) -> ID {
        global_id(&format!("User:{}", self.entity))
    }

    async fn name(&self) -> &str {
        &self.entity
    }

    async fn username(&self) -> Option<&str> {
        Some(&self.entity)
    }

    async fn entity(&self) -> Option<&str> {
        Some(&self.entity)
    }

    async fn email(&self) -> Option<String> {
        Some(format!("{}@localhost", self.entity))
    }

    async fn admin(&self) -> Option<bool> {
        Some(false)
    }

    async fn deleted_at(&self) -> Option<DateTime> {
        None
    }

    async fn flags(&self) -> Option<JsonString> {
        Some(JsonString("{}".to_owned()))
    }

    /// None are listed: a key's name is the key itself.
    async fn api_keys(&self) -> Option<ApiKeyConnection> {
        Some(ApiKeyConnection { edges: Vec::new() })
    }

    async fn teams(&self) -> Option<EntityConnection> {
        Some(EntityConnection { edges: Vec::new() })
    }
}

#[derive(SimpleObject)]
pub(crate) struct ApiKey {
    id: ID,
    name: String,
    description: Option<String>,
}

#[derive(SimpleObject)]
pub(crate) struct ApiKeyEdge {
    node: Option<ApiKey>,
    cursor: String,
}

#[derive(SimpleObject)]
pub(crate) struct ApiKeyConnection {
    edges: Vec<ApiKeyEdge>,
}
