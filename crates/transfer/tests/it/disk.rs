//! Names that are not trusted, links, and disks that refuse.

use std::os::unix::fs::symlink;

use wandb_transfer::{IfExists, Root, TransferErrorKind};

use crate::server::{Reply, Server};
use crate::support::{Folder, content, says, source};

const MODES: [IfExists; 3] = [IfExists::Refuse, IfExists::Replace, IfExists::Keep];

async fn server() -> (Vec<u8>, Server) {
    let bytes = content(1000);
    let body = bytes.clone();
    (bytes, Server::start(move |_, _| Reply::ok(body.clone())).await)
}

#[tokio::test]
async fn hostile_names_are_refused_before_any_request() {
    let ((bytes, server), folder) = (server().await, Folder::new());
    for (name, why) in [
        ("../../x", "\"..\""),
        ("..", "\"..\""),
        ("a/../../x", "\"..\""),
        ("a/../b", "\"..\""),
        ("a/..", "\"..\""),
        ("/abs/x", "absolute"),
        ("//abs", "absolute"),
        ("/", "absolute"),
        ("", "empty"),
        (".", "a folder"),
        ("./", "a folder"),
        ("a/", "a folder"),
        ("a/.", "a folder"),
        ("a\0b", "NUL"),
    ] {
        for if_exists in MODES {
            let error = folder
                .get_as(name, &source(server.url(""), &bytes), if_exists)
                .await
                .expect_err(name);
            assert_eq!(
                (error.kind(), error.attempts()),
                (TransferErrorKind::Name, 0),
                "{error}"
            );
            says(&error, &[&format!("{name:?}"), why]);
        }
    }
    assert_eq!((server.count(), folder.names()), (0, vec![]));
    assert_eq!(std::fs::read_dir(folder.outside()).expect("a folder").count(), 1);
}

#[tokio::test]
async fn odd_names_are_ordinary() {
    let ((bytes, server), folder) = (server().await, Folder::new());
    for (name, path) in [
        ("a//b", "a/b"),
        ("./c", "c"),
        ("back\\slash", "back\\slash"),
        ("..\\..\\up", "..\\..\\up"),
        ("new\nline", "new\nline"),
        ("%2e%2e%2fx", "%2e%2e%2fx"),
        ("ünïcode/文件", "ünïcode/文件"),
        ("-rf", "-rf"),
        (" ", " "),
    ] {
        let done = folder
            .get_as(name, &source(server.url(""), &bytes), IfExists::Refuse)
            .await
            .expect(name);
        assert_eq!(done.path, folder.path().join(path));
        assert_eq!(folder.read(path), bytes, "{name}");
    }
}

#[tokio::test]
async fn names_as_long_as_the_file_system_allows_and_longer() {
    let ((bytes, server), folder) = (server().await, Folder::new());
    let longest = "n".repeat(255);
    let source = source(server.url(""), &bytes);
    for name in [longest.clone(), format!("{longest}/{longest}")] {
        let folder = Folder::new();
        folder
            .get_as(&name, &source, IfExists::Refuse)
            .await
            .expect("255 bytes");
        assert_eq!(folder.read(&name), bytes);
    }
    let requests = server.count();
    for name in [
        format!("{longest}n"),
        format!("a/{longest}n"),
        format!("{longest}n/a"),
        format!("{longest}/").repeat(20) + "a",
    ] {
        let error = folder
            .get_as(&name, &source, IfExists::Refuse)
            .await
            .expect_err("too long");
        assert_eq!(error.kind(), TransferErrorKind::Name, "{error}");
        says(&error, &["too long"]);
        assert_eq!(server.count(), requests, "{}", name.len());
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[tokio::test]
async fn links_that_lead_outside_are_refused_before_any_request() {
    let ((bytes, server), folder) = (server().await, Folder::new());
    let outside = folder.outside().join("outside");
    std::fs::create_dir(&outside).expect("a folder");
    symlink(&outside, folder.path().join("absolute")).expect("a link");
    symlink("../outside", folder.path().join("relative")).expect("a link");
    symlink("..", folder.path().join("up")).expect("a link");
    for name in ["absolute/x", "relative/x", "up/outside/x", "relative/new/x"] {
        for if_exists in MODES {
            let error = folder
                .get_as(name, &source(server.url(""), &bytes), if_exists)
                .await
                .expect_err(name);
            assert_eq!(
                (error.kind(), error.attempts()),
                (TransferErrorKind::Name, 0),
                "{error}"
            );
            says(&error, &[name, "symbolic link leads outside"]);
        }
    }
    assert_eq!(server.count(), 0);
    assert_eq!(std::fs::read_dir(&outside).expect("a folder").count(), 0);
}

#[tokio::test]
async fn links_that_stay_inside_are_folders() {
    let ((bytes, server), folder) = (server().await, Folder::new());
    std::fs::create_dir(folder.path().join("real")).expect("a folder");
    symlink("real", folder.path().join("link")).expect("a link");
    folder
        .get_as("link/x", &source(server.url(""), &bytes), IfExists::Refuse)
        .await
        .expect("the file");
    assert_eq!(folder.read("real/x"), bytes);
}

#[tokio::test]
async fn a_link_at_the_final_path_is_never_written_through() {
    let ((bytes, server), folder) = (server().await, Folder::new());
    let victim = folder.outside().join("victim");
    std::fs::write(&victim, &bytes).expect("a file");
    folder.write("inside", b"inside");
    let source = source(server.url(""), &bytes);
    for to in ["../victim", "inside", "nowhere"] {
        symlink(to, folder.path().join("file")).expect("a link");
        let error = folder.get(&source).await.expect_err("exists");
        assert_eq!(error.kind(), TransferErrorKind::Exists, "{error}");
        for if_exists in [IfExists::Replace, IfExists::Keep] {
            folder.get_as("file", &source, if_exists).await.expect("the file");
            let kind = std::fs::symlink_metadata(folder.path().join("file"))
                .expect("a file")
                .file_type();
            assert!(kind.is_file());
            assert_eq!(folder.read("file"), bytes);
            std::fs::remove_file(folder.path().join("file")).expect("a file");
            symlink(to, folder.path().join("file")).expect("a link");
        }
        std::fs::remove_file(folder.path().join("file")).expect("a link");
    }
    assert_eq!(std::fs::read(&victim).expect("the victim"), bytes);
    assert_eq!(folder.names(), ["inside"]);
    assert_eq!(folder.read("inside"), b"inside");
}

#[tokio::test]
async fn a_file_and_a_folder_of_one_name() {
    let ((bytes, server), folder) = (server().await, Folder::new());
    folder.write("a", b"mine");
    std::fs::create_dir_all(folder.path().join("b/c")).expect("folders");
    let source = source(server.url(""), &bytes);
    for if_exists in MODES {
        for (name, why) in [
            ("a/x", "a file stands where a folder is needed"),
            ("a/x/y", "a file stands where a folder is needed"),
            ("b", "a folder stands where the file is to be"),
            ("b/c", "a folder stands where the file is to be"),
        ] {
            let error = folder.get_as(name, &source, if_exists).await.expect_err(name);
            assert_eq!(
                (error.kind(), error.attempts()),
                (TransferErrorKind::Name, 0),
                "{error}"
            );
            says(&error, &[name, why]);
        }
    }
    assert_eq!(
        (server.count(), folder.names()),
        (0, vec!["a".into(), "b/".into(), "b/c/".into()])
    );
    symlink("nowhere", folder.path().join("dangling")).expect("a link");
    let error = folder
        .get_as("dangling/x", &source, IfExists::Replace)
        .await
        .expect_err("no folder");
    assert_eq!(error.kind(), TransferErrorKind::Name, "{error}");
}

#[tokio::test]
async fn a_root_that_cannot_be_used() {
    let folder = Folder::new();
    folder.write("a", b"mine");
    for path in [folder.path().join("a"), folder.path().join("a/b")] {
        let error = Root::open(&path).expect_err("a file is in the way");
        assert_eq!(
            (error.kind(), error.attempts()),
            (TransferErrorKind::Disk, 0),
            "{error}"
        );
        says(
            &error,
            &[
                &path.display().to_string(),
                "a file stands where a folder is needed",
            ],
        );
    }
    assert_eq!(folder.read("a"), b"mine");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_root_that_cannot_be_written() {
    // Where not even root may make a file.
    let root = Root::open("/proc").expect("a folder");
    let (bytes, server) = server().await;
    let error = crate::support::transfer()
        .download(
            &source(server.url(""), &bytes),
            &root,
            "wbf-file",
            IfExists::Refuse,
            &(),
        )
        .await
        .expect_err("cannot be written");
    assert_eq!(
        (error.kind(), error.attempts()),
        (TransferErrorKind::Disk, 1),
        "{error}"
    );
    says(&error, &["/proc/wbf-file cannot be written"]);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn the_empty_root_is_the_current_folder() {
    assert_eq!(
        Root::open("").expect("the current folder").path(),
        std::path::Path::new(".")
    );
}
