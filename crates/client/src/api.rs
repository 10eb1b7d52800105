//! The front door.

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;
use url::Url;
use wandb_artifact_files::ArtifactFiles;
use wandb_files::{Context, RunPath, ServerFeatures};
use wandb_http::Pace;
use wandb_queries::{Viewer, viewer};
use wandb_selection::FilesOfRuns;
use wandb_transport::{Transport, TransportErrorKind, execute};

use crate::artifact::Artifact;
use crate::artifact_path::parse_artifact_path;
use crate::builder::ApiBuilder;
use crate::error::{Error, ErrorKind};
use crate::key;
use crate::path::parse_run_path;
use crate::run::Run;
use crate::settings::Settings;

/// A Weights & Biases server, asked with a credential. Cheap to clone; the clones share connections.
///
/// The counterpart of the SDK's `Api` (`apis/public/api.py`). Building one sends nothing; the SDK's sends three requests.
///
/// ```no_run
/// use wandb_client::{Api, IfExists};
///
/// # async fn example() -> Result<(), wandb_client::Error> {
/// let run = Api::from_env()?.run("my-team/my-project/1abc2def").await?;
/// let mut files = run.files().pattern("%.json").paginate()?;
/// while let Some(file) = files.next().await? {
///     file.download("results", IfExists::Replace).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    settings: Settings,
    transport: Arc<dyn Transport>,
    context: Context,
    pace: Pace,
    default_entity: OnceCell<String>,
}

impl Api {
    /// The server and the credential that the environment, netrc and the settings files name: see [`Settings`].
    ///
    /// # Errors
    /// [`ErrorKind::MissingKey`] where there is no key, with the places that were looked in;
    /// [`ErrorKind::Settings`] where a value cannot be used.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().settings(Settings::from_env()?).build()
    }

    /// An `Api` by hand. Reads no environment.
    pub fn builder() -> ApiBuilder {
        ApiBuilder::default()
    }

    pub(crate) fn new(settings: Settings, context: Context, pace: Pace) -> Self {
        Self(Arc::new(Inner {
            settings,
            transport: Arc::new(context.server().clone()),
            context,
            pace,
            default_entity: OnceCell::new(),
        }))
    }

    /// What this was built with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What sends the queries: for operations of one's own, with
    /// [`execute`](wandb_transport::execute).
    #[must_use]
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.0.transport
    }

    /// What makes all queries and transfers of this `Api` and its clones wait where a server asked one of them to. By
    /// [`Pace::holds`] and [`Pace::hold`], processes that use the same credential can tell each other.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    /// What the server can do, by its schema: one request in the life of this `Api` and its clones. Nothing needs this: what
    /// a server lacks is noticed, and made up for, when it is needed.
    ///
    /// # Errors
    /// [`ErrorKind::Transport`] where the server cannot be asked. The next call asks again.
    pub async fn features(&self) -> Result<ServerFeatures, Error> {
        let asked = self.0.context.server().features().await;
        asked.map_err(|error| self.explain(error.into(), None))
    }

    /// The run that `path` names, in any form that [`parse_run_path`] reads, after asking the server whether it exists: one
    /// request, and one more, once for this `Api`, where neither path nor settings name the entity.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] where `path` names no run; [`ErrorKind::NotFound`] where there is no such project or run, or no
    /// permission to see it; [`ErrorKind::Transport`] where the server cannot be asked.
    pub async fn run(&self, path: &str) -> Result<Run, Error> {
        let (run, host) = self.resolve(path).await?;
        match run.check(&self.0.transport, self.settings().base_address()).await {
            Ok(()) => Ok(run),
            Err(error) => Err(self.explain(error, host.as_deref())),
        }
    }

    /// The run that `path` names, without asking whether it exists: the first listing says so. Sends nothing, unless
    /// neither path nor settings name the entity.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] where `path` names no run; [`ErrorKind::Transport`] where the entity must be asked for and
    /// cannot.
    pub async fn run_unchecked(&self, path: &str) -> Result<Run, Error> {
        Ok(self.resolve(path).await?.0)
    }

    /// The version of an artifact that `path` names, in any form that [`parse_artifact_path`] reads, with what the server
    /// tells of it: one request, and one more, once for this `Api`, where neither path nor settings name the entity.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] where `path` names no artifact; [`ErrorKind::NotFound`] where there is no such version, or no
    /// permission to see it; [`ErrorKind::Transport`] where the server cannot be asked.
    pub async fn artifact(&self, path: &str) -> Result<Artifact, Error> {
        let (asked, host) = self.resolve_artifact(path).await?;
        let found =
            wandb_artifact::artifact(&*self.0.transport, asked.entity(), asked.project(), asked.run()).await;
        let error = match found {
            Ok(Some(info)) => return Ok(Artifact::new(self.0.context.clone(), info)),
            Ok(None) => Error::new(
                ErrorKind::NotFound,
                format!(
                    "no artifact {asked} on {}, or no permission to see it; check the path, and whose key this is",
                    self.settings().base_address()
                ),
            ),
            Err(error) => error.into(),
        };
        Err(self.explain(error, host.as_deref()))
    }

    /// The files of the version of an artifact that `path` names, without asking whether it exists: the first listing says
    /// so. Sends nothing, unless neither path nor settings name the entity.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] where `path` names no artifact; [`ErrorKind::Transport`] where the entity must be asked for and
    /// cannot.
    pub async fn artifact_files(&self, path: &str) -> Result<ArtifactFiles, Error> {
        let (asked, _) = self.resolve_artifact(path).await?;
        let context = self.0.context.clone();
        Ok(ArtifactFiles::new(
            context,
            asked.entity(),
            asked.project(),
            asked.run(),
        ))
    }

    /// The files of all runs of the project that `path` names, in any form that
    /// [`parse_project_path`](crate::parse_project_path) reads: which runs and which files is said with the options of
    /// [`FilesOfRuns`]. Sends nothing, unless neither path nor settings name the entity.
    ///
    /// # Errors
    /// [`ErrorKind::Path`] where `path` names no project; [`ErrorKind::Transport`] where the entity must be asked for and
    /// cannot.
    pub async fn files_of_project(&self, path: &str) -> Result<FilesOfRuns, Error> {
        let [entity, project] = self.project(path).await?;
        Ok(FilesOfRuns::of_project(self.0.context.clone(), &entity, &project))
    }

    /// The files of these runs, in this order: which files is said with the options of [`FilesOfRuns`]. Sends nothing.
    pub fn files_of_runs(&self, runs: impl IntoIterator<Item = Run>) -> FilesOfRuns {
        let paths = runs.into_iter().map(|run| run.path().clone());
        FilesOfRuns::of_runs(self.0.context.clone(), paths)
    }

    /// The run at `path`, as listings of runs name it. Sends nothing.
    ///
    /// ```
    /// # fn example(api: &wandb_client::Api, info: &wandb_client::RunInfo) {
    /// use wandb_client::RunPath;
    /// let files = api.run_at(RunPath::new(info.entity(), info.project(), info.id())).files();
    /// # }
    /// ```
    #[must_use]
    pub fn run_at(&self, path: RunPath) -> Run {
        Run::new(self.0.context.clone(), path)
    }

    /// The entity of paths that name none: the settings', else the credential's own, asked for once.
    ///
    /// # Errors
    /// [`ErrorKind::Transport`] where the server cannot be asked; [`ErrorKind::Path`] where it knows of none.
    pub async fn default_entity(&self) -> Result<&str, Error> {
        if let Some(entity) = &self.settings().entity {
            return Ok(&entity.value);
        }
        let asked = self
            .0
            .default_entity
            .get_or_try_init(|| self.ask_entity())
            .await?;
        Ok(asked)
    }

    /// Where the credential comes from, and what is odd about it, to go with an
    /// [`Authentication`](TransportErrorKind::Authentication) error: `the key comes from machine api.wandb.ai in
    /// /home/me/.netrc`. Shows nothing of the credential; `None` where a provider of one's own gives it.
    #[must_use]
    pub fn credential_hint(&self) -> Option<String> {
        let settings = self.settings();
        if let Some(file) = &settings.identity_token_file {
            let shown = file.value.display();
            return Some(format!(
                "the identity token is that in {shown}, from {}",
                file.source
            ));
        }
        let key = settings.api_key.as_ref()?;
        let origin = format!("the key comes from {}", key.source);
        Some(match key::oddity(key.value.expose()) {
            Some(odd) => format!("{origin}, and {odd}"),
            None => origin,
        })
    }

    /// The run, and the host of a web address that belongs to another server.
    async fn resolve(&self, path: &str) -> Result<(Run, Option<String>), Error> {
        let (entity, project) = self.defaults();
        let parsed = parse_run_path(path, entity, project)?;
        let elsewhere = self.elsewhere(parsed.host, &parsed.run);
        let entity = self.entity_or_default(parsed.entity).await?;
        let path = RunPath::new(entity, parsed.project, parsed.run);
        Ok((self.run_at(path), elsewhere))
    }

    /// The path of an artifact's version, and the host of a web address that belongs to another server.
    async fn resolve_artifact(&self, path: &str) -> Result<(RunPath, Option<String>), Error> {
        let (entity, project) = self.defaults();
        let parsed = parse_artifact_path(path, entity, project)?;
        let version = format!("{}:{}", parsed.name, parsed.alias);
        let elsewhere = self.elsewhere(parsed.host, &version);
        let entity = self.entity_or_default(parsed.entity).await?;
        Ok((RunPath::new(entity, parsed.project, version), elsewhere))
    }

    /// Entity and project of the settings.
    fn defaults(&self) -> (Option<&str>, Option<&str>) {
        let settings = self.settings();
        let [entity, project] =
            [&settings.entity, &settings.project].map(|name| name.as_ref().map(|name| name.value.as_str()));
        (entity, project)
    }

    pub(crate) async fn entity_or_default(&self, entity: Option<String>) -> Result<String, Error> {
        match entity {
            Some(entity) => Ok(entity),
            None => Ok(self.default_entity().await?.to_owned()),
        }
    }

    /// The host of the web address of `what` where it belongs to another server, which is then told of.
    pub(crate) fn elsewhere(&self, host: Option<String>, what: &str) -> Option<String> {
        let host = host.filter(|host| !self.serves(host))?;
        tracing::warn!(
            "the address of {what} is on {host}, and {} is asked",
            self.settings().base_address()
        );
        Some(host)
    }

    /// Whether web addresses on `host` are those of this server.
    fn serves(&self, host: &str) -> bool {
        let app = Url::parse(&self.settings().app_address()).ok();
        app.iter()
            .chain([&self.settings().base_url.value])
            .any(|url| crate::base_url::host_of(url).as_deref() == Some(host))
    }

    async fn ask_entity(&self) -> Result<String, Error> {
        let answer = execute::<Viewer>(&*self.0.transport, viewer::Variables)
            .await
            .map_err(|error| self.explain(error.into(), None))?;
        let entity = answer.viewer.and_then(|viewer| viewer.entity);
        entity.filter(|entity| !entity.is_empty()).ok_or_else(|| {
            let message = format!(
                "the path names no entity, and {} does not say which one is the default; write the path with its \
                 ENTITY/, or set WANDB_ENTITY",
                self.settings().base_address()
            );
            Error::new(ErrorKind::Path, message)
        })
    }

    /// Adds what only the `Api` knows of.
    fn explain(&self, error: Error, elsewhere: Option<&str>) -> Error {
        match (error.kind(), elsewhere) {
            (ErrorKind::Transport(TransportErrorKind::Authentication), _) => match self.credential_hint() {
                Some(hint) => error.and(&hint),
                None => error,
            },
            (ErrorKind::NotFound, Some(host)) => error.and(&format!(
                "the address is on {host}, so WANDB_BASE_URL may have to be that server's API"
            )),
            _ => error,
        }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
