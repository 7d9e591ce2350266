//! New clients and orders, until they are written together.

use database::{Connection, DatabaseError};
use events::{AccountId, ClientId, ClientSnapshot, LeadId, OrderId, OrderSnapshot};

use super::known::KnownClients;
use super::lead::Lead;
use crate::domain::stored::Stored;
use crate::store::clients::{insert_clients, reserve_client_ids};
use crate::store::orders::{insert_orders_of_leads, reserve_order_ids};

/// Records that have their ids already.
#[derive(Debug)]
pub(super) struct Added {
    account_id: AccountId,
    client_ids: std::vec::IntoIter<ClientId>,
    order_ids: std::vec::IntoIter<OrderId>,
    clients: Vec<ClientSnapshot>,
    orders: Vec<(LeadId, OrderSnapshot)>,
}

impl Added {
    /// Reserves ids for all that these leads may become.
    pub(super) fn reserve(
        conn: &mut Connection<'_>,
        account_id: AccountId,
        leads: &[&Lead],
        known: &KnownClients,
    ) -> Result<Self, DatabaseError> {
        let nobodys = leads.iter().filter(|lead| known.client_of(lead).is_none());
        let clients = i64::try_from(nobodys.count()).unwrap_or(i64::MAX);
        let orders = i64::try_from(leads.len()).unwrap_or(i64::MAX);
        Ok(Self {
            account_id,
            client_ids: reserve_client_ids(conn, clients)?.into_iter(),
            order_ids: reserve_order_ids(conn, orders)?.into_iter(),
            clients: Vec::new(),
            orders: Vec::new(),
        })
    }

    /// Adds a client without extra fields, whose values were checked.
    pub(super) fn client(
        &mut self,
        mut client: ClientSnapshot,
    ) -> Result<Stored<ClientSnapshot>, DatabaseError> {
        client.id = self.client_ids.next().ok_or(DatabaseError::NotFound)?;
        self.clients.push(client.clone());
        Ok(Stored::new(client))
    }

    /// Adds a lead's order, whose values and references were checked.
    pub(super) fn order(
        &mut self,
        lead_id: LeadId,
        mut order: OrderSnapshot,
    ) -> Result<Stored<OrderSnapshot>, DatabaseError> {
        order.id = self.order_ids.next().ok_or(DatabaseError::NotFound)?;
        self.orders.push((lead_id, order.clone()));
        Ok(Stored::new(order))
    }

    /// Writes what was added since the last time.
    pub(super) fn write(&mut self, conn: &mut Connection<'_>) -> Result<(), DatabaseError> {
        insert_clients(conn, self.account_id, &self.clients)?;
        self.clients.clear();
        insert_orders_of_leads(conn, self.account_id, &self.orders)?;
        self.orders.clear();
        Ok(())
    }
}
