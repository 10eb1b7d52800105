//! The digest that W&B keeps of every file.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An MD5 digest. Shown in hex, as `md5sum` does.
///
/// ```
/// use wandb_transfer::Md5;
/// let md5 = Md5::from_base64("XUFAKrxLKna5cZ2REBfFkg==")?;   // as W&B's API gives it
/// assert_eq!(md5.to_string(), "5d41402abc4b2a76b9719d911017c592");
/// assert_eq!("5d41402abc4b2a76b9719d911017c592".parse(), Ok(md5));
/// assert!(Md5::from_base64("0").is_err());                   // a placeholder's digest
/// # Ok::<(), wandb_transfer::Md5Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5([u8; 16]);

impl Md5 {
    /// Reads the base64 form, with or without its padding.
    ///
    /// # Errors
    /// Where `text` is not the base64 of 16 bytes, as the `"0"` of a file that does not exist is not.
    pub fn from_base64(text: &str) -> Result<Self, Md5Error> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| Md5Error)?;
        bytes.try_into().map(Self).map_err(|_| Md5Error)
    }

    /// Reads the hex form, in either case.
    ///
    /// # Errors
    /// Where `text` is not 32 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, Md5Error> {
        let text = text.trim();
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Md5Error);
        }
        u128::from_str_radix(text, 16)
            .map(|number| Self(number.to_be_bytes()))
            .map_err(|_| Md5Error)
    }

    /// The base64 form, as W&B's API gives it.
    #[must_use]
    pub fn to_base64(self) -> String {
        BASE64.encode(self.0)
    }

    /// The 16 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<[u8; 16]> for Md5 {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Md5 {
    type Err = Md5Error;

    /// Reads the hex form, which is what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, Md5Error> {
        Self::from_hex(text)
    }
}

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Md5({self})")
    }
}

/// A text that is no MD5 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an MD5 digest: neither the base64 of 16 bytes nor 32 hex digits")]
pub struct Md5Error;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_and_what_is_neither() {
        let md5 = Md5::from_hex("D41D8CD98F00B204E9800998ECF8427E").expect("hex");
        assert_eq!(md5.to_string(), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(Md5::from_base64("1B2M2Y8AsgTpgAmY7PhCfg=="), Ok(md5));
        assert_eq!(Md5::from_base64("1B2M2Y8AsgTpgAmY7PhCfg"), Ok(md5));
        assert_eq!(md5.to_base64(), "1B2M2Y8AsgTpgAmY7PhCfg==");
        assert_eq!(Md5::from(md5.to_bytes()), md5);
        for text in [
            "",
            "0",
            "d41d8cd98f00b204e9800998ecf8427e",
            "1B2M2Y8AsgTpgAmY7PhC",
            "é",
        ] {
            assert_eq!(Md5::from_base64(text), Err(Md5Error), "{text}");
        }
        for text in [
            "",
            "0",
            "+41d8cd98f00b204e9800998ecf8427e",
            "1B2M2Y8AsgTpgAmY7PhCfg==",
        ] {
            assert_eq!(Md5::from_hex(text), Err(Md5Error), "{text}");
        }
    }
}
