//! One process on SQLite that mirrors to a folder, killed at random.

use super::fleet::Fleet;
use super::ground::Ground;
use super::kill::{is_due, moments, moved_again, watch};
use super::ledger::Ledger;
use crate::error::Result;
use crate::sample::Random;

pub(super) fn run(ground: &Ground<'_>) -> Result<()> {
    let (folder, store) = ground.beside("mirrored");
    let ledger = Ledger::Sqlite(folder.with_extension("sqlite"));
    let kills = ground.size.kills.div_ceil(4).max(2);
    let mut moments = moments(&mut Random::new(ground.seed), kills, ground.files.len());
    ground.server.forget_requests()?;
    let command = || ground.command(&store, &ledger);
    let mut mirror = Fleet::start("mirror", 1, ground.folder(), &command)?;
    watch(&ledger, |moved| {
        if is_due(&mut moments, moved) {
            mirror.kill(0)?;
        }
        mirror.is_over()
    })?;
    println!("  killed {} times", mirror.kills);
    moved_again(ground, mirror.kills)?;
    ground.settled(&store, &ledger)
}
