//! Who is alive: heartbeats, sessions that expire, members that leave.

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::{Classic, Phase};
use crate::groups::{Context, Due};

/// One who leaves: a member by its id, or by its instance id alone when an admin removes it.
#[derive(Debug)]
pub(crate) struct Leave {
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
}

impl Classic {
    /// Keeps a member's session, and tells it whether it has to join again.
    pub(crate) fn heartbeat(
        &mut self,
        context: &mut Context<'_>,
        id: &StrBytes,
        instance_id: Option<&StrBytes>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        self.check_member(id, instance_id)?;
        if generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        self.keep_session(context, id);
        match self.phase {
            Phase::Empty => Err(ResponseError::UnknownMemberId),
            Phase::Preparing(_) => Err(ResponseError::RebalanceInProgress),
            Phase::Completing | Phase::Stable => Ok(()),
        }
    }

    /// Lets members leave; each gets its own verdict.
    pub(crate) fn leave(
        &mut self,
        context: &mut Context<'_>,
        leaving: &[Leave],
    ) -> Vec<Result<(), ResponseError>> {
        let verdicts: Vec<_> = leaving.iter().map(|leave| self.leave_one(context, leave)).collect();
        if verdicts.iter().any(Result::is_ok) {
            match self.phase {
                Phase::Stable | Phase::Completing => self.prepare(context),
                Phase::Preparing(_) => self.complete_if_all_joined(context),
                Phase::Empty => {}
            }
        }
        verdicts
    }

    fn leave_one(&mut self, context: &mut Context<'_>, leave: &Leave) -> Result<(), ResponseError> {
        let by_instance = || self.static_members.get(leave.instance_id.as_ref()?).cloned();
        let id = match leave.member_id.is_empty() {
            true => by_instance().ok_or(ResponseError::UnknownMemberId)?,
            false => leave.member_id.clone(),
        };
        if !leave.member_id.is_empty() && !self.pending.contains_key(&id) {
            self.check_member(&id, leave.instance_id.as_ref())?;
        }
        self.remove(context, &id);
        Ok(())
    }

    /// Lets a member's session begin anew.
    pub(super) fn keep_session(&mut self, context: &mut Context<'_>, id: &StrBytes) {
        if let Some(member) = self.members.get_mut(id) {
            context.set(&mut member.session, member.session_timeout, Due::Session(id.clone()));
        }
    }

    /// Removes a member that was not heard of. One that waits for us is not silent: its session goes on when
    /// it is answered.
    pub(super) fn session_expired(&mut self, context: &mut Context<'_>, id: &StrBytes) {
        let was_member = match self.members.get_mut(id) {
            Some(member) if !member.is_new && (member.joining.is_some() || member.syncing.is_some()) => {
                member.session = None;
                return;
            }
            Some(_) => true,
            None => false,
        };
        self.remove(context, id);
        match self.phase {
            Phase::Stable | Phase::Completing if was_member => self.prepare(context),
            Phase::Preparing(_) if self.have_all_joined() => self.complete(context),
            _ => {}
        }
    }
}
