//! The consumer without a group: partitions are assigned, records are drained in batches.

use std::collections::HashSet;
use std::ptr;
use std::time::Duration;

use rdkafka_sys as rd;

use super::admin::warm_up;
use super::config::LibrdkafkaConfig;
use super::errors::Code;
use super::native::{Client, Kind};
use super::problems::Problems;
use super::record::{Drained, Message};
use super::slots::{Partition, Slots};
use super::values::{PartitionList, c_string, rd_kafka_error_code, text};
use crate::broker::{Assignment, Reader, ReaderOptions, Sink, StopReason, Wake};
use crate::error::{ErrorCode, ProbeError, Result};

/// Messages that are drained in one call.
const BATCH: usize = 1_024;

/// So many checksum errors in a row at one place are not the network's.
const CORRUPT_AFTER: u32 = 3;

/// A consumer of its own.
#[derive(Debug)]
pub(super) struct RdReader {
    client: Client,
    problems: Problems,
    slots: Slots,
    buffer: Vec<*mut rd::rd_kafka_message_t>,
    /// Errors of the client as a whole that were said already: librdkafka repeats them.
    said: HashSet<i32>,
}

// SAFETY: the buffer is empty between polls; everything else may change threads.
unsafe impl Send for RdReader {}

impl RdReader {
    /// Starts the consumer and lets it find the cluster.
    pub(super) fn open(
        config: &LibrdkafkaConfig,
        options: ReaderOptions,
        wake: &Wake,
        problems: Problems,
    ) -> Result<Self> {
        let client = Client::start(Kind::Consumer, config.reader(options)?, Some(wake))?;
        warm_up(&client);
        Ok(Self {
            client,
            problems,
            slots: Slots::default(),
            buffer: Vec::with_capacity(BATCH),
            said: HashSet::new(),
        })
    }

    /// Drains up to `max` messages from the client and returns how many came.
    fn drain(&mut self, sink: &mut dyn Sink, max: usize) -> usize {
        self.buffer.resize(max, ptr::null_mut());
        // SAFETY: the queue lives and the buffer has room for `max` messages.
        let count = unsafe {
            rd::rd_kafka_consume_batch_queue(self.client.fetched().raw(), 0, self.buffer.as_mut_ptr(), max)
        };
        let count = usize::try_from(count).unwrap_or(0);
        let buffer = std::mem::take(&mut self.buffer);
        // SAFETY: the first `count` places hold messages that were just handed out.
        for mut message in unsafe { Drained::new(&buffer[..count]) } {
            self.take(&mut message, sink);
        }
        self.buffer = buffer;
        self.buffer.clear();
        count
    }

    fn take(&mut self, message: &mut Message, sink: &mut dyn Sink) {
        let (code, offset) = (message.code(), message.offset());
        let found = self.slots.find(message.topic_address(), message.partition(), || message.topic());
        let Some(partition) = found else {
            // A removed partition has nothing to say any more; the client as a whole may.
            if code != Code::NONE && message.topic_address() == 0 {
                let words = message.words();
                let error = code.error("consuming", Some(&words), ErrorCode::ConsumeFailed);
                self.client_error(code, error, &words, sink);
            }
            return;
        };
        if partition.stopped {
            return;
        }
        partition.touched = true;
        match code {
            Code::NONE => {
                partition.corrupt = 0;
                partition.cover.record(offset);
                message.lend(partition.slot, |record| sink.record(record));
            }
            Code::PARTITION_EOF => partition.cover.end(offset),
            code => {
                partition.cover.error(offset);
                let words = message.words();
                let error = partition_error(code, partition, &words);
                match stop_reason(code, partition, error) {
                    Ok(reason) => stop(partition, reason, sink),
                    Err(error) => self.client_error(code, error, &words, sink),
                }
            }
        }
    }

    /// Says an error that ends no partition, once.
    fn client_error(&mut self, code: Code, error: ProbeError, words: &str, sink: &mut dyn Sink) {
        let fatal = code.ends_client();
        let mends_itself = code == Code::ALL_BROKERS_DOWN || code.is_passing();
        if fatal || mends_itself {
            self.problems.raise(code, words);
        }
        if fatal || (!mends_itself && self.said.insert(code.0)) {
            sink.client_error(error, fatal);
        }
    }

    /// Takes logs and errors of the client as a whole.
    fn hear(&mut self, sink: &mut dyn Sink) {
        while let Some(event) = self.client.events().next_event(Duration::ZERO) {
            if let Some(raised) = self.problems.hear(&event)
                && self.said.insert(event.error().0)
            {
                sink.client_error(raised.error, raised.fatal);
            }
        }
    }

    /// Tells how far partitions are covered. The position is asked for those where something was
    /// drained, and for all when nothing was: a marker moves it without a message.
    fn progress(&mut self, sink: &mut dyn Sink, idle: bool) {
        for partition in self.slots.iter_mut().filter(|partition| !partition.stopped) {
            if idle || partition.touched {
                partition.cover.position(position(&self.client, &partition.list));
                partition.touched = false;
            }
            if let Some(next) = partition.cover.take() {
                sink.progress(partition.slot, next);
            }
        }
    }

    /// Gives partitions that stopped back, or the client would ask for them again and again.
    fn let_go_of_stopped(&mut self) {
        let stopped = |partition: &&Partition| partition.stopped && partition.assigned;
        let slots: Vec<u32> = self.slots.iter().filter(stopped).map(|partition| partition.slot).collect();
        if slots.is_empty() {
            return;
        }
        self.unassign_or_warn(self.slots.iter().filter(stopped));
        for slot in slots {
            self.slots.forget_route(slot);
        }
        for partition in self.slots.iter_mut().filter(|partition| partition.stopped) {
            partition.assigned = false;
        }
    }

    /// Lets the client learn the leaders of partitions at once. A client that is connected looks for
    /// those of a topic that is new to it only once a second; asking for offsets makes it look now.
    /// The answer is nobody's.
    fn find_leaders(&self, partitions: &[Partition]) -> Result<()> {
        let latest = rd::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST as i64;
        let mut list = PartitionList::new();
        for partition in partitions {
            list.add(&c_string("topic", &partition.topic)?, partition.number, latest, None);
        }
        let (rk, queue) = (self.client.raw(), self.client.events().raw());
        // SAFETY: client, list and queue live; the list is copied, without options there are defaults.
        unsafe { rd::rd_kafka_ListOffsets(rk, list.raw(), ptr::null(), queue) };
        Ok(())
    }

    fn unassign_or_warn<'l>(&self, partitions: impl Iterator<Item = &'l Partition>) {
        if let Err(error) = self.unassign(partitions) {
            tracing::warn!(target: "librdkafka", "partitions were not unassigned: {error}");
        }
    }

    fn unassign<'l>(&self, partitions: impl Iterator<Item = &'l Partition>) -> Result<()> {
        let mut list = PartitionList::new();
        let mut any = false;
        for partition in partitions {
            list.add(&c_string("topic", &partition.topic)?, partition.number, 0, None);
            any = true;
        }
        if !any {
            return Ok(());
        }
        // SAFETY: client and list live; the list is copied and the error is ours.
        unsafe { owned_error(rd::rd_kafka_incremental_unassign(self.client.raw(), list.raw())) }
    }
}

impl Reader for RdReader {
    fn add(&mut self, partitions: &[Assignment]) -> Result<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let mut list = PartitionList::new();
        let mut added = Vec::with_capacity(partitions.len());
        for assignment in partitions {
            let partition = self.slots.partition(assignment)?;
            let topic = c_string("topic", &partition.topic)?;
            list.add(&topic, partition.number, assignment.from, assignment.leader_epoch);
            added.push(partition);
        }
        // A partition that stopped is read again under its new slot.
        let before: Vec<u32> = added
            .iter()
            .filter_map(|partition| self.slots.slot_of(&partition.topic, partition.number))
            .collect();
        self.remove(&before);
        // SAFETY: client and list live; the list is copied and the error is ours.
        unsafe { owned_error(rd::rd_kafka_incremental_assign(self.client.raw(), list.raw()))? };
        self.find_leaders(&added)?;
        for mut partition in added {
            partition.cover.position(position(&self.client, &partition.list));
            self.slots.insert(partition);
        }
        Ok(())
    }

    fn remove(&mut self, slots: &[u32]) {
        let removed: Vec<Partition> = slots.iter().filter_map(|slot| self.slots.remove(*slot)).collect();
        self.unassign_or_warn(removed.iter().filter(|partition| partition.assigned));
    }

    fn poll(&mut self, sink: &mut dyn Sink, max: usize) -> bool {
        // Before the queues are drained: what comes later rings again.
        self.client.fetched().take_rung();
        if self.client.events().take_rung() {
            self.hear(sink);
        }
        let (mut left, mut drained) = (max, 0);
        let more = loop {
            let asked = left.min(BATCH);
            if asked == 0 {
                break true;
            }
            let count = self.drain(sink, asked);
            drained += count;
            left -= count;
            if count < asked {
                break false;
            }
        };
        self.progress(sink, drained == 0);
        self.let_go_of_stopped();
        more
    }
}

fn stop(partition: &mut Partition, reason: StopReason, sink: &mut dyn Sink) {
    if let Some(next) = partition.cover.take() {
        sink.progress(partition.slot, next);
    }
    partition.stopped = true;
    sink.stopped(partition.slot, partition.cover.next(), reason);
}

/// Returns why an error stops its partition, or the error when it does not.
fn stop_reason(code: Code, partition: &mut Partition, error: ProbeError) -> Result<StopReason> {
    match code {
        Code::AUTO_OFFSET_RESET => Ok(StopReason::OffsetGone(error)),
        Code::TOPIC_AUTHORIZATION_FAILED => Ok(StopReason::NotAuthorized(error)),
        Code::BAD_MSG | Code::BAD_COMPRESSION => {
            partition.corrupt += 1;
            if partition.corrupt < CORRUPT_AFTER { Err(error) } else { Ok(StopReason::Corrupt(error)) }
        }
        code if code.is_unknown_topic() => Ok(StopReason::TopicGone),
        _ => Err(error),
    }
}

fn partition_error(code: Code, partition: &Partition, words: &str) -> ProbeError {
    let what = format!("consuming `{}` partition {}", partition.topic, partition.number);
    code.error(&what, Some(words), ErrorCode::ConsumeFailed)
        .with("topic", partition.topic.as_str())
        .with("partition", partition.number)
}

/// Returns the client's position of a partition; negative when it has none.
fn position(client: &Client, list: &PartitionList) -> i64 {
    // SAFETY: client and list live; the list has exactly one element, which the call writes.
    unsafe {
        rd::rd_kafka_position(client.raw(), list.raw());
        (*(*list.raw()).elems).offset
    }
}

/// # Safety
/// `error` is null or an error that is the caller's to free.
unsafe fn owned_error(error: *mut rd::rd_kafka_error_t) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the error is read and then freed.
    let (code, words) = unsafe {
        let read = (Code(rd_kafka_error_code(error)), text(rd::rd_kafka_error_string(error)));
        rd::rd_kafka_error_destroy(error);
        read
    };
    Err(code.error("assigning partitions", Some(&words), ErrorCode::ConsumeFailed))
}
