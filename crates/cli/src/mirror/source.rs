//! What is mirrored.

use clap::Args;
use wandb_client::{Api, FilesOfRuns, RunPath, names_project, parse_project_path};
use wandb_mirror::{Entry, Source};

use crate::args::{FileChoiceArgs, PROJECT, RunChoiceArgs, per_page};
use crate::failure::Failure;
use crate::select;

/// Which files and runs of what is named.
#[derive(Args)]
pub(super) struct SourceArgs {
    /// Only files of this name; may be repeated
    #[arg(long = "name", value_name = "NAME", conflicts_with = "pattern")]
    names: Vec<String>,
    /// Only names that match a LIKE pattern: % is any text, _ any character
    #[arg(long, value_name = "LIKE")]
    pattern: Option<String>,
    #[command(flatten)]
    files: FileChoiceArgs,
    #[command(flatten)]
    runs: RunChoiceArgs,
    /// Only runs in this state: finished, running, crashed, failed, killed; may be repeated
    #[arg(long = "run-state", value_name = "STATE", help_heading = PROJECT)]
    run_states: Vec<String>,
    /// Files to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    per_page: u32,
}

impl SourceArgs {
    /// An option that leaves out some of the files or runs.
    pub(super) fn narrowing(&self) -> Option<&'static str> {
        let files = &self.files;
        [
            (!self.names.is_empty(), "--name"),
            (self.pattern.is_some(), "--pattern"),
            (!files.globs.include.is_empty(), "--include"),
            (!files.globs.exclude.is_empty(), "--exclude"),
            (files.min_size.is_some(), "--min-size"),
            (files.max_size.is_some(), "--max-size"),
            (files.newer_than.is_some(), "--newer-than"),
            (self.runs.filter.is_some(), "--filter"),
            (!self.run_states.is_empty(), "--run-state"),
            (!self.runs.tag.is_empty(), "--tag"),
            (self.runs.max_runs.is_some(), "--max-runs"),
        ]
        .into_iter()
        .find_map(|(given, option)| given.then_some(option))
    }

    /// An option that makes a path of two parts a project.
    fn of_project(&self) -> Option<&'static str> {
        let state = (!self.run_states.is_empty()).then_some("--run-state");
        self.runs.of_project().or(state)
    }

    /// The chosen files of what `texts` name.
    pub(super) async fn source(self, api: &Api, texts: &[String]) -> Result<(Source, Scope), Failure> {
        let of_project = self.of_project();
        let in_part = self.narrowing().is_some();
        let choose = self.choice()?;
        let (source, scope) = match texts {
            [text] if let Some(entity) = entity_of(text) => {
                (Source::entity(entity, choose), Scope::Entity(entity.to_owned()))
            }
            [text] if of_project.is_some() || names_project(text) => {
                if let (Some(option), Err(error)) = (of_project, parse_project_path(text, entity_set(api))) {
                    return Err(Failure::Usage(format!(
                        "{option} chooses among the runs of a project, but {error}"
                    )));
                }
                let [entity, project] = api.project(text).await?;
                let files = api.files_of_project(text).await?;
                let source = Source::project(choose(files), &entity, &project);
                (source, Scope::Project(entity, project))
            }
            texts => {
                if let Some(option) = of_project {
                    return Err(Failure::Usage(format!(
                        "{option} chooses among runs: give one ENTITY/PROJECT/ or ENTITY/ alone"
                    )));
                }
                if let Some(text) = texts
                    .iter()
                    .find(|text| names_project(text) || entity_of(text).is_some())
                {
                    return Err(Failure::Usage(format!(
                        "{text} is more than a run: give it alone, or runs by name"
                    )));
                }
                let mut runs = Vec::new();
                for text in texts {
                    runs.push(api.run_unchecked(text).await?);
                }
                let paths: Vec<RunPath> = runs.iter().map(|run| run.path().clone()).collect();
                let source = Source::runs(choose(api.files_of_runs(runs)), paths.clone());
                (source, Scope::Runs(paths))
            }
        };
        let source = if in_part { source.in_part() } else { source };
        Ok((source, scope))
    }

    /// What leaves the chosen ones of the files of runs.
    fn choice(self) -> Result<impl Fn(FilesOfRuns) -> FilesOfRuns + Send + Sync + 'static, Failure> {
        let filter = select::filter(self.runs.filter.as_deref(), &self.run_states, &self.runs.tag)?;
        let sieve = select::sieve(&self.files)?;
        Ok(move |files: FilesOfRuns| {
            let mut files = files
                .names(&self.names)
                .per_page(self.per_page)
                .filters(filter.clone())
                .sieve(sieve.clone());
            if let Some(order) = &self.runs.order {
                files = files.order(order);
            }
            if let Some(runs) = self.runs.max_runs {
                files = files.max_runs(runs);
            }
            match &self.pattern {
                Some(pattern) => files.pattern(pattern),
                None => files,
            }
        })
    }
}

/// Which runs may be in a source.
pub(super) enum Scope {
    Runs(Vec<RunPath>),
    Project(String, String),
    Entity(String),
}

impl Scope {
    /// Whether a file is one of such a run.
    pub(super) fn has(&self, file: &Entry) -> bool {
        match self {
            Self::Runs(runs) => runs.iter().any(|run| {
                [run.entity(), run.project(), run.run()] == [&file.entity, &file.project, &file.run]
            }),
            Self::Project(entity, project) => (entity, project) == (&file.entity, &file.project),
            Self::Entity(entity) => *entity == file.entity,
        }
    }
}

/// The entity that the settings name.
fn entity_set(api: &Api) -> Option<&str> {
    api.settings().entity.as_ref().map(|entity| entity.value.as_str())
}

/// The entity that a text names: one part and a slash.
fn entity_of(text: &str) -> Option<&str> {
    let entity = text.trim().trim_start_matches('/').strip_suffix('/')?;
    (!entity.is_empty() && !entity.contains(['/', ':', '*'])).then_some(entity)
}

#[cfg(test)]
mod tests {
    use super::entity_of;

    #[test]
    fn an_entity_is_one_part_and_a_slash() {
        assert_eq!(entity_of("team/"), Some("team"));
        assert_eq!(entity_of("/team/"), Some("team"));
        for text in ["team", "team/project/", "/", "", "https://wandb.ai/", "project/*"] {
            assert_eq!(entity_of(text), None, "{text}");
        }
    }
}
