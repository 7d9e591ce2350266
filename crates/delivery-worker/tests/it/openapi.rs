//! The document names every route, and its examples keep the rules.

use delivery_worker::Service;
use http_api::operations;

#[test]
fn every_route_is_documented() {
    let document = Service::openapi();
    let mut found: Vec<(String, &str)> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| {
            assert!(operation.summary.is_some(), "{method} {path}");
            assert!(
                operation.responses.responses.contains_key("401"),
                "{method} {path}"
            );
            (path, method)
        })
        .collect();
    found.sort();
    let expected = [
        ("/deliveries", "GET"),
        ("/deliveries/retry", "POST"),
        ("/deliveries/{id}", "GET"),
        ("/deliveries/{id}/retry", "POST"),
        ("/replays", "GET"),
        ("/replays/{id}", "GET"),
        ("/replays/{id}/cancel", "POST"),
        ("/triggers", "GET"),
        ("/triggers", "POST"),
        ("/triggers/{id}", "DELETE"),
        ("/triggers/{id}", "GET"),
        ("/triggers/{id}", "PATCH"),
        ("/triggers/{id}/explain", "GET"),
        ("/triggers/{id}/pause", "POST"),
        ("/triggers/{id}/preview", "POST"),
        ("/triggers/{id}/public-key", "GET"),
        ("/triggers/{id}/replay", "POST"),
        ("/triggers/{id}/resume", "POST"),
        ("/triggers/{id}/secret/rotate", "POST"),
        ("/triggers/{id}/test", "POST"),
        ("/webhooks", "GET"),
        ("/webhooks", "POST"),
        ("/webhooks/{id}", "DELETE"),
        ("/webhooks/{id}", "GET"),
        ("/webhooks/{id}", "PATCH"),
        ("/webhooks/{id}/explain", "GET"),
        ("/webhooks/{id}/pause", "POST"),
        ("/webhooks/{id}/preview", "POST"),
        ("/webhooks/{id}/public-key", "GET"),
        ("/webhooks/{id}/replay", "POST"),
        ("/webhooks/{id}/resume", "POST"),
        ("/webhooks/{id}/secret/rotate", "POST"),
        ("/webhooks/{id}/test", "POST"),
    ]
    .map(|(path, method)| (path.to_owned(), method));
    assert_eq!(found, expected);
}
