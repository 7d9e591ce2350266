//! Errors that the API answered with, and errors as a test expects them.

use test_support::ApiAnswer;

/// The stable code of an error, having checked that the answer is a problem in every respect.
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

/// Pointers and codes of the field errors of a 422 answer, in order; each has a message.
pub(crate) fn field_errors(answer: &ApiAnswer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{}", answer.json());
    assert_eq!(problem_code(answer), "invalid_fields");
    listed_errors(answer)
}

/// Names and codes of the wrong query parameters of a 400 answer, in order; each has a message.
pub(crate) fn query_errors(answer: &ApiAnswer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 400, "{}", answer.json());
    assert_eq!(problem_code(answer), "invalid_query");
    listed_errors(answer)
}

fn listed_errors(answer: &ApiAnswer) -> Vec<(String, String)> {
    let body = answer.json();
    let errors = body["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| {
            let message = error["message"].as_str().unwrap();
            assert!(message.ends_with(['.', '?', ')']), "{error}");
            let text = |key: &str| error[key].as_str().unwrap().to_owned();
            (text("pointer"), text("code"))
        })
        .collect()
}

/// Errors as a test writes them down.
pub(crate) fn errors(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
        .collect()
}
