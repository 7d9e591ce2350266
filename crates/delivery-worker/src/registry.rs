//! All webhooks, ready to match and to send: the database's settings in memory.

mod index;
mod known;
mod probe;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use database::{Database, DatabaseError};
use events::{AccountId, Timestamp};

use crate::address::{AddressPolicy, UrlError, WebhookUrl};
use crate::domain::filter::Filter;
use crate::domain::webhook::{EventSwitches, WebhookId, WebhookSettings};
use crate::headers::{CustomHeaders, HeaderError};
use crate::matching::{StageTrigger, Subject};
use crate::ordering::Keeping;
use crate::render::RenderSettings;
use crate::retry::RetryPolicy;
use crate::secret::{KeyRing, SecretOwner, UnsealError};
use crate::sign::{Signer, Signers};
use crate::store::config::{ConfigRow, list_changed};
use known::Known;
pub(crate) use known::Snapshot;
pub use probe::{MatchingProbe, ProbeError};

/// A webhook as the pipeline uses it.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) id: WebhookId,
    pub(crate) account_id: AccountId,
    /// Whether events fire it.
    pub(crate) is_active: bool,
    pub(crate) is_deleted: bool,
    /// What fires it. A secret that does not open takes nothing from it: such
    /// a webhook's deliveries wait.
    terms: Terms,
    pub(crate) settings_version: i64,
    config_version: i64,
    /// What it takes to send; without it the webhook's deliveries wait.
    pub(crate) plan: Result<SendPlan, Unusable>,
}

/// What decides whether an event fires a webhook; of settings that cannot be read
/// nothing does.
#[derive(Debug, Default)]
struct Terms {
    events: EventSwitches,
    filter: Filter,
    trigger: Option<StageTrigger>,
    /// What it wants of the changes of one record, if not simply all.
    keeping: Option<Keeping>,
}

impl From<&WebhookSettings> for Terms {
    fn from(settings: &WebhookSettings) -> Self {
        Self {
            events: settings.events,
            filter: settings.filter.clone(),
            trigger: settings.trigger.as_ref().map(StageTrigger::from),
            keeping: match (settings.ordered, settings.latest_only) {
                (true, _) => Some(Keeping::InOrder),
                (false, true) => Some(Keeping::Latest),
                (false, false) => None,
            },
        }
    }
}

impl Webhook {
    /// What it wants of the changes of one record, if not simply all.
    pub(crate) fn keeping(&self) -> Option<Keeping> {
        self.terms.keeping
    }

    /// Whether the revisions of its account's records are followed for it, also
    /// while it is switched off: what it misses is no gap later.
    fn follows_revisions(&self) -> bool {
        !self.is_deleted && self.keeping() == Some(Keeping::InOrder)
    }

    /// What decides whether an event fires it.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            events: self.terms.events,
            filter: &self.terms.filter,
            trigger: self.terms.trigger,
        }
    }

    /// Whether events fire it, as far as it goes by the webhook alone.
    fn can_be_fired(&self) -> bool {
        self.is_active && !self.is_deleted
    }
}

/// A webhook's settings in the form that sending wants.
#[derive(Debug)]
pub(crate) struct SendPlan {
    pub(crate) url: WebhookUrl,
    pub(crate) render: RenderSettings,
    pub(crate) headers: CustomHeaders,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_concurrency: usize,
    /// How many requests may begin within a second, if that is bounded.
    pub(crate) rate_per_second: Option<u32>,
    /// Whether changes of a record go strictly in the order of its revisions.
    pub(crate) ordered: bool,
    /// Whether only a record's latest change is kept of those that wait.
    pub(crate) latest_only: bool,
    signers: Signers,
}

impl SendPlan {
    /// Whether one worker at a time sends for the webhook: its order or its
    /// rate cannot be kept by several that do not talk to each other.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.rate_per_second.is_some() || self.ordered || self.latest_only
    }

    /// What signs a request that is made now.
    pub(crate) fn signer(&self, now: Timestamp) -> &Signer {
        self.signers.at(now)
    }
}

/// Why a webhook's stored settings cannot be used. Its deliveries wait until
/// it is mended.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unusable {
    /// The secret does not open.
    #[error("its secret cannot be read: {0}")]
    Secret(#[from] UnsealError),
    /// The settings are another version's, or damaged.
    #[error("its settings cannot be read: {0}")]
    Settings(String),
    /// The URL is none.
    #[error("its URL cannot be used: {0}")]
    Url(#[from] UrlError),
    /// A header cannot be sent.
    #[error("its headers cannot be sent: {0}")]
    Header(HeaderError),
}

/// What applies where a webhook says nothing itself.
#[derive(Debug, Clone)]
pub(crate) struct UsualSettings {
    pub(crate) concurrency: usize,
    pub(crate) schedule: Vec<Duration>,
}

/// The webhooks known so far.
#[derive(Debug)]
pub(crate) struct Registry {
    keys: Arc<KeyRing>,
    usual: UsualSettings,
    known: RwLock<Known>,
}

impl Registry {
    pub(crate) fn new(keys: Arc<KeyRing>, usual: UsualSettings) -> Self {
        Self {
            keys,
            usual,
            known: RwLock::default(),
        }
    }

    /// Reads what changed since the last time; returns it.
    pub(crate) async fn refresh(
        &self,
        database: &Database,
    ) -> Result<Vec<Arc<Webhook>>, DatabaseError> {
        let since = self.version();
        let (version, rows) = database.read(move |conn| list_changed(conn, since)).await?;
        let changed: Vec<Arc<Webhook>> = rows
            .iter()
            .map(|row| Arc::new(prepare(row, &self.keys, &self.usual)))
            .collect();
        tell_of_held(rows.iter().zip(&changed));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for webhook in &changed {
            known.put(Arc::clone(webhook));
        }
        known.reached(version);
        Ok(changed)
    }

    /// The version of all webhooks' settings that is known here.
    pub(crate) fn version(&self) -> i64 {
        self.read().version()
    }

    /// A webhook, deleted ones included.
    pub(crate) fn find(&self, id: WebhookId) -> Option<Arc<Webhook>> {
        self.read().find(id)
    }

    /// Why nothing can be sent for a webhook, if that is so.
    pub(crate) fn why_unusable(&self, id: WebhookId) -> Option<String> {
        let webhook = self.find(id)?;
        webhook.plan.as_ref().err().map(ToString::to_string)
    }

    /// The webhooks of these accounts as they are now, to match many events by.
    pub(crate) fn snapshot(&self, accounts: impl IntoIterator<Item = AccountId>) -> Snapshot {
        self.read().snapshot(accounts)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of those that nothing can be sent for, once for each reason: with another master
/// key than before, that may be all of them.
fn tell_of_held<'a>(prepared: impl Iterator<Item = (&'a ConfigRow, &'a Arc<Webhook>)>) {
    /// How many are named; the API tells of the others.
    const NAMED: usize = 20;
    let mut held: BTreeMap<String, Vec<&ConfigRow>> = BTreeMap::new();
    for (row, webhook) in prepared {
        if let (Err(reason), false) = (&webhook.plan, webhook.is_deleted) {
            held.entry(reason.to_string()).or_default().push(row);
        }
    }
    for (reason, rows) in held {
        let names = rows.iter().take(NAMED);
        let names: Vec<String> = names.map(|it| format!("{} {:?}", it.id, it.name)).collect();
        let more = if rows.len() > NAMED { ", …" } else { "" };
        tracing::warn!(
            count = rows.len(),
            webhooks = format!("{}{more}", names.join(", ")),
            reason,
            "nothing can be sent for some webhooks; their deliveries wait until that is mended"
        );
    }
}

/// Makes a stored webhook ready.
pub(crate) fn prepare(row: &ConfigRow, keys: &KeyRing, usual: &UsualSettings) -> Webhook {
    let settings = serde_json::from_value::<WebhookSettings>(row.settings.clone());
    let terms = settings
        .as_ref()
        .map_or_else(|_unreadable| Terms::default(), Terms::from);
    let plan = settings
        .map_err(|error| Unusable::Settings(error.to_string()))
        .and_then(|settings| plan(row, settings, keys, usual));
    Webhook {
        id: WebhookId(row.id),
        account_id: AccountId(row.account_id),
        is_active: row.active,
        is_deleted: row.deleted_at_us.is_some(),
        terms,
        settings_version: row.settings_version,
        config_version: row.config_version,
        plan,
    }
}

fn plan(
    row: &ConfigRow,
    settings: WebhookSettings,
    keys: &KeyRing,
    usual: &UsualSettings,
) -> Result<SendPlan, Unusable> {
    let owner = SecretOwner {
        account_id: AccountId(row.account_id),
        webhook_id: row.id,
    };
    let sealed = row.keys.clone().read();
    let sealed = sealed.map_err(|error| Unusable::Settings(error.to_string()))?;
    let signers = Signers::open(keys, owner, &sealed, settings.ed25519)?;
    let headers = settings
        .headers
        .iter()
        .map(|header| (header.name.as_str(), header.value.as_str()));
    let headers = CustomHeaders::parse(headers).map_err(|mut faults| {
        // There is at least one, or it would not be an error.
        faults.pop().map_or_else(
            || Unusable::Settings("headers".to_owned()),
            Unusable::Header,
        )
    })?;
    let schedule = settings.retry_schedule_seconds.as_ref().map(|pauses| {
        pauses
            .iter()
            .map(|&pause| Duration::from_secs(pause.into()))
            .collect()
    });
    let max_concurrency = settings
        .max_concurrency
        .and_then(|slots| usize::try_from(slots).ok())
        .unwrap_or(usual.concurrency)
        .max(1);
    Ok(SendPlan {
        url: WebhookUrl::parse(&settings.url, &any_address())?,
        render: RenderSettings::of(&settings),
        headers,
        retry: RetryPolicy {
            schedule: schedule.unwrap_or_else(|| usual.schedule.clone()),
            stop_on_4xx: settings.stop_on_4xx,
        },
        max_concurrency,
        rate_per_second: settings.rate_per_second,
        ordered: settings.ordered,
        latest_only: settings.latest_only,
        signers,
    })
}

/// Who may be called is judged at each attempt, where it shows in the log.
pub(crate) fn any_address() -> AddressPolicy {
    let all = [
        ipnet::IpNet::V4(ipnet::Ipv4Net::default()),
        ipnet::IpNet::V6(ipnet::Ipv6Net::default()),
    ];
    AddressPolicy {
        allow_networks: all.to_vec(),
        https_only: false,
    }
}
