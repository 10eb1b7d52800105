//! `wbf cat`.

use std::io::{self, Write as _};
use std::pin::pin;
use std::process::ExitCode;

use futures::TryStreamExt as _;
use wandb_client::Api;

use crate::args::CatArgs;
use crate::console::Console;
use crate::failure::Failure;

pub(crate) async fn run(args: CatArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let file = api.run_unchecked(&args.run).await?.file(&args.name).await?;
    let mut content = pin!(file.stream().await?);
    let mut out = io::stdout();
    let mut written = 0_u64;
    loop {
        match content.try_next().await {
            Ok(Some(bytes)) => {
                out.write_all(&bytes)?;
                written += bytes.len() as u64;
            }
            Ok(None) => break,
            Err(error) => {
                let doubt = if written > 0 {
                    "; what was written before is not to be trusted"
                } else {
                    ""
                };
                return Ok(console.report(&format!("{error}{doubt}")));
            }
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
