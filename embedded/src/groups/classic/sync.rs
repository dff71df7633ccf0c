//! SyncGroup: the leader's assignment to each member.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::{Classic, Phase, SyncReply};
use crate::groups::Context;

/// A wish for an assignment; the leader's has the assignments of all.
#[derive(Debug)]
pub(crate) struct Sync {
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) generation: i32,
    /// None for a client that does not say.
    pub(crate) protocol_type: Option<StrBytes>,
    /// None for a client that does not say.
    pub(crate) protocol: Option<StrBytes>,
    pub(crate) assignments: BTreeMap<StrBytes, Bytes>,
}

impl Classic {
    /// Answers with the assignment of a member, when the leader has brought it.
    pub(crate) fn sync(&mut self, context: &mut Context<'_>, sync: Sync, reply: SyncReply) {
        if let Err(error) = self.check_sync(&sync) {
            return reply.refuse(error);
        }
        let id = sync.member_id;
        match self.phase {
            Phase::Empty => reply.refuse(ResponseError::UnknownMemberId),
            Phase::Preparing(_) => reply.refuse(ResponseError::RebalanceInProgress),
            Phase::Stable => {
                self.has_synced(context, &id);
                let assignment = self.members.get(&id).map(|member| member.assignment.clone());
                reply.assign(self.agreed(), assignment.unwrap_or_default());
            }
            Phase::Completing => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.syncing = Some(reply);
                }
                self.has_synced(context, &id);
                if self.is_leader(&id) {
                    self.assign(context, sync.assignments);
                }
            }
        }
    }

    fn check_sync(&self, sync: &Sync) -> Result<(), ResponseError> {
        let differs = |asked: &Option<StrBytes>, ours: &Option<StrBytes>| asked.is_some() && asked != ours;
        self.check_member(&sync.member_id, sync.instance_id.as_ref())?;
        if sync.generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if differs(&sync.protocol_type, &self.protocol_type) || differs(&sync.protocol, &self.protocol) {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        Ok(())
    }

    /// Takes the leader's assignment; with it the group is stable.
    fn assign(&mut self, context: &mut Context<'_>, mut assignments: BTreeMap<StrBytes, Bytes>) {
        self.phase = Phase::Stable;
        let agreed = self.agreed();
        let mut answered = Vec::with_capacity(self.members.len());
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
            if let Some(reply) = member.syncing.take() {
                reply.assign(agreed.clone(), member.assignment.clone());
                answered.push(id.clone());
            }
        }
        for id in answered {
            self.keep_session(context, &id);
        }
    }

    /// Answers all who wait for an assignment with an error; what was assigned is void.
    pub(super) fn refuse_waiting_syncs(&mut self, error: ResponseError) {
        if self.phase != Phase::Completing {
            return;
        }
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
            if let Some(reply) = member.syncing.take() {
                reply.refuse(error);
            }
        }
    }

    /// Removes those who joined and did not ask for their assignment in time.
    pub(super) fn sync_is_due(&mut self, context: &mut Context<'_>) {
        self.sync_timer = None;
        let silent = std::mem::take(&mut self.pending_sync);
        if !matches!(self.phase, Phase::Completing | Phase::Stable) || silent.is_empty() {
            return;
        }
        for id in &silent {
            self.remove(context, id);
        }
        self.prepare(context);
    }

    fn has_synced(&mut self, context: &mut Context<'_>, id: &StrBytes) {
        self.pending_sync.remove(id);
        if self.pending_sync.is_empty() {
            context.cancel(&mut self.sync_timer);
        }
    }

    fn agreed(&self) -> (Option<StrBytes>, Option<StrBytes>) {
        (self.protocol_type.clone(), self.protocol.clone())
    }
}
