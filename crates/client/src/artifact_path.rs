//! Artifacts by name: every form in which people write one.

use crate::base_url;
use crate::path::{NO_PROJECT, PathError, Wanted, checked, names_in_address, web_address};

/// The version that a text means which says no more than the artifact.
const LATEST: &str = "latest";

/// A version of an artifact as a text names it. The entity may be missing: it is then the default entity of whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartialArtifactPath {
    /// The user or team, where the text or the settings name one.
    pub entity: Option<String>,
    /// The project.
    pub project: String,
    /// The artifact's name, without a version.
    pub name: String,
    /// The version, such as `v3`, or one of its aliases, such as `latest`.
    pub alias: String,
    /// Host and port of a web address, as written.
    pub host: Option<String>,
}

/// Reads the name of a version of an artifact. Sends nothing.
///
/// | text | is |
/// | --- | --- |
/// | `entity/project/name:alias`, `entity/project/name:v3` | as it says |
/// | `entity/project/name` | its latest version |
/// | `project/name:alias` | of `default_entity` |
/// | `name:alias` | of `default_entity` and `default_project` |
/// | `https://wandb.ai/entity/project/artifacts/type/name/v3/files`, `wandb.ai/…` | as it says, on any host and below any prefix |
///
/// Slashes and blanks round the text, and a query or fragment after a web address, do not count. Parts of a web address are
/// percent-decoded; the others are taken as they stand.
///
/// ```
/// use wandb_client::parse_artifact_path;
/// let artifact = parse_artifact_path("my-team/my-project/resnet:best", None, None)?;
/// assert_eq!((&*artifact.name, &*artifact.alias), ("resnet", "best"));
/// # Ok::<(), wandb_client::PathError>(())
/// ```
///
/// # Errors
/// Where a part is missing or empty or can be no name, or where the text says more than an artifact. The message shows the
/// accepted forms.
///
/// The forms are those of the SDK's `Api._parse_artifact_path` (`apis/public/api.py`), which knows no web addresses, and takes
/// the project `uncategorized` where none is named; that is an error here.
pub fn parse_artifact_path(
    text: &str,
    default_entity: Option<&str>,
    default_project: Option<&str>,
) -> Result<PartialArtifactPath, PathError> {
    let refused = |reason| PathError::new(Wanted::Artifact, text, reason);
    let known = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let mut host = None;
    let parts = match web_address(text.trim(), "artifacts") {
        Some(Ok(address)) => {
            host = base_url::host_of(&address);
            names_in_address(&address).and_then(|segments| parts_of_address(&segments))
        }
        Some(Err(_)) => Err("it cannot be read as a web address"),
        None => parts_of_path(text),
    };
    let parts = parts.map_err(refused)?;
    let mut given = parts.iter().flatten();
    given.try_for_each(|part| checked(part)).map_err(refused)?;
    let [entity, project, name, alias] = parts;
    Ok(PartialArtifactPath {
        entity: entity.or_else(|| known(default_entity)),
        project: project
            .or_else(|| known(default_project))
            .ok_or_else(|| refused(NO_PROJECT))?,
        name: name.ok_or_else(|| refused("it is empty"))?,
        alias: alias.unwrap_or_else(|| LATEST.to_owned()),
        host,
    })
}

/// Whether a text names a version of an artifact, where a run could stand as well: `entity/project/name:alias`, or an
/// artifact's web address. Shorter forms are not told from those of runs (`entity/project:run`), and are runs.
#[must_use]
pub fn names_artifact(text: &str) -> bool {
    let text = text.trim();
    match web_address(text, "artifacts") {
        Some(Ok(address)) => {
            names_in_address(&address).is_ok_and(|segments| parts_of_address(&segments).is_ok())
        }
        Some(Err(_)) => false,
        None => {
            let parts: Vec<&str> = text.trim_matches('/').split('/').collect();
            parts.len() == 3 && parts[2].contains(':')
        }
    }
}

/// Entity, project, name and version, as far as they are there.
type Parts = [Option<String>; 4];

fn parts_of_address(segments: &[String]) -> Result<Parts, &'static str> {
    let marker = segments.iter().skip(2).position(|part| part == "artifacts");
    let marker =
        marker.ok_or("it is no artifact's address: that has /artifacts/ after entity and project")? + 2;
    if segments[..marker].iter().skip(2).any(|part| part == "runs") {
        return Err("it is the address of a run's artifacts");
    }
    // The type stands between.
    let name = segments
        .get(marker + 2)
        .ok_or("no type and name follow its /artifacts/")?;
    let parts = [
        segments.get(marker - 2),
        segments.get(marker - 1),
        Some(name),
        segments.get(marker + 3),
    ];
    Ok(parts.map(Option::<&String>::cloned))
}

fn parts_of_path(text: &str) -> Result<Parts, &'static str> {
    let text = text.trim_matches(|c: char| c == '/' || c.is_whitespace());
    let (path, alias) = match text.split_once(':') {
        Some((path, alias)) => (path, Some(alias)),
        None => (text, None),
    };
    let mut parts = path.rsplit('/');
    let [name, project, entity] = [parts.next(), parts.next(), parts.next()];
    if parts.next().is_some() {
        return Err("it has too many parts");
    }
    Ok([entity, project, name, alias].map(|part| part.map(str::to_owned)))
}
