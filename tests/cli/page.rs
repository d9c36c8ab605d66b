//! The page of `pipe up --ui` and `pipe view`: who may ask, and what a real Chromium sees.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::harness::{Place, Running, Up, wait_for};
use super::up::PIPELINE;
use crate::peers;

/// A test for the page to run.
const TESTS: &str = r#"
[[tests]]
name = "two of a key"
[[tests.steps]]
ingest = "events"
rows = [{ id = 1, k = "a" }, { id = 3, k = "a" }]
[[tests.steps]]
advance = "2s"
[[tests.steps]]
expect = "counts"
rows = [{ k = "a", n = 2, mean = 2 }]
"#;

/// Returns the address of the page that a process has printed.
fn address(said: &str) -> Option<String> {
    said.split_whitespace()
        .find(|word| word.starts_with("http://127.0.0.1:") && word.contains("/?token="))
        .map(str::to_owned)
}

fn page_of(up: &Up) -> String {
    wait_for("the address of the page", || address(&up.running.said().1))
}

/// Sends a request as it is, and returns the status and the whole answer.
fn ask(address: &str, head: &str) -> (u16, String) {
    let host = address.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(head.replace("HOST", host).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

#[test]
fn only_the_page_itself_may_ask_with_its_token() {
    let place = Place::new(&format!("{PIPELINE}{TESTS}"));
    let up = place.up(&["--ui"]);
    let address = page_of(&up);
    let (_, token) = address.split_once("token=").unwrap();
    assert!(token.len() == 32 && token.bytes().all(|letter| letter.is_ascii_hexdigit()), "{address}");
    let get = |path: &str, headers: &str| {
        ask(&address, &format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n"))
    };
    let good = format!("/?token={token}");
    let (status, answer) = get(&good, "host: HOST\r\n");
    assert_eq!(status, 200);
    let lower = answer.to_lowercase();
    assert!(lower.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{answer}");
    assert!(lower.contains("referrer-policy: no-referrer"), "{answer}");
    // Neither the page nor what it loads names another host.
    for path in [good.as_str(), "/page.js", "/page.css"] {
        let (status, answer) = get(path, "host: HOST\r\n");
        assert_eq!(status, 200, "{path}");
        for part in ["src=\"http", "href=\"http", "url(http", "fetch(\"http", "import(\"http"] {
            assert!(!answer.contains(part), "{path}: {part}");
        }
    }
    for path in ["/", "/events", "/artifacts"] {
        for query in ["", "?token=", "?token=0123456789abcdef0123456789abcdef", "?Token=x", "?token=a&token=b"] {
            assert_eq!(get(&format!("{path}{query}"), "host: HOST\r\n").0, 403, "{path}{query}");
        }
    }
    assert_eq!(get(&good, "host: evil.example\r\n").0, 403, "a name that was bent to this address");
    assert_eq!(get(&good, "host: HOST\r\norigin: http://evil.example\r\n").0, 403);
    assert_eq!(get(&good, "host: HOST\r\norigin: null\r\n").0, 403);
    assert_eq!(get(&good, "host: HOST\r\norigin: http://HOST\r\n").0, 200);
    let post =
        format!("POST /tests?token={token} HTTP/1.1\r\nconnection: close\r\nhost: HOST\r\ncontent-length: 0\r\n");
    assert_eq!(ask(&address, &format!("{post}origin: http://evil.example\r\n\r\n")).0, 403);
    let (status, answer) = ask(&address, &format!("{post}\r\n"));
    assert!(status == 200 && answer.contains("\"outcome\":\"passed\"") && answer.contains("two of a key"), "{answer}");
    let (_, answer) = get(&format!("/artifacts?token={token}"), "host: HOST\r\n");
    assert!(answer.contains("aws/template.yaml") && answer.contains("flink/job.sql"), "{answer}");
    // Nobody else on this machine reads it.
    let kept = std::fs::metadata(place.path().join(".pipe/probe/page.json")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&kept.permissions()) & 0o077, 0);
    up.stop();
}

/// A Chromium that does what it is told.
struct Browser {
    child: Child,
    /// Ends with the browser: the script closes that when no command is to come.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Browser {
    fn start(modules: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/page.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(modules).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin: Some(stdin), stdout }
    }

    fn tell(&mut self, command: &Value) -> Value {
        self.stdin.as_mut().unwrap().write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{command}: {line}"));
        assert!(answer.get("error").is_none(), "{command}: {answer}");
        answer["ok"].clone()
    }

    /// Waits until the page is so; returns when, in milliseconds since 1970.
    fn wait(&mut self, script: &str) -> u64 {
        self.tell(&json!(["wait", script])).as_u64().unwrap()
    }

    fn text(&mut self, selector: &str) -> String {
        self.tell(&json!(["text", selector])).as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // Closing takes a moment; killed, it would leave its browser behind.
        self.child.wait().ok();
    }
}

fn millis() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

#[test]
fn a_browser_sees_what_happens_and_outlives_the_pipeline() {
    let Some(modules) = peers::page("the page in a Chromium") else { return };
    let place = Place::new(&format!("{PIPELINE}{TESTS}"));
    let up = place.up(&["--ui"]);
    let address = page_of(&up);
    let mut browser = Browser::start(&modules);
    assert_eq!(browser.tell(&json!(["open", address, 1200, 900])), 200);
    browser.wait("document.querySelectorAll('#table tbody tr').length > 4");
    browser.wait("document.querySelector('#graph svg .rate') && document.querySelector('#windows canvas')");
    browser.wait("document.querySelector('#rates canvas') && document.querySelector('#shards .cell')");
    assert!(browser.text("#state").starts_with("runs (process "), "{}", browser.text("#state"));
    assert!(browser.text("#graph").contains("tumbling 1s"), "{}", browser.text("#graph"));
    browser.wait("document.querySelector('#open tbody').innerText.includes('counts')");
    assert!(browser.text("#texts").contains("aws/template.yaml"));
    // A row is there within a second of its window's close; a busy machine may be slow once.
    let fastest = (0..5).map(|_| {
        browser.tell(&json!([
            "evaluate",
            "window.before = document.querySelector('#table tbody td:nth-child(3)').innerText"
        ]));
        let seen = browser.wait("document.querySelector('#table tbody td:nth-child(3)').innerText !== window.before");
        let end = browser.tell(&json!([
            "evaluate",
            "Date.parse(document.querySelector('#table tbody td:nth-child(3)').innerText + 'Z')"
        ]));
        seen.checked_sub(end.as_u64().unwrap()).expect("no row comes before its window's close")
    });
    let fastest = fastest.min().unwrap();
    // The one promise about time that the page makes, of the best of five, so that a busy machine does not break it.
    assert!(fastest < 1000, "{fastest} ms behind the window's close");
    // What is picked is shown.
    browser.tell(&json!([
        "evaluate",
        "(() => { const c = document.getElementById('keys'); c.value = 'b'; c.dispatchEvent(new Event('input')); })()"
    ]));
    browser.wait("document.getElementById('what').innerText.startsWith('1 of 1 keys')");
    browser.tell(&json!(["click", "#run"]));
    browser.wait("document.getElementById('verdict').innerText === '1 of 1 passed'");
    // By keyboard alone, once round.
    let stops: Vec<Value> = (0..25).map(|_| browser.tell(&json!(["press", "Tab"]))).collect();
    for stop in ["skip", "graph", "query", "column", "keys", "range", "run"] {
        assert!(stops.contains(&stop.into()), "{stops:?}");
    }
    // Light, dark and small: nothing to complain about, and nothing beside the screen.
    for scheme in ["light", "dark"] {
        browser.tell(&json!(["dark", scheme]));
        for width in [1200, 360] {
            let widths = browser.tell(&json!(["size", width, 800]));
            assert!(widths[0].as_u64() <= widths[1].as_u64(), "{scheme} {width}: {widths}");
            assert_eq!(browser.tell(&json!(["contrast"])), json!([]), "{scheme} {width}");
        }
    }
    assert_eq!(browser.tell(&json!(["failures"])), json!([]));
    let host = address.split("/?").next().unwrap();
    let requests = browser.tell(&json!(["requests"]));
    let own =
        |request: &Value| request.as_str().unwrap().starts_with(host) || request.as_str().unwrap().starts_with("data:");
    assert!(requests.as_array().unwrap().iter().all(own), "{requests}");

    // Another run of the pipeline: the page goes on where it was, with no row twice.
    up.stop();
    browser.wait("document.getElementById('state').innerText.includes('goes on by itself')");
    let up = place.up(&["--ui"]);
    assert_eq!(page_of(&up), address, "the page is where it was");
    browser.wait("document.getElementById('state').innerText.startsWith('runs (process ')");
    browser.tell(&json!([
        "evaluate",
        "(() => { const c = document.getElementById('keys'); c.value = ''; c.dispatchEvent(new Event('input')); })()"
    ]));
    browser.wait("document.getElementById('what').innerText.includes(' keys, ')");
    browser.tell(&json!([
        "evaluate",
        "window.before = Number(document.getElementById('what').innerText.split(', ')[1].split(' ')[0])"
    ]));
    browser.wait("Number(document.getElementById('what').innerText.split(', ')[1].split(' ')[0]) > window.before + 3");
    let twice = browser.tell(&json!([
        "evaluate",
        "(() => { const rows = [...document.querySelectorAll('#table tbody tr')].map((row) => row.innerText); return rows.length - new Set(rows).size; })()"
    ]));
    assert_eq!(twice, 0);
    up.stop();
}

#[test]
fn ten_thousand_keys_and_an_hour_of_windows_do_not_slow_it() {
    let Some(modules) = peers::page("a large page in a Chromium") else { return };
    let place = Place::new(PIPELINE);
    let view: Running = place.start(&["view"]);
    let address = wait_for("the address of the page", || address(&view.said().0));
    let mut browser = Browser::start(&modules);
    assert_eq!(browser.tell(&json!(["open", address, 1200, 900])), 200);
    // Nothing runs: the page says so, and shows all the same what the file says.
    browser.wait("document.getElementById('state').innerText.startsWith('does not run here')");
    browser.wait("document.querySelector('#graph svg')");
    let begun = millis();
    let load = browser.tell(&json!(["load", 10_000, 60, "counts"]));
    let took = millis() - begun;
    // Where it is written, the numbers are there to be read; none of them is a promise about time on a busy machine.
    let measured = format!("an hour of windows of ten thousand keys in {took} ms: {load}\n");
    std::io::stderr().write_all(measured.as_bytes()).unwrap();
    assert!(load["bytes"].as_u64().unwrap() < 300 << 20, "{load}");
    assert!(load["going"]["frames"].as_u64().unwrap() > 10, "{load}");
    browser.wait("document.getElementById('what').innerText.startsWith('8 of 10000 keys, 650000 rows')");
    assert_eq!(browser.tell(&json!(["failures"])), json!([]));
    view.interrupt();
    let done = view.ended();
    assert_eq!(done.code(), Some(130), "{done:?}");
}
