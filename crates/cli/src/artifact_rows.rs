//! Artifact types, collections and versions in a listing.

use serde::Serialize;
use wandb_client::{ArtifactCollectionInfo, ArtifactInfo, ArtifactTypeInfo, Cursor, DateTime};

use crate::escape::printable;
use crate::listing::Item;
use crate::size;
use crate::web::date;

pub(crate) const KIND_HEAD: &str = "CREATED               NAME                          DESCRIPTION";
pub(crate) const VERSION_HEAD: &str = "      SIZE   FILES  CREATED               TYPE          NAME";

/// A type or a collection, as programs read it.
#[derive(Serialize)]
pub(crate) struct KindRow<'a> {
    id: Option<&'a str>,
    name: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'a str>,
    description: Option<&'a str>,
    created_at: Option<&'a str>,
    cursor: Option<&'a str>,
    #[serde(skip)]
    created: Option<&'a DateTime>,
    #[serde(skip)]
    place: Option<&'a Cursor>,
}

impl<'a> KindRow<'a> {
    pub(crate) fn of_type(found: &'a ArtifactTypeInfo) -> Self {
        Self {
            id: found.id(),
            name: found.name(),
            artifact_type: None,
            description: found.description(),
            created_at: found.created_at().map(DateTime::as_str),
            cursor: found.cursor().map(Cursor::as_str),
            created: found.created_at(),
            place: found.cursor(),
        }
    }

    pub(crate) fn of_collection(found: &'a ArtifactCollectionInfo) -> Self {
        Self {
            id: found.id(),
            name: found.name(),
            artifact_type: Some(found.artifact_type()),
            description: found.description(),
            created_at: found.created_at().map(DateTime::as_str),
            cursor: found.cursor().map(Cursor::as_str),
            created: found.created_at(),
            place: found.cursor(),
        }
    }
}

impl Item for KindRow<'_> {
    fn line(&self) -> String {
        let line = format!(
            "{:<20}  {:<28}  {}",
            date(self.created),
            printable(self.name),
            printable(self.description.unwrap_or_default())
        );
        line.trim_end().to_owned()
    }

    fn cursor(&self) -> Option<&Cursor> {
        self.place
    }
}

/// A version, as programs read it.
#[derive(Serialize)]
pub(crate) struct VersionRow<'a> {
    id: Option<&'a str>,
    name: String,
    /// `logged` or `used`, of a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<&'static str>,
    #[serde(rename = "type")]
    artifact_type: Option<&'a str>,
    entity: &'a str,
    project: &'a str,
    collection: &'a str,
    version: &'a str,
    aliases: Vec<&'a str>,
    tags: &'a [String],
    state: Option<&'a str>,
    size_bytes: Option<u64>,
    file_count: Option<u64>,
    digest: Option<&'a str>,
    description: Option<&'a str>,
    created_at: Option<&'a str>,
    updated_at: Option<&'a str>,
    cursor: Option<&'a str>,
    #[serde(skip)]
    artifact: &'a ArtifactInfo,
}

impl<'a> VersionRow<'a> {
    pub(crate) fn new(artifact: &'a ArtifactInfo, relation: Option<&'static str>) -> Self {
        let [entity, project, collection] = &artifact.collection;
        Self {
            id: artifact.id.as_deref(),
            name: artifact.name(),
            relation,
            artifact_type: artifact.artifact_type.as_deref(),
            entity,
            project,
            collection,
            version: &artifact.version,
            aliases: artifact.aliases().collect(),
            tags: &artifact.tags,
            state: artifact.state.as_deref(),
            size_bytes: artifact.size,
            file_count: artifact.file_count,
            digest: artifact.digest.as_deref(),
            description: artifact.description.as_deref(),
            created_at: artifact.created_at.as_ref().map(DateTime::as_str),
            updated_at: artifact.updated_at.as_ref().map(DateTime::as_str),
            cursor: artifact.cursor.as_ref().map(Cursor::as_str),
            artifact,
        }
    }
}

impl Item for VersionRow<'_> {
    fn line(&self) -> String {
        let unknown = || "-".to_owned();
        let mut line = format!(
            "{:>10}  {:>6}  {:<20}  {:<12}  {}",
            self.size_bytes.map_or_else(unknown, size::human),
            self.file_count.map_or_else(unknown, |count| count.to_string()),
            date(self.artifact.created_at.as_ref()),
            printable(self.artifact_type.unwrap_or("-")),
            printable(&self.name)
        );
        let names = [
            self.aliases.join(","),
            self.relation.unwrap_or_default().to_owned(),
        ];
        for name in names.iter().filter(|name| !name.is_empty()) {
            line.push_str("  ");
            line.push_str(&printable(name));
        }
        line
    }

    fn cursor(&self) -> Option<&Cursor> {
        self.artifact.cursor.as_ref()
    }
}
