//! `wbf cat`.

use wandb_devserver::Fault;

use crate::setup::Setup;

#[tokio::test]
async fn the_bytes_and_nothing_else() {
    let setup = Setup::new(&[("a b.txt", b"line\nno newline")]).await;
    let outcome = setup.wbf(["cat", "e/p/r", "a b.txt"]).await;
    assert_eq!(
        (outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()),
        (0, "line\nno newline", "")
    );
}

#[tokio::test]
async fn a_file_that_does_not_exist_is_told() {
    let setup = Setup::new(&[]).await;
    let outcome = setup.wbf(["cat", "e/p/r", "nope"]).await;
    assert_eq!((outcome.status, outcome.stdout.as_str()), (1, ""));
    assert_eq!(
        outcome.stderr,
        "wbf: e/p/r has no file \"nope\"; `wbf ls e/p/r` shows what there is\n"
    );
}

#[tokio::test]
async fn wrong_bytes_are_told() {
    let setup = Setup::new(&[("a", b"content")]).await;
    setup
        .server
        .inject(Fault::on_storage("").times(u32::MAX).wrong_byte_at(3));
    let outcome = setup.wbf(["cat", "e/p/r", "a"]).await;
    assert_eq!(outcome.status, 1);
    assert!(
        outcome
            .stderr
            .contains("what was written before is not to be trusted"),
        "{}",
        outcome.stderr
    );
}
