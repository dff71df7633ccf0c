//! What clients do to a cluster by accident or on purpose ends at their own connection, and a cluster that ends
//! leaves nothing.

mod abuse;
mod crowds;
mod ending;
#[expect(dead_code, reason = "each test binary uses its part of it")]
#[path = "../support/mod.rs"]
mod support;

use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use kafka_protocol::messages::MetadataRequest;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use test_probe_embedded::{EmbeddedKafka, Options};

use crate::support::{Client, eventually, text};

/// Tests that measure the process run alone; the others run together.
static PROCESS: RwLock<()> = RwLock::new(());

fn together() -> RwLockReadGuard<'static, ()> {
    PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn alone() -> RwLockWriteGuard<'static, ()> {
    PROCESS.write().unwrap_or_else(std::sync::PoisonError::into_inner)
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
