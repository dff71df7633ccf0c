//! The group coordinator: members, generations and offsets of groups.
//!
//! `classic` are the groups whose leader, a client, assigns partitions, `consumer` those where the coordinator
//! does; `offsets` is how far groups of either kind are. All of it is data and calls with a time: what waits is
//! kept as a `Responder`, what is due as a [`Timer`].
//!
//! Limits, compared with Kafka: a group changes its kind only while it is empty (no online migration of
//! KIP-848), offsets never expire, groups have no maximal size, assignors do not look at racks.

pub(crate) mod classic;
pub(crate) mod commits;
pub(crate) mod consumer;
pub(crate) mod kept;
pub(crate) mod offsets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::GroupId;
use kafka_protocol::protocol::StrBytes;

use crate::options::Options;
use crate::state::timers::{Timer, TimerId, Timers};
use crate::state::topics::Topics;
use crate::state::{Now, State};
use classic::Classic;
use consumer::{Consumer, Refusal};
use offsets::Offsets;

/// All groups of a cluster, in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_id: BTreeMap<GroupId, Group>,
    pub(crate) offsets: Offsets,
}

/// A group, with members or without.
#[derive(Debug)]
pub(crate) enum Group {
    /// The members agree among themselves; also a group that only has offsets.
    Classic(Box<Classic>),
    /// The coordinator assigns (KIP-848).
    Consumer(Box<Consumer>),
}

/// Something that a group has to do later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// A rebalance has waited long enough for members to join.
    Join,
    /// A rebalance has waited long enough for members to ask for their assignment.
    Sync,
    /// A member was not heard of for its session timeout.
    Session(StrBytes),
    /// A member has had long enough to give up partitions.
    Revocation(StrBytes),
}

/// What a group needs of the cluster when it changes.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    pub(crate) group: &'a GroupId,
    pub(crate) options: &'a Options,
    pub(crate) topics: &'a Topics,
    pub(crate) random: &'a mut fastrand::Rng,
    timers: &'a mut Timers,
}

impl Context<'_> {
    /// Schedules in place of what this timer was before.
    pub(crate) fn set(&mut self, timer: &mut Option<TimerId>, after: Duration, due: Due) {
        self.cancel(timer);
        let at = self.now.mono + after;
        *timer = Some(self.timers.set(at, Timer::Group(self.group.clone(), due)));
    }

    pub(crate) fn cancel(&mut self, timer: &mut Option<TimerId>) {
        if let Some(id) = timer.take() {
            self.timers.cancel(id);
        }
    }

    /// Returns a random id of version 4.
    pub(crate) fn new_uuid(&mut self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.random.u128(..).to_be_bytes()).into_uuid()
    }
}

impl State {
    /// Returns the groups, with what one of them needs to change.
    pub(crate) fn groups_with<'a>(
        &'a mut self,
        now: Now,
        group: &'a GroupId,
    ) -> (&'a mut Groups, Context<'a>) {
        let Self { groups, options, topics, random, timers, .. } = self;
        (groups, Context { now, group, options, topics, random, timers })
    }

    /// Does what is due in a group.
    pub(crate) fn tick_group(&mut self, now: Now, id: &GroupId, due: &Due) {
        let (groups, mut context) = self.groups_with(now, id);
        match groups.by_id.get_mut(id) {
            Some(Group::Classic(group)) => group.tick(&mut context, due),
            Some(Group::Consumer(group)) => group.tick(&mut context, due),
            None => {}
        }
    }
}

impl Group {
    /// Returns the state that admin clients show.
    pub(crate) fn state(&self) -> &'static str {
        match self {
            Self::Classic(group) => group.phase().name(),
            Self::Consumer(group) => group.state(),
        }
    }

    /// Returns the type that admin clients show.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Classic(_) => "classic",
            Self::Consumer(_) => "consumer",
        }
    }

    pub(crate) fn protocol_type(&self) -> StrBytes {
        match self {
            Self::Classic(group) => group.protocol_type().cloned().unwrap_or_default(),
            Self::Consumer(_) => StrBytes::from_static_str("consumer"),
        }
    }
}

impl Groups {
    pub(crate) fn get(&self, id: &GroupId) -> Option<&Group> {
        self.by_id.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &GroupId) -> Option<&mut Group> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&GroupId, &Group)> {
        self.by_id.iter()
    }

    /// Returns the classic group of this id, which is made when it is missing. An empty group of the other kind
    /// becomes one; one with members does not, where Kafka would let both kinds of members meet.
    pub(crate) fn classic_or_new(&mut self, id: &GroupId) -> Result<&mut Classic, ResponseError> {
        let group = self.by_id.entry(id.clone()).or_insert_with(|| Group::Classic(Box::default()));
        if matches!(group, Group::Consumer(consumer) if consumer.is_empty()) {
            *group = Group::Classic(Box::default());
        }
        match group {
            Group::Classic(group) => Ok(group),
            Group::Consumer(_) => Err(ResponseError::InconsistentGroupProtocol),
        }
    }

    /// Returns the consumer group of this id, which is made when it is missing and `may_create`. An empty group
    /// of the other kind becomes one then; one with members does not, where Kafka would convert it.
    pub(crate) fn consumer(
        &mut self,
        context: &mut Context<'_>,
        may_create: bool,
    ) -> Result<&mut Consumer, Refusal> {
        let missing =
            |reason| (ResponseError::GroupIdNotFound, format!("group `{}` {reason}", **context.group));
        let (missing, other) = (missing("was not found"), missing("was no consumer group"));
        if may_create {
            let group = self.by_id.entry(context.group.clone());
            let group = group.or_insert_with(|| Group::Consumer(Box::default()));
            if let Group::Classic(classic) = group
                && classic.is_empty()
            {
                classic.cancel_timers(context);
                *group = Group::Consumer(Box::default());
            }
        }
        match self.by_id.get_mut(context.group) {
            Some(Group::Consumer(group)) => Ok(group),
            Some(Group::Classic(_)) => Err(other),
            None => Err(missing),
        }
    }

    /// Deletes a group that has no members, with its offsets.
    pub(crate) fn delete(&mut self, context: &mut Context<'_>) -> Result<(), ResponseError> {
        match self.by_id.get_mut(context.group) {
            None => return Err(ResponseError::GroupIdNotFound),
            Some(Group::Classic(group)) if !group.is_empty() => return Err(ResponseError::NonEmptyGroup),
            Some(Group::Consumer(group)) if !group.is_empty() => return Err(ResponseError::NonEmptyGroup),
            Some(Group::Classic(group)) => group.cancel_timers(context),
            Some(Group::Consumer(group)) => group.cancel_timers(context),
        }
        self.by_id.remove(context.group);
        self.offsets.forget_group(context.group);
        Ok(())
    }
}
