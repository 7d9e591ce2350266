//! A database that takes no outcomes for a while, without refusing them.

use std::sync::Mutex;

use super::*;

/// Nothing of a delivery is written as long as this is there.
pub(crate) struct HeldDeliveries {
    /// Of these an outcome is on record.
    pub(crate) recorded: usize,
    /// These are claimed, and wait or are under way.
    pub(crate) claimed: usize,
    #[expect(dead_code, reason = "held until it is dropped")]
    release: Sender<()>,
}

impl Site {
    /// Makes whoever writes deliveries wait.
    pub(crate) async fn hold_deliveries(&self) -> HeldDeliveries {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let released = Mutex::new(released);
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let database = self.database.clone();
        tokio::spawn(async move {
            let holding = database.write(move |conn| {
                if let Connection::Postgres(c) = conn {
                    c.batch_execute("LOCK TABLE deliveries IN EXCLUSIVE MODE")?;
                }
                let count = |conn: &mut Connection<'_>, which: &str| {
                    let sql = format!("SELECT count(*) AS number FROM deliveries WHERE {which}");
                    let row: Number = on_backend!(conn, |c| diesel::sql_query(&sql).get_result(c))?;
                    Ok::<_, DatabaseError>(usize::try_from(row.number).unwrap())
                };
                let recorded = count(conn, "origin = 'event' AND attempts > 0")?;
                let claimed = count(conn, "worker_id IS NOT NULL AND state = 'pending'")?;
                tell.send((recorded, claimed)).unwrap();
                released.lock().unwrap().recv().unwrap_err();
                Ok::<_, DatabaseError>(())
            });
            holding.await.unwrap();
        });
        let (recorded, claimed) = told.recv().await.unwrap();
        HeldDeliveries {
            recorded,
            claimed,
            release,
        }
    }
}
