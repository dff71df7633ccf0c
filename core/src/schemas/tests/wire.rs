//! The client over real sockets: what it sends, and which connections it keeps.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use super::script::within;
use crate::config::{RegistryCredentials, SchemaRegistryConfig, Secret};
use crate::error::ErrorCode;
use crate::runtime::{Runtime, Tasks};
use crate::schemas::SchemaRegistry;

/// A server that answers each request head with these bytes; without an answer it closes the connection.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) connections: Arc<AtomicUsize>,
    pub(super) heads: Arc<std::sync::Mutex<Vec<String>>>,
    _tasks: Arc<Tasks>,
}

pub(super) trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}
type Accepted = Pin<Box<dyn Future<Output = Option<Box<dyn Both>>> + Send>>;

impl Server {
    pub(super) async fn start(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::over(|stream| Box::pin(async move { Some(Box::new(stream) as Box<dyn Both>) }), answer).await
    }

    /// The server over connections that something was done to.
    pub(super) async fn over(
        accept: impl Fn(TcpStream) -> Accepted + Send + Sync + 'static,
        answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tasks = Arc::new(Tasks::new(&Handle::current()));
        let (weak, answer) = (Arc::downgrade(&tasks), Arc::new(answer));
        let (connections, heads) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            connections: connections.clone(),
            heads: Arc::clone(&heads),
            _tasks: tasks.clone(),
        };
        tasks.begin(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Relaxed);
                let (accepted, answer, heads) = (accept(stream), answer.clone(), Arc::clone(&heads));
                let Some(tasks) = weak.upgrade() else { return };
                tasks.begin(async move {
                    if let Some(stream) = accepted.await {
                        serve(stream, &*answer, &heads).await;
                    }
                });
            }
        });
        server
    }

    fn registry(&self) -> Arc<SchemaRegistry> {
        self.registry_as(RegistryCredentials::None)
    }

    fn registry_as(&self, credentials: RegistryCredentials) -> Arc<SchemaRegistry> {
        let mut config = SchemaRegistryConfig::at(format!("http://127.0.0.1:{}", self.port));
        config.max_retries = 0;
        config.auth.credentials = credentials;
        SchemaRegistry::open("c", &config, None, &Handle::current()).unwrap()
    }
}

async fn serve(
    stream: Box<dyn Both>,
    answer: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    heads: &std::sync::Mutex<Vec<String>>,
) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        head.push_str(&String::from_utf8(body).unwrap());
        heads.lock().unwrap().push(head.clone());
        let Some(text) = answer(&head) else { return };
        if stream.write_all(text.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

pub(super) fn ok(body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

#[tokio::test]
async fn a_request_is_whole_and_connections_are_kept() {
    let server = Server::start(|_| ok(r#"{"is_compatible":true}"#)).await;
    let registry = server.registry_as(RegistryCredentials::Token(Secret::new("t")));
    let source = test_probe_formats::SchemaSource::new(test_probe_formats::SchemaType::Json, "{}");
    for _ in 0..3 {
        assert!(registry.is_compatible("s", &source, within(30)).await.unwrap().is_compatible);
    }
    assert_eq!(server.connections.load(Relaxed), 1);
    let head = server.heads.lock().unwrap()[0].clone();
    assert!(head.starts_with("POST /compatibility/subjects/s/versions?verbose=true HTTP/1.1\r\n"), "{head}");
    for line in [
        "authorization: Bearer t\r\n".to_owned(),
        format!("host: 127.0.0.1:{}\r\n", server.port),
        "content-type: application/vnd.schemaregistry.v1+json\r\n".to_owned(),
        "accept: application/vnd.schemaregistry.v1+json, application/json\r\n".to_owned(),
        "\r\n\r\n{\"schema\":\"{}\",\"schemaType\":\"JSON\"}".to_owned(),
    ] {
        assert!(head.contains(&line), "{line} in {head}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_is_made_anew() {
    let close = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n";
    let server = Server::start(move |_| Some(close.to_owned())).await;
    let registry = server.registry();
    for _ in 0..3 {
        assert_eq!(registry.versions("s", within(30)).await.unwrap(), [1]);
    }
    assert_eq!(server.connections.load(Relaxed), 3);
}

#[tokio::test]
async fn refused_connections_and_broken_answers_say_why() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let registry = Server::start(|_| None).await.registry();
    let error = registry.subjects(within(30)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RegistryUnreachable);
    let config = SchemaRegistryConfig {
        max_retries: 0,
        ..SchemaRegistryConfig::at(format!("http://127.0.0.1:{unused}"))
    };
    let registry = SchemaRegistry::open("c", &config, None, &Handle::current()).unwrap();
    let error = registry.subjects(within(30)).await.unwrap_err();
    assert!(error.message().contains("connection refused"), "{error}");
    let garbage = Server::start(|_| Some("SSH-2.0-x\r\n\r\n".to_owned())).await;
    assert!(garbage.registry().subjects(within(30)).await.is_err());
    let endless = Server::start(|_| Some(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(17 << 20)))).await;
    let error = endless.registry().subjects(within(30)).await.unwrap_err();
    assert!(error.message().contains("its answer was not read"), "{error}");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_not_shown() {
    let server = Server::start(|_| ok("[]")).await;
    let registry = server.registry_as(RegistryCredentials::Token(Secret::new("hunter2\nx")));
    let error = registry.subjects(within(30)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidConfig);
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn the_engines_own_runtime_can_call() {
    let runtime = Runtime::start().unwrap();
    let found = runtime.handle().block_on(async {
        let server = Server::start(|_| ok("[4]")).await;
        server.registry().versions("s", within(30)).await
    });
    assert_eq!(found.unwrap(), [4]);
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_before_any_call() {
    for url in ["http://", "mock://x", "r:8081", "http://a,ftp://b", "http://[::1"] {
        let opened = SchemaRegistry::open("c", &SchemaRegistryConfig::at(url), None, &Handle::current());
        assert_eq!(opened.map(|_| ()).unwrap_err().code(), ErrorCode::InvalidConfig, "{url}");
    }
}
