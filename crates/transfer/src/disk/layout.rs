//! Which bytes of a partial file are there.

/// A run of bytes of the file, of which the first ones are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    /// `None` for one that goes to an end which is not known.
    pub(crate) end: Option<u64>,
    pub(crate) done: u64,
}

impl Span {
    pub(crate) fn is_done(&self) -> bool {
        self.end == Some(self.start + self.done)
    }

    /// The place of the first byte that is missing.
    pub(crate) fn next(&self) -> u64 {
        self.start + self.done
    }
}

/// The spans of a file: one after the other, without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    spans: Vec<Span>,
    /// The length of a part; 0 for a file in one piece.
    part: u64,
}

impl Layout {
    /// In one piece, of which `done` bytes are there.
    pub(crate) fn whole(size: Option<u64>, done: u64) -> Self {
        let span = Span {
            start: 0,
            end: size,
            done,
        };
        Self {
            spans: vec![span],
            part: 0,
        }
    }

    /// In parts of `part` bytes, of which the first `done` bytes of the file are there.
    pub(crate) fn cut(size: u64, part: u64, done: u64) -> Self {
        let part = part.max(1);
        let mut spans = Vec::new();
        let mut start = 0;
        while start < size {
            let end = start.saturating_add(part).min(size);
            spans.push(Span {
                start,
                end: Some(end),
                done: done.clamp(start, end) - start,
            });
            start = end;
        }
        Self { spans, part }
    }

    /// In parts, of which each has as many bytes as `done` says; `None` where that cannot be.
    pub(crate) fn restore(size: u64, part: u64, done: &[u64]) -> Option<Self> {
        if part == 0 || size.div_ceil(part) != done.len() as u64 {
            return None;
        }
        let mut layout = Self::cut(size, part, 0);
        for (span, done) in layout.spans.iter_mut().zip(done) {
            if span.end.is_some_and(|end| *done > end - span.start) {
                return None;
            }
            span.done = *done;
        }
        Some(layout)
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.part > 0
    }

    pub(crate) fn part(&self) -> u64 {
        self.part
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(crate) fn add(&mut self, span: usize, bytes: u64) {
        self.spans[span].done += bytes;
    }

    /// How many bytes are there from the beginning on, without a gap.
    pub(crate) fn front(&self) -> u64 {
        let missing = self.spans.iter().find(|span| !span.is_done());
        missing.or(self.spans.last()).map_or(0, Span::next)
    }

    /// How many bytes are there in all.
    pub(crate) fn bytes(&self) -> u64 {
        self.spans.iter().map(|span| span.done).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_follow_each_other_to_the_end() {
        for (size, part, done) in [
            (0, 4, 0),
            (1, 4, 0),
            (4, 4, 4),
            (10, 4, 5),
            (10, 3, 10),
            (10, 99, 1),
        ] {
            let layout = Layout::cut(size, part, done);
            let mut at = 0;
            for span in layout.spans() {
                assert_eq!(span.start, at);
                at = span.end.expect("an end");
                assert!(at > span.start && at - span.start <= part);
            }
            assert_eq!((at, layout.front(), layout.bytes()), (size, done, done));
            let done: Vec<u64> = layout.spans().iter().map(|span| span.done).collect();
            assert_eq!(Layout::restore(size, part, &done), Some(layout));
        }
    }

    #[test]
    fn the_front_ends_at_the_first_gap() {
        let mut layout = Layout::cut(10, 4, 2);
        layout.add(2, 2);
        assert_eq!((layout.front(), layout.bytes()), (2, 4));
        layout.add(0, 2);
        assert_eq!(layout.front(), 4);
        layout.add(1, 4);
        assert_eq!((layout.front(), layout.bytes()), (10, 10));
    }

    #[test]
    fn what_cannot_be_is_not_restored() {
        assert_eq!(Layout::restore(10, 0, &[]), None);
        assert_eq!(Layout::restore(10, 4, &[4, 4]), None);
        assert_eq!(Layout::restore(10, 4, &[4, 4, 3]), None);
        assert_eq!(Layout::restore(10, 4, &[4, u64::MAX, 2]), None);
    }
}
