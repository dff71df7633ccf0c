//! ConsumerGroupHeartbeat: a member joins, stays, and learns what it consumes.

use std::collections::BTreeSet;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;

use super::subscription::{Pattern, Subscription};
use super::{AWAY, Assignor, Consumer, Member, Refusal, Share, unknown};
use crate::groups::{Context, Due};

/// How long a member may take to give up partitions if it does not say (the client's default).
const REBALANCE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// What a member says. None is: as before.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    pub(crate) member_id: StrBytes,
    /// 0 joins.
    pub(crate) epoch: i32,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) rack_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: StrBytes,
    pub(crate) rebalance_timeout: Option<Duration>,
    pub(crate) topics: Option<BTreeSet<TopicName>>,
    /// Some none is: no expression any more.
    pub(crate) pattern: Option<Option<Pattern>>,
    pub(crate) assignor: Option<Assignor>,
    /// What the member has.
    pub(crate) owned: Option<Share>,
}

/// What a member is told.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) epoch: i32,
    /// None is: as before.
    pub(crate) assignment: Option<Share>,
}

impl Heartbeat {
    /// Returns whether the member says all that it can, as it does when it joins or has lost an answer.
    fn is_full(&self) -> bool {
        let subscribes = self.topics.is_some() || self.pattern.is_some();
        self.epoch == 0 || (self.rebalance_timeout.is_some() && subscribes && self.owned.is_some())
    }
}

impl Consumer {
    /// Takes what a member says, and returns what is new for it.
    pub(crate) fn heartbeat(
        &mut self,
        context: &mut Context<'_>,
        heartbeat: Heartbeat,
    ) -> Result<Joined, Refusal> {
        let id = heartbeat.member_id.clone();
        let is_new = match &heartbeat.instance_id {
            Some(instance_id) => self.admit_static(context, &heartbeat, instance_id)?,
            None => self.admit(&heartbeat)?,
        };
        let Some(member) = self.members.get_mut(&id) else { return Err(unknown(&id)) };
        let before = member.assigned.clone();
        let has_changed = member.take(&heartbeat);
        context.set(&mut member.session, context.options.consumer_session_timeout, Due::Session(id.clone()));
        self.refresh(context, is_new || has_changed);
        self.reconcile(context, &id, heartbeat.owned.as_ref());
        let Some(member) = self.members.get(&id) else { return Err(unknown(&id)) };
        let tells = heartbeat.is_full() || member.assigned != before;
        Ok(Joined { epoch: member.epoch, assignment: tells.then(|| member.assigned.clone()) })
    }

    /// Raises the epoch of the group, and makes new targets, if members or topics have changed.
    fn refresh(&mut self, context: &Context<'_>, members_changed: bool) {
        let topics = self.subscribed(context.topics);
        if members_changed || topics != self.topics {
            self.topics = topics;
            self.epoch += 1;
        }
        if self.epoch > self.target_epoch {
            self.assign();
        }
    }

    /// Checks a member without an instance id; returns whether it is a new one.
    fn admit(&mut self, heartbeat: &Heartbeat) -> Result<bool, Refusal> {
        let id = &heartbeat.member_id;
        match self.members.get_mut(id) {
            Some(member) => {
                member.check(heartbeat)?;
                Ok(false)
            }
            None if heartbeat.epoch == 0 => {
                self.members.insert(id.clone(), Member::new(heartbeat));
                Ok(true)
            }
            None => Err(unknown(id)),
        }
    }

    /// Checks a static member; returns whether it is a new one. One that was away gets its place back.
    fn admit_static(
        &mut self,
        context: &mut Context<'_>,
        heartbeat: &Heartbeat,
        instance_id: &StrBytes,
    ) -> Result<bool, Refusal> {
        let id = &heartbeat.member_id;
        if heartbeat.epoch != 0 {
            self.check_instance(id, instance_id)?;
            return self.admit(heartbeat);
        }
        let Some(old_id) = self.static_members.get(instance_id).cloned() else {
            self.static_members.insert(instance_id.clone(), id.clone());
            self.members.insert(id.clone(), Member::new(heartbeat));
            return Ok(true);
        };
        if self.members.get(&old_id).is_some_and(|member| member.epoch != AWAY) {
            return Err((
                ResponseError::UnreleasedInstanceId,
                format!("instance `{instance_id}` was in use by member `{old_id}`"),
            ));
        }
        let Some(mut member) = self.members.remove(&old_id) else { return Err(unknown(&old_id)) };
        context.cancel(&mut member.session);
        member.epoch = 0;
        member.previous_epoch = 0;
        self.static_members.insert(instance_id.clone(), id.clone());
        self.members.insert(id.clone(), member);
        Ok(false)
    }
}

impl Member {
    fn new(heartbeat: &Heartbeat) -> Self {
        Self {
            instance_id: heartbeat.instance_id.clone(),
            rack_id: None,
            client_id: heartbeat.client_id.clone(),
            client_host: heartbeat.client_host.clone(),
            epoch: 0,
            assigned: Share::new(),
            target: Share::new(),
            subscription: Subscription::default(),
            assignor: None,
            previous_epoch: 0,
            revoking: Share::new(),
            waits: false,
            rebalance_timeout: REBALANCE_TIMEOUT,
            session: None,
            revocation: None,
        }
    }

    /// Checks the epoch that a member believes to be at. The one before is good when an answer was lost: if
    /// the member has nothing that it should not have.
    fn check(&mut self, heartbeat: &Heartbeat) -> Result<(), Refusal> {
        if heartbeat.epoch == 0 {
            // It begins anew, with nothing.
            self.epoch = 0;
            return Ok(());
        }
        let has_no_other = heartbeat.owned.as_ref().is_some_and(|owned| owned.is_subset(&self.assigned));
        let lost_an_answer = heartbeat.epoch == self.previous_epoch && has_no_other;
        if heartbeat.epoch == self.epoch || (heartbeat.epoch < self.epoch && lost_an_answer) {
            return Ok(());
        }
        Err((
            ResponseError::FencedMemberEpoch,
            format!(
                "the member was at epoch `{}`, not `{}`; it must join again",
                self.epoch, heartbeat.epoch
            ),
        ))
    }

    /// Takes over what a member says; returns whether it subscribes to something else.
    fn take(&mut self, heartbeat: &Heartbeat) -> bool {
        let before = self.subscription.clone();
        if let Some(topics) = &heartbeat.topics {
            self.subscription.names = topics.clone();
        }
        if let Some(pattern) = &heartbeat.pattern {
            self.subscription.pattern = pattern.clone();
        }
        if heartbeat.rack_id.is_some() {
            self.rack_id = heartbeat.rack_id.clone();
        }
        if let Some(timeout) = heartbeat.rebalance_timeout {
            self.rebalance_timeout = timeout;
        }
        if heartbeat.assignor.is_some() {
            self.assignor = heartbeat.assignor;
        }
        self.client_id = heartbeat.client_id.clone();
        self.client_host = heartbeat.client_host.clone();
        self.subscription != before
    }
}
