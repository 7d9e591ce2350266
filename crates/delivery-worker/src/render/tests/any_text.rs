//! The way back for any text.

use proptest::prelude::*;

use super::*;

fn any_field_name() -> impl Strategy<Value = String> {
    any::<String>().prop_filter_map("a name without brackets and controls", |name| {
        let name: String = name
            .chars()
            .filter(|c| !c.is_control() && !['[', ']'].contains(c))
            .take(64)
            .collect();
        (!name.is_empty()).then_some(name)
    })
}

/// What `$_POST` holds, in order, by another implementation of the encoding.
fn parse_form(form: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form.as_bytes())
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

proptest! {
    #[test]
    fn any_text_comes_back_from_a_form(
        name in any::<String>(),
        note in any::<String>(),
        fields in prop::collection::vec((any_field_name(), any::<String>()), 0..8),
    ) {
        let client = ClientSnapshot {
            realname: name.clone(),
            text: note.clone(),
            fields: fields.iter().map(|(key, value)| field(key, text(value))).collect(),
            ..client()
        };
        let form = body(&client_event(Action::Edit, client), BodyFormat::Form, true);
        prop_assert!(form.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+%&=".contains(&b)));

        let parsed = parse_form(&form);
        prop_assert_eq!(&parsed[0], &("realname".to_owned(), name));
        prop_assert_eq!(&parsed[5], &("text".to_owned(), note));
        let expected: Vec<_> = fields
            .into_iter()
            .map(|(key, value)| (format!("fields[{key}]"), value))
            .collect();
        prop_assert_eq!(&parsed[6..], expected);
    }

    #[test]
    fn any_text_and_number_come_back_from_json(
        name in any::<String>(),
        note in any::<String>(),
        whole in any::<i64>(),
        number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
        key in any_field_name(),
    ) {
        let fields = vec![
            field(&key, text(&note)),
            field("[whole]", FieldValue::Integer(whole)),
            field("[number]", FieldValue::Number(number)),
        ];
        let client = ClientSnapshot { realname: name.clone(), text: note.clone(), fields, ..client() };
        let json = body(&client_event(Action::Edit, client), BodyFormat::Json, true);
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(parsed["realname"].as_str(), Some(name.as_str()));
        prop_assert_eq!(parsed["text"].as_str(), Some(note.as_str()));
        prop_assert_eq!(parsed["fields"][&key].as_str(), Some(note.as_str()));
        prop_assert_eq!(parsed["fields"]["[whole]"].as_i64(), Some(whole));
        prop_assert_eq!(parsed["fields"]["[number]"].as_f64(), Some(number));
    }

    #[test]
    fn any_price_reads_back_as_the_same_amount(minor_units in -999_999_999_999_999_i64..=999_999_999_999_999) {
        let order = OrderSnapshot { price: Some(Price(minor_units)), ..order() };
        let form = body(&order_event(Action::Add, order), BodyFormat::Form, true);
        let price = parse_form(&form)
            .into_iter()
            .find_map(|(key, value)| (key == "price").then_some(value))
            .unwrap();
        let (units, cents) = price.split_once('.').unwrap_or((&price, ""));
        prop_assert!(cents.len() <= 2 && !cents.ends_with('0'));
        let digits: i64 = format!("{}{cents:0<2}", units.trim_start_matches('-')).parse().unwrap();
        prop_assert_eq!(if price.starts_with('-') { -digits } else { digits }, minor_units);
    }
}
