//! Reading a recording, or a file of bare records.

use std::io::BufRead;

use super::form::{Head, Line};
use super::{Recorded, RecordingError, VERSION};

/// What a file of records holds.
pub enum Lines<R> {
    /// A recording.
    Recording {
        /// The stream that was recorded.
        stream: String,
        /// Its records.
        records: Records<R>,
    },
    /// Lines without anything about them: each is a record.
    Plain(Plain<R>),
}

/// Opens files of records.
pub struct Reader;

impl Reader {
    /// Looks what a file holds.
    pub fn open<R: BufRead>(mut file: R) -> Result<Lines<R>, RecordingError> {
        let mut first = Vec::new();
        file.read_until(b'\n', &mut first)?;
        Ok(match serde_json::from_slice::<Head>(&first) {
            Ok(Head { recording, .. }) if recording != VERSION => {
                return Err(RecordingError::Version { found: recording });
            }
            Ok(Head { stream, .. }) => Lines::Recording { stream, records: Records { file, line: 1 } },
            Err(_) => Lines::Plain(Plain { file, first: Some(first) }),
        })
    }
}

/// The records of a recording, one behind the other.
pub struct Records<R> {
    file: R,
    line: u64,
}

/// The lines of a file, one behind the other; empty ones are none.
pub struct Plain<R> {
    file: R,
    first: Option<Vec<u8>>,
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Recorded, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut text = Vec::new();
            match self.file.read_until(b'\n', &mut text) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error.into())),
            }
            self.line += 1;
            if text.trim_ascii().is_empty() {
                continue;
            }
            let read = serde_json::from_slice::<Line>(&text).map_err(|error| error.to_string());
            let line = self.line;
            return Some(read.and_then(Line::record).map_err(|reason| RecordingError::Line { line, reason }));
        }
    }
}

impl<R: BufRead> Iterator for Plain<R> {
    type Item = Result<Vec<u8>, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut text = self.first.take().unwrap_or_default();
            if text.is_empty() {
                match self.file.read_until(b'\n', &mut text) {
                    Ok(0) => return None,
                    Ok(_) => {}
                    Err(error) => return Some(Err(error.into())),
                }
            }
            let end = text.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
            text.truncate(end);
            if !text.is_empty() {
                return Some(Ok(text));
            }
        }
    }
}
