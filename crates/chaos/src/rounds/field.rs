//! The Dealwires that rounds are played on: one of each form, renewed when it is old or
//! was lost.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rig::Infra;

use super::clock;
use super::draw::{LAYOUT, Means};
use super::round::{Ground, Outcome, Round};
use crate::arrivals::Arrivals;
use crate::logs;
use crate::options::{Form, Options};
use crate::site::Site;

/// Rounds after which a Dealwire starts anew: a small disk holds no more.
const OLD: u32 = 20;

/// All that rounds are played on.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    options: &'a Options,
    infra: &'a Infra,
    fields: Vec<Field>,
    /// How many there have been.
    count: u32,
}

#[derive(Debug)]
struct Field {
    form: Form,
    site: Site,
    /// Its logs.
    folder: PathBuf,
    rounds: u32,
    /// What the last round had received when it was judged.
    before: Option<(Arrivals, usize)>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(options: &'a Options, infra: &'a Infra) -> Self {
        Self {
            options,
            infra,
            fields: Vec::new(),
            count: 0,
        }
    }

    /// What the machine can do.
    pub(super) fn means(&self) -> Means {
        Means {
            small_disks: self.options.disks.is_some(),
            wrong_clocks: clock::library().is_some(),
        }
    }

    /// What it cannot, in words.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let means = self.means();
        let mut missing = Vec::new();
        if !means.small_disks {
            missing.push(
                "full disk: no small disk can be mounted, neither as root nor in a user namespace",
            );
        }
        if !means.wrong_clocks {
            missing.push("wrong clock: the package faketime is not installed");
        }
        missing
    }

    /// Plays a round on a Dealwire of its form.
    pub(super) async fn play(&mut self, round: &Round) -> anyhow::Result<Outcome> {
        let is_old = |field: &Field| field.form == round.form && field.rounds >= OLD;
        if let Some(place) = self.fields.iter().position(is_old) {
            let field = self.fields.remove(place);
            field.stop().await?;
        }
        if !self.fields.iter().any(|field| field.form == round.form) {
            let field = self.open(round.form).await?;
            self.fields.push(field);
        }
        let of_form = |field: &&mut Field| field.form == round.form;
        let field = self.fields.iter_mut().find(of_form);
        let field = field.context("it was opened")?;
        field.rounds += 1;
        let disk = disk_of(self.options, round.form);
        let ground = Ground {
            disk: disk.as_deref(),
            folder: &field.folder,
            before: field.before.as_ref(),
        };
        let outcome = round.play(self.options, &mut field.site, &ground).await?;
        field.before = Some((outcome.arrivals.clone(), outcome.callbacks));
        Ok(outcome)
    }

    /// Leaves a Dealwire behind on which something went wrong; its logs stay.
    pub(super) async fn give_up(&mut self, form: Form) {
        let is_other = |field: &Field| field.form != form;
        let (others, given_up) = std::mem::take(&mut self.fields)
            .into_iter()
            .partition::<Vec<_>, _>(is_other);
        self.fields = others;
        for field in given_up {
            if form == Form::Split {
                logs::keep_server_logs(self.infra, &field.folder).await;
            }
            println!("chaos: logs are in {}", field.folder.display());
        }
    }

    /// Stops all.
    pub(super) async fn close(&mut self) {
        for field in std::mem::take(&mut self.fields) {
            if let Err(error) = field.stop().await {
                println!("chaos: at the end: {error:#}");
            }
        }
    }

    async fn open(&mut self, form: Form) -> anyhow::Result<Field> {
        self.count += 1;
        let folder = format!("{}-{}", form.as_str(), self.count);
        let folder = self.options.dir.join(folder);
        std::fs::create_dir_all(&folder)?;
        let site = match form {
            Form::Split => {
                Site::split_wired(self.infra.clone(), self.options, &folder, LAYOUT).await?
            }
            Form::Up => {
                let parent = disk_of(self.options, form).unwrap_or_else(|| folder.clone());
                let data = parent.join("data");
                if data.exists() {
                    std::fs::remove_dir_all(&data)?;
                }
                Site::up_wired(self.options, data, &folder.join("up.log")).await?
            }
        };
        site.let_queues_settle().await;
        Ok(Field {
            form,
            site,
            folder,
            rounds: 0,
            before: None,
        })
    }
}

impl Field {
    /// Stops it as an operator does. All was well with it, so its logs go.
    async fn stop(self) -> anyhow::Result<()> {
        if let Some(problem) = self.site.stop().await {
            anyhow::bail!("{problem}; logs are in {}", self.folder.display());
        }
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

/// Where the form's database lies on a small disk of its own.
fn disk_of(options: &Options, form: Form) -> Option<PathBuf> {
    let name = match form {
        Form::Up => "sqlite",
        Form::Split => "postgres",
    };
    options
        .disks
        .as_deref()
        .map(|disks: &Path| disks.join(name))
}
