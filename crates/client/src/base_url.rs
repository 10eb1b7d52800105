//! The server's address, and that of the web pages that belong to it.

use url::Url;

/// Where W&B's own server is.
pub(crate) const DEFAULT: &str = "https://api.wandb.ai";

/// Reads a base URL: http or https, a path prefix kept, a trailing slash dropped. The error completes "… cannot be the
/// server's address: ". Rules and hints are those of the SDK's `validate_base_url` (`sdk/wandb_settings.py`).
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    let text = text.trim();
    if !text.contains("://") {
        return Err(format!("it has no scheme; write https://{text} or http://{text}"));
    }
    let mut url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its scheme is {}, not https or http", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password; give the key as WANDB_API_KEY".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or a fragment; drop what follows ? or #".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    if host == "wandb.ai" || host.ends_with(".wandb.ai") {
        if !text.contains("api.") {
            return Err(format!(
                "{host} serves W&B's web pages, not its API; did you mean {DEFAULT}?"
            ));
        }
        if url.scheme() != "https" {
            return Err(format!("http would show the key to others; use {DEFAULT}"));
        }
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The address as it is written: no trailing slash.
pub(crate) fn shown(base: &Url) -> &str {
    base.as_str().trim_end_matches('/')
}

/// The web pages of the server at `base`, by the SDK's rule (`util.app_url`).
pub(crate) fn app_of(base: &Url) -> String {
    let base = shown(base);
    if base.contains("://api.wandb.") && !base.contains("://api.wandb.test") {
        base.replacen("://api.", "://", 1)
    } else {
        base.replacen("://api.", "://app.", 1)
    }
}

/// Host and port, as they stand in the address.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// The names under which a netrc file may have the server, the more exact first: host and port, then the bare host.
pub(crate) fn netrc_hosts(base: &Url) -> Vec<String> {
    let host = base.host_str().unwrap_or_default();
    let bare = host.trim_matches(['[', ']']).to_owned();
    let with_port = base.port_or_known_default().map(|port| format!("{host}:{port}"));
    with_port.into_iter().chain([bare]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_a_server() {
        for (text, url, app) in [
            ("https://api.wandb.ai", "https://api.wandb.ai", "https://wandb.ai"),
            (
                " https://api.wandb.ai/ \n",
                "https://api.wandb.ai",
                "https://wandb.ai",
            ),
            ("HTTP://Local:8080//", "http://local:8080", "http://local:8080"),
            ("https://h/prefix/", "https://h/prefix", "https://h/prefix"),
            ("https://h/a/b", "https://h/a/b", "https://h/a/b"),
            (
                "https://acme.wandb.io",
                "https://acme.wandb.io",
                "https://acme.wandb.io",
            ),
            (
                "https://api.acme.example",
                "https://api.acme.example",
                "https://app.acme.example",
            ),
            (
                "https://api.wandb.test",
                "https://api.wandb.test",
                "https://app.wandb.test",
            ),
            ("http://[::1]:9", "http://[::1]:9", "http://[::1]:9"),
        ] {
            let parsed = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!((shown(&parsed), app_of(&parsed).as_str()), (url, app), "{text:?}");
        }
    }

    #[test]
    fn addresses_that_cannot_say_why() {
        for (text, why) in [
            ("api.wandb.ai", "write https://api.wandb.ai"),
            ("localhost:8080", "write https://localhost:8080 or http://"),
            ("", "no scheme"),
            ("ftp://h", "scheme is ftp"),
            ("https://", "empty host"),
            ("https://user:secret@h", "WANDB_API_KEY"),
            ("https://h/?x=1", "query"),
            ("https://h/#x", "fragment"),
            ("https://wandb.ai", "did you mean https://api.wandb.ai?"),
            ("https://app.wandb.ai/", "did you mean https://api.wandb.ai?"),
            ("http://api.wandb.ai", "use https://api.wandb.ai"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(
                error.contains(why) && !error.contains("secret"),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn netrc_names() {
        for (base, names) in [
            ("https://api.wandb.ai", ["api.wandb.ai:443", "api.wandb.ai"]),
            ("http://h:8080/p", ["h:8080", "h"]),
            ("http://[::1]:80", ["[::1]:80", "::1"]),
        ] {
            assert_eq!(netrc_hosts(&Url::parse(base).expect("a base")), names);
        }
    }
}
