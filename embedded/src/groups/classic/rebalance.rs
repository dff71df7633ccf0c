//! From one generation to the next: members join, then the group has a protocol and a leader.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::{Classic, Phase, Waits};
use crate::groups::{Context, Due};

impl Classic {
    /// Begins a rebalance, or ends the one that goes on if this was the last member it waited for.
    pub(super) fn rebalance_or_complete(&mut self, context: &mut Context<'_>) {
        match self.phase {
            Phase::Preparing(_) => self.complete_if_all_joined(context),
            Phase::Empty | Phase::Completing | Phase::Stable => self.prepare(context),
        }
    }

    /// Begins a rebalance.
    pub(super) fn prepare(&mut self, context: &mut Context<'_>) {
        self.refuse_waiting_syncs(ResponseError::RebalanceInProgress);
        self.pending_sync.clear();
        context.cancel(&mut self.sync_timer);
        if self.phase == Phase::Empty {
            let delay = context.options.initial_rebalance_delay;
            let left = self.rebalance_timeout().saturating_sub(delay);
            self.phase = Phase::Preparing(Waits::Initially { delay, left, member_came: false });
            return match delay {
                Duration::ZERO => self.complete(context),
                delay => context.set(&mut self.join_timer, delay, Due::Join),
            };
        }
        self.phase = Phase::Preparing(Waits::ForMembers);
        if self.have_all_joined() {
            self.complete(context);
        } else {
            self.wait_for_joins(context);
        }
    }

    /// Ends the rebalance if it only waited for members that have now joined or are gone.
    pub(super) fn complete_if_all_joined(&mut self, context: &mut Context<'_>) {
        if self.phase == Phase::Preparing(Waits::ForMembers) && self.have_all_joined() {
            self.complete(context);
        }
    }

    pub(super) fn join_is_due(&mut self, context: &mut Context<'_>) {
        self.join_timer = None;
        match self.phase {
            Phase::Preparing(Waits::Initially { delay, left, member_came: true }) if !left.is_zero() => {
                let next = delay.min(left);
                let left = left.saturating_sub(delay);
                self.phase = Phase::Preparing(Waits::Initially { delay: next, left, member_came: false });
                context.set(&mut self.join_timer, next, Due::Join);
            }
            Phase::Preparing(_) => self.complete(context),
            Phase::Empty | Phase::Completing | Phase::Stable => {}
        }
    }

    /// Begins the next generation with those who joined. Static members keep their place without joining.
    pub(super) fn complete(&mut self, context: &mut Context<'_>) {
        context.cancel(&mut self.join_timer);
        let is_silent = |member: &super::Member| member.joining.is_none() && member.instance_id.is_none();
        let silent: Vec<StrBytes> =
            self.members.iter().filter(|(_, member)| is_silent(member)).map(|(id, _)| id.clone()).collect();
        for id in &silent {
            self.remove(context, id);
        }
        if !self.members.is_empty() && !self.elect() {
            // Only static members are left and none of them is here.
            return self.wait_for_joins(context);
        }
        self.generation += 1;
        self.pending_sync.clear();
        self.protocol = self.vote();
        if self.members.is_empty() {
            self.phase = Phase::Empty;
            return;
        }
        self.phase = Phase::Completing;
        let ids: Vec<StrBytes> = self.members.keys().cloned().collect();
        for id in ids {
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.is_new = false;
            let reply = member.joining.take();
            self.pending_sync.insert(id.clone());
            self.keep_session(context, &id);
            if let Some(reply) = reply {
                reply.accept(self, id);
            }
        }
        let patience = self.rebalance_timeout();
        context.set(&mut self.sync_timer, patience, Due::Sync);
    }

    fn wait_for_joins(&mut self, context: &mut Context<'_>) {
        let patience = self.rebalance_timeout();
        context.set(&mut self.join_timer, patience, Due::Join);
    }

    /// Makes sure that the leader is one who joined; returns whether anybody did.
    fn elect(&mut self) -> bool {
        let has_joined = |id: &StrBytes| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if !self.leader.as_ref().is_some_and(has_joined) {
            let joined = self.members.keys().find(|id| has_joined(id)).cloned();
            if joined.is_none() {
                return false;
            }
            self.leader = joined;
        }
        true
    }
}
