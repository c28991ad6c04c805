//! The MD5 digests with which clients check what SQS received and returns.
//!
//! Source: Amazon SQS Developer Guide, "Calculating the MD5 message digest for message attributes". They guard against
//! accidents on the wire, not against people.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::protocol::AttributeValue;

/// The digest of a message's text, as 32 hexadecimal digits.
pub(super) fn of_body(body: &str) -> String {
    hex::encode(Md5::digest(body.as_bytes()))
}

/// The digest of a message's attributes in the order of their names; `None` when there are none.
pub(super) fn of_attributes(attributes: &BTreeMap<String, AttributeValue>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, value) in attributes {
        update(&mut digest, name.as_bytes());
        update(&mut digest, value.data_type.as_bytes());
        match (&value.string_value, &value.binary_value) {
            (Some(text), _) => {
                digest.update([1]);
                update(&mut digest, text.as_bytes());
            }
            (None, binary) => {
                digest.update([2]);
                update(&mut digest, binary.as_ref().map_or(&[], |bytes| bytes.0.as_slice()));
            }
        }
    }
    Some(hex::encode(digest.finalize()))
}

fn update(digest: &mut Md5, part: &[u8]) {
    // No part is over 1 MiB.
    digest.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(part);
}

#[cfg(test)]
mod tests {
    use super::super::protocol::Blob;
    use super::*;

    #[test]
    fn the_digest_of_a_text_is_the_known_one() {
        assert_eq!(of_body("This is a test message"), "fafb00f5732ab283681e124bf8747ed1");
    }

    /// The expected digest was computed apart from this code, from the guide's description.
    #[test]
    fn the_digest_of_attributes_goes_by_name_type_and_value() {
        let value = |kind: &str, text: Option<&str>, bytes: Option<&[u8]>| AttributeValue {
            data_type: kind.to_owned(),
            string_value: text.map(ToOwned::to_owned),
            binary_value: bytes.map(|bytes| Blob(bytes.to_vec())),
        };
        let attributes = BTreeMap::from([
            ("tenant".to_owned(), value("String", Some("karo"), None)),
            ("count".to_owned(), value("Number.int", Some("7"), None)),
            ("raw".to_owned(), value("Binary", None, Some(&[0, 255]))),
        ]);
        assert_eq!(
            of_attributes(&attributes).as_deref(),
            Some("56b477f9bfedfe2dbdf1ec2edef5e7bd")
        );
    }

    #[test]
    fn a_message_without_attributes_has_no_digest_of_them() {
        assert_eq!(of_attributes(&BTreeMap::new()), None);
    }
}
