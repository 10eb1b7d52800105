//! One version, by its name.

use wandb_queries::ArtifactByName;
use wandb_queries::artifact_by_name::Variables;
use wandb_transport::{Transport, TransportError, execute};

use crate::ArtifactInfo;

/// The version that `name` stands for in `project` of `entity` (a user or a team), in one request: `model:latest`,
/// `model:v3`; the latest where it says no more than the collection. `None` where there is none, or it may not be seen.
/// (SDK: `Api.artifact`)
///
/// # Errors
/// Where the server cannot be asked.
pub async fn artifact(
    transport: &dyn Transport,
    entity: &str,
    project: &str,
    name: &str,
) -> Result<Option<ArtifactInfo>, TransportError> {
    let (collection, alias) = name.split_once(':').unwrap_or((name, "latest"));
    let variables = Variables {
        entity_name: entity.to_owned(),
        project_name: project.to_owned(),
        name: format!("{collection}:{alias}"),
    };
    let answer = execute::<ArtifactByName>(transport, variables).await?;
    let found = [entity, project, collection].map(ToOwned::to_owned);
    let node = answer.project.and_then(|project| project.artifact);
    let artifact = node.and_then(|node| ArtifactInfo::try_from(node).ok());
    Ok(artifact.map(|artifact| artifact.found_in(found, None)))
}
