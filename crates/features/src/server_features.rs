//! What a server can do, in one type.

use wandb_queries::server_features::ResponseData;

/// What a server can do, as far as it differs between servers. What is not known is taken to be there, as on the newest.
///
/// ```
/// use wandb_features::ServerFeatures;
///
/// let newest = ServerFeatures::default();
/// assert!(newest.file_md5 && newest.create_run_files);
/// assert!(newest.has("Run.files(pattern)"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFeatures {
    /// `File.md5`: digests in listings. Without it downloads are checked by their length alone.
    pub file_md5: bool,
    /// `File.directUrl`: signed addresses in storage. Without it every download goes by way of the server.
    pub file_direct_url: bool,
    /// `File.isReference`: listings say which files of an artifact lie elsewhere. Without it their addresses tell.
    pub file_is_reference: bool,
    /// `Run.files(pattern)`: the server filters. Without it whole listings are loaded and filtered here.
    pub files_pattern: bool,
    /// `Run.fileCount`: how many files a run has. Without it a listing's length is known at its end.
    pub run_file_count: bool,
    /// `Run.projectId`: the number of a run's project.
    pub run_project_id: bool,
    /// `Artifact.tags`: words to find versions of artifacts by. Without it they have none.
    pub artifact_tags: bool,
    /// `DeleteFilesInput.projectId`: deletions say which project they mean.
    pub delete_project_id: bool,
    /// `Mutation.createRunFiles`: addresses to upload to. Without it they come from an older query.
    pub create_run_files: bool,
    /// `Mutation.markRunFilesUploaded`: the server wants to be told of uploads. Without it, it notices them by itself.
    pub mark_run_files_uploaded: bool,
    /// `ArtifactCollectionMembership.files`: an artifact's files are listed as those of a collection's version. Without it
    /// they are listed as those of the version alone.
    pub artifact_membership_files: bool,
    /// `Artifact.digestAlgorithm`: an artifact says what its digests are. Without it they are md5.
    pub artifact_digest_algorithm: bool,
    /// `ServerInfo.features`: the server lists flags of its own.
    pub server_flags: bool,
    /// The schema may be asked for. Without it what the server lacks is learnt from its refusals.
    pub introspection: bool,
}

impl Default for ServerFeatures {
    fn default() -> Self {
        Self {
            file_md5: true,
            file_direct_url: true,
            file_is_reference: true,
            files_pattern: true,
            run_file_count: true,
            run_project_id: true,
            artifact_tags: true,
            delete_project_id: true,
            create_run_files: true,
            mark_run_files_uploaded: true,
            artifact_membership_files: true,
            artifact_digest_algorithm: true,
            server_flags: true,
            introspection: true,
        }
    }
}

impl ServerFeatures {
    /// Whether the server has what `schema/queries` calls `since`, such as `File.md5`; `true` for a name that is not known.
    #[must_use]
    pub fn has(&self, since: &str) -> bool {
        self.clone().slot(since).is_none_or(|slot| *slot)
    }

    /// Notes that the server lacks this.
    pub(crate) fn lose(&mut self, since: &str) {
        if let Some(slot) = self.slot(since) {
            *slot = false;
        }
    }

    /// Notes what an introspection says; whether it says anything.
    pub(crate) fn learn(&mut self, schema: ResponseData) -> bool {
        let file = names(schema.file.and_then(|file| file.fields), |field| field.name);
        let run = schema.run.and_then(|run| run.fields);
        let pattern = run.as_ref().and_then(|fields| {
            let files = fields
                .iter()
                .find(|field| field.name.as_deref() == Some("files"))?;
            names(files.args.clone(), |argument| argument.name)
        });
        let run = names(run, |field| field.name);
        let artifact = names(schema.artifact.and_then(|artifact| artifact.fields), |field| {
            field.name
        });
        let deletion = names(
            schema.delete_files_input.and_then(|input| input.input_fields),
            |field| field.name,
        );
        let membership = names(
            schema
                .artifact_collection_membership
                .and_then(|membership| membership.fields),
            |field| field.name,
        );
        let mutation = names(schema.mutation.and_then(|mutation| mutation.fields), |field| {
            field.name
        });
        let info = names(schema.server_info.and_then(|info| info.fields), |field| {
            field.name
        });

        let told = [
            (&mut self.file_md5, &file, "md5"),
            (&mut self.file_direct_url, &file, "directUrl"),
            (&mut self.file_is_reference, &file, "isReference"),
            (&mut self.files_pattern, &pattern, "pattern"),
            (&mut self.run_file_count, &run, "fileCount"),
            (&mut self.run_project_id, &run, "projectId"),
            (&mut self.artifact_tags, &artifact, "tags"),
            (&mut self.delete_project_id, &deletion, "projectId"),
            (&mut self.create_run_files, &mutation, "createRunFiles"),
            (
                &mut self.mark_run_files_uploaded,
                &mutation,
                "markRunFilesUploaded",
            ),
            (&mut self.artifact_membership_files, &membership, "files"),
            (&mut self.artifact_digest_algorithm, &artifact, "digestAlgorithm"),
            (&mut self.server_flags, &info, "features"),
        ];
        let mut says_anything = false;
        for (slot, there, name) in told {
            if let Some(there) = there {
                says_anything = true;
                *slot &= there.iter().any(|other| other == name);
            }
        }
        says_anything
    }

    fn slot(&mut self, since: &str) -> Option<&mut bool> {
        Some(match since {
            "File.md5" => &mut self.file_md5,
            "File.directUrl" => &mut self.file_direct_url,
            "File.isReference" => &mut self.file_is_reference,
            "Run.files(pattern)" => &mut self.files_pattern,
            "Run.fileCount" => &mut self.run_file_count,
            "Run.projectId" => &mut self.run_project_id,
            "Artifact.tags" => &mut self.artifact_tags,
            "DeleteFilesInput.projectId" => &mut self.delete_project_id,
            "Mutation.createRunFiles" => &mut self.create_run_files,
            "Mutation.markRunFilesUploaded" => &mut self.mark_run_files_uploaded,
            "ArtifactCollectionMembership.files" => &mut self.artifact_membership_files,
            "Artifact.digestAlgorithm" => &mut self.artifact_digest_algorithm,
            "ServerInfo.features" => &mut self.server_flags,
            _ => return None,
        })
    }
}

/// The names in a list of the schema; `None` where there is no list, or an empty one: no type is without fields.
fn names<T>(list: Option<Vec<T>>, name: impl Fn(T) -> Option<String>) -> Option<Vec<String>> {
    let names: Vec<String> = list?.into_iter().filter_map(name).collect();
    if names.is_empty() { None } else { Some(names) }
}

#[cfg(test)]
mod tests {
    use wandb_queries::Variants;

    use super::*;

    #[test]
    fn every_mark_in_a_document_has_its_flag() {
        for variants in Variants::all() {
            let optional = variants.optional().iter().map(|part| part.since);
            for since in optional.chain(variants.requires().iter().copied()) {
                let mut features = ServerFeatures::default();
                features.lose(since);
                assert!(!features.has(since), "{since}");
                assert_ne!(features, ServerFeatures::default());
            }
        }
    }
}
