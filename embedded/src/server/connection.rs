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
use crate::state::NodeId;
use crate::wire::apis;
use crate::wire::frame::{self, Header, Incoming, Limits, Refusal};

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
    let mut connection =
        Connection { shared, stream, peer, node, input: BytesMut::new(), limits: Limits::default() };
    if let Err(end) = connection.converse().await {
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
    limits: Limits,
}

fn encode(correlation_id: i32, api: ApiKey, version: i16, response: &ResponseKind) -> Result<BytesMut, End> {
    frame::encode(correlation_id, api, version, response)
        .map_err(|error| End::Refused(format!("{api:?} v{version} could not be answered: {error}")))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn converse(&mut self) -> Result<(), End> {
        loop {
            let frame = self.frame().await?;
            let output = match frame::parse(frame)? {
                Incoming::ApiVersionsTooNew { correlation_id } => {
                    Some(encode(correlation_id, ApiKey::ApiVersions, 0, &apis::too_new().into())?)
                }
                Incoming::Request { header, body } => self.answer(header, body).await?,
            };
            if let Some(output) = output {
                self.stream.write_all(&output).await?;
            }
        }
    }

    /// Reads one frame, without its size. Memory grows with what came, not with what was announced.
    async fn frame(&mut self) -> Result<Bytes, End> {
        while self.input.len() < SIZE_AND_API {
            self.read().await?;
        }
        let api_key = i16::from_be_bytes([self.input[4], self.input[5]]);
        let size = self.input.get_i32();
        let size = self.limits.admit(size, api_key)?;
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
                let call =
                    Call { now, node: self.node, version, client_id: &client_id, peer: self.peer.ip() };
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
