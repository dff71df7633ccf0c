//! Real brokers from `tests/brokers/kafka.py`, which end when this process ends.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;

const ENVIRONMENT: &str = "TEST_PROBE_TEST_KAFKA";

/// The first start may have to download the broker.
const START: Duration = Duration::from_secs(400);

/// A cluster of this test process.
#[derive(Debug)]
pub struct Kafka {
    pub bootstrap_servers: String,
    child: Child,
    commands: ChildStdin,
    answers: Mutex<Receiver<String>>,
}

impl Kafka {
    /// Starts a cluster of one node.
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/brokers/kafka.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg("up")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let commands = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (lines, answers) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
        });
        let mut kafka =
            Self { bootstrap_servers: String::new(), child, commands, answers: Mutex::new(answers) };
        kafka.bootstrap_servers = kafka.answer()["bootstrap_servers"].as_str().expect("a string").to_owned();
        kafka
    }

    /// Freezes the node (SIGSTOP).
    pub fn stop(&mut self) {
        self.command("stop 1");
    }

    /// Thaws the node (SIGCONT).
    pub fn cont(&mut self) {
        self.command("cont 1");
    }

    /// Kills the node (SIGKILL); its data stays.
    pub fn kill(&mut self) {
        self.command("kill 1");
    }

    /// Starts the killed node again, on the same port and data.
    pub fn restart(&mut self) {
        self.command("restart 1");
    }

    fn command(&mut self, command: &str) {
        writeln!(self.commands, "{command}").expect("kafka.py reads");
        let answer = self.answer();
        assert_eq!(answer["ok"], true, "{answer}");
    }

    fn answer(&self) -> Value {
        let answers = self.answers.lock().expect("not poisoned");
        let line = answers.recv_timeout(START).expect("kafka.py answers");
        serde_json::from_str(&line).expect("a line of JSON")
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // It ends with its stdin; a kill takes the brokers along all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the bootstrap servers of a cluster that no test harms.
pub fn shared() -> &'static str {
    static SERVERS: OnceLock<String> = OnceLock::new();
    static OURS: OnceLock<Kafka> = OnceLock::new();
    SERVERS.get_or_init(|| {
        std::env::var(ENVIRONMENT)
            .unwrap_or_else(|_| OURS.get_or_init(Kafka::start).bootstrap_servers.clone())
    })
}

/// Returns a cluster to freeze and to kill, alone. It is handed over in good health.
pub fn to_harm() -> MutexGuard<'static, Kafka> {
    static KAFKA: OnceLock<Mutex<Kafka>> = OnceLock::new();
    KAFKA.get_or_init(|| Mutex::new(Kafka::start())).lock().unwrap_or_else(PoisonError::into_inner)
}
