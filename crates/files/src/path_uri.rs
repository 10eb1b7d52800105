//! Where a file lies in the team's own bucket.

use percent_encoding::percent_decode_str;
use url::Url;

const SERVICE: &str = ".amazonaws.com";

/// The `s3://bucket/key` of an address of S3, in any of its styles; `None` for any other address.
///
/// The styles: `BUCKET.s3.amazonaws.com`, `BUCKET.s3.REGION.…`, `BUCKET.s3-REGION.…`, `BUCKET.s3.dualstack.REGION.…`,
/// `BUCKET.s3-accelerate.…`, and the same without `BUCKET.` where the bucket is the first part of the path.
pub(crate) fn s3(address: &str) -> Option<String> {
    // Most addresses are no S3's, and to parse one costs more than all else that is told of a file.
    if !address.contains(SERVICE) {
        return None;
    }
    let url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?;
    let host = host
        .strip_suffix(SERVICE)
        .or_else(|| host.strip_suffix(".cn")?.strip_suffix(SERVICE))?;
    let path = percent_decode_str(url.path().trim_start_matches('/'))
        .decode_utf8()
        .ok()?;
    match split_service(host)? {
        "" => {
            let (bucket, key) = path.split_once('/')?;
            (!bucket.is_empty()).then(|| format!("s3://{bucket}/{key}"))
        }
        bucket => Some(format!("s3://{bucket}/{path}")),
    }
}

/// The bucket of `BUCKET.SERVICE`, empty for `SERVICE` alone: the service is the last label that names S3.
fn split_service(host: &str) -> Option<&str> {
    let mut end = host.len();
    loop {
        let start = host[..end].rfind('.').map_or(0, |dot| dot + 1);
        let label = &host[start..end];
        if label == "s3" || label.starts_with("s3-") {
            return Some(host[..start].trim_end_matches('.'));
        }
        end = start.checked_sub(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::s3;

    #[test]
    fn every_style_of_s3_and_nothing_else() {
        for (address, uri) in [
            (
                "https://b.s3.amazonaws.com/k/x.txt?X-Amz-Signature=1",
                Some("s3://b/k/x.txt"),
            ),
            ("https://b.s3.us-west-2.amazonaws.com/k", Some("s3://b/k")),
            ("http://b.s3-us-west-2.amazonaws.com/k", Some("s3://b/k")),
            (
                "https://b.s3.dualstack.us-west-2.amazonaws.com/k",
                Some("s3://b/k"),
            ),
            ("https://b.s3-accelerate.amazonaws.com/k", Some("s3://b/k")),
            (
                "https://my.dotted.b.s3.eu-west-1.amazonaws.com/k",
                Some("s3://my.dotted.b/k"),
            ),
            ("https://s3.us-west-2.amazonaws.com/b/k/x", Some("s3://b/k/x")),
            ("https://s3.amazonaws.com/b/k", Some("s3://b/k")),
            ("https://b.s3.cn-north-1.amazonaws.com.cn/k", Some("s3://b/k")),
            ("https://b.s3.amazonaws.com/a%20b/%E2%9C%93", Some("s3://b/a b/✓")),
            ("https://s3.amazonaws.com/b", None),
            ("https://storage.googleapis.com/b/k", None),
            ("https://ec2.amazonaws.com/b/k", None),
            ("https://b.s3.amazonaws.com.evil.example/k", None),
            ("s3://b/k", None),
            ("not an address", None),
        ] {
            assert_eq!(s3(address).as_deref(), uri, "{address}");
        }
    }
}
