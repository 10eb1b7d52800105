//! What the tests build on: a server that was killed comes back where it was, with what it had.

use super::Services;
use super::postgres::Fsync;
use super::s3::{self, BUCKET};
use crate::debian;
use crate::error::{Failure, Result};

const OBJECT: &str = "a folder/an object";

/// Writes a row and an object, kills both servers, starts them again and reads.
pub(crate) fn check() -> Result<()> {
    debian::ensure(&["curl"])?;
    let mut services = Services::start(Fsync::Off)?;
    services.postgres.query("CREATE TABLE t (said text)")?;
    services.postgres.query("INSERT INTO t VALUES ('a row')")?;
    curl(
        &services,
        &["--request", "PUT", "--data-binary", "an object's bytes"],
    )?;
    println!("{} {}", services.postgres.url(), services.s3.url());

    for (way, end) in WAYS {
        end(&mut services)?;
        if services.postgres.query("SELECT 1").is_ok() || curl(&services, &[]).is_ok() {
            return Err(Failure::new(format!("{way}, a server still answers")));
        }
        services.postgres.restart()?;
        services.s3.restart()?;
        same(
            "the row",
            &services.postgres.query("SELECT said FROM t")?,
            "a row",
        )?;
        same("the object", &curl(&services, &[])?, "an object's bytes")?;
        println!("{way} and started again: the row and the object are there");
    }
    Ok(())
}

type Way = (&'static str, fn(&mut Services) -> Result<()>);

const WAYS: [Way; 2] = [
    ("killed", |services| {
        services.postgres.kill()?;
        services.s3.kill()
    }),
    ("stopped", |services| {
        services.postgres.stop()?;
        services.s3.stop()
    }),
];

fn same(what: &str, found: &str, expected: &str) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{what} is {found:?} instead of {expected:?}"
        )))
    }
}

/// A request about the object.
fn curl(services: &Services, args: &[&str]) -> Result<String> {
    let object = OBJECT.replace(' ', "%20");
    s3::curl()
        .args(args)
        .arg(format!("{}/{BUCKET}/{object}", services.s3.url()))
        .read()
}
