//! How a large file is cut.

/// When and how a large file is fetched in parts at the same time, by range requests: where its length is known, the
/// server answers them, and one connection alone is slow. Else it comes in one piece.
///
/// ```
/// use wandb_transfer::{Parts, Transfer};
/// let transfer = Transfer::new(wandb_http::ClientConfig::default().build()?)
///     .with_parts(Parts { connections: 4, ..Parts::default() });
/// # Ok::<(), wandb_http::ClientError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Where fewer bytes than this are to come, they come in one piece.
    pub threshold: u64,
    /// The length of a part in bytes.
    pub size: u64,
    /// The parts of one file that come at the same time. Files that are fetched at the same time by one
    /// [`Transfer`](crate::Transfer) and its clones have one connection each, and share the others, so that their number,
    /// and with it the memory, stays bounded.
    pub connections: usize,
    /// A connection that brings fewer bytes than this in a second is slow, and what its file lacks then comes in parts. Only
    /// the time counts in which the network is waited for, not that of the disk. With `u64::MAX` a file comes in parts
    /// from its beginning on, without a look at its connection.
    pub slow_below: u64,
}

impl Default for Parts {
    /// From 32 MiB on, in parts of 8 MiB, 8 at a time: from a server that sends 40 MiB/s over each connection, that was
    /// seven times as fast as one connection, and longer parts were no faster. Where one connection brings 64 MiB/s, a
    /// file comes over that alone: what comes out of order has to be read again to be hashed.
    fn default() -> Self {
        Self {
            threshold: 32 << 20,
            size: 8 << 20,
            connections: 8,
            slow_below: 64 << 20,
        }
    }
}

impl Parts {
    /// Never: every file comes over one connection, and in one piece, unless an earlier run left parts of it.
    #[must_use]
    pub fn none() -> Self {
        Self {
            threshold: u64::MAX,
            connections: 1,
            ..Self::default()
        }
    }
}
