//! Servers that lack something: every combination, and what it costs.

use wandb_devserver::{DevServer, Feature};
use wandb_files::{DeleteEvent, File, Via, delete_all};
use wandb_transfer::IfExists;

use crate::setup::{Setup, names};

/// Every subset of these features.
fn subsets(features: &[Feature]) -> Vec<Vec<Feature>> {
    let bits = 0..1_usize << features.len();
    bits.map(|bits| {
        let chosen = features.iter().enumerate();
        chosen
            .filter(|(place, _)| bits & (1 << place) != 0)
            .map(|(_, feature)| *feature)
            .collect()
    })
    .collect()
}

async fn server_without(features: &[Feature]) -> Setup {
    let builder = features
        .iter()
        .fold(DevServer::builder(), |builder, feature| builder.without(*feature));
    Setup::on(builder, &[("a.json", b"1"), ("b.txt", b"22"), ("c.json", b"333")]).await
}

fn operations(setup: &Setup) -> Vec<String> {
    let requests = setup.server.graphql_requests().into_iter();
    let operations = requests.map(|request| request.operation.unwrap()).collect();
    setup.server.clear_requests();
    operations
}

#[tokio::test]
async fn every_server_lists_filters_and_downloads() {
    let out = tempfile::tempdir().unwrap();
    for lacking in subsets(&[
        Feature::Md5,
        Feature::DirectUrl,
        Feature::Pattern,
        Feature::FileCount,
        Feature::Introspection,
    ]) {
        let setup = server_without(&lacking).await;
        let lacks = |feature| lacking.contains(&feature);
        let is_old = lacking.iter().any(|feature| *feature != Feature::Introspection);

        let every = setup.files();
        let mut matching = every.clone().pattern("%.JSON").paginate().unwrap();
        let listed: Vec<File> = matching.slice(..).await.unwrap().to_vec();
        let listed_names: Vec<&str> = listed.iter().map(File::name).collect();
        assert_eq!(listed_names, ["a.json", "c.json"], "{lacking:?}");
        assert_eq!(matching.len().await.unwrap(), Some(2));
        let asked = operations(&setup);
        let expected = match (is_old, lacks(Feature::Introspection)) {
            (false, _) => 1,
            // The embedded server names everything that it minds at once.
            (true, _) => 3,
        };
        assert_eq!(asked.len(), expected, "{lacking:?}: {asked:?}");

        let mut all = every.clone().per_page(2).paginate().unwrap();
        let count = all.len().await.unwrap();
        assert_eq!(count, (!lacks(Feature::FileCount)).then_some(3), "{lacking:?}");
        assert_eq!(all.slice(..).await.unwrap().len(), 3);
        assert_eq!(all.len().await.unwrap(), Some(3));
        assert_eq!(
            operations(&setup).len(),
            2,
            "what is known is not asked for again"
        );

        for file in &listed {
            assert_eq!(file.md5().is_none(), lacks(Feature::Md5), "{lacking:?}");
            assert_eq!(
                file.direct_url().is_none(),
                lacks(Feature::DirectUrl),
                "{lacking:?}"
            );
            let done = file.download(out.path(), IfExists::Replace).await.unwrap();
            assert_eq!(done.bytes, file.size());
        }
        assert_eq!(operations(&setup).len(), 0, "{lacking:?}");

        let selection = every.names(["b.txt", "nope", "b.txt"]).select().await.unwrap();
        assert_eq!(selection.files.len(), 1, "{lacking:?}");
        assert_eq!(selection.missing, ["nope"], "{lacking:?}");
    }
}

#[tokio::test]
async fn every_server_deletes() {
    for lacking in subsets(&[
        Feature::RunProjectId,
        Feature::DeleteProjectId,
        Feature::Introspection,
    ]) {
        let setup = server_without(&lacking).await;
        let lacks = |feature| lacking.contains(&feature);
        // What is known of the server is shared by everything that is made of one context.
        let every = setup.files();
        let listed = every.clone().pattern("%.json").select().await.unwrap().files;
        operations(&setup);

        let mut deletions = delete_all(listed);
        assert!(
            operations(&setup).is_empty(),
            "nothing is sent before it is polled"
        );
        let mut deleted = Vec::new();
        while let Some(event) = deletions.next().await {
            match event {
                DeleteEvent::Deleted(file) => deleted.push(file.name().to_owned()),
                other => panic!("{lacking:?}: {other:?}"),
            }
        }
        assert_eq!(deleted, ["a.json", "c.json"]);
        assert_eq!(names(every.clone().paginate().unwrap()).await, ["b.txt"]);

        let requests = setup.server.graphql_requests();
        let carried_out = requests
            .iter()
            .rev()
            .find(|request| request.operation.as_deref() == Some("deleteFiles"))
            .unwrap();
        let says_project = carried_out.variables.as_ref().unwrap().get("projectId").is_some();
        assert_eq!(
            says_project,
            !lacks(Feature::RunProjectId) && !lacks(Feature::DeleteProjectId),
            "{lacking:?}"
        );
        let asked = operations(&setup);
        let expected: &[&str] = match (lacks(Feature::RunProjectId), lacks(Feature::DeleteProjectId)) {
            (false, false) => &["RunProjectId", "deleteFiles", "RunFiles"],
            (false, true) => &[
                "RunProjectId",
                "deleteFiles",
                "ServerFeatures",
                "deleteFiles",
                "RunFiles",
            ],
            (true, _) => &[
                "RunProjectId",
                "ServerFeatures",
                "RunProjectId",
                "deleteFiles",
                "RunFiles",
            ],
        };
        assert_eq!(asked, expected, "{lacking:?}");

        every.one("b.txt").await.unwrap().delete().await.unwrap();
        let expected: &[&str] = if lacks(Feature::RunProjectId) || lacks(Feature::DeleteProjectId) {
            &["RunFiles", "deleteFiles"]
        } else {
            &["RunFiles", "RunProjectId", "deleteFiles"]
        };
        assert_eq!(operations(&setup), expected, "{lacking:?}");
    }
}

#[tokio::test]
async fn a_server_without_addresses_in_storage_says_so_where_only_those_may_be_used() {
    let setup = server_without(&[Feature::DirectUrl]).await;
    let file = setup.files().via(Via::Direct).one("a.json").await.unwrap();
    let error = file.stream().await.err().unwrap().to_string();
    assert_eq!(
        error,
        "this server gives no address in storage for \"a.json\"; let it come by way of the server, with Via::Auto or \
         Via::Api"
    );
}

#[tokio::test]
async fn filtering_here_passes_over_pages_and_goes_on_behind_a_cursor() {
    let setup = Setup::on(DevServer::builder().without(Feature::Pattern), &[]).await;
    for n in 0..30 {
        let name = format!("{n}.{}", if n % 10 == 9 { "json" } else { "txt" });
        setup.server.add_file("e", "p", "r", &name, b"x").await.unwrap();
    }
    let matching = setup.files().pattern("%.json").per_page(3);
    let mut listed = matching.clone().paginate().unwrap();
    let first = listed.next().await.unwrap().unwrap().clone();
    assert_eq!(first.name(), "9.json");
    let cursor = first.cursor().unwrap().clone();
    assert_eq!(
        names(matching.start_after(cursor).paginate().unwrap()).await,
        ["19.json", "29.json"]
    );
}
