//! The record that an event is of, as conditions and parameters look at it: on the
//! event alone, never by asking another service.

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod samples;

use events::{Action, Change, ClientSnapshot, OrderId, OrderSnapshot, TaskSnapshot};

/// What kind of record an event is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Component {
    /// A deal.
    Order,
    /// A task.
    Task,
    /// A client.
    Client,
}

impl Component {
    /// The wire name: `order`, `task`, `client`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Task => "task",
            Self::Client => "client",
        }
    }
}

/// A record at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Snapshot<'a> {
    /// An order.
    Order(&'a OrderSnapshot),
    /// A task.
    Task(&'a TaskSnapshot),
    /// A client.
    Client(&'a ClientSnapshot),
    /// All tasks of an order that are gone: nothing is known of them but the order.
    TasksOfOrder(OrderId),
}

/// What an event tells of its record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    /// What happened to it.
    pub(crate) action: Action,
    /// As it is after the change; on delete as it was last.
    pub(crate) now: Snapshot<'a>,
    /// As it was before an edit; `None` on add and delete.
    pub(crate) before: Option<Snapshot<'a>>,
}

impl<'a> Record<'a> {
    /// `None` for an event that is of no record of S0.
    pub(crate) fn of(change: &'a Change) -> Option<Self> {
        let (action, now, before) = match change {
            Change::Order(change) => (
                change.action,
                Snapshot::Order(&change.order),
                change.previous.as_ref().map(Snapshot::Order),
            ),
            Change::Task(change) => (
                change.action,
                Snapshot::Task(&change.task),
                change.previous.as_ref().map(Snapshot::Task),
            ),
            Change::Client(change) => (
                change.action,
                Snapshot::Client(&change.client),
                change.previous.as_ref().map(Snapshot::Client),
            ),
            Change::TasksOfOrderDeleted(deleted) => (
                Action::Delete,
                Snapshot::TasksOfOrder(deleted.order_id),
                None,
            ),
            Change::Pipeline(_)
            | Change::LeadConversionRequested(_)
            | Change::LeadConverted(_)
            | Change::TokenRevoked(_)
            | Change::PersonErased(_)
            | Change::WebhookDisabled(_) => return None,
        };
        Some(Self {
            action,
            now,
            before,
        })
    }

    /// What kind of record it is.
    pub(crate) fn component(&self) -> Component {
        match self.now {
            Snapshot::Order(_) => Component::Order,
            Snapshot::Task(_) | Snapshot::TasksOfOrder(_) => Component::Task,
            Snapshot::Client(_) => Component::Client,
        }
    }
}
