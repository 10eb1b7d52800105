//! The server of the bytes: nginx, on a core of its own, so that it is not what is measured.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::debian;
use crate::error::{Context, Failure, Result};
use crate::http;
use crate::sh::Sh;

/// How long it may take to listen.
const START: Duration = Duration::from_secs(10);
const ECHO: &str = "/usr/lib/nginx/modules/ngx_http_echo_module.so";

/// A running nginx that serves the files of a folder; dropping it stops it.
pub(super) struct Nginx {
    config: PathBuf,
    /// As it is.
    pub(super) plain: String,
    /// Each request is answered so much later.
    pub(super) late: String,
    /// Each connection brings so much in a second.
    pub(super) slow: String,
    status: String,
}

impl Nginx {
    /// Serves `files` with `latency` on one port and `rate` (as nginx writes it) on another.
    pub(super) fn start(files: &Path, folder: &Path, latency: Duration, rate: &str) -> Result<Self> {
        ensure()?;
        let ports = free_ports()?;
        let config = folder.join("nginx.conf");
        let text = configuration(files, folder, latency, rate, ports);
        std::fs::write(&config, text).or_fail(|| format!("write {}", config.display()))?;
        let [plain, late, slow, status] = ports.map(|port| format!("http://127.0.0.1:{port}"));
        let nginx = Self {
            config,
            plain,
            late,
            slow,
            status: format!("{status}/"),
        };
        Sh::new("taskset")
            .args(["-c", "0", "nginx", "-c"])
            .arg(&nginx.config)
            .run()?;
        let begun = Instant::now();
        while nginx.requests().is_err() {
            if begun.elapsed() > START {
                return Err(Failure::new("nginx does not answer"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }

    /// How many requests it has got, this one included.
    pub(super) fn requests(&self) -> Result<u64> {
        let reply = http::send("GET", &self.status, &[], "").and_then(http::Reply::text);
        let text = reply.or_fail(|| "ask nginx how many requests it has got".to_owned())?;
        // The third line: accepted connections, handled ones, requests.
        let numbers = text.lines().nth(2).unwrap_or_default();
        let requests = numbers
            .split_whitespace()
            .nth(2)
            .and_then(|number| number.parse().ok());
        requests.ok_or_else(|| Failure::new(format!("nginx says {text:?} of its requests")))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(
            Sh::new("nginx")
                .args(["-s", "stop", "-c"])
                .arg(&self.config)
                .output(),
        );
    }
}

fn configuration(files: &Path, folder: &Path, latency: Duration, rate: &str, ports: [u16; 4]) -> String {
    let (files, folder) = (files.display(), folder.display());
    let [plain, late, slow, status] = ports;
    let seconds = latency.as_secs_f64();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {folder}/nginx-{name};\n"))
        .concat();
    format!(
        "load_module {ECHO};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
{temporary}    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    root {files};
    server {{ listen 127.0.0.1:{plain}; }}
    server {{
        listen 127.0.0.1:{late};
        location / {{ echo_sleep {seconds}; echo_exec @file; }}
        location @file {{ }}
    }}
    # It waits after each piece but the last: small ones keep short answers to the rate.
    server {{ listen 127.0.0.1:{slow}; limit_rate {rate}; sendfile_max_chunk 400k; }}
    server {{ listen 127.0.0.1:{status}; stub_status; }}
}}
"
    )
}

/// Ports that nobody has: nginx takes no 0, and the other servers have to know.
fn free_ports() -> Result<[u16; 4]> {
    let listeners: Vec<TcpListener> = (0..4)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<std::io::Result<_>>()
        .or_fail(|| "find free ports".to_owned())?;
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener
            .local_addr()
            .or_fail(|| "find free ports".to_owned())?
            .port();
    }
    Ok(ports)
}

/// Installs the peers that come from Debian where they are missing.
pub(super) fn ensure() -> Result<()> {
    let there = |program: &str| Sh::new(program).arg("--version").output().is_ok();
    let programs = ["nginx", "curl", "aria2c", "taskset", "/usr/bin/time"];
    if Path::new(ECHO).exists() && programs.into_iter().all(there) {
        return Ok(());
    }
    let packages = [
        "nginx-light",
        "libnginx-mod-http-echo",
        "aria2",
        "curl",
        "util-linux",
        "time",
    ];
    debian::install(&packages)
}
