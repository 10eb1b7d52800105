//! What a file says of itself.

use crate::setup::Setup;

#[tokio::test]
async fn attributes_are_the_servers() {
    let setup = Setup::new(&[("media/images/a b.png", b"content")]).await;
    let file = setup.files().one("media/images/a b.png").await.unwrap();
    assert!(file.id().is_some());
    assert_eq!(file.run().to_string(), "e/p/r");
    assert_eq!(
        file.url().unwrap(),
        format!("{}/files/e/p/r/media/images/a%20b.png", setup.server.url())
    );
    assert!(file.direct_url().unwrap().starts_with(setup.server.storage_url()));
    assert_eq!(file.size(), 7);
    assert_eq!(file.mimetype(), Some("image/png"));
    assert_eq!(file.md5(), Some("mgNkuembtIDdJeHwKEyFVQ=="));
    assert_eq!(
        file.updated_at_text()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap(),
        file.updated_at().unwrap()
    );
    assert_eq!(file.path_uri(), None, "the embedded server's storage is not S3");
}

#[tokio::test]
async fn it_prints_as_the_sdk_prints_it() {
    let setup = Setup::new(&[("a.json", &[b' '; 1536])]).await;
    let file = setup.files().one("a.json").await.unwrap();
    assert_eq!(file.to_string(), "<File a.json (application/json) 1.5KiB>");
    assert_eq!(format!("{file:?}"), file.to_string());
    assert_eq!(setup.files().to_string(), "<Files e/p/r>");
}

#[tokio::test]
async fn a_reference_is_its_own_uri() {
    let setup = Setup::new(&[]).await;
    setup
        .server
        .add_reference("e", "p", "r", "ref.pt", "s3://bucket/key.pt")
        .await
        .unwrap();
    let file = setup.files().one("ref.pt").await.unwrap();
    assert_eq!(file.path_uri().as_deref(), Some("s3://bucket/key.pt"));
    let folder = tempfile::tempdir().unwrap();
    let error = file
        .download(folder.path(), wandb_transfer::IfExists::Refuse)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"ref.pt\" is a reference to s3://bucket/key.pt: fetch it with that storage's own tools"
    );
}
