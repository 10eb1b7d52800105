//! Where the files of artifacts are. They are kept like those of runs, so that addresses, storage and listings serve
//! both: each version is a run of an entity that has the real one's name and a suffix with a slash, which no entity of
//! a client has. What only the version's manifest tells apart from its files is beside it, in a run of its own.

use crate::file_path::FilePath;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SUFFIX: &str = "/artifacts";
const MANIFESTS: &str = "-manifest";

/// The name of a manifest's file.
pub(crate) const MANIFEST: &str = "wandb_manifest.json";

/// The entity that keeps the artifacts of another.
pub(crate) fn entity(entity: &str) -> String {
    format!("{entity}{SUFFIX}")
}

/// The run that keeps the files of a version.
pub(crate) fn files(artifact: i64) -> String {
    artifact.to_string()
}

/// The run that keeps the manifest of a version.
pub(crate) fn manifest(artifact: i64) -> String {
    format!("{artifact}{MANIFESTS}")
}

/// The real entity, and the number of the version, where a path leads to one.
pub(crate) fn read(path: &FilePath) -> Option<(&str, i64)> {
    let entity = path.entity.strip_suffix(SUFFIX)?;
    let number = path.run.strip_suffix(MANIFESTS).unwrap_or(&path.run);
    Some((entity, number.parse().ok()?))
}

/// Whether a path leads to a file of a version, and not to its manifest.
pub(crate) fn is_of_version(path: &FilePath) -> bool {
    path.entity.ends_with(SUFFIX) && !path.run.ends_with(MANIFESTS)
}

/// The number of a version whose global id this is.
pub(crate) fn local_number(id: &str) -> Option<i64> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    text.strip_prefix("Artifact:")?.parse().ok()
}

/// The global id of a version.
pub(crate) fn global_id(artifact: i64) -> String {
    STANDARD.encode(format!("Artifact:{artifact}"))
}
