//! What texts look like.

/// The most characters that a pattern describes one by one.
const MAX_PATTERN: usize = 40;

/// Kinds of letters that a pattern tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    Digit,
    Upper,
    Lower,
    /// This one always.
    Own(char),
    Any,
}

impl Letter {
    fn of(letter: char) -> Self {
        match letter {
            '0'..='9' => Self::Digit,
            'A'..='Z' => Self::Upper,
            'a'..='z' => Self::Lower,
            other => Self::Own(other),
        }
    }

    fn class(self) -> String {
        match self {
            Self::Digit => "[0-9]".to_owned(),
            Self::Upper => "[A-Z]".to_owned(),
            Self::Lower => "[a-z]".to_owned(),
            // What needs no escape is easier to read without.
            Self::Own(own @ ('-' | '_' | ':' | '/' | '@' | ' ')) => own.to_string(),
            Self::Own(own) => regex_syntax::escape(&own.to_string()),
            Self::Any => "[A-Za-z0-9]".to_owned(),
        }
    }
}

/// Returns a regular expression for texts that look like some: letter by letter where all are equally long.
pub(super) fn pattern(texts: &[&str]) -> String {
    let lengths: Vec<usize> = texts.iter().map(|text| text.chars().count()).collect();
    let (least, most) = (lengths.iter().min().copied().unwrap_or(0), lengths.iter().max().copied().unwrap_or(0));
    if least != most || most > MAX_PATTERN || most == 0 {
        let is = |known: fn(&char) -> bool| texts.iter().flat_map(|text| text.chars()).all(|letter| known(&letter));
        let class = if is(char::is_ascii_digit) {
            "[0-9]"
        } else if is(char::is_ascii_lowercase) {
            "[a-z]"
        } else if is(char::is_ascii_uppercase) {
            "[A-Z]"
        } else {
            "[A-Za-z0-9]"
        };
        return format!("{class}{{{},{}}}", least.min(MAX_PATTERN), most.clamp(1, MAX_PATTERN));
    }
    let letters: Vec<Letter> = (0..most)
        .map(|place| {
            let mut found = texts.iter().filter_map(|text| text.chars().nth(place));
            let first = found.next().unwrap_or('?');
            let (mut is_same, mut kind) = (true, Letter::of(first));
            for letter in found {
                is_same &= letter == first;
                if Letter::of(letter) != kind {
                    kind = Letter::Any;
                }
            }
            if is_same { Letter::Own(first) } else { kind }
        })
        .collect();
    let mut pattern = String::new();
    let mut rest = letters.as_slice();
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|letter| *letter == first).count();
        pattern.push_str(&first.class());
        if run > 1 {
            pattern.push_str(&format!("{{{run}}}"));
        }
        rest = &rest[run..];
    }
    pattern
}

/// Tells whether a text is of a kind.
type Is = fn(&str) -> bool;

/// Returns what words a column of texts has, by the name of a `fake`, where most of them are such.
pub(super) fn fake(texts: &[&str]) -> Option<&'static str> {
    let most = |is: Is| texts.iter().filter(|text| is(text)).count() * 20 >= texts.len() * 19;
    let kinds: [(&str, Is); 6] = [
        ("uuid", |text| {
            text.len() == 36
                && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
                && text.matches('-').count() == 4
        }),
        ("ipv4", |text| text.parse::<std::net::Ipv4Addr>().is_ok()),
        ("ipv6", |text| text.parse::<std::net::Ipv6Addr>().is_ok()),
        ("email", |text| text.split_once('@').is_some_and(|(_, host)| host.contains('.') && !text.contains(' '))),
        ("user_agent", |text| text.starts_with("Mozilla/")),
        ("sentence", |text| text.matches(' ').count() >= 3),
    ];
    kinds.into_iter().find(|(_, is)| most(*is)).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_says_what_all_texts_have() {
        assert_eq!(pattern(&["C-0017", "C-9320", "C-5551"]), "C-[0-9]{4}");
        assert_eq!(pattern(&["AB1", "XY9"]), "[A-Z]{2}[0-9]");
        assert_eq!(pattern(&["ab", "xyz"]), "[a-z]{2,3}");
        assert_eq!(pattern(&["a1", "1a"]), "[A-Za-z0-9]{2}");
        assert_eq!(pattern(&["Zoë", "Ann x"]), "[A-Za-z0-9]{3,5}");
    }

    #[test]
    fn well_known_texts_are_known() {
        assert_eq!(fake(&["10.0.0.1", "192.168.4.7"]), Some("ipv4"));
        assert_eq!(fake(&["2b0159d3-2e9b-493a-a865-533423d743bb"]), Some("uuid"));
        assert_eq!(fake(&["a@example.com"]), Some("email"));
        assert_eq!(fake(&["AMZN"]), None);
    }
}
