//! A cluster as a process, and commands in an environment that says nothing.

use std::io::{BufRead, BufReader, Write};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything here may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What the command looks at in its environment, which differs between machines.
const SCRUBBED: &[&str] = &[
    "KAFKA_BOOTSTRAP_SERVERS",
    "SCHEMA_REGISTRY_URL",
    "OAUTH_TOKEN_ENDPOINT",
    "OAUTH_CLIENT_SCOPE",
    "TEST_PROBE_CONFIG",
    "TEST_PROBE_TEST_ID",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
];

/// An empty folder in which commands run, and perhaps a cluster.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    cluster: Option<(Child, String)>,
}

/// A command that runs, killed when a test fails.
pub(crate) struct Running(Child);

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Fails unless the command ended like this.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }

    /// The one document that was printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let lines = self.lines();
        assert_eq!(lines.len(), 1, "{self:#?}");
        lines.into_iter().next().unwrap_or_default()
    }

    /// The documents that were printed, one on each line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let read =
            |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("`{line}` is no JSON: {self:#?}"));
        self.out.lines().map(read).collect()
    }

    /// The error that was said as JSON.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        assert_eq!(self.out, "", "{self:#?}");
        serde_json::from_str(&self.err).unwrap_or_else(|_| panic!("no JSON: {self:#?}"))
    }
}

impl Place {
    /// A folder without a cluster.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), cluster: None }
    }

    /// A folder and a cluster with these topics.
    pub(crate) fn with_topics(topics: &[&str]) -> Self {
        let mut place = Self::new();
        let mut command = place.command(&["cluster", "up", "--format", "json", "--until-stdin-closes"]);
        for topic in topics {
            command.args(["--topic", topic]);
        }
        let mut child = command.spawn().expect("the command starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut said).expect("a line");
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let servers = said["bootstrap_servers"].as_str().expect("servers").to_owned();
        place.cluster = Some((child, servers));
        place
    }

    pub(crate) fn servers(&self) -> &str {
        &self.cluster.as_ref().expect("a cluster").1
    }

    /// Writes a file and returns its name.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.folder.path().join(name), text).expect("a file");
        name.to_owned()
    }

    /// A command in the folder, at the cluster if there is one.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_test-probe"));
        self.prepare(&mut command);
        command.args(words);
        command
    }

    /// Lets any program run as the command does.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.current_dir(self.folder.path()).env("TERM", "xterm");
        for name in SCRUBBED {
            command.env_remove(name);
        }
        if let Some((_, servers)) = &self.cluster {
            command.env("KAFKA_BOOTSTRAP_SERVERS", servers);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    /// Starts a command that the test listens to.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        Running(self.command(words).spawn().expect("it starts"))
    }

    pub(crate) fn run(&self, words: &[&str]) -> Done {
        self.run_with(words, "")
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn run_with(&self, words: &[&str], input: &str) -> Done {
        done(self.command(words), input)
    }

    /// Produces an event of a test.
    #[track_caller]
    pub(crate) fn produce(&self, topic: &str, test_id: &str, id: &str, value: &str) {
        let words =
            ["produce", "-t", topic, "--test-id", test_id, "--type", "Order", "--id", id, "--value", value];
        self.run(&words).ends(0);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.cluster {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs a command to its end.
pub(crate) fn done(mut command: Command, input: &str) -> Done {
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("stdin");
    // A command that reads nothing may have ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Done { status, out: text(stdout), err: text(stderr) }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}
