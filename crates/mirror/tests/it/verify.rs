//! What `verify` finds.

use std::fs;

use wandb_mirror::{PlanOptions, VerifyOptions};

use crate::setup::{BOTH, Setup};

async fn problems(setup: &Setup, options: VerifyOptions) -> Vec<String> {
    let mut problems = Vec::new();
    let told = |problem: wandb_mirror::Problem| problems.push(problem.to_string());
    let verified = setup.mirror().await.verify(options, told).await.unwrap();
    assert_eq!(verified.problems, problems.len() as u64);
    problems.sort();
    problems
}

#[tokio::test(flavor = "multi_thread")]
async fn every_difference_is_found() {
    for on in BOTH {
        let setup = Setup::new(on).await;
        setup.fill(2, 5).await;
        setup.plan(PlanOptions::default()).await;
        setup.work().await;
        let options = VerifyOptions::default().read(true);
        assert_eq!(problems(&setup, options).await, Vec::<String>::new(), "{on:?}");

        let run = setup.folder.path().join("mirrored/e/p/r0");
        let flipped = fs::read(run.join("media/000.txt"))
            .unwrap()
            .iter()
            .map(|byte| byte ^ 1)
            .collect::<Vec<_>>();
        fs::write(run.join("media/000.txt"), flipped).unwrap();
        fs::write(run.join("media/001.txt"), "short").unwrap();
        fs::remove_file(run.join("media/002.txt")).unwrap();
        fs::write(run.join("foreign.txt"), "x").unwrap();
        setup.file("r1", "new.txt", b"x").await;
        setup.file("r1", "media/003.txt", b"changed").await;
        setup.delete("r1", "media/004.txt").await;
        let found = problems(&setup, options).await;
        let expected = [
            "e/p/r0/foreign.txt is at the destination, and no mirror put it there",
            "e/p/r0/media/000.txt has the md5",
            "e/p/r0/media/001.txt has 5 bytes at the destination and should have",
            "e/p/r0/media/002.txt is not at the destination",
            "e/p/r1/media/003.txt has changed at the server",
            "e/p/r1/media/004.txt is gone at the server, and still at the destination",
            "e/p/r1/new.txt is new at the server",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }

        let offline = problems(&setup, VerifyOptions::default().server(false)).await;
        assert_eq!(offline.len(), 4, "{offline:#?}");
        assert!(offline[1].contains("was written anew"), "{offline:#?}");

        // What was damaged is moved again, once that is asked for; what is foreign stays.
        let (planned, _) = setup.plan(PlanOptions::default()).await;
        assert_eq!((planned.new, planned.again, planned.gone), (1, 1, 1), "{on:?}");
        setup.work().await;
        problems(&setup, options.repair(true)).await;
        let (_, told) = setup.plan(PlanOptions::default()).await;
        let again = ["000", "001", "002"].map(|file| format!("again e/p/r0/media/{file}.txt"));
        assert_eq!(told, again, "{on:?}");
        setup.work().await;
        let left = problems(&setup, options).await;
        let expected = [
            "e/p/r0/foreign.txt is at the destination, and no mirror put it there",
            "e/p/r1/media/004.txt is gone at the server, and still at the destination",
        ];
        assert_eq!(left, expected, "{on:?}");
    }
}
