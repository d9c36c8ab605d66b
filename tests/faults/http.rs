//! HTTP/1.1 messages, whole.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

/// A request or an answer with its whole body. Its first line and its headers are kept as they came.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) first_line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Up to where a body reaches.
enum Framing {
    Length(usize),
    Chunked,
    /// To the end of the connection; a request has no body.
    Rest,
}

impl Message {
    /// Reads the first line and the headers; `None` where the other side has closed. The body is still to come, but for
    /// those bytes of it that are returned.
    pub(super) fn head(stream: &mut TcpStream) -> io::Result<Option<(Self, Vec<u8>)>> {
        let mut bytes = Vec::new();
        let mut part = [0; 1 << 14];
        loop {
            let count = stream.read(&mut part)?;
            if count == 0 {
                return if bytes.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            bytes.extend_from_slice(&part[..count]);
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
                let mut lines = text.split("\r\n");
                let first_line = lines.next().unwrap_or_default().to_owned();
                let header = |line: &str| line.split_once(':').map(|(n, v)| (n.to_owned(), v.trim().to_owned()));
                let headers = lines.filter_map(header).collect();
                return Ok(Some((Self { first_line, headers, body: Vec::new() }, bytes.split_off(end + 4))));
            }
        }
    }

    /// Reads the body behind the head.
    pub(super) fn read_body(&mut self, stream: &mut TcpStream, begun: Vec<u8>, is_request: bool) -> io::Result<()> {
        if self.header("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            self.remove("expect");
        }
        let mut body = begun;
        match self.framing() {
            Framing::Length(length) => fill(stream, &mut body, length)?,
            Framing::Chunked => {
                let mut whole = Vec::new();
                loop {
                    let end = loop {
                        if let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
                            break end;
                        }
                        let more = body.len() + 1;
                        fill(stream, &mut body, more)?;
                    };
                    let line = String::from_utf8_lossy(&body[..end]).into_owned();
                    let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16);
                    let size = size.map_err(|_| io::ErrorKind::InvalidData)?;
                    fill(stream, &mut body, end + 2 + size + 2)?;
                    whole.extend_from_slice(&body[end + 2..end + 2 + size]);
                    body.drain(..end + 2 + size + 2);
                    if size == 0 {
                        break;
                    }
                }
                body = whole;
                self.remove("transfer-encoding");
            }
            Framing::Rest if is_request => body.clear(),
            Framing::Rest => {
                stream.read_to_end(&mut body)?;
            }
        }
        self.body = body;
        Ok(())
    }

    fn framing(&self) -> Framing {
        if self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return Framing::Chunked;
        }
        self.header("content-length").and_then(|length| length.parse().ok()).map_or(Framing::Rest, Framing::Length)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn remove(&mut self, name: &str) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// Writes the message with the length that its body has now. The connection is not used again. An answer to `HEAD`
    /// says the length of a body that it does not have.
    pub(super) fn write(mut self, stream: &mut TcpStream, has_body: bool) -> io::Result<()> {
        self.remove("connection");
        self.headers.push(("connection".to_owned(), "close".to_owned()));
        if has_body {
            self.remove("content-length");
            self.headers.push(("content-length".to_owned(), self.body.len().to_string()));
        }
        let mut head = self.first_line;
        for (name, value) in &self.headers {
            head.push_str(&format!("\r\n{name}: {value}"));
        }
        stream.write_all(format!("{head}\r\n\r\n").as_bytes())?;
        stream.write_all(&self.body)?;
        stream.flush()
    }
}

/// Reads until there are at least so many bytes.
fn fill(stream: &mut TcpStream, bytes: &mut Vec<u8>, wanted: usize) -> io::Result<()> {
    let mut part = [0; 1 << 14];
    while bytes.len() < wanted {
        match stream.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
    Ok(())
}
