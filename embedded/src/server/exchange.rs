//! One request and its answer: through the state, through the gate that authenticates, or through faults.

use std::time::Duration;

use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Connection, End};
use super::listeners::Door;
use crate::api::{self, Call, Reply, answers, places, topic_ids};
use crate::faults::{Ending, KafkaError, Outcome, Parts, Plan, Seen};
use crate::state::{Now, State};
use crate::wire::{apis, pieces};

/// The header of a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) correlation_id: i32,
    pub(super) client_id: StrBytes,
    /// Whether it is an ApiVersions of a version that nobody knows.
    pub(super) is_too_new: bool,
}

/// What a request leads to.
#[derive(Debug, Default)]
struct Answer {
    /// None where the client wants no answer.
    response: Option<ResponseKind>,
    /// Why the connection is closed after it.
    then_close: Option<&'static str>,
    /// How long the connection is deaf after it.
    mute: Duration,
}

/// What was done with a request while the state was locked.
enum Step {
    Replied(Reply),
    /// It is for the gate of the connection.
    Login(RequestKind),
    Faulty(Box<Plan>, RequestKind),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Answers a request.
    pub(super) async fn respond(&mut self, asked: &Asked, body: RequestKind) -> Result<(), End> {
        let (seen, step) = self.begin(asked, body)?;
        let is_faulty = matches!(step, Step::Faulty(..));
        let is_finished = matches!(step, Step::Replied(Reply::Now(_) | Reply::Nothing));
        let answered = match step {
            Step::Replied(reply) => self.complete(reply).await,
            Step::Login(body) => Ok(self.log_in(asked, &body)),
            Step::Faulty(plan, body) => self.suffer(asked, *plan, body).await,
        };
        if !is_finished {
            let outcome = match &answered {
                _ if is_faulty => Outcome::Faulted,
                Ok(answer) => outcome(answer.response.as_ref()),
                Err(_) => Outcome::Closed,
            };
            self.shared.with(|state, now| state.requests.finish(seen, outcome, now.mono));
        }
        let Answer { response, then_close, mute } = answered?;
        if let Some(response) = response {
            self.answer(asked, response).await?;
        }
        if let Some(reason) = then_close {
            return Err(End::Refused(reason.to_owned()));
        }
        if !mute.is_zero() {
            self.until(tokio::time::sleep(mute)).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, asked: &Asked, response: ResponseKind) -> Result<(), End> {
        let Asked { api, version, correlation_id, .. } = *asked;
        let output = pieces::encode(correlation_id, api, version, response)
            .map_err(|error| End::Refused(format!("{api:?} v{version} could not be answered: {error}")))?;
        self.send(output).await
    }

    /// Records a request, and answers it unless faults or the gate have a say.
    fn begin(&self, asked: &Asked, mut body: RequestKind) -> Result<(Option<Seen>, Step), End> {
        let mut recorded = None;
        let begun = self.guarded(asked, |state, call| {
            topic_ids::name(state, asked.version, &mut body);
            let seen = state.requests.begin(call, self.peer, asked.api, &body);
            recorded = seen;
            let step = match state.faults.plan(call, asked.api, &body) {
                Some(plan) => Step::Faulty(plan, body),
                None if is_login(&body) => Step::Login(body),
                None => Step::Replied(handle(state, call, asked, body)),
            };
            match &step {
                Step::Replied(Reply::Now(response)) => {
                    state.requests.finish(seen, outcome(Some(response)), call.now.mono);
                }
                Step::Replied(Reply::Nothing) => {
                    state.requests.finish(seen, Outcome::Answered, call.now.mono);
                }
                _ => {}
            }
            (seen, step)
        });
        if begun.is_err() {
            self.shared.with(|state, now| state.requests.finish(recorded, Outcome::Closed, now.mono));
        }
        begun
    }

    /// Changes the state for a request; a panic ends only this connection.
    fn guarded<T>(&self, asked: &Asked, change: impl FnOnce(&mut State, &Call<'_>) -> T) -> Result<T, End> {
        let Asked { api, version, client_id, .. } = asked;
        let change = |state: &mut State, now: Now| {
            let Door { node, listener } = self.door;
            let (peer, principal) = (self.peer.ip(), self.gate.principal());
            change(state, &Call { now, node, listener, version: *version, client_id, peer, principal })
        };
        let doing = format_args!("{api:?} v{version} was answered");
        let refused = |_| End::Refused(format!("{api:?} v{version} panicked"));
        self.shared.try_with(&doing, change).map_err(refused)
    }

    async fn complete(&mut self, reply: Reply) -> Result<Answer, End> {
        let response = match reply {
            Reply::Now(response) => Some(response),
            Reply::Later(waiting) => {
                let response = self.until(waiting).await?;
                Some(response.map_err(|_| End::Refused("the answer was dropped".to_owned()))?)
            }
            Reply::Nothing => None,
            Reply::Close(reason) => return Err(End::Refused(reason.to_owned())),
        };
        Ok(Answer { response, ..Answer::default() })
    }

    /// Answers SaslHandshake and SaslAuthenticate, which the state does not hear of.
    fn log_in(&mut self, asked: &Asked, body: &RequestKind) -> Answer {
        let (version, now_ms) = (asked.version, super::now().wall_ms);
        let (response, then_close) = match body {
            RequestKind::SaslHandshake(body) => {
                let answer = self.gate.handshake(body, version, now_ms);
                (ResponseKind::from(answer.response), answer.then_close)
            }
            RequestKind::SaslAuthenticate(body) => {
                let answer = self.gate.authenticate(body, version, now_ms);
                (ResponseKind::from(answer.response), answer.then_close)
            }
            _ => return Answer { then_close: Some("it was no login"), ..Answer::default() },
        };
        let then_close = then_close.then_some("a client was not authenticated");
        Answer { response: Some(response), then_close, mute: Duration::ZERO }
    }

    /// Answers a request as faults have it.
    async fn suffer(&mut self, asked: &Asked, plan: Plan, body: RequestKind) -> Result<Answer, End> {
        if !plan.delay.is_zero() {
            self.until(tokio::time::sleep(plan.delay)).await?;
        }
        match plan.ending {
            Some(Ending::Disconnect) => return Err(End::Fault),
            Some(Ending::Silence) => return Err(self.ignore().await),
            Some(Ending::DisconnectAfter) | None => {}
        }
        let wants_no_answer = matches!(&body, RequestKind::Produce(produce) if produce.acks == 0);
        let Parts { served, applied, answers } = plan.part(body, asked.version);
        for request in applied {
            self.serve_part(asked, request).await?;
        }
        let mut answer = match served {
            Some(request) => self.serve_part(asked, request).await?,
            None => Answer::default(),
        };
        if wants_no_answer && !answers.is_empty() {
            answer.then_close = Some("a produce request without acknowledgement failed");
        } else {
            for part in answers {
                match &mut answer.response {
                    Some(response) => places::merge(response, part),
                    None => answer.response = Some(part),
                }
            }
        }
        let without_effect = match &mut answer.response {
            Some(response) => plan.spoil(response),
            None => plan.unanswered(),
        };
        if !without_effect.is_empty() {
            self.shared.with(|state, _| state.faults.settle(&without_effect));
        }
        if plan.ending == Some(Ending::DisconnectAfter) {
            return Err(End::Fault);
        }
        answer.mute = plan.throttle;
        Ok(answer)
    }

    /// Answers a request, or a part of one, without a look at the faults.
    async fn serve_part(&mut self, asked: &Asked, request: RequestKind) -> Result<Answer, End> {
        if is_login(&request) {
            return Ok(self.log_in(asked, &request));
        }
        let reply = self.guarded(asked, |state, call| handle(state, call, asked, request))?;
        self.complete(reply).await
    }
}

fn handle(state: &mut State, call: &Call<'_>, asked: &Asked, body: RequestKind) -> Reply {
    let reply = match asked.is_too_new {
        true => apis::too_new().into(),
        false => api::handle(state, call, body),
    };
    #[cfg(test)]
    assert!(state.panics_on != Some(asked.api), "a test wanted this panic");
    reply
}

fn is_login(body: &RequestKind) -> bool {
    matches!(body, RequestKind::SaslHandshake(_) | RequestKind::SaslAuthenticate(_))
}

fn outcome(response: Option<&ResponseKind>) -> Outcome {
    let code = response.and_then(answers::first_error).and_then(KafkaError::try_from_code);
    code.map_or(Outcome::Answered, Outcome::Error)
}
