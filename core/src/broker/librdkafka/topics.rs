//! Topics: whether they are there, under which id, and making them.

use std::collections::HashMap;
use std::ffi::{CString, c_char};
use std::ptr::NonNull;

use rdkafka_sys as rd;
use rdkafka_sys::rd_kafka_admin_op_t as Api;

use super::admin::{Admin, Call, Refusal};
use super::errors::Code;
use super::native::Event;
use super::values::{c_string, from_buffer, rd_kafka_error_code, rd_kafka_topic_result_error, text};
use crate::broker::{NewTopic, TopicId, TopicInfo, TopicState};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;

/// A topic as a broker described it.
#[derive(Debug)]
struct Described {
    name: String,
    state: TopicState,
    /// The leader of each partition, by partition.
    leaders: Vec<(i32, i32)>,
}

/// Describes topics, in the order of the names. Tells `learn` who leads which partition.
pub(super) async fn describe(
    admin: &Admin,
    names: Vec<String>,
    by: Deadline,
    learn: impl Fn(&str, &[(i32, i32)]),
) -> Result<Vec<TopicInfo>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let what = format!("describing {}", quoted(&names));
    let call = Call { api: Api::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, what: &what, by, isolation: None };
    let mut wanted = names.clone();
    wanted.sort_unstable();
    wanted.dedup();
    let wanted = wanted.iter().map(|name| c_string("topic", name)).collect::<Result<Vec<CString>>>()?;
    let pending = admin.call(
        call,
        |desk| {
            let mut raw: Vec<*const c_char> = wanted.iter().map(|name| name.as_ptr()).collect();
            // SAFETY: the names live through the call, which copies them; the collection is freed here.
            unsafe {
                let topics = rd::rd_kafka_TopicCollection_of_topic_names(raw.as_mut_ptr(), raw.len());
                rd::rd_kafka_DescribeTopics(desk.rk, topics, desk.options, desk.queue);
                rd::rd_kafka_TopicCollection_destroy(topics);
            }
        },
        described,
    )?;
    let mut states = HashMap::new();
    for topic in pending.wait_ok(ErrorCode::BrokerUnreachable).await? {
        learn(&topic.name, &topic.leaders);
        states.insert(topic.name, topic.state);
    }
    let silent = || ProbeError::new(ErrorCode::Internal, "the broker's answer did not have the topic");
    Ok(names
        .into_iter()
        .map(|topic| {
            let state = states.get(&topic).cloned().unwrap_or_else(|| TopicState::Failed(silent()));
            TopicInfo { topic, state }
        })
        .collect())
}

fn described(event: &Event) -> Result<Vec<Described>, Refusal> {
    event.accepted()?;
    let mut count = 0;
    // SAFETY: the event is a result of DescribeTopics without an error and outlives what is read.
    unsafe {
        let result = rd::rd_kafka_event_DescribeTopics_result(event.raw());
        let topics = rd::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        Ok((0..count).map(|index| describe_one(*topics.add(index))).collect())
    }
}

/// # Safety
/// `topic` is a description in a result that lives.
unsafe fn describe_one(topic: *const rd::rd_kafka_TopicDescription_t) -> Described {
    // SAFETY: as the caller promises; the name, the error, the id and the partitions are its own.
    unsafe {
        let name = text(rd::rd_kafka_TopicDescription_name(topic));
        let error = rd::rd_kafka_TopicDescription_error(topic);
        let code = if error.is_null() { Code::NONE } else { Code(rd_kafka_error_code(error)) };
        if code != Code::NONE {
            let state = if code.is_unknown_topic() {
                TopicState::Unknown
            } else {
                let what = format!("describing `{name}`");
                TopicState::Failed(
                    code.error(&what, None, ErrorCode::BrokerUnreachable).with("topic", &*name),
                )
            };
            return Described { name, state, leaders: Vec::new() };
        }
        let id = rd::rd_kafka_TopicDescription_topic_id(topic);
        let high = rd::rd_kafka_Uuid_most_significant_bits(id).cast_unsigned();
        let low = rd::rd_kafka_Uuid_least_significant_bits(id).cast_unsigned();
        let mut count = 0;
        let partitions = rd::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        let leaders = (0..count).map(|index| leader_of(*partitions.add(index))).collect();
        let id = TopicId(uuid::Uuid::from_u64_pair(high, low));
        let partitions = i32::try_from(count).unwrap_or(i32::MAX);
        Described { name, state: TopicState::Known { id, partitions }, leaders }
    }
}

/// # Safety
/// `partition` is part of a result that lives.
unsafe fn leader_of(partition: *const rd::rd_kafka_TopicPartitionInfo_t) -> (i32, i32) {
    // SAFETY: as the caller promises; the leader may be null while there is none.
    unsafe {
        let leader = rd::rd_kafka_TopicPartitionInfo_leader(partition);
        let node = if leader.is_null() { -1 } else { rd::rd_kafka_Node_id(leader) };
        (rd::rd_kafka_TopicPartitionInfo_partition(partition), node)
    }
}

/// Creates a topic; `false` when it was there already.
pub(super) async fn create(admin: &Admin, topic: NewTopic, by: Deadline) -> Result<bool> {
    let what = format!("creating topic `{}`", topic.topic);
    let call = Call { api: Api::RD_KAFKA_ADMIN_OP_CREATETOPICS, what: &what, by, isolation: None };
    let request = Request::new(&topic)?;
    let pending = admin.call(
        call,
        |desk| {
            let mut raw = request.0.as_ptr();
            // SAFETY: the request lives through the call, which copies it.
            unsafe { rd::rd_kafka_CreateTopics(desk.rk, &raw mut raw, 1, desk.options, desk.queue) };
        },
        created,
    )?;
    match pending.wait_ok(ErrorCode::TopicCreateFailed).await? {
        (Code::NONE, _) => Ok(true),
        (Code::TOPIC_ALREADY_EXISTS, _) => Ok(false),
        (Code::TIMED_OUT | Code::REQUEST_TIMED_OUT, _) => Err(admin.unanswered(&what)),
        (code, words) => {
            Err(code.error(&what, Some(&words), ErrorCode::TopicCreateFailed).with("topic", topic.topic))
        }
    }
}

fn created(event: &Event) -> Result<(Code, String), Refusal> {
    event.accepted()?;
    let mut count = 0;
    // SAFETY: the event is a result of CreateTopics without an error and outlives what is read.
    unsafe {
        let result = rd::rd_kafka_event_CreateTopics_result(event.raw());
        let topics = rd::rd_kafka_CreateTopics_result_topics(result, &raw mut count);
        if count == 0 {
            return Ok((Code::NONE, String::new()));
        }
        let code = Code(rd_kafka_topic_result_error(*topics));
        let words = text(rd::rd_kafka_topic_result_error_string(*topics));
        Ok((code, if words.is_empty() { code.text() } else { words }))
    }
}

/// A topic to create, as librdkafka takes it.
struct Request(NonNull<rd::rd_kafka_NewTopic_t>);

// SAFETY: a request is plain memory with one owner.
unsafe impl Send for Request {}

impl Request {
    fn new(topic: &NewTopic) -> Result<Self> {
        let name = c_string("topic", &topic.topic)?;
        let mut words = [0 as c_char; 256];
        // SAFETY: the name lives and is copied; `words` is as long as it says.
        let raw = unsafe {
            rd::rd_kafka_NewTopic_new(
                name.as_ptr(),
                topic.partitions,
                topic.replication_factor,
                words.as_mut_ptr(),
                words.len(),
            )
        };
        let invalid = |words: &str| {
            ProbeError::new(
                ErrorCode::InvalidArgument,
                format!("topic `{}` cannot be created: {words}", topic.topic),
            )
        };
        let request = Self(NonNull::new(raw).ok_or_else(|| invalid(&from_buffer(&words)))?);
        for (name, value) in &topic.config {
            let (name, value) = (c_string("topic property", name)?, c_string("value", value)?);
            // SAFETY: the request, name and value live; the latter two are copied.
            unsafe { rd::rd_kafka_NewTopic_set_config(request.0.as_ptr(), name.as_ptr(), value.as_ptr()) };
        }
        Ok(request)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // SAFETY: the request is owned; a call copied it.
        unsafe { rd::rd_kafka_NewTopic_destroy(self.0.as_ptr()) };
    }
}

fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
