//! Keys, addresses and names from the environment, netrc and settings files: what both sides make of them.

mod table;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::suite::{Sdk, Suite};
use crate::devserver::DevServer;
use crate::error::{Context, Result};
use crate::sh::Sh;
use table::{CASES, Case};

/// What stands for the words in braces of an input.
struct Filler<'a> {
    server: &'a DevServer,
    /// The same files on a server with a path before all of its paths.
    prefixed: &'a DevServer,
    /// Where both sides run.
    home: &'a Path,
}

impl Suite<'_> {
    /// Each input, given to both sides in a home folder of its own; a side's answer is the file that it lists and the
    /// way it was asked for, or that it fails. `originals` holds a README.
    pub(super) fn configuration(&mut self, sdk: &Sdk, originals: &Path, scratch: &Path) -> Result<()> {
        let script = crate::sh::workspace().join("xtask").join("python").join("sdk.py");
        let prefixed = self.prefixed(sdk, originals, scratch)?;
        for (number, case) in CASES.iter().enumerate() {
            let home = scratch.join(format!("configured-{}-{number}", sdk.version));
            let filler = Filler {
                server: self.server,
                prefixed: &prefixed,
                home: &home,
            };
            filler.write(case)?;
            let run = filler.filled(case.run);
            let first = json!([{"names": ["README"]}]).to_string();
            let python = Sh::new(&sdk.python).args(["-W", "ignore"]).arg(&script);
            let theirs = filler.answer(case, python.args(["list", &run, &first]))?;
            let wbf = Sh::new(self.wbf).args(["ls", &run, "--name", "README", "--format", "ndjson"]);
            let ours = filler.answer(case, wbf)?;
            let what = format!(
                "SDK {}: {}: {}",
                sdk.version,
                case.name,
                if ours.is_some() { "taken" } else { "refused" }
            );
            match case.fails {
                _ if theirs == ours => self.report(&what, &[]),
                Some((versions, kind))
                    if versions.contains(&sdk.version) && theirs.is_none() && ours.is_some() =>
                {
                    self.of_kind(kind, &what);
                }
                _ => self.report(&what, &[format!("the SDK: {theirs:?}, wbf: {ours:?}")]),
            }
        }
        Ok(())
    }

    /// A server of the same key with a path before all of its paths.
    fn prefixed(&self, sdk: &Sdk, originals: &Path, scratch: &Path) -> Result<DevServer> {
        let folder = scratch.join(format!("prefixed-{}", sdk.version));
        fs::create_dir_all(&folder).or_fail(|| format!("make {}", folder.display()))?;
        let originals = originals.to_string_lossy();
        let arguments = [
            "--prefix",
            "/wandb/deep",
            "--api-key",
            self.server.api_key(),
            "--seed-folder",
            &originals,
            "--into",
            "conformance/files/put",
        ];
        DevServer::start(self.devserver, &arguments, &folder)
    }
}

impl Filler<'_> {
    fn write(&self, case: &Case) -> Result<()> {
        fs::create_dir_all(self.home).or_fail(|| format!("make {}", self.home.display()))?;
        for (name, text) in case.files {
            let path = self.home.join(name);
            let written = fs::create_dir_all(path.parent().unwrap_or(self.home))
                .and_then(|()| fs::write(&path, self.filled(text)));
            written.or_fail(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    /// The file's name, and its address, which tells the server that was asked. It has come with the right key. `None` where
    /// the command failed.
    fn answer(&self, case: &Case, command: Sh) -> Result<Option<[Value; 2]>> {
        let mut command = command
            .without_env("WANDB_")
            .without_env("NETRC")
            .env("HOME", self.home)
            .env("TMPDIR", self.home)
            .env("WANDB_SILENT", "true")
            .env("WANDB_ERROR_REPORTING", "false")
            .env("NO_PROXY", "127.0.0.1,localhost")
            .dir(self.home);
        for (name, value) in case.env {
            command = command.env(name, self.filled(value));
        }
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let row: Option<Value> = text
            .lines()
            .next()
            .and_then(|line| serde_json::from_str(line).ok());
        Ok(row
            .filter(|_| output.code == Some(0))
            .map(|mut row| [row["name"].take(), row["url"].take()]))
    }

    fn filled(&self, text: &str) -> String {
        let url = &self.server.url;
        let address = url.strip_prefix("http://").unwrap_or(url);
        let (host, port) = address.split_once(':').unwrap_or((address, "80"));
        let prefixed = &self.prefixed.url;
        let root = prefixed.strip_suffix("/wandb/deep").unwrap_or(prefixed);
        text.replace("{url}", url)
            .replace("{host}", host)
            .replace("{port}", port)
            .replace("{prefixed}", prefixed)
            .replace("{prefixed-root}", root)
            .replace("{key}", self.server.api_key())
            .replace("{home}", &self.home.to_string_lossy())
    }
}
