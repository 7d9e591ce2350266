//! Which keys an edit changed.

use events::{
    ClientId, ClientSnapshot, Color, DirectoryEntryId, FieldValue, OrderId, OrderSnapshot,
    PipelineId, Price, StageKind, TaskSnapshot, Timestamp,
};

use crate::sample::{client, field, mark, order, stage, task};

type Edit<T> = fn(&mut T);

#[test]
fn each_field_of_an_order_has_its_key() {
    let edits: [(&str, Edit<OrderSnapshot>); 15] = [
        ("name", |order| order.name.push('!')),
        ("price", |order| order.price = Some(Price(1))),
        ("id_cat", |order| order.category_id = None),
        ("id_status", |order| {
            order.stage = stage(13, "Успех", StageKind::Won)
        }),
        ("id_origin", |order| {
            order.origin_id = Some(DirectoryEntryId(9))
        }),
        ("id_client", |order| order.client_id = Some(ClientId(1))),
        ("archive", |order| order.archived = false),
        ("tags", |order| order.tags.clear()),
        ("color", |order| order.color = None),
        ("text", |order| order.text.clear()),
        ("id_pipeline", |order| order.pipeline.id = PipelineId(6)),
        ("id_owner", |order| order.owner_id = None),
        ("id_office", |order| order.office_id = None),
        ("id_city", |order| order.city_id = None),
        ("marks", |order| order.marks.push(mark("gclid", "1"))),
    ];
    for (key, edit) in edits {
        let mut after = order();
        edit(&mut after);
        assert_eq!(OrderSnapshot::changed_keys(&order(), &after), [key]);
    }
}

#[test]
fn each_field_of_a_task_has_its_keys() {
    let edits: [(&[&str], Edit<TaskSnapshot>); 9] = [
        (&["name"], |task| task.name.clear()),
        (&["date_from"], |task| task.date_from = None),
        (&["date_to"], |task| task.date_to = Some(Timestamp(1))),
        (&["all_day"], |task| task.all_day = false),
        (&["color"], |task| task.color = Color::parse("000000")),
        (&["text"], |task| task.text.clear()),
        (&["id_deal", "id_order"], |task| {
            task.order_id = Some(OrderId(1))
        }),
        (&["id_status"], |task| task.status_id = None),
        (&["id_type"], |task| task.type_id = None),
    ];
    for (keys, edit) in edits {
        let mut after = task();
        edit(&mut after);
        assert_eq!(TaskSnapshot::changed_keys(&task(), &after), keys);
    }
}

#[test]
fn each_field_of_a_client_has_its_key() {
    let edits: [(&str, Edit<ClientSnapshot>); 8] = [
        ("realname", |client| client.realname.clear()),
        ("email", |client| client.email.clear()),
        ("phone", |client| client.phone.clear()),
        ("position", |client| client.position.clear()),
        ("id_status", |client| client.status_id = None),
        ("text", |client| client.text.clear()),
        ("fields", |client| client.fields.swap(0, 1)),
        ("fields", |client| {
            client.fields[1] = field("INN", FieldValue::Text("7701".into()));
        }),
    ];
    for (key, edit) in edits {
        let mut after = client();
        edit(&mut after);
        assert_eq!(ClientSnapshot::changed_keys(&client(), &after), [key]);
    }
}

#[test]
fn a_later_save_of_the_same_values_changes_nothing() {
    let mut after = order();
    after.updated_at = Timestamp(i64::MAX);
    after.stage.name = "Свежая".into();
    after.client = None;
    assert!(OrderSnapshot::changed_keys(&order(), &after).is_empty());
    assert!(TaskSnapshot::changed_keys(&task(), &task()).is_empty());
    assert!(ClientSnapshot::changed_keys(&client(), &client()).is_empty());
}

#[test]
fn several_keys_come_in_the_order_of_the_body() {
    let mut after = order();
    after.marks.clear();
    after.name.clear();
    after.archived = false;
    assert_eq!(
        OrderSnapshot::changed_keys(&order(), &after),
        ["name", "archive", "marks"]
    );
}
