//! Realistic words: names, addresses, what browsers and networks say. They name nobody.

use std::net::{Ipv4Addr, Ipv6Addr};

use fake::Fake as _;
use fake::faker::{address, company, currency, filesystem, internet, job, lorem, name, phone_number};
use fake::locales::EN;
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use crate::document::{Diagnostic, TableReader, help_for};
use crate::sql::SqlType;

use super::{Beginning, Draw, Field, Kind, Way};

/// The kind's entry in the table.
pub(super) const KIND: Kind = Kind { name: "fake", read };

/// Something that can be made up.
#[derive(Debug)]
struct Words {
    name: &'static str,
    /// How long every one of them may be, where a shorter one would be none.
    whole: Option<u32>,
    draw: fn(&mut ChaCha8Rng) -> String,
}

const fn words(name: &'static str, draw: fn(&mut ChaCha8Rng) -> String) -> Words {
    Words { name, whole: None, draw }
}

const fn whole(name: &'static str, length: u32, draw: fn(&mut ChaCha8Rng) -> String) -> Words {
    Words { name, whole: Some(length), draw }
}

/// Everything that can be made up, by name.
const WORDS: &[Words] = &[
    words("city", city),
    words("company", |rng| company::raw::CompanyName(EN).fake_with_rng(rng)),
    words("country", |rng| address::raw::CountryName(EN).fake_with_rng(rng)),
    whole("country_code", 2, |rng| address::raw::CountryCode(EN).fake_with_rng(rng)),
    whole("currency", 3, |rng| currency::raw::CurrencyCode(EN).fake_with_rng(rng)),
    words("domain", |rng| {
        let suffix: String = internet::raw::DomainSuffix(EN).fake_with_rng(rng);
        format!("{}.{suffix}", lorem::raw::Word(EN).fake_with_rng::<String, _>(rng))
    }),
    words("email", |rng| internet::raw::SafeEmail(EN).fake_with_rng(rng)),
    words("file_name", |rng| filesystem::raw::FileName(EN).fake_with_rng(rng)),
    words("first_name", |rng| name::raw::FirstName(EN).fake_with_rng(rng)),
    words("industry", |rng| company::raw::Industry(EN).fake_with_rng(rng)),
    whole("ipv4", 15, |rng| Ipv4Addr::from_bits(rng.next_u32()).to_string()),
    whole("ipv6", 39, |rng| Ipv6Addr::from_bits(rng.random()).to_string()),
    words("job", |rng| job::raw::Title(EN).fake_with_rng(rng)),
    words("last_name", |rng| name::raw::LastName(EN).fake_with_rng(rng)),
    whole("mac_address", 17, |rng| internet::raw::MACAddress(EN).fake_with_rng(rng)),
    words("mime_type", |rng| filesystem::raw::MimeType(EN).fake_with_rng(rng)),
    words("name", |rng| name::raw::Name(EN).fake_with_rng(rng)),
    words("path", |rng| filesystem::raw::FilePath(EN).fake_with_rng(rng)),
    words("phone", |rng| phone_number::raw::PhoneNumber(EN).fake_with_rng(rng)),
    words("postcode", |rng| address::raw::ZipCode(EN).fake_with_rng(rng)),
    words("sentence", |rng| lorem::raw::Sentence(EN, 4..12).fake_with_rng(rng)),
    words("state", |rng| address::raw::StateName(EN).fake_with_rng(rng)),
    words("street", |rng| {
        let number: String = address::raw::BuildingNumber(EN).fake_with_rng(rng);
        format!("{number} {}", address::raw::StreetName(EN).fake_with_rng::<String, _>(rng))
    }),
    words("time_zone", |rng| address::raw::TimeZone(EN).fake_with_rng(rng)),
    words("user_agent", |rng| internet::raw::UserAgent(EN).fake_with_rng(rng)),
    words("user_name", |rng| internet::raw::Username(EN).fake_with_rng(rng)),
    whole("uuid", 36, uuid),
    words("word", |rng| lorem::raw::Word(EN).fake_with_rng(rng)),
];

/// Draws a name of a town: the crate's own have their endings apart.
fn city(rng: &mut ChaCha8Rng) -> String {
    let (name, suffix): (String, String) =
        (name::raw::LastName(EN).fake_with_rng(rng), address::raw::CitySuffix(EN).fake_with_rng(rng));
    if rng.random_bool(0.25) {
        let prefix: String = address::raw::CityPrefix(EN).fake_with_rng(rng);
        return format!("{prefix} {name}{suffix}");
    }
    format!("{name}{suffix}")
}

/// Draws a UUID of version 4 (RFC 9562, section 5.4).
fn uuid(rng: &mut ChaCha8Rng) -> String {
    let bits: u128 = rng.random();
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[derive(Debug)]
struct Fake {
    of: &'static Words,
}

impl Field for Fake {
    fn begin(&self, sql_type: SqlType, _: &Beginning) -> Result<Draw, String> {
        let SqlType::Varchar(most) = sql_type else { return Err("it makes text".to_owned()) };
        if let Some(length) = self.of.whole.filter(|length| *length > most) {
            return Err(format!("one of these takes up to {length} characters"));
        }
        let (draw, most) = (self.of.draw, most as usize);
        Ok(Box::new(move |source, json| {
            let mut text = draw(&mut source.rng);
            if let Some((end, _)) = text.char_indices().nth(most) {
                text.truncate(end);
            }
            serde_json::to_writer(json, &text).expect("writing to memory does not fail");
        }))
    }
}

fn read(reader: &mut TableReader<'_>) -> Option<Way> {
    let text = reader.take("of")?.text()?;
    let found = WORDS.iter().find(|words| words.name == text.value);
    if found.is_none() {
        let names: Vec<&str> = WORDS.iter().map(|words| words.name).collect();
        reader.findings().add(
            Diagnostic::new(format!("there are no fakes of `{}`", text.value), text.span)
                .label(format!("expected one of {}", names.join(", ")))
                .help(help_for(&text.value, names)),
        );
    }
    Some(Way::drawn(Fake { of: found? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::fixture;

    #[test]
    fn everything_that_can_be_made_up_is_text_and_stays_what_it_is() {
        let drawn: Vec<String> = WORDS
            .iter()
            .map(|of| {
                let values = fixture::draw(&Fake { of }, SqlType::Varchar(200), 200);
                assert_eq!(values, fixture::draw(&Fake { of }, SqlType::Varchar(200), 200));
                let texts: Vec<String> =
                    values.iter().map(|value| serde_json::from_str(value).expect("text")).collect();
                assert!(texts.iter().all(|text| !text.is_empty()), "{}", of.name);
                let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
                assert!(of.whole.is_none_or(|whole| longest <= whole as usize), "{}: {longest}", of.name);
                format!("{}: {}", of.name, texts[0])
            })
            .collect();
        insta::assert_snapshot!(drawn.join("\n"));
    }

    #[test]
    fn names_are_in_order() {
        assert!(WORDS.is_sorted_by_key(|words| words.name));
    }

    #[test]
    fn text_ends_with_its_column_and_what_must_be_whole_needs_room() {
        let name = fixture::read("kind = 'fake'\nof = 'name'").expect("a field");
        let drawn = fixture::draw(name.as_ref(), SqlType::Varchar(3), 10);
        assert!(drawn.iter().all(|name| name.len() == 5));
        let uuid = fixture::read("kind = 'fake'\nof = 'uuid'").expect("a field");
        assert_eq!(uuid.check(SqlType::Varchar(35)), Err("one of these takes up to 36 characters".to_owned()));
        uuid.check(SqlType::BigInt).expect_err("a mistake");
        assert_eq!(fixture::read("kind = 'fake'\nof = 'nam'").expect_err("a mistake"), "there are no fakes of `nam`");
    }
}
