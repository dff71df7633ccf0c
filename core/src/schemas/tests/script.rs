//! A registry that answers as a test says, and remembers what it was asked.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;

use super::super::registry::SchemaRegistry;
use super::super::transport::{Answer, Request, Sending, To, Transport, Trouble};
use crate::completion::lock;
use crate::config::{OauthConfig, SchemaRegistryConfig};
use crate::runtime::Deadline;

/// What happens to a request.
pub(super) enum Reaction {
    /// This status and body.
    Answer(u16, Value),
    /// The same, and when to come again.
    Later(u16, String),
    /// The connection is refused.
    Broken,
    /// Nothing, ever.
    Silent,
    /// After this time, as that says.
    Slow(Duration, Box<Reaction>),
}

/// One request, as the registry saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Method and URL.
    pub(super) line: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    pub(super) at: tokio::time::Instant,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

type Rule = Box<dyn FnMut(&Seen) -> Reaction + Send>;

pub(super) struct Script {
    rule: Mutex<Rule>,
    seen: Mutex<Vec<Seen>>,
}

impl Script {
    pub(super) fn new(rule: impl FnMut(&Seen) -> Reaction + Send + 'static) -> Arc<Self> {
        Arc::new(Self { rule: Mutex::new(Box::new(rule)), seen: Mutex::default() })
    }

    /// Answers these one after the other, and the last one again and again.
    pub(super) fn of(reactions: Vec<Reaction>) -> Arc<Self> {
        let mut left = std::collections::VecDeque::from(reactions);
        Self::new(move |_| if left.len() > 1 { left.pop_front() } else { left.front().map(again) }.unwrap())
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

fn again(reaction: &Reaction) -> Reaction {
    match reaction {
        Reaction::Answer(status, body) => Reaction::Answer(*status, body.clone()),
        Reaction::Later(status, when) => Reaction::Later(*status, when.clone()),
        Reaction::Broken => Reaction::Broken,
        Reaction::Silent => Reaction::Silent,
        Reaction::Slow(time, then) => Reaction::Slow(*time, Box::new(again(then))),
    }
}

impl Transport for Script {
    fn send(&self, request: Request) -> Sending<'_> {
        let seen = Seen {
            line: format!("{} {}", request.method.name(), request.url),
            headers: request.headers,
            body: String::from_utf8(request.body.unwrap_or_default()).unwrap(),
            at: tokio::time::Instant::now(),
        };
        assert_eq!(request.to == To::Tokens, seen.line.contains("/token"), "{}", seen.line);
        let reaction = (lock(&self.rule))(&seen);
        lock(&self.seen).push(seen);
        Box::pin(react(reaction))
    }
}

async fn react(mut reaction: Reaction) -> Result<Answer, Trouble> {
    loop {
        let (status, retry_after, body) = match reaction {
            Reaction::Answer(status, body) => (status, None, body),
            Reaction::Later(status, when) => (status, Some(when), Value::Null),
            Reaction::Broken => return Err(Trouble::Connection("connection refused".to_owned())),
            Reaction::Silent => pending().await,
            Reaction::Slow(time, then) => {
                tokio::time::sleep(time).await;
                reaction = *then;
                continue;
            }
        };
        return Ok(Answer { status, retry_after, body: body.to_string().into_bytes() });
    }
}

/// A client of this registry at `http://a`, without retries and credentials.
pub(super) fn plain(script: &Arc<Script>) -> Arc<SchemaRegistry> {
    let mut config = SchemaRegistryConfig::at("http://a");
    config.max_retries = 0;
    open(script, &config)
}

pub(super) fn open(script: &Arc<Script>, config: &SchemaRegistryConfig) -> Arc<SchemaRegistry> {
    open_with(script, config, None)
}

pub(super) fn open_with(
    script: &Arc<Script>,
    config: &SchemaRegistryConfig,
    oauth: Option<&OauthConfig>,
) -> Arc<SchemaRegistry> {
    SchemaRegistry::over("c", config, oauth, &Handle::current(), script.clone())
}

pub(super) fn within(seconds: u64) -> Deadline {
    Deadline::after(Duration::from_secs(seconds))
}
