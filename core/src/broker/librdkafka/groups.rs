//! Committed offsets of groups, set and read from outside.

use std::collections::HashMap;
use std::ptr;
use std::time::Duration;

use rdkafka_sys as rd;
use rdkafka_sys::rd_kafka_admin_op_t as Api;

use super::admin::{Admin, Call, Refusal};
use super::errors::Code;
use super::native::Event;
use super::values::{PartitionList, c_string, code_at, rd_kafka_error_code, text};
use crate::broker::TopicPartition;
use crate::error::{ErrorCode, Result};
use crate::runtime::Deadline;

/// How long to wait before the coordinator is asked again.
const AGAIN: Duration = Duration::from_millis(50);

/// How long one attempt may take: librdkafka may wait for a coordinator that was not there when it
/// asked until the call's end, while a new call finds it.
const ATTEMPT: Duration = Duration::from_secs(2);

/// Sets the committed offsets of a group. Tries again while its coordinator moves or loads.
pub(super) async fn commit(
    admin: &Admin,
    group: String,
    offsets: Vec<(TopicPartition, i64)>,
    by: Deadline,
) -> Result<()> {
    if offsets.is_empty() {
        return Ok(());
    }
    loop {
        let attempt = by.min(Deadline::after(ATTEMPT));
        match try_commit(admin, &group, &offsets, attempt).await {
            Ok(Code::NONE) => return Ok(()),
            Ok(code) if code.is_coordinator() && by.left() > AGAIN => {}
            Err(error) if error.code() == ErrorCode::BrokerUnreachable && by.left() > AGAIN => {}
            Err(error) => return Err(error),
            Ok(code) => {
                let what = format!("committing offsets of group `{group}`");
                return Err(code.error(&what, None, ErrorCode::CommitFailed).with("group", group));
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn try_commit(
    admin: &Admin,
    group: &str,
    offsets: &[(TopicPartition, i64)],
    by: Deadline,
) -> Result<Code> {
    let what = format!("committing offsets of group `{group}`");
    let call =
        Call { api: Api::RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, what: &what, by, isolation: None };
    let name = c_string("group", group)?;
    let mut list = PartitionList::new();
    for (at, offset) in offsets {
        list.add(&c_string("topic", &at.topic)?, at.partition, *offset, None);
    }
    let pending = admin.call(
        call,
        |desk| {
            // SAFETY: name and list live and are copied into the request, which the call copies.
            unsafe {
                let mut request = rd::rd_kafka_AlterConsumerGroupOffsets_new(name.as_ptr(), list.raw());
                rd::rd_kafka_AlterConsumerGroupOffsets(
                    desk.rk,
                    &raw mut request,
                    1,
                    desk.options,
                    desk.queue,
                );
                rd::rd_kafka_AlterConsumerGroupOffsets_destroy(request);
            }
        },
        outcome,
    )?;
    pending.wait_ok(ErrorCode::CommitFailed).await
}

/// Returns the first error of the group or of one of its partitions.
fn outcome(event: &Event) -> Result<Code, Refusal> {
    event.accepted()?;
    let mut count = 0;
    // SAFETY: the event is a result of AlterConsumerGroupOffsets and outlives what is read.
    unsafe {
        let result = rd::rd_kafka_event_AlterConsumerGroupOffsets_result(event.raw());
        let groups = rd::rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &raw mut count);
        for index in 0..count {
            let group = *groups.add(index);
            let error = rd::rd_kafka_group_result_error(group);
            if !error.is_null() {
                return Ok(Code(rd_kafka_error_code(error)));
            }
            let partitions = rd::rd_kafka_group_result_partitions(group);
            if partitions.is_null() {
                continue;
            }
            for element in 0..usize::try_from((*partitions).cnt).unwrap_or(0) {
                let code = code_at(ptr::addr_of!((*(*partitions).elems.add(element)).err));
                if code != Code::NONE {
                    return Ok(code);
                }
            }
        }
    }
    Ok(Code::NONE)
}

/// What a group committed, by topic and partition; a negative offset is nothing.
type Commits = HashMap<(String, i32), i64>;

/// Reads what a group has committed. Tries again while its coordinator moves or loads.
pub(super) async fn committed(
    admin: &Admin,
    group: String,
    partitions: Vec<TopicPartition>,
    by: Deadline,
) -> Result<Vec<Option<i64>>> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let what = format!("listing the commits of group `{group}`");
    loop {
        let attempt = by.min(Deadline::after(ATTEMPT));
        match try_committed(admin, &group, &partitions, attempt).await {
            Ok(Ok(commits)) => {
                let of = |at: &TopicPartition| commits.get(&(at.topic.to_string(), at.partition)).copied();
                return Ok(partitions.iter().map(|at| of(at).filter(|offset| *offset >= 0)).collect());
            }
            Ok(Err(Code::GROUP_ID_NOT_FOUND)) => {
                return Ok(vec![None; partitions.len()]);
            }
            Ok(Err(code)) if code.is_coordinator() && by.left() > AGAIN => {}
            Err(error) if error.code() == ErrorCode::BrokerUnreachable && by.left() > AGAIN => {}
            Err(error) => return Err(error),
            Ok(Err(code)) => {
                return Err(code.error(&what, None, ErrorCode::BrokerUnreachable).with("group", group));
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn try_committed(
    admin: &Admin,
    group: &str,
    partitions: &[TopicPartition],
    by: Deadline,
) -> Result<std::result::Result<Commits, Code>> {
    let what = format!("listing the commits of group `{group}`");
    let call =
        Call { api: Api::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, what: &what, by, isolation: None };
    let name = c_string("group", group)?;
    let mut list = PartitionList::new();
    for at in partitions {
        list.add(&c_string("topic", &at.topic)?, at.partition, 0, None);
    }
    let pending = admin.call(
        call,
        |desk| {
            // SAFETY: name and list live and are copied into the request, which the call copies.
            unsafe {
                let mut request = rd::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), list.raw());
                rd::rd_kafka_ListConsumerGroupOffsets(desk.rk, &raw mut request, 1, desk.options, desk.queue);
                rd::rd_kafka_ListConsumerGroupOffsets_destroy(request);
            }
        },
        commits,
    )?;
    pending.wait_ok(ErrorCode::BrokerUnreachable).await
}

/// Returns the offsets of the group, or the first error of it or of one of its partitions.
fn commits(event: &Event) -> std::result::Result<std::result::Result<Commits, Code>, Refusal> {
    event.accepted()?;
    let mut found = Commits::new();
    let mut count = 0;
    // SAFETY: the event is a result of ListConsumerGroupOffsets and outlives what is read.
    unsafe {
        let result = rd::rd_kafka_event_ListConsumerGroupOffsets_result(event.raw());
        let groups = rd::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count);
        for index in 0..count {
            let group = *groups.add(index);
            let error = rd::rd_kafka_group_result_error(group);
            if !error.is_null() {
                return Ok(Err(Code(rd_kafka_error_code(error))));
            }
            let partitions = rd::rd_kafka_group_result_partitions(group);
            if partitions.is_null() {
                continue;
            }
            for element in 0..usize::try_from((*partitions).cnt).unwrap_or(0) {
                let partition = (*partitions).elems.add(element);
                let code = code_at(ptr::addr_of!((*partition).err));
                if code != Code::NONE {
                    return Ok(Err(code));
                }
                found.insert((text((*partition).topic), (*partition).partition), (*partition).offset);
            }
        }
    }
    Ok(Ok(found))
}
