//! Random events that the domain allows.

mod clients;
mod leads;
mod orders;
mod pipelines;
mod tasks;

use events::{
    AccountId, Action, Actor, ActorKind, Cause, Change, Color, DirectoryEntryId, DisabledReason,
    Event, EventId, Mark, PersonErased, StageKind, Timestamp, TokenId, TokenRevoked,
    WebhookDisabled, WebhookId, WebhookKind,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use clients::client_changed;
use leads::{lead_converted, lead_requested};
use orders::order_changed;
use pipelines::pipeline_changed;
use tasks::{task_changed, tasks_deleted};

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let actor = (
        select(vec![
            ActorKind::Api,
            ActorKind::Console,
            ActorKind::Lead,
            ActorKind::Import,
            ActorKind::System,
        ]),
        option::of("[a-z0-9]{1,20}"),
    );
    (
        any::<[u8; 16]>(),
        any::<i64>(),
        any::<i64>(),
        actor,
        cause(),
        change(),
    )
        .prop_map(
            |(id, account_id, occurred_at, (kind, token_id), cause, change)| Event {
                id: EventId::from_bytes(&id).unwrap(),
                account_id: AccountId(account_id),
                occurred_at: Timestamp(occurred_at),
                actor: Actor {
                    kind,
                    token_id: token_id.map(TokenId),
                },
                cause,
                change,
            },
        )
}

fn cause() -> impl Strategy<Value = Cause> {
    let traced = prop_oneof![
        Just(""),
        Just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    (text(), traced).prop_map(|(correlation_id, traceparent)| Cause {
        correlation_id,
        traceparent: traceparent.into(),
    })
}

fn change() -> impl Strategy<Value = Change> {
    let order = order_changed().prop_map(|change| Change::Order(Box::new(change)));
    let task = task_changed().prop_map(|change| Change::Task(Box::new(change)));
    let client = client_changed().prop_map(|change| Change::Client(Box::new(change)));
    let lead = lead_requested();
    let lead = lead.prop_map(|change| Change::LeadConversionRequested(Box::new(change)));
    // All side by side they are too large for the stack of a test's thread.
    prop_oneof![
        order.boxed(),
        task.boxed(),
        tasks_deleted().prop_map(Change::TasksOfOrderDeleted),
        client.boxed(),
        pipeline_changed().prop_map(Change::Pipeline),
        lead.boxed(),
        lead_converted().prop_map(Change::LeadConverted),
        "[a-z0-9]{1,20}".prop_map(|id| {
            Change::TokenRevoked(TokenRevoked {
                token_id: TokenId(id),
            })
        }),
        (option::of("[+0-9]{1,20}"), option::of("[a-z@.]{1,20}")).prop_map(|(phone, email)| {
            Change::PersonErased(PersonErased {
                phone_e164: phone,
                email_normalized: email,
            })
        }),
        webhook_disabled().prop_map(Change::WebhookDisabled),
    ]
}

fn webhook_disabled() -> impl Strategy<Value = WebhookDisabled> {
    let kinds = vec![WebhookKind::Webhook, WebhookKind::Trigger];
    let reasons = vec![DisabledReason::Gone, DisabledReason::Failing];
    (
        any::<i64>(),
        text(),
        select(kinds),
        select(reasons),
        any::<i64>(),
    )
        .prop_map(|(id, name, kind, reason, at)| WebhookDisabled {
            webhook_id: WebhookId(id),
            name,
            kind,
            reason,
            disabled_at: Timestamp(at),
        })
}

fn text() -> impl Strategy<Value = String> {
    ".{0,12}"
}

fn entry() -> impl Strategy<Value = Option<DirectoryEntryId>> {
    option::of(any::<i64>().prop_map(DirectoryEntryId))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

fn color() -> impl Strategy<Value = Option<Color>> {
    option::of("[0-9A-Fa-f]{6}".prop_map(|digits| Color::parse(&digits).unwrap()))
}

fn kind() -> impl Strategy<Value = StageKind> {
    select(vec![StageKind::Open, StageKind::Won, StageKind::Lost])
}

fn added_or_deleted() -> impl Strategy<Value = Action> {
    select(vec![Action::Add, Action::Delete])
}

fn marks() -> impl Strategy<Value = Vec<Mark>> {
    vec(
        (text(), text()).prop_map(|(key, value)| Mark { key, value }),
        0..3,
    )
}
