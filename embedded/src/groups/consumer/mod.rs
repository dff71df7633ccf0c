//! Groups whose partitions the coordinator assigns (KIP-848): members say what they subscribe to and what they
//! own, one heartbeat at a time.

mod assign;
mod heartbeat;
mod reconcile;
mod subscription;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::commits::{CommitKind, Committer};
use super::{Context, Due};
use crate::state::timers::TimerId;
pub(crate) use assign::Assignor;
pub(crate) use heartbeat::{Heartbeat, Joined};
pub(crate) use subscription::Pattern;
use subscription::Subscription;

/// From this version of OffsetCommit on a member says its epoch.
const COMMITS_WITH_EPOCH: i16 = 9;
/// The epoch of a static member that is away and will come back.
const AWAY: i32 = -2;

/// Partitions, each by the id of its topic and its index.
pub(crate) type Share = BTreeSet<(Uuid, i32)>;

/// Why a member is refused.
pub(crate) type Refusal = (ResponseError, String);

/// A consumer group.
#[derive(Debug, Default)]
pub(crate) struct Consumer {
    /// Rises when members, subscriptions or topics change.
    epoch: i32,
    /// The epoch that the targets of the members were made for.
    target_epoch: i32,
    members: BTreeMap<StrBytes, Member>,
    /// The members by their instance id.
    static_members: BTreeMap<StrBytes, StrBytes>,
    /// The topics that members subscribe to and that exist: id and number of partitions.
    topics: BTreeMap<TopicName, (Uuid, i32)>,
}

/// A member.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) rack_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: StrBytes,
    /// 0 before its first assignment, -2 for a static member that is away.
    pub(crate) epoch: i32,
    /// What it may consume.
    pub(crate) assigned: Share,
    /// What it is to consume once others gave it up.
    pub(crate) target: Share,
    subscription: Subscription,
    assignor: Option<Assignor>,
    previous_epoch: i32,
    /// What it was told to give up and has yet to.
    revoking: Share,
    /// Whether others have yet to give up some of its target.
    waits: bool,
    rebalance_timeout: Duration,
    session: Option<TimerId>,
    revocation: Option<TimerId>,
}

impl Member {
    /// Returns the names that it subscribes to.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        self.subscription.names.iter()
    }

    /// Returns the expression that it subscribes by.
    pub(crate) fn regex(&self) -> Option<&StrBytes> {
        self.subscription.pattern.as_ref().map(|pattern| &pattern.source)
    }
}

impl Consumer {
    /// Returns the state that admin clients show.
    pub(crate) fn state(&self) -> &'static str {
        let is_settled = |member: &Member| {
            member.epoch == self.target_epoch && member.revoking.is_empty() && !member.waits
        };
        if self.members.is_empty() {
            "Empty"
        } else if self.epoch > self.target_epoch {
            "Assigning"
        } else if self.members.values().all(is_settled) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    pub(crate) fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Returns the epoch of the group that the members' targets were made for.
    pub(crate) fn target_epoch(&self) -> i32 {
        self.target_epoch
    }

    /// Returns the members in the order of their ids.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&StrBytes, &Member)> {
        self.members.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn is_subscribed(&self, topic: &TopicName) -> bool {
        self.topics.contains_key(topic)
    }

    /// Returns the assignor that most members ask for.
    pub(crate) fn assignor(&self) -> Assignor {
        let asked =
            |assignor| self.members.values().filter(|member| member.assignor == Some(assignor)).count();
        match asked(Assignor::Range) > asked(Assignor::Uniform) {
            true => Assignor::Range,
            false => Assignor::Uniform,
        }
    }

    /// Lets a member leave; with `for_a_while` the place of a static member stays its own.
    pub(crate) fn leave(
        &mut self,
        context: &mut Context<'_>,
        id: &StrBytes,
        instance_id: Option<&StrBytes>,
        for_a_while: bool,
    ) -> Result<(), Refusal> {
        match instance_id {
            Some(instance_id) => self.check_instance(id, instance_id)?,
            None if !self.members.contains_key(id) => return Err(unknown(id)),
            None => {}
        }
        match self.members.get_mut(id) {
            Some(member) if for_a_while => {
                member.epoch = AWAY;
                member.revoking.clear();
                context.cancel(&mut member.revocation);
            }
            _ => self.remove(context, id),
        }
        Ok(())
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, context: &mut Context<'_>, due: &Due) {
        match due {
            Due::Session(id) | Due::Revocation(id) => self.remove(context, id),
            Due::Join | Due::Sync => {}
        }
    }

    /// Forgets what is due; for a group that ends.
    pub(super) fn cancel_timers(&mut self, context: &mut Context<'_>) {
        for member in self.members.values_mut() {
            context.cancel(&mut member.session);
            context.cancel(&mut member.revocation);
        }
    }

    /// Removes a member; what it had is free for others.
    fn remove(&mut self, context: &mut Context<'_>, id: &StrBytes) {
        let Some(mut member) = self.members.remove(id) else { return };
        context.cancel(&mut member.session);
        context.cancel(&mut member.revocation);
        if let Some(instance_id) = &member.instance_id {
            self.static_members.remove(instance_id);
        }
        self.epoch += 1;
    }

    /// Returns an error unless this member has the instance id.
    fn check_instance(&self, id: &StrBytes, instance_id: &StrBytes) -> Result<(), Refusal> {
        match self.static_members.get(instance_id) {
            None => Err(unknown(instance_id)),
            Some(current) if current != id => Err((
                ResponseError::FencedInstanceId,
                format!("instance `{instance_id}` was taken over by member `{current}`"),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Returns an error unless this member is at this epoch.
    pub(crate) fn check_epoch(&self, id: &StrBytes, epoch: i32) -> Result<(), ResponseError> {
        let member = self.members.get(id).ok_or(ResponseError::UnknownMemberId)?;
        match member.epoch == epoch {
            true => Ok(()),
            false => Err(ResponseError::StaleMemberEpoch),
        }
    }

    /// Checks that this member may commit offsets now.
    pub(super) fn check_commit(&self, committer: &Committer<'_>) -> Result<(), ResponseError> {
        if committer.generation < 0 && self.members.is_empty() {
            return Ok(());
        }
        let epoch = self.check_epoch(committer.member_id, committer.generation);
        match committer.kind {
            _ if epoch == Err(ResponseError::UnknownMemberId) => epoch,
            CommitKind::InTransaction => epoch.map_err(|_| ResponseError::IllegalGeneration),
            CommitKind::AtOnce(..COMMITS_WITH_EPOCH) => Err(ResponseError::UnsupportedVersion),
            CommitKind::AtOnce(_) => epoch,
        }
    }
}

fn unknown(id: &StrBytes) -> Refusal {
    (ResponseError::UnknownMemberId, format!("`{id}` is no member of the group"))
}
