//! Until when a signed address is good.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use url::Url;

/// This machine's clock and that of storage may differ by so many seconds.
const SKEW: i64 = 300;

/// Whether `url` says of itself that it is not good any more, in the forms of S3, GCS, Azure and their older ones. Where
/// it says nothing, or nothing that can be read, it is taken for good.
pub(crate) fn has_expired(url: &Url, now: Timestamp) -> bool {
    expiry(url).is_some_and(|expiry| expiry < now.as_second() - SKEW)
}

/// In seconds since 1970.
fn expiry(url: &Url) -> Option<i64> {
    let value = |name: &str| {
        let mut pairs = url.query_pairs();
        let (_, value) = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    };
    for (date, lifetime) in [("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires")] {
        if let (Some(date), Some(lifetime)) = (value(date), value(lifetime)) {
            let date = DateTime::strptime("%Y%m%dT%H%M%SZ", &*date).ok()?;
            let begin = TimeZone::UTC.to_timestamp(date).ok()?.as_second();
            return begin.checked_add(lifetime.parse().ok()?);
        }
    }
    if value("sig").is_some() {
        return Some(value("se")?.parse::<Timestamp>().ok()?.as_second());
    }
    value("signature")?;
    value("expires")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn in_the_forms_of_each_storage() {
        let begin: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        for query in [
            "X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-Signature=a",
            "X-Goog-Date=20260101T000000Z&X-Goog-Expires=3600&X-Goog-Signature=a",
            "Expires=1767229200&Signature=a",
            "se=2026-01-01T01%3A00%3A00Z&sig=a",
        ] {
            let url = Url::parse(&format!("https://s/k?{query}")).expect("an address");
            for (minutes, expired) in [(0, false), (59, false), (64, false), (66, true)] {
                let now = begin + SignedDuration::from_mins(minutes);
                assert_eq!(has_expired(&url, now), expired, "{query} after {minutes} minutes");
            }
        }
        for query in [
            "Expires=0",
            "Expires=soon&Signature=a",
            "Expires=99999999999999999999&Signature=a",
            "Expires=18446744073709551615&Signature=a",
            "X-Amz-Date=yesterday&X-Amz-Expires=1",
            "X-Amz-Date=20260101T000000Z&X-Amz-Expires=18446744073709551615",
            "se=never&sig=a",
            "",
        ] {
            let url = Url::parse(&format!("https://s/k?{query}")).expect("an address");
            assert!(!has_expired(&url, Timestamp::now()), "{query}");
        }
    }
}
