//! What is done on every server.

/// A column of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Ls,
    LsPattern,
    Get,
    Put,
    Rm,
    RmPattern,
    Cp,
}

impl Operation {
    /// In the order in which they are done on one server.
    pub(super) const ALL: [Self; 7] = [
        Self::Ls,
        Self::LsPattern,
        Self::Get,
        Self::Put,
        Self::Rm,
        Self::RmPattern,
        Self::Cp,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ls => "ls",
            Self::LsPattern => "ls --pattern",
            Self::Get => "get",
            Self::Put => "put",
            Self::Rm => "rm",
            Self::RmPattern => "rm --pattern",
            Self::Cp => "cp",
        }
    }

    /// Whether it makes use of what this is the name of, where a server has it.
    pub(super) fn uses(self, feature: &str) -> bool {
        match feature {
            // Parts of every listing.
            "md5" | "direct-url" | "file-count" => true,
            "pattern" => matches!(self, Self::LsPattern | Self::RmPattern),
            "run-project-id" | "delete-project-id" => matches!(self, Self::Rm | Self::RmPattern),
            "create-run-files" | "mark-run-files-uploaded" => matches!(self, Self::Put | Self::Cp),
            // What only tells of the others.
            _ => false,
        }
    }
}
