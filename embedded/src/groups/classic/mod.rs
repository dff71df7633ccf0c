//! Groups whose members join a generation and whose leader, a client, assigns (the classic protocol: KIP-62,
//! KIP-345 static members, KIP-394 member ids).

mod join;
mod protocols;
mod rebalance;
mod replies;
mod sessions;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::commits::{CommitKind, Committer};
use super::{Context, Due};
use crate::state::timers::TimerId;
pub(crate) use join::Join;
pub(crate) use protocols::Protocols;
pub(crate) use replies::{JoinReply, SyncReply};
pub(crate) use sessions::Leave;
pub(crate) use sync::Sync;

/// A classic group; without members it is what keeps the offsets of a simple consumer.
#[derive(Debug, Default)]
pub(crate) struct Classic {
    phase: Phase,
    generation: i32,
    /// What kind of group it is, `consumer` or `connect`; none before the first member.
    protocol_type: Option<StrBytes>,
    /// What the members of this generation agreed on, the name of an assignor.
    protocol: Option<StrBytes>,
    leader: Option<StrBytes>,
    members: BTreeMap<StrBytes, Member>,
    /// The members by their instance id.
    static_members: BTreeMap<StrBytes, StrBytes>,
    /// Who was given a member id and has yet to join with it.
    pending: BTreeMap<StrBytes, Option<TimerId>>,
    /// Who joined this generation and has yet to ask for the assignment.
    pending_sync: BTreeSet<StrBytes>,
    join_timer: Option<TimerId>,
    sync_timer: Option<TimerId>,
}

/// Where a group is between two generations.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    #[default]
    Empty,
    /// Members are expected to join.
    Preparing(Waits),
    /// Members are expected to ask for their assignment.
    Completing,
    Stable,
}

/// For whom a rebalance waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// For the members it had.
    ForMembers,
    /// For more first members: for one more `delay` if one came, and at most `left` after that.
    Initially { delay: Duration, left: Duration, member_came: bool },
}

/// A member.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: StrBytes,
    pub(crate) protocols: Protocols,
    pub(crate) assignment: Bytes,
    session_timeout: Duration,
    rebalance_timeout: Duration,
    joining: Option<JoinReply>,
    syncing: Option<SyncReply>,
    session: Option<TimerId>,
    /// Whether the first generation of this member is still to come: its session runs while it joins.
    is_new: bool,
}

impl Phase {
    /// Returns the name that admin clients show.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Preparing(_) => "PreparingRebalance",
            Self::Completing => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

impl Classic {
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns what kind of group it is; none for one that only has offsets.
    pub(crate) fn protocol_type(&self) -> Option<&StrBytes> {
        self.protocol_type.as_ref()
    }

    pub(crate) fn protocol(&self) -> Option<&StrBytes> {
        self.protocol.as_ref()
    }

    /// Returns the members in the order of their ids.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&StrBytes, &Member)> {
        self.members.iter()
    }

    /// Returns whether no member is in it, nor any on the way.
    pub(crate) fn is_empty(&self) -> bool {
        self.phase == Phase::Empty
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, context: &mut Context<'_>, due: &Due) {
        match due {
            Due::Join => self.join_is_due(context),
            Due::Sync => self.sync_is_due(context),
            Due::Session(member_id) => self.session_expired(context, member_id),
            Due::Revocation(_) => {}
        }
    }

    /// Forgets what is due; for a group that ends.
    pub(super) fn cancel_timers(&mut self, context: &mut Context<'_>) {
        context.cancel(&mut self.join_timer);
        context.cancel(&mut self.sync_timer);
        for timer in self.pending.values_mut() {
            context.cancel(timer);
        }
        for member in self.members.values_mut() {
            context.cancel(&mut member.session);
        }
    }

    /// Returns an error unless this is a member, and the one that has the instance id.
    fn check_member(&self, id: &StrBytes, instance_id: Option<&StrBytes>) -> Result<(), ResponseError> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(ResponseError::UnknownMemberId),
                Some(current) if current != id => return Err(ResponseError::FencedInstanceId),
                Some(_) => {}
            }
        }
        match self.members.contains_key(id) {
            true => Ok(()),
            false => Err(ResponseError::UnknownMemberId),
        }
    }

    /// Checks that this member may commit offsets now; a commit also keeps its session.
    pub(super) fn check_commit(
        &mut self,
        context: &mut Context<'_>,
        committer: &Committer<'_>,
    ) -> Result<(), ResponseError> {
        let Committer { member_id, instance_id, generation, kind } = *committer;
        if generation < 0 && self.is_empty() {
            return Ok(());
        }
        if generation >= 0 || !member_id.is_empty() || instance_id.is_some() {
            self.check_member(member_id, instance_id)?;
            if generation != self.generation {
                return Err(ResponseError::IllegalGeneration);
            }
        } else if kind != CommitKind::InTransaction {
            return Err(ResponseError::UnknownMemberId);
        }
        if kind == CommitKind::InTransaction {
            return Ok(());
        }
        match self.phase {
            Phase::Completing => Err(ResponseError::RebalanceInProgress),
            Phase::Empty => Ok(()),
            Phase::Preparing(_) | Phase::Stable => {
                self.keep_session(context, member_id);
                Ok(())
            }
        }
    }

    /// Adds a member that joins.
    fn add(&mut self, context: &mut Context<'_>, id: &StrBytes, member: Member, protocol_type: StrBytes) {
        if let Some(mut timer) = self.pending.remove(id) {
            context.cancel(&mut timer);
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), id.clone());
        }
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type);
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.members.insert(id.clone(), member);
    }

    /// Removes a member or one who was about to be. Whoever waits as this member is told that it is none.
    fn remove(&mut self, context: &mut Context<'_>, id: &StrBytes) {
        if let Some(mut timer) = self.pending.remove(id) {
            context.cancel(&mut timer);
        }
        self.pending_sync.remove(id);
        let Some(mut member) = self.members.remove(id) else { return };
        context.cancel(&mut member.session);
        if let Some(instance_id) = &member.instance_id {
            self.static_members.remove(instance_id);
        }
        if let Some(reply) = member.joining.take() {
            reply.refuse(StrBytes::default(), ResponseError::UnknownMemberId);
        }
        if let Some(reply) = member.syncing.take() {
            reply.refuse(ResponseError::UnknownMemberId);
        }
        if self.leader.as_ref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    fn is_leader(&self, id: &StrBytes) -> bool {
        self.leader.as_ref() == Some(id)
    }

    fn have_all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// Returns how long a rebalance waits: as long as its most patient member.
    fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }
}
