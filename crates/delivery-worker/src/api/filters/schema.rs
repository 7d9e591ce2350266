//! Filters as they are shown, and as the OpenAPI document describes them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::field::Field;
use crate::domain::filter::Filter;

/// All or any of some rows: exactly one of both keys.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum Condition {
    /// Every member has to hold.
    All {
        /// 1 to 100 rows in all.
        all: Vec<ConditionMember>,
    },
    /// One member has to hold.
    Any {
        /// 1 to 100 rows in all.
        any: Vec<ConditionMember>,
    },
}

/// A row, or a group of rows. Two levels are the most: members of that group are rows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum ConditionMember {
    /// A row.
    Row(ConditionRow),
    /// Every row has to hold.
    All {
        /// The rows.
        all: Vec<ConditionRow>,
    },
    /// One row has to hold.
    Any {
        /// The rows.
        any: Vec<ConditionRow>,
    },
}

/// Compares one field of the record. What is null meets `empty` only.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConditionRow {
    /// A key of the record, `marks.<key>`, `client.<key>`, `client.fields.<name>`,
    /// `stage.id|name|kind`, `pipeline.id|name`, or `previous.<key>` for the value before an edit.
    #[schema(example = "price")]
    field: String,
    /// Those that fit depend on the field; another one is refused with the list of them.
    operator: ConditionOperator,
    /// What it is compared with, in the field's own type: a list of 1 to 100 for `in`, left out
    /// for `empty`, `not_empty` and `changed`.
    #[schema(example = 1000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

/// How a field is compared. `changed`: by this edit; `changed_to`: by this edit, and now equal.
/// Letter case counts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum ConditionOperator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    In,
    Contains,
    StartsWith,
    Empty,
    NotEmpty,
    Changed,
    ChangedTo,
}

/// What narrows down the events of a webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WebhookFilterResponse {
    /// It fires only if an edit changed one of these fields; empty for any event.
    changed: Vec<String>,
    /// It fires only for orders in one of these pipelines after the change; empty for any record.
    id_pipeline: Vec<i64>,
    /// It fires only for orders in one of these stages after the change; empty for any record.
    id_status: Vec<i64>,
    /// It fires only if this holds.
    #[schema(value_type = Option<Condition>)]
    condition: Option<Value>,
    /// Whether changes made with the token `skip_own_token_id` do not fire it.
    skip_own: bool,
    /// Whose changes do not fire it.
    skip_own_token_id: Option<String>,
}

/// What narrows down the events of a trigger.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TriggerFilterResponse {
    /// It fires only if an edit changed one of these fields; empty for any change.
    changed: Vec<String>,
    /// It fires only if this holds.
    #[schema(value_type = Option<Condition>)]
    condition: Option<Value>,
    /// Whether changes made with the token `skip_own_token_id` do not fire it.
    skip_own: bool,
    /// Whose changes do not fire it.
    skip_own_token_id: Option<String>,
}

impl From<&Filter> for WebhookFilterResponse {
    fn from(filter: &Filter) -> Self {
        let TriggerFilterResponse {
            changed,
            condition,
            skip_own,
            skip_own_token_id,
        } = filter.into();
        Self {
            changed,
            id_pipeline: filter.pipelines.iter().map(|id| id.0).collect(),
            id_status: filter.stages.iter().map(|id| id.0).collect(),
            condition,
            skip_own,
            skip_own_token_id,
        }
    }
}

impl From<&Filter> for TriggerFilterResponse {
    fn from(filter: &Filter) -> Self {
        Self {
            changed: filter.changed.iter().map(Field::to_string).collect(),
            condition: filter.condition.as_ref().map(|shown| shown.to_json()),
            skip_own: filter.skip_token.is_some(),
            skip_own_token_id: filter.skip_token.as_ref().map(|token| token.0.clone()),
        }
    }
}
