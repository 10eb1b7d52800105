//! Keys, addresses and names from the environment, netrc and settings files: what both sides make of them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::suite::{Sdk, Suite};
use crate::error::{Context, Result};
use crate::python::{DOCUMENTED, NEWEST};
use crate::sh::Sh;

/// Where both sides look, and with what. `{host}`, `{port}`, `{url}` and `{key}` are the server's.
struct Case {
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    /// Below the home folder, which is also where both run.
    files: &'static [(&'static str, &'static str)],
    run: &'static str,
    /// The version of the SDK that fails here by itself, and the kind of difference that this is.
    fails: Option<(&'static str, &'static str)>,
}

const URL: (&str, &str) = ("WANDB_BASE_URL", "{url}");
const KEY: (&str, &str) = ("WANDB_API_KEY", "{key}");
const NETRC_HOST: &str = "netrc-host-and-port";
const RUN: &str = "conformance/files/put";

/// An entry for the bare host, which the newest SDK does not take for a server with a port.
const fn netrc(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        fails: Some((NEWEST, NETRC_HOST)),
        ..case(name, &[URL], files, RUN)
    }
}

const fn case(
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    files: &'static [(&'static str, &'static str)],
    run: &'static str,
) -> Case {
    Case {
        name,
        env,
        files,
        run,
        fails: None,
    }
}

const CASES: &[Case] = &[
    case("key and address in the environment", &[URL, KEY], &[], RUN),
    case("no key", &[URL], &[], RUN),
    Case {
        fails: Some((DOCUMENTED, "slash-after-address")),
        ..case(
            "slash after the address",
            &[("WANDB_BASE_URL", "{url}/"), KEY],
            &[],
            RUN,
        )
    },
    case(
        "path with a leading slash",
        &[URL, KEY],
        &[],
        "/conformance/files/put",
    ),
    case("path with runs", &[URL, KEY], &[], "conformance/files/runs/put"),
    case(
        "project and run",
        &[URL, KEY, ("WANDB_ENTITY", "conformance")],
        &[],
        "files/put",
    ),
    case(
        "the run alone",
        &[
            URL,
            KEY,
            ("WANDB_ENTITY", "conformance"),
            ("WANDB_PROJECT", "files"),
        ],
        &[],
        "put",
    ),
    case(
        "a run that is not there",
        &[URL, KEY],
        &[],
        "conformance/files/nowhere",
    ),
    case(
        "a path of four parts",
        &[URL, KEY],
        &[],
        "conformance/files/put/more",
    ),
    netrc(
        "netrc: host",
        &[(".netrc", "machine {host} login user password {key}\n")],
    ),
    netrc(
        "netrc: lines",
        &[(".netrc", "machine {host}\n  login user\n  password {key}\n")],
    ),
    case(
        "netrc: default",
        &[URL],
        &[(".netrc", "default login user password {key}\n")],
        RUN,
    ),
    netrc(
        "netrc: several entries",
        &[(
            ".netrc",
            "machine x login user password no\nmachine {host} login user password {key}\n",
        )],
    ),
    netrc(
        "netrc: quoted",
        &[(".netrc", "machine {host} login \"user\" password \"{key}\"\n")],
    ),
    netrc(
        "netrc: comment",
        &[(".netrc", "# mine\nmachine {host} login user password {key}\n")],
    ),
    netrc(
        "netrc: macdef",
        &[(
            ".netrc",
            "macdef init\necho\n\nmachine {host} login user password {key}\n",
        )],
    ),
    netrc(
        "netrc: _netrc",
        &[("_netrc", "machine {host} login user password {key}\n")],
    ),
    case(
        "netrc: another host",
        &[URL],
        &[(".netrc", "machine x login user password {key}\n")],
        RUN,
    ),
    Case {
        fails: Some((NEWEST, NETRC_HOST)),
        ..case(
            "netrc: named by NETRC",
            &[URL, ("NETRC", "{home}/keys")],
            &[("keys", "machine {host} login user password {key}\n")],
            RUN,
        )
    },
    case(
        "settings: address in the global file",
        &[KEY],
        &[(".config/wandb/settings", "[default]\nbase_url = {url}\n")],
        RUN,
    ),
    case(
        "settings: address in ./wandb",
        &[KEY],
        &[("wandb/settings", "[default]\nbase_url = {url}\n")],
        RUN,
    ),
    case(
        "settings: names in ./wandb",
        &[URL, KEY],
        &[(
            "wandb/settings",
            "[default]\nentity = conformance\nproject = files\n",
        )],
        "put",
    ),
    Case {
        fails: Some((DOCUMENTED, NETRC_HOST)),
        ..netrc(
            "netrc: host with port",
            &[(".netrc", "machine {host}:{port} login user password {key}\n")],
        )
    },
];

impl Suite<'_> {
    /// Each input, given to both sides in a home folder of its own; a side's answer is the file that it lists and the
    /// way it was asked for, or that it fails.
    pub(super) fn configuration(&mut self, sdk: &Sdk, scratch: &Path) -> Result<()> {
        let script = crate::sh::workspace().join("xtask").join("python").join("sdk.py");
        for (number, case) in CASES.iter().enumerate() {
            let home = scratch.join(format!("configured-{}-{number}", sdk.version));
            self.fill(case, &home)?;
            let first = json!([{"names": ["README"]}]).to_string();
            let python = Sh::new(&sdk.python).args(["-W", "ignore"]).arg(&script);
            let theirs = self.answer(case, &home, python.args(["list", case.run, &first]))?;
            let wbf = Sh::new(self.wbf).args(["ls", case.run, "--name", "README", "--format", "ndjson"]);
            let ours = self.answer(case, &home, wbf)?;
            let what = format!("SDK {}: {}", sdk.version, case.name);
            match case.fails {
                _ if theirs == ours => self.report(&what, &[]),
                Some((version, kind)) if version == sdk.version && theirs.is_none() && ours.is_some() => {
                    self.of_kind(kind, &what);
                }
                _ => self.report(&what, &[format!("the SDK: {theirs:?}, wbf: {ours:?}")]),
            }
        }
        Ok(())
    }

    fn fill(&self, case: &Case, home: &Path) -> Result<()> {
        fs::create_dir_all(home).or_fail(|| format!("make {}", home.display()))?;
        for (name, text) in case.files {
            let path = home.join(name);
            let written = fs::create_dir_all(path.parent().unwrap_or(home))
                .and_then(|()| fs::write(&path, self.filled(text, home)));
            written.or_fail(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    /// The file's name, and its address, which tells the server that was asked. It has come with the right key. `None` where
    /// the command failed.
    fn answer(&self, case: &Case, home: &Path, command: Sh) -> Result<Option<[Value; 2]>> {
        let mut command = command
            .without_env("WANDB_")
            .without_env("NETRC")
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("WANDB_SILENT", "true")
            .env("WANDB_ERROR_REPORTING", "false")
            .env("NO_PROXY", "127.0.0.1,localhost")
            .dir(home);
        for (name, value) in case.env {
            command = command.env(name, self.filled(value, home));
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

    fn filled(&self, text: &str, home: &Path) -> String {
        let address = self
            .server
            .url
            .strip_prefix("http://")
            .unwrap_or(&self.server.url);
        let (host, port) = address.split_once(':').unwrap_or((address, "80"));
        text.replace("{url}", &self.server.url)
            .replace("{host}", host)
            .replace("{port}", port)
            .replace("{key}", self.server.api_key())
            .replace("{home}", &home.to_string_lossy())
    }
}
