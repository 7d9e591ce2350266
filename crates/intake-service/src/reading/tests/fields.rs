//! Everything that is no contact.

use super::*;
use crate::domain::source::LeadDefaults;

#[test]
fn bad_values_are_kept_beside_or_refused() {
    let long = "я".repeat(256);
    let sent = json!({"phone": 79998888888_i64, "cost": "abc", "name": long, "userIdOwner": 1.5,
        "utmTerm": "x".repeat(2049), "gclid": "y".repeat(2048), "sourceId": [], "funnelStageId": true});
    let kept = lead(read(&source("webhook"), JSON, "", sent.to_string()));
    assert_eq!(kept["gclid"], "y".repeat(2048));
    assert_eq!(
        kept["extra"],
        json!({"cost": "abc", "name": long, "userIdOwner": 1.5, "utmTerm": "x".repeat(2049), "funnelStageId": true})
    );
    assert_eq!(kept["warnings"].as_array().unwrap().len(), 5);

    let settings = SourceSettings {
        strict: true,
        ..SourceSettings::default()
    };
    let refused = read(
        &source_with("webhook", settings),
        JSON,
        "",
        sent.to_string(),
    );
    let expected = json!({
        "name": ["Количество символов в поле Имя не может превышать 255."],
        "userIdOwner": ["Поле ID Ответственного сотрудника должно быть целым числом."],
        "funnelStageId": ["Поле ID Этапа воронки должно быть целым числом."],
        "cost": ["Поле Сумма (Бюджет) должно быть целым числом."],
        "utmTerm": ["Количество символов в поле UTM Term не может превышать 2048."],
    });
    assert_eq!(errors(refused, Language::Russian), expected);
}

#[test]
fn any_scalar_may_come_as_text_or_number() {
    let body = r#"{"phone":"79998888888","name":42,"userIdOwner":"1","cost":"1500.5","remoteId":"-7",
        "utmTerm":1.50,"yclid":12345678901234567890123,"from":false}"#;
    let expected = json!({"name": "42", "phone": "79998888888", "userIdOwner": 1, "remoteId": -7,
        "cost": 1501, "utmTerm": "1.50", "from": "false", "yclid": "12345678901234567890123"});
    assert_eq!(lead(read(&source("webhook"), JSON, "", body)), expected);
}

#[test]
fn the_mapping_of_the_source_comes_before_all() {
    let mapping = [
        ("Кому звонить", "name"),
        ("form[0].tel", "phone"),
        ("deal[sum]", "cost"),
        ("phone", "utmTerm"),
    ];
    let settings = SourceSettings {
        mapping: mapping
            .map(|(path, key)| (path.to_owned(), key.to_owned()))
            .into(),
        ..SourceSettings::default()
    };
    let body = r#"{"name":"Сайт","кому звонить":"Иван","form":[{"tel":"79998888888"}],
        "deal":{"sum":5},"phone":"слово"}"#;
    let expected = json!({"name": "Иван", "phone": "79998888888", "cost": 5, "utmTerm": "слово",
        "extra": {"name": "Сайт"}});
    assert_eq!(
        lead(read(&source_with("webhook", settings), JSON, "", body)),
        expected
    );
}

#[test]
fn the_parts_of_a_name_are_joined() {
    let source = source("webhook");
    for (body, name, rest) in [
        ("first_name=Иван&last_name=Ли", "Иван Ли", Value::Null),
        ("Фамилия=Ли", "Ли", Value::Null),
        (
            "name=Иван+Ли&last_name=Ли",
            "Иван Ли",
            json!({"last_name": "Ли"}),
        ),
    ] {
        let read = lead(read(&source, FORM, "", format!("phone=79998888888&{body}")));
        assert_eq!(read["name"], name);
        assert_eq!(read["extra"], rest);
    }
}

#[test]
fn only_the_advertising_source_falls_back() {
    let settings = SourceSettings {
        defaults: LeadDefaults {
            origin_id: Some(8),
            stage_id: Some(9),
            owner_id: Some(10),
            office_id: Some(11),
            city_id: Some(12),
        },
        ..SourceSettings::default()
    };
    let source = source_with("webhook", settings);
    let phone = json!({"phone": "79998888888", "sourceId": 8});
    assert_eq!(lead(read(&source, FORM, "", "phone=79998888888")), phone);
    let sent = lead(read(&source, FORM, "", "phone=79998888888&sourceId=5"));
    assert_eq!(sent["sourceId"], 5);
}
