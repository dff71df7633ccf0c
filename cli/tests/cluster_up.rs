//! `test-probe cluster up` from outside: a process that is started, listened to and ended.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::Value;

/// How long anything here may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-probe"));
    command.args(["cluster", "up"]).args(arguments).env_remove("TEST_PROBE_PASSWORD");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running cluster, killed when a test fails.
struct Cluster {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Cluster {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the command starts");
        let said = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, said }
    }

    fn json(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("`{line}` is no JSON"))
    }

    /// Reads until a line begins with this.
    fn text_until(&mut self, beginning: &str) -> String {
        let mut text = String::new();
        while !text.lines().any(|line| line.starts_with(beginning)) {
            assert!(self.said.read_line(&mut text).expect("a line") > 0, "it ended after:\n{text}");
        }
        text
    }

    fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status;
            }
            assert!(Instant::now() < until, "the command did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(arguments).stdin(Stdio::null()).output().expect("it ends");
    (status.code(), String::from_utf8(stderr).expect("UTF-8"))
}

fn servers(said: &Value, protocol: &str) -> String {
    said["listeners"][protocol].as_str().unwrap_or_else(|| panic!("no {protocol} in {said}")).to_owned()
}

#[test]
fn it_says_how_to_connect_as_json_and_ends_with_standard_input() {
    let arguments =
        ["--brokers", "2", "--topic", "orders:3", "--topic", "confirmations", "--partitions", "2"];
    let mut cluster = Cluster::start(command(&arguments).args([
        "--format",
        "json",
        "--until-stdin-closes",
        "--memory",
        "64MiB",
    ]));
    let said = cluster.json();
    let servers = servers(&said, "PLAINTEXT");
    assert_eq!(said["bootstrap_servers"], servers);
    assert_eq!(said["certificate_authority"], Value::Null);
    assert_eq!(said["cluster_id"].as_str().map(str::len), Some(22));
    assert_eq!(servers.split(',').count(), 2);
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", &servers).create().expect("a client");
    let metadata = consumer.fetch_metadata(None, PATIENCE).expect("metadata");
    let partitions = |name: &str| {
        let topic = metadata.topics().iter().find(|topic| topic.name() == name).expect("the topic");
        topic.partitions().len()
    };
    assert_eq!((partitions("orders"), partitions("confirmations")), (3, 2));
    drop(consumer);
    let registry =
        said["schema_registry_url"].as_str().and_then(|url| url.strip_prefix("http://")).expect("a URL");
    assert!(TcpStream::connect(registry).is_ok());
    drop(cluster.child.stdin.take());
    assert_eq!(cluster.wait().code(), Some(0));
    assert!(TcpStream::connect(registry).is_err(), "somebody still listens on {registry}");
    let first = servers.split(',').next().expect("a server");
    assert!(TcpStream::connect(first).is_err(), "somebody still listens on {first}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_and_nothing_is_left() {
    for signal in ["TERM", "INT"] {
        let mut cluster = Cluster::start(&mut command(&["--format", "json"]));
        let said = cluster.json();
        let id = cluster.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("kill");
        assert!(sent.success());
        assert_eq!(cluster.wait().code(), Some(0), "after SIG{signal}");
        let servers = servers(&said, "PLAINTEXT");
        assert!(TcpStream::connect(&servers).is_err(), "somebody still listens on {servers}");
        let mut errors = String::new();
        cluster.child.stderr.take().expect("stderr").read_to_string(&mut errors).expect("text");
        assert_eq!(errors, "");
    }
}

#[test]
fn its_text_has_the_settings_of_each_listener_and_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    std::fs::write(path("password"), "wonder\n").expect("a file");
    let mut cluster = Cluster::start(&mut command(&[
        "--sasl",
        "scram-sha-512",
        "--user",
        "alice",
        "--password-file",
        &path("password"),
        "--tls",
        "--ca-out",
        &path("ca.pem"),
        "--until-stdin-closes",
    ]));
    let text = cluster.text_until("schema.registry.url=");
    assert!(text.starts_with("# Kafka is ready: 1 broker, cluster `"), "{text}");
    assert!(text.contains("security.protocol=PLAINTEXT\n"), "{text}");
    assert!(!text.contains("wonder"), "{text}");
    let (listeners, registry) = text.rsplit_once("\n\n").expect("listeners and a registry");
    assert!(registry.starts_with("schema.registry.url=http://127.0.0.1:"), "{registry}");
    let (_, secured) = listeners.rsplit_once("\n\n").expect("two listeners");
    for java in [
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required",
        "ssl.truststore.type=PEM",
    ] {
        assert!(secured.contains(java), "{secured}");
    }
    let authority = std::fs::read_to_string(path("ca.pem")).expect("the authority");
    assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"), "{authority}");
    drop(cluster.child.stdin.take());
    assert_eq!(cluster.wait().code(), Some(0));
}

#[test]
fn a_port_may_be_chosen_and_one_that_is_taken_is_said_with_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let (code, said) = refused(&["--port", &port]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains(&port) && said.contains("hint: choose another `--port`"), "{said}");
    drop(taken);
    // Another test may have been given the port meanwhile; then the next one is tried.
    let mut ports = std::iter::repeat_with(|| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("an address").port().to_string()
    });
    let started = ports.by_ref().take(20).find_map(|port| {
        let mut cluster = Cluster::start(&mut command(&["--port", &port, "--format", "json"]));
        let mut line = String::new();
        cluster.said.read_line(&mut line).expect("a line");
        (!line.is_empty()).then(|| (port, serde_json::from_str(&line).expect("JSON"), cluster))
    });
    let (port, said, _cluster) = started.expect("a port that stays free");
    assert_eq!(servers(&said, "PLAINTEXT"), format!("127.0.0.1:{port}"));
}

#[test]
fn what_cannot_be_is_a_usage_error_with_a_remedy() {
    let cases: &[(&[&str], &str)] = &[
        (&["--brokers", "0"], "1..=100"),
        (&["--topic", "orders:none"], "is no number of partitions"),
        (&["--topic", "no name"], "`no name` is no legal topic name"),
        (&["--topic", "orders", "--topic", "orders"], "topic `orders` existed already"),
        (&["--sasl", "gssapi"], "the mechanisms are plain, scram-sha-256, scram-sha-512, oauthbearer"),
        (&["--sasl", "plain"], "hint: add `--user NAME`"),
        (&["--sasl", "plain", "--user", "alice"], "hint: add `--password-file FILE`, or set the variable"),
        (&["--user", "alice"], "--sasl"),
        (&["--ca-out", "ca.pem"], "--tls"),
        (&["--memory", "much"], "write it as 512MiB"),
        (&["--passwrod"], "--passwrod"),
    ];
    for (arguments, wanted) in cases {
        let (code, said) = refused(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(wanted), "{arguments:?}: {said}");
    }
    let (code, said) = refused(&["--sasl", "plain", "--user", "a", "--password-file", "/does/not/exist"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("file `/does/not/exist` was not read"), "{said}");
}
