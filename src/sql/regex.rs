//! Java's regular expressions and SQL's patterns, as this crate matches them.

use regex::Regex;

use super::SqlError;

/// The most memory that a compiled expression may take: what the crate takes for any author's, ten times less than its own
/// limit for patterns that are trusted.
const SIZE_LIMIT: usize = 1 << 20;

/// Compiles a regular expression as Java has it, or says what of it has no counterpart.
pub(crate) fn compile(java: &str) -> Result<Regex, SqlError> {
    let translated = translate(java)?;
    regex::RegexBuilder::new(&translated).size_limit(SIZE_LIMIT).build().map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        };
        SqlError::new(format!("the regular expression `{java}` cannot be used: {reason}"))
            .help("look-around and references back to a group are not supported")
    })
}

/// Java's classes are those of ASCII, and some of its signs mean something else here or nothing.
fn translate(java: &str) -> Result<String, SqlError> {
    let mut text = String::new();
    let mut letters = java.chars().peekable();
    let mut depth = 0_u32;
    let mut repeated = false;
    while let Some(letter) = letters.next() {
        let repeats = matches!(letter, '*' | '+' | '?' | '}') && depth == 0;
        match letter {
            '\\' => match letters.next() {
                Some('d') => text += "[0-9]",
                Some('D') => text += "[^0-9]",
                Some('w') => text += "[a-zA-Z_0-9]",
                Some('W') => text += "[^a-zA-Z_0-9]",
                Some('s') => text += r"[ \t\n\x0B\f\r]",
                Some('S') => text += r"[^ \t\n\x0B\f\r]",
                Some('h') => text += r"[ \t]",
                Some('R') => text += r"(?:\r\n|[\n\x0B\f\r])",
                Some('Q') => {
                    let mut literal = String::new();
                    while let Some(letter) = letters.next() {
                        if letter == '\\' && letters.next_if_eq(&'E').is_some() {
                            break;
                        }
                        literal.push(letter);
                    }
                    text += &regex::escape(&literal);
                }
                Some(other) => {
                    text.push('\\');
                    text.push(other);
                }
                None => text.push('\\'),
            },
            '+' if repeated && depth == 0 => {
                return Err(SqlError::new(format!(
                    "the regular expression `{java}` cannot be used: a repetition that gives nothing back"
                ))
                .help("`a++` and the like have no counterpart; write `a+` where that finds the same"));
            }
            '[' => {
                depth += 1;
                text.push('[');
            }
            ']' => {
                depth = depth.saturating_sub(1);
                text.push(']');
            }
            other => text.push(other),
        }
        // `a+?` is a repetition of its own that takes as little as it can; a third sign has no meaning in Java either.
        repeated = repeats;
    }
    Ok(text)
}

/// Writes what replaces a match: `$1` is a group, and a backslash takes the next sign as it is, as in Java.
pub(crate) fn expand(replacement: &str, found: &regex::Captures<'_>) -> Option<String> {
    let mut text = String::new();
    let mut letters = replacement.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next()?),
            '$' => {
                let mut group = letters.next()?.to_digit(10)? as usize;
                if group >= found.len() {
                    return None;
                }
                while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= found.len() {
                        break;
                    }
                    group = longer;
                    letters.next();
                }
                text += found.get(group).map_or("", |group| group.as_str());
            }
            other => text.push(other),
        }
    }
    Some(text)
}

/// Compiles a pattern of LIKE with a sign that takes the next one as it is.
pub(crate) fn like(pattern: &str, escape: &str) -> Result<Regex, SqlError> {
    sql(pattern, escape, "LIKE", &|letter| regex::escape(&letter.to_string()))
}

/// Compiles a pattern of SIMILAR TO: that of LIKE with `|`, `*`, `+`, `?`, `{n}`, `(…)` and `[…]`.
pub(crate) fn similar(pattern: &str, escape: &str) -> Result<Regex, SqlError> {
    sql(pattern, escape, "SIMILAR TO", &|letter| match letter {
        '|' | '*' | '+' | '?' | '{' | '}' | '(' | ')' | '[' | ']' => letter.to_string(),
        other => regex::escape(&other.to_string()),
    })
}

fn sql(pattern: &str, escape: &str, name: &str, own: &dyn Fn(char) -> String) -> Result<Regex, SqlError> {
    let mut signs = escape.chars();
    let escape = signs.next();
    if signs.next().is_some() {
        return Err(SqlError::new("ESCAPE takes one character"));
    }
    let wrong = || SqlError::new(format!("`{pattern}` is not a pattern of {name}"));
    let mut text = "^(?s:".to_owned();
    let mut letters = pattern.chars();
    let mut inside = false;
    while let Some(letter) = letters.next() {
        match letter {
            letter if Some(letter) == escape => {
                text += &regex::escape(&letters.next().ok_or_else(wrong)?.to_string());
            }
            '^' | '-' if inside => text.push(letter),
            '%' if !inside => text += ".*",
            '_' if !inside => text.push('.'),
            other => {
                let written = own(other);
                if written == "[" {
                    inside = true;
                } else if written == "]" {
                    inside = false;
                }
                text += &written;
            }
        }
    }
    text += ")$";
    regex::RegexBuilder::new(&text).size_limit(SIZE_LIMIT).build().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_as_in_java() {
        for (pattern, text, found) in [
            (r"(\d+)-(\w+)", "a 12-bc", Some("12-bc")),
            (r"\d", "٣", None),
            (r"[\d.]+", "x1.2", Some("1.2")),
            (r"\Qa.b\E+", "aab a.bb", Some("a.bb")),
            (r"a+?", "aaa", Some("a")),
            (r"[+*]+", "a+*", Some("+*")),
        ] {
            let regex = compile(pattern).expect(pattern);
            assert_eq!(regex.find(text).map(|found| found.as_str()), found, "{pattern}");
        }
        for pattern in ["(", "a++", "(?=a)", r"(a)\1", "a{2}+", "x{1000}{1000}{1000}"] {
            compile(pattern).expect_err(pattern);
        }
    }

    #[test]
    fn replacements_name_groups() {
        let regex = compile(r"(\d)(\w)").expect("legal");
        let found = regex.captures("1a").expect("a match");
        assert_eq!(expand("$2-$1$10", &found).as_deref(), Some("a-110"));
        assert_eq!(expand(r"\$1", &found).as_deref(), Some("$1"));
        for wrong in ["$", "$3", "$x", "\\"] {
            assert_eq!(expand(wrong, &found), None, "{wrong}");
        }
    }

    #[test]
    fn patterns_match_the_whole_text() {
        let like = |pattern, text: &str| like(pattern, "!").expect("legal").is_match(text);
        assert!(like("a!%%", "a%b\nc") && !like("a!%", "ab") && like("_.", "x.") && !like("_.", "xy"));
        let similar = |pattern, text: &str| similar(pattern, "").expect("legal").is_match(text);
        assert!(similar("(a|b)+%", "abx") && !similar("(a|b)+", "abx") && similar("[^0-9]_", "xy"));
        assert!(similar("a.b", "a.b") && !similar("a.b", "axb"));
        super::similar("(", "").expect_err("open");
        super::like("a", "ab").expect_err("two signs");
        super::like("a!", "!").expect_err("nothing behind");
    }
}
