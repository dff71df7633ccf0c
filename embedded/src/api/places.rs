//! The topics and partitions that requests name, and requests taken apart and answers put together along them.

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{
    ApiKey, MetadataRequest, MetadataResponse, OffsetFetchRequest, OffsetFetchResponse, RequestKind,
    ResponseKind, TopicName,
};

/// A topic, a partition of it, a partition of any topic, or anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) topic: Option<String>,
    pub(crate) partition: Option<i32>,
}

impl Place {
    pub(crate) fn is_anywhere(&self) -> bool {
        self.topic.is_none() && self.partition.is_none()
    }

    /// Whether it covers a partition, or a topic that is named without one.
    pub(crate) fn covers(&self, topic: &str, partition: Option<i32>) -> bool {
        self.topic.as_ref().is_none_or(|of| of == topic)
            && (partition.is_none() || self.partition.is_none() || self.partition == partition)
    }
}

/// The APIs whose requests name topics: where, and where the answers do.
macro_rules! tables {
    (
        partitions { $($api:ident: $topics:ident.$name:ident / $partitions:ident [$index:expr]
            => $answers:ident.$answer:ident / $results:ident;)* }
        topics { $($whole:ident: $named:ident.$called:ident => $answered:ident;)* }
    ) => {
        /// Whether requests of an API name partitions; those of Metadata do by their topics.
        pub(crate) fn has_partitions(api: ApiKey) -> bool {
            matches!(api, ApiKey::Metadata | ApiKey::OffsetFetch $(| ApiKey::$api)*)
        }

        /// Whether requests of an API name topics.
        pub(crate) fn has_topics(api: ApiKey) -> bool {
            has_partitions(api) || matches!(api, ApiKey::DeleteTopics $(| ApiKey::$whole)*)
        }

        /// Shows all that a request names, until it was enough; returns whether it was.
        pub(crate) fn any(request: &RequestKind, see: &mut dyn FnMut(&str, Option<i32>) -> bool) -> bool {
            match request {
                $(RequestKind::$api(request) => request.$topics.iter().any(|topic| {
                    any_of(&topic.$name, &topic.$partitions, $index, see)
                }),)*
                $(RequestKind::$whole(request) => {
                    request.$named.iter().any(|topic| see(topic.$called.as_str(), None))
                })*
                RequestKind::Metadata(request) => {
                    let named = request.topics.iter().flatten().filter_map(|topic| topic.name.as_ref());
                    named.into_iter().any(|name| see(name.as_str(), None))
                }
                RequestKind::DeleteTopics(request) => {
                    let named = request.topics.iter().filter_map(|topic| topic.name.as_ref());
                    named.chain(&request.topic_names).any(|name| see(name.as_str(), None))
                }
                RequestKind::OffsetFetch(request) => {
                    let single = request.topics.iter().flatten();
                    let batch = request.groups.iter().flat_map(|group| group.topics.iter().flatten());
                    single.into_iter().any(|topic| any_of(&topic.name, &topic.partition_indexes, |at| *at, see))
                        || batch.into_iter().any(|topic| any_of(&topic.name, &topic.partition_indexes, |at| *at, see))
                }
                _ => false,
            }
        }

        /// Takes a request apart: into what a place does not cover, and what it does.
        pub(crate) fn split(
            mut request: RequestKind,
            version: i16,
            place: &Place,
        ) -> (Option<RequestKind>, Option<RequestKind>) {
            if place.is_anywhere() && !matches!(request, RequestKind::Metadata(_)) {
                return (None, Some(request));
            }
            match &mut request {
                $(RequestKind::$api(rest) => {
                    let taken = take(&mut rest.$topics, place, |topic| &topic.$name,
                        |topic| &mut topic.$partitions, $index);
                    let mut refused = rest.clone();
                    refused.$topics = taken;
                    let refused = (!refused.$topics.is_empty()).then(|| refused.into());
                    ((!rest.$topics.is_empty()).then_some(request), refused)
                })*
                $(RequestKind::$whole(rest) => {
                    let mut refused = rest.clone();
                    refused.$named.retain(|topic| place.covers(&topic.$called, None));
                    rest.$named.retain(|topic| !place.covers(&topic.$called, None));
                    let refused = (!refused.$named.is_empty()).then(|| refused.into());
                    ((!rest.$named.is_empty()).then_some(request), refused)
                })*
                RequestKind::DeleteTopics(rest) => {
                    let covers = |name: Option<&TopicName>| name.is_some_and(|name| place.covers(name, None));
                    let mut refused = rest.clone();
                    refused.topics.retain(|topic| covers(topic.name.as_ref()));
                    refused.topic_names.retain(|name| covers(Some(name)));
                    rest.topics.retain(|topic| !covers(topic.name.as_ref()));
                    rest.topic_names.retain(|name| !covers(Some(name)));
                    let is_refused = !refused.topics.is_empty() || !refused.topic_names.is_empty();
                    let is_left = !rest.topics.is_empty() || !rest.topic_names.is_empty();
                    (is_left.then_some(request), is_refused.then(|| refused.into()))
                }
                RequestKind::OffsetFetch(rest) => {
                    let refused = take_offsets(rest, place);
                    let is_left = !rest.groups.is_empty() || rest.topics.as_ref().is_none_or(|left| !left.is_empty());
                    (is_left.then_some(request), refused.map(Into::into))
                }
                RequestKind::Metadata(rest) => {
                    let refused = take_metadata(rest, place);
                    // In version 0 no topics are all topics.
                    let is_left = version > 0 || rest.topics.as_ref().is_none_or(|left| !left.is_empty());
                    (is_left.then_some(request), refused.map(Into::into))
                }
                _ => (None, Some(request)),
            }
        }

        /// Puts an answer to a part of a request to the answer to another part.
        pub(crate) fn merge(into: &mut ResponseKind, part: ResponseKind) {
            adopt_error(into, &part);
            match (into, part) {
                $((ResponseKind::$api(into), ResponseKind::$api(part)) => join(
                    &mut into.$answers, part.$answers, |topic| &topic.$answer, |topic| &mut topic.$results,
                ),)*
                $((ResponseKind::$whole(into), ResponseKind::$whole(part)) => {
                    into.$answered.extend(part.$answered);
                })*
                (ResponseKind::Metadata(into), ResponseKind::Metadata(part)) => into.topics.extend(part.topics),
                (ResponseKind::DeleteTopics(into), ResponseKind::DeleteTopics(part)) => {
                    into.responses.extend(part.responses);
                }
                (ResponseKind::OffsetFetch(into), ResponseKind::OffsetFetch(part)) => merge_offsets(into, part),
                // Any other request is one part.
                (into, part) => *into = part,
            }
        }
    };
}

tables! {
    partitions {
        Produce: topic_data.name / partition_data [|at| at.index] => responses.name / partition_responses;
        Fetch: topics.topic / partitions [|at| at.partition] => responses.topic / partitions;
        ListOffsets: topics.name / partitions [|at| at.partition_index] => topics.name / partitions;
        OffsetCommit: topics.name / partitions [|at| at.partition_index] => topics.name / partitions;
        DeleteRecords: topics.name / partitions [|at| at.partition_index] => topics.name / partitions;
        OffsetForLeaderEpoch: topics.topic / partitions [|at| at.partition] => topics.topic / partitions;
        AddPartitionsToTxn: v3_and_below_topics.name / partitions [|at| *at]
            => results_by_topic_v3_and_below.name / results_by_partition;
        TxnOffsetCommit: topics.name / partitions [|at| at.partition_index] => topics.name / partitions;
        OffsetDelete: topics.name / partitions [|at| at.partition_index] => topics.name / partitions;
        DescribeProducers: topics.name / partition_indexes [|at| *at] => topics.name / partitions;
    }
    topics {
        CreateTopics: topics.name => topics;
        CreatePartitions: topics.name => results;
        DescribeTopicPartitions: topics.name => topics;
    }
}

/// Whether a request names something that a place covers.
pub(crate) fn names(request: &RequestKind, place: &Place) -> bool {
    let asks_for_all = match request {
        RequestKind::Metadata(request) => request.topics.is_none(),
        _ => false,
    };
    asks_for_all || any(request, &mut |topic, partition| place.covers(topic, partition))
}

/// Gives the topics or partitions that a place covers an error where Metadata describes them.
pub(crate) fn refuse_in_metadata(response: &mut MetadataResponse, place: &Place, code: i16) {
    let is_covered = |name: &Option<TopicName>| name.as_ref().is_some_and(|name| place.covers(name, None));
    for topic in response.topics.iter_mut().filter(|topic| topic.error_code == 0 && is_covered(&topic.name)) {
        if place.partition.is_none() {
            topic.error_code = code;
            topic.partitions.clear();
        }
        for partition in &mut topic.partitions {
            if place.partition == Some(partition.partition_index) && partition.error_code == 0 {
                partition.error_code = code;
                partition.leader_id = (-1).into();
            }
        }
    }
}

fn any_of<P>(
    topic: &TopicName,
    partitions: &[P],
    index: impl Fn(&P) -> i32,
    see: &mut dyn FnMut(&str, Option<i32>) -> bool,
) -> bool {
    partitions.iter().any(|one| see(topic.as_str(), Some(index(one))))
}

/// Takes out of a list of topics the partitions that a place covers.
fn take<T: Clone, P>(
    topics: &mut Vec<T>,
    place: &Place,
    name: impl Fn(&T) -> &TopicName,
    partitions: impl Fn(&mut T) -> &mut Vec<P>,
    index: impl Fn(&P) -> i32,
) -> Vec<T> {
    let mut taken = Vec::new();
    topics.retain_mut(|topic| {
        let all = std::mem::take(partitions(topic)).into_iter();
        let (covered, rest): (Vec<P>, Vec<P>) =
            all.partition(|one| place.covers(name(topic), Some(index(one))));
        if !covered.is_empty() {
            let mut one = topic.clone();
            *partitions(&mut one) = covered;
            taken.push(one);
        }
        *partitions(topic) = rest;
        !partitions(topic).is_empty()
    });
    taken
}

/// Takes topics out, unless the error is for a partition or all topics are asked for: then it is put where the
/// answer describes them.
fn take_metadata(rest: &mut MetadataRequest, place: &Place) -> Option<MetadataRequest> {
    rest.allow_auto_topic_creation &= place.partition.is_some();
    let topics = rest.topics.as_mut().filter(|_| place.partition.is_none())?;
    let all = std::mem::take(topics).into_iter();
    let (taken, left) =
        all.partition(|topic| topic.name.as_ref().is_some_and(|name| place.covers(name, None)));
    *topics = left;
    let refused: Vec<_> = taken;
    (!refused.is_empty()).then(|| MetadataRequest::default().with_topics(Some(refused)))
}

fn take_offsets(rest: &mut OffsetFetchRequest, place: &Place) -> Option<OffsetFetchRequest> {
    let mut refused = OffsetFetchRequest::default().with_group_id(rest.group_id.clone());
    let single = rest.topics.as_mut().map(|topics| {
        take(topics, place, |topic| &topic.name, |topic| &mut topic.partition_indexes, |at| *at)
    });
    refused.topics = single.filter(|taken| !taken.is_empty());
    rest.groups.retain_mut(|group| {
        let Some(topics) = &mut group.topics else { return true };
        let taken = take(topics, place, |topic| &topic.name, |topic| &mut topic.partition_indexes, |at| *at);
        let is_left = !topics.is_empty();
        if !taken.is_empty() {
            let group = OffsetFetchRequestGroup::default().with_group_id(group.group_id.clone());
            refused.groups.push(group.with_topics(Some(taken)));
        }
        is_left
    });
    (refused.topics.is_some() || !refused.groups.is_empty()).then_some(refused)
}

fn merge_offsets(into: &mut OffsetFetchResponse, part: OffsetFetchResponse) {
    join(&mut into.topics, part.topics, |topic| &topic.name, |topic| &mut topic.partitions);
    into.error_code = part.error_code;
    for group in part.groups {
        match into.groups.iter_mut().find(|known| known.group_id == group.group_id) {
            Some(known) => {
                known.error_code = group.error_code;
                join(&mut known.topics, group.topics, |topic| &topic.name, |topic| &mut topic.partitions);
            }
            None => into.groups.push(group),
        }
    }
}

/// An error of a whole answer stays one.
fn adopt_error(into: &mut ResponseKind, part: &ResponseKind) {
    match (into, part) {
        (ResponseKind::Fetch(into), ResponseKind::Fetch(part)) => into.error_code = part.error_code,
        (ResponseKind::OffsetDelete(into), ResponseKind::OffsetDelete(part)) => {
            into.error_code = part.error_code;
        }
        _ => {}
    }
}

/// Puts the partitions of one answer to those of another.
fn join<T, P>(
    topics: &mut Vec<T>,
    more: Vec<T>,
    name: impl Fn(&T) -> &TopicName,
    partitions: impl Fn(&mut T) -> &mut Vec<P>,
) {
    for mut topic in more {
        match topics.iter_mut().find(|known| name(known) == name(&topic)) {
            Some(known) => partitions(known).append(partitions(&mut topic)),
            None => topics.push(topic),
        }
    }
}
