//! What a token may do.

use std::fmt;
use std::str::FromStr;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// One permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Read orders, tasks, clients, pipelines, directories and the feed.
    RecordsRead,
    /// Change them.
    RecordsWrite,
    /// Read sources and leads.
    LeadsRead,
    /// Change them.
    LeadsWrite,
    /// Read webhooks, triggers and deliveries.
    WebhooksRead,
    /// Change and replay them.
    WebhooksWrite,
    /// Read the account and its tokens.
    AdminRead,
    /// Change them.
    AdminWrite,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 8] = [
        Self::RecordsRead,
        Self::RecordsWrite,
        Self::LeadsRead,
        Self::LeadsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::AdminRead,
        Self::AdminWrite,
    ];

    /// The name in tokens and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordsRead => "records:read",
            Self::RecordsWrite => "records:write",
            Self::LeadsRead => "leads:read",
            Self::LeadsWrite => "leads:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::AdminRead => "admin:read",
            Self::AdminWrite => "admin:write",
        }
    }

    /// The scope that includes this one, other than itself: writing includes reading.
    fn included_in(self) -> Self {
        match self {
            Self::RecordsRead | Self::RecordsWrite => Self::RecordsWrite,
            Self::LeadsRead | Self::LeadsWrite => Self::LeadsWrite,
            Self::WebhooksRead | Self::WebhooksWrite => Self::WebhooksWrite,
            Self::AdminRead | Self::AdminWrite => Self::AdminWrite,
        }
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is none of the scopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no scope {0:?}: a scope is records, leads, webhooks or admin, then :read or :write"
)]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == name)
            .ok_or_else(|| UnknownScope(name.to_owned()))
    }
}

/// The scopes of one token; in JSON a list of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeSet(u8);

impl ScopeSet {
    /// Every scope: what the first token of an installation has.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether the set permits `needed`. Writing permits reading of the same kind; nothing permits
    /// another kind, `admin` neither.
    pub fn permits(self, needed: Scope) -> bool {
        self.0 & (needed.bit() | needed.included_in().bit()) != 0
    }

    /// The scopes as they were given.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.0 & scope.bit() != 0)
    }

    /// Whether it permits nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Scope::as_str))
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    /// Ignores names that it does not know: a newer issuer may grant what this build cannot do.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writing_includes_reading_and_nothing_else() {
        let set: ScopeSet = [Scope::RecordsWrite].into_iter().collect();
        let permitted: Vec<Scope> = Scope::ALL
            .into_iter()
            .filter(|scope| set.permits(*scope))
            .collect();
        assert_eq!(permitted, [Scope::RecordsRead, Scope::RecordsWrite]);

        let set: ScopeSet = [Scope::LeadsRead].into_iter().collect();
        assert!(!set.permits(Scope::LeadsWrite));

        let set: ScopeSet = [Scope::AdminWrite].into_iter().collect();
        assert!(set.permits(Scope::AdminRead));
        assert!(!set.permits(Scope::RecordsRead));
    }

    #[test]
    fn names_go_both_ways() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse::<Scope>().unwrap(), scope);
            assert!(ScopeSet::all().permits(scope));
        }
        assert!("records".parse::<Scope>().is_err());
        let set: ScopeSet = [Scope::WebhooksRead, Scope::AdminWrite]
            .into_iter()
            .collect();
        let json = json!(["webhooks:read", "admin:write"]);
        assert_eq!(serde_json::to_value(set).unwrap(), json);
        assert_eq!(serde_json::from_value::<ScopeSet>(json).unwrap(), set);
    }

    #[test]
    fn a_scope_of_a_newer_issuer_is_ignored() {
        let set: ScopeSet = serde_json::from_value(json!(["reports:read", "leads:read"])).unwrap();
        assert_eq!(set, [Scope::LeadsRead].into_iter().collect());
    }
}
