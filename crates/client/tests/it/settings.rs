//! Where settings come from, on folders of the test's own.

use std::fs;

use std::time::Duration;

use tempfile::TempDir;
use wandb_client::{Api, ErrorKind, Settings, Sources};

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// A home and a working directory, both empty.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().expect("a folder"));
        fs::create_dir(place.path("home")).expect("a home");
        fs::create_dir(place.path("cwd")).expect("a working directory");
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn sources(&self) -> Sources {
        Sources {
            home: Some(self.path("home")),
            cwd: Some(self.path("cwd")),
            ..Sources::default()
        }
    }
}

fn read(sources: &Sources) -> Settings {
    Settings::from_sources(sources).unwrap_or_else(|error| panic!("{error}"))
}

fn key(settings: &Settings) -> Option<&str> {
    settings.api_key.as_ref().map(|key| key.value.expose())
}

fn entity(settings: &Settings) -> Option<&str> {
    settings.entity.as_ref().map(|entity| entity.value.as_str())
}

fn from(sources: &Sources, value: impl Fn(&Settings) -> String) -> String {
    value(&read(sources))
}

#[test]
fn nothing_set_is_wandb_itself() {
    let place = Place::new();
    let settings = read(&place.sources());
    assert_eq!(settings.base_address(), "https://api.wandb.ai");
    assert_eq!(settings.app_address(), "https://wandb.ai");
    assert_eq!(key(&settings), None);
    assert_eq!(entity(&settings), None);
    assert!(settings.client.user_agent.starts_with("W&B Public Client "));
    assert!(
        fs::read_dir(place.path("home")).expect("home").next().is_none(),
        "nothing is written"
    );
    assert!(
        fs::read_dir(place.path("cwd")).expect("cwd").next().is_none(),
        "nothing is written"
    );
}

#[test]
fn the_environment_counts_more_than_the_local_file_and_that_more_than_the_global_one() {
    let place = Place::new();
    place.write(
        "home/.config/wandb/settings",
        "[default]\nentity = global\nproject = global\nbase_url = http://global:1/\n",
    );
    let sources = place.sources();
    assert_eq!(entity(&read(&sources)), Some("global"));
    place.write("cwd/wandb/settings", "[default]\nentity = local\n");
    let settings = read(&sources);
    assert_eq!(entity(&settings), Some("local"));
    assert_eq!(
        settings.project.as_ref().map(|project| project.value.as_str()),
        Some("global")
    );
    assert_eq!(settings.base_address(), "http://global:1");
    let source = settings.entity.map(|entity| entity.source.to_string());
    assert_eq!(
        source,
        Some(place.path("cwd/wandb/settings").display().to_string())
    );

    let sources = sources
        .with("WANDB_ENTITY", "env")
        .with("WANDB_BASE_URL", "http://env:2/p/");
    let settings = read(&sources);
    assert_eq!(entity(&settings), Some("env"));
    assert_eq!(settings.base_address(), "http://env:2/p");
    assert_eq!(settings.base_url.source.to_string(), "WANDB_BASE_URL");
}

#[test]
fn an_empty_entity_hides_the_files_and_an_empty_address_does_not() {
    let place = Place::new();
    place.write(
        "home/.config/wandb/settings",
        "[default]\nentity = e\nbase_url = http://h\n",
    );
    let settings = read(
        &place
            .sources()
            .with("WANDB_ENTITY", "")
            .with("WANDB_BASE_URL", ""),
    );
    assert_eq!(entity(&settings), None);
    assert_eq!(settings.base_address(), "http://h");
}

#[test]
fn folders_of_the_settings_files_can_be_moved() {
    let place = Place::new();
    place.write("cwd/wandb/settings", "[default]\nentity = cwd\n");
    place.write("cwd/sub/wandb/settings", "[default]\nentity = sub\n");
    place.write("elsewhere/wandb/settings", "[default]\nentity = elsewhere\n");
    place.write("elsewhere/.wandb/keep", "");
    place.write("elsewhere/.wandb/settings", "[default]\nentity = hidden\n");
    place.write("conf/settings", "[default]\nentity = conf\nproject = conf\n");
    let sources = place.sources();
    assert_eq!(entity(&read(&sources)), Some("cwd"));
    assert_eq!(
        entity(&read(&sources.clone().with("WANDB_DIR", "sub"))),
        Some("sub"),
        "relative"
    );
    let moved = sources.clone().with("WANDB_DIR", place.path("elsewhere"));
    assert_eq!(
        entity(&read(&moved)),
        Some("hidden"),
        ".wandb where it exists, as the SDK"
    );
    let moved = sources.with("WANDB_CONFIG_DIR", place.path("conf"));
    let settings = read(&moved);
    assert_eq!(entity(&settings), Some("cwd"));
    assert_eq!(
        settings.project.map(|project| project.value),
        Some("conf".to_owned())
    );
}

#[test]
fn a_settings_file_that_makes_no_sense_is_an_error_that_names_it() {
    let place = Place::new();
    place.write("home/.config/wandb/settings", "[default]\napi_key secret\n");
    let error = Settings::from_sources(&place.sources()).expect_err("broken");
    assert_eq!(error.kind(), &ErrorKind::Settings);
    let message = error.to_string();
    assert!(
        message.contains(".config/wandb/settings") && message.contains("line 2"),
        "{message}"
    );
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn the_key_comes_from_the_environment_then_from_netrc() {
    let place = Place::new();
    let sources = place.sources().with("WANDB_BASE_URL", "http://h:8080");
    place.write("home/_netrc", "machine h password windows\n");
    assert_eq!(key(&read(&sources)), Some("windows"));
    place.write("home/.netrc", "machine h\n  login user\n  password bare\n");
    assert_eq!(key(&read(&sources)), Some("bare"));
    place.write(
        "home/.netrc",
        "machine h login user password bare\nmachine h:8080 login user password port\ndefault password d\n",
    );
    assert_eq!(key(&read(&sources)), Some("port"));
    let source = |settings: &Settings| {
        settings
            .api_key
            .as_ref()
            .map_or(String::new(), |key| key.source.to_string())
    };
    assert_eq!(
        from(&sources, source),
        format!("machine h:8080 in {}", place.path("home/.netrc").display())
    );
    let other = sources.clone().with("WANDB_BASE_URL", "http://other");
    assert_eq!(key(&read(&other)), Some("d"), "default counts, as in requests");

    place.write("mine", "machine h password mine\n");
    let mine = sources.clone().with("NETRC", place.path("mine"));
    assert_eq!(key(&read(&mine)), Some("mine"));
    let mine = mine.with("NETRC", "~/../mine");
    assert_eq!(key(&read(&mine)), Some("mine"));
    let none = mine.clone().with("NETRC", "");
    assert_eq!(
        key(&read(&none)),
        None,
        "an empty NETRC is no file, as in requests"
    );

    let env = mine.with("WANDB_API_KEY", format!(" {KEY}\n"));
    assert_eq!(key(&read(&env)), Some(KEY), "trimmed");
    assert_eq!(from(&env, source), "WANDB_API_KEY");
}

#[test]
fn a_missing_key_says_where_it_was_looked_for_and_where_to_get_one() {
    let place = Place::new();
    let build = |sources: &Sources| {
        let error = Api::builder()
            .settings(read(sources))
            .build()
            .expect_err("no key");
        assert_eq!(error.kind(), &ErrorKind::MissingKey);
        error.to_string()
    };
    let sources = place.sources();
    let netrc = place.path("home/.netrc").display().to_string();
    assert_eq!(
        build(&sources),
        format!(
            "no API key for https://api.wandb.ai: WANDB_API_KEY is not set, and there is no {netrc} with an entry for \
             api.wandb.ai; get one at https://wandb.ai/authorize and set WANDB_API_KEY to it"
        )
    );
    for (text, why) in [
        (
            "machine other password secret",
            "has no entry for api.wandb.ai".to_owned(),
        ),
        (
            "machine api.wandb.ai login user",
            "has no password for api.wandb.ai".to_owned(),
        ),
        (
            "machine api.wandb.ai\nsecret",
            "cannot be read, line 2: neither login".to_owned(),
        ),
    ] {
        place.write("home/.netrc", text);
        let message = build(&sources);
        assert!(
            message.contains(&format!("{netrc} {why}")) && !message.contains("secret"),
            "{message}"
        );
    }
    let gone = sources
        .with("NETRC", place.path("gone"))
        .with("WANDB_BASE_URL", "https://acme.wandb.io");
    let message = build(&gone);
    assert!(
        message.contains("gone") && message.contains("https://acme.wandb.io/authorize"),
        "{message}"
    );
}

#[test]
fn addresses_that_cannot_be_a_server_name_their_source() {
    let place = Place::new();
    let sources = place.sources().with("WANDB_BASE_URL", "wandb.example");
    let error = Settings::from_sources(&sources)
        .expect_err("no scheme")
        .to_string();
    assert!(
        error.contains("\"wandb.example\" (from WANDB_BASE_URL)")
            && error.contains("write https://wandb.example"),
        "{error}"
    );
    let sources = sources.with("WANDB_BASE_URL", "https://wandb.ai/");
    let error = Settings::from_sources(&sources)
        .expect_err("the web pages")
        .to_string();
    assert!(error.contains("did you mean https://api.wandb.ai?"), "{error}");
}

#[test]
fn the_web_pages_can_be_elsewhere() {
    let settings = read(&Sources::default().with("WANDB_APP_URL", "https://pages.example/"));
    assert_eq!(settings.app_address(), "https://pages.example");
}

#[test]
fn timeouts() {
    let with = |value: &str| Settings::from_sources(&Sources::default().with("WANDB_HTTP_TIMEOUT", value));
    for (value, expected) in [("7", 7.0), ("0.5", 0.5), (" 90 ", 90.0)] {
        let settings = with(value).unwrap_or_else(|error| panic!("{error}"));
        let expected = Duration::from_secs_f64(expected);
        assert_eq!(
            (settings.client.stall_timeout, settings.client.connect_timeout),
            (expected, expected)
        );
    }
    for value in ["0", "-1", "soon", "NaN", "inf", "1e30"] {
        let error = with(value).expect_err(value);
        assert!(error.to_string().contains("WANDB_HTTP_TIMEOUT"), "{error}");
    }
    assert!(with("").is_ok(), "empty is not set");
}

#[test]
fn authorities_that_cannot_be_read() {
    let place = Place::new();
    place.write("text", "no certificate");
    place.write("folder/readme", "no certificate");
    place.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
    );
    for name in ["text", "folder", "gone"] {
        let sources = place.sources().with("REQUESTS_CA_BUNDLE", place.path(name));
        let error = Settings::from_sources(&sources).expect_err(name);
        assert_eq!(error.kind(), &ErrorKind::Settings);
        let message = error.to_string();
        assert!(
            message.contains("REQUESTS_CA_BUNDLE") && message.contains(name),
            "{message}"
        );
    }
    let sources = place
        .sources()
        .with("CURL_CA_BUNDLE", place.path("broken.pem"))
        .with("WANDB_API_KEY", KEY);
    let error = Api::builder()
        .settings(read(&sources))
        .build()
        .expect_err("broken");
    assert_eq!(error.kind(), &ErrorKind::Settings, "{error}");
}

#[test]
fn nothing_prints_the_key() {
    let sources = Sources::default().with("WANDB_API_KEY", KEY);
    let settings = read(&sources);
    let api = Api::builder().settings(settings.clone()).build().expect("an Api");
    let builder = Api::builder().settings(settings.clone()).api_key(KEY);
    for shown in [
        format!("{sources:?}"),
        format!("{settings:?}"),
        format!("{api:?}"),
        format!("{builder:?}"),
    ] {
        assert!(!shown.contains(KEY), "{shown}");
    }
}

#[test]
fn a_key_of_netrc_does_not_go_to_another_server() {
    let place = Place::new();
    place.write("home/.netrc", "default password secret\n");
    let settings = read(&place.sources());
    let builder = || Api::builder().base_url("http://localhost:1");
    let error = builder().settings(settings.clone()).build().expect_err("no key");
    assert_eq!(error.kind(), &ErrorKind::MissingKey);
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(Api::builder().settings(settings.clone()).build().is_ok());
    assert!(builder().settings(settings).api_key(KEY).build().is_ok());
    let env = read(&place.sources().with("WANDB_API_KEY", KEY));
    assert!(builder().settings(env).build().is_ok());
}

#[test]
fn no_home_and_no_working_directory_are_no_panic() {
    assert_eq!(key(&read(&Sources::default())), None);
}
