//! The one way in which the crates build an HTTP client.

use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder};

/// How connections are made. `Default` is right nearly everywhere.
///
/// TLS by rustls with the system's certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` are read by the platform's
/// verifier), HTTP/2 where the server offers it, connections kept alive, proxies from `HTTP_PROXY`, `HTTPS_PROXY`,
/// `ALL_PROXY` and `NO_PROXY`. Redirects are never followed here: who sends the request decides, so that a credential
/// goes nowhere by accident. There is no limit on the whole of a request, only on a connect and on silence.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The longest that a connection may take to be made.
    pub connect_timeout: Duration,
    /// The longest silence of a server, before its answer and within it.
    pub stall_timeout: Duration,
    /// Certificate authorities to trust besides the system's, as the bytes of a PEM bundle.
    pub extra_roots: Vec<u8>,
}

impl Default for ClientConfig {
    /// 10 s to connect, 60 s of silence.
    fn default() -> Self {
        Self {
            user_agent: concat!("wandb-http/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            extra_roots: Vec::new(),
        }
    }
}

/// A client could not be built: a PEM bundle without a readable certificate, or a header that is none.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up HTTPS: {0}")]
pub struct ClientError(String);

impl ClientConfig {
    /// Builds the client.
    ///
    /// # Errors
    /// Where `extra_roots` holds no readable certificate or `user_agent` cannot be a header.
    pub fn build(&self) -> Result<Client, ClientError> {
        self.build_from(Client::builder().read_timeout(self.stall_timeout))
    }

    /// Builds a client for requests with large bodies: one without a limit on silence, and with a connection for each
    /// request (HTTP/1.1), so that no body waits for another one's share. The library counts the whole time in which a
    /// body is sent as silence, so whoever sends must see by itself that the server takes it.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_for_uploads(&self) -> Result<Client, ClientError> {
        let builder = Client::builder().http1_only();
        // Else a server that does not read for 30 s is cut off by the system.
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        let builder = builder.tcp_user_timeout(None);
        self.build_from(builder)
    }

    fn build_from(&self, builder: ClientBuilder) -> Result<Client, ClientError> {
        let mut builder = builder
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(60));
        if !self.extra_roots.is_empty() {
            let roots = Certificate::from_pem_bundle(&self.extra_roots)
                .map_err(|error| ClientError(format!("the certificate bundle cannot be read: {error}")))?;
            if roots.is_empty() {
                return Err(ClientError(
                    "the certificate bundle holds no certificate".to_owned(),
                ));
            }
            builder = builder.tls_certs_merge(roots);
        }
        builder.build().map_err(|error| ClientError(error.to_string()))
    }
}

/// Whether a request failed because the server's certificate is not trusted: asking again does not help, trusting the
/// authority that signed it does. Walks the error's sources, since no HTTP library has a kind for it.
#[must_use]
pub fn is_untrusted_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.to_string().contains("invalid peer certificate"))
}

/// What to do about [`is_untrusted_certificate`].
pub const CERTIFICATE_HELP: &str = "if the server or a proxy has a certificate of your own authority, name its file in \
                                    REQUESTS_CA_BUNDLE or SSL_CERT_FILE";
