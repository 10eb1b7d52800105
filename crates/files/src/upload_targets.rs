//! Where the bytes of uploads go, and telling the server that they are there.

use std::collections::HashMap;
use std::sync::Arc;

use url::Url;
use wandb_queries::{
    CreateRunFiles, MarkRunFilesUploaded, RunUploadUrls, create_run_files, mark_run_files_uploaded,
    run_upload_urls,
};
use wandb_transport::{Operation, Transport as _, TransportError, TransportErrorKind, execute};

use crate::{Context, FilesError, RunPath};

/// How many names the older query is asked for at once: what servers list where no page size is given.
const OLDER_PAGE: usize = 50;

/// Where one file's bytes go.
pub(crate) struct UploadTarget {
    pub(crate) url: Url,
    /// What to send along.
    pub(crate) headers: Vec<(String, String)>,
}

/// The addresses that a server gave, not yet looked at.
struct Given {
    headers: Vec<String>,
    addresses: HashMap<String, String>,
}

/// Asks for addresses to upload `names` to, in one request, and gives one for each name, in this order. Servers without
/// `createRunFiles` are asked by an older query, for 50 names at a time.
pub(crate) async fn upload_targets(
    context: &Context,
    run: &RunPath,
    names: &[String],
) -> Result<Vec<(String, UploadTarget)>, FilesError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let given = if context.server.known().create_run_files {
        match newest(context, run, names).await {
            Err(FilesError::Asking { what, source }) if may_be_older(context, &source) => {
                match older(context, run, names).await {
                    // Whether it was the schema is not sure, so the first reason is told.
                    Err(_) if context.server.known().create_run_files => {
                        return Err(FilesError::Asking { what, source });
                    }
                    given => given?,
                }
            }
            given => given?,
        }
    } else {
        older(context, run, names).await?
    };
    let headers: Vec<(String, String)> = given.headers.iter().filter_map(|line| header(line)).collect();
    names
        .iter()
        .map(|name| {
            let address = given.addresses.get(name).filter(|address| !address.is_empty());
            match address.and_then(|address| context.absolute(address)) {
                Some(url) => Ok((
                    name.clone(),
                    UploadTarget {
                        url,
                        headers: headers.clone(),
                    },
                )),
                None => Err(FilesError::NoUploadAddress {
                    run: run.clone(),
                    name: name.clone(),
                }),
            }
        })
        .collect()
}

/// Tells the server that these files' bytes have been uploaded: nothing where it does not want to know.
pub(crate) async fn mark_uploaded(
    context: &Context,
    run: &RunPath,
    names: &[String],
) -> Result<(), FilesError> {
    if names.is_empty() || !context.server.known().mark_run_files_uploaded {
        return Ok(());
    }
    let variables = mark_run_files_uploaded::Variables {
        entity: run.entity().to_owned(),
        project: run.project().to_owned(),
        run: run.run().to_owned(),
        files: names.to_vec(),
    };
    let marked: Result<mark_run_files_uploaded::ResponseData, _> =
        repeatable::<MarkRunFilesUploaded>(context, variables).await;
    match marked {
        Ok(answer) => match answer.mark_run_files_uploaded.and_then(|answer| answer.success) {
            Some(true) => Ok(()),
            _ => Err(FilesError::NotMarked {
                run: run.clone(),
                count: names.len(),
            }),
        },
        Err(_) if !context.server.known().mark_run_files_uploaded => Ok(()),
        Err(source) => Err(FilesError::Asking {
            what: format!("tell the server of {} uploaded files of {run}", names.len()),
            source: Arc::new(source),
        }),
    }
}

/// Whether the server may be one that lacks `createRunFiles`: it says so, or it does not say what it minds.
fn may_be_older(context: &Context, error: &TransportError) -> bool {
    let known = context.server.known();
    matches!(error.kind(), TransportErrorKind::GraphQl(_)) && !(known.create_run_files && known.introspection)
}

async fn newest(context: &Context, run: &RunPath, names: &[String]) -> Result<Given, FilesError> {
    let variables = create_run_files::Variables {
        entity: run.entity().to_owned(),
        project: run.project().to_owned(),
        run: run.run().to_owned(),
        files: names.to_vec(),
    };
    let answer = repeatable::<CreateRunFiles>(context, variables)
        .await
        .map_err(|source| not_asked(run, names, source))?;
    let created = answer
        .create_run_files
        .filter(|created| created.run_id.as_ref().is_some_and(|id| !id.is_empty()))
        .ok_or_else(|| FilesError::NoRun { run: run.clone() })?;
    let files = created.files.unwrap_or_default();
    Ok(Given {
        headers: created.upload_headers.unwrap_or_default(),
        addresses: files
            .into_iter()
            .filter_map(|file| Some((file.name?, file.upload_url?)))
            .collect(),
    })
}

async fn older(context: &Context, run: &RunPath, names: &[String]) -> Result<Given, FilesError> {
    let mut given = Given {
        headers: Vec::new(),
        addresses: HashMap::new(),
    };
    for names in names.chunks(OLDER_PAGE) {
        let variables = run_upload_urls::Variables {
            name: run.project().to_owned(),
            entity: Some(run.entity().to_owned()),
            run: run.run().to_owned(),
            files: names.iter().cloned().map(Some).collect(),
            description: None,
        };
        let answer = execute::<RunUploadUrls>(&context.server, variables)
            .await
            .map_err(|source| not_asked(run, names, source))?;
        let found = answer.model.and_then(|project| project.bucket);
        let found = found.ok_or_else(|| FilesError::NoRun { run: run.clone() })?;
        let Some(files) = found.files else { continue };
        given.headers = files.upload_headers.unwrap_or_default();
        let nodes = files
            .edges
            .unwrap_or_default()
            .into_iter()
            .filter_map(|edge| edge.node);
        given
            .addresses
            .extend(nodes.filter_map(|file| Some((file.name?, file.url?))));
    }
    Ok(given)
}

/// Sends a mutation that does no harm when it is carried out twice.
async fn repeatable<Q>(context: &Context, variables: Q::Variables) -> Result<Q::ResponseData, TransportError>
where
    Q: wandb_queries::GraphQLQuery,
{
    let operation = Operation::new::<Q>(variables)?.idempotent();
    let name = operation.name();
    context.server.send(operation).await?.decode(name)
}

fn not_asked(run: &RunPath, names: &[String], source: TransportError) -> FilesError {
    FilesError::Asking {
        what: format!("ask where to upload {} files of {run} to", names.len()),
        source: Arc::new(source),
    }
}

/// A header as servers list it, `Key:Value`; a value may hold further colons.
fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use wandb_devserver::{DevServer, Fault, Feature};
    use wandb_http::{ClientConfig, Credential};
    use wandb_transfer::Transfer;
    use wandb_transport::HttpTransport;

    use super::*;

    async fn server_without(features: &[Feature]) -> (DevServer, Context) {
        let builder = features
            .iter()
            .fold(DevServer::builder(), |builder, feature| builder.without(*feature));
        let server = builder.start().await.unwrap();
        server.add_run("e", "p", "r").await.unwrap();
        let base: Url = server.url().parse().unwrap();
        let http = ClientConfig::default().build().unwrap();
        let credential = Arc::new(Credential::api_key(&base, server.api_key()));
        let transport = HttpTransport::new(http.clone(), &base).with_credentials(credential);
        let context = Context::new(base, Arc::new(transport), Transfer::new(http));
        (server, context)
    }

    fn run() -> RunPath {
        RunPath::new("e", "p", "r")
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("a b/{n}.png")).collect()
    }

    fn operations(server: &DevServer) -> Vec<String> {
        let requests = server.graphql_requests().into_iter();
        let operations = requests.map(|request| request.operation.unwrap()).collect();
        server.clear_requests();
        operations
    }

    #[tokio::test]
    async fn one_request_gives_every_name_its_address_and_headers() {
        let (server, context) = server_without(&[]).await;
        let names = names(120);
        let targets = upload_targets(&context, &run(), &names).await.unwrap();
        let given: Vec<&String> = targets.iter().map(|(name, _)| name).collect();
        assert_eq!(given, names.iter().collect::<Vec<_>>());
        for (_, target) in &targets {
            assert!(
                target.url.as_str().starts_with(server.storage_url()),
                "{}",
                target.url
            );
            assert!(!target.headers.is_empty());
            assert!(target.headers.iter().all(|(name, _)| !name.contains(':')));
        }
        assert_eq!(operations(&server), ["CreateRunFiles"]);
        assert!(upload_targets(&context, &run(), &[]).await.unwrap().is_empty());
        assert!(operations(&server).is_empty());
    }

    #[tokio::test]
    async fn older_servers_are_asked_by_the_older_query_however_they_refuse() {
        for hidden in [false, true] {
            let mut lacking = vec![Feature::CreateRunFiles];
            lacking.extend(hidden.then_some(Feature::Introspection));
            let (server, context) = server_without(&lacking).await;
            let names = names(120);
            let targets = upload_targets(&context, &run(), &names).await.unwrap();
            assert_eq!(targets.len(), 120);
            assert_eq!(targets[119].0, names[119]);
            assert!(!targets[0].1.headers.is_empty());
            assert_eq!(
                operations(&server),
                [
                    "CreateRunFiles",
                    "ServerFeatures",
                    "RunUploadUrls",
                    "RunUploadUrls",
                    "RunUploadUrls"
                ]
            );
            upload_targets(&context, &run(), &names[..1]).await.unwrap();
            assert_eq!(operations(&server), ["RunUploadUrls"]);
        }
    }

    #[tokio::test]
    async fn a_server_that_does_not_say_what_it_minds_is_tried_by_the_older_query() {
        let (server, context) = server_without(&[Feature::Introspection]).await;
        let bad = || Fault::on_graphql().operation("CreateRunFiles").times(9);
        server.inject(bad().reply(400, &[], r#"{"errors":[{"message":"bad request"}]}"#));
        assert_eq!(
            upload_targets(&context, &run(), &names(1)).await.unwrap().len(),
            1
        );
        let unknown = RunPath::new("e", "p", "x");
        let error = upload_targets(&context, &unknown, &names(1)).await.err().unwrap();
        assert!(error.to_string().contains("bad request"), "{error}");
    }

    #[tokio::test]
    async fn a_run_that_is_not_there_is_named() {
        let unknown = RunPath::new("e", "p", "x");
        let (_server, context) = server_without(&[]).await;
        let error = upload_targets(&context, &unknown, &names(2)).await.err().unwrap();
        assert!(
            error
                .to_string()
                .starts_with("cannot ask where to upload 2 files of e/p/x to: CreateRunFiles failed: "),
            "{error}"
        );
        let (_server, context) = server_without(&[Feature::CreateRunFiles]).await;
        let error = upload_targets(&context, &unknown, &names(2)).await.err().unwrap();
        assert!(error.to_string().starts_with("there is no run e/p/x"), "{error}");

        let (server, context) = server_without(&[]).await;
        for answer in [
            r#"{"data":{"createRunFiles":null}}"#,
            r#"{"data":{"createRunFiles":{"runID":"","files":[]}}}"#,
        ] {
            server.inject(Fault::on_graphql().reply(200, &[], answer));
            let error = upload_targets(&context, &run(), &names(1)).await.err().unwrap();
            assert!(matches!(error, FilesError::NoRun { .. }), "{error}");
        }
    }

    #[tokio::test]
    async fn addresses_are_matched_by_name_and_may_be_relative() {
        let (server, context) = server_without(&[]).await;
        let answer = r#"{"data":{"createRunFiles":{"runID":"1",
            "uploadHeaders":["x-ms-blob-type: BlockBlob","When:12:30","nonsense"],
            "files":[{"name":"b","uploadUrl":"/up/b?s=1"},{"name":"a","uploadUrl":"https://s.example/a"},
                {"name":"c","uploadUrl":null}]}}}"#;
        server.inject(Fault::on_graphql().times(2).reply(200, &[], answer));
        let names = ["a", "b"].map(str::to_owned);
        let targets = upload_targets(&context, &run(), &names).await.unwrap();
        assert_eq!(targets[0].1.url.as_str(), "https://s.example/a");
        let base = server.url().trim_end_matches('/');
        assert_eq!(targets[1].1.url.as_str(), format!("{base}/up/b?s=1"));
        let headers = [("x-ms-blob-type", "BlockBlob"), ("When", "12:30")];
        assert_eq!(
            targets[0].1.headers,
            headers.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let error = upload_targets(&context, &run(), &["c".to_owned()])
            .await
            .err()
            .unwrap();
        assert!(
            error
                .to_string()
                .contains("no usable address to upload \"c\" of e/p/r to")
        );
    }

    #[tokio::test]
    async fn uploads_are_marked_where_the_server_wants_to_know() {
        for (lacking, first, second) in [
            (vec![], vec!["MarkRunFilesUploaded"], vec!["MarkRunFilesUploaded"]),
            (
                vec![Feature::MarkRunFilesUploaded],
                vec!["MarkRunFilesUploaded", "ServerFeatures"],
                vec![],
            ),
            (
                vec![Feature::MarkRunFilesUploaded, Feature::Introspection],
                vec!["MarkRunFilesUploaded", "ServerFeatures"],
                vec![],
            ),
        ] {
            let (server, context) = server_without(&lacking).await;
            for requests in [first, second] {
                mark_uploaded(&context, &run(), &names(2)).await.unwrap();
                assert_eq!(operations(&server), requests, "{lacking:?}");
            }
        }
        let (server, context) = server_without(&[]).await;
        mark_uploaded(&context, &run(), &[]).await.unwrap();
        assert!(operations(&server).is_empty());
        server.inject(Fault::on_graphql().reply(
            200,
            &[],
            r#"{"data":{"markRunFilesUploaded":{"success":false}}}"#,
        ));
        let error = mark_uploaded(&context, &run(), &names(2)).await.unwrap_err();
        assert!(error.to_string().contains("2 uploaded files of e/p/r"), "{error}");
        mark_uploaded(&context, &RunPath::new("e", "p", "x"), &names(1))
            .await
            .unwrap_err();
    }
}
