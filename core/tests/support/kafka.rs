//! Real brokers from `tests/brokers/kafka.py`, which end when this process ends.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde_json::Value;
use test_probe_embedded::{EmbeddedKafka, Options};

const ENVIRONMENT: &str = "TEST_PROBE_TEST_KAFKA";

/// The first start may have to download the broker.
const START: Duration = Duration::from_secs(400);

/// How a node is.
#[derive(Clone, Copy, Debug)]
enum Health {
    Serving,
    Frozen,
    Dead,
}

/// A cluster of this test process.
#[derive(Debug)]
pub(crate) struct Kafka {
    pub(crate) bootstrap_servers: String,
    child: Child,
    commands: ChildStdin,
    answers: Mutex<Receiver<String>>,
    health: Health,
}

impl Kafka {
    /// Starts a cluster of one node.
    pub(crate) fn start() -> Self {
        Self::start_nodes(1)
    }

    /// Starts a cluster of this many nodes.
    pub(crate) fn start_nodes(nodes: u32) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/brokers/kafka.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args(["up", "--nodes", &nodes.to_string()])
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
        let mut kafka = Self {
            bootstrap_servers: String::new(),
            child,
            commands,
            answers: Mutex::new(answers),
            health: Health::Serving,
        };
        kafka.bootstrap_servers = kafka.answer()["bootstrap_servers"].as_str().expect("a string").to_owned();
        kafka
    }

    /// Freezes the node (SIGSTOP).
    pub(crate) fn stop(&mut self) {
        self.command("stop 1");
        self.health = Health::Frozen;
    }

    /// Thaws the node (SIGCONT).
    pub(crate) fn cont(&mut self) {
        self.command("cont 1");
        self.health = Health::Serving;
    }

    /// Kills the node (SIGKILL); its data stays.
    pub(crate) fn kill(&mut self) {
        self.command("kill 1");
        self.health = Health::Dead;
    }

    /// Kills one of several nodes (SIGKILL).
    pub(crate) fn kill_node(&mut self, node: i32) {
        self.command(&format!("kill {node}"));
    }

    /// Starts the killed node again, on the same port and data.
    pub(crate) fn restart(&mut self) {
        self.command("restart 1");
        self.health = Health::Serving;
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

/// Returns the bootstrap servers of a cluster that no test harms: the one that the environment names, an
/// embedded one where it says `embedded`, else a real one of our own.
pub(crate) fn shared() -> &'static str {
    static SERVERS: OnceLock<String> = OnceLock::new();
    static OURS: OnceLock<Kafka> = OnceLock::new();
    static EMBEDDED: OnceLock<EmbeddedKafka> = OnceLock::new();
    let embedded = || EmbeddedKafka::start(Options::default()).expect("an embedded cluster");
    SERVERS.get_or_init(|| match std::env::var(ENVIRONMENT) {
        Ok(servers) if servers == "embedded" => EMBEDDED.get_or_init(embedded).bootstrap_servers(),
        Ok(servers) => servers,
        Err(_) => OURS.get_or_init(Kafka::start).bootstrap_servers.clone(),
    })
}

/// Returns a cluster to freeze and to kill, alone. It is handed over in good health.
pub(crate) async fn to_harm() -> tokio::sync::MutexGuard<'static, Kafka> {
    static KAFKA: OnceLock<tokio::sync::Mutex<Kafka>> = OnceLock::new();
    let mut kafka = KAFKA.get_or_init(|| tokio::sync::Mutex::new(Kafka::start())).lock().await;
    match kafka.health {
        Health::Serving => {}
        Health::Frozen => kafka.cont(),
        Health::Dead => kafka.restart(),
    }
    kafka
}
