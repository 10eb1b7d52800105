//! What the tests share.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use md5::Digest;
use tempfile::TempDir;
use url::Url;
use wandb_http::{Backoff, ClientConfig, RetryConfig};
use wandb_transfer::{
    Downloaded, IfExists, Md5, Progress, Root, Source, Transfer, TransferError, TransferErrorKind,
};

/// Bytes that no shift or repetition of themselves equals.
pub(crate) fn content(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

pub(crate) fn md5(bytes: &[u8]) -> Md5 {
    Md5::from(<[u8; 16]>::from(md5::Md5::digest(bytes)))
}

/// A source of which all is known.
pub(crate) fn source(url: Url, content: &[u8]) -> Source {
    Source::new(url)
        .with_size(content.len() as u64)
        .with_md5(md5(content))
}

pub(crate) fn quick_retry() -> RetryConfig {
    RetryConfig {
        max_retries: 3,
        backoff: Backoff {
            initial: Duration::from_millis(1),
            max: Duration::from_millis(5),
        },
        ..RetryConfig::default()
    }
}

pub(crate) fn client(stall_timeout: Duration) -> reqwest::Client {
    let config = ClientConfig {
        stall_timeout,
        ..ClientConfig::default()
    };
    config.build().expect("a client")
}

pub(crate) fn transfer() -> Transfer {
    transfer_with(Duration::from_secs(20))
}

pub(crate) fn transfer_with(stall_timeout: Duration) -> Transfer {
    let for_uploads = ClientConfig {
        stall_timeout,
        ..ClientConfig::default()
    };
    Transfer::new(client(stall_timeout))
        .with_upload_config(for_uploads)
        .with_retry(quick_retry())
}

/// A folder to download into.
pub(crate) struct Folder {
    dir: TempDir,
    pub(crate) root: Root,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = Root::open(dir.path().join("root")).expect("a root");
        Self { dir, root }
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    /// The folder round the root.
    pub(crate) fn outside(&self) -> &Path {
        self.dir.path()
    }

    /// All that is in the root, below it too, by its path: folders end in `/`.
    pub(crate) fn names(&self) -> Vec<String> {
        fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let entry = entry.expect("an entry");
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type().expect("a type").is_dir() {
                    walk(&entry.path(), &format!("{name}/"), names);
                    names.push(name + "/");
                } else {
                    names.push(name);
                }
            }
        }
        let mut names = Vec::new();
        walk(self.path(), "", &mut names);
        names.sort();
        names
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).expect(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path().join(name), content).expect(name);
    }

    pub(crate) async fn get(&self, source: &Source) -> Result<Downloaded, TransferError> {
        self.get_as("file", source, IfExists::Refuse).await
    }

    pub(crate) async fn get_as(
        &self,
        name: &str,
        source: &Source,
        if_exists: IfExists,
    ) -> Result<Downloaded, TransferError> {
        transfer()
            .download(source, &self.root, name, if_exists, &())
            .await
    }

    /// The error, after it has been seen that nothing is left in the root and that the message gives no secret away.
    pub(crate) async fn fails(&self, source: &Source, kind: TransferErrorKind) -> TransferError {
        let error = self.get(source).await.expect_err("it must fail");
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(self.names(), [""; 0], "{error}");
        assert!(
            error
                .to_string()
                .starts_with("cannot download \"file\" from http://"),
            "{error}"
        );
        error
    }
}

#[track_caller]
pub(crate) fn says(error: &TransferError, parts: &[&str]) {
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
    }
}

/// Writes down what it hears.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) starts: Mutex<Vec<Option<u64>>>,
    pub(crate) bytes: Mutex<u64>,
    pub(crate) restarts: Mutex<u32>,
    pub(crate) resumed: Mutex<u64>,
    pub(crate) retries: Mutex<Vec<(u32, String)>>,
}

impl Progress for Heard {
    fn started(&self, total: Option<u64>) {
        self.starts.lock().expect("no panic").push(total);
    }
    fn advanced(&self, bytes: u64) {
        *self.bytes.lock().expect("no panic") += bytes;
    }
    fn restarted(&self) {
        *self.bytes.lock().expect("no panic") = 0;
        *self.restarts.lock().expect("no panic") += 1;
    }
    fn resumed(&self, bytes: u64) {
        assert!(!self.starts.lock().expect("no panic").is_empty());
        *self.resumed.lock().expect("no panic") += bytes;
    }
    fn retried(&self, attempt: u32, why: &str, _: Duration) {
        self.retries
            .lock()
            .expect("no panic")
            .push((attempt, why.to_owned()));
    }
}
