//! Whether services still run on databases of servers.

use anyhow::ensure;
use database::sessions::count_others;
use database::{Database, DatabaseError};

use super::databases::SESSION;
use super::{Recovery, Restored};

impl Recovery {
    /// Refuses while a service may be running: one that was killed has its lease for some seconds
    /// yet, and one that has lost its lease may still have connections.
    ///
    /// # Errors
    /// Which one, and what to do; database failures.
    pub(crate) async fn check_stopped(&self) -> anyhow::Result<()> {
        for (service, database) in self.databases() {
            let sessions = database.read(|conn| count_others(conn, SESSION)).await?;
            ensure!(
                sessions == 0,
                "{service} may be running: its database has {sessions} other sessions of the same \
                 role (pg_stat_activity); stop all services first"
            );
            ensure!(
                !is_leased(service, database).await?,
                "{service} may be running: its lease has not ended; stop all services first, and \
                 wait 10 seconds after one that was killed"
            );
        }
        Ok(())
    }
}

async fn is_leased(service: Restored, database: &Database) -> Result<bool, DatabaseError> {
    match service {
        Restored::DeliveryWorker => {
            database
                .read(delivery_worker::recovery::is_delivering)
                .await
        }
        Restored::EntityService | Restored::IntakeService => {
            database.read(outbox::recovery::is_led).await
        }
    }
}
