//! An office's paper: its name and address, its crest, where letters are signed, and who may sign them.

mod logo;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kernel::TenantId;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::is_printable;
use logo::{can_be_drawn, looks_like_a_drawing};

pub(crate) use logo::is_png;

/// The longest line, in characters.
const LINE_LIMIT: usize = 160;
/// The most bodies above the office, and the most lines of its address.
const LINES: usize = 4;
/// The most officials.
const OFFICIALS: usize = 100;
/// A crest is a small drawing: bytes of SVG or PNG. A row of the table holds 400 KB.
const LOGO_LIMIT: usize = 128 * 1024;

/// An office's paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letterhead {
    /// Whose.
    pub tenant: TenantId,
    /// What stands on it.
    #[serde(flatten)]
    pub text: LetterheadText,
}

/// What stands on an office's paper, as an official writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterheadText {
    /// The bodies above the office, the highest first, such as `Pemerintah Kabupaten Contoh`.
    pub superiors: Vec<String>,
    /// The office, such as `Kelurahan Melati`.
    pub office: String,
    /// Address and contacts, a line each.
    pub address: Vec<String>,
    /// Where letters are signed, such as `Kabanjahe`.
    pub place: String,
    /// The crest: SVG or PNG in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Who may sign, by the id of the user.
    pub officials: BTreeMap<String, Official>,
}

/// Somebody who may sign letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Official {
    /// The name with titles.
    pub name: String,
    /// The office, such as `Lurah Melati`.
    pub office: String,
    /// Rank and class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<String>,
    /// The civil servant's number, which stands on every letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nip: Option<String>,
}

/// A paper cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterheadError {
    /// A line is empty or too long, or there are too many.
    #[error(
        "the line {0} is empty, longer than {LINE_LIMIT} characters or has unprintable ones, or there are too many"
    )]
    Line(&'static str),
    /// The crest cannot be used.
    #[error("the logo is not SVG or PNG in base64 of at most {LOGO_LIMIT} bytes, or cannot be drawn")]
    Logo,
}

impl Letterhead {
    /// Checks what an official wrote.
    pub fn new(tenant: TenantId, text: LetterheadText) -> Result<Self, LetterheadError> {
        let LetterheadText {
            superiors,
            office,
            address,
            place,
            officials,
            ..
        } = &text;
        let line = |text: &String| {
            !text.trim().is_empty() && text.chars().count() <= LINE_LIMIT && text.chars().all(is_printable)
        };
        let check = |name, is_usable| {
            if is_usable {
                Ok(())
            } else {
                Err(LetterheadError::Line(name))
            }
        };
        check("superiors", superiors.len() <= LINES && superiors.iter().all(line))?;
        check("office", line(office))?;
        check("address", address.len() <= LINES && address.iter().all(line))?;
        check("place", line(place))?;
        let named = |(id, official): (&String, &Official)| {
            let optional = [&official.rank, &official.nip].into_iter().flatten();
            [id, &official.name, &official.office]
                .into_iter()
                .chain(optional)
                .all(line)
        };
        check("officials", officials.len() <= OFFICIALS && officials.iter().all(named))?;
        let letterhead = Self { tenant, text };
        let is_usable = letterhead.logo().is_some_and(|logo| can_be_drawn(&logo));
        if letterhead.text.logo.is_some() && !is_usable {
            return Err(LetterheadError::Logo);
        }
        Ok(letterhead)
    }

    /// The bytes of the crest; none where there is none that can be used.
    #[must_use]
    pub fn logo(&self) -> Option<Vec<u8>> {
        let bytes = BASE64_STANDARD.decode(self.text.logo.as_ref()?).ok()?;
        (bytes.len() <= LOGO_LIMIT && looks_like_a_drawing(&bytes)).then_some(bytes)
    }

    /// The key of the paper of `tenant`.
    #[must_use]
    pub fn key_of(tenant: &TenantId) -> Key {
        Key {
            pk: format!("{tenant}#letterhead"),
            sk: "state".into(),
        }
    }
}

impl Record for Letterhead {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant)
    }
}

/// A letterhead as it was in one version; the row never changes. What was told of a letter's PDF holds for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterheadVersion {
    /// Which, counted from 1.
    pub number: u64,
    /// As it was.
    pub letterhead: Letterhead,
}

impl LetterheadVersion {
    /// The key of one version of the paper of `tenant`.
    #[must_use]
    pub fn key_of(tenant: &TenantId, number: u64) -> Key {
        Key {
            sk: format!("version#{number:08}"),
            ..Letterhead::key_of(tenant)
        }
    }
}

impl Record for LetterheadVersion {
    fn key(&self) -> Key {
        Self::key_of(&self.letterhead.tenant, self.number)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    pub(crate) fn text() -> LetterheadText {
        let official = Official {
            name: "Siti Contoh, S.Sos.".into(),
            office: "Lurah Melati".into(),
            rank: Some("Penata Tk. I".into()),
            nip: Some("99750101 200001 2 001".into()),
        };
        LetterheadText {
            superiors: vec!["Pemerintah Kabupaten Contoh".into(), "Kecamatan Mawar".into()],
            office: "Kelurahan Melati".into(),
            address: vec!["Jalan Contoh Nomor 1, Contoh 99999".into()],
            place: "Contoh".into(),
            logo: None,
            officials: BTreeMap::from([("lurah".to_owned(), official)]),
        }
    }

    fn tenant() -> TenantId {
        "karo".parse().unwrap()
    }

    const SVG: &[u8] = br##"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">
        <defs><path id="a" d="M0 0h9v9z"/></defs><use href="#a"/></svg>"##;
    /// One pixel.
    const PNG: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mPgjrX+DwACvQGjLoJXQgAAAABJRU5ErkJggg==";

    type Spoil = fn(&mut LetterheadText);

    #[test]
    fn a_line_that_cannot_stand_on_paper_is_refused_by_name() {
        assert!(Letterhead::new(tenant(), text()).is_ok());
        let cases: [(&str, Spoil); 7] = [
            ("superiors", |text| text.superiors = vec!["a".into(); 5]),
            ("office", |text| text.office = " ".into()),
            ("address", |text| text.address = vec!["a\nb".into()]),
            ("place", |text| text.place = "a".repeat(161)),
            ("office", |text| text.office = "Kelurahan\u{202e} Melati".into()),
            ("officials", |text| {
                text.officials.values_mut().for_each(|official| official.name.clear());
            }),
            ("officials", |text| {
                text.officials
                    .values_mut()
                    .for_each(|official| official.nip = Some(String::new()));
            }),
        ];
        for (name, spoil) in cases {
            let mut spoilt = text();
            spoil(&mut spoilt);
            assert_eq!(Letterhead::new(tenant(), spoilt), Err(LetterheadError::Line(name)));
        }
    }

    #[test]
    fn a_crest_is_a_small_svg_or_png_without_entities() {
        let with = |bytes: &[u8]| {
            let logo = Some(BASE64_STANDARD.encode(bytes));
            Letterhead::new(tenant(), LetterheadText { logo, ..text() }).map(|head| head.logo().is_some())
        };
        let png = BASE64_STANDARD.decode(PNG).unwrap();
        assert_eq!(with(SVG), Ok(true));
        assert_eq!(with(&png), Ok(true));
        let large = [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![0; LOGO_LIMIT]].concat();
        for bad in [
            b"GIF89a".as_slice(),
            b"",
            b"\0asm",
            b"a text with <svg",
            b"<!DOCTYPE svg [<!ENTITY a \"b\">]><svg/>",
            &large,
        ] {
            assert_eq!(with(bad), Err(LetterheadError::Logo));
        }
        // What begins well, and cannot be drawn.
        let mut wide = png.clone();
        for byte in wide.iter_mut().skip(16).take(8) {
            *byte = 0xff;
        }
        let svg = |inner: &str| {
            let begin = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">"#;
            format!("{begin}{inner}").into_bytes()
        };
        for bad in [
            b"\x89PNG\r\n\x1a\n....".to_vec(),
            png.iter().copied().take(40).collect(),
            wide,
            svg("<path"),
            svg(r#"<image width="9" height="9" href="https://contoh.example/lambang.png"/></svg>"#),
            svg("<image xlink:href = 'lambang.png'/></svg>"),
        ] {
            assert_eq!(with(&bad), Err(LetterheadError::Logo));
        }
        let noise = LetterheadText {
            logo: Some("%%%".into()),
            ..text()
        };
        assert_eq!(Letterhead::new(tenant(), noise), Err(LetterheadError::Logo));
    }
}
