//! What clients do to a cluster by accident or on purpose ends at their own connection, and a cluster that ends
//! leaves nothing.

mod abuse;
mod crowds;
mod ending;
#[expect(dead_code, reason = "each test binary uses its part of it")]
#[path = "../support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Once, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kafka_protocol::messages::MetadataRequest;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use test_probe_embedded::{EmbeddedKafka, Options};

use crate::support::{Client, eventually, text};

/// Tests that measure the process run alone; the others run together.
static PROCESS: RwLock<()> = RwLock::new(());

/// How often a thread of a cluster panicked. The clusters survive that, so that no answer tells of it.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A test that runs, which fails when a thread of a cluster panicked meanwhile.
struct Running<G> {
    _process: G,
    panics: usize,
}

impl<G> Running<G> {
    fn new(process: G) -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                let is_ours = std::thread::current().name() == Some("embedded-kafka");
                PANICS.fetch_add(usize::from(is_ours), Ordering::SeqCst);
                before(panic);
            }));
        });
        Self { _process: process, panics: PANICS.load(Ordering::SeqCst) }
    }
}

impl<G> Drop for Running<G> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(PANICS.load(Ordering::SeqCst), self.panics, "a thread of a cluster panicked");
        }
    }
}

fn together() -> Running<RwLockReadGuard<'static, ()>> {
    Running::new(PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn alone() -> Running<RwLockWriteGuard<'static, ()>> {
    Running::new(PROCESS.write().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn started() -> EmbeddedKafka {
    EmbeddedKafka::start(Options::default()).expect("a cluster")
}

/// Creates a topic by asking for it.
fn create(client: &mut Client, topic: &str) {
    let asked = MetadataRequestTopic::default().with_name(Some(text(topic).into()));
    let request =
        MetadataRequest::default().with_topics(Some(vec![asked])).with_allow_auto_topic_creation(true);
    eventually("the topic is there", || client.call(12, &request).topics[0].error_code == 0);
}

/// How much memory this process has, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}
