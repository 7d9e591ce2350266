//! What a connection URL says, what it may show, and what is added to it.

/// Added where the URL does not say them itself. Without these, libpq waits for
/// a server that vanished for as long as the system does, which is many minutes.
const ADDED: [(&str, &str); 6] = [
    ("connect_timeout", "5"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "3"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
    ("fallback_application_name", "dealwire"),
];

/// `scheme://authority/path?query`.
struct Parts<'a> {
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
    query: &'a str,
}

/// `None` for libpq's other form, `host=… dbname=…`.
fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some(Parts {
        scheme,
        authority,
        path,
        query,
    })
}

/// The server and database as logs may name them: without user and password.
pub(crate) fn target(url: &str) -> String {
    let Some(parts) = parts(url) else {
        let shown: Vec<&str> = url
            .split_whitespace()
            .filter(|word| {
                ["host=", "hostaddr=", "port=", "dbname="]
                    .iter()
                    .any(|known| word.starts_with(known))
            })
            .collect();
        return shown.join(" ");
    };
    if misread(url).is_some() {
        // What looks like a place may be the beginning of a password.
        return format!("{}://…", parts.scheme);
    }
    let place = parts
        .authority
        .rsplit_once('@')
        .map_or(parts.authority, |(_, place)| place);
    format!("{}://{place}/{}", parts.scheme, parts.path)
}

/// Why libpq would read the URL otherwise than it was meant, and show parts of
/// a password when it says so.
pub(super) fn misread(url: &str) -> Option<&'static str> {
    let parts = parts(url)?;
    let in_authority = parts.authority.matches('@').count();
    let misplaced = in_authority > 1
        || parts.path.contains('@')
        || (in_authority == 0 && parts.query.contains('@'));
    misplaced.then_some(
        "its user or password holds a character that means something in a URL; \
         write %40 for @, %2F for /, %3F for ?",
    )
}

/// The URL with what it does not say itself.
pub(super) fn completed(url: &str) -> String {
    let mut completed = url.to_owned();
    for (key, value) in ADDED {
        match parts(url) {
            Some(parts) => {
                let said = parts
                    .query
                    .split('&')
                    .any(|pair| pair.split('=').next() == Some(key));
                if !said {
                    let mark = if completed.contains('?') { '&' } else { '?' };
                    completed.push_str(&format!("{mark}{key}={value}"));
                }
            }
            None if url.contains(&format!("{key}=")) => {}
            None => completed.push_str(&format!(" {key}={value}")),
        }
    }
    completed
}

/// `text` without the URL's password, should a driver repeat it.
pub(super) fn without_password(url: &str, text: String) -> String {
    let user = parts(url).and_then(|parts| parts.authority.rsplit_once('@'));
    match user.and_then(|(user, _)| user.split_once(':')) {
        Some((_, password)) if !password.is_empty() => text.replace(password, "***"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_is_shown() {
        for (url, shown) in [
            ("postgres://u:secret@h:1/d?password=x", "postgres://h:1/d"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://u:se/cret@h/d", "postgres://…"),
            ("host=h user=u password=secret dbname=d", "host=h dbname=d"),
        ] {
            assert_eq!(target(url), shown);
        }
    }

    #[test]
    fn what_the_url_says_itself_stays() {
        let url = completed("postgres://h/d?connect_timeout=60");
        assert!(url.starts_with("postgres://h/d?connect_timeout=60&keepalives_idle=5&"));
        assert_eq!(url.matches("connect_timeout").count(), 1);
        let words = completed("host=h tcp_user_timeout=1");
        assert!(words.starts_with("host=h tcp_user_timeout=1 connect_timeout=5 "));
        assert_eq!(words.matches("tcp_user_timeout").count(), 1);
    }

    #[test]
    fn characters_that_split_a_password_are_noticed() {
        for url in [
            "postgres://u:a@b@h/d",
            "postgres://u:a/b@h/d",
            "postgres://u:a?b@h/d",
        ] {
            assert!(misread(url).is_some(), "{url}");
        }
        assert!(misread("postgres://u:a%40b@h/d?application_name=a@b").is_none());
    }

    #[test]
    fn a_password_is_taken_out_of_what_the_driver_says() {
        let said = without_password("postgres://u:secret@h/d", "no secret here".to_owned());
        assert_eq!(said, "no *** here");
    }
}
