//! The proxy itself.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::Value;

use super::{
    entries,
    fault::{Effect, Fault, Faults},
    http::Message,
};

/// An endpoint before another one; it stops when this is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    /// Where what is asked of a service goes instead.
    routes: Mutex<Vec<(&'static str, String)>>,
    seed: u64,
    // Held for moments, never while anything is read or written.
    faults: Mutex<Faults>,
    calls: Mutex<Vec<Call>>,
    stopped: AtomicBool,
}

/// A call that came.
#[derive(Debug, Clone)]
struct Call {
    operation: String,
    faulted: bool,
}

impl Proxy {
    /// Starts on a free port before an address, such as `127.0.0.1:4567`, or the same with `http://`.
    pub(crate) fn start(upstream: &str, seed: u64, faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: host(upstream),
            routes: Mutex::default(),
            seed,
            faults: Mutex::new(Faults::new(faults, seed)),
            calls: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                // What fails here, the client sees as a connection that was closed.
                thread::spawn(move || stream.and_then(|stream| shared.serve(stream)));
            }
        });
        Self { address, shared }
    }

    /// Returns the address to give to a client.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends what is asked of a service, as `X-Amz-Target` names it, to another address.
    pub(crate) fn route(&self, service: &'static str, upstream: &str) {
        self.shared.routes.lock().unwrap().push((service, host(upstream)));
    }

    /// Lets other things go wrong from now on; what is counted begins anew.
    pub(crate) fn set(&self, faults: &[Fault]) {
        *self.shared.faults.lock().unwrap() = Faults::new(faults, self.shared.seed);
    }

    /// Returns how many calls of an operation came.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.shared.calls.lock().unwrap().iter().filter(|call| call.operation == operation).count()
    }

    /// Returns how many calls of an operation something happened to.
    pub(crate) fn faulted(&self, operation: &str) -> usize {
        let calls = self.shared.calls.lock().unwrap();
        calls.iter().filter(|call| call.operation == operation && call.faulted).count()
    }

    /// Returns the operations of all calls in the order in which they came.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.shared.calls.lock().unwrap().iter().map(|call| call.operation.clone()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    /// Serves one call and closes.
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let Some((mut request, begun)) = Message::head(&mut client)? else { return Ok(()) };
        request.read_body(&mut client, begun, true)?;
        let operation = operation(&request);
        let effect = self.faults.lock().unwrap().next(&operation);
        self.calls.lock().unwrap().push(Call { operation, faulted: effect.is_some() });
        let has_body = !request.first_line.starts_with("HEAD ");
        match effect {
            None => self.pass(request)?.write(&mut client, has_body),
            Some(Effect::Refuse { status, code }) => refusal(&request, status, code).write(&mut client, has_body),
            // Dropping the connection closes it.
            Some(Effect::Closed) => Ok(()),
            Some(Effect::Unheard) => self.pass(request).map(drop),
            Some(Effect::Delay(delay)) => {
                thread::sleep(delay);
                self.pass(request)?.write(&mut client, has_body)
            }
            Some(Effect::Says { instead_of, word }) => {
                let mut answer = self.pass(request)?;
                answer.body = String::from_utf8_lossy(&answer.body).replace(instead_of, word).into_bytes();
                answer.write(&mut client, has_body)
            }
            Some(Effect::Entries(share)) => self.refuse_entries(request, share)?.write(&mut client, true),
        }
    }

    fn pass(&self, request: Message) -> io::Result<Message> {
        let asks_for_head = request.first_line.starts_with("HEAD ");
        let mut server = TcpStream::connect(self.upstream_of(&request))?;
        let has_length = request.header("content-length").is_some() || !request.body.is_empty();
        request.write(&mut server, has_length)?;
        let (mut answer, begun) = Message::head(&mut server)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if !asks_for_head && !answer.first_line.contains(" 204 ") && !answer.first_line.contains(" 304 ") {
            answer.read_body(&mut server, begun, false)?;
        }
        Ok(answer)
    }

    fn upstream_of(&self, request: &Message) -> String {
        let service = request.header("x-amz-target").and_then(|target| target.split_once('.')).map(|(name, _)| name);
        let routes = self.routes.lock().unwrap();
        let route = routes.iter().find(|(routed, _)| service == Some(*routed));
        route.map_or_else(|| self.upstream.clone(), |(_, upstream)| upstream.clone())
    }

    fn refuse_entries(&self, mut request: Message, share: f64) -> io::Result<Message> {
        let mut body: Value = serde_json::from_slice(&request.body)?;
        let passed = entries::choose(&mut body, share, &mut self.faults.lock().unwrap().chance);
        if !passed.contains(&true) {
            return Ok(json(200, &entries::merge(&passed, &Value::Null)));
        }
        request.body = body.to_string().into_bytes();
        let answer = self.pass(request)?;
        if !answer.first_line.contains(" 200 ") {
            return Ok(answer);
        }
        Ok(json(200, &entries::merge(&passed, &serde_json::from_slice(&answer.body)?)))
    }
}

/// Returns the host and port of an address.
fn host(url: &str) -> String {
    url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/').to_owned()
}

/// Returns the name of what a request asks for.
fn operation(request: &Message) -> String {
    if let Some(target) = request.header("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    let mut parts = request.first_line.split(' ');
    let (method, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let body = String::from_utf8_lossy(&request.body);
    let is_form = request.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    let fields = query.split('&').chain(if is_form { body.split('&') } else { "".split('&') });
    for field in fields {
        if let Some(("Action" | "x-id", name)) = field.split_once('=') {
            return name.to_owned();
        }
    }
    match query.split(['&', '=']).next() {
        Some(parameter) if !parameter.is_empty() => format!("{method} ?{parameter}"),
        _ => method.to_owned(),
    }
}

/// Returns a refusal in the form of the request's protocol.
fn refusal(request: &Message, status: u16, code: &str) -> Message {
    let message = "injected by a test";
    if request.header("x-amz-target").is_some() {
        let mut answer = json(status, &serde_json::json!({ "__type": code, "message": message }));
        answer.headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
        return answer;
    }
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    let is_form = request.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    let text = if is_form {
        format!(
            "<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
        )
    } else {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message>\
             <RequestId>0000000000000000</RequestId></Error>"
        )
    };
    answer(status, "text/xml", text.into_bytes())
}

fn json(status: u16, value: &Value) -> Message {
    answer(status, "application/x-amz-json-1.1", value.to_string().into_bytes())
}

fn answer(status: u16, kind: &str, body: Vec<u8>) -> Message {
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    Message { first_line: format!("HTTP/1.1 {status} Injected"), headers, body }
}
