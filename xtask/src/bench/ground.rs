//! What everybody is measured on: files, nginx in front of them, and servers that list them.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::nginx::Nginx;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::bins::{self, Bins};
use crate::devserver::DevServer;
use crate::error::{Context, Result};
use crate::python;
use crate::sample::noise;
use crate::sh::{self, Sh};

/// The latency of every request where there is one, of the listing and of the bytes.
pub(super) const LATENCY: Duration = Duration::from_millis(30);
/// That of listings and selections.
pub(super) const LISTING_LATENCY: Duration = Duration::from_millis(20);
/// What one connection brings in a second, where that is limited.
pub(super) const RATE: u64 = 40_000_000;

/// After so many seconds a contender has failed.
const TIME_LIMIT: usize = 300;

/// How files of one run come: how many, of how many bytes.
#[derive(Clone, Copy)]
pub(super) struct Files {
    pub(super) run: &'static str,
    pub(super) count: usize,
    pub(super) bytes: usize,
}

pub(super) const SMALL: Files = Files {
    run: "bench/files/small",
    count: 2000,
    bytes: 16 << 10,
};
pub(super) const LARGE: Files = Files {
    run: "bench/files/large",
    count: 4,
    bytes: 512 << 20,
};
pub(super) const ONE: Files = Files {
    run: "bench/files/one",
    count: 1,
    bytes: 2 << 30,
};
/// All runs of the selection, as wbf takes them.
pub(super) const SELECTED: &str = "bench/selection/";
pub(super) const SENT: Files = Files {
    run: "bench/files/sent",
    count: 1000,
    bytes: 64 << 10,
};

impl Files {
    pub(super) fn name(number: usize) -> String {
        format!("{number:05}.bin")
    }
}

/// Where everything lies.
pub(super) struct Ground {
    pub(super) bins: Bins,
    pub(super) nginx: Nginx,
    pub(super) folder: PathBuf,
    /// How many folders were made for what contenders bring.
    roots: Cell<usize>,
}

impl Ground {
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let files = folder.join("www");
        std::fs::create_dir_all(&files).or_fail(|| format!("make {}", files.display()))?;
        let rate = format!("{}k", RATE / 1024);
        Ok(Self {
            bins: bins::release()?,
            nginx: Nginx::start(&files, folder, LATENCY, &rate)?,
            folder: folder.to_path_buf(),
            roots: Cell::new(0),
        })
    }

    /// A folder for what a contender brings. Many files stay there to the end: for minutes after they are removed, ext4 makes new ones
    /// more slowly, and not for all contenders alike.
    pub(super) fn root(&self) -> Result<PathBuf> {
        let number = self.roots.replace(self.roots.get() + 1);
        let root = self.folder.join(format!("roots/{number}"));
        std::fs::create_dir_all(&root).or_fail(|| format!("make {}", root.display()))?;
        Ok(root)
    }

    /// The files of a run as nginx has them; made where they are missing.
    pub(super) fn seed(&self, files: Files) -> Result<PathBuf> {
        let folder = self.folder.join("www/wandb-files").join(files.run);
        if folder.exists() {
            return Ok(folder);
        }
        std::fs::create_dir_all(&folder).or_fail(|| format!("make {}", folder.display()))?;
        // Not compressible, and different in each file.
        let block = noise(7, (1 << 20).min(files.bytes));
        for number in 0..files.count {
            let path = folder.join(Files::name(number));
            let mut bytes = Vec::with_capacity(files.bytes);
            while bytes.len() < files.bytes {
                let more = block.len().min(files.bytes - bytes.len());
                bytes.extend_from_slice(&block[..more]);
            }
            let mark = format!("{} {number}", files.run);
            bytes[..mark.len()].copy_from_slice(mark.as_bytes());
            std::fs::write(&path, bytes).or_fail(|| format!("write {}", path.display()))?;
        }
        Ok(folder)
    }

    /// A server that lists, and sends to `storage` for the bytes where that is given.
    pub(super) fn server(
        &self,
        name: &str,
        latency: Duration,
        storage: Option<&str>,
        more: &[&str],
    ) -> Result<DevServer> {
        let latency = format!("{}ms", latency.as_millis());
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).or_fail(|| format!("make {}", folder.display()))?;
        let mut arguments = vec!["--record", "--latency", &latency];
        if let Some(storage) = storage {
            arguments.extend(["--storage-url", storage]);
        }
        arguments.extend(more);
        DevServer::start_on_core(&self.bins.devserver, &arguments, &folder, 0)
    }

    /// `bench.py ARGUMENTS` with this version of the SDK.
    pub(super) fn sdk(version: &str, arguments: &[&str]) -> Result<Sh> {
        let python = python::environment(version)?;
        Ok(python::script(&python, "bench.py").args(arguments))
    }

    pub(super) fn wbf(&self, arguments: &[&str]) -> Sh {
        Sh::new(&self.bins.wbf).args(arguments)
    }

    /// curl, which brings what is at these addresses to these paths.
    pub(super) fn curl(&self, pairs: &[(String, PathBuf)]) -> Result<Sh> {
        let text: String = pairs
            .iter()
            .map(|(url, path)| format!("url = \"{url}\"\noutput = \"{}\"\n", path.display()))
            .collect();
        let config = self.write("list.curl", &text)?;
        let curl = [
            "--silent",
            "--fail",
            "--create-dirs",
            "--parallel",
            "--parallel-max",
            "64",
        ];
        Ok(Sh::new("curl").args(curl).arg("--config").arg(config))
    }

    /// The same for aria2, with so many files and so many connections for each at a time.
    pub(super) fn aria2(
        &self,
        pairs: &[(String, PathBuf)],
        (at_once, connections): (usize, usize),
    ) -> Result<Sh> {
        let text: String = pairs
            .iter()
            .map(|(url, path)| {
                let folder = path.parent().unwrap_or(path).display();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                format!("{url}\n  dir={folder}\n  out={name}\n")
            })
            .collect();
        let list = self.write("list.aria2", &text)?;
        let fair = [
            "--quiet",
            "--file-allocation=none",
            "--min-split-size=1M",
            "--input-file",
        ];
        let width = [
            format!("--max-concurrent-downloads={at_once}"),
            format!("--split={connections}"),
            format!("--max-connection-per-server={}", connections.min(16)),
        ];
        Ok(Sh::new("aria2c").args(fair).arg(list).args(width))
    }

    /// curl, which sends the requests of a listing one after the other and reads nothing of the answers: no client that
    /// lists page by page is faster. `server` has to give offsets for cursors.
    pub(super) fn curl_pages(&self, server: &DevServer, run: &str, count: usize, page: usize) -> Result<Sh> {
        let query = sh::workspace().join("schema/queries/run_files.graphql");
        let query = std::fs::read_to_string(&query).or_fail(|| format!("read {}", query.display()))?;
        let names: Vec<&str> = run.split('/').collect();
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let requests: Vec<String> = (0..count.div_ceil(page))
            .map(|number| {
                let after = number * page;
                let cursor = (after > 0).then(|| STANDARD.encode(format!("arrayconnection:{}", after - 1)));
                let variables = json!({"entity": names[0], "project": names[1], "name": names[2],
                    "fileLimit": page, "fileCursor": cursor});
                let body = json!({"operationName": "RunFiles", "query": query, "variables": variables});
                format!(
                    "url = \"{}/graphql\"\nuser = \"api:{}\"\nheader = \"Content-Type: application/json\"\n\
                     fail\noutput = /dev/null\ndata = \"{}\"\n",
                    server.url,
                    server.api_key(),
                    quoted(&body.to_string())
                )
            })
            .collect();
        let config = self.write("pages.curl", &requests.join("next\n"))?;
        Ok(Sh::new("curl").args(["--silent", "--config"]).arg(config))
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, text).or_fail(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}

/// Addresses in the storage, and where their bytes go.
pub(super) fn pairs(files: Files, storage: &str, root: &Path) -> Vec<(String, PathBuf)> {
    let pair = |number| {
        let name = Files::name(number);
        let url = format!("{storage}/wandb-files/{}/{name}", files.run);
        (url, root.join(name))
    };
    (0..files.count).map(pair).collect()
}

/// The same for the files of the selection, asked of the server in one query.
pub(super) fn selected(server: &DevServer, root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let query = r#"{ project(entityName: "bench", name: "selection") { runs(first: 200) { edges { node { name
        files(first: 10) { edges { node { name directUrl } } } } } } } }"#;
    let answer = server.query(query, &json!({}));
    let answer = answer.or_fail(|| "ask for the addresses of the selection".to_owned())?;
    let runs = answer["data"]["project"]["runs"]["edges"].as_array();
    let pairs = runs.into_iter().flatten().flat_map(|run| {
        let folder = root.join(run["node"]["name"].as_str().unwrap_or_default());
        let files = run["node"]["files"]["edges"].as_array().into_iter().flatten();
        files.filter_map(move |file| {
            let text = |field: &str| file["node"][field].as_str();
            Some((text("directUrl")?.to_owned(), folder.join(text("name")?)))
        })
    });
    Ok(pairs.collect())
}

/// Where the SDKs are made, so that it is not measured.
pub(super) fn prepare() -> Result<()> {
    python::VERSIONS
        .iter()
        .try_for_each(|version| python::environment(version).map(drop))
}

/// The command with everything it needs to find the server, measured by `measure.py`, which writes to `result`.
pub(super) fn measured(server: Option<&DevServer>, command: &Sh, times: usize, result: &Path) -> Sh {
    let script = sh::workspace().join("xtask/python/measure.py");
    let measure = Sh::new("python3")
        .arg(script)
        .arg(result)
        .args([times, TIME_LIMIT].map(|number| number.to_string()));
    let command = measure.followed_by(command);
    match server {
        Some(server) => server.client(command),
        None => command,
    }
}
