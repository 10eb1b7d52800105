//! Addresses of web pages, and times, of the items of a listing.

use url::Url;
use wandb_client::{Api, DateTime};

/// Where the server's web pages are.
pub(crate) struct App(Option<Url>);

impl App {
    pub(crate) fn of(api: &Api) -> Self {
        Self(Url::parse(&api.settings().app_address()).ok())
    }

    /// The address of a page below it.
    pub(crate) fn address(&self, page: impl FnOnce(&Url) -> Url) -> Option<String> {
        self.0.as_ref().map(|app| page(app).into())
    }
}

/// A time in a table.
pub(crate) fn date(moment: Option<&DateTime>) -> String {
    moment.map_or_else(|| "-".to_owned(), |moment| format!("{:.0}", moment.timestamp()))
}
