//! One version of an artifact.

use std::fmt;

use serde_json::{Map, Value};
use wandb_paginator::Cursor;
use wandb_queries::scalars::{DateTime, InvalidJson, Json};

/// A version of an artifact as the server tells of it: data only, no way to its files.
///
/// The names are those of the SDK's `Artifact` (`sdk/artifacts/artifact.py`). What an older server does not know is `None`.
/// `Display` is the qualified name.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ArtifactInfo {
    /// The server's id of the version, opaque.
    pub id: Option<String>,
    /// The collection that it was found in: entity, project, name.
    pub collection: [String; 3],
    /// Its version there, such as `v3`.
    pub version: String,
    /// The collection that it was logged to: entity, project, name. Another one where this is a link to it.
    pub source_collection: [String; 3],
    /// Its version there.
    pub source_version: String,
    /// Its names in any collection, each with the collection: entity, project, name. Versions are among them.
    pub all_aliases: Vec<([String; 3], String)>,
    /// What kind of artifact it is, such as `model`. (SDK: `type`)
    pub artifact_type: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What it is.
    pub description: Option<String>,
    /// What its owner noted of it, for [`metadata`](Self::metadata).
    pub metadata: Option<Json>,
    /// The step of the run's history at which it was logged.
    pub history_step: Option<i64>,
    /// `PENDING`, `COMMITTED`, `DELETED`.
    pub state: Option<String>,
    /// The digest of its list of files.
    pub digest: Option<String>,
    /// The hash that stands for it in code.
    pub commit_hash: Option<String>,
    /// The size of its files in bytes.
    pub size: Option<u64>,
    /// How many files it has, references too.
    pub file_count: Option<u64>,
    /// When it was made.
    pub created_at: Option<DateTime>,
    /// When it was changed last.
    pub updated_at: Option<DateTime>,
    /// The cursor of this version in the listing:
    /// [`Paginator::start_after`](wandb_paginator::Paginator::start_after) goes on behind it.
    pub cursor: Option<Cursor>,
}

impl ArtifactInfo {
    /// `COLLECTION:VERSION`. (In the SDK an artifact that was asked for by an alias has that in its name.)
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.collection[2], self.version)
    }

    /// `ENTITY/PROJECT/COLLECTION:VERSION`.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        format!("{}:{}", self.collection.join("/"), self.version)
    }

    /// Its names in the collection besides the version, such as `latest`.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.names_in(&self.collection).filter(|name| !is_version(name))
    }

    /// The same as found in `collection` (entity, project, name), which may only link to it; with its version there, where
    /// the server did not tell that among its names.
    #[must_use]
    pub fn found_in(mut self, collection: [String; 3], version: Option<String>) -> Self {
        let named = self.names_in(&collection).find(|name| is_version(name));
        if let Some(version) = version.or_else(|| named.map(ToOwned::to_owned)) {
            self.version = version;
        }
        self.collection = collection;
        self
    }

    fn names_in(&self, collection: &[String; 3]) -> impl Iterator<Item = &str> {
        let here = self.all_aliases.iter().filter(move |(of, _)| of == collection);
        here.map(|(_, name)| name.as_str())
    }

    /// Whether the collection only links to a version that was logged to another.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.collection != self.source_collection
    }

    /// What its owner noted of it; nothing where the server has none.
    ///
    /// # Errors
    /// Where it is no JSON object.
    pub fn metadata(&self) -> Result<Map<String, Value>, InvalidJson> {
        let object = |json: &Json| json.object(format_args!("the metadata of {self}"));
        self.metadata.as_ref().map_or_else(|| Ok(Map::new()), object)
    }
}

impl fmt::Display for ArtifactInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.qualified_name())
    }
}

/// Whether a name is a version: `v0`, `v1` and so on.
fn is_version(name: &str) -> bool {
    let digits = name.strip_prefix('v').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
