//! What a callback says that it is about.

use hyper::HeaderMap;
use serde_json::Value;

use crate::ledger::{Action, Key, Kind, Record};

/// The test request that saving a webhook sends.
pub(crate) fn is_test(body: &[u8]) -> bool {
    body == b"test=test" || body == br#"{"test":"test"}"#
}

/// Which event a callback tells about; `None` if it does not say, which is wrong.
pub(crate) fn key_of(headers: &HeaderMap, body: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(body).ok()?;
    let revision = || {
        headers
            .get("x-record-revision")?
            .to_str()
            .ok()?
            .parse()
            .ok()
    };
    if !text.starts_with('{') {
        let value = |key: &str| {
            let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
        };
        let id = |key: &str| value(key)?.parse().ok();
        return key(
            value("component")?,
            value("event")?,
            id("id"),
            id("id_order"),
            revision(),
        );
    }
    let body: Value = serde_json::from_str(text).ok()?;
    if let Some((component, event)) = body["type"].as_str().and_then(|name| name.split_once('.')) {
        let data = &body["data"];
        let revision = body["revision"].as_u64();
        return key(
            component,
            event,
            data["id"].as_u64(),
            data["id_order"].as_u64(),
            revision,
        );
    }
    key(
        body["component"].as_str()?,
        body["event"].as_str()?,
        body["id"].as_u64(),
        body["id_order"].as_u64(),
        revision(),
    )
}

fn key(
    component: &str,
    event: &str,
    id: Option<u64>,
    order: Option<u64>,
    revision: Option<u64>,
) -> Option<Key> {
    let action = match event {
        "add" => Action::Add,
        "edit" => Action::Edit,
        "delete" => Action::Delete,
        _ => return None,
    };
    let (kind, id, revision) = match (component, id) {
        ("order", Some(id)) => (Kind::Order, id, revision?),
        ("task", Some(id)) => (Kind::Task, id, revision?),
        ("client", Some(id)) => (Kind::Client, id, revision?),
        ("task", None) if action == Action::Delete => (Kind::TasksOfOrder, order?, 0),
        _ => return None,
    };
    Some(Key {
        record: Record { kind, id },
        revision,
        action,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(revision: Option<u64>, body: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(revision) = revision {
            headers.insert("x-record-revision", revision.into());
        }
        key_of(&headers, body.as_bytes()).map(|key| key.to_string())
    }

    #[test]
    fn every_format_says_what_it_is_about() {
        for (revision, body, expected) in [
            (
                Some(3),
                "id=42&name=x&component=order&event=edit",
                "order.edit 42 revision 3",
            ),
            (
                Some(1),
                r#"{"id":7,"component":"client","event":"add"}"#,
                "client.add 7 revision 1",
            ),
            (
                None,
                "id_order=42&id_deal=42&component=task&event=delete",
                "task.delete of order 42",
            ),
            (
                Some(2),
                r#"{"id":"e","type":"task.delete","revision":2,"data":{"id":5,"id_order":9}}"#,
                "task.delete 5 revision 2",
            ),
            (
                None,
                r#"{"type":"task.delete","revision":null,"data":{"id_order":9,"count":3}}"#,
                "task.delete of order 9",
            ),
        ] {
            assert_eq!(read(revision, body).as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn what_says_nothing_is_no_event() {
        for body in [
            "",
            "id=42&component=order&event=edit",
            "{}",
            r#"{"id":7,"event":"add"}"#,
        ] {
            assert_eq!(read(None, body), None, "{body}");
        }
        assert!(is_test(b"test=test"));
    }
}
