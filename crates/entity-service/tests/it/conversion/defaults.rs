//! What an order has instead of an id that its lead names and nobody knows.

use events::{DirectoryEntryId, LeadConversionRequested, StageId};
use serde_json::{Value, json};

use super::with_phone;
use crate::app::{TestApp, conversions};

/// An id that no account has.
const UNKNOWN: i64 = 99_999;
/// Another one.
const GONE: i64 = 99_998;

/// Entries and a stage that are not the first.
struct Known {
    origin: i64,
    office: i64,
    city: i64,
    stage: Value,
}

async fn known(app: &TestApp) -> Known {
    let known = Known {
        origin: app.create_entry("origin", "Сайт").await,
        office: app.create_entry("office", "Центр").await,
        city: app.create_entry("city", "Москва").await,
        stage: app.first_pipeline(&app.api).await["stages"][1].clone(),
    };
    app.new_events().await;
    known
}

/// A lead whose source has all defaults.
fn defaulted(known: &Known, id: i64) -> LeadConversionRequested {
    LeadConversionRequested {
        default_origin_id: Some(DirectoryEntryId(known.origin)),
        default_office_id: Some(DirectoryEntryId(known.office)),
        default_city_id: Some(DirectoryEntryId(known.city)),
        default_stage_id: known.stage["id"].as_i64().map(StageId),
        ..with_phone(id, "79998888881", "+79998888881")
    }
}

fn asking(id: i64, lead: LeadConversionRequested) -> LeadConversionRequested {
    LeadConversionRequested {
        origin_id: Some(DirectoryEntryId(id)),
        office_id: Some(DirectoryEntryId(id)),
        city_id: Some(DirectoryEntryId(id)),
        stage_id: Some(StageId(id)),
        ..lead
    }
}

/// Converts one lead; returns what of the order it may name, and the warnings.
async fn made_of(app: &TestApp, lead: LeadConversionRequested) -> (Value, Vec<String>) {
    let events = app.leads().await.convert([lead]).await;
    let converted = conversions(&events)[0];
    let path = format!("/api/v1/orders/{}", converted.order_id);
    let order = app.api.get(&path).await.expect(200).json();
    let keys = ["id_origin", "id_office", "id_city", "id_status"];
    (
        json!(keys.map(|key| order[key].clone())),
        converted.warnings.clone(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_id_gives_way_to_the_default() {
    let app = TestApp::start().await;
    let known = known(&app).await;
    let defaults = json!([known.origin, known.office, known.city, known.stage["id"]]);
    let name = known.stage["name"].as_str().unwrap();
    for (id, asked) in (1..).zip([UNKNOWN, 0, -3, i64::MAX]) {
        let (order, warnings) = made_of(&app, asking(asked, defaulted(&known, id))).await;
        assert_eq!(order, defaults, "{asked}");
        let taken = |what, id| {
            format!("{what} {asked}: нет в справочнике, в заказе указан {id}, по умолчанию.")
        };
        assert_eq!(
            warnings,
            [
                format!("Этап {asked} не найден: заказ создан на этапе по умолчанию «{name}»."),
                taken("Источник", known.origin),
                taken("Офис", known.office),
                taken("Город", known.city),
            ]
        );
    }
    // Nothing asked for.
    let (order, warnings) = made_of(&app, defaulted(&known, 9)).await;
    assert_eq!((order, warnings), (defaults, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_default_that_is_unknown_too_leaves_none_and_the_first_stage() {
    let app = TestApp::start().await;
    let gone = Known {
        origin: GONE,
        office: GONE,
        // Of the same kind nobody has it, whatever else it is the id of.
        city: app.create_entry("office", "Центр").await,
        stage: json!({"id": GONE}),
    };
    app.new_events().await;
    let first = app.first_pipeline(&app.api).await["stages"][0].clone();
    let (order, warnings) = made_of(&app, asking(UNKNOWN, defaulted(&gone, 1))).await;
    let bare = json!([null, null, null, first["id"]]);
    assert_eq!(order, bare);
    let none = |what, id| {
        format!(
            "{what} {UNKNOWN}: нет в справочнике, по умолчанию {id} тоже нет; в заказе не указан."
        )
    };
    assert_eq!(
        warnings,
        [
            format!(
                "Этап {UNKNOWN} не найден, этап по умолчанию {GONE} тоже: заказ создан на этапе \
                 «Новая»."
            ),
            none("Источник", GONE),
            none("Офис", GONE),
            none("Город", gone.city),
        ]
    );
    // The intake service asks for the default itself where the lead says nothing: one warning.
    let lead = defaulted(&gone, 2);
    let (order, warnings) = made_of(&app, asking(GONE, lead)).await;
    assert_eq!(order, bare);
    assert_eq!(
        warnings[..2],
        [
            format!("Этап {GONE} не найден: заказ создан на этапе «Новая»."),
            format!("Источник {GONE}: нет в справочнике, в заказе не указан."),
        ]
    );
}
