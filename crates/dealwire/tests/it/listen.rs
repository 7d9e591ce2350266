//! `dealwire listen`, with real requests.

use std::time::{Duration, Instant};

use events::Clock;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::process::{Process, dealwire, output};
use crate::raw_http::{exchange, request};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn listen(args: &[&str]) -> (Process, String) {
    let args = [&["listen", "--http", "127.0.0.1:0"], args].concat();
    let mut process = Process::start(&args);
    let line = process.line().await;
    let address = line
        .strip_prefix("listening on http://")
        .unwrap()
        .to_owned();
    (process, address)
}

/// A request signed by the published library.
fn signed(line: &str, id: &str, age_seconds: i64, signed: &[u8], body: &[u8]) -> Vec<u8> {
    let timestamp = Clock::System.now().unix_seconds() - age_seconds;
    let library = Webhook::new(SECRET).unwrap();
    let signature = library.sign(id, timestamp, signed).unwrap();
    let headers = [
        FORM,
        ("webhook-id", id),
        ("webhook-timestamp", &timestamp.to_string()),
        ("webhook-signature", &signature),
        ("X-Delivery-Attempt", "1"),
    ];
    request(line, &headers, body)
}

#[tokio::test]
async fn accepts_signatures_of_the_published_library_and_marks_repeats() {
    let (mut process, address) = listen(&["--secret", SECRET]).await;
    let body = b"id=42&component=order&event=delete";
    let callback = signed("POST /hook", "msg_1", 0, body, body);
    for expected in ["", "  repeat"] {
        let answer = exchange(&address, &callback).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let block = process.block().await;
        let (_time, head) = block[0].split_once("  ").unwrap();
        assert_eq!(
            head,
            format!("order.delete  POST /hook  attempt 1  signature valid{expected}")
        );
        let rest = [
            "  webhook-id msg_1",
            "    id = 42",
            "    component = order",
            "    event = delete",
        ];
        assert_eq!(block[1..], rest);
    }
    let (rest, status) = process.stop().await;
    assert!(status.success());
    assert_eq!(
        rest,
        ["received 2, repeats 1, signatures valid 2, invalid 0"]
    );
}

#[tokio::test]
async fn checks_the_query_of_a_get() {
    let (mut process, address) = listen(&["--secret", SECRET]).await;
    exchange(
        &address,
        &signed(
            "GET /t?deal=%D0%B9&b=2",
            "msg_2",
            0,
            b"deal=%D0%B9&b=2",
            b"",
        ),
    )
    .await;
    let block = process.block().await;
    assert!(
        block[0].ends_with("attempt 1  signature valid"),
        "{block:?}"
    );
    assert_eq!(block[2..], ["    deal = й", "    b = 2"]);
}

#[tokio::test]
async fn tells_bad_signatures_apart() {
    let (mut process, address) = listen(&["--secret", SECRET]).await;
    for (callback, verdict) in [
        (
            signed("POST /", "a", 0, b"a=1", b"a=2"),
            "invalid: other secret or other body",
        ),
        (
            signed("POST /", "b", 400, b"a=1", b"a=1"),
            "invalid: more than 5 minutes old",
        ),
        (
            signed("POST /", "c", -400, b"a=1", b"a=1"),
            "invalid: more than 5 minutes ahead",
        ),
        (
            request("POST /", &[("webhook-id", "d")], b""),
            "invalid: its headers are incomplete",
        ),
        (request("POST /", &[], b""), "not signed"),
    ] {
        exchange(&address, &callback).await;
        let first = process.block().await.swap_remove(0);
        assert!(first.ends_with(verdict), "{verdict}: {first}");
    }
    let (rest, _) = process.stop().await;
    assert_eq!(
        rest,
        ["received 5, repeats 0, signatures valid 0, invalid 4"]
    );
}

#[tokio::test]
async fn says_when_no_secret_was_given() {
    let (mut process, address) = listen(&[]).await;
    exchange(&address, &signed("POST /", "a", 0, b"", b"")).await;
    let first = process.block().await.swap_remove(0);
    assert!(first.ends_with("signed, no secret given"), "{first}");
}

#[tokio::test]
async fn answers_what_it_was_told_to() {
    let (mut process, address) = listen(&["--status", "503", "--delay-ms", "200"]).await;
    let started = Instant::now();
    let answer = exchange(&address, &request("POST /", &[], b"")).await;
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let first = process.block().await.swap_remove(0);
    assert!(first.ends_with("answered 503"), "{first}");
}

#[tokio::test]
async fn survives_whatever_is_sent() {
    let (mut process, address) = listen(&[]).await;
    exchange(&address, b"\x00\xff\x16\x03\x01 no http at all\r\n\r\n").await;
    exchange(
        &address,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort",
    )
    .await;
    assert!(process.block().await[0].ends_with("POST /  body broke off"));

    let large = vec![b'x'; 1024 * 1024 + 1];
    let answer = exchange(&address, &request("POST /large", &[FORM], &large)).await;
    // The answer may be lost when the rest of the body is refused; the report is not.
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413 "),
        "{answer}"
    );
    let block = process.block().await;
    assert!(block[0].contains("POST /large"), "{block:?}");
    assert_eq!(block[1], "    (body over 1 MiB, not read)");

    let largest = [&b"a="[..], &large[..1024 * 1024 - 2]].concat();
    exchange(&address, &request("POST /", &[FORM], &largest)).await;
    let block = process.block().await;
    // `a = ` is 4 bytes: 1 048 574 + 4 - 4 096.
    assert_eq!(block[2], "    … 1044482 more bytes");

    let hostile = [FORM, ("webhook-id", "\u{9b}2J")];
    exchange(
        &address,
        &request("POST /", &hostile, b"%1b[2J=%00&&==&%&[=]"),
    )
    .await;
    let block = process.block().await;
    assert!(
        block.iter().all(|line| !line.contains(char::is_control)),
        "{block:?}"
    );
    assert_eq!(block[2], "    \\u{1b}[2J = \\u{0}");

    let (rest, status) = process.stop().await;
    assert!(status.success());
    assert_eq!(
        rest,
        ["received 3, repeats 0, signatures valid 0, invalid 0"]
    );
}

#[tokio::test]
async fn keeps_a_connection_and_finishes_what_is_open_at_the_end() {
    let (mut process, address) = listen(&["--delay-ms", "300"]).await;
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let callback = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(callback).await.unwrap();
    process.block().await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream.write_all(callback).await.unwrap();
    process.block().await;
    let (stopped, rest) = tokio::join!(process.stop(), async {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        rest
    });
    assert!(stopped.1.success());
    assert_eq!(rest.matches("HTTP/1.1 200").count(), 1, "{rest}");
}

#[tokio::test]
async fn counts_each_second_when_quiet() {
    let (mut process, address) = listen(&["--quiet"]).await;
    for _ in 0..3 {
        exchange(
            &address,
            &request("POST /", &[("webhook-id", "same")], b"a=1"),
        )
        .await;
    }
    let mut line = process.line().await;
    while !line.contains("received 3,") {
        line = process.line().await;
    }
    assert!(line.contains("/s  received 3, repeats 2,"), "{line}");
    let (rest, _) = process.stop().await;
    assert_eq!(
        rest.last().unwrap(),
        "received 3, repeats 2, signatures valid 0, invalid 0"
    );
}

#[tokio::test]
async fn refuses_impossible_options() {
    for (args, reason) in [
        (["--status", "100"], "from 200 to 599"),
        (["--secret", "hunter2"], "begins with `whsec_`"),
        (["--secret", "whsec_AAAA"], "24 to 64 bytes"),
    ] {
        let args = [&["listen", "--http", "127.0.0.1:0"], &args[..]].concat();
        let result = output(&mut dealwire(&args)).await;
        assert_eq!(result.status.code(), Some(2));
        let said = String::from_utf8(result.stderr).unwrap();
        assert!(said.contains(reason), "{said}");
    }
}

#[tokio::test]
async fn says_which_address_is_taken() {
    let (_process, address) = listen(&[]).await;
    let result = output(&mut dealwire(&["listen", "--http", &address])).await;
    assert_eq!(result.status.code(), Some(1));
    let said = String::from_utf8(result.stderr).unwrap();
    assert!(
        said.contains(&format!("cannot receive on {address}")),
        "{said}"
    );
}
