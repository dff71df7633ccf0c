//! A client of HTTP that says and sees every byte.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long anything in a test may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const V1: &str = "application/vnd.schemaregistry.v1+json";

/// One connection, which is kept.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn connect(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.ask("GET", path, &[("Accept", V1)], "").expect("an answer")
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Response {
        self.ask("POST", path, &[("Content-Type", V1), ("Accept", V1)], &body.to_string()).expect("an answer")
    }

    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Response> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let stream = self.stream.get_mut();
        stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Response> {
        let mut line = || {
            let mut line = String::new();
            match self.stream.read_line(&mut line)? {
                0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                _ => Ok(line.trim_end().to_owned()),
            }
        };
        let status = line()?.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let (mut length, mut content_type) = (0, String::new());
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().expect("a length"),
                "content-type" => value.trim().clone_into(&mut content_type),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let text = String::from_utf8(body).expect("UTF-8");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Response { status, content_type, body })
    }
}
