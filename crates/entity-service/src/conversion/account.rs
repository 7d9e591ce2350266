//! Leads of one account becoming clients and orders, inside one transaction.

use std::collections::HashMap;

use database::Connection;
use events::{
    AccountId, Change, ClientId, ClientSnapshot, Event, LeadConverted, LeadId, OrderSnapshot,
    Timestamp,
};

use super::added::Added;
use super::known::{KnownClients, KnownSettings};
use super::lead::{Contact, Lead};
use super::metrics::Outcome;
use crate::domain::client::{normalized_email, normalized_phone};
use crate::domain::directory::DirectoryKind;
use crate::domain::stored::Stored;
use crate::domain::{client, order};
use crate::records::accounts::ensure_account;
use crate::records::clients::{client_added, write_checked_client};
use crate::records::orders::order_added;
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::lead_conversions::{insert_conversions, list_conversions};

/// What is under way in one account. New records are written together at the
/// end, under ids that were reserved: a round trip for each would take most of
/// the time.
#[derive(Debug)]
pub(super) struct AccountWork {
    account_id: AccountId,
    now: Timestamp,
    settings: KnownSettings,
    clients: KnownClients,
    /// What leads became, now or earlier.
    conversions: HashMap<LeadId, LeadConverted>,
    converted_now: Vec<LeadId>,
    added: Added,
    /// In the order in which they go out.
    events: Vec<Event>,
}

impl AccountWork {
    /// Reads and locks what the leads need. An account that is not known here is
    /// opened.
    pub(super) fn begin(
        conn: &mut Connection<'_>,
        account_id: AccountId,
        leads: &[&Lead],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        ensure_account(conn, account_id, now)?;
        let ids: Vec<i64> = leads.iter().map(|lead| lead.id.0).collect();
        let conversions = list_conversions(conn, account_id, &ids)?;
        let clients = KnownClients::lock(conn, account_id, leads)?;
        let new: Vec<&Lead> = leads
            .iter()
            .filter(|lead| !conversions.contains_key(&lead.id))
            .copied()
            .collect();
        let added = Added::reserve(conn, account_id, &new, &clients)?;
        Ok(Self {
            account_id,
            now,
            conversions,
            clients,
            settings: KnownSettings::read(conn, account_id, leads, now)?,
            converted_now: Vec::new(),
            added,
            events: Vec::new(),
        })
    }

    /// Converts a lead, unless it was converted before: then the same answer is
    /// given again.
    pub(super) fn convert(
        &mut self,
        conn: &mut Connection<'_>,
        author: &Author,
        lead: &Lead,
    ) -> Result<Outcome, StoreError> {
        if let Some(conversion) = self.conversions.get(&lead.id) {
            let change = Change::LeadConverted(conversion.clone());
            self.events.push(author.event(change));
            return Ok(Outcome::Repeated);
        }
        let mut warnings = lead.warnings.clone();
        let (client, outcome) = match self.clients.client_of(lead) {
            Some(id) => {
                let client = self.fill_client(conn, author, lead, id, &mut warnings)?;
                (client, Outcome::ClientMatched)
            }
            None => (self.add_client(author, lead)?, Outcome::ClientAdded),
        };
        let client_id = client.id;
        let order = self.order_of(lead, client, &mut warnings);
        let order = self.added.order(lead.id, order)?;
        self.events.push(author.event(order_added(&order)));
        let conversion = LeadConverted {
            lead_id: lead.id,
            client_id,
            order_id: order.record.id,
            warnings,
        };
        let change = Change::LeadConverted(conversion.clone());
        self.events.push(author.event(change));
        self.conversions.insert(lead.id, conversion);
        self.converted_now.push(lead.id);
        Ok(outcome)
    }

    /// Writes down what the leads became; returns the events to append.
    pub(super) fn finish(mut self, conn: &mut Connection<'_>) -> Result<Vec<Event>, StoreError> {
        self.added.write(conn)?;
        let new: Vec<&LeadConverted> = self
            .converted_now
            .iter()
            .filter_map(|id| self.conversions.get(id))
            .collect();
        if !new.is_empty() {
            insert_conversions(conn, self.account_id, &new, self.now)?;
        }
        Ok(self.events)
    }

    fn add_client(&mut self, author: &Author, lead: &Lead) -> Result<ClientSnapshot, StoreError> {
        let client = ClientSnapshot {
            realname: lead.name.clone(),
            phone: lead.phone.text.clone(),
            email: lead.email.text.clone(),
            status_id: self.settings.client_status,
            ..client::blank(self.now)
        };
        let added = self.added.client(client)?;
        self.events.push(author.event(client_added(&added)));
        let client = added.record.clone();
        self.clients.note(added, lead);
        Ok(client)
    }

    /// Gives a client what it lacks and the lead has; overwrites nothing.
    fn fill_client(
        &mut self,
        conn: &mut Connection<'_>,
        author: &Author,
        lead: &Lead,
        id: ClientId,
        warnings: &mut Vec<String>,
    ) -> Result<ClientSnapshot, StoreError> {
        let found = self.clients.get(id);
        let before: Stored<ClientSnapshot> =
            found.ok_or(database::DatabaseError::NotFound)?.clone();
        let mut client = before.record.clone();
        fill(&mut client.realname, &lead.name);
        fill(&mut client.phone, &lead.phone.text);
        let kept = &client.phone;
        warn_of_another(id, "телефон", kept, &lead.phone, normalized_phone, warnings);
        match self.clients.holder_of_email(lead) {
            // Two clients with one email could not be told apart by it.
            Some(other) if other != id && !has_email(&client, lead) => {
                warnings.push(format!(
                    "Телефон у клиента {id}, а email у клиента {other}: заказ записан на клиента \
                     {id}, по телефону."
                ));
            }
            _ => {
                fill(&mut client.email, &lead.email.text);
                let kept = &client.email;
                warn_of_another(id, "email", kept, &lead.email, normalized_email, warnings);
            }
        }
        if client != before.record {
            // It may be one of those that are not written yet.
            self.added.write(conn)?;
        }
        let (after, change) = write_checked_client(conn, author, before, client)?;
        let client = after.record.clone();
        if let Some(change) = change {
            self.events.push(author.event(change));
            self.clients.note(after, lead);
        }
        Ok(client)
    }

    /// What the account does not have is replaced or left out, with a warning.
    fn order_of(
        &self,
        lead: &Lead,
        client: ClientSnapshot,
        warnings: &mut Vec<String>,
    ) -> OrderSnapshot {
        let settings = &self.settings;
        let placement = settings.placement_of(lead.stage, warnings);
        let mut entry = |wanted, kind, what| settings.entry_of(wanted, kind, what, warnings);
        OrderSnapshot {
            name: lead.title.clone(),
            price: lead.price,
            origin_id: entry(lead.origin, DirectoryKind::Origin, "Источник"),
            office_id: entry(lead.office, DirectoryKind::Office, "Офис"),
            city_id: entry(lead.city, DirectoryKind::City, "Город"),
            owner_id: lead.owner_id,
            marks: lead.marks.clone(),
            client_id: Some(client.id),
            client: Some(client),
            ..order::blank(placement.clone(), self.now)
        }
    }
}

/// Whether the client is known by the lead's email.
fn has_email(client: &ClientSnapshot, lead: &Lead) -> bool {
    lead.email.key.is_some() && normalized_email(&client.email) == lead.email.key
}

fn fill(kept: &mut String, new: &str) {
    if kept.trim().is_empty() && !new.is_empty() {
        new.clone_into(kept);
    }
}

/// A contact of the lead that its client does not get is noted nowhere else. It is
/// not repeated here: warnings are kept for longer than a person may be.
fn warn_of_another(
    id: ClientId,
    what: &str,
    kept: &str,
    sent: &Contact,
    normalize: fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) {
    let is_same = kept == sent.text || (sent.key.is_some() && normalize(kept) == sent.key);
    if !sent.text.is_empty() && !is_same {
        warnings.push(format!(
            "У клиента {id} уже указан другой {what}: {what} из заявки ему не записан."
        ));
    }
}
