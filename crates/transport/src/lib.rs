#![doc = include_str!("../README.md")]

mod envelope;
mod error;
#[cfg(feature = "http")]
mod http;
mod operation;
mod reply;
mod retry;
#[cfg(feature = "scripted")]
mod scripted;

use async_trait::async_trait;
use graphql_client::GraphQLQuery;
use serde::de::DeserializeOwned;

pub use error::{GraphQlError, PathSegment, TransportError, TransportErrorKind};
#[cfg(feature = "http")]
pub use http::HttpTransport;
pub use operation::Operation;
pub use reply::Reply;
pub use retry::Retry;
#[cfg(feature = "scripted")]
pub use scripted::Scripted;
pub use wandb_http;

/// Sends one operation and gets its answer.
///
/// An answer of any HTTP status is a [`Reply`]: what it means is decided above, by [`Retry`] and [`execute`]. An error
/// says that no answer came. Policies are transports round a transport, so that a program may stack, replace or leave
/// them out.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `operation` once.
    ///
    /// # Errors
    /// [`TransportErrorKind::Network`] and [`TransportErrorKind::Timeout`] where no answer came, and
    /// [`TransportErrorKind::Authentication`] where no credential could be had to ask with.
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        (**self).send(operation).await
    }
}

/// Sends the operation `Q` and reads its answer: the typed door to a [`Transport`].
///
/// # Errors
/// Each [`TransportErrorKind`]: no answer, a refusal, GraphQL errors, or something that is no GraphQL answer.
pub async fn execute<Q>(
    transport: &dyn Transport,
    variables: Q::Variables,
) -> Result<Q::ResponseData, TransportError>
where
    Q: GraphQLQuery,
    Q::ResponseData: DeserializeOwned,
{
    let operation = Operation::new::<Q>(variables)?;
    let name = operation.name();
    transport.send(operation).await?.decode(name)
}
