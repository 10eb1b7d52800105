//! The servers.

/// A row of the table.
pub(super) struct Server {
    pub(super) name: String,
    /// What it does not have, as `wandb-devserver --without` takes it.
    pub(super) lacks: Vec<&'static str>,
    /// Further arguments of `wandb-devserver`.
    pub(super) arguments: &'static [&'static str],
}

const FEATURES: [&str; 9] = [
    "md5",
    "direct-url",
    "pattern",
    "run-project-id",
    "delete-project-id",
    "create-run-files",
    "mark-run-files-uploaded",
    "server-info-features",
    "file-count",
];
const INTROSPECTION: &str = "introspection";

/// What was added since the schema of 2022.
const SINCE_2022: [&str; 4] = [
    "delete-project-id",
    "create-run-files",
    "mark-run-files-uploaded",
    "server-info-features",
];

impl Server {
    fn lacking(name: impl Into<String>, lacks: &[&'static str]) -> Self {
        Self {
            name: name.into(),
            lacks: lacks.to_vec(),
            arguments: &[],
        }
    }

    fn with(name: &str, arguments: &'static [&'static str]) -> Self {
        Self {
            arguments,
            ..Self::lacking(name, &[])
        }
    }
}

pub(super) fn all() -> Vec<Server> {
    let mut servers = vec![Server::lacking("newest", &[])];
    for feature in FEATURES {
        servers.push(Server::lacking(format!("no {feature}"), &[feature]));
    }
    servers.push(Server::lacking("no introspection", &[INTROSPECTION]));
    for feature in FEATURES {
        servers.push(Server::lacking(
            format!("no introspection, no {feature}"),
            &[INTROSPECTION, feature],
        ));
    }
    let blind_2022 = [&SINCE_2022[..], &[INTROSPECTION]].concat();
    let bare = [&FEATURES[..], &[INTROSPECTION]].concat();
    servers.extend([
        Server::lacking("of 2022", &SINCE_2022),
        Server::lacking("of 2022, no introspection", &blind_2022),
        Server::lacking("none of all these but introspection", &FEATURES),
        Server::lacking("none of all these", &bare),
        Server::with("relative upload addresses", &["--relative-upload-urls"]),
        Server::with("Azure storage", &["--azure"]),
        Server::with("at most 2 deleted at a time", &["--delete-limit", "2"]),
        Server::with("new files in the third listing only", &["--listing-delay", "3"]),
    ]);
    servers
}
