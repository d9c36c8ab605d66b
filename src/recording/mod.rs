//! Records of a stream in a file: their bytes, their partition keys, and when they arrived.
//!
//! Owns the form of such a file. May import `streams`. Never knows what a record holds.
//!
//! The first line is a JSON object with `recording`, the version of the form, and `stream`; every other line is one record:
//!
//! ```text
//! {"recording":1,"stream":"trades"}
//! {"arrival":"2026-01-01T00:00:00.250Z","key":"AMZN","text":"{\"ticker\":\"AMZN\",\"price\":180.0}"}
//! {"arrival":"2026-01-01T00:00:00.250Z","key":"AAPL","base64":"/wA="}
//! ```

mod error;
mod form;
mod reader;
mod writer;

use crate::streams::Millis;

pub use error::RecordingError;
pub use reader::{Lines, Reader};
pub use writer::Writer;

/// The version of the form.
const VERSION: u32 = 1;

/// A record as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When it arrived.
    pub arrival: Millis,
    /// Its partition key.
    pub partition_key: String,
    /// Its bytes.
    pub data: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            records in proptest::collection::vec(
                (0_i64..253_402_300_799_999, ".{1,20}", proptest::collection::vec(any::<u8>(), 0..40)),
                0..20,
            ),
        ) {
            let records: Vec<Recorded> = records
                .into_iter()
                .map(|(arrival, partition_key, data)| Recorded { arrival, partition_key, data })
                .collect();
            let mut file = Vec::new();
            let mut writer = Writer::new(&mut file, "trades").expect("memory");
            for record in &records {
                writer.write(record).expect("memory");
            }
            let Lines::Recording { stream, records: read } = Reader::open(file.as_slice()).expect("a recording") else {
                panic!("it is a recording")
            };
            prop_assert_eq!(stream, "trades");
            let read: Result<Vec<Recorded>, RecordingError> = read.collect();
            prop_assert_eq!(read.expect("records"), records);
        }
    }

    #[test]
    fn a_file_that_is_no_recording_is_lines() {
        let Lines::Plain(lines) = Reader::open(&b"{\"a\":1}\n\n{\"a\":2}\r\nlast"[..]).expect("lines") else {
            panic!("it is no recording")
        };
        let lines: Vec<Vec<u8>> = lines.collect::<Result<_, _>>().expect("lines");
        assert_eq!(lines, [&b"{\"a\":1}"[..], b"{\"a\":2}", b"last"]);
    }

    #[test]
    fn what_cannot_be_read_says_its_line() {
        let message = |text: &str| {
            let Lines::Recording { mut records, .. } = Reader::open(text.as_bytes())? else { return Ok(()) };
            records.try_for_each(|record| record.map(drop))
        };
        let message = |text: &str| message(text).expect_err(text).to_string();
        let head = "{\"recording\":1,\"stream\":\"s\"}\n";
        assert_eq!(
            message("{\"recording\":2,\"stream\":\"s\"}\n"),
            "the recording is of version 2, and this `pipe` reads version 1"
        );
        assert!(
            message(&format!("{head}{{\"arrival\":\"2026-01-01T00:00:00Z\"}}")).starts_with("line 2 is no record: ")
        );
        assert_eq!(
            message(&format!("{head}{{\"arrival\":\"yesterday\",\"key\":\"k\",\"text\":\"\"}}")),
            "line 2 is no record: `yesterday` is not a time such as 2026-01-01T00:00:00.250Z"
        );
        assert!(
            message(&format!("{head}{{\"arrival\":\"2026-01-01T00:00:00Z\",\"key\":\"k\",\"base64\":\"?\"}}"))
                .starts_with("line 2 is no record: ")
        );
        assert_eq!(
            message(&format!("{head}{{\"arrival\":\"2026-01-01T00:00:00Z\",\"key\":\"k\"}}")),
            "line 2 is no record: it has neither `text` nor `base64`"
        );
    }
}
