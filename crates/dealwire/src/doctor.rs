//! The checks of `dealwire doctor`: each tells what it found, and what to do if that is wrong.

mod databases;
mod keys;
mod network;

use std::fmt;

use crate::installation::Installation;
use crate::settings::Settings;

/// What is examined.
#[derive(Debug)]
pub(crate) struct Patient {
    pub(crate) settings: Settings,
    pub(crate) installation: Installation,
    /// Receivers to look up.
    pub(crate) urls: Vec<String>,
}

/// What one check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    what: String,
    told: String,
    /// What to do; `None` where all is well.
    remedy: Option<String>,
}

impl Finding {
    fn well(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            told: told.into(),
            remedy: None,
        }
    }

    fn wrong(what: impl Into<String>, told: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..Self::well(what, told)
        }
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_well(&self) -> bool {
        self.remedy.is_none()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_well() { "ok" } else { "WRONG" };
        write!(f, "{state:<6} {:<16} {}", self.what, self.told)?;
        if let Some(remedy) = &self.remedy {
            write!(f, "\n       {:<16} → {remedy}", "")?;
        }
        Ok(())
    }
}

/// All checks, in the order in which things depend on each other.
pub(crate) async fn examine(patient: &Patient) -> Vec<Finding> {
    let mut findings = vec![settings(patient)];
    findings.extend(keys::examine(patient));
    findings.extend(databases::examine(patient).await);
    findings.extend(network::examine(patient).await);
    findings
}

fn settings(patient: &Patient) -> Finding {
    let told = match &patient.installation {
        Installation::Folder(folder) => {
            format!("all in one process, data in {}", folder.display())
        }
        Installation::Servers(_) => "services apart, on PostgreSQL and RabbitMQ".to_owned(),
    };
    Finding::well("settings", told)
}

#[cfg(test)]
mod tests;
