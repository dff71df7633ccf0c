//! JoinGroup: who becomes a member, and whether that needs a new generation.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::{Classic, JoinReply, Member, Phase, Protocols, Waits};
use crate::groups::{Context, Due};

/// From this version on a new member is first told its id, and joins with it (KIP-394).
const MEMBER_ID_IS_REQUIRED: i16 = 4;
/// How long a new member may wait for its first generation (`group.new.member.join.timeout`, not configurable).
const NEW_MEMBER_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// A wish to join.
#[derive(Debug)]
pub(crate) struct Join {
    /// Empty for a new member.
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: StrBytes,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocols: Protocols,
}

impl Classic {
    /// Lets a member join; it is answered when the generation is complete.
    pub(crate) fn join(&mut self, context: &mut Context<'_>, join: Join, reply: JoinReply) {
        if !self.supports(&join.protocol_type, &join.protocols) {
            return reply.refuse(join.member_id, ResponseError::InconsistentGroupProtocol);
        }
        if !join.member_id.is_empty() {
            return self.join_with_id(context, join, reply);
        }
        let id = context.new_uuid();
        let new_id = |prefix: &StrBytes| StrBytes::from_string(format!("{prefix}-{id}"));
        let Some(instance_id) = &join.instance_id else {
            let id = new_id(&join.client_id);
            if reply.version < MEMBER_ID_IS_REQUIRED {
                return self.join_as_new(context, id, join, reply);
            }
            let timer = self.pending.entry(id.clone()).or_default();
            context.set(timer, join.session_timeout, Due::Session(id.clone()));
            return reply.refuse(id, ResponseError::MemberIdRequired);
        };
        let id = new_id(instance_id);
        match self.static_members.get(instance_id).cloned() {
            Some(old_id) => self.replace(context, &old_id, id, join, reply),
            None => self.join_as_new(context, id, join, reply),
        }
    }

    fn join_with_id(&mut self, context: &mut Context<'_>, join: Join, reply: JoinReply) {
        let id = join.member_id.clone();
        if self.pending.contains_key(&id) {
            return match join.instance_id {
                // A static member never was told an id first.
                Some(_) => reply.refuse(id, ResponseError::UnknownServerError),
                None => self.join_as_new(context, id, join, reply),
            };
        }
        if let Err(error) = self.check_member(&id, join.instance_id.as_ref()) {
            return reply.refuse(id, error);
        }
        let is_changed = self.members.get(&id).is_some_and(|member| member.protocols != join.protocols);
        match self.phase {
            Phase::Empty => reply.refuse(id, ResponseError::UnknownMemberId),
            // Its answer was lost, or it is a follower that only asks again.
            Phase::Completing if !is_changed => reply.accept(self, id),
            Phase::Stable if !is_changed && !self.is_leader(&id) => reply.accept(self, id),
            Phase::Preparing(_) | Phase::Completing | Phase::Stable => {
                self.rejoin(&id, join, reply);
                self.rebalance_or_complete(context);
            }
        }
    }

    fn join_as_new(&mut self, context: &mut Context<'_>, id: StrBytes, join: Join, reply: JoinReply) {
        if let Phase::Preparing(Waits::Initially { member_came, .. }) = &mut self.phase {
            *member_came = true;
        }
        let mut member = Member {
            instance_id: join.instance_id,
            client_id: join.client_id,
            client_host: join.client_host,
            protocols: join.protocols,
            assignment: bytes::Bytes::new(),
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            joining: Some(reply),
            syncing: None,
            session: None,
            is_new: true,
        };
        context.set(&mut member.session, NEW_MEMBER_TIMEOUT, Due::Session(id.clone()));
        self.add(context, &id, member, join.protocol_type);
        self.rebalance_or_complete(context);
    }

    /// Takes the new subscription and timeouts of a member, which then waits for the generation.
    fn rejoin(&mut self, id: &StrBytes, join: Join, reply: JoinReply) {
        if let Some(member) = self.members.get_mut(id) {
            member.protocols = join.protocols;
            member.session_timeout = join.session_timeout;
            member.rebalance_timeout = join.rebalance_timeout;
            member.joining = Some(reply);
        }
    }

    /// Gives the place of a static member to its next incarnation, without a new generation if the group goes
    /// on as it is (KIP-345, KIP-814).
    fn replace(
        &mut self,
        context: &mut Context<'_>,
        old_id: &StrBytes,
        id: StrBytes,
        join: Join,
        reply: JoinReply,
    ) {
        let old_leader = self.leader.clone();
        let Some(mut member) = self.members.remove(old_id) else {
            return reply.refuse(id, ResponseError::UnknownMemberId);
        };
        if let Some(waiting) = member.joining.take() {
            waiting.refuse(old_id.clone(), ResponseError::FencedInstanceId);
        }
        if let Some(waiting) = member.syncing.take() {
            waiting.refuse(ResponseError::FencedInstanceId);
        }
        member.is_new = false;
        let session_timeout = member.session_timeout;
        context.set(&mut member.session, session_timeout, Due::Session(id.clone()));
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), id.clone());
        }
        if self.is_leader(old_id) {
            self.leader = Some(id.clone());
        }
        self.pending_sync.remove(old_id);
        self.members.insert(id.clone(), member);
        self.rejoin(&id, join, reply);
        match self.phase {
            Phase::Stable if self.vote() == self.protocol => {
                let waiting = self.members.get_mut(&id).and_then(|member| member.joining.take());
                if let Some(waiting) = waiting {
                    waiting.accept_replacement(self, id, old_leader);
                }
            }
            Phase::Stable => self.rebalance_or_complete(context),
            Phase::Completing => self.prepare(context),
            Phase::Preparing(_) | Phase::Empty => self.complete_if_all_joined(context),
        }
    }
}
