//! One received request, and how it is shown.

use std::fmt::Write as _;

use events::Timestamp;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode};

use super::body::{self, Readable};
use super::signature::Verdict;
use super::text;

/// A request that was read, judged and counted.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) at: Timestamp,
    pub(crate) head: &'a Parts,
    /// `None` where it was larger than is read.
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) verdict: Verdict,
    /// How often the same `webhook-id` came before.
    pub(crate) repeats: u32,
    pub(crate) answer: StatusCode,
}

/// Colour, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

impl Paint {
    fn on(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

impl Arrival<'_> {
    /// The block to print, line break included.
    pub(crate) fn block(&self, paint: Paint) -> String {
        let readable = self.readable();
        let mut block = self.first_line(&readable.title, paint);
        block.push('\n');
        let about = self.second_line();
        if !about.is_empty() {
            block.push_str("  ");
            block.push_str(&paint.on(DIM, &about));
            block.push('\n');
        }
        for line in readable.text.lines() {
            block.push_str("    ");
            block.push_str(line);
            block.push('\n');
        }
        block.push('\n');
        block
    }

    fn first_line(&self, title: &str, paint: Paint) -> String {
        let mut parts = vec![paint.on(DIM, &time_of_day(self.at))];
        if !title.is_empty() {
            parts.push(paint.on(BOLD, title));
        }
        let target = self.head.uri.path_and_query();
        let target = target.map_or("/", |target| target.as_str());
        parts.push(text::one_line(&format!("{} {target}", self.head.method)));
        if let Some(attempt) = header(&self.head.headers, "x-delivery-attempt") {
            parts.push(format!("attempt {attempt}"));
        }
        let colour = match self.verdict {
            Verdict::Valid => GREEN,
            Verdict::Invalid(_) => RED,
            Verdict::NoSecret | Verdict::Missing | Verdict::NotChecked => YELLOW,
        };
        parts.push(paint.on(colour, &self.verdict.to_string()));
        if self.repeats > 0 {
            parts.push(paint.on(YELLOW, "repeat"));
        }
        if self.answer != StatusCode::OK {
            parts.push(format!("answered {}", self.answer.as_u16()));
        }
        parts.join("  ")
    }

    fn second_line(&self) -> String {
        let mut line = String::new();
        for (label, name) in [
            ("webhook-id", "webhook-id"),
            ("revision", "x-record-revision"),
        ] {
            if let Some(value) = header(&self.head.headers, name) {
                let gap = if line.is_empty() { "" } else { "  " };
                // Writing to a String cannot fail.
                let _ = write!(line, "{gap}{label} {value}");
            }
        }
        line
    }

    fn readable(&self) -> Readable {
        let Some(bytes) = self.body else {
            return Readable {
                title: String::new(),
                text: "(body over 1 MiB, not read)".to_owned(),
            };
        };
        if self.head.method == Method::GET {
            return body::form(self.head.uri.query().unwrap_or_default().as_bytes());
        }
        let media_type = header(&self.head.headers, "content-type").unwrap_or_default();
        body::readable(&media_type, bytes)
    }
}

/// A header's value, made harmless.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(text::one_line(&String::from_utf8_lossy(value.as_bytes())))
}

/// `12:03:04.123Z`, UTC.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    let millis = at.0.div_euclid(1_000).rem_euclid(86_400_000);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{millis:03}Z", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(request: hyper::http::request::Builder, body: &[u8], repeats: u32) -> String {
        let (head, ()) = request.body(()).unwrap().into_parts();
        Arrival {
            // 2026-01-02T03:04:05.678Z
            at: Timestamp(1_767_323_045_678_000),
            head: &head,
            body: Some(body),
            verdict: Verdict::Valid,
            repeats,
            answer: StatusCode::OK,
        }
        .block(Paint(false))
    }

    #[test]
    fn shows_a_callback() {
        let request = hyper::Request::post("/hook")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("webhook-id", "abc")
            .header("x-delivery-attempt", "2")
            .header("x-record-revision", "7");
        let shown = show(request, b"id=42&component=order&event=delete", 1);
        assert_eq!(
            shown,
            "03:04:05.678Z  order.delete  POST /hook  attempt 2  signature valid  repeat\n  \
             webhook-id abc  revision 7\n    id = 42\n    component = order\n    event = delete\n\n"
        );
    }

    #[test]
    fn shows_the_query_of_a_get() {
        let shown = show(hyper::Request::get("/t?a=1&test=test"), b"", 0);
        assert_eq!(
            shown,
            "03:04:05.678Z  test  GET /t?a=1&test=test  signature valid\n    a = 1\n    test = test\n\n"
        );
    }

    #[test]
    fn colours_only_when_asked() {
        assert_eq!(Paint(false).on(RED, "x"), "x");
        assert_eq!(Paint(true).on(RED, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
