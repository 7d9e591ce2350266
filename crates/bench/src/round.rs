//! One round of one form: every measurement, in one order. Changes and leads are
//! each measured on fresh data.

use std::path::PathBuf;

use bytes::Bytes;
use rig::{Footprint, Product};

use crate::form::{Backends, Form, Home};
use crate::options::{Options, Part};
use crate::report::{Measure, millis};
use crate::{changes, leads};

/// What a round has found, in the order to report.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) measures: Vec<Measure>,
    /// The body of a callback.
    pub(crate) sample: Option<Bytes>,
}

/// Dealwire while it is measured.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) product: Product,
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
) -> anyhow::Result<Round> {
    let mut round = Round::default();
    if options.measures(Part::Changes) {
        let start = round.start(options, form, backends).await?;
        round.footprints(&start.subject.product, "at rest")?;
        let changes = changes::measure(options, &start.subject).await?;
        round.measures.extend(changes.measures);
        round.sample = Some(changes.sample);
        round.footprints(&start.subject.product, "after load")?;
        round.end(start).await?;
    }
    if options.measures(Part::Leads) && form.takes_leads() {
        let start = round.start(options, form, backends).await?;
        let measures = leads::measure(options, &start.home, &start.subject).await?;
        round.measures.extend(measures);
        round.footprints(&start.subject.product, "after leads")?;
        round.end(start).await?;
    }
    Ok(round)
}

impl Round {
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
        let servers = match (form, backends) {
            (Form::Split { .. }, Some(backends)) => backends.processes().await?,
            _ => Vec::new(),
        };
        let subject = Subject { product, servers };
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
        std::fs::remove_dir_all(&start.folder)?;
        // Only `up` keeps its log beside the folder.
        let _ = std::fs::remove_file(start.folder.with_extension("log"));
        Ok(())
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
