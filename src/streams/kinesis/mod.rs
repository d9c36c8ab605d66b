//! The log behind any endpoint that speaks the Kinesis API.
