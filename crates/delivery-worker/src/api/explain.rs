//! `/webhooks/{id}/explain`, `/triggers/{id}/explain`: why an event was delivered,
//! or was not.

mod address;
mod facts;
pub(crate) mod get;
mod outcome;
mod verdict;
mod wording;

pub(in crate::api) use address::{describe_refusal, find_refusal};
pub(crate) use get::{explain_trigger, explain_webhook};

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::deliveries::DeliveryResponse;
use crate::domain::condition::RowResult;
use crate::matching::RuleResult;

/// Why an event was delivered, or was not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplanationResponse {
    /// The webhook or trigger.
    webhook_id: i64,
    /// The event.
    #[schema(format = "uuid")]
    event_id: String,
    /// The event's type.
    #[schema(example = "order.edit")]
    event_type: String,
    /// What became of it, in a word: `not_matched`; `delivered`; `pending` (about to be sent);
    /// `retrying`; `held_inactive`, `held_disabled`, `held_paused`, `held_breaker`,
    /// `held_unusable` (it is kept and goes out once the webhook is switched on, resumed, answers
    /// again or is mended); `address_refused`;
    /// `failed`; `expired`; `dropped`; `skipped`; `erased` (a person was erased from it, so that
    /// this cannot be told any more); `no_longer_kept`.
    #[schema(example = "not_matched")]
    outcome: &'static str,
    /// The same in a sentence or two.
    summary: String,
    /// The version of the settings that were in force when the event came; null if the webhook was
    /// not there yet.
    settings_version: Option<i64>,
    /// What each rule says, in this order: `existed`, `active`, `event`, `stage`, `changed`,
    /// `skip_own`, `condition`, `delivery`; then what holds a delivery up: `inactive`,
    /// `disabled`, `paused`, `breaker`, `unusable`, `address`. Rules that cannot be judged are left out.
    rules: Vec<RuleResponse>,
    /// The delivery; null if there is none.
    #[schema(nullable)]
    delivery: Option<DeliveryResponse>,
}

/// What a rule says of an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RuleResponse {
    /// Which rule.
    #[schema(example = "stage")]
    rule: &'static str,
    /// Whether it lets the event pass; null if that cannot be told any more.
    passed: Option<bool>,
    /// Why, in a sentence with the values at hand.
    #[schema(
        example = "The order's stage is 13 «In work», as before; the trigger fires when an edit brings an order into stage 12 «New»."
    )]
    detail: String,
    /// Of the rule `condition`: its rows, in the order in which they stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<RowResponse>,
}

/// What a row of a condition came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RowResponse {
    /// Where it stands.
    #[schema(example = "/condition/all/0")]
    pointer: String,
    /// The field.
    #[schema(example = "price")]
    field: String,
    /// The operator.
    #[schema(example = "greater")]
    operator: &'static str,
    /// What the field is compared with; null for an operator without a value.
    #[schema(value_type = Value, nullable)]
    value: Json,
    /// What the record has.
    #[schema(value_type = Value, nullable)]
    actual: Json,
    /// Whether it holds.
    holds: bool,
}

impl RuleResponse {
    /// A rule that is not the matcher's.
    pub(in crate::api) fn new(
        rule: &'static str,
        passed: Option<bool>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            passed,
            detail: detail.into(),
            rows: Vec::new(),
        }
    }
}

impl From<RuleResult> for RuleResponse {
    fn from(result: RuleResult) -> Self {
        Self {
            rule: result.rule.as_str(),
            passed: Some(result.passed),
            detail: result.detail,
            rows: result.rows.into_iter().map(RowResponse::from).collect(),
        }
    }
}

impl From<RowResult> for RowResponse {
    fn from(row: RowResult) -> Self {
        Self {
            pointer: row.pointer,
            field: row.field,
            operator: row.operator,
            value: row.value.unwrap_or(Json::Null),
            actual: row.actual,
            holds: row.holds,
        }
    }
}
