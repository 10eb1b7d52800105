use std::time::Duration;

/// Reads a time such as `30ms` or `1.5s`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let seconds = match text.strip_suffix("ms") {
        Some(number) => number.parse::<f64>().map(|number| number / 1000.0),
        None => text.strip_suffix('s').unwrap_or_default().parse(),
    };
    seconds
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("{text:?} is no time; write it like 30ms or 1.5s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_their_unit() {
        assert_eq!(parse("30ms"), Ok(Duration::from_millis(30)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "3", "s", "-1s", "1m", "NaNs"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
