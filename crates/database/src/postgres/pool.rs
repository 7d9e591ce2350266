//! The threads that hold the connections.
//!
//! The one that was busy last gets the next unit, so that a quiet service comes
//! down to few connections: the others find nothing to do for a while and end.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Queued;
use super::connect::Server;
use super::together::Together;
use super::worker::Worker;
use crate::DatabaseError;

/// How long a connection may lie idle.
const IDLE: Duration = Duration::from_secs(30);

/// How many stay, however long they lie idle.
const KEPT: usize = 2;

pub(super) struct Pool {
    server: Arc<Server>,
    limit: usize,
    state: Mutex<State>,
}

/// Work for one thread.
pub(super) enum Job {
    Unit(Queued),
    /// Those that wait there.
    Together(Arc<Together>),
}

#[derive(Default)]
struct State {
    /// Work that no thread was free for.
    waiting: VecDeque<Job>,
    /// Threads without work, the latest last.
    idle: Vec<(u64, Sender<Job>)>,
    threads: usize,
    started: u64,
    closed: bool,
}

/// What a thread does once its work is done.
enum Next {
    Job(Job),
    Idle(Receiver<Job>),
    End,
}

impl Job {
    fn refuse(self, why: String) {
        match self {
            Self::Unit(queued) => queued.unit.answer(Err(DatabaseError::Unavailable(why))),
            Self::Together(together) => together.refuse(&why),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Pool {
    pub(super) fn new(server: Arc<Server>, limit: usize) -> Arc<Self> {
        Arc::new(Self {
            server,
            limit,
            state: Mutex::default(),
        })
    }

    /// Hands work to a thread, to a new one if none is idle.
    pub(super) fn submit(self: &Arc<Self>, mut job: Job) {
        let mut state = self.lock();
        while let Some((_, thread)) = state.idle.pop() {
            match thread.send(job) {
                Ok(()) => return,
                Err(mpsc::SendError(back)) => job = back,
            }
        }
        state.waiting.push_back(job);
        if state.threads >= self.limit {
            return;
        }
        state.threads += 1;
        state.started += 1;
        let (number, pool) = (state.started, Arc::clone(self));
        let started = std::thread::Builder::new()
            .name(format!("postgres-{number}"))
            .spawn(move || pool.serve(number));
        let Err(error) = started else { return };
        state.threads -= 1;
        if state.threads == 0 {
            let why = format!("cannot start a thread: {error}");
            while let Some(job) = state.waiting.pop_front() {
                job.refuse(why.clone());
            }
        }
    }

    /// Lets the threads end once they are done.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.idle.clear();
    }

    fn serve(self: &Arc<Self>, number: u64) {
        let mut worker = Worker::new(&self.server);
        let mut next = self.next(number);
        loop {
            let job = match next {
                Next::Job(job) => job,
                Next::Idle(receiver) => match self.wait(number, &receiver) {
                    Some(job) => job,
                    None => return,
                },
                Next::End => return,
            };
            // Whoever was answered finds this thread idle when it comes again.
            next = match job {
                Job::Unit(queued) => worker.serve(queued, || self.next(number)),
                Job::Together(together) => self.serve_together(&mut worker, together, number),
            };
        }
    }

    fn serve_together(
        self: &Arc<Self>,
        worker: &mut Worker<'_>,
        together: Arc<Together>,
        number: u64,
    ) -> Next {
        let served = worker.serve_group(together.next_group());
        if served.undone {
            together.be_careful();
        }
        if together.goes_on() {
            self.lock().waiting.push_back(Job::Together(together));
        }
        let next = self.next(number);
        for unit in served.answer() {
            self.submit(Job::Unit(Queued::alone(unit)));
        }
        next
    }

    fn next(&self, number: u64) -> Next {
        let mut state = self.lock();
        if let Some(job) = state.waiting.pop_front() {
            return Next::Job(job);
        }
        if state.closed {
            state.threads -= 1;
            return Next::End;
        }
        let (sender, receiver) = mpsc::channel();
        state.idle.push((number, sender));
        Next::Idle(receiver)
    }

    fn wait(&self, number: u64, receiver: &Receiver<Job>) -> Option<Job> {
        loop {
            match receiver.recv_timeout(IDLE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => {
                    self.lock().threads -= 1;
                    return None;
                }
                Err(RecvTimeoutError::Timeout) => {
                    let mut state = self.lock();
                    let place = state.idle.iter().position(|(idle, _)| *idle == number);
                    // Not there: a unit is on its way here.
                    if let Some(place) = place
                        && state.idle.len() > KEPT
                    {
                        state.idle.remove(place);
                        state.threads -= 1;
                        return None;
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
