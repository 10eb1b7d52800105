use bytes::Bytes;
use serde_json::Value;

/// What is in a version of an artifact, and what is known of it.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use wandb_devserver::{ArtifactEntry, ArtifactSpec, DevServer};
///
/// let server = DevServer::start().await?;
/// let artifact = ArtifactSpec {
///     entries: vec![
///         ArtifactEntry::file("model.pt", "weights"),
///         ArtifactEntry::reference("data.csv", "https://example.com/data.csv", "an-etag"),
///     ],
///     aliases: vec!["best".into()],
///     logged_by: Some("run-1".into()),
///     ..ArtifactSpec::default()
/// };
/// let version = server.add_artifact("team", "project", "model", "resnet", artifact).await?;
/// assert_eq!(version, 0);
/// # Ok::<_, wandb_devserver::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArtifactSpec {
    /// Its files and references.
    pub entries: Vec<ArtifactEntry>,
    /// Names for the version, which another version of the collection loses. `latest` comes to them by itself.
    pub aliases: Vec<String>,
    /// What it is.
    pub description: Option<String>,
    /// An object. Null leaves it empty.
    pub metadata: Value,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The name of the run of the same project that logged it; it is added where it is missing.
    pub logged_by: Option<String>,
    /// The names of the runs of the same project that used it; they are added where they are missing.
    pub used_by: Vec<String>,
    /// In seconds since 1970; now if nothing is said.
    pub created_at: Option<i64>,
}

/// One file or reference of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactEntry {
    pub(crate) name: String,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Bytes),
    Reference {
        uri: String,
        digest: String,
        size: Option<u64>,
    },
}

impl ArtifactEntry {
    /// A file with these bytes, whose digest is their md5 in base64.
    #[must_use]
    pub fn file(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            content: Content::Bytes(bytes.into()),
        }
    }

    /// A reference to what lies elsewhere, such as `https://…` or `s3://…`. The digest is whatever its store says, an
    /// entity tag for these two.
    #[must_use]
    pub fn reference(name: impl Into<String>, uri: impl Into<String>, digest: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            content: Content::Reference {
                uri: uri.into(),
                digest: digest.into(),
                size: None,
            },
        }
    }

    /// How many bytes a reference leads to, where that is known. A file knows it by itself.
    #[must_use]
    pub fn size(mut self, bytes: u64) -> Self {
        if let Content::Reference { size, .. } = &mut self.content {
            *size = Some(bytes);
        }
        self
    }
}
