//! What a row of the table says.

/// One fault, and what has to come of it.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) files: Files,
    pub(super) listing: Listing,
    /// What the server does wrong, as `wandb-devserver --fault` takes it. `{api}` and `{foreign}` stand for addresses.
    pub(super) faults: Vec<String>,
    /// Further arguments of the server.
    pub(super) server: &'static [&'static str],
    pub(super) target: Target,
    pub(super) place: Place,
    pub(super) play: Play,
    /// Further arguments of `wbf get`; the SDK gets `exist_ok` with `--exist-ok`, and `replace` with `--replace`.
    pub(super) arguments: &'static [&'static str],
    /// `WANDB_HTTP_TIMEOUT` of wbf, in seconds.
    pub(super) timeout: &'static str,
    pub(super) expected: Expected,
}

/// What is in the run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    /// One of 100,000 bytes.
    Small,
    /// One of 48 MiB.
    Large,
    /// Four of some hundred bytes.
    Four,
    /// One whose name has 255 bytes.
    Long,
}

/// What the listing tells of the run.
#[derive(Clone)]
pub(super) enum Listing {
    Honest,
    /// Files with these names, which all lead to the one that is there. `{outside}` stands for a folder.
    Told {
        names: &'static [&'static str],
        url: &'static str,
        /// Null if empty.
        direct_url: &'static str,
        right_md5: bool,
    },
}

/// What lies at the target before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Nothing,
    /// Other bytes, of the length of the file.
    OtherBytes,
    /// A link that leads out of the root.
    Link,
}

/// Where the root is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Folder,
    ReadOnly,
    /// A disk on which the file has no room.
    FullDisk,
    /// A limit for the length of a file, at which the file does not end.
    LengthLimit,
}

impl Place {
    /// Whether it takes a mount.
    pub(super) fn is_mounted(self) -> bool {
        matches!(self, Self::ReadOnly | Self::FullDisk)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Play {
    Once,
    /// SIGINT as soon as bytes were asked for.
    Interrupt,
    /// SIGKILL as soon as bytes were asked for, then once more without faults.
    KillAndAgain,
    /// Two at the same time.
    Together,
}

/// What has to come of a row. In none may a short or wrong file, a hang or a leak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expected {
    /// Exit status 0, and every byte right.
    Right,
    /// Exit status 1, and nothing new at any final path.
    Refused,
    /// Exit status 1, and some files right, the others not there.
    Partial,
    /// SIGINT ends it with status 130 within a second and a half, and nothing new is at any final path.
    Interrupted,
    /// Right, or exit status 1, whatever the server made of the bytes.
    Noticed,
    /// Either right or refused: how far the tries reach is left to chance.
    RightOrRefused,
}

pub(super) const OWN_URL: &str = "{api}/files/faults/faults/run/file.bin";

impl Row {
    pub(super) fn new(name: impl Into<String>, files: Files, expected: Expected) -> Self {
        Self {
            name: name.into(),
            files,
            listing: Listing::Honest,
            faults: Vec::new(),
            server: &[],
            target: Target::Nothing,
            place: Place::Folder,
            play: Play::Once,
            arguments: &[],
            timeout: "10",
            expected,
        }
    }

    pub(super) fn fault(mut self, spec: impl Into<String>) -> Self {
        self.faults.push(spec.into());
        self
    }

    pub(super) fn told(
        self,
        names: &'static [&'static str],
        url: &'static str,
        direct_url: &'static str,
    ) -> Self {
        let listing = Listing::Told {
            names,
            url,
            direct_url,
            right_md5: true,
        };
        Self { listing, ..self }
    }

    /// The listing gives no signed address, so that the way goes through `/files` of the API.
    pub(super) fn no_direct_url(self) -> Self {
        self.told(&["file.bin"], OWN_URL, "")
    }
}
