/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything: also where the header says something that is not understood, which is then to be ignored.
    Whole,
    /// At least one byte.
    Slice { start: u64, length: u64 },
    /// Nothing that there is.
    Outside,
}

/// Reads a `Range` header for a body of `size` bytes. More than one range at a time is not understood, as in S3.
pub(crate) fn read(header: &str, size: u64) -> Part {
    let Some((first, last)) = header
        .trim()
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Part::Whole;
    };
    let bounds = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Some((first, last.min(size.saturating_sub(1)))),
        (Ok(first), Err(_)) if last.is_empty() => Some((first, size.saturating_sub(1))),
        (Err(_), Ok(0)) if first.is_empty() => return Part::Outside,
        (Err(_), Ok(count)) if first.is_empty() => Some((size.saturating_sub(count), size.saturating_sub(1))),
        _ => None,
    };
    match bounds {
        None => Part::Whole,
        Some((first, _)) if first >= size => Part::Outside,
        Some((first, last)) => Part::Slice {
            start: first,
            length: last - first + 1,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_means_them() {
        let slice = |start, length| Part::Slice { start, length };
        for (header, size, part) in [
            ("bytes=0-9", 100, slice(0, 10)),
            ("bytes=90-", 100, slice(90, 10)),
            ("bytes=-10", 100, slice(90, 10)),
            ("bytes=-200", 100, slice(0, 100)),
            ("bytes=50-500", 100, slice(50, 50)),
            ("bytes=99-99", 100, slice(99, 1)),
            ("bytes=100-", 100, Part::Outside),
            ("bytes=-0", 100, Part::Outside),
            ("bytes=0-", 0, Part::Outside),
            ("bytes=5-4", 100, Part::Whole),
            ("bytes=0-1,3-4", 100, Part::Whole),
            ("bytes=-", 100, Part::Whole),
            ("items=0-9", 100, Part::Whole),
        ] {
            assert_eq!(read(header, size), part, "{header} of {size}");
        }
    }
}
