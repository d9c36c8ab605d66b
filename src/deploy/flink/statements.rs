//! The text of a job → its statements, each of which the gateway takes on its own.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::FlinkError;

/// What stands in place of the names in a job's text.
#[derive(Debug, Clone)]
pub struct Places {
    /// `${AWS_ENDPOINT_URL}`
    pub endpoint: String,
    /// `${AWS_REGION}`
    pub region: String,
    /// `${AWS_ACCOUNT_ID}`
    pub account: String,
    /// `${AWS_PARTITION}`
    pub partition: String,
    /// `${PIPE_FILES}`
    pub files: String,
}

impl Places {
    /// Fills them in. They stand within quoted text, whose quotes are doubled.
    fn fill(&self, text: &str) -> String {
        [
            ("${AWS_ENDPOINT_URL}", &self.endpoint),
            ("${AWS_REGION}", &self.region),
            ("${AWS_ACCOUNT_ID}", &self.account),
            ("${AWS_PARTITION}", &self.partition),
            ("${PIPE_FILES}", &self.files),
        ]
        .into_iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, &value.replace('\'', "''")))
    }
}

/// Takes the text of a job apart, with everything filled in, without comments before a statement.
pub fn statements(text: &str, places: &Places) -> Result<Vec<String>, FlinkError> {
    let failed = |reason: String| FlinkError::Text { reason };
    // Its quotes are Flink's: ' for text, without backslashes, and ` for names.
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| failed(error.to_string()))?;
    let lines = line_starts(text);
    let mut found = Vec::new();
    let mut at = Vec::<&TokenWithSpan>::new();
    // Words since the last semicolon, and whether that one stands within a statement set.
    let mut since = 0;
    let mut in_set = false;
    for token in &tokens {
        match &token.token {
            Token::Whitespace(_) | Token::EOF => {}
            Token::SemiColon if at.is_empty() => {}
            Token::SemiColon => {
                let ends_set = in_set && at.len() == since + 1 && is_word(at[since], "END");
                if let (Some(first), true) = (at.first(), !in_set || ends_set) {
                    let range = offset(text, &lines, first.span.start)..offset(text, &lines, token.span.start);
                    found.push(places.fill(text.get(range).unwrap_or_default().trim_end()));
                    at.clear();
                    in_set = false;
                } else {
                    at.push(token);
                }
                since = at.len();
            }
            _ => {
                at.push(token);
                if at.len() == 4
                    && ["EXECUTE", "STATEMENT", "SET", "BEGIN"]
                        .iter()
                        .zip(&at)
                        .all(|(word, token)| is_word(token, word))
                {
                    in_set = true;
                    since = at.len();
                }
            }
        }
    }
    if at.is_empty() { Ok(found) } else { Err(failed("the last statement does not end".to_owned())) }
}

fn is_word(token: &TokenWithSpan, text: &str) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

/// Returns where each line begins.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// Returns the byte at which a location lies, which counts lines and letters from 1.
fn offset(text: &str, lines: &[usize], location: Location) -> usize {
    let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let start = lines.get(index(location.line)).copied().unwrap_or(text.len());
    let letters = text.get(start..).unwrap_or_default().char_indices();
    start + letters.map(|(at, _)| at).nth(index(location.column)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let text = str::to_owned;
        Places {
            endpoint: text("http://e"),
            region: text("r"),
            account: text("1'2"),
            partition: text("aws"),
            files: text("/f"),
        }
    }

    #[test]
    fn a_job_falls_into_its_statements() {
        let text = "-- ${AWS_REGION}; not a statement\nSET 'a;b' = 'it''s; ü\\';\n\n/* ; */ CREATE TABLE `x;y` (\n a INT -- ;\n);\n\
                    execute statement set\nBEGIN\nINSERT INTO a SELECT CASE WHEN 1 = 1 THEN 2 END;\n\
                    INSERT INTO b SELECT '${AWS_ACCOUNT_ID}', `END`;\nEND;\n";
        assert_eq!(
            statements(text, &places()).unwrap(),
            [
                "SET 'a;b' = 'it''s; ü\\'",
                "CREATE TABLE `x;y` (\n a INT -- ;\n)",
                "execute statement set\nBEGIN\nINSERT INTO a SELECT CASE WHEN 1 = 1 THEN 2 END;\n\
                 INSERT INTO b SELECT '1''2', `END`;\nEND",
            ]
        );
    }

    #[test]
    fn a_text_that_breaks_off_is_not_run() {
        for text in ["SELECT 1", "SELECT 'a;", "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;"] {
            let error = statements(text, &places()).expect_err(text);
            assert!(matches!(error, FlinkError::Text { .. }), "{error}");
        }
        assert_eq!(statements(" ; -- nothing\n", &places()).unwrap(), [] as [&str; 0]);
    }
}
