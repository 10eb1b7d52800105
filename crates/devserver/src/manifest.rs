//! The manifest of an artifact: a JSON document that tells of its files and references.

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// As it stands in storage. What the server has no use for is kept by whoever wrote it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    version: u32,
    storage_policy: String,
    #[serde(default)]
    storage_policy_config: Map<String, Value>,
    /// By name; sorted, as the digest wants them.
    pub(crate) contents: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Entry {
    /// base64 of the md5 for a file, whatever its store says for a reference.
    pub(crate) digest: String,
    /// The version that brought the bytes first.
    #[serde(rename = "birthArtifactID", default, skip_serializing_if = "Option::is_none")]
    pub(crate) birth_artifact_id: Option<String>,
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) extra: Map<String, Value>,
}

impl Manifest {
    pub(crate) fn new(contents: BTreeMap<String, Entry>) -> Self {
        let layout = json!({ "storageLayout": "V2" });
        Self {
            version: 1,
            storage_policy: "wandb-storage-policy-v1".to_owned(),
            storage_policy_config: layout.as_object().cloned().unwrap_or_default(),
            contents,
        }
    }

    /// The digest of the artifact: the SDK's own, in hexadecimal (`artifact_manifest_v1.py`).
    pub(crate) fn digest(&self) -> String {
        let mut digest = Md5::new();
        digest.update(b"wandb-artifact-manifest-v1\n");
        for (name, entry) in &self.contents {
            digest.update(format!("{name}:{}\n", entry.digest));
        }
        crate::signing::hex(&digest.finalize())
    }
}
