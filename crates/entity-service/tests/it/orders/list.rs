//! Lists of orders: pages and filters.

use std::time::Duration;

use serde_json::json;

use super::{ORDERS, path_of};
use crate::app::{TestApp, errors, id_of, query_errors};
use crate::listing::{ids, list, next_path, walk};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_meet_without_gap_or_repeat() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for n in 0..120 {
        made.push(id_of(
            &app.create_order(json!({"name": n.to_string()})).await,
        ));
    }
    made.reverse();

    let pages = walk(&app.api, ORDERS).await;
    let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(lengths, [50, 50, 20]);
    assert_eq!(pages.concat(), made);

    let pages = walk(&app.api, &format!("{ORDERS}?limit=40")).await;
    let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(lengths, [40, 40, 40], "a full last page is the last");
    assert_eq!(pages.concat(), made);

    let one = app
        .api
        .get(&format!("{ORDERS}?limit=200"))
        .await
        .expect(200);
    assert_eq!(ids(&one.json()), made);
    assert_eq!(next_path(&one), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_and_goes_between_pages_moves_nothing() {
    let app = TestApp::start().await;
    let mut orders = Vec::new();
    for n in 0..6 {
        orders.push(app.create_order(json!({"name": n.to_string()})).await);
    }
    let id = |n: usize| id_of(&orders[n]);
    let first = app.api.get(&format!("{ORDERS}?limit=2")).await.expect(200);
    assert_eq!(ids(&first.json()), [id(5), id(4)]);

    app.create_order(json!({"name": "new"})).await;
    // The cursor's own record goes, and one that is still to come.
    app.api.delete(&path_of(&orders[4])).await.expect(204);
    app.api.delete(&path_of(&orders[2])).await.expect(204);

    let rest = walk(&app.api, &next_path(&first).unwrap()).await;
    assert_eq!(rest, [vec![id(3), id(1)], vec![id(0)]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_is_what_the_order_itself_answers() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "Иван"})).await;
    let order = app
        .create_order(json!({
            "name": "Заказ", "price": 0.5, "id_client": client["id"], "marks": {"gclid": "1"},
        }))
        .await;
    let answer = app.api.get(ORDERS).await.expect(200);
    let expected = json!({"items": [order], "next_cursor": null});
    assert_eq!(answer.body, expected.to_string().as_bytes());
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_go_by_wire_key_and_repeat() {
    let app = TestApp::start().await;
    let client = id_of(&app.create_client(json!({"realname": "a"})).await);
    let other = id_of(&app.create_client(json!({"realname": "b"})).await);
    let city = app.create_entry("city", "Москва").await;
    let office = app.create_entry("office", "Центр").await;
    let category = app.create_entry("order_category", "Ремонт").await;
    let origin = app.create_entry("origin", "Сайт").await;
    let pipeline = app.first_pipeline(&app.api).await;
    let stage = id_of(&pipeline["stages"][1]);
    let second = app
        .create("/api/v1/pipelines", json!({"name": "Сервис"}))
        .await;
    let mut made = Vec::new();
    for body in [
        json!({"id_client": client, "id_city": city, "id_owner": 7}),
        json!({"id_client": other, "id_office": office, "archive": true}),
        json!({"id_cat": category, "id_origin": origin, "id_status": stage}),
        json!({"id_pipeline": second["id"], "id_client": client}),
    ] {
        made.push(id_of(&app.create_order(body).await));
    }
    for (query, places) in [
        (format!("id_client={client}"), vec![3, 0]),
        (
            format!("id_client={client}&id_client={other}"),
            vec![3, 1, 0],
        ),
        (format!("id_client={client}&id_city={city}"), vec![0]),
        (format!("id_client={other}&id_city={city}"), vec![]),
        (format!("id_office={office}"), vec![1]),
        (format!("id_cat={category}"), vec![2]),
        (format!("id_origin={origin}"), vec![2]),
        (format!("id_status={stage}"), vec![2]),
        (format!("id_pipeline={}", second["id"]), vec![3]),
        (
            format!(
                "id_pipeline={}&id_pipeline={}",
                second["id"], pipeline["id"]
            ),
            vec![3, 2, 1, 0],
        ),
        ("id_owner=7&id_owner=8".to_owned(), vec![0]),
        ("archive=true".to_owned(), vec![1]),
        ("archive=0".to_owned(), vec![3, 2, 0]),
        ("id_client=999999".to_owned(), vec![]),
    ] {
        let expected: Vec<i64> = places.iter().map(|place| made[*place]).collect();
        let found = list(&app.api, &format!("{ORDERS}?{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
    // The filter goes with the link to the next page.
    let pages = walk(&app.api, &format!("{ORDERS}?id_client={client}&limit=1")).await;
    assert_eq!(pages, [vec![made[3]], vec![made[0]]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_are_half_open_and_may_be_written_either_way() {
    let app = TestApp::start().await;
    // 2026-01-02T03:04:05.123456Z, then an hour later.
    let early = app.create_order(json!({"name": "early"})).await;
    app.clock.advance(Duration::from_secs(3600));
    let late = app.create_order(json!({"name": "late"})).await;
    app.clock.advance(Duration::from_secs(3600));
    app.api
        .patch(&path_of(&early), json!({"name": "edited"}))
        .await
        .expect(200);
    let (early, late) = (id_of(&early), id_of(&late));
    for (query, expected) in [
        (
            "created_from=2026-01-02T03:04:05.123456Z",
            vec![late, early],
        ),
        ("created_from=2026-01-02T03:04:05.123457Z", vec![late]),
        ("created_to=2026-01-02T04:04:05.123456Z", vec![early]),
        ("created_to=2026-01-02T04:04:05.123457Z", vec![late, early]),
        ("created_from=1767323046", vec![late]),
        (
            "created_from=2026-01-02T07:04:05.123456%2B03:00",
            vec![late],
        ),
        ("created_from=2026-01-02T07:04:05.123456+03:00", vec![late]),
        (
            "created_from=2026-01-02T03:04:05Z&created_to=2026-01-02T03:04:06Z",
            vec![early],
        ),
        ("updated_from=2026-01-02T05:00:00Z", vec![early]),
        ("updated_to=2026-01-02T05:00:00Z", vec![late]),
        (
            "created_to=2026-01-02T04:00:00Z&updated_from=2026-01-02T05:00:00Z",
            vec![early],
        ),
    ] {
        let found = list(&app.api, &format!("{ORDERS}?{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_parameters_are_refused_together() {
    let app = TestApp::start().await;
    app.create_order(json!({"name": "n"})).await;
    for (query, expected) in [
        ("client=1", vec![("client", "unknown_parameter")]),
        ("id=1", vec![("id", "unknown_parameter")]),
        ("id_client=x", vec![("id_client", "invalid")]),
        ("id_client=", vec![("id_client", "invalid")]),
        ("id_client=1&id_client=0", vec![("id_client", "invalid")]),
        ("limit=0", vec![("limit", "out_of_range")]),
        ("limit=201", vec![("limit", "out_of_range")]),
        ("limit=1&limit=2", vec![("limit", "repeated")]),
        ("cursor=x", vec![("cursor", "invalid")]),
        ("cursor=42", vec![("cursor", "invalid")]),
        ("archive=yes", vec![("archive", "invalid")]),
        ("created_from=yesterday", vec![("created_from", "invalid")]),
        (
            "created_from=20&created_to=10",
            vec![("created_to", "out_of_range")],
        ),
        (
            "limit=x&statos=1&id_city=-1",
            vec![
                ("id_city", "invalid"),
                ("limit", "out_of_range"),
                ("statos", "unknown_parameter"),
            ],
        ),
    ] {
        let answer = app.api.get(&format!("{ORDERS}?{query}")).await;
        assert_eq!(query_errors(&answer), errors(&expected), "{query}");
    }
}
