//! Walking through lists page by page, as an integrator would.

use serde_json::Value;
use test_support::{ApiAnswer, ApiClient};

use crate::app::id_of;

/// The ids of one page.
pub(crate) fn ids(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(id_of).collect()
}

/// The ids that a list answers with.
pub(crate) async fn list(api: &ApiClient, path: &str) -> Vec<i64> {
    ids(&api.get(path).await.expect(200).json())
}

/// Where `Link` says that the next page is; none on the last one.
pub(crate) fn next_path(answer: &ApiAnswer) -> Option<String> {
    let link = answer.headers.get("link")?.to_str().unwrap();
    let path = link.strip_prefix('<').unwrap();
    let path = path.strip_suffix(">; rel=\"next\"").unwrap();
    Some(path.to_owned())
}

/// The pages from `path` on, along `Link`; each names its cursor in the body as well.
pub(crate) async fn walk(api: &ApiClient, path: &str) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut path = Some(path.to_owned());
    while let Some(current) = path {
        let answer = api.get(&current).await.expect(200);
        let page = answer.json();
        pages.push(ids(&page));
        path = next_path(&answer);
        match &path {
            Some(next) => {
                let cursor = page["next_cursor"].as_str().unwrap();
                assert!(next.contains(&format!("cursor={cursor}")), "{next}");
            }
            None => assert!(page["next_cursor"].is_null(), "{page}"),
        }
    }
    pages
}
