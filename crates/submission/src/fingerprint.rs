//! A number for what was said, not for how it was written.

use aws_lc_rs::digest::{self, SHA256};

use crate::{Object, Submission, Value};

impl Submission {
    /// SHA-256 over names and values in their order. It is the same for a form, a
    /// multipart body and JSON that say the same: scalars count by their text, and
    /// boundaries, spaces and escapes do not count. Of files, name and length count.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&SHA256);
        add_object(&mut context, &self.query);
        add_object(&mut context, &self.body);
        let mut fingerprint = [0; 32];
        for (into, from) in fingerprint.iter_mut().zip(context.finish().as_ref()) {
            *into = *from;
        }
        fingerprint
    }
}

fn add_object(context: &mut digest::Context, object: &Object) {
    context.update(b"o");
    add_length(context, object.len());
    for (name, value) in object.iter() {
        add_text(context, name);
        add_value(context, value);
    }
}

fn add_value(context: &mut digest::Context, value: &Value) {
    match value {
        Value::Null => context.update(b"n"),
        Value::Text(_) | Value::Number(_) | Value::Bool(_) => {
            context.update(b"t");
            add_text(context, value.scalar().as_deref().unwrap_or_default());
        }
        Value::List(items) => {
            context.update(b"l");
            add_length(context, items.len());
            for item in items {
                add_value(context, item);
            }
        }
        Value::Object(object) => add_object(context, object),
        Value::File(file) => {
            context.update(b"f");
            add_text(context, &file.name);
            add_length(context, file.bytes);
        }
    }
}

/// With its length before it, so that two texts cannot pass for two others.
fn add_text(context: &mut digest::Context, text: &str) {
    add_length(context, text.len());
    context.update(text.as_bytes());
}

fn add_length(context: &mut digest::Context, length: usize) {
    context.update(&(length as u64).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Posted, read};

    fn of(content_type: &str, query: &str, body: &str) -> [u8; 32] {
        let posted = Posted {
            content_type: Some(content_type),
            query,
            body: body.as_bytes(),
            limits: Limits::default(),
        };
        read(&posted).unwrap().fingerprint()
    }

    #[test]
    fn noise_of_the_encoding_does_not_count() {
        let json = of("application/json", "", r#"{"phone":7999,"name":"Я"}"#);
        assert_eq!(
            of(
                "application/json",
                "",
                "{ \"phone\" : \"7999\",\n\"name\":\"\\u042f\"}"
            ),
            json
        );
        assert_eq!(
            of(
                "application/x-www-form-urlencoded",
                "",
                "phone=7999&name=%D0%AF"
            ),
            json
        );
        for boundary in ["a", "b"] {
            let body = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n7999\r\n\
                 --{boundary}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nЯ\r\n--{boundary}--"
            );
            let header = format!("multipart/form-data; boundary={boundary}");
            assert_eq!(of(&header, "", &body), json);
        }
    }

    #[test]
    fn what_differs_differs() {
        let form = |query, body| of("application/x-www-form-urlencoded", query, body);
        let all = [
            form("", "a=1&b=2"),
            form("", "a=1&b=3"),
            form("", "b=2&a=1"),
            form("a=1", "b=2"),
            form("", "a=1b&=2"),
            form("", "a[]=1&b=2"),
            form("", "a[x]=1&b=2"),
            form("", "a=1&b=2&c="),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(
                !all.iter().skip(index + 1).any(|other| other == one),
                "{index}"
            );
        }
    }
}
