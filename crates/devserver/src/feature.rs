//! What an older or restricted server does not know.

use std::fmt;
use std::str::FromStr;

/// A part of the API that not every server has.
///
/// [`Builder::without`](crate::Builder::without) takes it away: what uses it is then refused as a field, an argument
/// or an input field that does not exist is, and introspection does not show it. As text, a feature has the name that
/// the command's `--without` takes:
///
/// ```
/// use wandb_devserver::Feature;
///
/// let feature: Feature = "delete-project-id".parse()?;
/// assert_eq!(feature, Feature::DeleteProjectId);
/// assert_eq!(feature.to_string(), "delete-project-id");
/// # Ok::<_, wandb_devserver::UnknownFeature>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// `md5`: the field `File.md5`.
    Md5,
    /// `direct-url`: the field `File.directUrl`.
    DirectUrl,
    /// `pattern`: the argument `pattern` of `Run.files`.
    Pattern,
    /// `run-project-id`: the field `Run.projectId`.
    RunProjectId,
    /// `delete-project-id`: `projectId` in the input of `deleteFiles`.
    DeleteProjectId,
    /// `create-run-files`: the mutation `createRunFiles`. The addresses to upload to then come from a listing.
    CreateRunFiles,
    /// `mark-run-files-uploaded`: the mutation `markRunFilesUploaded`.
    MarkRunFilesUploaded,
    /// `server-info-features`: the field `ServerInfo.features`.
    ServerInfoFeatures,
    /// `file-count`: the field `Run.fileCount`.
    FileCount,
    /// `is-reference`: the field `File.isReference`.
    IsReference,
    /// `artifact-membership-files`: the field `ArtifactCollectionMembership.files`.
    ArtifactMembershipFiles,
    /// `artifact-digest-algorithm`: the field `Artifact.digestAlgorithm`.
    ArtifactDigestAlgorithm,
    /// `artifact-tags`: the field `Artifact.tags`.
    ArtifactTags,
    /// `introspection`: `__schema` and `__type`. Any server says `__typename`.
    Introspection,
}

/// Where a feature is found in the schema.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// A field of a type.
    Field(&'static str, &'static str),
    /// An argument of a field of a type.
    Argument(&'static str, &'static str, &'static str),
    /// A field of an input.
    Input(&'static str, &'static str),
    Introspection,
}

impl Feature {
    /// All there are.
    pub const ALL: [Self; 14] = [
        Self::Md5,
        Self::DirectUrl,
        Self::Pattern,
        Self::RunProjectId,
        Self::DeleteProjectId,
        Self::CreateRunFiles,
        Self::MarkRunFilesUploaded,
        Self::ServerInfoFeatures,
        Self::FileCount,
        Self::IsReference,
        Self::ArtifactMembershipFiles,
        Self::ArtifactDigestAlgorithm,
        Self::ArtifactTags,
        Self::Introspection,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::DirectUrl => "direct-url",
            Self::Pattern => "pattern",
            Self::RunProjectId => "run-project-id",
            Self::DeleteProjectId => "delete-project-id",
            Self::CreateRunFiles => "create-run-files",
            Self::MarkRunFilesUploaded => "mark-run-files-uploaded",
            Self::ServerInfoFeatures => "server-info-features",
            Self::FileCount => "file-count",
            Self::IsReference => "is-reference",
            Self::ArtifactMembershipFiles => "artifact-membership-files",
            Self::ArtifactDigestAlgorithm => "artifact-digest-algorithm",
            Self::ArtifactTags => "artifact-tags",
            Self::Introspection => "introspection",
        }
    }

    pub(crate) fn place(self) -> Place {
        match self {
            Self::Md5 => Place::Field("File", "md5"),
            Self::DirectUrl => Place::Field("File", "directUrl"),
            Self::Pattern => Place::Argument("Run", "files", "pattern"),
            Self::RunProjectId => Place::Field("Run", "projectId"),
            Self::DeleteProjectId => Place::Input("DeleteFilesInput", "projectId"),
            Self::CreateRunFiles => Place::Field("Mutation", "createRunFiles"),
            Self::MarkRunFilesUploaded => Place::Field("Mutation", "markRunFilesUploaded"),
            Self::ServerInfoFeatures => Place::Field("ServerInfo", "features"),
            Self::FileCount => Place::Field("Run", "fileCount"),
            Self::IsReference => Place::Field("File", "isReference"),
            Self::ArtifactMembershipFiles => Place::Field("ArtifactCollectionMembership", "files"),
            Self::ArtifactDigestAlgorithm => Place::Field("Artifact", "digestAlgorithm"),
            Self::ArtifactTags => Place::Field("Artifact", "tags"),
            Self::Introspection => Place::Introspection,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Why a text names no [`Feature`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no feature {name:?}, only {}", Feature::ALL.map(Feature::name).join(", "))]
pub struct UnknownFeature {
    name: String,
}

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(name: &str) -> Result<Self, UnknownFeature> {
        Self::ALL
            .into_iter()
            .find(|feature| feature.name() == name)
            .ok_or_else(|| UnknownFeature {
                name: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back() {
        for feature in Feature::ALL {
            assert_eq!(feature.to_string().parse(), Ok(feature));
        }
        let unknown = "md6".parse::<Feature>().unwrap_err().to_string();
        assert!(
            unknown.contains("\"md6\"") && unknown.contains("md5, direct-url"),
            "{unknown}"
        );
    }
}
