//! Commands: started in a known folder, shown before they run, and clear about how they failed.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Context, Failure, Result};

/// A command to run, from the root of the workspace unless told otherwise.
pub(crate) struct Sh {
    command: Command,
    dir: PathBuf,
}

/// What a command left behind, whatever its exit status.
pub(crate) struct Output {
    /// Its standard output; bytes that are not UTF-8 are kept as they came.
    pub(crate) stdout: Vec<u8>,
    /// The text of its standard error.
    pub(crate) stderr: String,
    /// Its exit status; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
}

impl Sh {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let dir = workspace();
        let mut command = Command::new(program);
        command.current_dir(&dir).stdin(Stdio::null());
        Self { command, dir }
    }

    /// The cargo that runs this very program, so that a toolchain override holds for all steps.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Gives this command another one as its last arguments, as `time` and `nice` take it.
    pub(crate) fn followed_by(self, other: &Self) -> Self {
        let program = other.command.get_program().to_owned();
        let args: Vec<_> = other.command.get_args().map(OsStr::to_owned).collect();
        self.arg(program).args(args)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self.dir = dir.to_path_buf();
        self
    }

    /// Takes away every variable of the environment that begins with `prefix`.
    pub(crate) fn without_env(mut self, prefix: &str) -> Self {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(prefix) {
                self.command.env_remove(name);
            }
        }
        self
    }

    /// Runs it with its output going where ours goes.
    pub(crate) fn run(mut self) -> Result<()> {
        let status = self.command.status().or_fail(|| self.starting())?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failed(&status.to_string(), ""))
        }
    }

    /// Runs it and gives what it wrote on standard output; standard error is kept for the message of a failure.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self.command.output().or_fail(|| self.starting())?;
        if !output.status.success() {
            return Err(self.failed(
                &output.status.to_string(),
                &String::from_utf8_lossy(&output.stderr),
            ));
        }
        String::from_utf8(output.stdout).or_fail(|| format!("read the output of `{self}` as text"))
    }

    /// Runs it and gives all that it left; a failure is an answer here, not an error.
    pub(crate) fn output(mut self) -> Result<Output> {
        let output = self.command.output().or_fail(|| self.starting())?;
        Ok(Output {
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        })
    }

    /// The command itself, to start it as a process that goes on by its own.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    fn starting(&self) -> String {
        format!("start `{self}` in {}", self.dir.display())
    }

    fn failed(&self, status: &str, stderr: &str) -> Failure {
        let stderr = stderr.trim_end();
        let gap = if stderr.is_empty() { "" } else { "\n" };
        Failure::new(format!(
            "`{self}` in {} ended with {status}{gap}{stderr}",
            self.dir.display()
        ))
    }
}

/// As one would type it in a shell, the program by its bare name.
impl fmt::Display for Sh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = Path::new(self.command.get_program());
        f.write_str(
            &program
                .file_name()
                .unwrap_or(program.as_os_str())
                .to_string_lossy(),
        )?;
        for arg in self.command.get_args() {
            write!(f, " {}", quoted(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The folder that cargo builds into, wherever the person has put it.
pub(crate) fn target() -> Result<PathBuf> {
    let text = Sh::cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .read()?;
    let metadata: serde_json::Value =
        serde_json::from_str(&text).or_fail(|| "read the answer of `cargo metadata`".to_owned())?;
    match metadata["target_directory"].as_str() {
        Some(path) => Ok(PathBuf::from(path)),
        None => Err(Failure::new("`cargo metadata` names no target directory")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_the_folder_and_the_status() {
        let error = Sh::new("sh")
            .args(["-c", "echo why >&2; exit 3"])
            .read()
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("`sh -c 'echo why >&2; exit 3'` in "), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.ends_with("\nwhy"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_said_to_be_so() {
        let error = Sh::new("no-such-program-of-ours").run().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("could not start `no-such-program-of-ours` in ")
        );
        assert!(crate::error::chain(&error).contains("os error"));
    }

    #[test]
    fn arguments_are_shown_so_that_they_can_be_pasted() {
        let shown = Sh::new("/usr/bin/wbf")
            .args(["ls", "a/b/c", "it's %.pt", ""])
            .to_string();
        assert_eq!(shown, r"wbf ls a/b/c 'it'\''s %.pt' ''");
    }
}
