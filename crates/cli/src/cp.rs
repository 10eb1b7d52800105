//! `wbf cp`.

use std::process::ExitCode;

use wandb_client::Api;

use crate::args::CpArgs;
use crate::console::Console;
use crate::failure::Failure;
use crate::report::{Report, Work};
use crate::send::Sending;

pub(crate) async fn run(args: CpArgs, console: &Console) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let from = api.run_unchecked(&args.from).await?;
    let to = api.run_unchecked(&args.to).await?;
    if from.path() == to.path() {
        return Err(Failure::Usage(format!(
            "{} is both the run to copy from and the one to copy to",
            from.path()
        )));
    }
    let mut files = from.files().names(&args.names).per_page(args.per_page);
    if let Some(pattern) = args.pattern {
        files = files.pattern(pattern);
    }
    let uploads = files.copy_to(&to.files(), args.jobs)?;
    let sending = Sending {
        api: &api,
        console,
        report: Report::new(Work::Copy, args.format, console),
    };
    sending.carry_out(uploads).await
}
