//! `POST /deliveries/retry`.

use std::collections::HashSet;

use actix_web::web::Data;
use database::Connection;
use events::AccountId;
use http_api::{
    ApiError, Authorized, Fields, Invalid, JsonBody, TextLimit, WebhooksWrite, WriteProblems, code,
    read_text,
};
use idempotency::{Answer, Idempotency};
use uuid::Uuid;

use super::read::{any_of, ids, read_event_types, read_force, read_moment, read_rate};
use super::{ReplayResponse, RetryDeliveriesRequest, accept};
use crate::domain::delivery::{DeliveryState, Origin};
use crate::domain::replay::{RetrySelection, Selection};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;
use crate::store::replays::{NewReplay, list_live_webhooks, list_webhooks_with_deliveries};

const COMPONENTS: [(&str, &str); 3] = [("order", "order"), ("task", "task"), ("client", "client")];
/// How a webhook may be named, as `GET /deliveries` has it.
const ID_FIELDS: [&str; 4] = ["webhook", "webhook_id", "trigger", "trigger_id"];
/// As long as a UUID can be written.
const UUID_CHARS: usize = 45;

/// Makes many deliveries due again, as a job that goes on by itself.
///
/// As `POST /deliveries/{id}/retry` does with each: under the same `webhook-id`, attempts go on
/// counting. It means those that are there when it is asked for. Live traffic goes first. Cancelling
/// stops it; what it has made due by then is sent.
#[utoipa::path(
    post,
    path = "/deliveries/retry",
    tag = "deliveries",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    request_body = RetryDeliveriesRequest,
    responses(
        (status = 202, description = "The job; `Location` says where to look", body = ReplayResponse),
        WriteProblems,
    )
)]
pub(crate) async fn retry_deliveries(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let account_id = AccountId(caller.account_id);
    let sha256 = body.sha256();
    let mut fields = body.into_fields();
    let named = ID_FIELDS.map(|key| (key, ids(&mut fields, key)));
    let selection = read_selection(&mut fields, &named);
    let rate_per_second = read_rate(&mut fields);
    let known = {
        let ids = selection.webhook_ids.clone();
        let of_account =
            move |conn: &mut Connection<'_>| Ok(list_live_webhooks(conn, account_id, &ids)?);
        state.read(of_account).await?
    };
    refuse_unknown(&mut fields, &named, &known);
    fields.finish()?;
    accept(&state, &caller, idempotency, sha256, move |conn| {
        let (ids, kinds) = (&selection.webhook_ids, &selection.kinds);
        Ok(NewReplay {
            account_id,
            webhook: None,
            rate_per_second,
            lanes: list_webhooks_with_deliveries(conn, account_id, ids, kinds)?,
            position: Vec::new(),
            selection: Selection::Retry(selection.clone()),
        })
    })
    .await
}

/// Webhooks that are not there would be looked for in vain.
fn refuse_unknown(fields: &mut Fields, named: &[(&str, Vec<i64>)], known: &HashSet<i64>) {
    for (key, ids) in named {
        let unknown = ids.iter().filter(|id| !known.contains(id));
        let unknown: Vec<String> = unknown.map(i64::to_string).collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            fields.error(
                key,
                code::NOT_FOUND,
                format!(
                    "There is no webhook or trigger {unknown}: GET /webhooks and GET /triggers \
                     list them. What a deleted one had to send cannot be sent any more."
                ),
            );
        }
    }
}

/// States of which nothing would be sent.
fn refuse_in_vain(fields: &mut Fields, selection: &RetrySelection) {
    let asks_for = |state: DeliveryState| selection.states.iter().any(|it| it == state.as_str());
    if asks_for(DeliveryState::Dropped) {
        fields.error(
            "state",
            code::UNKNOWN_VALUE,
            "Leave dropped out: its webhook was deleted, so there is nowhere to send it to.",
        );
    }
    if asks_for(DeliveryState::Delivered) && !selection.force && !fields.has_error_at("force") {
        fields.error(
            "force",
            code::REQUIRED,
            "Send true to send once more what receivers have taken, or leave delivered out of state.",
        );
    }
}

fn read_selection(fields: &mut Fields, named: &[(&str, Vec<i64>)]) -> RetrySelection {
    let kinds =
        [WebhookKind::Webhook, WebhookKind::Trigger].map(|kind| (kind.as_str(), kind.as_str()));
    let states = DeliveryState::ALL.map(|state| (state.as_str(), state.as_str()));
    // A test is not retried.
    let origins = [Origin::Event, Origin::Replay].map(|origin| (origin.as_str(), origin.as_str()));
    let mut selection = RetrySelection {
        webhook_ids: named.iter().flat_map(|(_, ids)| ids).copied().collect(),
        kinds: any_of(fields, "kind", &kinds),
        states: any_of(fields, "state", &states),
        component: fields
            .one_of("component", &COMPONENTS)
            .value()
            .map(str::to_owned),
        record_ids: ids(fields, "record_id"),
        events: read_event_types(fields, "event"),
        event_id: read_event_id(fields),
        origins: any_of(fields, "origin", &origins),
        created_from_us: read_moment(fields, "created_from").value().map(|at| at.0),
        created_to_us: read_moment(fields, "created_to").value().map(|at| at.0),
        force: read_force(fields),
    };
    refuse_in_vain(fields, &selection);
    if selection.states.is_empty() {
        let given_up = [DeliveryState::Failed, DeliveryState::Expired];
        selection.states = given_up.map(|state| state.as_str().to_owned()).to_vec();
    }
    if let (Some(from_us), Some(to_us)) = (selection.created_from_us, selection.created_to_us)
        && to_us < from_us
    {
        fields.error(
            "created_to",
            code::OUT_OF_RANGE,
            "Send a time after created_from.",
        );
    }
    selection
}

fn read_event_id(fields: &mut Fields) -> Option<Uuid> {
    let id = fields.custom("event_id", |value| {
        let text = read_text(value, TextLimit::Chars(UUID_CHARS))?;
        Uuid::try_parse(&text).map_err(|_not_an_id| {
            Invalid::new(
                code::INVALID,
                "Send the id of an event, a UUID, as `id` of an envelope shows it.",
            )
        })
    });
    id.value()
}
