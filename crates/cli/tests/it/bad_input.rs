//! Bad input: what is wrong, where, why, and what next.

use insta::assert_snapshot;
use wandb_devserver::Fault;

use crate::setup::{Outcome, Setup, run};

fn shown(setup: &Setup, outcome: &Outcome) -> String {
    assert_eq!(outcome.stdout, "");
    format!("{} {}", outcome.status, setup.stable(&outcome.stderr))
}

#[tokio::test]
async fn no_key() {
    let setup = Setup::new(&[]).await;
    let mut command = setup.command(["ls", "e/p/r"]);
    command.env_remove("WANDB_API_KEY");
    assert_snapshot!(shown(&setup, &run(command).await), @r#"1 wbf: no API key for [URL]: WANDB_API_KEY is not set, and there is no [ROOT]/.netrc with an entry for 127.0.0.1; get one at [URL]/authorize and set WANDB_API_KEY to it"#);
    assert_eq!(setup.server.requests().len(), 0);
}

#[tokio::test]
async fn a_wrong_key() {
    let setup = Setup::new(&[]).await;
    let mut command = setup.command(["ls", "e/p/r"]);
    command.env("WANDB_API_KEY", "0000000000000000000000000000000000000000");
    let outcome = run(command).await;
    assert!(!outcome.stderr.contains("00000000"), "{}", outcome.stderr);
    assert_snapshot!(shown(&setup, &outcome), @r#"1 wbf: cannot list the files of e/p/r: RunFiles failed: [URL]/graphql does not accept the credential (HTTP 401: user is not logged in); check the API key: WANDB_API_KEY, netrc or an identity token, for this very server; the key comes from WANDB_API_KEY"#);
}

#[tokio::test]
async fn a_run_that_does_not_exist() {
    let setup = Setup::new(&[]).await;
    assert_snapshot!(shown(&setup, &setup.wbf(["ls", "e/p/nope"]).await), @r#"1 wbf: there is no run e/p/nope, or no permission to see it; check the path, and whose key this is"#);
    assert_snapshot!(shown(&setup, &setup.wbf(["ls", "e/nope/r"]).await), @r#"1 wbf: there is no project e/nope, or no permission to see it; check the path, and whose key this is"#);
}

#[tokio::test]
async fn a_path_that_is_none() {
    let setup = Setup::new(&[]).await;
    assert_snapshot!(shown(&setup, &setup.wbf(["ls", "a/b/c/d/e"]).await), @r#"2 wbf: "a/b/c/d/e" names no run: it has too many parts; write ENTITY/PROJECT/RUN, ENTITY/PROJECT/runs/RUN or the run's web address; PROJECT/RUN where an entity is set, RUN where a project is too"#);
}

#[tokio::test]
async fn names_and_a_pattern() {
    let setup = Setup::new(&[]).await;
    let outcome = setup.wbf(["ls", "e/p/r", "--name", "a", "--pattern", "b"]).await;
    assert_snapshot!(shown(&setup, &outcome), @r#"2 error: the argument '--name <NAME>' cannot be used with '--pattern <LIKE>'

Usage: wbf ls --name <NAME> <RUN>...

For more information, try '--help'."#);
}

#[tokio::test]
async fn a_server_that_answers_html() {
    let setup = Setup::new(&[]).await;
    let html = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>";
    setup.server.inject(Fault::on_graphql().times(u32::MAX).reply(
        200,
        &[("Content-Type", "text/html")],
        html,
    ));
    assert_snapshot!(shown(&setup, &setup.wbf(["ls", "e/p/r"]).await), @r#"1 wbf: cannot list the files of e/p/r: RunFiles failed: [URL]/graphql answered HTTP 200 with "<!DOCTYPE html> <html><head><title>Sign in</title></head></html>": it is no GraphQL answer; check that the base URL is the API's, and what proxies stand between"#);
}

#[tokio::test]
async fn a_root_that_cannot_be_written() {
    let setup = Setup::new(&[("a", b"x")]).await;
    std::fs::write(setup.root().join("file"), "").unwrap();
    assert_snapshot!(shown(&setup, &setup.wbf(["get", "e/p/r", "--root", "file/below"]).await), @r#"1 wbf: cannot use the folder file/below as root: it cannot be opened or made: a file stands where a folder is needed; move the file away, or choose another root"#);
}

#[tokio::test]
async fn hostile_names() {
    let setup = Setup::new(&[("../../x", b"evil")]).await;
    let outcome = setup.wbf(["-q", "get", "e/p/r", "--root", "out"]).await;
    assert_snapshot!(shown(&setup, &outcome), @r#"1 wbf: cannot download "../../x" from [STORAGE]/wandb-files/e/p/r/..%2F..%2Fx?***: the name has a part "..", and could leave the root"#);
    let setup = Setup::new(&[("/abs/x", b"evil")]).await;
    let outcome = setup.wbf(["-q", "get", "e/p/r", "--root", "out"]).await;
    assert_snapshot!(shown(&setup, &outcome), @r#"1 wbf: cannot download "/abs/x" from [STORAGE]/wandb-files/e/p/r/%2Fabs%2Fx?***: the name is an absolute path, and would leave the root"#);
}

#[tokio::test]
async fn a_target_that_exists() {
    let setup = Setup::new(&[("a", b"x")]).await;
    std::fs::write(setup.root().join("a"), "mine").unwrap();
    assert_snapshot!(shown(&setup, &setup.wbf(["-q", "get", "e/p/r"]).await), @r#"1 wbf: a exists already; --replace overwrites what exists, --exist-ok keeps it where it is right"#);
}
