//! Requests over HTTP/1.1 and TLS, with kept connections. The only place that knows the HTTP library.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::RETRY_AFTER;
use hyper::{Request as HttpRequest, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use test_probe_embedded::Quiet;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError};
use tower_service::Service;

use super::tls;
use super::transport::{Answer, Request, Sending, To, Transport, Trouble};
use crate::config::RegistryTls;
use crate::error::{ErrorCode, ProbeError, Result};
use crate::runtime::off_thread;

/// No answer of a registry is larger.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// A connection that nobody uses is closed after so long; servers close theirs later.
const IDLE: Duration = Duration::from_secs(20);

/// Returns whether a text is the URL of a server.
pub(super) fn is_url(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

type Pool = Client<Connector, Full<Bytes>>;

/// Sends requests over connections of its own.
pub(super) struct Http {
    tls: RegistryTls,
    plain: Pool,
    /// Those over TLS are made at their first use, when certificates are read.
    registry: OnceCell<Pool>,
    tokens: OnceCell<Pool>,
}

impl Http {
    pub(super) fn new(tls: &RegistryTls) -> Self {
        Self { tls: tls.clone(), plain: pool(None), registry: OnceCell::new(), tokens: OnceCell::new() }
    }

    async fn pool(&self, to: To, secure: bool) -> Result<&Pool> {
        let cell = match to {
            _ if !secure => return Ok(&self.plain),
            To::Registry => &self.registry,
            To::Tokens => &self.tokens,
        };
        cell.get_or_try_init(|| async {
            let tls = self.tls.clone();
            let config = off_thread("reading certificates", move || tls::client(&tls, to)).await??;
            Ok(pool(Some(Arc::new(config))))
        })
        .await
    }
}

impl Http {
    /// Returns why nothing came back.
    fn trouble(&self, error: &(dyn std::error::Error + 'static)) -> Trouble {
        let cause = innermost(error);
        match cause.downcast_ref() {
            // The second: an authority of the same name, made anew.
            Some(TlsError::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => Trouble::Untrusted("its certificate was signed by nobody who is trusted".to_owned()),
            Some(TlsError::AlertReceived(alert)) if is_of_client_certificate(*alert) => {
                Trouble::Unwelcome(match &self.tls.certificate {
                    None => "asked for a client certificate, and `ssl.certificate` named none".to_owned(),
                    Some(_) => format!("did not take the client certificate of `ssl.certificate`: {alert:?}"),
                })
            }
            _ => Trouble::Connection(cause.to_string().to_lowercase()),
        }
    }
}

fn pool(tls: Option<Arc<ClientConfig>>) -> Pool {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(Connector { tcp, tls })
}

impl Transport for Http {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move {
            let uri: Uri = request.url.parse().map_err(|_| unsendable("the URL was none"))?;
            let secure = uri.scheme_str() == Some("https");
            let pool = self.pool(request.to, secure).await.map_err(Trouble::Setup)?;
            let mut http = HttpRequest::builder().method(request.method.name()).uri(uri);
            for (name, value) in request.headers {
                http = http.header(name, value);
            }
            // What cannot be sent is a header with a line break, whose value is not shown.
            let http = http
                .body(Full::from(request.body.unwrap_or_default()))
                .map_err(|_| unsendable("a header could not be sent"))?;
            let answer = pool.request(http).await.map_err(|error| self.trouble(&error))?;
            let status = answer.status().as_u16();
            let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = retry_after.map(str::to_owned);
            let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
            let body =
                body.map_err(|error| Trouble::Connection(format!("its answer was not read: {error}")))?;
            Ok(Answer { status, retry_after, body: body.to_bytes().to_vec() })
        })
    }
}

/// Returns the innermost cause, which is the one that helps. What an I/O error wraps is not its source but itself.
fn innermost<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e (dyn std::error::Error + 'static) {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped.map(|wrapped| wrapped as &(dyn std::error::Error + 'static)).or_else(|| error.source()) {
        Some(cause) => innermost(cause),
        None => error,
    }
}

/// Returns whether an alert is the answer to a client certificate, or to there being none.
fn is_of_client_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::CertificateRequired
            | A::NoCertificate
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::DecryptError
            | A::AccessDenied
    )
}

fn unsendable(why: &str) -> Trouble {
    let message = format!("a call to the schema registry could not be made: {why}");
    Trouble::Setup(ProbeError::new(ErrorCode::InvalidConfig, message))
}

/// Makes connections, over TLS where the URL says so.
#[derive(Clone)]
struct Connector {
    tcp: HttpConnector,
    tls: Option<Arc<ClientConfig>>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (mut tcp, tls) = (self.tcp.clone(), self.tls.clone());
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let connected = tcp.call(uri).await.map_err(io::Error::other)?;
            let stream = connected.into_inner();
            let Some(tls) = tls else { return Ok(TokioIo::new(Stream(Box::new(stream)))) };
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            let stream = TlsConnector::from(tls).connect(name, Quiet(stream)).await?;
            Ok(TokioIo::new(Stream(Box::new(stream))))
        })
    }
}

trait Bytestream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytestream for T {}

/// A connection of either kind, as the pool wants it.
struct Stream(Box<dyn Bytestream>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
