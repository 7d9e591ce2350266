//! Lists of leads.

use serde_json::json;

use super::{LEADS, inbox, post_lead};
use crate::app::TestApp;
use crate::problems::problem_code;

/// Names of the leads that a query finds, one letter each, newest first.
async fn names(app: &TestApp, query: &str) -> String {
    let path = format!("{LEADS}{query}");
    let page = app.api.get(&path).await.expect(200).json();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_are_found_by_all_that_is_offered() {
    let app = TestApp::start().await;
    let (one, two) = (inbox(&app).await, app.webhook_source().await);
    let by = |name: &str, phone: &str, email: &str, remote: &str| json!({"name": name, "phone": phone, "email": email, "remoteId": remote});
    let a = post_lead(&app, &one, by("a", "8 999 888-88-88", "A@B.ru", "x1")).await;
    post_lead(&app, &one, by("b", "+79998888888", "b@b.ru", "7")).await;
    post_lead(&app, &two, by("c", "78123159883", "a@b.ru", "7")).await;
    app.api
        .post(&format!("{a}/reject"), json!({}))
        .await
        .expect(200);

    assert_eq!(names(&app, "").await, "cba");
    assert_eq!(names(&app, "?phone=79998888888").await, "ba");
    assert_eq!(names(&app, "?phone=%2B7%20(999)%20888-88-88").await, "ba");
    assert_eq!(names(&app, "?email=a@B.RU").await, "ca");
    assert_eq!(names(&app, "?phone=79998888888&email=a@b.ru").await, "a");
    assert_eq!(
        names(&app, "?phone=79998888888&phone=78123159883").await,
        "cba"
    );
    assert_eq!(names(&app, "?state=new").await, "b");
    assert_eq!(names(&app, "?state=rejected&state=converting").await, "ca");
    assert_eq!(
        names(&app, &format!("?intakeSourceId={}", one.id)).await,
        "ba"
    );
    assert_eq!(names(&app, "?remoteId=7").await, "cb");
    assert_eq!(names(&app, "?remoteId=x1").await, "a");
    let narrow = format!("?remoteId=7&intakeSourceId={}", two.id);
    assert_eq!(names(&app, &narrow).await, "c");
    app.execute("UPDATE leads SET origin_id = id + 10, client_id = id + 20, order_id = id + 30")
        .await;
    let first: i64 = a.rsplit('/').next().unwrap().parse().unwrap();
    for (key, from) in [("sourceId", 10), ("clientId", 20), ("orderId", 30)] {
        let own = format!("{key}={}", first + from);
        assert_eq!(names(&app, &format!("?{own}")).await, "a", "{key}");
        let two = format!("?{own}&{key}={}", first + from + 1);
        assert_eq!(names(&app, &two).await, "ba", "{key}");
    }
    assert_eq!(names(&app, "?created_to=2001-01-01T00:00:00Z").await, "");
    assert_eq!(names(&app, "?updated_from=1000000000").await, "cba");

    let page = app.api.get(&format!("{LEADS}?limit=2")).await.expect(200);
    let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
    assert!(page.headers["link"].to_str().unwrap().contains(&cursor));
    assert_eq!(names(&app, &format!("?limit=2&cursor={cursor}")).await, "a");

    for query in [
        "?phone=12",
        "?email=nobody",
        "?state=open",
        "?intakeSourceId=0",
        "?source_id=1",
        "?created_from=tomorrow",
    ] {
        let refused = app.api.get(&format!("{LEADS}{query}")).await.expect(400);
        assert_eq!(problem_code(&refused), "invalid_query", "{query}");
    }
}
