//! Settings, as the Python SDK reads them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;
use wandb_http::{ClientConfig, Secret};

use crate::base_url;
use crate::error::{Error, ErrorKind};
use crate::ini::SettingsFile;
use crate::netrc::Netrc;
use crate::sources::{Source, Sourced, Sources};

/// The `User-Agent` of every request.
///
/// It begins as the SDK's does: some servers answer "relogin required" to gated fields unless the agent is one that they
/// know (wandb/wandb#12009). What we are stands behind it.
pub const USER_AGENT: &str = concat!("W&B Public Client 0.21.3 wbf/", env!("CARGO_PKG_VERSION"));

/// Which server to ask, as whom, and how.
///
/// [`from_env`](Self::from_env) reads the same places as the Python SDK 0.21.3, with the same precedence:
///
/// | setting | from, the first that has it |
/// | --- | --- |
/// | `base_url` | `WANDB_BASE_URL`, `base_url` in the settings files, `https://api.wandb.ai` |
/// | `app_url` | `WANDB_APP_URL`, else derived from the base URL |
/// | `entity`, `project` | `WANDB_ENTITY`, `WANDB_PROJECT`, `entity`, `project` in the settings files |
/// | `identity_token_file` | `WANDB_IDENTITY_TOKEN_FILE`; used before a key |
/// | `api_key` | `WANDB_API_KEY`, else netrc: `NETRC`, else `~/.netrc`, else `~/_netrc` |
/// | timeouts | `WANDB_HTTP_TIMEOUT` in seconds, for a connect and for silence |
/// | further certificate authorities | `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`: a PEM file, or a folder of them |
///
/// The settings files are `wandb/settings` below `WANDB_DIR` or the working directory (`.wandb/settings` where that folder
/// exists), then `WANDB_CONFIG_DIR/settings` or `~/.config/wandb/settings`; the local one wins. An empty `WANDB_ENTITY` or
/// `WANDB_PROJECT` hides what the files say; any other empty variable counts as not set. netrc is asked for the host with
/// its port, then for the bare host, then for `default`.
///
/// Not read: `WANDB_INSECURE_DISABLE_SSL`; certificates are always checked, name the authority instead. The system's
/// certificates count too, which `SSL_CERT_FILE` and `SSL_CERT_DIR` replace; proxies come from `HTTP_PROXY`, `HTTPS_PROXY`,
/// `ALL_PROXY` and `NO_PROXY`. Where the working directory cannot be written to, the SDK reads a settings file in the
/// temporary folder, where anybody could have put one; this does not.
///
/// Read in `sdk/internal/internal_api.py` (`settings`), `apis/public/api.py` (`api_key`), `old/settings.py`, `old/core.py`,
/// `env.py`, and `requests.utils.get_netrc_auth`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The server, with the path prefix that it may have; no trailing slash.
    pub base_url: Sourced<Url>,
    /// The server's web pages, where that is set; see [`app_address`](Self::app_address).
    pub app_url: Option<Sourced<String>>,
    /// The API key, trimmed.
    pub api_key: Option<Sourced<Secret>>,
    /// A file with an identity token (a JWT), which is exchanged for access tokens.
    pub identity_token_file: Option<Sourced<PathBuf>>,
    /// The entity of runs whose path names none.
    pub entity: Option<Sourced<String>>,
    /// The project of runs whose path names none.
    pub project: Option<Sourced<String>>,
    /// User agent, timeouts and further certificate authorities.
    pub client: ClientConfig,
    /// Where a key was looked for in vain.
    pub(crate) key_search: Vec<String>,
}

impl Settings {
    /// The server at `base_url`, and nothing else set. Reads neither environment nor files.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] where `base_url` is no http or https address, or that of W&B's web pages.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        Self::at(base_url, Source::Given)
    }

    /// The settings of this process. Reads the environment and files; sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] where a value that counts cannot be used; the message names it and where it came from. A
    /// missing key is no error here.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_sources(&Sources::of_process())
    }

    /// The settings that `sources` hold: [`from_env`](Self::from_env) without the process.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_sources(sources: &Sources) -> Result<Self, Error> {
        let files = SettingsFiles::read(sources)?;
        let base = env_text(sources, "WANDB_BASE_URL").or_else(|| files.get("base_url"));
        let mut settings = match base.filter(|base| !base.value.trim().is_empty()) {
            Some(base) => Self::at(&base.value, base.source),
            None => Self::at(base_url::DEFAULT, Source::Default),
        }?;
        settings.app_url = env_text(sources, "WANDB_APP_URL");
        settings.identity_token_file = sources
            .path("WANDB_IDENTITY_TOKEN_FILE")
            .map(|value| from_env("WANDB_IDENTITY_TOKEN_FILE", value));
        settings.entity = files.name(sources, "WANDB_ENTITY", "entity");
        settings.project = files.name(sources, "WANDB_PROJECT", "project");
        settings.read_key(sources);
        settings.read_timeout(sources)?;
        settings.read_authorities(sources)?;
        Ok(settings)
    }

    fn at(text: &str, source: Source) -> Result<Self, Error> {
        let value = base_url::parse(text).map_err(|why| {
            let text = wandb_http::redact_text(text.trim());
            settings_error(format!(
                "{text:?} (from {source}) cannot be the server's address: {why}"
            ))
        })?;
        Ok(Self {
            base_url: Sourced { value, source },
            app_url: None,
            api_key: None,
            identity_token_file: None,
            entity: None,
            project: None,
            client: ClientConfig {
                user_agent: USER_AGENT.to_owned(),
                ..ClientConfig::default()
            },
            key_search: Vec::new(),
        })
    }

    /// The same settings for the server at `base_url`. What belongs to the server before stays behind: a key that netrc has
    /// for it, and the address of its web pages.
    pub(crate) fn moved_to(mut self, base_url: &str) -> Result<Self, Error> {
        let there = Self::at(base_url, Source::Given)?.base_url;
        if there.value != self.base_url.value {
            self.app_url = None;
            let of_host = |key: &Sourced<Secret>| matches!(key.source, Source::Netrc { .. });
            if let Some(key) = self.api_key.take_if(|key| of_host(key)) {
                self.key_search
                    .push(format!("that from {} is for another server", key.source));
            }
        }
        self.base_url = there;
        Ok(self)
    }

    /// The server's address as it is written: no trailing slash.
    #[must_use]
    pub fn base_address(&self) -> &str {
        base_url::shown(&self.base_url.value)
    }

    /// The server's web pages: where runs are looked at and keys are given out. By the SDK's rule (`util.app_url`)
    /// `https://api.wandb.ai` is `https://wandb.ai`, any other `api.HOST` is `app.HOST`, and other servers have both at one
    /// address.
    #[must_use]
    pub fn app_address(&self) -> String {
        match &self.app_url {
            Some(app) => app.value.trim_matches('/').to_owned(),
            None => base_url::app_of(&self.base_url.value),
        }
    }

    fn read_key(&mut self, sources: &Sources) {
        if let Some(key) = env_text(sources, "WANDB_API_KEY") {
            self.api_key = Some(Sourced {
                value: Secret::new(key.value.trim()),
                source: key.source,
            });
            return;
        }
        self.key_search.push("WANDB_API_KEY is not set".to_owned());
        match read_netrc(sources, &base_url::netrc_hosts(&self.base_url.value)) {
            Ok(key) => self.api_key = Some(key),
            Err(why) => self.key_search.push(why),
        }
    }

    fn read_timeout(&mut self, sources: &Sources) -> Result<(), Error> {
        let Some(text) = sources.filled("WANDB_HTTP_TIMEOUT") else {
            return Ok(());
        };
        let timeout = text
            .trim()
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|timeout| !timeout.is_zero())
            .ok_or_else(|| {
                settings_error(format!(
                    "WANDB_HTTP_TIMEOUT is {text:?}; it must be a number of seconds above 0"
                ))
            })?;
        self.client.connect_timeout = timeout;
        self.client.stall_timeout = timeout;
        Ok(())
    }

    fn read_authorities(&mut self, sources: &Sources) -> Result<(), Error> {
        for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            if let Some(path) = sources.path(name) {
                self.client.extra_roots = read_bundle(&path).map_err(|error| {
                    let shown = path.display();
                    let message =
                        format!("{name} names {shown}, which cannot be read as certificates: {error}");
                    settings_error(message).with_source(error)
                })?;
                break;
            }
        }
        Ok(())
    }
}

fn settings_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Settings, message)
}

fn from_env<T>(name: &'static str, value: T) -> Sourced<T> {
    Sourced {
        value,
        source: Source::Env(name),
    }
}

fn env_text(sources: &Sources, name: &'static str) -> Option<Sourced<String>> {
    sources.filled(name).map(|value| from_env(name, value))
}

/// The settings files that exist, the one that wins first.
struct SettingsFiles(Vec<(PathBuf, SettingsFile)>);

impl SettingsFiles {
    fn read(sources: &Sources) -> Result<Self, Error> {
        let mut files = Vec::new();
        for path in local_file(sources).into_iter().chain(global_file(sources)) {
            let Some(text) = read_text(&path) else { continue };
            let file = SettingsFile::parse(&text).map_err(|error| {
                settings_error(format!(
                    "the settings file {} cannot be read: {error}; correct or remove it",
                    path.display()
                ))
            })?;
            files.push((path, file));
        }
        Ok(Self(files))
    }

    fn get(&self, option: &str) -> Option<Sourced<String>> {
        self.0.iter().find_map(|(path, file)| {
            Some(Sourced {
                value: file.get(option)?.to_owned(),
                source: Source::File(path.clone()),
            })
        })
    }

    /// A name from the environment or the files. The first place that has it decides, even where it is empty there.
    fn name(&self, sources: &Sources, variable: &'static str, option: &str) -> Option<Sourced<String>> {
        sources
            .text(variable)
            .map(|value| from_env(variable, value))
            .or_else(|| self.get(option))
            .map(|name| Sourced {
                value: name.value.trim().to_owned(),
                source: name.source,
            })
            .filter(|name| !name.value.is_empty())
    }
}

fn local_file(sources: &Sources) -> Option<PathBuf> {
    let folder = match (sources.path("WANDB_DIR"), &sources.cwd) {
        (Some(folder), Some(cwd)) => cwd.join(folder),
        (Some(folder), None) => folder,
        (None, cwd) => cwd.clone()?,
    };
    let hidden = folder.join(".wandb");
    let stage = if hidden.exists() {
        hidden
    } else {
        folder.join("wandb")
    };
    Some(stage.join("settings"))
}

fn global_file(sources: &Sources) -> Option<PathBuf> {
    let folder = match sources.path("WANDB_CONFIG_DIR") {
        Some(folder) => folder,
        None => sources.home.as_ref()?.join(".config").join("wandb"),
    };
    Some(folder.join("settings"))
}

/// A file's text, or `None` where there is none to be had: like the SDK, a file that may not be read is passed over.
fn read_text(path: &Path) -> Option<String> {
    match std::fs::read(path) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::warn!("{} is passed over: {error}", path.display());
            }
            None
        }
    }
}

/// The key that netrc has for the first of `hosts`, or why it has none.
fn read_netrc(sources: &Sources, hosts: &[String]) -> Result<Sourced<Secret>, String> {
    let host = hosts.last().map_or("", String::as_str);
    let path = netrc_file(sources).ok_or("there is no home directory to look for .netrc in")?;
    let shown = path.display();
    let text = match std::fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("there is no {shown} with an entry for {host}"));
        }
        Err(error) => return Err(format!("{shown} cannot be read: {error}")),
    };
    let netrc = Netrc::parse(&text).map_err(|error| format!("{shown} cannot be read, {error}"))?;
    match netrc.find(hosts) {
        Some((machine, password)) if !password.trim().is_empty() => Ok(Sourced {
            value: Secret::new(password.trim()),
            source: Source::Netrc {
                machine: machine.to_owned(),
                path,
            },
        }),
        Some((machine, _)) => Err(format!("{shown} has no password for {machine}")),
        None => Err(format!("{shown} has no entry for {host}")),
    }
}

fn netrc_file(sources: &Sources) -> Option<PathBuf> {
    if sources.text("NETRC").is_some() {
        return sources.path("NETRC");
    }
    let [netrc, of_windows] = [".netrc", "_netrc"].map(|name| Some(sources.home.as_ref()?.join(name)));
    of_windows
        .filter(|path| path.exists() && !netrc.as_ref().is_some_and(|netrc| netrc.exists()))
        .or(netrc)
}

/// A PEM file, or every PEM file of a folder.
fn read_bundle(path: &Path) -> std::io::Result<Vec<u8>> {
    const MARK: &[u8] = b"-----BEGIN ";
    let is_pem = |bytes: &[u8]| bytes.windows(MARK.len()).any(|window| window == MARK);
    let mut bundle = Vec::new();
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            let file = entry?.path();
            if file.is_file() {
                let bytes = std::fs::read(file)?;
                if is_pem(&bytes) {
                    bundle.extend(bytes);
                    bundle.push(b'\n');
                }
            }
        }
    } else {
        bundle = std::fs::read(path)?;
    }
    if is_pem(&bundle) {
        Ok(bundle)
    } else {
        Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "no PEM certificate in it",
        ))
    }
}
