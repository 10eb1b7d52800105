//! Help, completions and manual pages.

use crate::setup::Setup;

#[tokio::test]
async fn every_command_shows_an_example() {
    let setup = Setup::new(&[]).await;
    for command in ["ls", "get", "cat"] {
        let outcome = setup.wbf([command, "--help"]).await;
        assert!(
            outcome
                .stdout
                .contains(&format!("  wbf {command} me/mnist/1a2b3c4d")),
            "{}",
            outcome.stdout
        );
    }
    let outcome = setup.wbf(["--help"]).await;
    assert!(
        outcome.stdout.contains("WANDB_API_KEY") && !outcome.stdout.contains("completions"),
        "{}",
        outcome.stdout
    );
}

#[tokio::test]
async fn completions_and_pages_are_made() {
    let setup = Setup::new(&[]).await;
    let outcome = setup.wbf(["completions", "bash"]).await;
    assert!(outcome.stdout.contains("_wbf()"));
    let outcome = setup.wbf(["man"]).await;
    assert!(outcome.stdout.contains(".TH wbf 1"), "{}", outcome.stdout);
    assert_eq!(setup.wbf(["man", "--dir", "."]).await.status, 0);
    assert!(setup.root().join("wbf-ls.1").exists());
}

#[tokio::test]
async fn wrong_usage_exits_with_2() {
    let setup = Setup::new(&[]).await;
    for args in [
        &["ls"][..],
        &["nonsense"],
        &["ls", "e/p/r", "--per-page", "0"],
        &["get", "e/p/r", "--replace", "--exist-ok"],
    ] {
        assert_eq!(setup.wbf(args).await.status, 2, "{args:?}");
    }
}
