//! Where browsers are sent on.

use http_api::{Fields, Invalid, Presence, TextLimit, code, read_text};
use url::Url;

use super::settings::own_code;

/// The longest URL, as browsers and proxies take it.
const URL_LIMIT: TextLimit = TextLimit::Chars(2_048);

/// `redirect_url`, in normal form: it goes into a header as it is.
pub(super) fn read_redirect_url(fields: &mut Fields) -> Presence<String> {
    fields.custom("redirect_url", |value| {
        let text = read_text(value, URL_LIMIT)?;
        parse(&text).map(String::from)
    })
}

fn parse(text: &str) -> Result<Url, Invalid> {
    let url = Url::parse(text).map_err(|error| {
        Invalid::new(
            code::INVALID,
            format!("Send a whole URL, such as \"https://example.com/thanks\": {error}."),
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Invalid::new(
            own_code::URL_SCHEME,
            "Send a URL that begins with http:// or https://.",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Invalid::new(
            own_code::URL_CREDENTIALS,
            "Send the URL without user name and password.",
        ));
    }
    // Normal form escapes, and so may be longer than what was sent.
    if url.as_str().len() > 2_048 {
        return Err(Invalid::new(
            code::TOO_LONG,
            "Send at most 2048 characters, with everything escaped.",
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_sent_to_web_pages_only() {
        for (good, normal) in [
            (
                "https://example.com/thanks?a=1#top",
                "https://example.com/thanks?a=1#top",
            ),
            ("HTTP://Example.com", "http://example.com/"),
            (
                "https://пример.рф/спасибо",
                "https://xn--e1afmkfd.xn--p1ai/%D1%81%D0%BF%D0%B0%D1%81%D0%B8%D0%B1%D0%BE",
            ),
            ("https://example.com/\r\nx", "https://example.com/x"),
        ] {
            assert_eq!(parse(good).unwrap().as_str(), normal);
        }
        for (bad, code) in [
            ("", code::INVALID),
            ("/thanks", code::INVALID),
            ("https://", code::INVALID),
            ("javascript:alert(1)", own_code::URL_SCHEME),
            ("data:text/html,x", own_code::URL_SCHEME),
            ("ftp://example.com", own_code::URL_SCHEME),
            ("https://a@example.com", own_code::URL_CREDENTIALS),
            ("https://a:b@example.com", own_code::URL_CREDENTIALS),
        ] {
            assert_eq!(parse(bad).unwrap_err().code, code, "{bad}");
        }
        let long = format!("https://example.com/{}", "я".repeat(400));
        assert_eq!(parse(&long).unwrap_err().code, code::TOO_LONG);
    }
}
