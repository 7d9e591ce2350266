//! What errors must look like, whatever they are about.

use test_support::ApiAnswer;

/// The stable code of an error, having checked that the answer is a problem in every respect.
pub(crate) fn problem_code(answer: &ApiAnswer) -> String {
    let body = answer.json();
    assert_eq!(
        answer.headers["content-type"], "application/problem+json",
        "{body}"
    );
    assert_eq!(body["status"], answer.status.as_u16(), "{body}");
    let code = body["code"].as_str().unwrap().to_owned();
    assert_eq!(body["type"], format!("urn:dealwire:problem:{code}"));
    assert!(!body["title"].as_str().unwrap().is_empty(), "{body}");
    assert!(!body["detail"].as_str().unwrap().is_empty(), "{body}");
    code
}

/// Pointers and codes of the field errors of a 422 answer, sorted; each has a message.
pub(crate) fn field_errors(answer: &ApiAnswer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{}", answer.json());
    assert_eq!(problem_code(answer), "invalid_fields");
    listed_errors(answer)
}

/// Names and codes of the wrong query parameters of a 400 answer, sorted; each has a message.
pub(crate) fn query_errors(answer: &ApiAnswer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 400, "{}", answer.json());
    assert_eq!(problem_code(answer), "invalid_query");
    listed_errors(answer)
}

fn listed_errors(answer: &ApiAnswer) -> Vec<(String, String)> {
    let body = answer.json();
    let errors = body["errors"].as_array().unwrap();
    let mut listed: Vec<_> = errors
        .iter()
        .map(|error| {
            assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
            let text = |key: &str| error[key].as_str().unwrap().to_owned();
            (text("pointer"), text("code"))
        })
        .collect();
    listed.sort();
    listed
}

/// Errors as a test writes them down, sorted.
pub(crate) fn errors(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all: Vec<_> = list
        .iter()
        .map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
        .collect();
    all.sort();
    all
}
