//! Phones and emails: when there is a lead, and when not.

use super::*;

fn strict() -> Source {
    let settings = SourceSettings {
        strict: true,
        ..SourceSettings::default()
    };
    source_with("webhook", settings)
}

#[test]
fn nothing_given_is_the_refusal_of_s1() {
    let russian = json!({"phone": ["Поле Телефон обязательно для заполнения."]});
    let english = json!({"phone": ["The Phone field is required."]});
    for body in [
        "",
        "{}",
        r#"{"phone":null,"email":" "}"#,
        r#"{"name":"Иван","phone":""}"#,
    ] {
        for source in [source("webhook"), strict(), source("tilda")] {
            let reading = read(&source, JSON, "", body);
            assert_eq!(
                errors(reading.clone(), Language::Russian),
                russian,
                "{body}"
            );
            assert_eq!(errors(reading, Language::English), english);
        }
    }
}

#[test]
fn what_is_no_contact_is_told_field_by_field() {
    let phone = json!("Поле Телефон должно содержать от 5 до 20 цифр.");
    let email = json!("Поле Email должно быть действительным электронным адресом.");
    let source = source("webhook");
    for (body, expected) in [
        (r#"{"phone":"нет"}"#, json!({"phone": [phone]})),
        (r#"{"phone":"1234"}"#, json!({"phone": [phone]})),
        (r#"{"phone":{"a":1}}"#, json!({"phone": [phone]})),
        (r#"{"email":"a@b"}"#, json!({"email": [email]})),
        (
            r#"{"phone":true,"email":"@","cost":"x"}"#,
            json!({"phone": [phone], "email": [email]}),
        ),
    ] {
        let reading = read(&source, JSON, "", body);
        assert_eq!(errors(reading, Language::Russian), expected, "{body}");
    }
}

#[test]
fn one_good_contact_is_enough() {
    let read = lead(read(
        &source("webhook"),
        JSON,
        "",
        r#"{"phone":"8 999 888-88-88","email":"a@b"}"#,
    ));
    let expected = json!({"phone": "79998888888", "extra": {"email": "a@b"},
        "warnings": ["Поле Email должно быть действительным электронным адресом. Присланное значение сохранено в дополнительных данных."]});
    assert_eq!(read, expected);
}

#[test]
fn the_first_value_that_can_be_read_wins() {
    let source = source("webhook");
    for (body, expected) in [
        (
            r#"{"phone":"-","tel":"79998888888"}"#,
            json!({"phone": "79998888888", "extra": {"phone": "-"}}),
        ),
        (
            r#"{"phone":["",null,"79998888888","78005553535"]}"#,
            json!({"phone": "79998888888", "extra": {"phone": ["78005553535"]}}),
        ),
        (
            r#"{"phone_2":"78005553535","Phone":"79998888888"}"#,
            json!({"phone": "79998888888", "extra": {"phone_2": "78005553535"}}),
        ),
        (
            r#"{"data":{"lead":{"Телефон":"79998888888"}}}"#,
            json!({"phone": "79998888888"}),
        ),
        (
            r#"{"phone":"79998888888, 78005553535"}"#,
            json!({"phone": "79998888888"}),
        ),
    ] {
        assert_eq!(lead(read(&source, JSON, "", body)), expected, "{body}");
    }
}

#[test]
fn what_an_object_or_a_list_says_of_a_contact_counts() {
    let source = source("webhook");
    for (body, expected) in [
        (
            r#"{"phone":[{"VALUE":"79990001157","VALUE_TYPE":"WORK"}]}"#,
            json!({"phone": "79990001157", "extra": {"phone": [{"VALUE_TYPE": "WORK"}]}}),
        ),
        (
            r#"{"phone":{"country":"RU","number":"79990001157"}}"#,
            json!({"phone": "79990001157", "extra": {"phone": {"country": "RU"}}}),
        ),
        (
            r#"{"phone":{"formatted":"8 (999) 000-11-57","raw":"","value":"нет"}}"#,
            json!({"phone": "79990001157", "extra": {"phone": {"value": "нет"}}}),
        ),
        (
            r#"{"phones":["79990001157"],"emails":[{"value":"a@b.ru"}]}"#,
            json!({"phone": "79990001157", "email": "a@b.ru"}),
        ),
        (
            r#"{"Телефоны":"79990001157"}"#,
            json!({"phone": "79990001157"}),
        ),
        (
            r#"{"lead":{"email":{"address":"a@b.ru"}}}"#,
            json!({"email": "a@b.ru"}),
        ),
    ] {
        assert_eq!(lead(read(&source, JSON, "", body)), expected, "{body}");
    }
    // A mapping and a path through a text that holds JSON lead there as well.
    let settings = SourceSettings {
        mapping: [("data.who".to_owned(), "phone".to_owned())].into(),
        ..SourceSettings::default()
    };
    let body = json!({"data": r#"{"who":{"number":"79990001157"}}"#}).to_string();
    let read = lead(read(&source_with("webhook", settings), JSON, "", body));
    assert_eq!(read["phone"], "79990001157");
}

#[test]
fn an_employee_is_not_the_client() {
    let source = source("webhook");
    let contact = r#"{"name":"Оператор","email":"o@b.ru","phone":"+74950000000"}"#;
    for name in [
        "manager",
        "agent_2",
        "operators",
        "Ответственный",
        "responsible_user",
        "company",
        "Организация",
    ] {
        for body in [
            format!(r#"{{"{name}":{contact}}}"#),
            format!(r#"{{"{name}":[{contact}]}}"#),
            format!(r#"{{"data":{{"{name}":{{"contact":{contact}}}}}}}"#),
        ] {
            let reading = read(&source, JSON, "", &body);
            let expected = json!({"phone": ["Поле Телефон обязательно для заполнения."]});
            assert_eq!(errors(reading, Language::Russian), expected, "{body}");
        }
        let body = format!(r#"{{"{name}":{contact},"user":{{"tel":"79998888888"}}}}"#);
        let read = lead(read(&source, JSON, "", body));
        assert_eq!(read["phone"], "79998888888");
        assert_eq!(read["email"], Value::Null);
        assert_eq!(read["name"], Value::Null);
    }
}

#[test]
fn two_hundred_emails_make_one_lead() {
    let many: Vec<String> = (0..200).map(|number| format!("a{number}@b.ru")).collect();
    let many = many.join(", ");
    let read = lead(read(
        &source("webhook"),
        JSON,
        "",
        json!({"email": many}).to_string(),
    ));
    assert_eq!(read, json!({"email": "a0@b.ru", "extra": {"email": many}}));
}

#[test]
fn the_region_of_the_source_counts() {
    let settings = SourceSettings {
        phone_region: Some("UZ".to_owned()),
        ..SourceSettings::default()
    };
    let source = source_with("webhook", settings);
    let read = lead(read(&source, JSON, "", r#"{"phone":"901234567"}"#));
    assert_eq!(read["phone"], "998901234567");
}
