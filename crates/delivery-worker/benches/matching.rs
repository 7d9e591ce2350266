//! What one event costs the matcher, by how many webhooks its account has.
//!
//! `cargo bench -p delivery-worker --bench matching`. Every webhook and trigger
//! has a condition. The goal is 50 µs for one event among 10 000 of which ten are
//! fired, and a cost that grows with those that share the event and its stage.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use delivery_worker::MatchingProbe;
use events::{
    AccountId, Action, Actor, ActorKind, Change, ClientField, ClientId, ClientSnapshot, Event,
    EventId, FieldValue, Mark, OrderChanged, OrderId, OrderSnapshot, PipelineId, PipelineSummary,
    Price, StageId, StageKind, StageSummary, Timestamp,
};
use serde_json::{Value, json};

const ACCOUNT: AccountId = AccountId(1);
/// The stage that the order comes from and the one that it goes to.
const FROM: i64 = 11;
const TO: i64 = 12;
/// How many the event fires in every series.
const FIRED: usize = 10;
/// Distinct names of marks and of clients' own fields, half of each.
const NAMES: usize = 2_000;
/// Stages of the account that the order is not in begin here.
const OTHER_STAGES: i64 = 100;

/// Settings as the database has them.
fn settings(events: &[&str], filter: Value, trigger: Value) -> Value {
    let mut settings = json!({
        "url": "https://receiver.example.com/callbacks/hook",
        "format": "form",
        "events": events,
        "filter": filter,
    });
    if !trigger.is_null() {
        settings["trigger"] = trigger;
    }
    settings
}

fn condition(price: usize) -> Value {
    json!({"all": [
        {"field": "price", "operator": "greater", "value": price},
        {"any": [
            {"field": "marks.utmSource", "operator": "in", "value": ["yandex", "vk", "google"]},
            {"field": "client.fields.Город", "operator": "equal", "value": "Москва"},
        ]},
    ]})
}

fn trigger(event: &str, stage: i64) -> Value {
    json!({
        "event": event, "stage": stage, "pipeline": 5, "method": "POST",
        "parameters": [
            {"name": "deal_name", "kind": "field", "value": "name"},
            {"name": "phone", "kind": "field", "value": "client.phone"},
            {"name": "source", "kind": "value", "value": "crm"},
        ],
    })
}

/// Ten that the event fires: triggers and webhooks of every sort.
fn fired() -> Vec<Value> {
    let edit = ["order.edit"];
    let holds = || condition(1_000);
    vec![
        settings(&edit, json!({"condition": holds()}), trigger("entered", TO)),
        settings(&edit, json!({"condition": holds()}), trigger("entered", TO)),
        settings(
            &["order.add", "order.edit"],
            json!({"condition": holds()}),
            trigger("entered_or_created", TO),
        ),
        settings(&edit, json!({"condition": holds()}), trigger("left", FROM)),
        settings(
            &edit,
            json!({"condition": holds(), "stages": [TO]}),
            json!(null),
        ),
        settings(
            &edit,
            json!({"condition": holds(), "stages": [TO, 77]}),
            json!(null),
        ),
        settings(
            &edit,
            json!({"condition": holds(), "pipelines": [5]}),
            json!(null),
        ),
        settings(
            &edit,
            json!({"condition": holds(), "changed": ["price"]}),
            json!(null),
        ),
        settings(
            &edit,
            json!({"condition": holds(), "changed": ["id_status", "marks"]}),
            json!(null),
        ),
        settings(
            &["order.add", "order.edit", "client.edit"],
            json!({"condition": holds()}),
            json!(null),
        ),
    ]
}

/// One that has nothing to do with the event: another stage, another pipeline,
/// another field, another component.
fn bystander(number: usize) -> Value {
    let stage = OTHER_STAGES + i64::try_from(number % 500).unwrap();
    let filter = json!({"condition": condition(number)});
    let with = |key: &str, value: Value| {
        let mut filter = filter.clone();
        filter[key] = value;
        filter
    };
    let edit = ["order.edit"];
    match number % 10 {
        0..=2 => settings(&edit, filter, trigger("entered", stage)),
        3 => settings(&edit, filter, trigger("left", stage)),
        4 => settings(&edit, filter, trigger("changed", stage)),
        5 => settings(
            &["order.add", "order.edit"],
            filter,
            trigger("entered_or_created", stage),
        ),
        6 => settings(
            &["order.add", "order.edit", "order.delete"],
            with("stages", json!([stage, stage + 1])),
            json!(null),
        ),
        7 => settings(&edit, with("pipelines", json!([stage])), json!(null)),
        8 => settings(
            &edit,
            with("changed", json!(["name", "id_owner"])),
            json!(null),
        ),
        _ => settings(&["order.add", "order.delete"], filter, json!(null)),
    }
}

/// A condition that does not hold, which no look-up can tell: it has to be tried.
fn tried(number: usize) -> Value {
    json!({"all": [
        {"field": "name", "operator": "contains", "value": format!("№ {number}")},
        {"field": "price", "operator": "not_empty"},
    ]})
}

/// One that shares event and stage.
fn neighbour(number: usize) -> Value {
    let filter = json!({"condition": tried(number)});
    settings(&["order.edit"], filter, trigger("entered", TO))
}

/// One that says nothing but the event and a condition, which does not hold.
fn plain(number: usize) -> Value {
    let filter = json!({"condition": condition(1_000_000 + number)});
    settings(&["order.edit"], filter, json!(null))
}

/// The same with a condition that has to be tried.
fn plain_and_tried(number: usize) -> Value {
    settings(
        &["order.edit"],
        json!({"condition": tried(number)}),
        json!(null),
    )
}

/// One that asks for a mark or a client's own field, of which the account has two
/// thousand between them; the event's order and client have twenty of these.
fn named(number: usize) -> Value {
    let mark = format!("marks.{}", mark_name(number % (NAMES / 2)));
    let field = format!("client.fields.{}", field_name(number % (NAMES / 2)));
    let row = |field: &str, operator: &str, value: &str| {
        let row = json!({"field": field, "operator": operator, "value": value});
        json!({"condition": {"all": [row, {"field": "price", "operator": "not_empty"}]}})
    };
    // Not in step with the names, so that each name is asked for in every way.
    let filter = match (number / (NAMES / 2)) % 5 {
        0 => row(&mark, "equal", "another"),
        1 => row(&field, "equal", "another"),
        2 => row(&field, "contains", "another"),
        3 => with_condition(json!([mark]), number),
        _ => with_condition(json!([field]), number),
    };
    settings(&["order.edit"], filter, json!(null))
}

fn with_condition(changed: Value, number: usize) -> Value {
    json!({"changed": changed, "condition": tried(number)})
}

fn mark_name(number: usize) -> String {
    format!("utmOwn{number}")
}

fn field_name(number: usize) -> String {
    format!("Поле {number}")
}

/// The ten among others, `count` in all, spread evenly.
fn probe(count: usize, others: impl Fn(usize) -> Value) -> MatchingProbe {
    let mut fired = fired().into_iter();
    let all = (0..count).map(|number| {
        let is_turn = number % (count / FIRED) == 0;
        is_turn
            .then(|| fired.next())
            .flatten()
            .unwrap_or_else(|| others(number))
    });
    MatchingProbe::new(ACCOUNT, all).unwrap()
}

/// An order with a client goes into the next stage, and its price and a mark
/// change.
fn order_edit() -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    let mark = |key: &str, value: &str| Mark {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let order = OrderSnapshot {
        id: OrderId(42),
        name: "Заказ".to_owned(),
        price: Some(Price::parse(&serde_json::Number::from_f64(1_500.5).unwrap()).unwrap()),
        category_id: None,
        stage: stage(TO),
        pipeline: PipelineSummary {
            id: PipelineId(5),
            name: "Продажи".to_owned(),
        },
        origin_id: None,
        client_id: Some(ClientId(77)),
        client: Some(ClientSnapshot {
            id: ClientId(77),
            realname: "Иван".to_owned(),
            email: "a@b.ru".to_owned(),
            phone: "79998888888".to_owned(),
            position: String::new(),
            status_id: None,
            text: String::new(),
            fields: Vec::new(),
            created_at: at,
            updated_at: at,
        }),
        owner_id: Some(3),
        office_id: None,
        city_id: None,
        archived: false,
        tags: vec!["vip".to_owned()],
        color: None,
        text: String::new(),
        marks: vec![mark("utmMedium", "cpc"), mark("utmSource", "google")],
        created_at: at,
        updated_at: at,
    };
    let previous = OrderSnapshot {
        stage: stage(FROM),
        price: None,
        marks: Vec::new(),
        ..order.clone()
    };
    Event {
        id: EventId::new(at),
        account_id: ACCOUNT,
        occurred_at: at,
        actor: Actor {
            kind: ActorKind::Api,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::Order(Box::new(OrderChanged {
            action: Action::Edit,
            revision: 2,
            order,
            changed: ["price", "id_status", "marks"].map(str::to_owned).to_vec(),
            previous: Some(previous),
        })),
    }
}

/// The same edit of an order that has ten marks more, half of which the edit set,
/// and of a client that has ten fields of its own.
fn order_edit_with_names() -> Event {
    let mut event = order_edit();
    let Change::Order(change) = &mut event.change else {
        return event;
    };
    let marks: Vec<Mark> = (0..10)
        .map(|number| Mark {
            key: mark_name(number * 7),
            value: format!("значение {number}"),
        })
        .collect();
    let fields = (0..10).map(|number| ClientField {
        name: field_name(number * 11),
        value: FieldValue::Text(format!("значение {number}")),
    });
    change.order.client.as_mut().unwrap().fields = fields.collect();
    let previous = change.previous.as_mut().unwrap();
    previous.client = change.order.client.clone();
    previous.marks = marks[..5].to_vec();
    change.order.marks.extend(marks);
    event
}

fn stage(id: i64) -> StageSummary {
    StageSummary {
        id: StageId(id),
        name: format!("stage {id}"),
        kind: StageKind::Open,
    }
}

/// What the process has in memory, in bytes, where the system tells.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

/// Says what a webhook takes in memory, settings, URL, secret and index.
fn weigh() {
    let before = resident_bytes();
    let probe = black_box(probe(10_000, bystander));
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        let each = after.saturating_sub(before) / 10_000;
        println!("memory: {each} bytes for each of 10000 webhooks");
    }
    drop(probe);
}

fn measure(criterion: &mut Criterion) {
    weigh();
    let event = order_edit();
    let mut group = criterion.benchmark_group("matching");
    let mut run_on = |event: &Event, name: &str, count: usize, probe: &MatchingProbe| {
        assert_eq!(probe.fired(event).len(), FIRED);
        group.bench_with_input(BenchmarkId::new(name, count), probe, |bencher, probe| {
            bencher.iter(|| probe.fired(black_box(event)));
        });
    };
    let mut run = |name: &str, count, probe: &_| run_on(&event, name, count, probe);
    for count in [100, 1_000, 10_000] {
        run("ten_of", count, &probe(count, bystander));
    }
    let share_stage = |number| {
        if number % 10 == 3 {
            neighbour(number)
        } else {
            bystander(number)
        }
    };
    run(
        "ten_of_with_1000_in_the_stage",
        10_000,
        &probe(10_000, share_stage),
    );
    run("ten_of_all_for_any_stage", 10_000, &probe(10_000, plain));
    run("ten_of_all_tried", 10_000, &probe(10_000, plain_and_tried));
    let probe = probe(10_000, named);
    run("ten_of_2000_names_none_at_hand", 10_000, &probe);
    run_on(
        &order_edit_with_names(),
        "ten_of_2000_names",
        10_000,
        &probe,
    );
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
