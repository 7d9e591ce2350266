//! Marks that are not sent as such, but stand in cookies and in the address of the visitor's page.

use percent_encoding::percent_decode_str;
use submission::{Limits, Object, Posted, Submission, Value};

use super::{names, path};
use crate::domain::lead::MARK_KEYS;
use crate::preset::Preset;

/// The cookie in which Tilda keeps the marks of the visitor's first page.
const TILDA_COOKIE: &str = "tildautm";
/// What stands between the pairs in it.
const TILDA_SEPARATOR: &str = "|||";

/// A key of S1 and its text.
type Mark = (&'static str, String);

/// From a field `COOKIES`: pairs parted by `;`, as a browser sends them.
pub(super) fn cookies(submission: &Submission) -> Vec<Mark> {
    let mut marks = Vec::new();
    for object in [&submission.body, &submission.query] {
        for (name, text) in texts(object) {
            match names::fold(name).as_str() {
                "cookies" | "cookie" => {
                    for (name, value) in pairs(text, ";") {
                        add_cookie(&mut marks, name, value);
                    }
                }
                TILDA_COOKIE => add_cookie(&mut marks, name, text),
                _ => {}
            }
        }
    }
    marks
}

/// From the queries of addresses: the referrer, and fields that name the visitor's page.
pub(super) fn pages(submission: &Submission, preset: &Preset) -> Vec<Mark> {
    let mut marks = Vec::new();
    for object in [&submission.body, &submission.query] {
        for (name, text) in texts(object) {
            let folded = names::fold(name);
            let is_referrer = names::known(&folded).is_some_and(|known| known.key == "referrer");
            if is_referrer || names::is_page(&folded) {
                add_page(&mut marks, text);
            }
        }
        for value in preset
            .pages
            .iter()
            .flat_map(|page| path::find(object, page))
        {
            add_page(&mut marks, value.scalar().as_deref().unwrap_or_default());
        }
    }
    marks
}

fn add_cookie(marks: &mut Vec<Mark>, name: &str, value: &str) {
    let folded = names::fold(name);
    if folded == TILDA_COOKIE {
        // Encoded once by the cookie; what the page's own address had encoded is so still.
        for (name, value) in pairs(&decoded(value), TILDA_SEPARATOR) {
            add(marks, name, decoded(value));
        }
    } else {
        add(marks, name, decoded(value));
    }
}

fn add_page(marks: &mut Vec<Mark>, address: &str) {
    let Some((_, query)) = address.split_once('?') else {
        return;
    };
    let posted = Posted {
        content_type: None,
        query: query.split('#').next().unwrap_or_default(),
        body: b"",
        limits: Limits::default(),
    };
    // A query of more names than a lead may have is nobody's advertisement.
    if let Ok(page) = submission::read(&posted) {
        for (name, text) in texts(&page.query) {
            add(marks, name, text.to_owned());
        }
    }
}

/// Of a page, only what advertising systems set: its other names mean something else.
fn add(marks: &mut Vec<Mark>, name: &str, text: String) {
    if let Some(known) = names::known(&names::fold(name))
        && MARK_KEYS.contains(&known.key)
        && !["referrer", "ip"].contains(&known.key)
    {
        marks.push((known.key, text));
    }
}

fn texts(object: &Object) -> impl Iterator<Item = (&str, &str)> {
    object.iter().filter_map(|(name, value)| match value {
        Value::Text(text) => Some((name, text.as_str())),
        _ => None,
    })
}

fn pairs<'t>(text: &'t str, separator: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.split(separator)
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
}

/// U+0000, which no text may have, is left out as everywhere.
fn decoded(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    decoded.chars().filter(|it| !it.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(query: &str) -> Submission {
        let posted = Posted {
            content_type: None,
            query,
            body: b"",
            limits: Limits::default(),
        };
        submission::read(&posted).unwrap()
    }

    #[test]
    fn cookies_of_tilda_have_marks() {
        let sent = submission(
            "COOKIES=_ga%3DGA1.2%3B+TILDAUTM%3Dutm_source%253Dyandex%257C%257C%257Cutm_campaign%253D%2525D0%2525AF%257C%257C%257C%3B+_ym_uid%3D16&phone=1",
        );
        let expected = [
            ("utmSource", "yandex"),
            ("utmCampaign", "Я"),
            ("ymClientId", "16"),
        ];
        assert_eq!(
            cookies(&sent),
            expected.map(|(key, text)| (key, text.to_owned()))
        );
        let bare = submission("TILDAUTM=utm_term%3Da%7C%7C%7Cutm_source%3D");
        assert_eq!(
            cookies(&bare),
            [("utmTerm", "a".to_owned()), ("utmSource", String::new())]
        );
    }

    #[test]
    fn addresses_of_pages_have_marks() {
        let webhook = Preset::parse("webhook").unwrap();
        let sent = submission(
            "referer=https%3A%2F%2Fs.ru%2F%3Futm_source%3Da%26yclid%3D1%26ip%3D2%26phone%3D3%23x%26utm_term%3Db&page=s.ru&url=%3Fgclid%3D4",
        );
        let expected = [("utmSource", "a"), ("yclid", "1"), ("gclid", "4")];
        assert_eq!(
            pages(&sent, webhook),
            expected.map(|(key, text)| (key, text.to_owned()))
        );
    }
}
