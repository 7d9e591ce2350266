//! `dealwire healthcheck`.

use tokio::net::TcpListener;

use crate::process::{dealwire, output};
use crate::raw_http::answering;

#[tokio::test]
async fn succeeds_silently_when_ready() {
    let (address, asked) = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let url = format!("http://{address}");
    let result = output(&mut dealwire(&["healthcheck", "--url", &url])).await;
    assert!(result.status.success(), "{result:?}");
    assert!(result.stdout.is_empty() && result.stderr.is_empty());
    assert_eq!(asked.await.unwrap(), "GET /readyz HTTP/1.1");
}

#[tokio::test]
async fn gives_the_reason_when_not_ready() {
    let answer =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 16\r\n\r\ndatabase: \x1b[2J!!";
    let (address, asked) = answering(answer).await;
    let url = format!("http://{address}/custom?a=1");
    let result = output(&mut dealwire(&["healthcheck", "--url", &url])).await;
    assert_eq!(result.status.code(), Some(1));
    let reason = String::from_utf8(result.stderr).unwrap();
    assert!(reason.contains("503"), "{reason}");
    assert!(reason.contains("database: \\u{1b}[2J!!"), "{reason}");
    assert_eq!(asked.await.unwrap(), "GET /custom?a=1 HTTP/1.1");
}

#[tokio::test]
async fn says_when_nothing_listens_at_the_address_in_the_settings() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let mut command = dealwire(&["healthcheck"]);
    let result = output(command.env("DEALWIRE__HTTP__LISTEN", &address)).await;
    assert_eq!(result.status.code(), Some(1));
    let reason = String::from_utf8(result.stderr).unwrap();
    let expected = format!("http://{address}/readyz is not ready: cannot connect");
    assert!(reason.contains(&expected), "{reason}");
}

#[tokio::test]
async fn refuses_what_it_cannot_ask() {
    let result = output(&mut dealwire(&[
        "healthcheck",
        "--url",
        "https://localhost",
    ]))
    .await;
    assert_eq!(result.status.code(), Some(1));
    let reason = String::from_utf8(result.stderr).unwrap();
    assert!(reason.contains("only http://"), "{reason}");
}
