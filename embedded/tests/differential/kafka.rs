//! A real Kafka: one that runs already, or one that lives as long as this process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[derive(Debug)]
pub(crate) struct Kafka {
    pub(crate) bootstrap_servers: String,
    child: Option<Child>,
}

impl Kafka {
    pub(crate) fn find() -> Self {
        if let Ok(bootstrap_servers) = std::env::var("TEST_PROBE_TEST_KAFKA") {
            return Self { bootstrap_servers, child: None };
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/brokers/kafka.py");
        let started = Command::new("python3")
            .arg(script)
            .arg("up")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = started.expect("python3 starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("Kafka is ready");
        let bootstrap_servers = ready["bootstrap_servers"].as_str().expect("an address").to_owned();
        Self { bootstrap_servers, child: Some(child) }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It ends with its standard input.
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}
