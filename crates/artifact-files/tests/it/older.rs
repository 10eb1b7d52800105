//! Servers of other ages.

use wandb_devserver::{ArtifactEntry, DevServer, Feature};
use wandb_transfer::IfExists;

use crate::setup::Setup;

fn entries() -> Vec<ArtifactEntry> {
    vec![
        ArtifactEntry::file("a.txt", "content"),
        ArtifactEntry::reference("b.csv", "s3://bucket/b.csv", "an-etag"),
    ]
}

/// What a server of this kind lists, and how many requests that takes, with what it lacks to be found out.
async fn listed(without: &[Feature]) -> (Vec<(String, Option<String>, bool)>, usize) {
    let lacking = |builder: wandb_devserver::Builder, feature: &Feature| builder.without(*feature);
    let setup = Setup::on(without.iter().fold(DevServer::builder(), lacking), entries()).await;
    let mut files = setup.files("data").paginate().unwrap();
    let files = files.slice(..).await.unwrap().to_vec();
    let asked = setup.asked();
    let folder = tempfile::tempdir().unwrap();
    let done = files[0].download(folder.path(), IfExists::Refuse).await.unwrap();
    assert_eq!(std::fs::read(done.path).unwrap(), b"content");
    let rows = files.iter().map(|file| {
        let md5 = file.md5().map(str::to_owned);
        (file.name().to_owned(), md5, file.is_reference())
    });
    (rows.collect(), asked)
}

#[tokio::test]
async fn every_server_lists_the_same() {
    let (newest, asked) = listed(&[]).await;
    assert_eq!(asked, 1);
    assert_eq!(newest[0].1.as_deref(), Some("mgNkuembtIDdJeHwKEyFVQ=="));
    assert_eq!(newest[1], ("b.csv".to_owned(), None, true));
    let each = [
        Feature::Md5,
        Feature::DirectUrl,
        Feature::IsReference,
        Feature::ArtifactMembershipFiles,
        Feature::ArtifactDigestAlgorithm,
    ];
    for feature in each {
        let (rows, asked) = listed(&[feature]).await;
        assert_eq!(rows, newest, "{feature}");
        assert_eq!(asked, 3, "a refusal, the schema, the listing: {feature}");
        assert_eq!(
            listed(&[feature, Feature::Introspection]).await.0,
            newest,
            "{feature}"
        );
    }
    assert_eq!(listed(&each[2..]).await.0, newest);
}
