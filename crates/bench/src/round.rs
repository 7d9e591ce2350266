//! One round of one form: every part in one order, each on fresh data.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use rig::{Footprint, Product};

use crate::form::{Backends, Form, Home};
use crate::options::{Options, Part};
use crate::report::{Measure, millis};
use crate::{backlog, changes, crash, latency, leads, memory, stuck};

/// What was found, in the order to report.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) measures: Vec<Measure>,
    /// The body of a callback.
    pub(crate) sample: Option<Bytes>,
}

/// Dealwire while it is measured.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) form: Form,
    pub(crate) product: Product,
    /// A folder on the disk that commits are written to.
    pub(crate) disk: PathBuf,
    /// Name and topmost process of each server that it works with.
    pub(crate) servers: Vec<(String, u32)>,
}

/// Fresh data, and Dealwire on it.
#[derive(Debug)]
struct Start {
    home: Home,
    folder: PathBuf,
    subject: Subject,
}

/// Measures once.
pub(crate) async fn measure(
    options: &Options,
    form: Form,
    backends: Option<&Backends>,
) -> anyhow::Result<Findings> {
    let mut round = Findings::default();
    for part in options.parts(form) {
        let start = round.start(options, form, backends).await?;
        round.measure(options, part, start).await?;
    }
    Ok(round)
}

impl Findings {
    pub(crate) fn add(&mut self, measure: Measure) {
        self.measures.push(measure);
    }

    async fn measure(
        &mut self,
        options: &Options,
        part: Part,
        mut start: Start,
    ) -> anyhow::Result<()> {
        let subject = &mut start.subject;
        match part {
            Part::Changes => {
                self.footprints(&subject.product, "at rest")?;
                self.take(changes::measure(options, subject).await?);
                self.footprints(&subject.product, "after load")?;
                self.end(start).await
            }
            Part::Leads => {
                let measures = leads::measure(options, &start.home, subject).await?;
                self.measures.extend(measures);
                self.footprints(&subject.product, "after leads")?;
                self.end(start).await
            }
            Part::Latency => {
                self.take(latency::measure(options, subject).await?);
                start.stop().await
            }
            Part::Stuck => {
                self.take(stuck::measure(options, subject).await?);
                start.stop().await
            }
            Part::Crash => {
                self.take(crash::measure(options, &start.home, subject).await?);
                start.stop().await
            }
            Part::Memory => {
                self.take(memory::measure(options, subject).await?);
                start.stop().await
            }
            Part::Backlog => {
                self.take(backlog::measure(options, &start.home, subject).await?);
                start.stop().await
            }
        }
    }

    fn take(&mut self, found: Self) {
        self.measures.extend(found.measures);
        self.sample = found.sample.or(self.sample.take());
    }

    async fn start(
        &mut self,
        options: &Options,
        form: Form,
        backends: Option<&Backends>,
    ) -> anyhow::Result<Start> {
        let folder = options.dir.join("data");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let home = form.prepare(&options.program, &folder, backends).await?;
        let (product, ready) = home.start().await?;
        let ready = Measure::ms("first start to ready", millis(ready));
        self.add_once(ready);
        let (disk, servers) = match (form, backends) {
            (Form::Split { .. }, Some(backends)) => {
                (backends.disk().await?, backends.processes().await?)
            }
            _ => (options.dir.clone(), Vec::new()),
        };
        let subject = Subject {
            form,
            product,
            disk,
            servers,
        };
        Ok(Start {
            home,
            folder,
            subject,
        })
    }

    async fn end(&mut self, start: Start) -> anyhow::Result<()> {
        let stopping = start.subject.product.stop().await?;
        self.add_once(Measure::ms("stop", millis(stopping)));
        let (product, ready) = start.home.start().await?;
        self.add_once(Measure::ms("later start to ready", millis(ready)));
        product.stop().await?;
        remove(&start.folder)
    }

    /// Adds what each part measures by the way; the first part's counts.
    fn add_once(&mut self, measure: Measure) {
        if !self
            .measures
            .iter()
            .any(|known| known.name() == measure.name())
        {
            self.measures.push(measure);
        }
    }

    fn footprints(&mut self, product: &Product, when: &str) -> anyhow::Result<()> {
        for process in product.processes() {
            let footprint = Footprint::of(process.pid()?)?;
            let name = |what: &str| format!("{what} {when}: {}", process.name());
            let (kib, memory) = match when {
                "at rest" => (footprint.memory_kib, "memory"),
                _ => (footprint.peak_kib, "highest memory"),
            };
            self.measures.push(Measure::mib(&name(memory), kib));
            self.measures
                .push(Measure::count(&name("threads"), footprint.threads));
            self.measures
                .push(Measure::count(&name("connections"), footprint.connections));
        }
        Ok(())
    }
}

impl Start {
    async fn stop(self) -> anyhow::Result<()> {
        self.subject.product.stop().await?;
        remove(&self.folder)
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    std::fs::remove_dir_all(folder)?;
    // Only `up` keeps its log beside the folder.
    let _ = std::fs::remove_file(folder.with_extension("log"));
    Ok(())
}
