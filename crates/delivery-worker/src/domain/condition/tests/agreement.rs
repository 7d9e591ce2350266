//! Random conditions over random orders agree with a model that knows nothing but
//! the JSON of the REST API.

mod model;
mod random;

use proptest::prelude::*;

use super::*;
use model::{Model, shown};
use random::{some_condition, some_order};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn conditions_agree_with_the_model(
        json in some_condition(),
        now in some_order(),
        before in prop::option::of(some_order()),
    ) {
        let model = Model { now: shown(&now), before: before.as_ref().map(shown) };
        let action = if before.is_some() { Action::Edit } else { Action::Add };
        let change = order_changed(action, now, before);
        let record = Record::of(&change).unwrap();
        let read = Condition::parse(&json);
        prop_assert!(read.is_ok(), "{json}: {read:?}");
        let read = read.unwrap();
        prop_assert_eq!(read.holds(&record), model.holds(&json), "{}", json);
        for (row, sent) in read.rows(&record).iter().zip(rows_of(&json)) {
            prop_assert_eq!(row.holds, model.holds(&sent), "{} in {}", sent, json);
            prop_assert_eq!(json.pointer(row.pointer.strip_prefix("/condition").unwrap()), Some(&sent));
        }
        let stored = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(&stored, &json.to_string());
        prop_assert_eq!(serde_json::from_str::<Condition>(&stored).unwrap(), read);
    }
}

fn rows_of(json: &Json) -> Vec<Json> {
    match json.get("all").or(json.get("any")) {
        Some(members) => members
            .as_array()
            .unwrap()
            .iter()
            .flat_map(rows_of)
            .collect(),
        None => vec![json.clone()],
    }
}
