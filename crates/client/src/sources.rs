//! Where settings come from.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// What settings are read from: the process's surroundings, or a test's.
///
/// ```
/// use wandb_client::{Settings, Sources};
/// let sources = Sources::default()
///     .with("WANDB_BASE_URL", "http://localhost:8080/")
///     .with("WANDB_API_KEY", "local-key");
/// let settings = Settings::from_sources(&sources)?;
/// assert_eq!(settings.base_url.value.as_str(), "http://localhost:8080/");
/// assert_eq!(settings.base_url.source.to_string(), "WANDB_BASE_URL");
/// # Ok::<(), wandb_client::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Sources {
    /// The environment variables.
    pub env: BTreeMap<OsString, OsString>,
    /// The home directory: netrc and `.config/wandb/settings` are looked for there.
    pub home: Option<PathBuf>,
    /// The working directory: `wandb/settings` is looked for there.
    pub cwd: Option<PathBuf>,
}

impl Sources {
    /// The surroundings of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            env: std::env::vars_os().collect(),
            home: std::env::home_dir(),
            cwd: std::env::current_dir().ok(),
        }
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// A variable as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Some(self.env.get(OsStr::new(name))?.to_string_lossy().into_owned())
    }

    /// A variable as text, where it is set to something.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|value| !value.trim().is_empty())
    }

    /// A variable as a path, where it is set to something, with a leading `~` expanded.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.env.get(OsStr::new(name)).filter(|value| !value.is_empty())?;
        let path = Path::new(value);
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(path.to_owned()),
        }
    }
}

impl fmt::Debug for Sources {
    /// Shows the names of the variables: the values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("home", &self.home)
            .field("cwd", &self.cwd)
            .finish()
    }
}

/// A value, and where it came from, so that a message can say which knob to turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub source: Source,
}

impl<T> Sourced<T> {
    /// A value that the program gave.
    pub fn given(value: T) -> Self {
        Self {
            value,
            source: Source::Given,
        }
    }
}

/// Where a value came from. `Display` completes "the key from …".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Nobody said otherwise.
    Default,
    /// The program.
    Given,
    /// An environment variable.
    Env(&'static str),
    /// A settings file.
    File(PathBuf),
    /// An entry of a netrc file.
    Netrc {
        /// The file.
        path: PathBuf,
        /// The entry's name: a host, a host with its port, or `default`.
        machine: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::Given => f.write_str("the program"),
            Self::Env(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Netrc { path, machine } if machine == "default" => {
                write!(f, "the default entry of {}", path.display())
            }
            Self::Netrc { path, machine } => write!(f, "machine {machine} in {}", path.display()),
        }
    }
}
