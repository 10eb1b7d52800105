//! Sizes for people.

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// A size with one digit after the point in the largest unit below 1024, as the SDK writes it (`util.to_human_size`).
pub(crate) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let mut factor = bytes as f64;
    let mut unit = 0;
    while (factor * 10.0).round() / 10.0 >= 1024.0 && unit + 1 < UNITS.len() {
        factor /= 1024.0;
        unit += 1;
    }
    format!("{factor:.1}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_read_as_the_sdk_writes_them() {
        for (bytes, text) in [
            (0, "0.0B"),
            (1023, "1023.0B"),
            (1024, "1.0KiB"),
            (1_048_524, "1023.9KiB"),
            (1_048_525, "1.0MiB"),
            (1_048_576, "1.0MiB"),
            (5_368_709_120, "5.0GiB"),
            (u64::MAX, "16.0EiB"),
        ] {
            assert_eq!(super::size(bytes), text, "{bytes}");
        }
    }
}
