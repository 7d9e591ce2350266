//! What an operator does by hand: accounts to start with, and tokens.

use database::{Backend, Database};
use entity_service::{AdminError, TokenRequest, create_account, ensure_first_account, issue_token};
use events::{AccountId, Change, Clock, StageKind, Timestamp};
use futures_util::future::join_all;
use http_api::{Scope, TokenSigner, generate_keys};
use serde_json::{Value, json};
use test_support::TestDatabase;

use crate::app::{NOW_US, TestApp, count_rows, migrations};

async fn empty_database() -> (TestDatabase, Database) {
    let home = TestDatabase::start().await;
    let database = home.open(migrations()).await;
    (home, database)
}

async fn names(app: &TestApp, kind: &str) -> Vec<String> {
    let path = format!("/api/v1/directories/{kind}");
    let answer = app.api.get(&path).await.expect(200).json();
    let mut items = answer["items"].as_array().unwrap().clone();
    items.sort_by_key(|item| item["position"].as_i64());
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_account_has_what_its_first_order_needs() {
    let app = TestApp::start().await;
    let pipelines = app.api.get("/api/v1/pipelines").await.expect(200).json();
    let [pipeline] = pipelines["items"].as_array().unwrap().as_slice() else {
        panic!("{pipelines}");
    };
    assert_eq!(pipeline["name"], "Продажи");
    assert_eq!(pipeline["revision"], 1);
    let stages: Vec<(&Value, &Value)> = pipeline["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| (&stage["name"], &stage["kind"]))
        .collect();
    assert_eq!(
        stages,
        [
            (&json!("Новая"), &json!("open")),
            (&json!("В работе"), &json!("open")),
            (&json!("Предложение"), &json!("open")),
            (&json!("Ожидает оплаты"), &json!("open")),
            (&json!("Успешно завершена"), &json!("won")),
            (&json!("Отказ"), &json!("lost")),
        ]
    );
    for (kind, expected) in [
        ("order_category", vec!["Основная"]),
        ("origin", vec!["Сайт", "Телефон", "Реклама", "Рекомендация"]),
        (
            "client_status",
            vec!["Новый", "В работе", "Постоянный", "Неактивный"],
        ),
        ("task_status", vec!["Новая", "В работе", "Выполнена"]),
        ("task_type", vec!["Звонок", "Встреча", "Письмо", "Прочее"]),
        ("office", vec![]),
        ("city", vec![]),
    ] {
        assert_eq!(names(&app, kind).await, expected, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pipeline_of_a_new_account_is_told_of() {
    let app = TestApp::start().await;
    let account_id = create_account(&app.database, &app.clock, "Третий")
        .await
        .unwrap();
    let event = app.new_event().await;
    assert_eq!(event.account_id, account_id);
    assert_eq!(event.actor.kind, events::ActorKind::System);
    assert_eq!(event.actor.token_id, None);
    let Change::Pipeline(change) = &event.change else {
        panic!("{event:?}");
    };
    assert_eq!(change.action, events::Action::Add);
    assert_eq!(change.revision, 1);
    let kinds: Vec<StageKind> = change
        .pipeline
        .stages
        .iter()
        .map(|stage| stage.kind)
        .collect();
    let (open, won, lost) = (StageKind::Open, StageKind::Won, StageKind::Lost);
    assert_eq!(kinds, [open, open, open, open, won, lost]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_account_is_opened_once() {
    let (_home, database) = empty_database().await;
    let clock = Clock::manual(Timestamp(NOW_US));
    let first = ensure_first_account(&database, &clock, "Первый").await;
    assert_eq!(first.unwrap(), Some(AccountId(1)));
    let again = ensure_first_account(&database, &clock, "Первый").await;
    assert_eq!(again.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_open_one_account() {
    let (home, database) = empty_database().await;
    let another = match database.backend() {
        Backend::Sqlite => database.clone(),
        Backend::Postgres => home.open(migrations()).await,
    };
    let clock = Clock::manual(Timestamp(NOW_US));
    let opening = (0..4)
        .flat_map(|_| [&database, &another].map(|one| ensure_first_account(one, &clock, "n")));
    let opened: Vec<Option<AccountId>> = join_all(opening)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(opened.iter().flatten().count(), 1, "{opened:?}");
    for (table, rows) in [("accounts", 1), ("pipelines", 1), ("outbox_events", 1)] {
        assert_eq!(count_rows(&database, table).await, rows, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issued_token_is_listed_and_can_be_revoked() {
    let app = TestApp::start().await;
    let request = TokenRequest {
        account_id: AccountId(app.account_id),
        name: "admin".to_owned(),
        scopes: [Scope::RecordsRead].into_iter().collect(),
        expires_at: None,
    };
    let issued = issue_token(&app.database, &app.clock, app.signer(), request)
        .await
        .unwrap();
    assert!(!format!("{issued:?}").contains(&issued.token));
    let api = app.api.with_token(&issued.token);
    api.get("/api/v1/orders").await.expect(200);
    api.post("/api/v1/orders", json!({"name": "n"}))
        .await
        .expect(403);

    let path = format!("/api/v1/tokens/{}", issued.id);
    let listed = app.api.get(&path).await.expect(200).json();
    assert_eq!(listed["name"], "admin");
    app.api.delete(&path).await.expect(204);
    api.get("/api/v1/orders").await.expect(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_needs_an_account() {
    let (_home, database) = empty_database().await;
    let signer = TokenSigner::new(&generate_keys().unwrap().private_pem).unwrap();
    let request = TokenRequest {
        account_id: AccountId(7),
        name: "admin".to_owned(),
        scopes: [Scope::RecordsRead].into_iter().collect(),
        expires_at: None,
    };
    let refused = issue_token(&database, &Clock::System, &signer, request).await;
    assert!(
        matches!(refused, Err(AdminError::UnknownAccount(AccountId(7)))),
        "{refused:?}"
    );
}
