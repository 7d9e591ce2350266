//! Refusals as they go on the wire.

use test_support::ApiAnswer;

/// The stable code of a problem.
pub(crate) fn problem_code(answer: &ApiAnswer) -> String {
    let body = answer.json();
    assert_eq!(
        answer.headers["content-type"], "application/problem+json",
        "{body}"
    );
    assert_eq!(body["status"], answer.status.as_u16(), "{body}");
    assert!(!body["detail"].as_str().unwrap().is_empty(), "{body}");
    body["code"].as_str().unwrap().to_owned()
}

/// Pointers and codes of the field errors, in order; each has a message.
pub(crate) fn errors(answer: &ApiAnswer) -> Vec<(String, String)> {
    let body = answer.json();
    let errors = body["errors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            assert!(!error["message"].as_str().unwrap().is_empty(), "{body}");
            let text = |key: &str| error[key].as_str().unwrap().to_owned();
            (text("pointer"), text("code"))
        })
        .collect()
}
