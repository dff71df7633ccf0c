//! One connection: frames in, answers out, in order. As in Kafka, the next request of a connection is taken
//! up when the one before is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest};
use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Shared;
use super::exchange::Asked;
use super::listeners::Door;
use crate::Quiet;
use crate::security::{self, Admit, Gate, Principal};
use crate::wire::frame::{self, Header, Incoming, Limits, Refusal};

/// The size of a frame.
const SIZE: usize = 4;
/// The size of a frame, and the number of the API that it calls.
const SIZE_AND_API: usize = 6;
/// How much of later requests is read while one waits.
const READ_AHEAD: usize = 64 * 1024;

/// Room for the smallest read: most requests come in one.
const LEAST_READ: usize = 4 * 1024;

/// How long a client may take for the handshake of TLS.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves a connection to its end.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, door: Door) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "a connection ended before it began");
        return;
    }
    let (security, stream) = (shared.security.clone(), Quiet(stream));
    let end = match security.acceptor(door.listener) {
        None => Connection::new(shared, stream, peer, door, Principal::anonymous()).serve().await,
        Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Err(_) => Err(End::Refused("a TLS handshake took too long".to_owned())),
            Ok(Ok(stream)) => {
                let from = security.options().tls.principal_from;
                let principal = security::principal_of(stream.get_ref().1, from);
                Connection::new(shared, stream, peer, door, principal).serve().await
            }
            Ok(Err(error)) => Err(End::Io(error)),
        },
    };
    if let Err(end) = end {
        tracing::debug!(%peer, node = door.node, %end, "a connection ended");
    }
}

/// Why a connection ended; as in Kafka, the client only sees that it is closed.
#[derive(Debug)]
pub(super) enum End {
    Io(std::io::Error),
    Refused(String),
    Frame(Refusal),
    Fault,
    ClosedByPeer,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Refused(reason) => f.write_str(reason),
            Self::Frame(refusal) => refusal.fmt(f),
            Self::Fault => f.write_str("a fault closed it"),
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

pub(super) struct Connection<S> {
    pub(super) shared: Arc<Shared>,
    stream: S,
    pub(super) peer: SocketAddr,
    pub(super) door: Door,
    input: BytesMut,
    pub(super) gate: Gate,
    limits: Limits,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(shared: Arc<Shared>, stream: S, peer: SocketAddr, door: Door, transport: Principal) -> Self {
        let gate = Gate::new(&shared.security, shared.security.protocol(door.listener), transport);
        Self { shared, stream, peer, door, input: BytesMut::new(), gate, limits: Limits::default() }
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
            if self.gate.expects_raw_token() {
                let answer = self.gate.raw_token(&frame, super::now().wall_ms);
                let answer = answer.ok_or_else(|| End::Refused("a token was refused".to_owned()))?;
                self.send(frame::sized(&answer)).await?;
                continue;
            }
            let (asked, body) = match frame::parse(frame)? {
                Incoming::Request { header: Header { api, version, correlation_id, client_id }, body } => {
                    let client_id = client_id.unwrap_or_default();
                    (Asked { api, version, correlation_id, client_id, is_too_new: false }, body)
                }
                Incoming::ApiVersionsTooNew { correlation_id } => {
                    let client_id = StrBytes::default();
                    let (api, version) = (ApiKey::ApiVersions, 0);
                    let asked = Asked { api, version, correlation_id, client_id, is_too_new: true };
                    (asked, ApiVersionsRequest::default().into())
                }
            };
            self.admit(asked.api)?;
            self.respond(&asked, body).await?;
        }
    }

    pub(super) async fn send(&mut self, mut output: impl Buf) -> Result<(), End> {
        self.stream.write_all_buf(&mut output).await?;
        // What TLS made of it may still be on this side.
        Ok(self.stream.flush().await?)
    }

    fn admit(&mut self, api: ApiKey) -> Result<(), End> {
        match self.gate.admit(api, super::now().wall_ms) {
            Admit::Yes => Ok(()),
            Admit::No(reason) => Err(End::Refused(format!("{api:?} was not admitted: {reason}"))),
        }
    }

    /// Reads one frame, without its size. Memory grows with what came, not with what was announced.
    async fn frame(&mut self) -> Result<Bytes, End> {
        // A token without a header may be shorter than any header.
        let is_token = self.gate.expects_raw_token();
        while self.input.len() < if is_token { SIZE } else { SIZE_AND_API } {
            self.read(LEAST_READ).await?;
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
            self.read(size - self.input.len()).await?;
        }
        Ok(self.input.split_to(size).freeze())
    }

    /// Reads what is there, up to about as much as is missing.
    async fn read(&mut self, missing: usize) -> Result<(), End> {
        // As much again as came at the most.
        let room = missing.clamp(LEAST_READ, self.input.len().max(READ_AHEAD));
        self.input.reserve(room);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(End::ClosedByPeer),
            _ => Ok(()),
        }
    }

    /// Does something that takes time, and notices meanwhile that the client went away.
    pub(super) async fn until<T>(&mut self, done: impl Future<Output = T>) -> Result<T, End> {
        tokio::pin!(done);
        loop {
            let may_read = self.input.len() < READ_AHEAD;
            tokio::select! {
                biased;
                done = &mut done => return Ok(done),
                read = self.stream.read_buf(&mut self.input), if may_read => {
                    if read? == 0 {
                        return Err(End::ClosedByPeer);
                    }
                }
            }
        }
    }

    /// Reads whatever comes, until the client goes away.
    pub(super) async fn ignore(&mut self) -> End {
        loop {
            self.input.clear();
            if let Err(end) = self.read(LEAST_READ).await {
                return end;
            }
        }
    }
}
