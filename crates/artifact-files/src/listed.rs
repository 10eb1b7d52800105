//! From the node of an answer to a file.

use wandb_files::Listed;
use wandb_paginator::{ConvertError, Cursor};
use wandb_queries::artifact_collection_membership_files::FilesFragmentEdgesNode as Node;
use wandb_transfer::Md5;

/// The digests of the files of a version that says nothing else.
const MD5: &str = "MANIFEST_MD5";

/// What the server lists of a file. `digests` says of the version what its digests are; older servers know md5 alone.
pub(crate) fn listed(
    node: Node,
    cursor: Option<Cursor>,
    digests: Option<&str>,
    asked_by_name: bool,
) -> Result<Listed, ConvertError> {
    let name = node
        .display_name
        .ok_or_else(|| ConvertError::malformed("a file of the answer has no name"))?;
    // The address of a reference is not signed, so that it is the same in both places.
    let is_reference = node
        .is_reference
        .unwrap_or_else(|| node.url.is_some() && node.url == node.direct_url);
    let size = node.size_bytes.and_then(|size| u64::try_from(size.0).ok());
    let md5 = if digests.unwrap_or(MD5) == MD5 {
        // The digest of a reference may be anything.
        let digest = node
            .digest
            .filter(|digest| !is_reference || Md5::from_base64(digest).is_ok());
        node.md5.or(digest)
    } else {
        // Of the length of an md5, and none.
        node.md5.filter(|md5| node.digest.as_ref() != Some(md5))
    };
    Ok(Listed {
        id: node.id,
        name,
        url: node.url,
        direct_url: node.direct_url,
        // References whose size nobody knew have none.
        size: size.filter(|size| *size > 0 || !is_reference),
        mimetype: node.mimetype,
        updated_at: node.updated_at,
        md5,
        cursor,
        asked_by_name,
        is_reference,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "XUFAKrxLKna5cZ2REBfFkg==";

    fn node(md5: Option<&str>, digest: &str) -> Node {
        Node {
            id: None,
            display_name: Some("a".to_owned()),
            url: Some("https://api.example/a".to_owned()),
            direct_url: Some("https://storage.example/a".to_owned()),
            size_bytes: None,
            mimetype: None,
            updated_at: None,
            digest: Some(digest.to_owned()),
            md5: md5.map(str::to_owned),
            is_reference: None,
        }
    }

    fn md5(node: Node, digests: Option<&str>) -> Option<String> {
        listed(node, None, digests, false).unwrap().md5
    }

    #[test]
    fn a_digest_is_an_md5_where_the_version_says_so_or_nothing() {
        for digests in [None, Some("MANIFEST_MD5")] {
            assert_eq!(md5(node(None, DIGEST), digests).as_deref(), Some(DIGEST));
        }
        // It has the length of an md5.
        for digests in [Some("MANIFEST_XXH128"), Some("")] {
            assert_eq!(md5(node(None, DIGEST), digests), None);
            assert_eq!(md5(node(Some(DIGEST), DIGEST), digests), None);
            let other = "mgNkuembtIDdJeHwKEyFVQ==";
            assert_eq!(md5(node(Some(other), DIGEST), digests).as_deref(), Some(other));
        }
    }

    #[test]
    fn a_reference_is_known_by_its_address_where_the_server_does_not_say() {
        let elsewhere = |is_reference| Node {
            direct_url: Some("https://api.example/a".to_owned()),
            is_reference,
            ..node(None, "an-etag")
        };
        for (node, is_reference) in [
            (elsewhere(None), true),
            (elsewhere(Some(true)), true),
            (elsewhere(Some(false)), false),
            (node(None, DIGEST), false),
        ] {
            let listed = listed(node, None, None, false).unwrap();
            assert_eq!(listed.is_reference, is_reference);
        }
        assert_eq!(md5(elsewhere(Some(true)), None), None, "an entity tag is none");
    }
}
