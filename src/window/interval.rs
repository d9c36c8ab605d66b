//! Lengths of time as SQL writes them.

use super::Micros;

/// Returns a length in SQL's largest unit that divides it, such as `INTERVAL '3' MINUTE`.
pub fn interval(length: Micros) -> String {
    const UNITS: [(Micros, &str); 4] =
        [(86_400_000_000, "DAY"), (3_600_000_000, "HOUR"), (60_000_000, "MINUTE"), (1_000_000, "SECOND")];
    // A number of more than two digits needs its precision said.
    let precision = |count: Micros, fraction: &str| match count.to_string().len() {
        0..=2 => String::new(),
        digits => format!("({digits}{fraction})"),
    };
    if let Some((unit, name)) = UNITS.iter().find(|(unit, _)| length % unit == 0) {
        let count = length / unit;
        return format!("INTERVAL '{count}' {name}{}", precision(count, ""));
    }
    let (seconds, millis) = (length / 1_000_000, length % 1_000_000 / 1000);
    format!("INTERVAL '{seconds}.{millis:03}' SECOND{}", precision(seconds, ", 3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_people_write_them() {
        for (millis, text) in [
            (180_000, "INTERVAL '3' MINUTE"),
            (90_000, "INTERVAL '90' SECOND"),
            (3_600_000 * 36, "INTERVAL '36' HOUR"),
            (101_000, "INTERVAL '101' SECOND(3)"),
            (1500, "INTERVAL '1.500' SECOND"),
            (101_500, "INTERVAL '101.500' SECOND(3, 3)"),
        ] {
            assert_eq!(interval(millis * 1000), text);
        }
    }
}
