//! Committed offsets of groups, set from outside.

use std::ptr;
use std::time::Duration;

use rdkafka_sys as rd;
use rdkafka_sys::rd_kafka_admin_op_t as Api;

use super::admin::{Admin, Call, Refusal};
use super::errors::Code;
use super::native::Event;
use super::values::{PartitionList, c_string, code_at, rd_kafka_error_code};
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
        committed,
    )?;
    pending.wait_ok(ErrorCode::CommitFailed).await
}

/// Returns the first error of the group or of one of its partitions.
fn committed(event: &Event) -> Result<Code, Refusal> {
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
