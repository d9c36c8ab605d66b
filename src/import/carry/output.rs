//! Outputs → the streams that queries write.

use crate::import::application::{EndKind, Output};
use crate::import::draft::StreamDraft;
use crate::import::names;
use crate::import::report::Verdict;
use crate::plan::ERROR_STREAM;
use crate::record::RecordFormat;

use super::Carrier;

impl Carrier<'_, '_, '_> {
    /// Carries an output over: the in-application stream and the stream that takes its rows.
    pub(super) fn output(
        &mut self,
        output: &Output,
        inputs: &[(String, String)],
        outputs: &[(String, String)],
        construct: &str,
    ) -> Option<(String, String)> {
        let in_app = &output.stream.value;
        let destination = &output.destination;
        let place = Some(&output.stream.span);
        if in_app == ERROR_STREAM {
            self.report
                .add(
                    Verdict::Different,
                    construct,
                    format!(
                        "its errors went to `{}`; here they are in the stream `{ERROR_STREAM}`",
                        destination.name.value
                    ),
                    place,
                )
                .help(format!("`pipe tail --stream {ERROR_STREAM}` shows them"));
            return None;
        }
        let format = match output.format.as_str() {
            "JSON" => RecordFormat::Json,
            // The service put commas between values.
            "CSV" => RecordFormat::Csv { delimiter: RecordFormat::DELIMITER },
            other => {
                self.report
                    .add(
                        Verdict::Unsupported,
                        construct,
                        format!("its output `{in_app}` was {other}; here rows are JSON objects"),
                        place,
                    )
                    .help("let consumers read JSON");
                RecordFormat::Json
            }
        };
        let wanted = match destination.kind {
            EndKind::Stream => destination.name.value.as_str(),
            // Where rows went is no stream; theirs is named for what they are.
            EndKind::Firehose | EndKind::Lambda => in_app,
        };
        let wanted = names::stream(wanted);
        let is_loop = inputs.iter().any(|(_, input)| *input == wanted);
        let name = if is_loop { format!("{wanted}-out") } else { wanted.clone() };
        let draft = &*self.draft;
        let taken = |name: &str| {
            outputs.iter().any(|(_, known)| known == name)
                || name == ERROR_STREAM
                || draft.streams.iter().any(|stream| stream.name == name && stream.columns.is_none())
        };
        let free = names::free(&name, taken);
        if is_loop {
            self.report
                .add(
                    Verdict::Lint,
                    construct,
                    format!("it writes the stream `{wanted}` that it reads, and would read its own rows"),
                    place,
                )
                .help(format!("the rows of `{in_app}` go to `{free}` here"));
        } else if free != name {
            self.report
                .add(
                    Verdict::Different,
                    construct,
                    format!("several outputs went to `{name}`; here each has a stream of its own"),
                    place,
                )
                .help(format!("the rows of `{in_app}` are in `{free}`"));
        }
        let comment = self.comment(destination);
        match self.draft.stream(&free) {
            Some(stream) => (stream.columns, stream.format) = (None, format),
            None => self.draft.streams.push(StreamDraft {
                name: free.clone(),
                comment,
                capacity: self.capacity(destination),
                format,
                partition_key: None,
                columns: None,
            }),
        }
        self.told(output, &free, construct);
        Some((in_app.clone(), free))
    }

    fn told(&mut self, output: &Output, name: &str, construct: &str) {
        let (in_app, destination) = (&output.stream.value, &output.destination);
        let place = Some(&output.stream.span);
        match destination.kind {
            EndKind::Stream => {
                self.report.add(Verdict::Same, format!("stream `{name}`"), format!("takes the rows of `{in_app}`"), place);
            }
            EndKind::Firehose => self
                .report
                .add(
                    Verdict::Unsupported,
                    construct,
                    format!("the rows of `{in_app}` went to the Firehose delivery stream `{}`; here they go to the stream `{name}`", destination.name.value),
                    place,
                )
                .help("give the delivery stream the Kinesis stream as its source"),
            EndKind::Lambda => self
                .report
                .add(
                    Verdict::Unsupported,
                    construct,
                    format!("the rows of `{in_app}` went to the Lambda function `{}`; here they go to the stream `{name}`", destination.name.value),
                    place,
                )
                .help("give the function an event source mapping on the Kinesis stream"),
        }
    }
}
