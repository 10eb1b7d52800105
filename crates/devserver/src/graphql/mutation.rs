use super::file::{File, global_id, local_id, state, upload_headers};
use super::project::Project;
use super::run::Run;
use super::scalars::JsonString;
use super::visible;
use crate::Deletion;
use crate::state::State;
use crate::store::{ProjectRow, RunChanges, RunRow};
use async_graphql::{Context, Error, ID, InputObject, Object, Result, SimpleObject};
use std::sync::Arc;

#[derive(Default)]
pub(crate) struct Mutation;

#[derive(InputObject)]
struct CreateRunFilesInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    files: Vec<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CreateRunFilesPayload {
    #[graphql(name = "runID")]
    run_id: ID,
    upload_headers: Vec<String>,
    files: Vec<File>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct MarkRunFilesUploadedInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    files: Vec<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct MarkRunFilesUploadedPayload {
    success: bool,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct DeleteFilesInput {
    files: Vec<ID>,
    #[graphql(visible = "visible::delete_project_id")]
    project_id: Option<i32>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct DeleteFilesPayload {
    success: bool,
    client_mutation_id: Option<String>,
}

/// What the server has no use for is taken all the same, since clients send it.
#[derive(InputObject)]
struct UpsertBucketInput {
    id: Option<String>,
    name: Option<String>,
    entity_name: Option<String>,
    model_name: Option<String>,
    group_name: Option<String>,
    display_name: Option<String>,
    notes: Option<String>,
    description: Option<String>,
    config: Option<JsonString>,
    summary_metrics: Option<JsonString>,
    state: Option<String>,
    job_type: Option<String>,
    tags: Option<Vec<Option<String>>>,
    #[graphql(name = "commit")]
    _commit: Option<String>,
    #[graphql(name = "debug")]
    _debug: Option<bool>,
    #[graphql(name = "framework")]
    _framework: Option<String>,
    host: Option<String>,
    #[graphql(name = "jobProgram")]
    _job_program: Option<String>,
    #[graphql(name = "jobRepo")]
    _job_repo: Option<String>,
    sweep: Option<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct UpsertBucketPayload {
    bucket: Option<Run>,
    inserted: Option<bool>,
    server_settings: ServerSettings,
    client_mutation_id: Option<String>,
}

/// What clients are to show to whoever starts a run.
#[derive(SimpleObject, Default)]
struct ServerSettings {
    server_messages: Vec<ServerMessage>,
}

#[derive(SimpleObject)]
struct ServerMessage {
    utf_text: Option<String>,
    plain_text: Option<String>,
    html_text: Option<String>,
    message_type: Option<String>,
    message_level: Option<i32>,
}

#[derive(InputObject)]
struct UpsertModelInput {
    #[graphql(name = "id")]
    _id: Option<String>,
    name: Option<String>,
    entity_name: Option<String>,
    description: Option<String>,
    #[graphql(name = "framework")]
    _framework: Option<String>,
    #[graphql(name = "access")]
    _access: Option<String>,
    #[graphql(name = "views")]
    _views: Option<JsonString>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct UpsertModelPayload {
    model: Option<Project>,
    project: Option<Project>,
    entity_name: Option<String>,
    inserted: Option<bool>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct DeleteRunInput {
    id: ID,
    #[graphql(name = "deleteArtifacts", default)]
    _delete_artifacts: Option<bool>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct DeleteRunPayload {
    client_mutation_id: Option<String>,
}

/// Merged with those of artifacts, so that its own name is not seen.
#[Object(name = "RunMutation")]
impl Mutation {
    /// Gives addresses to upload to. The files are there once their bytes are.
    #[graphql(visible = "visible::create_run_files")]
    async fn create_run_files(
        &self,
        context: &Context<'_>,
        input: CreateRunFilesInput,
    ) -> Result<Option<CreateRunFilesPayload>> {
        let state = state(context)?;
        let (project, run) =
            find_run(state, &input.entity_name, &input.project_name, &input.run_name).await?;
        let files = input
            .files
            .into_iter()
            .map(|name| File::new(&project, &run, name, None))
            .collect();
        Ok(Some(CreateRunFilesPayload {
            run_id: ID(run.id.to_string()),
            upload_headers: upload_headers(state),
            files,
            client_mutation_id: input.client_mutation_id,
        }))
    }

    #[graphql(visible = "visible::mark_run_files_uploaded")]
    async fn mark_run_files_uploaded(
        &self,
        context: &Context<'_>,
        input: MarkRunFilesUploadedInput,
    ) -> Result<Option<MarkRunFilesUploadedPayload>> {
        let state = state(context)?;
        let (_, run) = find_run(state, &input.entity_name, &input.project_name, &input.run_name).await?;
        state.store.list_uploaded(run.id, &input.files).await?;
        state.late.mark(run.id, &input.files);
        let client_mutation_id = input.client_mutation_id;
        Ok(Some(MarkRunFilesUploadedPayload {
            success: true,
            client_mutation_id,
        }))
    }

    /// Deletes files. One that is gone already counts as deleted, so that the mutation may be sent again.
    async fn delete_files(
        &self,
        context: &Context<'_>,
        input: DeleteFilesInput,
    ) -> Result<Option<DeleteFilesPayload>> {
        let state = state(context)?;
        if input.files.len() > state.behaviour.delete_limit {
            return Err("too many files".into());
        }
        let mut numbers = Vec::new();
        for id in &input.files {
            let local =
                local_id(id, "File").ok_or_else(|| Error::new(format!("invalid file id {}", **id)))?;
            numbers.extend(local.parse::<i64>());
        }
        if let Some(project) = input.project_id {
            let projects = state.store.projects_of_files(&numbers).await?;
            if projects.iter().any(|owner| *owner != i64::from(project)) {
                return Err("a file does not belong to this project".into());
            }
        }
        let gone = state.store.delete_files(&numbers).await?;
        let deletions = gone.iter().map(|file| Deletion {
            id: global_id(&format!("File:{}", file.id)).0,
            name: file.name.clone(),
        });
        state.traffic.deleted(deletions);
        state
            .forget(gone.into_iter().filter_map(|file| file.object))
            .await?;
        Ok(Some(DeleteFilesPayload {
            success: true,
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Makes a run, or changes the one of that id or name.
    async fn upsert_bucket(
        &self,
        context: &Context<'_>,
        input: UpsertBucketInput,
    ) -> Result<Option<UpsertBucketPayload>> {
        let state = state(context)?;
        let (project, run, inserted) = match (&input.id, &input.name) {
            (Some(id), _) => {
                let (project, run) = find_run_by_id(state, id).await?;
                (project, run, false)
            }
            (None, Some(name)) => {
                let entity = input.entity_name.as_deref().unwrap_or(&state.behaviour.entity);
                let project = input.model_name.as_deref().unwrap_or("uncategorized");
                let (project, run, inserted) = state.store.ensure_run(entity, project, name).await?;
                (Arc::new(project), run, inserted)
            }
            (None, None) => return Err("name or id is required".into()),
        };
        let tags = input
            .tags
            .map(|tags| tags.into_iter().flatten().collect::<Vec<_>>());
        let changes = RunChanges {
            display_name: input.display_name,
            state: input.state,
            config: input.config.map(|JsonString(text)| text),
            summary: input.summary_metrics.map(|JsonString(text)| text),
            notes: input.notes,
            description: input.description,
            run_group: input.group_name,
            job_type: input.job_type,
            tags: tags.map(|tags| serde_json::to_string(&tags)).transpose()?,
            host: input.host,
            sweep: input.sweep,
        };
        let run = state.store.change_run(run.id, changes).await?;
        Ok(Some(UpsertBucketPayload {
            bucket: Some(Run::new(&project, run)),
            inserted: Some(inserted),
            server_settings: ServerSettings::default(),
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Makes a project, or describes the one of that name.
    async fn upsert_model(
        &self,
        context: &Context<'_>,
        input: UpsertModelInput,
    ) -> Result<Option<UpsertModelPayload>> {
        let state = state(context)?;
        let name = input.name.ok_or("name is required")?;
        let entity = input.entity_name.as_deref().unwrap_or(&state.behaviour.entity);
        let (mut row, inserted) = state.store.ensure_project(entity, &name).await?;
        if let Some(description) = input.description {
            state.store.describe_project(row.id, &description).await?;
            row.description = Some(description);
        }
        let row = Arc::new(row);
        Ok(Some(UpsertModelPayload {
            model: Some(Project::new(Arc::clone(&row))),
            entity_name: Some(row.entity.clone()),
            project: Some(Project::new(row)),
            inserted: Some(inserted),
            client_mutation_id: input.client_mutation_id,
        }))
    }

    async fn delete_run(
        &self,
        context: &Context<'_>,
        input: DeleteRunInput,
    ) -> Result<Option<DeleteRunPayload>> {
        let state = state(context)?;
        let (_, run) = find_run_by_id(state, &input.id).await?;
        let objects = state.store.delete_run(run.id).await?;
        state.forget(objects).await?;
        Ok(Some(DeleteRunPayload {
            client_mutation_id: input.client_mutation_id,
        }))
    }
}

pub(crate) async fn find_run(
    state: &State,
    entity: &str,
    project: &str,
    run: &str,
) -> Result<(Arc<ProjectRow>, RunRow)> {
    let missing = || Error::new(format!("run {entity}/{project}/{run} not found"));
    let project = state.store.project(entity, project).await?.ok_or_else(missing)?;
    let run = state.store.run(project.id, run).await?.ok_or_else(missing)?;
    Ok((Arc::new(project), run))
}

/// A run's id names the run, its project and its entity.
async fn find_run_by_id(state: &State, id: &str) -> Result<(Arc<ProjectRow>, RunRow)> {
    let local = local_id(id, "Run:v1");
    let mut parts = local.as_deref().unwrap_or_default().split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(run), Some(project), Some(entity), None) => find_run(state, entity, project, run).await,
        _ => Err(Error::new(format!("invalid run id {id}"))),
    }
}
