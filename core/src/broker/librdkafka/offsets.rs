//! Offsets of partitions, each answered for itself and never a sentinel.
//!
//! ListOffsets of librdkafka has three traps. Timed out, it reports success with offset -1001. One
//! partition without a leader, and nothing else in the call, fails the call as a whole. And a call
//! ends with its slowest leader. So a negative offset is no answer, a failed call says nothing
//! about its partitions until they were asked again, and each leader gets a call of its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::CString;
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka_sys as rd;
use rdkafka_sys::rd_kafka_admin_op_t as Api;
use tokio::time::Instant;

use super::admin::{Admin, Call, Pending, Refusal};
use super::config::METADATA_AGE;
use super::errors::Code;
use super::native::Event;
use super::values::{PartitionList, c_string, code_at, text};
use crate::broker::{Isolation, Listed, OffsetAnswer, OffsetQuery, OffsetSpec};
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::Deadline;

/// How long to wait before a partition is asked again.
const AGAIN: Duration = Duration::from_millis(20);

/// librdkafka's own word for "no offset"; a broker never answers it.
const NOT_ANSWERED: i64 = -1001;

/// Who led which partition when it was last described. Only decides which questions share a call.
#[derive(Debug, Default)]
pub(super) struct Leaders(Mutex<HashMap<String, HashMap<i32, i32>>>);

impl Leaders {
    /// Remembers the leaders of a topic.
    pub(super) fn learn(&self, topic: &str, leaders: &[(i32, i32)]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(topic.to_owned(), leaders.iter().copied().collect());
    }

    fn of(&self, query: &OffsetQuery) -> i32 {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&*query.at.topic).and_then(|topic| topic.get(&query.at.partition)).copied().unwrap_or(-1)
    }
}

/// What a call said about one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Said {
    code: Code,
    offset: i64,
    epoch: i32,
}

type Answers = HashMap<(String, i32), Said>;

/// What to make of it.
#[derive(Debug)]
enum Judgement {
    Answered(Option<Listed>),
    /// Nobody answered; the deadline is why.
    Silent,
    Refused(Code),
}

/// Lists offsets, one call per leader and isolation in parallel, and asks again while leadership
/// moves. The answers are in the order of the questions.
pub(super) async fn list(
    admin: &Admin,
    leaders: &Leaders,
    queries: Vec<OffsetQuery>,
    by: Deadline,
) -> Vec<OffsetAnswer> {
    let began = Instant::now();
    let mut listed: Vec<Option<Result<Option<Listed>>>> = queries.iter().map(|_| None).collect();
    let mut open: Vec<usize> = (0..queries.len()).collect();
    while !open.is_empty() {
        let mut again = Vec::new();
        for (members, pending) in ask(admin, leaders, &queries, &open, by) {
            let outcome = match pending {
                Ok(pending) => pending.wait().await,
                Err(error) => Err(error),
            };
            for index in members {
                let query = &queries[index];
                let judgement = match &outcome {
                    Err(error) => {
                        listed[index] = Some(Err(named(error.clone(), query)));
                        continue;
                    }
                    Ok(Err(refusal)) => judge_failed_call(refusal),
                    Ok(Ok(answers)) => judge(query.spec, said(answers, query)),
                };
                let answer = match judgement {
                    Judgement::Answered(answer) => {
                        admin.answered();
                        Ok(answer)
                    }
                    Judgement::Silent => Err(named(admin.unanswered(&what(query)), query)),
                    Judgement::Refused(code) => {
                        if may_ask_again(code, began, by) {
                            again.push(index);
                        }
                        Err(named(code.error(&what(query), None, ErrorCode::BrokerUnreachable), query))
                    }
                };
                listed[index] = Some(answer);
            }
        }
        if !again.is_empty() {
            tokio::time::sleep_until((Instant::now() + AGAIN).min(by.instant())).await;
        }
        open = again;
    }
    let answers = queries.into_iter().zip(listed);
    answers
        .map(|(query, listed)| OffsetAnswer {
            at: query.at,
            listed: listed
                .unwrap_or_else(|| Err(ProbeError::new(ErrorCode::Internal, "an offset was not asked for"))),
        })
        .collect()
}

type Asked = (Vec<usize>, Result<Pending<Result<Answers, Refusal>>>);

/// The partitions of one call.
type Round<'q> = HashSet<(&'q str, i32)>;

/// Makes the calls for the open questions: no call has a partition twice.
fn ask(
    admin: &Admin,
    leaders: &Leaders,
    queries: &[OffsetQuery],
    open: &[usize],
    by: Deadline,
) -> Vec<Asked> {
    let mut groups: BTreeMap<(i32, Isolation, usize), Vec<usize>> = BTreeMap::new();
    let mut seen: HashMap<(i32, Isolation), Vec<Round<'_>>> = HashMap::new();
    for &index in open {
        let query = &queries[index];
        let key = (leaders.of(query), query.isolation);
        let rounds = seen.entry(key).or_default();
        let partition = (&*query.at.topic, query.at.partition);
        let round = rounds.iter().position(|round| !round.contains(&partition)).unwrap_or(rounds.len());
        if round == rounds.len() {
            rounds.push(HashSet::new());
        }
        rounds[round].insert(partition);
        groups.entry((key.0, key.1, round)).or_default().push(index);
    }
    groups
        .into_iter()
        .map(|((_, isolation, _), members)| {
            let pending = start(admin, queries, &members, isolation, by);
            (members, pending)
        })
        .collect()
}

fn start(
    admin: &Admin,
    queries: &[OffsetQuery],
    members: &[usize],
    isolation: Isolation,
    by: Deadline,
) -> Result<Pending<Result<Answers, Refusal>>> {
    let mut list = PartitionList::new();
    for query in members.iter().map(|&index| &queries[index]) {
        let topic: CString = c_string("topic", &query.at.topic)?;
        let spec = match query.spec {
            OffsetSpec::Earliest => rd::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST as i64,
            OffsetSpec::Latest => rd::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST as i64,
            // Before 1970 is the beginning; a negative number would be another question.
            OffsetSpec::Timestamp(time) => time.max(0),
        };
        list.add(&topic, query.at.partition, spec, None);
    }
    let what = "listing offsets";
    let call = Call { api: Api::RD_KAFKA_ADMIN_OP_LISTOFFSETS, what, by, isolation: Some(isolation) };
    admin.call(
        call,
        |desk| {
            // SAFETY: the list lives through the call, which copies it.
            unsafe { rd::rd_kafka_ListOffsets(desk.rk, list.raw(), desk.options, desk.queue) };
        },
        answers,
    )
}

fn answers(event: &Event) -> Result<Answers, Refusal> {
    event.accepted()?;
    let mut count = 0;
    // SAFETY: the event is a result of ListOffsets without an error and outlives what is read.
    unsafe {
        let result = rd::rd_kafka_event_ListOffsets_result(event.raw());
        let infos = rd::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
        let one = |index: usize| {
            let partition = rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*infos.add(index));
            let said = Said {
                code: code_at(ptr::addr_of!((*partition).err)),
                offset: (*partition).offset,
                epoch: rd::rd_kafka_topic_partition_get_leader_epoch(partition),
            };
            ((text((*partition).topic), (*partition).partition), said)
        };
        Ok((0..count).map(one).collect())
    }
}

fn said(answers: &Answers, query: &OffsetQuery) -> Said {
    let silent = Said { code: Code::NONE, offset: NOT_ANSWERED, epoch: -1 };
    answers.get(&(query.at.topic.to_string(), query.at.partition)).copied().unwrap_or(silent)
}

fn judge(spec: OffsetSpec, said: Said) -> Judgement {
    match said {
        Said { code: Code::NONE, offset: 0.., epoch } => {
            let leader_epoch = (epoch >= 0).then_some(epoch);
            Judgement::Answered(Some(Listed { offset: said.offset, leader_epoch }))
        }
        // A broker's own words for "no record that late".
        Said { code: Code::NONE, offset: -1, .. } if matches!(spec, OffsetSpec::Timestamp(_)) => {
            Judgement::Answered(None)
        }
        Said { code: Code::NONE | Code::TIMED_OUT | Code::TIMED_OUT_QUEUE, .. } => Judgement::Silent,
        Said { code, .. } => Judgement::Refused(code),
    }
}

fn judge_failed_call(refusal: &Refusal) -> Judgement {
    match refusal.code {
        Code::TIMED_OUT | Code::TIMED_OUT_QUEUE => Judgement::Silent,
        // None of the partitions had a leader: so the client says it when none of them is known.
        Code::NO_ENTRY => Judgement::Refused(Code::UNKNOWN_PARTITION_HERE),
        code => Judgement::Refused(code),
    }
}

/// What is unknown may be known in a moment: the client goes by metadata that may be that old.
fn may_ask_again(code: Code, began: Instant, by: Deadline) -> bool {
    let in_time = Instant::now() + AGAIN < by.instant();
    let maybe_stale = code.is_unknown_topic() && began.elapsed() < METADATA_AGE + AGAIN;
    in_time && (code.is_passing() || maybe_stale)
}

fn what(query: &OffsetQuery) -> String {
    format!("listing the offset of `{}` partition {}", query.at.topic, query.at.partition)
}

fn named(error: ProbeError, query: &OffsetQuery) -> ProbeError {
    error.with("topic", &*query.at.topic).with("partition", query.at.partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(offset: i64) -> Said {
        Said { code: Code::NONE, offset, epoch: -1 }
    }

    #[test]
    fn a_negative_offset_without_an_error_is_no_answer() {
        for spec in [OffsetSpec::Earliest, OffsetSpec::Latest, OffsetSpec::Timestamp(5)] {
            assert!(matches!(judge(spec, said(NOT_ANSWERED)), Judgement::Silent), "{spec:?}");
        }
        assert!(matches!(judge(OffsetSpec::Latest, said(-1)), Judgement::Silent));
    }

    #[test]
    fn a_time_after_the_last_record_is_answered_with_no_offset() {
        assert!(matches!(judge(OffsetSpec::Timestamp(5), said(-1)), Judgement::Answered(None)));
    }

    #[test]
    fn an_offset_comes_with_its_leader_epoch_if_it_has_one() {
        let Judgement::Answered(Some(listed)) = judge(OffsetSpec::Latest, Said { epoch: 4, ..said(7) })
        else {
            panic!("not answered")
        };
        assert_eq!(listed, Listed { offset: 7, leader_epoch: Some(4) });
    }
}
