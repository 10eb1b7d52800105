//! What introspection shows: each function says whether the server has one feature.

use super::file::state;
use crate::Feature;
use async_graphql::Context;

macro_rules! visible_with {
    ($($name:ident: $feature:ident,)*) => {
        $(pub(crate) fn $name(context: &Context<'_>) -> bool {
            state(context).is_ok_and(|state| !state.behaviour.without.contains(&Feature::$feature))
        })*
    };
}

visible_with! {
    md5: Md5,
    direct_url: DirectUrl,
    pattern: Pattern,
    run_project_id: RunProjectId,
    delete_project_id: DeleteProjectId,
    create_run_files: CreateRunFiles,
    mark_run_files_uploaded: MarkRunFilesUploaded,
    server_info_features: ServerInfoFeatures,
    file_count: FileCount,
    is_reference: IsReference,
    artifact_membership_files: ArtifactMembershipFiles,
    artifact_digest_algorithm: ArtifactDigestAlgorithm,
    artifact_tags: ArtifactTags,
}
