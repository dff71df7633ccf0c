//! What `cluster up` is asked for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use test_probe::config::bytes;
use test_probe_embedded::security::{
    ClientAuth, KeySet, Mechanism, OAuthBearer, Protocol, SecurityOptions, TlsOptions, TokenRules, User,
};
use test_probe_embedded::{Limits, Options, RegistryOptions};

use crate::exit::Failure;

/// Has the password of users without a file.
pub(super) const PASSWORD: &str = "TEST_PROBE_PASSWORD";
/// The longest that a member of a group may be silent.
const LONGEST_SESSION: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest that a file with a secret may be.
const LONGEST_SECRET: usize = 64 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// How many brokers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    brokers: u16,
    /// The port of the first broker; the others follow, and then those of the secured listener. 0 lets the system
    /// choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The port of the schema registry; 0 lets the system choose.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    registry_port: u16,
    /// How many partitions a topic has that is made without a number.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: i32,
    /// A topic to create at the start; may be given many times.
    #[arg(long = "topic", value_name = "NAME[:PARTITIONS]", value_parser = Topic::parse)]
    topics: Vec<Topic>,
    /// Adds a listener on which clients log in by these mechanisms: plain, scram-sha-256, scram-sha-512,
    /// oauthbearer.
    #[arg(long, value_name = "MECHANISM,...", value_delimiter = ',', value_parser = mechanism)]
    sasl: Vec<Mechanism>,
    /// A user of PLAIN and SCRAM, whose password is in `--password-file` or in the variable TEST_PROBE_PASSWORD;
    /// may be given many times.
    #[arg(long = "user", value_name = "NAME", requires = "sasl")]
    users: Vec<String>,
    /// The file with the password of the user at the same place: the first file is the first user's.
    #[arg(long = "password-file", value_name = "FILE", requires = "users")]
    password_files: Vec<PathBuf>,
    /// The file with the secret that tokens are signed with (HS256); without it any token without a signature is
    /// believed.
    #[arg(long, value_name = "FILE", requires = "sasl")]
    token_secret_file: Option<PathBuf>,
    /// How long a login lasts before the client has to log in again, in seconds; 0 is for ever.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, requires = "sasl")]
    max_reauth: f64,
    /// Encrypts the secured listener, with certificates made at the start.
    #[arg(long)]
    tls: bool,
    /// Where to write the authority that clients trust (PEM).
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// Whether clients show a certificate.
    #[arg(long, value_enum, default_value_t = Asked::None, requires = "tls")]
    client_auth: Asked,
    /// Where to write a certificate for a client and its key (PEM).
    #[arg(long, value_name = "FILE", requires = "tls")]
    client_out: Option<PathBuf>,
    /// How much memory records may take before they are moved to temporary files, as 512MiB.
    #[arg(long, value_parser = memory)]
    memory: Option<u64>,
    /// How long a member of a group of the new protocol (KIP-848) may be silent, in seconds; 45 as in Kafka. Members
    /// of classic groups say it themselves.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    consumer_session_timeout: Option<Duration>,
    /// Ends when standard input is closed, so that the cluster cannot outlive who started it.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Asked {
    None,
    Requested,
    Required,
}

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) partitions: Option<i32>,
}

impl Topic {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((name, partitions)) = text.split_once(':') else {
            return Ok(Self { name: text.to_owned(), partitions: None });
        };
        let number = partitions.parse().ok().filter(|number| (1..=10_000).contains(number));
        let number =
            number.ok_or_else(|| format!("`{partitions}` is no number of partitions from 1 to 10000"))?;
        Ok(Self { name: name.to_owned(), partitions: Some(number) })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.partitions {
            Some(partitions) => write!(f, "{}:{partitions}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

fn mechanism(name: &str) -> Result<Mechanism, String> {
    Mechanism::from_name(&name.to_ascii_uppercase()).ok_or_else(|| {
        let known = Mechanism::ALL.map(|mechanism| mechanism.name().to_ascii_lowercase()).join(", ");
        format!("the mechanisms are {known}")
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let allowed = seconds.filter(|time| (Duration::from_millis(1)..=LONGEST_SESSION).contains(time));
    allowed.ok_or_else(|| "write it as a number of seconds up to a day, as 4 or 0.5".to_owned())
}

fn memory(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| "write it as 512MiB, 1GiB or as a number of bytes".to_owned())
}

impl Up {
    pub(super) fn options(&self) -> Result<Options, Failure> {
        let mut options = Options {
            port: self.port,
            default_partitions: self.partitions,
            security: self.security()?,
            ..Options::with_brokers(self.brokers)
        };
        options.listeners.extend(self.secured());
        if let Some(bytes) = self.memory {
            let memory_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            options.limits = Limits { memory_bytes, ..Limits::default() };
        }
        if let Some(timeout) = self.consumer_session_timeout {
            options.consumer_session_timeout = timeout;
        }
        Ok(options)
    }

    pub(super) fn registry(&self) -> RegistryOptions {
        RegistryOptions { port: self.registry_port, ..RegistryOptions::default() }
    }

    /// Returns what the second listener speaks, where there is one.
    pub(super) fn secured(&self) -> Option<Protocol> {
        match (self.sasl.is_empty(), self.tls) {
            (true, false) => None,
            (true, true) => Some(Protocol::Ssl),
            (false, false) => Some(Protocol::SaslPlaintext),
            (false, true) => Some(Protocol::SaslSsl),
        }
    }

    pub(super) fn topics(&self) -> &[Topic] {
        &self.topics
    }

    pub(super) fn mechanisms(&self) -> &[Mechanism] {
        &self.sasl
    }

    pub(super) fn users(&self) -> &[String] {
        &self.users
    }

    pub(super) fn believes_every_token(&self) -> bool {
        self.token_secret_file.is_none()
    }

    pub(super) fn ca_out(&self) -> Option<&Path> {
        self.ca_out.as_deref()
    }

    pub(super) fn client_out(&self) -> Option<&Path> {
        self.client_out.as_deref()
    }

    pub(super) fn until_stdin_closes(&self) -> bool {
        self.until_stdin_closes
    }

    fn security(&self) -> Result<SecurityOptions, Failure> {
        let needs_users = self.sasl.iter().any(|mechanism| *mechanism != Mechanism::OAuthBearer);
        if needs_users && self.users.is_empty() {
            return Err(Failure::usage(format!(
                "`--sasl` was given without a user who could log in\nhint: add `--user NAME`, with the password in \
                 `--password-file FILE` or in the variable {PASSWORD}"
            )));
        }
        let max_reauth = Duration::try_from_secs_f64(self.max_reauth)
            .map_err(|_| Failure::usage("`--max-reauth` was no number of seconds"))?;
        let client_auth = match self.client_auth {
            Asked::None => ClientAuth::None,
            Asked::Requested => ClientAuth::Requested,
            Asked::Required => ClientAuth::Required,
        };
        Ok(SecurityOptions {
            mechanisms: self.sasl.clone(),
            users: self.logins()?,
            oauthbearer: Some(self.tokens()?),
            max_reauth,
            tls: TlsOptions { client_auth, ..TlsOptions::default() },
        })
    }

    fn logins(&self) -> Result<Vec<User>, Failure> {
        if self.password_files.len() > self.users.len() {
            return Err(Failure::usage("`--password-file` was given more often than `--user`"));
        }
        let mut users = Vec::new();
        for (index, name) in self.users.iter().enumerate() {
            let password = match self.password_files.get(index) {
                Some(file) => secret(file)?,
                None => std::env::var(PASSWORD).ok().filter(|password| !password.is_empty()).ok_or_else(|| {
                    Failure::usage(format!(
                        "user `{name}` had no password\nhint: add `--password-file FILE`, or set the variable \
                         {PASSWORD}"
                    ))
                })?,
            };
            users.push(User::new(name.clone(), password));
        }
        Ok(users)
    }

    fn tokens(&self) -> Result<OAuthBearer, Failure> {
        let rules = TokenRules::default();
        Ok(match &self.token_secret_file {
            Some(file) => OAuthBearer::Signed(KeySet::hmac(secret(file)?.as_bytes()), rules),
            None => OAuthBearer::Unsecured(rules),
        })
    }
}

/// Reads a secret. A line break at the end is cut, as editors add one.
fn secret(file: &Path) -> Result<String, Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::environment(format!("file `{name}` was not read: {}", error.kind())))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() || text.len() > LONGEST_SECRET {
        return Err(Failure::usage(format!("file `{name}` held no secret")));
    }
    Ok(text.to_owned())
}
