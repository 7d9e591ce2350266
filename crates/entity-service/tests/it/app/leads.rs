//! Leads, asked for as the intake service would.

use broker::{OutgoingMessage, Publisher};
use events::{
    AccountId, Actor, ActorKind, Cause, Change, Event, EventId, LeadConversionRequested,
    LeadConverted, LeadId, Timestamp,
};
use test_support::wait_until;

use super::{DEADLINE, NOW_US, TestApp};

/// Publishes to the service's queue.
pub(crate) struct LeadsApi<'a> {
    app: &'a TestApp,
    publisher: Publisher,
}

/// A lead without anything but its id, as one of a person who was erased.
pub(crate) fn lead(id: i64) -> LeadConversionRequested {
    LeadConversionRequested {
        lead_id: LeadId(id),
        name: String::new(),
        phone: String::new(),
        email: String::new(),
        phone_e164: None,
        email_normalized: None,
        owner_id: None,
        origin_id: None,
        office_id: None,
        city_id: None,
        stage_id: None,
        cost: None,
        marks: Vec::new(),
        default_origin_id: None,
        default_office_id: None,
        default_city_id: None,
        default_stage_id: None,
    }
}

/// The event that asks for the conversion.
pub(crate) fn asked(account_id: i64, lead: LeadConversionRequested) -> Event {
    Event {
        id: EventId::new(Timestamp(NOW_US)),
        account_id: AccountId(account_id),
        occurred_at: Timestamp(NOW_US),
        actor: Actor {
            kind: ActorKind::Lead,
            token_id: None,
        },
        cause: Cause {
            correlation_id: format!("request of {}", lead.lead_id),
            ..Cause::default()
        },
        change: Change::LeadConversionRequested(Box::new(lead)),
    }
}

/// The conversions among events.
pub(crate) fn conversions(events: &[Event]) -> Vec<&LeadConverted> {
    events
        .iter()
        .filter_map(|event| match &event.change {
            Change::LeadConverted(converted) => Some(converted),
            _ => None,
        })
        .collect()
}

impl TestApp {
    pub(crate) async fn leads(&self) -> LeadsApi<'_> {
        LeadsApi {
            app: self,
            publisher: self.broker.publisher("dealwire.events").await.unwrap(),
        }
    }
}

impl LeadsApi<'_> {
    pub(crate) async fn publish(&self, event: &Event) {
        self.publish_bytes(&event.id.to_string(), event.encode())
            .await;
    }

    pub(crate) async fn publish_bytes(&self, message_id: &str, body: Vec<u8>) {
        let message = OutgoingMessage {
            routing_key: "lead.conversion_requested".to_owned(),
            message_id: message_id.to_owned(),
            message_type: "lead.conversion_requested".to_owned(),
            seq: None,
            traceparent: None,
            body: body.into(),
        };
        // In process it is confirmed by who consumes it; nobody here waits for that.
        drop(self.publisher.publish(message).await.unwrap());
    }

    /// Asks for leads of the first account; returns all events of what came of it.
    pub(crate) async fn convert(
        &self,
        leads: impl IntoIterator<Item = LeadConversionRequested>,
    ) -> Vec<Event> {
        let events: Vec<Event> = leads
            .into_iter()
            .map(|lead| asked(self.app.account_id, lead))
            .collect();
        self.take_in(&events).await
    }

    /// Publishes, and returns all events of what came of it once each request is
    /// answered.
    pub(crate) async fn take_in(&self, events: &[Event]) -> Vec<Event> {
        let before = self.count_answers().await;
        for event in events {
            self.publish(event).await;
        }
        self.answered(before + events.len() as i64).await;
        self.app.new_events().await
    }

    /// Waits until so many answers were given since the start.
    pub(crate) async fn answered(&self, answers: i64) {
        wait_until(DEADLINE, || async { self.count_answers().await >= answers }).await;
    }

    pub(crate) async fn count_answers(&self) -> i64 {
        self.app
            .count_rows("outbox_events WHERE event_type = 'lead.converted'")
            .await
    }

    /// Waits until so many messages are parked.
    pub(crate) async fn parked(&self, messages: i64) {
        wait_until(DEADLINE, || async {
            self.app.count_rows("parked_events").await >= messages
        })
        .await;
    }

    /// Waits until so many requests are counted by what became of them, which happens
    /// after their transaction has ended.
    pub(crate) async fn counted(&self, outcomes: &[(&str, u64)]) {
        for (outcome, requests) in outcomes {
            let line =
                format!("dealwire_lead_conversions_total{{outcome=\"{outcome}\"}} {requests}\n");
            wait_until(DEADLINE, || async {
                self.app.metrics.encode().unwrap().contains(&line)
            })
            .await;
        }
    }
}
