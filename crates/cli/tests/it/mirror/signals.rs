//! What Ctrl-C and SIGTERM leave.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use wandb_devserver::{DevServer, Fault};

use super::status;
use crate::setup::{Setup, objects};

/// Slow enough that a signal comes while files are under way.
async fn slow() -> Setup {
    let setup = Setup::with(DevServer::start().await.unwrap(), &[]).await;
    for file in 0..60 {
        let name = format!("{file:02}.txt");
        setup
            .server
            .add_file("e", "p", "r", &name, name.as_bytes())
            .await
            .unwrap();
    }
    let late = Fault::on_storage("")
        .times(u32::MAX)
        .delay(Duration::from_millis(100));
    setup.server.inject(late);
    setup
}

/// Starts `wbf`, sends it a signal once it has written a line to the stream that is `watched`, and gives what came of it.
async fn signalled(setup: &Setup, args: &[&str], signal: &str, on_stdout: bool) -> (i32, String) {
    let mut command = setup.command(args);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    if on_stdout {
        stdout.next_line().await.unwrap();
    } else {
        said += &stderr.next_line().await.unwrap().unwrap();
    }
    let pid = child.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
    let drain = async { while stdout.next_line().await.unwrap().is_some() {} };
    let listen = async {
        while let Some(line) = stderr.next_line().await.unwrap() {
            said += &line;
            said.push('\n');
        }
    };
    let ended = async { tokio::join!(child.wait(), drain, listen).0.unwrap() };
    let ended = tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .unwrap();
    (ended.code().unwrap_or(-1), said)
}

#[tokio::test]
async fn ctrl_c_loses_nothing() {
    let setup = slow().await;
    let args = ["mirror", "e/p/r", "m", "--jobs", "2"];
    let (code, said) = signalled(&setup, &args, "-INT", true).await;
    assert_eq!(code, 130, "{said}");
    assert!(said.contains("nothing is lost, call again to go on"), "{said}");
    let done = status(&setup).await["counts"]["done"]["files"].as_u64().unwrap();
    assert!((1..60).contains(&done), "{done}");
    setup.server.clear_faults();
    let outcome = setup.wbf(["mirror", "e/p/r", "m", "--format", "ndjson"]).await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(objects(&outcome.stdout).len() as u64, 60 - done);
}

#[tokio::test]
async fn a_worker_moves_what_others_queue_until_it_is_told_to_stop() {
    let setup = slow().await;
    let queued = setup.wbf(["mirror", "e/p/r", "m", "--enqueue"]).await;
    assert_eq!(queued.status, 0, "{}", queued.stderr);
    assert!(queued.stderr.contains("60 files queued ("), "{}", queued.stderr);
    let args = ["mirror", "work", "--state", "m.wbf-ledger.sqlite", "--jobs", "2"];
    let (code, said) = signalled(&setup, &args, "-TERM", false).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the rest goes back to the queue"), "{said}");
    setup.server.clear_faults();
    let outcome = setup
        .wbf("mirror work --state m.wbf-ledger.sqlite --until-empty".split(' '))
        .await;
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let counts = &status(&setup).await["counts"];
    assert_eq!(
        (&counts["done"]["files"], &counts["pending"]["files"]),
        (&60.into(), &0.into())
    );
}
