//! `/files/ENTITY/PROJECT/RUN/NAME`.

use crate::client::{basic, field, get, header, server_with, with_key};
use reqwest::Method;

#[tokio::test]
async fn a_file_is_a_redirect_to_its_bytes() {
    let names = [
        "a.txt",
        "media/a b.png",
        "100%?#&+.txt",
        "modèle/ü.h5",
        "../../x",
        "/abs/x",
        "a//b",
        "a/./b",
    ];
    let server = server_with(&names.map(|name| (name, name))).await;
    for name in names {
        let url = field(&server, name, "url").await;
        let answer = with_key(&server, Method::GET, &url).send().await.unwrap();
        assert_eq!(answer.status(), 307, "{name}");
        let storage = get(header(&answer, "location"), &[]).await;
        assert_eq!(
            (storage.status().as_u16(), storage.text().await.unwrap()),
            (200, name.to_owned())
        );
        let direct = get(&field(&server, name, "directUrl").await, &[]).await;
        assert_eq!(direct.text().await.unwrap(), name);
    }
}

#[tokio::test]
async fn head_leads_to_an_address_for_head() {
    let server = server_with(&[("a.txt", "hello")]).await;
    let url = field(&server, "a.txt", "url").await;
    let answer = with_key(&server, Method::HEAD, &url).send().await.unwrap();
    let target = header(&answer, "location").to_owned();
    let storage = crate::client::ask(Method::HEAD, &target, &[]).await;
    assert_eq!(
        (storage.status().as_u16(), header(&storage, "content-length")),
        (200, "5")
    );
    assert_eq!(get(&target, &[]).await.status(), 403);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = server_with(&[("a.txt", "a")]).await;
    let key = basic(server.api_key());
    for path in [
        "team/project/run/b.txt",
        "team/project/other/a.txt",
        "team/project/run",
        "team/project/run/",
        "x",
    ] {
        let answer = get(
            &format!("{}/files/{path}", server.url()),
            &[("authorization", &key)],
        )
        .await;
        assert_eq!(answer.status(), 404, "{path}");
    }
}
