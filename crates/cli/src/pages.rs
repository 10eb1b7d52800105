//! What the commands have in common that print a listing page by page.

use clap::Args;
use wandb_client::{Api, Cursor, Paginator};

use crate::args::{ListFormat, per_page};
use crate::failure::{self, Failure};
use crate::listing::Listing;

#[derive(Args)]
pub(crate) struct PageArgs {
    /// Items to ask for at once
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = per_page())]
    pub(crate) per_page: u32,
    /// Stop after N items
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Begin behind this cursor, as an earlier listing showed it
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
    /// How to show them
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

impl PageArgs {
    /// An empty output, with this head where it is a table.
    pub(crate) fn listing(&self, head: &str) -> Result<Listing, Failure> {
        Ok(Listing::new(self.format, head)?)
    }

    /// How many items to ask for at once where all of them are shown: asking for more only makes the server work.
    pub(crate) fn size(&self) -> u32 {
        let limit = self.limit.unwrap_or(usize::MAX).max(1);
        u32::try_from(limit).map_or(self.per_page, |limit| limit.min(self.per_page))
    }

    /// Loads no more of `items` than are wanted, and gives each page to `show`, which shows no more than there is room for.
    /// `what` completes "cannot list".
    pub(crate) async fn print<T: Send + 'static>(
        &self,
        api: &Api,
        what: &str,
        items: Paginator<T>,
        listing: &mut Listing,
        mut show: impl FnMut(&mut Listing, &T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let limit = self.limit.unwrap_or(usize::MAX);
        // One page ahead hides the server's latency.
        let mut items = items.prefetch(usize::from(self.limit.is_none()));
        if let Some(cursor) = &self.after {
            items = items.start_after(Cursor::from(cursor.as_str()));
        }
        listing.last = None;
        let mut pages = items.into_pages();
        while listing.rows < limit {
            let page = match pages.try_next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) => {
                    listing.flush()?;
                    let resume = listing.last.as_ref();
                    let resume =
                        resume.map_or(String::new(), |cursor| format!("; go on with --after {cursor}"));
                    return Err(Failure::Error(failure::listing(api, what, &error) + &resume));
                }
            };
            for item in &page.items {
                if listing.rows < limit {
                    show(listing, item)?;
                }
            }
            listing.flush()?;
        }
        Ok(())
    }
}
