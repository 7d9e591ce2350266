use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn every_input(target: &str, least: usize, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut inputs = 0;
    for entry in fs::read_dir(folder.join(target)).unwrap() {
        run(&fs::read(entry.unwrap().path()).unwrap());
        inputs += 1;
    }
    assert!(inputs >= least, "{inputs} inputs of {target}");
}

#[test]
fn every_event_of_the_corpus() {
    every_input("take_event", 15, take_event);
}

#[test]
fn every_answer_of_the_corpus() {
    every_input("read_answer", 15, read_answer);
}

#[test]
fn every_url_of_the_corpus() {
    every_input("judge_url", 15, judge_url);
}

#[test]
fn every_condition_of_the_corpus() {
    every_input("read_condition", 15, read_condition);
}

proptest! {
    #[test]
    fn no_bytes_panic(input: Vec<u8>) {
        take_event(&input);
        read_answer(&input);
        judge_url(&input);
        read_condition(&input);
    }

    #[test]
    fn no_answer_panics(
        interim in prop::sample::select(vec!["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 A\r\na: b\r\n\r\n"]),
        status in 0_u16..1_000,
        headers in "((content-length: [0-9]{1,3}|transfer-encoding: chunked|retry-after: .{0,12}|x: .{0,9}|connection: close)\r\n){0,5}",
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let head = format!("{interim}HTTP/1.1 {status:03} A\r\n{headers}\r\n");
        read_answer(&[head.as_bytes(), &body].concat());
    }

    #[test]
    fn no_url_panics(
        url in "(https?|ftp)://(a:b@)?([a-zа-я0-9.-]{0,20}|\\[[0-9a-f:.]{0,20}\\]|0x[0-9a-f]{1,9})(:[0-9]{0,6})?(/.{0,9})?(\\?.{0,9})?",
        query in ".{0,9}",
        address in any::<std::net::IpAddr>(),
    ) {
        judge_url(format!("{url}\n{query}\n{address}").as_bytes());
    }
}
