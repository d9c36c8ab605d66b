//! Forms of moments, as Java's `SimpleDateFormat` has them, in UTC.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::SqlError;

/// A form, ready to write and to read moments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DateFormat {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// Signs as they are.
    Text(String),
    /// A letter of the form, and how many times it stands.
    Field(char, usize),
}

const LETTERS: &str = "yMdDEaHkKhmsSzZX";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl DateFormat {
    /// Reads a form such as `yyyy-MM-dd HH:mm:ss.SSS`.
    pub(crate) fn read(form: &str) -> Result<Self, SqlError> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut letters = form.chars().peekable();
        let mut push = |text: &str| match pieces.last_mut() {
            Some(Piece::Text(known)) => known.push_str(text),
            _ => pieces.push(Piece::Text(text.to_owned())),
        };
        let mut fields = Vec::new();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' if letters.peek() == Some(&'\'') => {
                    letters.next();
                    push("'");
                }
                '\'' => {
                    let mut text = String::new();
                    loop {
                        match letters.next() {
                            Some('\'') if letters.peek() == Some(&'\'') => {
                                letters.next();
                                text.push('\'');
                            }
                            Some('\'') => break,
                            Some(other) => text.push(other),
                            None => return Err(SqlError::new(format!("a text in the form `{form}` does not end"))),
                        }
                    }
                    push(&text);
                }
                letter if LETTERS.contains(letter) => {
                    let mut count = 1;
                    while letters.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    // A mark for the place, for `push` holds the list.
                    push(&format!("\u{0}{}\u{0}", fields.len()));
                    fields.push(Piece::Field(letter, count));
                }
                letter if letter.is_ascii_alphabetic() => {
                    return Err(SqlError::new(format!("`{letter}` has no meaning in the form `{form}`")).help(
                        "letters of a form: y M d H m s S, h with a, E, D, k, K, z, Z, X; other text stands in ''",
                    ));
                }
                other => push(&other.to_string()),
            }
        }
        let marked = std::mem::take(&mut pieces);
        for piece in marked {
            let Piece::Text(text) = piece else { continue };
            for (index, part) in text.split('\u{0}').enumerate() {
                if index % 2 == 0 {
                    if !part.is_empty() {
                        pieces.push(Piece::Text(part.to_owned()));
                    }
                } else if let Some(field) = part.parse::<usize>().ok().and_then(|index| fields.get(index)) {
                    pieces.push(field.clone());
                }
            }
        }
        Ok(Self { pieces })
    }

    /// Returns whether the form has an hour of half a day without saying which half.
    pub(super) fn has_half_hours(&self) -> bool {
        let has = |wanted: &[char]| {
            self.pieces.iter().any(|piece| matches!(piece, Piece::Field(letter, _) if wanted.contains(letter)))
        };
        has(&['h', 'K']) && !has(&['a'])
    }

    /// Returns the letters of the form with how often each stands.
    pub(super) fn fields(&self) -> impl Iterator<Item = (char, usize)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Field(letter, count) => Some((*letter, *count)),
            Piece::Text(_) => None,
        })
    }

    /// Writes a moment.
    pub(crate) fn write(&self, moment: NaiveDateTime) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            // Writing to text cannot fail.
            let _written = match piece {
                Piece::Text(own) => text.write_str(own),
                Piece::Field(letter, count) => write_field(&mut text, *letter, *count, moment),
            };
        }
        text
    }

    /// Reads a moment from the beginning of a text. What the form does not say is the first there is.
    pub(crate) fn read_moment(&self, text: &str) -> Option<NaiveDateTime> {
        let mut rest = text;
        let mut read = Parts { year: 1970, month: 1, day: 1, ..Parts::default() };
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(own) => rest = rest.strip_prefix(own.as_str())?,
                Piece::Field(letter, count) => {
                    // Digits of the next field begin where this one has as many as it says.
                    let next = self.pieces.get(index + 1);
                    let adjoins = matches!(next, Some(Piece::Field(next, count)) if numeric(*next, *count));
                    rest = read.field(*letter, *count, adjoins, rest)?;
                }
            }
        }
        read.moment()
    }
}

fn numeric(letter: char, count: usize) -> bool {
    match letter {
        'M' => count < 3,
        'E' | 'a' | 'z' | 'Z' | 'X' => false,
        _ => true,
    }
}

fn write_field(text: &mut String, letter: char, count: usize, moment: NaiveDateTime) -> std::fmt::Result {
    let month = usize::try_from(moment.month0()).unwrap_or(0);
    let day = usize::try_from(moment.weekday().num_days_from_monday()).unwrap_or(0);
    let hour = moment.hour();
    match letter {
        'y' if count == 2 => write!(text, "{:02}", moment.year().rem_euclid(100)),
        'y' => write!(text, "{:0count$}", moment.year()),
        'M' if count >= 4 => text.write_str(MONTHS[month % 12]),
        'M' if count == 3 => text.write_str(&MONTHS[month % 12][..3]),
        'M' => write!(text, "{:0count$}", moment.month()),
        'd' => write!(text, "{:0count$}", moment.day()),
        'D' => write!(text, "{:0count$}", moment.ordinal()),
        'E' if count >= 4 => text.write_str(DAYS[day % 7]),
        'E' => text.write_str(&DAYS[day % 7][..3]),
        'a' => text.write_str(if hour < 12 { "AM" } else { "PM" }),
        'H' => write!(text, "{hour:0count$}"),
        'k' => write!(text, "{:0count$}", if hour == 0 { 24 } else { hour }),
        'K' => write!(text, "{:0count$}", hour % 12),
        'h' => write!(text, "{:0count$}", if hour.is_multiple_of(12) { 12 } else { hour % 12 }),
        'm' => write!(text, "{:0count$}", moment.minute()),
        's' => write!(text, "{:0count$}", moment.second()),
        'S' => write!(text, "{:0count$}", moment.and_utc().timestamp_subsec_millis()),
        'z' => text.write_str("UTC"),
        'Z' => text.write_str("+0000"),
        _ => text.write_str("Z"),
    }
}

#[derive(Debug, Default)]
struct Parts {
    year: i32,
    month: u32,
    day: u32,
    day_of_year: Option<u32>,
    hour: i64,
    half: Option<bool>,
    minute: i64,
    second: i64,
    millis: i64,
    /// Minutes east of UTC.
    zone: i64,
}

impl Parts {
    /// Reads a field from the beginning of a text, and returns what is behind it.
    fn field<'t>(&mut self, letter: char, count: usize, adjoins: bool, text: &'t str) -> Option<&'t str> {
        let named = |names: &[&str]| {
            let (mut index, mut length) = (None, 0);
            for (at, name) in names.iter().enumerate() {
                for name in [*name, &name[..3]] {
                    if name.len() > length && text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
                    {
                        (index, length) = (u32::try_from(at).ok(), name.len());
                    }
                }
            }
            index.map(|index| (index, &text[length..]))
        };
        match letter {
            'M' if count >= 3 => {
                let (month, rest) = named(&MONTHS)?;
                self.month = month + 1;
                return Some(rest);
            }
            'E' => return named(&DAYS).map(|(_, rest)| rest),
            'a' => {
                let half = text.get(..2)?.to_ascii_uppercase();
                self.half = Some(match half.as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                return Some(&text[2..]);
            }
            'z' | 'Z' | 'X' => {
                let (zone, rest) = zone(text)?;
                self.zone = zone;
                return Some(rest);
            }
            _ => {}
        }
        let text = text.trim_start_matches(' ');
        let most = if adjoins { count } else { 9 };
        let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let number: i64 = text[..digits].parse().ok()?;
        let small = u32::try_from(number).ok()?;
        match letter {
            // Two digits are those of a year within eighty years back and twenty on; of this program's time, which
            // no clock is asked for.
            'y' if count <= 2 && digits == 2 => {
                self.year = i32::try_from(if number < 50 { 2000 } else { 1900 } + number).ok()?;
            }
            'y' => self.year = i32::try_from(number).ok()?,
            'M' => self.month = small,
            'd' => self.day = small,
            'D' => self.day_of_year = Some(small),
            'k' => self.hour = number % 24,
            'h' => self.hour = if number == 12 { 0 } else { number },
            'H' | 'K' => self.hour = number,
            'm' => self.minute = number,
            's' => self.second = number,
            _ => self.millis = number,
        }
        Some(&text[digits..])
    }

    fn moment(&self) -> Option<NaiveDateTime> {
        let day = match self.day_of_year {
            Some(day) => NaiveDate::from_yo_opt(self.year, day)?,
            None => NaiveDate::from_ymd_opt(self.year, self.month, self.day)?,
        };
        let hour = self.hour + if self.half == Some(true) { 12 } else { 0 };
        if hour > 23 || self.minute > 59 || self.second > 59 || self.millis > 999 {
            return None;
        }
        let seconds = hour * 3600 + (self.minute - self.zone) * 60 + self.second;
        let within = chrono::Duration::seconds(seconds) + chrono::Duration::milliseconds(self.millis);
        day.and_hms_opt(0, 0, 0)?.checked_add_signed(within)
    }
}

/// Reads `UTC`, `GMT`, `Z`, `+0100` or `+01:00`, as minutes east of UTC.
fn zone(text: &str) -> Option<(i64, &str)> {
    let text = ["UTC", "GMT"].iter().find_map(|name| text.strip_prefix(name)).unwrap_or(text);
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((0, text)),
    };
    let hours: i64 = text.get(1..3)?.parse().ok()?;
    let rest = text[3..].trim_start_matches(':');
    let (minutes, rest) = match rest.get(..2).and_then(|digits| digits.parse::<i64>().ok()) {
        Some(minutes) => (minutes, &rest[2..]),
        None => (0, rest),
    };
    Some((sign * (hours * 60 + minutes), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> NaiveDateTime {
        "2026-02-08T15:04:05.067".parse().expect("a moment")
    }

    #[test]
    fn moments_are_written_as_java_does() {
        for (form, expected) in [
            ("yyyy-MM-dd HH:mm:ss.SSS", "2026-02-08 15:04:05.067"),
            ("d/M/yy h:mm a", "8/2/26 3:04 PM"),
            ("EEE, dd MMM yyyy", "Sun, 08 Feb 2026"),
            ("EEEE MMMM", "Sunday February"),
            ("D k K", "39 15 3"),
            ("yyyy''MM'T'", "2026'02T"),
            ("HHmmss'Z' X z Z", "150405Z Z UTC +0000"),
            ("", ""),
        ] {
            assert_eq!(DateFormat::read(form).expect(form).write(moment()), expected, "{form}");
        }
        for wrong in ["yyyy-QQ", "'open", "w"] {
            DateFormat::read(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn moments_are_read_from_the_beginning() {
        for (form, text, expected) in [
            ("yyyy-MM-dd HH:mm:ss.SSS", "2026-02-08 15:04:05.067", Some("2026-02-08T15:04:05.067")),
            ("yyyy-MM-dd", "2026-2-8 and more", Some("2026-02-08T00:00:00")),
            ("yyyyMMddHHmmss", "20260208150405", Some("2026-02-08T15:04:05")),
            ("dd MMM yyyy hh:mm a", "08 Feb 2026 12:30 PM", Some("2026-02-08T12:30:00")),
            ("dd/MMM/yyyy:HH:mm:ss Z", "08/Feb/2026:15:04:05 +0130", Some("2026-02-08T13:34:05")),
            ("yyyy-MM-dd'T'HH:mm:ssX", "2026-02-08T15:04:05Z", Some("2026-02-08T15:04:05")),
            ("yy", "07", Some("2007-01-01T00:00:00")),
            ("yyyy-MM-dd", "2026-02-30", None),
            ("HH:mm", "24:00", None),
            ("yyyy", "x", None),
            ("yyyy", "", None),
            ("MMM", "ä", None),
            ("a", "äb", None),
        ] {
            let read = DateFormat::read(form).expect(form).read_moment(text);
            assert_eq!(read, expected.map(|expected| expected.parse().expect("a moment")), "{form} {text}");
        }
    }
}
