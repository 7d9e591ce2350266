//! What a manager copies to try a source, or to put into a page.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::domain::source::Effective;

/// How to try a source.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Samples {
    /// A command for a POSIX shell.
    curl: String,
    /// A form for a page.
    html: String,
}

impl Samples {
    /// Samples that post to `url`.
    pub(super) fn of(url: &str, effective: &Effective) -> Self {
        Self {
            curl: curl(url),
            html: html(url, &effective.honeypot),
        }
    }
}

fn curl(url: &str) -> String {
    let body = json!({
        "name": "Иван",
        "phone": "79998888888",
        "email": "ivan@example.com",
    });
    format!(
        "curl -X POST {} -H 'Content-Type: application/json' -d {}",
        quoted(url),
        quoted(&body.to_string())
    )
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
