//! Which webhooks an event fires, told anew from what integrators see: the envelope
//! of the event and the stored JSON of the settings. Nothing of the matching is
//! used. Conditions have a model of their own.

use events::{Event, envelope};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{any_event, any_settings};
use super::*;

/// The envelope of an event, and the state before an edit as far as it tells.
struct Seen {
    event_type: String,
    token: Value,
    now: Value,
    /// The former values of what an edit changed.
    previous: Value,
    before: Option<Value>,
}

impl Seen {
    fn of(event: &Event) -> Self {
        let seen = serde_json::to_value(envelope(event)).unwrap();
        let now = seen["data"].clone();
        let before = seen["previous"].as_object().map(|previous| {
            let mut before = now.clone();
            for (key, value) in previous {
                before[key] = value.clone();
            }
            before
        });
        Self {
            event_type: seen["type"].as_str().unwrap().to_owned(),
            token: seen["actor"]["token_id"].clone(),
            previous: seen["previous"].clone(),
            now,
            before,
        }
    }

    fn is_of_order(&self) -> bool {
        self.event_type.starts_with("order.")
    }

    fn is_chosen(&self, settings: &Value) -> bool {
        has(&settings["events"], &json!(self.event_type))
    }

    fn is_where_asked(&self, settings: &Value) -> bool {
        let asked = |list: &str, key: &str| match &settings["filter"][list] {
            Value::Null => true,
            list => self.is_of_order() && has(list, &self.now[key]),
        };
        let trigger = &settings["trigger"];
        asked("stages", "id_status")
            && asked("pipelines", "id_pipeline")
            && (trigger.is_null() || self.is_what_waits(trigger))
    }

    fn is_what_waits(&self, trigger: &Value) -> bool {
        let is_in = |order: &Value| order["id_status"] == trigger["stage"];
        let now = is_in(&self.now);
        let before = self.before.as_ref().map(is_in);
        let created = self.event_type == "order.add" && now;
        let moved = |was: bool, is: bool| {
            self.event_type == "order.edit" && before == Some(was) && now == is
        };
        match trigger["event"].as_str().unwrap() {
            "entered" => moved(false, true),
            "created_in" => created,
            "entered_or_created" => created || moved(false, true),
            "left" => moved(true, false),
            "changed" => moved(true, true),
            other => panic!("{other}"),
        }
    }

    /// `None` if the envelope does not tell: an order's has nothing of its client.
    fn is_changed(&self, settings: &Value) -> Option<bool> {
        let Some(fields) = settings["filter"]["changed"].as_array() else {
            return Some(true);
        };
        let fields: Vec<&str> = fields.iter().map(|field| field.as_str().unwrap()).collect();
        let of_client = |field: &&str| field.starts_with("client.");
        let Some(before) = &self.before else {
            return Some(false);
        };
        let is_told = self.event_type == "client.edit" || !fields.iter().any(of_client);
        is_told.then(|| {
            fields.iter().any(|field| {
                let field = field.strip_prefix("client.").unwrap_or(field);
                match field.contains('.') {
                    true => at(before, field) != at(&self.now, field),
                    false => self.previous.get(field).is_some(),
                }
            })
        })
    }

    fn is_of_others(&self, settings: &Value) -> bool {
        let token = &settings["filter"]["skip_token"];
        token.is_null() || *token != self.token
    }
}

fn has(list: &Value, value: &Value) -> bool {
    list.as_array().unwrap().contains(value)
}

/// Walks down by name; null where there is nothing.
fn at<'a>(record: &'a Value, field: &str) -> &'a Value {
    field.split('.').fold(record, |at, key| &at[key])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn each_rule_says_what_the_envelope_says(settings in any_settings(), event in any_event()) {
        let seen = Seen::of(&event);
        let stored = serde_json::to_value(&settings).unwrap();
        let occasion = Occasion::of(&event).unwrap();
        let subject = Subject::from(&settings);
        let judged = judge(subject, &event, &AccountStages::default());
        let said = |rule| judged.iter().find(|result| result.rule == rule).unwrap().passed;

        let is_changed = seen.is_changed(&stored).unwrap_or(said(Rule::Changed));
        prop_assert_eq!(said(Rule::Event), seen.is_chosen(&stored));
        prop_assert_eq!(said(Rule::Stage), seen.is_where_asked(&stored));
        prop_assert_eq!(said(Rule::Changed), is_changed);
        prop_assert_eq!(said(Rule::SkipOwn), seen.is_of_others(&stored));
        let expected = seen.is_chosen(&stored)
            && seen.is_where_asked(&stored)
            && is_changed
            && seen.is_of_others(&stored)
            && said(Rule::Condition);
        prop_assert_eq!(fires(subject, &occasion), expected);
        for result in &judged {
            prop_assert!(result.detail.ends_with('.'), "{}", result.detail);
        }
    }
}
