//! From the node of an answer to an artifact.

use wandb_paginator::ConvertError;
use wandb_queries::artifact_by_name::ArtifactByNameProjectArtifact as Named;
use wandb_queries::project_artifacts::ProjectArtifactsProjectArtifactTypeArtifactCollectionArtifactsEdgesNode as Version;
use wandb_queries::run_input_artifacts::RunInputArtifactsProjectRunInputArtifactsEdgesNode as Used;
use wandb_queries::run_output_artifacts::RunOutputArtifactsProjectRunOutputArtifactsEdgesNode as Logged;

use crate::ArtifactInfo;

/// Entity, project and name of an answer's `{ name project { entityName name } }`; `None` without them.
macro_rules! collection {
    ($collection:expr) => {
        $collection.and_then(|collection| {
            let project = collection.project?;
            Some([project.entity_name?, project.name?, collection.name?])
        })
    };
}

/// Nodes have another type for each query, although all ask for the same.
macro_rules! node {
    ($node:ty) => {
        /// As found where it was logged. The error is for a node that does not say where that was.
        impl TryFrom<$node> for ArtifactInfo {
            type Error = ConvertError;

            fn try_from(node: $node) -> Result<Self, ConvertError> {
                let source: Option<[String; 3]> = collection!(node.artifact_sequence);
                let source = source.ok_or_else(|| {
                    ConvertError::malformed("an artifact of the answer does not say where it was logged")
                })?;
                let version = format!("v{}", node.version_index.unwrap_or_default());
                let aliases = node.aliases.into_iter().flatten();
                Ok(Self {
                    id: node.id,
                    collection: source.clone(),
                    version: version.clone(),
                    source_collection: source,
                    source_version: version,
                    all_aliases: aliases
                        .filter_map(|alias| Some((collection!(alias.artifact_collection)?, alias.alias?)))
                        .collect(),
                    artifact_type: node
                        .artifact_type
                        .and_then(|artifact_type| artifact_type.name),
                    tags: node
                        .tags
                        .into_iter()
                        .flatten()
                        .filter_map(|tag| tag.name)
                        .collect(),
                    description: node.description,
                    metadata: node.metadata,
                    history_step: node.history_step.map(|step| step.0),
                    state: node.state,
                    digest: node.digest,
                    commit_hash: node.commit_hash,
                    size: node.size.and_then(|size| u64::try_from(size.0).ok()),
                    file_count: node
                        .file_count
                        .and_then(|count| u64::try_from(count.0).ok()),
                    created_at: node.created_at,
                    updated_at: node.updated_at,
                    cursor: None,
                })
            }
        }
    };
}

node!(Named);
node!(Version);
node!(Logged);
node!(Used);
