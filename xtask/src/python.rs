//! Virtual environments with the Python SDK in the pinned versions, and with `DuckDB`.

use std::path::{Path, PathBuf};

use crate::debian;
use crate::error::{Context, Failure, Result};
use crate::sh::{self, Sh};

/// The SDK that the reference page documents.
pub(crate) const DOCUMENTED: &str = "0.21.3";
/// The newest one when it was pinned.
pub(crate) const NEWEST: &str = "0.31.0";
/// Those that we are compared with.
pub(crate) const VERSIONS: [&str; 2] = [DOCUMENTED, NEWEST];

/// The `python` of an environment under the target folder that holds what the requirements of this version ask for.
/// Made anew only when that file has changed.
pub(crate) fn environment(version: &str) -> Result<PathBuf> {
    made(version, &format!("wandb-{version}"), "import wandb")
}

/// The `python` of an environment that has `DuckDB`.
pub(crate) fn duckdb() -> Result<PathBuf> {
    made("duckdb", "duckdb", "import duckdb")
}

/// `requirements` is a part of the name of the file that says what is needed, and `program` one that needs it.
fn made(requirements: &str, name: &str, program: &str) -> Result<PathBuf> {
    let folder = sh::target()?.join("python").join(name);
    let python = folder.join("bin").join("python");
    let requirements = sh::workspace()
        .join("xtask")
        .join(format!("requirements-{requirements}.txt"));
    let wanted = std::fs::read(&requirements).or_fail(|| format!("read {}", requirements.display()))?;
    let stamp = folder.join("requirements.stamp");
    if std::fs::read(&stamp).is_ok_and(|have| have == wanted) && works(&python, program) {
        return Ok(python);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).or_fail(|| format!("remove {}", folder.display()))?;
    }
    println!("making a Python environment with {name} in {}", folder.display());
    ensure_python()?;
    Sh::new("python3").args(["-m", "venv"]).arg(&folder).run()?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--requirement",
    ];
    Sh::new(&python).args(pip).arg(&requirements).run()?;
    // Written last: an environment that was not finished is not taken for whole.
    std::fs::write(&stamp, wanted).or_fail(|| format!("write {}", stamp.display()))?;
    Ok(python)
}

/// One of our own scripts, to be run by the `python` of an environment.
pub(crate) fn script(python: &Path, name: &str) -> Sh {
    let script = sh::workspace().join("xtask").join("python").join(name);
    Sh::new(python).args(["-W", "ignore"]).arg(script)
}

/// A Python that can make environments; Debian's own comes without that part.
fn ensure_python() -> Result<()> {
    let ready = || works(Path::new("python3"), "import venv, ensurepip");
    let root = || Sh::new("id").arg("-u").read().is_ok_and(|id| id.trim() == "0");
    if ready() {
        return Ok(());
    }
    if root() && Sh::new("apt-get").arg("--version").read().is_ok() {
        if let Err(error) = debian::install(&["python3-venv"]) {
            println!("{error}");
        } else if ready() {
            return Ok(());
        }
    }
    Err(Failure::new(
        "python3 that can make virtual environments is missing: install it \
         (Debian, Ubuntu: apt-get install python3-venv) and run this again",
    ))
}

fn works(python: &Path, program: &str) -> bool {
    Sh::new(python).args(["-c", program]).read().is_ok()
}
