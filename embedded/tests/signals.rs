//! Writing to a client that has gone must not end a host that left SIGPIPE as it was, as C programs do. A process of its
//! own, since the signal is the process's.

use std::time::Duration;

use bytes::{Buf, Bytes};
use test_probe_embedded::Quiet;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_client_that_went_away_is_an_error_and_no_signal() {
    // SAFETY: nothing else runs in this process that relies on the signal.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
    let (server, _) = listener.accept().await.expect("a connection");
    let mut server = Quiet(server);
    drop(client);
    // The first write is answered with a reset; one after it would raise the signal.
    let writing = async {
        loop {
            let mut answer = Bytes::from_static(b"head").chain(Bytes::from_static(b"body"));
            if let Err(error) = server.write_all_buf(&mut answer).await {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let error = tokio::time::timeout(Duration::from_secs(30), writing).await.expect("an end");
    let kinds = [std::io::ErrorKind::BrokenPipe, std::io::ErrorKind::ConnectionReset];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}
