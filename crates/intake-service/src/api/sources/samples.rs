//! What a manager copies to try a source, or to put into a page.

mod senders;

use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::domain::source::Effective;
use senders::{Dress, dress_of};

/// How to try a source.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Samples {
    /// A command for a POSIX shell.
    curl: String,
    /// A form for a page.
    html: String,
}

impl Samples {
    /// Samples that post to `url` what the sender of `preset` posts.
    pub(super) fn of(url: &str, preset: &str, effective: &Effective) -> Self {
        let dress = match dress_of(preset) {
            Dress::Query(pairs) if !effective.accept_get => Dress::Form(pairs),
            dress => dress,
        };
        Self {
            curl: curl(url, dress),
            html: html(url, &effective.honeypot),
        }
    }
}

/// Shows the status and the headers (`-i`): some presets answer two letters, or nothing.
fn curl(url: &str, dress: Dress) -> String {
    match dress {
        Dress::Json(body) => format!(
            "curl -i -X POST {} -H 'Content-Type: application/json' -d {}",
            quoted(url),
            quoted(body)
        ),
        Dress::Form(pairs) => {
            let fields: Vec<String> = pairs
                .iter()
                .map(|(name, value)| {
                    format!(" --data-urlencode {}", quoted(&format!("{name}={value}")))
                })
                .collect();
            format!("curl -i -X POST {}{}", quoted(url), fields.concat())
        }
        Dress::Query(pairs) => {
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish();
            format!("curl -i {}", quoted(&format!("{url}?{query}")))
        }
    }
}

/// Quoted for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn html(url: &str, honeypot: &str) -> String {
    let trap = if honeypot.is_empty() {
        String::new()
    } else {
        format!(
            "  <div style=\"position: absolute; left: -9999px\" aria-hidden=\"true\">\n    \
             <input type=\"text\" name=\"{}\" value=\"\" tabindex=\"-1\" autocomplete=\"off\">\n  \
             </div>\n",
            escaped(honeypot)
        )
    };
    format!(
        "<form action=\"{}\" method=\"post\" accept-charset=\"utf-8\">\n  \
         <label>Имя <input type=\"text\" name=\"name\" autocomplete=\"name\"></label>\n  \
         <label>Телефон <input type=\"tel\" name=\"phone\" autocomplete=\"tel\" required></label>\n  \
         <label>Email <input type=\"email\" name=\"email\" autocomplete=\"email\"></label>\n\
         {trap}  <button type=\"submit\">Отправить</button>\n</form>\n",
        escaped(url)
    )
}

/// Escaped for an attribute in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
