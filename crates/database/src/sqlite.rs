//! SQLite: one file, one writer, some readers.

pub(crate) mod backup;
mod reader;
mod trouble;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use tokio::sync::oneshot;

use crate::migrations::run_pending;
use crate::unit::Unit;
use crate::{DatabaseError, Migrations, OpenError};
use trouble::Trouble;

/// A unit and the place it holds in the queue until it is answered.
pub(crate) struct Queued {
    unit: Box<dyn Unit>,
    _place: tokio::sync::OwnedSemaphorePermit,
}

/// How many pages the log takes before they are written to the file itself, which then
/// takes each of them once, however often it changed: 16 MiB.
const CHECKPOINT_PAGES: u32 = 4_000;
/// What the writer keeps of the file in memory, KiB.
const WRITER_CACHE_KIB: u32 = 32_000;
/// The same of a reader, behind which stands the system's own cache.
const READER_CACHE_KIB: u32 = 4_000;

/// How many units may wait for one queue before callers wait outside it.
const QUEUE_PLACES: usize = 4_096;

#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Queue,
    readers: Queue,
    trouble: Trouble,
}

#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<Queued>,
    places: Arc<tokio::sync::Semaphore>,
}

impl Queue {
    fn new() -> (Self, mpsc::Receiver<Queued>) {
        let (sender, receiver) = mpsc::channel();
        let places = Arc::new(tokio::sync::Semaphore::new(QUEUE_PLACES));
        (Self { sender, places }, receiver)
    }

    async fn push(&self, unit: Box<dyn Unit>) {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return;
        };
        let queued = Queued {
            unit,
            _place: place,
        };
        if let Err(mpsc::SendError(queued)) = self.sender.send(queued) {
            let closed = DatabaseError::Unavailable("its thread is gone".to_owned());
            queued.unit.answer(Err(closed));
        }
    }
}

impl Sqlite {
    pub(crate) async fn open(
        path: &Path,
        readers: usize,
        migrations: Vec<Migrations>,
    ) -> Result<Self, OpenError> {
        let (writer, jobs) = Queue::new();
        let trouble = Trouble::default();
        let noted = trouble.clone();
        let (opened, open) = oneshot::channel();
        let embedded: Vec<_> = migrations.into_iter().map(|both| both.sqlite).collect();
        let file = path.to_owned();
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                let prepared = connect(&file, WRITER_CACHE_KIB).and_then(|mut conn| {
                    for source in embedded {
                        run_pending(&mut conn, source).map_err(|reason| OpenError::Migrate {
                            target: file.display().to_string(),
                            reason,
                        })?;
                    }
                    Ok(conn)
                });
                match prepared {
                    Ok(conn) => {
                        if opened.send(Ok(())).is_ok() {
                            writer::run(&file, conn, &jobs, &noted);
                        }
                    }
                    Err(error) => drop(opened.send(Err(error))),
                }
            })?;
        open.await.map_err(|_closed| OpenError::Connect {
            target: path.display().to_string(),
            reason: "the writer thread ended while it opened the file".to_owned(),
        })??;
        Ok(Self {
            writer,
            readers: start_readers(path, readers.max(1))?,
            trouble,
        })
    }

    pub(crate) async fn write(&self, unit: Box<dyn Unit>) {
        self.writer.push(unit).await;
    }

    /// What a write met that the file did not take just now.
    pub(crate) fn recent_trouble(&self) -> Option<String> {
        self.trouble.recent()
    }

    pub(crate) async fn read(&self, unit: Box<dyn Unit>) {
        self.readers.push(unit).await;
    }
}

fn start_readers(path: &Path, count: usize) -> Result<Queue, OpenError> {
    let (queue, jobs) = Queue::new();
    let jobs = Arc::new(Mutex::new(jobs));
    for number in 0..count {
        let jobs = Arc::clone(&jobs);
        let file: PathBuf = path.to_owned();
        std::thread::Builder::new()
            .name(format!("sqlite-reader-{number}"))
            .spawn(move || reader::run(&file, &jobs))?;
    }
    Ok(queue)
}

/// Opens a connection and sets what each connection needs to be told.
fn connect(path: &Path, cache_kib: u32) -> Result<SqliteConnection, OpenError> {
    let failed = |reason: String| OpenError::Connect {
        target: path.display().to_string(),
        reason,
    };
    let url = path
        .to_str()
        .ok_or_else(|| failed("the path is not valid UTF-8".to_owned()))?;
    let mut conn = SqliteConnection::establish(url).map_err(|error| failed(error.to_string()))?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = 5000;
         PRAGMA journal_mode = WAL;
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -{cache_kib};
         PRAGMA temp_store = MEMORY;"
    ))
    .map_err(|error| failed(error.to_string()))?;
    Ok(conn)
}
