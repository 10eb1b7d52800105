//! The fields of artifacts and of their collections that can be filtered and sorted by.

use crate::field::{Field, lookup};
use crate::store::{ArtifactRow, CollectionRow};
use serde_json::Value;

pub(crate) enum ArtifactField {
    VersionIndex,
    State,
    Digest,
    Description,
    Size,
    FileCount,
    Tags,
    Aliases,
    CreatedAt,
    UpdatedAt,
    /// A path within the metadata.
    Metadata(String),
}

impl Field for ArtifactField {
    type Item = ArtifactRow;

    fn named(name: &str) -> Option<Self> {
        if let Some(path) = name.strip_prefix("metadata.") {
            return Some(Self::Metadata(path.to_owned()));
        }
        Some(match name {
            "versionIndex" | "version_index" | "version" | "id" => Self::VersionIndex,
            "state" => Self::State,
            "digest" => Self::Digest,
            "description" => Self::Description,
            "size" => Self::Size,
            "fileCount" | "file_count" => Self::FileCount,
            "tags" | "tag" => Self::Tags,
            "aliases" | "alias" => Self::Aliases,
            "createdAt" | "created_at" => Self::CreatedAt,
            "updatedAt" | "updated_at" => Self::UpdatedAt,
            _ => return None,
        })
    }

    fn is_time(&self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt)
    }

    fn value(&self, artifact: &ArtifactRow) -> Option<Value> {
        let list = |text: &str| serde_json::from_str(text).ok();
        match self {
            Self::VersionIndex => Some(Value::from(artifact.version)),
            Self::State => Some(Value::from(artifact.state.as_str())),
            Self::Digest => Some(Value::from(artifact.digest.as_str())),
            Self::Description => artifact.description.clone().map(Value::from),
            Self::Size => Some(Value::from(artifact.size)),
            Self::FileCount => Some(Value::from(artifact.file_count)),
            Self::Tags => list(&artifact.tags),
            Self::Aliases => list(&artifact.aliases),
            Self::CreatedAt => Some(Value::from(artifact.created_at)),
            Self::UpdatedAt => artifact.updated_at.map(Value::from),
            Self::Metadata(path) => {
                let metadata: Value = list(artifact.metadata.as_deref()?)?;
                lookup(&metadata, path).cloned()
            }
        }
    }
}

pub(crate) enum CollectionField {
    Id,
    Name,
    Description,
    CreatedAt,
    UpdatedAt,
}

impl Field for CollectionField {
    type Item = CollectionRow;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "name" => Self::Name,
            "description" => Self::Description,
            "createdAt" | "created_at" => Self::CreatedAt,
            "updatedAt" | "updated_at" => Self::UpdatedAt,
            _ => return None,
        })
    }

    fn is_time(&self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt)
    }

    fn value(&self, collection: &CollectionRow) -> Option<Value> {
        match self {
            Self::Id => Some(Value::from(collection.id)),
            Self::Name => Some(Value::from(collection.name.as_str())),
            Self::Description => collection.description.clone().map(Value::from),
            Self::CreatedAt => Some(Value::from(collection.created_at)),
            Self::UpdatedAt => collection.updated_at.map(Value::from),
        }
    }
}
