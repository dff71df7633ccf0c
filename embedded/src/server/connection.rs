//! One connection: frames in, answers out, in order. As in Kafka, the next request of a connection is taken
//! up when the one before is answered.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Shared;
use crate::api::{self, Call, Reply};
use crate::security::{self, Admit, Gate, Principal};
use crate::state::NodeId;
use crate::wire::apis;
use crate::wire::frame::{self, Header, Incoming, Limits, Refusal};

/// The size of a frame.
const SIZE: usize = 4;
/// The size of a frame, and the number of the API that it calls.
const SIZE_AND_API: usize = 6;
/// How much of later requests is read while one waits.
const READ_AHEAD: usize = 64 * 1024;

/// Serves a connection to its end.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, node: NodeId) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "a connection ended before it began");
        return;
    }
    let security = shared.security.clone();
    let end = match security.acceptor() {
        None => Connection::new(shared, stream, peer, node, Principal::anonymous()).serve().await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => {
                let from = security.options().tls.principal_from;
                let principal = security::principal_of(stream.get_ref().1, from);
                Connection::new(shared, stream, peer, node, principal).serve().await
            }
            Err(error) => Err(End::Io(error)),
        },
    };
    if let Err(end) = end {
        tracing::debug!(%peer, node, %end, "a connection ended");
    }
}

/// Why a connection ended; as in Kafka, the client only sees that it is closed.
#[derive(Debug)]
enum End {
    Io(std::io::Error),
    Refused(String),
    Frame(Refusal),
    ClosedByPeer,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Refused(reason) => f.write_str(reason),
            Self::Frame(refusal) => refusal.fmt(f),
            Self::ClosedByPeer => f.write_str("closed by the client"),
        }
    }
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Frame(refusal)
    }
}

impl From<std::io::Error> for End {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

struct Connection<S> {
    shared: Arc<Shared>,
    stream: S,
    peer: SocketAddr,
    node: NodeId,
    input: BytesMut,
    gate: Gate,
    limits: Limits,
}

fn encode(correlation_id: i32, api: ApiKey, version: i16, response: &ResponseKind) -> Result<BytesMut, End> {
    frame::encode(correlation_id, api, version, response)
        .map_err(|error| End::Refused(format!("{api:?} v{version} could not be answered: {error}")))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(shared: Arc<Shared>, stream: S, peer: SocketAddr, node: NodeId, transport: Principal) -> Self {
        let gate = Gate::new(&shared.security, transport);
        Self { shared, stream, peer, node, input: BytesMut::new(), gate, limits: Limits::default() }
    }

    async fn serve(mut self) -> Result<(), End> {
        let end = self.converse().await;
        tracing::trace!(peer = %self.peer, principal = %self.gate.principal(), "a connection is closed");
        // Tells a TLS client that this is the end and no cut; whoever went away cannot hear it.
        let _ = self.stream.shutdown().await;
        end
    }

    async fn converse(&mut self) -> Result<(), End> {
        loop {
            let frame = self.frame().await?;
            let output = if self.gate.expects_raw_token() {
                let answer = self.gate.raw_token(&frame, super::now().wall_ms);
                Some(frame::sized(&answer.ok_or_else(|| End::Refused("a token was refused".to_owned()))?))
            } else {
                match frame::parse(frame)? {
                    Incoming::ApiVersionsTooNew { correlation_id } => {
                        self.admit(ApiKey::ApiVersions)?;
                        Some(encode(correlation_id, ApiKey::ApiVersions, 0, &apis::too_new().into())?)
                    }
                    Incoming::Request { header, body } => {
                        self.admit(header.api)?;
                        if self.log_in(&header, &body).await? {
                            None
                        } else {
                            self.answer(header, body).await?
                        }
                    }
                }
            };
            if let Some(output) = output {
                self.send(&output).await?;
            }
        }
    }

    async fn send(&mut self, output: &[u8]) -> Result<(), End> {
        self.stream.write_all(output).await?;
        // What TLS made of it may still be on this side.
        Ok(self.stream.flush().await?)
    }

    fn admit(&mut self, api: ApiKey) -> Result<(), End> {
        match self.gate.admit(api, super::now().wall_ms) {
            Admit::Yes => Ok(()),
            Admit::No(reason) => Err(End::Refused(format!("{api:?} was not admitted: {reason}"))),
        }
    }

    /// Answers SaslHandshake and SaslAuthenticate, which the state does not hear of. Returns whether it was one.
    async fn log_in(&mut self, header: &Header, body: &RequestKind) -> Result<bool, End> {
        let (version, now_ms) = (header.version, super::now().wall_ms);
        let (response, then_close) = match body {
            RequestKind::SaslHandshake(body) => {
                let answer = self.gate.handshake(body, version, now_ms);
                (ResponseKind::from(answer.response), answer.then_close)
            }
            RequestKind::SaslAuthenticate(body) => {
                let answer = self.gate.authenticate(body, version, now_ms);
                (ResponseKind::from(answer.response), answer.then_close)
            }
            _ => return Ok(false),
        };
        let output = encode(header.correlation_id, header.api, version, &response)?;
        self.send(&output).await?;
        if then_close {
            return Err(End::Refused("a client was not authenticated".to_owned()));
        }
        Ok(true)
    }

    /// Reads one frame, without its size. Memory grows with what came, not with what was announced.
    async fn frame(&mut self) -> Result<Bytes, End> {
        // A token without a header may be shorter than any header.
        let is_token = self.gate.expects_raw_token();
        while self.input.len() < if is_token { SIZE } else { SIZE_AND_API } {
            self.read().await?;
        }
        if is_token {
            let size = self.gate.token_size(self.input.get_i32());
            let size = size.ok_or_else(|| End::Refused("the size of a token was refused".to_owned()))?;
            return self.rest(size).await;
        }
        let api_key = i16::from_be_bytes([self.input[4], self.input[5]]);
        let size = self.input.get_i32();
        let size = self.gate.limits(self.limits).admit(size, api_key)?;
        self.rest(size).await
    }

    async fn rest(&mut self, size: usize) -> Result<Bytes, End> {
        while self.input.len() < size {
            self.read().await?;
        }
        Ok(self.input.split_to(size).freeze())
    }

    async fn read(&mut self) -> Result<(), End> {
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(End::ClosedByPeer),
            _ => Ok(()),
        }
    }

    async fn answer(&mut self, header: Header, body: RequestKind) -> Result<Option<BytesMut>, End> {
        let Header { api, version, correlation_id, client_id } = header;
        let client_id = client_id.unwrap_or_default();
        let handled = catch_unwind(AssertUnwindSafe(|| {
            self.shared.with(|state, now| {
                let (node, peer, principal) = (self.node, self.peer.ip(), self.gate.principal());
                let call = Call { now, node, version, client_id: &client_id, peer, principal };
                api::handle(state, &call, body)
            })
        }));
        let reply = handled.map_err(|_| {
            tracing::error!(?api, version, "the embedded cluster panicked while it answered");
            End::Refused(format!("{api:?} v{version} panicked"))
        })?;
        let response = match reply {
            Reply::Now(response) => response,
            Reply::Later(waiting) => self.wait(waiting).await?,
            Reply::Nothing => return Ok(None),
            Reply::Close(reason) => return Err(End::Refused(reason.to_owned())),
        };
        encode(correlation_id, api, version, &response).map(Some)
    }

    /// Waits for an answer, and notices meanwhile that the client went away.
    async fn wait(&mut self, mut waiting: api::Waiting) -> Result<ResponseKind, End> {
        loop {
            let may_read = self.input.len() < READ_AHEAD;
            tokio::select! {
                biased;
                response = &mut waiting => {
                    return response.map_err(|_| End::Refused("the answer was dropped".to_owned()));
                }
                read = self.stream.read_buf(&mut self.input), if may_read => {
                    if read? == 0 {
                        return Err(End::ClosedByPeer);
                    }
                }
            }
        }
    }
}
