//! Events that wait for their schemas, in the order in which they were produced.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use crate::codec::Writers;
use crate::completion::lock;
use crate::engine::produce::Outgoing;
use crate::engine::session::{SessionInner, SessionTopic};
use crate::error::Result;
use crate::runtime::{Deadline, Task};

/// What a session still has to send to one topic. Empty, but for the moments in which a schema is asked for.
#[derive(Default)]
pub(crate) struct Outbox(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Outgoing>,
    /// A task sends what waits; whatever comes meanwhile has to queue up behind.
    is_busy: bool,
    /// That task, which ends with the session.
    task: Option<Task>,
}

impl SessionInner {
    /// Sends an event now if its schemas are at hand and nothing waits before it, else as soon as that is so.
    pub(super) fn send_in_turn(
        self: &Arc<Self>,
        topic: &Arc<SessionTopic>,
        outgoing: Outgoing,
    ) -> Result<()> {
        let writers = match &topic.schemas {
            None => Writers::default(),
            Some(schemas) => {
                let mut queue = lock(&topic.outbox.0);
                let at_hand = if queue.is_busy { None } else { schemas.writers_at_hand(&outgoing.event)? };
                let Some(writers) = at_hand else {
                    queue.waiting.push_back(outgoing);
                    if !std::mem::replace(&mut queue.is_busy, true) {
                        let drain = drain(Arc::downgrade(self), Arc::downgrade(topic));
                        queue.task = Some(Task::spawn(&self.probe.runtime.handle(), drain));
                    }
                    return Ok(());
                };
                writers
            }
        };
        let (record, written) = self.encode(topic, &outgoing, &writers)?;
        self.hand_over(topic, outgoing, record, written);
        Ok(())
    }
}

/// Sends what waits, one after the other, until nothing does.
async fn drain(session: Weak<SessionInner>, topic: Weak<SessionTopic>) {
    loop {
        let (Some(session), Some(topic)) = (session.upgrade(), topic.upgrade()) else { return };
        let Some(schemas) = &topic.schemas else { return };
        let outgoing = {
            let mut queue = lock(&topic.outbox.0);
            let Some(outgoing) = queue.waiting.pop_front() else {
                queue.is_busy = false;
                return;
            };
            outgoing
        };
        let written = async {
            session.check()?;
            // Whoever waits does so until `by`, and is to hear of the registry and not of the broker.
            let by = Deadline::after(outgoing.by.left().mul_f64(0.9));
            let writers = schemas.writers(&outgoing.event, by).await?;
            session.encode(&topic, &outgoing, &writers)
        };
        match written.await {
            Ok((record, written)) => session.hand_over(&topic, outgoing, record, written),
            Err(error) => session.tell(outgoing, error),
        }
    }
}
