//! What calls are made of, and the seam below which they become HTTP.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::error::ProbeError;

/// One request.
pub(super) struct Request {
    /// GET or POST.
    pub(super) method: Method,
    /// The whole URL.
    pub(super) url: String,
    /// Header names in lower case. Values may be secrets.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The body, which may hold a secret.
    pub(super) body: Option<Vec<u8>>,
    /// Whom it is sent to.
    pub(super) to: To,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        write!(f, "{} {} {names:?}", self.method.name(), self.url)
    }
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Reads.
    Get,
    /// Writes, or asks with a body.
    Post,
}

impl Method {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Whom a request is sent to: they are trusted by other authorities, and only the registry sees a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// The schema registry.
    Registry,
    /// The endpoint that gives tokens.
    Tokens,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status of HTTP.
    pub(super) status: u16,
    /// The header `retry-after`.
    pub(super) retry_after: Option<String>,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// The connection was not made, or broke: lower case, one line.
    Connection(String),
    /// The certificate of the other side was signed by nobody who is trusted: lower case, one line.
    Untrusted(String),
    /// The other side wants a client certificate and did not get a good one: what it did, lower case, one line.
    Unwelcome(String),
    /// Nothing was sent, and never will be: a certificate that cannot be read.
    Setup(ProbeError),
}

/// An answer under way.
pub(super) type Sending<'a> = Pin<Box<dyn Future<Output = Result<Answer, Trouble>> + Send + 'a>>;

/// Sends requests. Time is bounded by the caller, who drops what takes too long.
pub(super) trait Transport: Send + Sync {
    /// Sends one request and returns the whole answer.
    fn send(&self, request: Request) -> Sending<'_>;
}
