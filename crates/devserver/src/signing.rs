use crate::Error;
use crate::file_path::FilePath;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::{Duration, SystemTime};

/// Signs storage addresses, so that each opens one file with one method until it expires.
pub(crate) struct Signer {
    mac: Hmac<Sha256>,
    lifetime: Duration,
}

/// Why a storage address does not open anything.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unsigned,
    Expired,
    Wrong,
}

impl Signer {
    pub(crate) fn new(lifetime: Duration) -> Result<Self, Error> {
        let secret = random_bytes::<32>()?;
        let mac = Hmac::new_from_slice(&secret).map_err(|source| Error::Random(Box::new(source)))?;
        Ok(Self { mac, lifetime })
    }

    /// The query string that opens `path` for `method` from now on.
    pub(crate) fn query(&self, method: &str, path: &FilePath) -> String {
        let expires = seconds_since_1970(SystemTime::now() + self.lifetime);
        let signature = hex(&self.keyed(method, path, expires).finalize().into_bytes());
        format!("Expires={expires}&Signature={signature}")
    }

    /// Checks a query string that [`Signer::query`] made.
    pub(crate) fn check(&self, method: &str, path: &FilePath, query: &str) -> Result<(), Refusal> {
        let field = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
        };
        let (Some((_, expires)), Some((_, signature))) = (field("Expires"), field("Signature")) else {
            return Err(Refusal::Unsigned);
        };
        let expires: u64 = expires.parse().map_err(|_| Refusal::Wrong)?;
        let signature = from_hex(signature).ok_or(Refusal::Wrong)?;
        self.keyed(method, path, expires)
            .verify_slice(&signature)
            .map_err(|_| Refusal::Wrong)?;
        if seconds_since_1970(SystemTime::now()) >= expires {
            Err(Refusal::Expired)
        } else {
            Ok(())
        }
    }

    /// The decoded path is signed, so that a client may write the same address with other escapes.
    fn keyed(&self, method: &str, path: &FilePath, expires: u64) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        for part in [method, &path.entity, &path.project, &path.run, &path.name] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        mac.update(&expires.to_be_bytes());
        mac
    }
}

/// A fresh key of 40 characters, the least that the real server gives and that the SDK takes.
pub(crate) fn random_key() -> Result<String, Error> {
    Ok(hex(&random_bytes::<20>()?))
}

fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|source| Error::Random(Box::new(source)))?;
    Ok(bytes)
}

fn seconds_since_1970(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |age| age.as_secs())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from(DIGITS[usize::from(half)]));
    bytes.iter().flat_map(digits).collect()
}

/// None for what is no even number of hexadecimal digits.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}
