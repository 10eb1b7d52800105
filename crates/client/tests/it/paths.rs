//! How runs are written.

use wandb_client::{names_project, parse_project_path, parse_run_path};

/// What `parse_run_path` makes of `text`: entity (or `-`), project and run.
fn read(text: &str, entity: Option<&str>, project: Option<&str>) -> String {
    let run = parse_run_path(text, entity, project).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    format!(
        "{}/{}/{}",
        run.entity.as_deref().unwrap_or("-"),
        run.project,
        run.run
    )
}

/// Each outcome is what `_parse_path` of the SDK 0.21.3 gave for the same text, with and without defaults.
#[test]
fn forms_of_the_sdk() {
    for (text, bare, with_defaults) in [
        ("e/p/r", "e/p/r", "e/p/r"),
        ("e/p/runs/r", "e/p/r", "e/p/r"),
        ("/e/p/r", "e/p/r", "e/p/r"),
        ("/e/p/runs/r/", "e/p/r", "e/p/r"),
        (" e/p/r ", "e/p/r", "e/p/r"),
        ("e/p/r  ", "e/p/r", "e/p/r"),
        ("p/r", "-/p/r", "E/p/r"),
        ("p/runs/r", "-/p/r", "E/p/r"),
        ("runs/r", "-/runs/r", "E/runs/r"),
        ("p/p", "-/p/p", "E/p/p"),
        ("e/p:r", "e/p/r", "e/p/r"),
        ("e/p/sweeps/r", "e/p/r", "e/p/r"),
        ("/e/p/sweeps/r", "e/p/r", "e/p/r"),
        ("e/p/sweeps/s/runs/r", "e/p/r", "e/p/r"),
        ("e/runs/runs/r", "e/runs/r", "e/runs/r"),
    ] {
        assert_eq!(read(text, None, None), bare, "{text:?}");
        assert_eq!(read(text, Some("E"), Some("P")), with_defaults, "{text:?}");
    }
    for text in ["r", "/r", "/runs/r"] {
        assert_eq!(read(text, Some("E"), Some("P")), "E/P/r", "{text:?}");
        assert_eq!(read(text, None, Some("P")), "-/P/r", "{text:?}");
    }
}

/// Where the SDK takes a text for a run that nobody meant, this reads the run that stands there.
#[test]
fn forms_that_the_sdk_misreads() {
    assert_eq!(read("p:r", Some("E"), Some("P")), "E/p/r");
    assert_eq!(read("e/p:p", Some("E"), None), "e/p/p");
    assert_eq!(read("e/p/runs/r/files", None, None), "e/p/r");
    assert_eq!(read("e/p/runs/r/files/a/runs/b", None, None), "e/p/r");
    assert_eq!(read("e/p/runs/r?nw=nwuser", None, None), "e/p/r");
}

#[test]
fn web_addresses() {
    for (text, run, host) in [
        ("https://wandb.ai/e/p/runs/r", "e/p/r", "wandb.ai"),
        ("HTTPS://wandb.ai/e/p/runs/r/", "e/p/r", "wandb.ai"),
        (
            "https://wandb.ai/e/p/runs/r?workspace=user-x#y",
            "e/p/r",
            "wandb.ai",
        ),
        ("https://wandb.ai/e/p/runs/r/overview", "e/p/r", "wandb.ai"),
        (
            "https://wandb.ai/e/p/runs/r/files/media/runs/x.png",
            "e/p/r",
            "wandb.ai",
        ),
        ("https://wandb.ai/e/p/runs/r/logs?a=b", "e/p/r", "wandb.ai"),
        ("https://wandb.ai/e/my%20p/runs/r", "e/my p/r", "wandb.ai"),
        ("https://wandb.ai/%C3%A9/p/runs/r", "é/p/r", "wandb.ai"),
        (
            "http://localhost:8080/e/p/runs/r/files",
            "e/p/r",
            "localhost:8080",
        ),
        ("https://host.example/wandb/e/p/runs/r", "e/p/r", "host.example"),
        ("https://host.example/a/b/e/p/runs/r/x", "e/p/r", "host.example"),
        ("https://user:pw@wandb.ai/e/p/runs/r", "e/p/r", "wandb.ai"),
        ("https://wandb.ai//e/p//runs/r", "e/p/r", "wandb.ai"),
        ("wandb.ai/e/p/runs/r/files?nw=1", "e/p/r", "wandb.ai"),
        ("https://wandb.ai/e/p/sweeps/s/runs/r", "e/p/r", "wandb.ai"),
        ("https://wandb.ai/e/runs/runs/r", "e/runs/r", "wandb.ai"),
    ] {
        assert_eq!(read(text, Some("E"), Some("P")), run, "{text:?}");
        let parsed = parse_run_path(text, None, None).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(parsed.host.as_deref(), Some(host), "{text:?}");
    }
}

#[test]
fn a_dot_in_an_entity_makes_it_no_host() {
    assert_eq!(read("my.team/p/runs/r", None, None), "my.team/p/r");
    assert_eq!(read("my.team/p/r", None, None), "my.team/p/r");
}

#[test]
fn texts_that_name_no_run() {
    for (text, why) in [
        ("", "it is empty"),
        (" / ", "it is empty"),
        ("r", "no default project is set"),
        ("e//r", "one of its parts is empty"),
        ("e/ /r", "one of its parts is empty"),
        ("e/p/runs/", "no run follows"),
        ("e/p/runs", "no run follows"),
        ("a/b/c/d", "too many parts"),
        ("e/p/x:r", "too many parts"),
        ("p:", "one of its parts is empty"),
        ("e/../r", "cannot be a name"),
        ("../../r", "cannot be a name"),
        ("e/p/runs/..", "cannot be a name"),
        ("e/p\\x/r", "cannot be a name"),
        ("e/p/r\u{0}", "cannot be a name"),
        ("e/p/r%2F..", "cannot be a name"),
        ("https://wandb.ai/e/p/runs/a%2Fb", "cannot be a name"),
        ("https://wandb.ai/e/p/runs/%00", "cannot be a name"),
        ("https://wandb.ai/e/p/runs/%FF", "not that of a UTF-8 text"),
        ("https://wandb.ai/e/p/runs/", "no run follows"),
        ("https://wandb.ai/e/p", "it is no run's address"),
        ("https://wandb.ai/e/p/sweeps/s", "it is no run's address"),
        ("https://wandb.ai/runs/r", "it is no run's address"),
        ("https://wandb.ai", "it is no run's address"),
        ("s3://bucket/e/p/runs/r", "neither https nor http"),
        ("https://", "cannot be read as a web address"),
    ] {
        let error = parse_run_path(text, Some("E"), None).expect_err(text).to_string();
        assert!(error.contains(why), "{text:?}: {error}");
        assert!(error.contains("write ENTITY/PROJECT/RUN"), "{text:?}: {error}");
    }
}

#[test]
fn messages_show_no_secret_of_an_address() {
    let error = parse_run_path("https://user:pw@wandb.ai/e/p?apiKey=abc", None, None)
        .expect_err("no run")
        .to_string();
    assert!(
        error.contains("https://wandb.ai/e/p") && !error.contains("abc") && !error.contains("pw"),
        "{error}"
    );
}

#[test]
fn projects_by_name() {
    let read = |text: &str, entity: Option<&str>| match parse_project_path(text, entity) {
        Ok(path) => format!("{}/{}", path.entity.unwrap_or("?".to_owned()), path.project),
        Err(error) => error.to_string(),
    };
    for (text, is, only_a_project) in [
        ("e/p/", "e/p", true),
        ("e/p/*", "e/p", true),
        ("/e/p/ ", "e/p", true),
        ("e/p", "e/p", false),
        ("p/*", "d/p", true),
        ("p", "d/p", false),
        ("p/", "d/p", false),
        ("https://wandb.ai/e/p", "e/p", true),
        ("https://wandb.ai/e/p/", "e/p", true),
        ("https://wandb.ai/e/p%20q/workspace?nw=nwuser#x", "e/p q", true),
        ("https://host:8080/prefix/e/p/runs", "e/p", true),
        ("wandb.ai/e/p/workspace?nw=1", "e/p", true),
        ("wandb.ai/e/p/runs/", "e/p", true),
    ] {
        assert_eq!(read(text, Some("d")), is, "{text}");
        assert_eq!(names_project(text), only_a_project, "{text}");
    }
    for (text, why) in [
        ("", "it is empty"),
        ("e/p/r", "too many parts"),
        ("https://wandb.ai/e/a%2Fb", "cannot be a name"),
        ("https://wandb.ai/e", "entity and project"),
        ("https://wandb.ai/e/p/runs/r", "address of a run"),
        ("ftp://wandb.ai/e/p", "scheme"),
    ] {
        let error = read(text, None);
        assert!(error.contains(why), "{error}");
    }
    for run in [
        "e/p/r",
        "e/p/r/",
        "e/p/runs/r",
        "p/r",
        "r",
        "r/",
        "https://wandb.ai/e/p/runs/r",
        "wandb.ai/e/p/runs/r",
    ] {
        assert!(!names_project(run), "{run}");
    }
}
