//! What comes of bringing, sending and deleting single files.

use std::path::{Path, PathBuf};

use futures::stream;
use serde_json::{Value, json};
use wandb_files::{LocalFile, Stored, Upload, UploadEvent};
use wandb_transfer::{IfExists, Step};

use crate::kind::{EXIST_OK_CHECKS, OUT_OF_ROOT};
use crate::row::{Row, Told};
use crate::traces::Stage;
use crate::{Result, hands};

/// The SDK's arguments `replace` and `exist_ok`, and what is the same here.
#[derive(Clone, Copy)]
struct Mode {
    name: &'static str,
    replace: bool,
    exist_ok: bool,
    ours: IfExists,
}

const PLAIN: Mode = Mode {
    name: "as it is",
    replace: false,
    exist_ok: false,
    ours: IfExists::Refuse,
};
const REPLACE: Mode = Mode {
    name: "replace",
    replace: true,
    ours: IfExists::Replace,
    ..PLAIN
};
const EXIST_OK: Mode = Mode {
    name: "exist_ok",
    exist_ok: true,
    ours: IfExists::Keep,
    ..PLAIN
};
const TRUST: Mode = Mode {
    name: "exist_ok, trusting",
    ours: IfExists::Trust,
    ..EXIST_OK
};
const BOTH: Mode = Mode {
    name: "replace and exist_ok",
    exist_ok: true,
    ..REPLACE
};

/// What is on disk before a download.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    TheSame,
    Other,
}

/// A file's name, what it holds, what is there before, and how it is brought.
type Download = (&'static str, &'static str, Before, Mode);

const DOWNLOADS: &[Download] = &[
    ("plain.txt", "plain", Before::Nothing, PLAIN),
    ("plain.txt", "plain", Before::TheSame, PLAIN),
    ("plain.txt", "plain", Before::Other, PLAIN),
    ("plain.txt", "plain", Before::Nothing, REPLACE),
    ("plain.txt", "plain", Before::Other, REPLACE),
    ("plain.txt", "plain", Before::Nothing, EXIST_OK),
    ("plain.txt", "plain", Before::TheSame, EXIST_OK),
    ("plain.txt", "plain", Before::Other, EXIST_OK),
    ("plain.txt", "plain", Before::Other, TRUST),
    ("plain.txt", "plain", Before::Other, BOTH),
    ("a/b/c/nested.txt", "nested", Before::Nothing, PLAIN),
    ("a/b/c/nested.txt", "nested", Before::Other, REPLACE),
    ("empty.txt", "", Before::Nothing, PLAIN),
    ("ä b%41 #?&+.txt", "hard", Before::Nothing, PLAIN),
    (" leading and trailing ", "spaces", Before::Nothing, PLAIN),
    ("../out.txt", "out", Before::Nothing, PLAIN),
];

impl Stage {
    /// Every download, upload and deletion, by both sides into folders of their own below `home`.
    pub(crate) async fn deeds(&mut self, home: &Path) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (number, download) in DOWNLOADS.iter().enumerate() {
            rows.push(
                self.download(download, &home.join(format!("download-{number}")))
                    .await?,
            );
        }
        rows.push(self.missing(home).await?);
        for path in ["up.txt", "x/y/up.txt", "ä b%41 #?&+.txt", "empty.txt"] {
            rows.push(self.upload(path, home).await?);
        }
        rows.push(self.deletion().await?);
        Ok(rows)
    }

    async fn download(&mut self, (name, text, before, mode): &Download, home: &Path) -> Result<Row> {
        self.server
            .add_file("e", "p", "deeds", name, text.as_bytes())
            .await?;
        let roots = ["sdk", "ours"].map(|side| home.join(side).join("root"));
        for root in &roots {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(root))?;
            match before {
                Before::Nothing => {}
                Before::TheSame => std::fs::write(path, text)?,
                Before::Other => std::fs::write(path, "what was there before")?,
            }
        }
        let asked = json!({"do": "download", "run": "e/p/deeds", "name": name, "root": roots[0],
            "replace": mode.replace, "exist_ok": mode.exist_ok});
        let theirs = self.python.play(&asked).await?;
        let file = self.ours.files("deeds").one(name).await?;
        let ours = file.download(&roots[1], mode.ours).await;
        let ours = match ours {
            Ok(done) => json!({"path": done.path, "text": std::fs::read_to_string(&done.path)?}),
            Err(_) => Value::Null,
        };
        // A refusal has words of its own on each side; what counts is what is on disk then.
        let theirs = outcome(&theirs["value"], &roots[0], name);
        let ours = outcome(&ours, &roots[1], name);
        let there = match before {
            Before::Nothing => "nothing is there",
            Before::TheSame => "the same is there",
            Before::Other => "something else is there",
        };
        let told = if theirs == ours {
            Told::Equal
        } else if matches!((before, mode.ours), (Before::Other, IfExists::Keep))
            && theirs["text"] == "what was there before"
            && ours["text"] == *text
        {
            Told::Kind(EXIST_OK_CHECKS)
        } else if name.starts_with("..") && theirs["text"] == *text && ours["on_disk"].is_null() {
            Told::Kind(OUT_OF_ROOT)
        } else {
            Told::Differs(theirs.to_string(), ours.to_string())
        };
        Ok(Row {
            what: format!(
                "download of {name:?}, {}, {there}: {}",
                mode.name,
                done(&ours["text"])
            ),
            told,
        })
    }

    /// A name that no file has.
    async fn missing(&mut self, home: &Path) -> Result<Row> {
        let root = home.join("missing");
        let asked = json!({"do": "download", "run": "e/p/deeds", "name": "no such file", "root": root,
            "replace": false, "exist_ok": false});
        let theirs = self.python.play(&asked).await?;
        let ours = self.ours.files("deeds").one("no such file").await;
        let told = match (theirs["raised"].is_string(), ours) {
            (true, Err(_)) => Told::Equal,
            (_, ours) => Told::Differs(theirs.to_string(), format!("{:?}", ours.map(drop))),
        };
        Ok(Row {
            what: "download of a file that is not there: refused".to_owned(),
            told,
        })
    }

    /// Each side uploads to a run of its own; what the server then lists is compared.
    async fn upload(&mut self, path: &str, home: &Path) -> Result<Row> {
        let root = home.join("upload");
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(&root))?;
        std::fs::write(&file, if path.starts_with("empty") { "" } else { "sent" })?;
        for run in ["sdk-sends", "we-send"] {
            self.server.add_run("e", "p", run).await?;
        }
        let asked = json!({"do": "upload", "run": "e/p/sdk-sends", "path": file, "root": root});
        let theirs = self.python.play(&asked).await?["value"].take();
        let ours = self.send(&file, &root).await?;
        let mut listed = Vec::new();
        for run in ["sdk-sends", "we-send"] {
            let file = self.hands.files(run).one(path).await?;
            listed.push(json!([file.name(), file.size(), file.md5(), file.mimetype()]));
        }
        let told = match theirs == ours && listed[0] == listed[1] {
            true => Told::Equal,
            false => Told::Differs(
                format!("{theirs}, {}", listed[0]),
                format!("{ours}, {}", listed[1]),
            ),
        };
        Ok(Row {
            what: format!("upload of {path:?}: {}", done(&theirs)),
            told,
        })
    }

    async fn send(&self, file: &Path, root: &Path) -> Result<Value> {
        let upload = Upload::from(LocalFile::named(file, root)?);
        let mut events = self
            .ours
            .files("we-send")
            .upload_all(stream::iter([Ok(upload)]), 1);
        while let Some(event) = events.next().await {
            match event {
                UploadEvent::File(_, Step::Finished(Stored { file: Some(file), .. })) => {
                    return Ok(json!(file.name()));
                }
                UploadEvent::File(_, Step::Failed(error)) | UploadEvent::Stopped(error) => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        Ok(Value::Null)
    }

    /// Each side deletes one of two files of a run of its own.
    async fn deletion(&mut self) -> Result<Row> {
        for run in ["sdk-deletes", "we-delete"] {
            for name in ["stays.txt", "goes.txt"] {
                self.server.add_file("e", "p", run, name, b"x").await?;
            }
        }
        let asked = json!({"do": "delete", "run": "e/p/sdk-deletes", "name": "goes.txt"});
        let theirs = self.python.play(&asked).await?["raised"].take();
        hands::delete(self.ours.files("we-delete"), &["goes.txt".to_owned()]).await?;
        let mut left = Vec::new();
        for run in ["sdk-deletes", "we-delete"] {
            let selected = self.hands.files(run).select().await?;
            left.push(
                selected
                    .files
                    .iter()
                    .map(|file| file.name().to_owned())
                    .collect::<Vec<_>>(),
            );
        }
        let told = match theirs.is_null() && left[0] == left[1] && left[1] == ["stays.txt"] {
            true => Told::Equal,
            false => Told::Differs(format!("{theirs}, {:?}", left[0]), format!("{:?}", left[1])),
        };
        Ok(Row {
            what: "deletion of one of two: done".to_owned(),
            told,
        })
    }
}

/// Where the file is below its root, what was read of it, and what is on disk.
fn outcome(value: &Value, root: &Path, name: &str) -> Value {
    let path = value["path"].as_str().map(PathBuf::from);
    let below = path.map(|path| path.strip_prefix(root).map(Path::to_path_buf).unwrap_or(path));
    let on_disk = std::fs::read_to_string(root.join(name)).ok();
    json!({"path": below, "text": value["text"], "on_disk": on_disk})
}

fn done(value: &Value) -> &'static str {
    if value.is_null() { "refused" } else { "done" }
}
