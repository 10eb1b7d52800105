//! What has come of a content and is not yet sent.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use object_store::PutPayload;

/// From this size on, a piece is kept as it came; smaller ones are copied together, since each has a price.
const SMALL: usize = 2048;
const TOGETHER: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Pieces {
    pieces: VecDeque<Bytes>,
    small: BytesMut,
    length: u64,
}

impl Pieces {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.length += piece.len() as u64;
        if piece.len() < SMALL {
            self.small.extend_from_slice(&piece);
            if self.small.len() >= TOGETHER {
                self.close();
            }
        } else {
            self.close();
            self.pieces.push_back(piece);
        }
    }

    /// The first `most` bytes, or all that there are.
    pub(super) fn take(&mut self, most: u64) -> PutPayload {
        self.close();
        let mut taken = Vec::new();
        let mut room = most;
        while room > 0
            && let Some(mut piece) = self.pieces.pop_front()
        {
            let fits = usize::try_from(room).unwrap_or(usize::MAX).min(piece.len());
            let fitting = piece.split_to(fits);
            room -= fits as u64;
            taken.push(fitting);
            if !piece.is_empty() {
                self.pieces.push_front(piece);
            }
        }
        self.length -= most - room;
        PutPayload::from_iter(taken)
    }

    fn close(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push_back(self.small.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_bytes_come_out_in_order(lengths in prop::collection::vec(0_usize..5000, 0..60), most in 1_u64..40_000) {
            let mut pieces = Pieces::default();
            let (mut sent, mut came) = (Vec::new(), Vec::new());
            for length in lengths {
                let piece: Vec<u8> = (0..length).map(|n| (n + sent.len()) as u8).collect();
                sent.extend_from_slice(&piece);
                pieces.push(piece.into());
                while pieces.length() >= most {
                    let taken = Bytes::from(pieces.take(most));
                    prop_assert_eq!(taken.len() as u64, most);
                    came.extend_from_slice(&taken);
                }
            }
            came.extend_from_slice(&Bytes::from(pieces.take(most)));
            prop_assert_eq!(pieces.length(), 0);
            prop_assert!(came == sent);
        }
    }
}
