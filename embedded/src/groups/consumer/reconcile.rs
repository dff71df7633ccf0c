//! From what a member consumes to its target: first it gives up, then it gets what others gave up.

use kafka_protocol::protocol::StrBytes;

use super::{Consumer, Share};
use crate::groups::{Context, Due};

impl Consumer {
    /// Brings a member closer to its target. `owned` is what it says it has, if it says so.
    pub(super) fn reconcile(&mut self, context: &mut Context<'_>, id: &StrBytes, owned: Option<&Share>) {
        let target_epoch = self.target_epoch;
        let Some(member) = self.members.get(id) else { return };
        let still_has = |share: &Share| owned.is_none_or(|owned| !owned.is_disjoint(share));
        let is_settled = member.epoch == target_epoch && !member.waits && member.revoking.is_empty();
        if is_settled || (!member.revoking.is_empty() && still_has(&member.revoking)) {
            return;
        }
        let mut assigned: Share = member.assigned.intersection(&member.target).copied().collect();
        let revoking: Share = member.assigned.difference(&member.target).copied().collect();
        let missing: Share = member.target.difference(&assigned).copied().collect();
        let (taken, free): (Share, Share) = missing.into_iter().partition(|place| self.is_taken(id, place));
        let Some(member) = self.members.get_mut(id) else { return };
        if !revoking.is_empty() && still_has(&revoking) {
            member.assigned = assigned;
            member.revoking = revoking;
            let patience = member.rebalance_timeout;
            return context.set(&mut member.revocation, patience, Due::Revocation(id.clone()));
        }
        assigned.extend(free);
        member.assigned = assigned;
        member.revoking.clear();
        member.waits = !taken.is_empty();
        member.previous_epoch = member.epoch;
        member.epoch = target_epoch;
        context.cancel(&mut member.revocation);
    }

    /// Returns whether another member has a partition, or has yet to give it up.
    fn is_taken(&self, id: &StrBytes, place: &(uuid::Uuid, i32)) -> bool {
        let others = self.members.iter().filter(|(other, _)| *other != id);
        others
            .map(|(_, other)| other)
            .any(|other| other.assigned.contains(place) || other.revoking.contains(place))
    }
}
