//! What tells servers apart.

use url::Url;

/// Name and port of the server of `url`, the default port included: equal for two addresses of one server.
///
/// ```
/// let url = |text| url::Url::parse(text).expect("an address");
/// assert_eq!(wandb_http::host(&url("https://h/a?b")), "h:443");
/// assert_eq!(wandb_http::host(&url("https://h:443/c")), "h:443");
/// ```
#[must_use]
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
}
