//! From this machine, or from other storage, to an address.

mod content;
mod destination;
mod put;

use std::time::Duration;

use jiff::Timestamp;
use wandb_http::Redacted;

pub use content::Content;
pub use destination::{Destination, DestinationRenewal};

use crate::error::{Blame, Failure};
use crate::expiry::has_expired;
use crate::report::Report;
use crate::tries::Tries;
use crate::{Md5, Progress, Transfer, TransferError, TransferErrorKind};

const RENEWALS: u32 = 2;

/// What storage has taken, whole.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    /// How many bytes.
    pub bytes: u64,
    /// Their digest, taken from them as they were sent.
    pub md5: Md5,
}

impl Transfer {
    /// PUTs `content` to the address `to`; `name` is what messages call it.
    ///
    /// The bytes go with a `Content-Length`, in pieces, whatever their number: about 256 KiB of them are in memory. What
    /// fails is sent again from its beginning, as [`TransferErrorKind`] says for each kind. An address that storage
    /// refuses as expired is renewed, if the destination can be. HTTP 307 and 308 are followed, and the bytes sent
    /// again; any other redirect is an error.
    ///
    /// The credential goes only where [`with_credentials`](Self::with_credentials) says, so never to a signed address.
    ///
    /// A server that takes no more bytes, or does not answer after the last one, is given four times the stall timeout
    /// of [`with_upload_config`](Self::with_upload_config): what the system has taken on to send cannot be seen, and may
    /// take its time. There is no limit on the whole.
    ///
    /// # Errors
    /// Of every [`TransferErrorKind`] that does not concern a target. Storage has taken nothing then, unless the
    /// connection broke after the last byte; [`TransferErrorKind::Changed`] means that it has not.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use wandb_http::ClientConfig;
    /// use wandb_transfer::{Content, Destination, Transfer};
    ///
    /// let config = ClientConfig::default();
    /// let transfer = Transfer::new(config.build()?)
    ///     .with_upload_config(config);
    /// let to = Destination::new("https://storage.example/weights.pt?signature=abc".parse()?)
    ///     .with_header("Content-Type", "application/octet-stream");
    /// let done = transfer.upload(&Content::file("weights.pt"), &to, "weights.pt", &()).await?;
    /// println!("{} bytes, MD5 {}", done.bytes, done.md5);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn upload(
        &self,
        content: &Content,
        to: &Destination,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<Uploaded, TransferError> {
        let doing = format!("upload {name:?} to {}", Redacted(to.url()));
        let unsent = |failure| TransferError::new(&doing, failure, 0, Duration::ZERO);
        to.request().map_err(unsent)?;
        let mut opened = Some(content.open().await.map_err(unsent)?);
        let (mut to, mut renewals) = (to.clone(), 0);
        let report = Report::new(progress);
        let mut tries = Tries::new(self.inner.retry);
        let mut broke = false;
        loop {
            if has_expired(to.url(), Timestamp::now()) {
                // The clock of this machine may be wrong, so without a fresh address this one is asked.
                let _ = renew(&mut to, &mut renewals).await;
            }
            let sent = self.send_content(content, opened.take(), &to, broke, &report);
            let mut failure = match sent.await {
                Ok(uploaded) => return Ok(uploaded),
                Err(failure) => failure,
            };
            broke = failure.kind == TransferErrorKind::Network;
            // Without a connection, bytes that were handed over have gone nowhere.
            if report.has_advanced() && failure.blame != Some(Blame::Unreachable) {
                tries.progressed();
            }
            if matches!(failure.blame, Some(Blame::Dead | Blame::Refused)) {
                match renew(&mut to, &mut renewals).await {
                    Ok(true) => {
                        tracing::debug!(failure = failure.what(), "a fresh address to {doing}");
                        continue;
                    }
                    Ok(false) => {}
                    Err(why) => failure = failure.and(&format!("no fresh address could be had: {why}")),
                }
            }
            tries.again(&doing, failure, &report).await?;
        }
    }
}

/// Puts a fresh destination in the place of `to`; whether one could be asked for, or why there is none to be had.
async fn renew(to: &mut Destination, renewals: &mut u32) -> Result<bool, String> {
    let Some(renewal) = to.renewal().filter(|_| *renewals < RENEWALS).cloned() else {
        return Ok(false);
    };
    *renewals += 1;
    let fresh = renewal.renew().await.map_err(|error| error.to_string())?;
    fresh
        .request()
        .map_err(|unusable: Failure| unusable.what().to_owned())?;
    *to = fresh.with_renewal(renewal);
    Ok(true)
}
