//! Which local files are uploaded, and under what names.

use std::fs;
use std::path::Path;

use wandb_files::{Globs, Local, LocalFiles};

/// Names of files, paths that are left out, and errors, as text.
fn walked(files: LocalFiles) -> Vec<String> {
    files
        .walk()
        .map(|found| match found {
            Ok(Local::File(file)) => {
                assert_eq!(fs::metadata(&file.path).unwrap().len(), file.bytes);
                file.name
            }
            Ok(Local::LeftOut { path, why }) => {
                format!("{why:?} {}", path.file_name().unwrap().to_str().unwrap())
            }
            Err(error) => error.to_string(),
        })
        .collect()
}

fn tree(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
}

#[test]
fn files_folders_and_globs_are_named_from_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    tree(
        at,
        &["a.txt", "b/c.json", "b/d/e f.json", "b/.hidden", "b/d/#1?.bin"],
    );
    let from = |root: &Path, path: &str| walked(LocalFiles::new(root).path(at.join(path)));

    assert_eq!(from(at, "a.txt"), ["a.txt"]);
    assert_eq!(
        from(at, "b"),
        ["b/.hidden", "b/c.json", "b/d/#1?.bin", "b/d/e f.json"]
    );
    assert_eq!(from(&at.join("b"), "b/d/../c.json"), ["c.json"]);
    assert_eq!(from(at, "b/*.json"), ["b/c.json"]);
    assert_eq!(from(at, "**/*.json"), ["b/c.json", "b/d/e f.json"]);
    // A file of that name goes before what the name would mean as a glob.
    assert_eq!(from(at, "b/d/#1?.bin"), ["b/d/#1?.bin"]);
}

#[test]
fn globs_choose_by_the_name_in_the_run() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path(), &["a.pt", "b/a.pt", "b/a.txt", "b/tmp/a.pt"]);
    let globs = Globs::new(["*.pt"], ["tmp/"]).unwrap();
    let files = LocalFiles::new(folder.path()).path(folder.path()).only(globs);
    assert_eq!(walked(files), ["a.pt", "b/a.pt"]);
}

#[test]
fn what_cannot_be_uploaded_is_told_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    tree(at, &["in/a", "out/b"]);
    let files = LocalFiles::new(at.join("in"))
        .path(at.join("nope"))
        .path(at.join("out/b"))
        .path(at.join("in/*.png"))
        .path(at.join("in"));
    let at = at.to_str().unwrap();
    assert_eq!(
        walked(files),
        [
            format!("cannot upload {at}/nope: No such file or directory (os error 2)"),
            format!(
                "cannot upload {at}/out/b: it lies outside of the root {at}/in, relative to which files are named; choose a \
                 root above it"
            ),
            format!("cannot upload {at}/in/*.png: no file of this name, and none that it matches as a glob"),
            "a".to_owned(),
        ]
    );
}

#[cfg(unix)]
#[test]
fn symlinks_are_left_out_unless_asked_for() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    tree(
        at,
        &[
            "in/a",
            "elsewhere/b",
            "in/.wbf-0011223344556677-8899aabbccddeeff.part",
        ],
    );
    symlink(at.join("elsewhere"), at.join("in/folder")).unwrap();
    symlink(at.join("elsewhere/b"), at.join("in/link")).unwrap();
    symlink(at.join("in"), at.join("in/loop")).unwrap();
    std::os::unix::net::UnixListener::bind(at.join("in/socket")).unwrap();

    let files = LocalFiles::new(at).path(at.join("in"));
    assert_eq!(
        walked(files.clone()),
        [
            "Partial .wbf-0011223344556677-8899aabbccddeeff.part",
            "in/a",
            "Symlink folder",
            "Symlink link",
            "Symlink loop",
            "Special socket",
        ]
    );
    let followed = walked(files.follow_symlinks(true));
    assert_eq!(followed[1..4], ["in/a", "in/folder/b", "in/link"]);
    assert!(
        followed[4].contains("the symlink leads back to the folder"),
        "{followed:?}"
    );
    // A symlink that is named itself is what it leads to.
    assert_eq!(
        walked(LocalFiles::new(at).path(at.join("in/folder"))),
        ["in/folder/b"]
    );
    assert_eq!(walked(LocalFiles::new(at).path(at.join("in/link"))), ["in/link"]);
}
