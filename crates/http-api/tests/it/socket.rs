//! What only a real connection shows: HEAD, oversized uploads, panics, and stopping.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use http_api::{Scope, ServeError, ServerConfig, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{TestApi, listener};

const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

fn start(api: &TestApi) -> Running {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let cancel = CancellationToken::new();
    let config = ServerConfig {
        workers: NonZeroUsize::new(1),
        // Longer than any test waits: stopping must not need it.
        drain_timeout: Duration::from_secs(60),
        ..ServerConfig::default()
    };
    let task = tokio::spawn(serve(
        vec![listener],
        config,
        api.api.clone(),
        cancel.clone(),
    ));
    Running {
        address,
        cancel,
        task,
    }
}

impl Running {
    async fn stop(self) {
        self.cancel.cancel();
        tokio::time::timeout(DEADLINE, self.task)
            .await
            .expect("the server did not stop")
            .unwrap()
            .unwrap();
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// Sends a request and reads until the server closes the connection.
async fn exchange(mut stream: TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer))
        .await
        .expect("no answer")
        .unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_has_the_headers_of_get_and_no_body() {
    let api = TestApi::new();
    let server = start(&api);
    let ask = |method: &str| {
        format!("{method} /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
    };
    let get = exchange(server.connect().await, &ask("GET")).await;
    let head = exchange(server.connect().await, &ask("HEAD")).await;
    assert!(get.starts_with("HTTP/1.1 200 OK\r\n"), "{get}");
    assert!(get.ends_with("{\"status\":\"ok\"}"), "{get}");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains("content-length: 15\r\n"), "{head}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_too_much_still_learns_why() {
    let api = TestApi::new();
    let server = start(&api);
    let token = api.token(&[Scope::RecordsWrite]);
    let size = 4 << 20;
    let mut request = format!(
        "POST /api/v1/notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {size}\r\n\r\n"
    )
    .into_bytes();
    request.resize(request.len() + size, b' ');
    let answer = exchange(server.connect().await, &request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("payload_too_large"), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_does_not_end_the_worker() {
    let api = TestApi::new();
    let server = start(&api);
    for _ in 0..3 {
        let request = b"GET /api/v1/panic HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let answer = exchange(server.connect().await, request).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.contains("urn:dealwire:problem:internal"), "{answer}");
    }
    server.stop().await;
}

/// A connection that the server has certainly accepted.
async fn connect_and_ask(server: &Running) -> TcpStream {
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"{\"status\":\"ok\"}") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
    }
    stream
}

/// Asks on one connection, again and again, until the server closes it after an answer.
async fn ask_until_closed(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    loop {
        let asked = stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            .await;
        let closed = !matches!(stream.read_buf(&mut seen).await, Ok(1..));
        if asked.is_err() || closed {
            return String::from_utf8(seen).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_is_in_flight_and_takes_nothing_new() {
    let api = TestApi::new();
    let server = start(&api);
    let token = api.token(&[Scope::RecordsWrite]);
    // A connection that stays open and idle must not hold the server up.
    let _idle = connect_and_ask(&server).await;
    let mut probe = connect_and_ask(&server).await;

    // Half a request: its body is awaited when the server is told to stop.
    let mut busy = server.connect().await;
    let head = format!(
        "POST /api/v1/notes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 12];
    tokio::time::timeout(DEADLINE, busy.read_exact(&mut go_on))
        .await
        .expect("the server does not ask for the body")
        .unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");

    server.cancel.cancel();
    let last_words = tokio::time::timeout(DEADLINE, ask_until_closed(&mut probe))
        .await
        .expect("the server does not begin to stop");
    assert!(last_words.contains("connection: close"), "{last_words}");
    let refused = TcpStream::connect(server.address).await;
    assert!(refused.is_err(), "what nobody will answer is not taken");
    let answer = exchange(busy, b"{\"name\":\"x\"}").await;
    assert!(answer.contains("HTTP/1.1 201 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    let address = server.address;
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}
