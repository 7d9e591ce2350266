//! Taking a person out of an event that was dealt with.
//!
//! Ids, the revision, the names of changed keys and everything else that says
//! what happened stay, so that the event is still read, counted and compared.

use crate::{
    Change, ClientChanged, ClientSnapshot, Event, FieldValue, LeadConversionRequested,
    OrderChanged, OrderSnapshot, PersonErased,
};

impl Event {
    /// Blanks what the event says of a person; `names_them` tells whether a text
    /// names the person's phone or email. True if there was something to blank,
    /// so of an event that was blanked before it is false.
    ///
    /// A client with that phone or email, before the change or after it, loses
    /// name, contacts, position, text and the values of extra fields. An order of
    /// such a client loses name, text and marks as well, a lead everything but
    /// the ids that it asks for. Elsewhere a text that names the person goes.
    pub fn blank_person(&mut self, names_them: impl Fn(&str) -> bool) -> bool {
        let mut blanker = Blanker {
            names_them,
            has_blanked: false,
        };
        blanker.change(&mut self.change);
        blanker.has_blanked
    }
}

struct Blanker<F> {
    names_them: F,
    has_blanked: bool,
}

impl<F: Fn(&str) -> bool> Blanker<F> {
    fn change(&mut self, change: &mut Change) {
        match change {
            Change::Order(change) => self.order_changed(change),
            Change::Client(change) => self.client_changed(change),
            Change::Task(change) => {
                for task in [Some(&mut change.task), change.previous.as_mut()] {
                    let texts = task.map(|task| [&mut task.name, &mut task.text]);
                    self.texts(texts.into_iter().flatten());
                }
            }
            Change::LeadConversionRequested(change) => self.lead(change),
            Change::LeadConverted(change) => self.keep_others(&mut change.warnings),
            Change::PersonErased(change) => self.request(change),
            Change::TasksOfOrderDeleted(_)
            | Change::Pipeline(_)
            | Change::TokenRevoked(_)
            | Change::WebhookDisabled(_) => {}
        }
    }

    fn order_changed(&mut self, change: &mut OrderChanged) {
        let is_theirs = |order: &OrderSnapshot| {
            let client = order.client.as_ref();
            client.is_some_and(|client| self.is_client_theirs(client))
        };
        let is_theirs = is_theirs(&change.order) || change.previous.as_ref().is_some_and(is_theirs);
        for order in [Some(&mut change.order), change.previous.as_mut()]
            .into_iter()
            .flatten()
        {
            if let Some(client) = &mut order.client {
                if self.is_client_theirs(client) {
                    self.blank_client(client);
                } else {
                    self.client_texts(client);
                }
            }
            if is_theirs {
                self.has_blanked = true;
                order.name.clear();
                order.text.clear();
                order.marks.clear();
            }
            self.texts([&mut order.name, &mut order.text]);
            self.texts(order.marks.iter_mut().map(|mark| &mut mark.value));
            self.keep_others(&mut order.tags);
        }
    }

    fn client_changed(&mut self, change: &mut ClientChanged) {
        let previous = change.previous.as_ref();
        let is_theirs = self.is_client_theirs(&change.client)
            || previous.is_some_and(|client| self.is_client_theirs(client));
        for client in [Some(&mut change.client), change.previous.as_mut()]
            .into_iter()
            .flatten()
        {
            if is_theirs {
                self.blank_client(client);
            } else {
                self.client_texts(client);
            }
        }
    }

    fn is_client_theirs(&self, client: &ClientSnapshot) -> bool {
        (self.names_them)(&client.phone) || (self.names_them)(&client.email)
    }

    fn blank_client(&mut self, client: &mut ClientSnapshot) {
        self.has_blanked = true;
        client.realname.clear();
        client.email.clear();
        client.phone.clear();
        client.position.clear();
        client.text.clear();
        for field in &mut client.fields {
            field.value = FieldValue::Null;
        }
    }

    /// What is said of the person in somebody else's record.
    fn client_texts(&mut self, client: &mut ClientSnapshot) {
        self.texts([&mut client.realname, &mut client.position, &mut client.text]);
        for field in &mut client.fields {
            let shown = match &field.value {
                FieldValue::Text(text) => text.clone(),
                // A phone may be kept in a field of numbers.
                FieldValue::Integer(number) => number.to_string(),
                FieldValue::Number(number) => number.to_string(),
                FieldValue::Null | FieldValue::Flag(_) => continue,
            };
            if (self.names_them)(&shown) {
                self.has_blanked = true;
                field.value = FieldValue::Null;
            }
        }
    }

    fn lead(&mut self, lead: &mut LeadConversionRequested) {
        let contacts = [
            Some(lead.phone.as_str()),
            Some(lead.email.as_str()),
            lead.phone_e164.as_deref(),
            lead.email_normalized.as_deref(),
        ];
        if contacts.into_iter().flatten().any(&self.names_them) {
            self.has_blanked = true;
            lead.name.clear();
            lead.phone.clear();
            lead.email.clear();
            lead.phone_e164 = None;
            lead.email_normalized = None;
            lead.marks.clear();
        }
        self.texts([&mut lead.name]);
        self.texts(lead.marks.iter_mut().map(|mark| &mut mark.value));
    }

    fn request(&mut self, request: &mut PersonErased) {
        let contacts = [&request.phone_e164, &request.email_normalized];
        if contacts
            .into_iter()
            .flatten()
            .any(|contact| (self.names_them)(contact))
        {
            self.has_blanked = true;
            request.phone_e164 = None;
            request.email_normalized = None;
        }
    }

    fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a mut String>) {
        for text in texts {
            if (self.names_them)(text) {
                self.has_blanked = true;
                text.clear();
            }
        }
    }

    fn keep_others(&mut self, texts: &mut Vec<String>) {
        let before = texts.len();
        texts.retain(|text| !(self.names_them)(text));
        self.has_blanked |= texts.len() < before;
    }
}
