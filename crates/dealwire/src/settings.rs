//! What an operator can set: embedded defaults, then a file, then the
//! environment; the command line comes on top in each subcommand.

mod delivery;
mod retention;
mod secret_text;
mod servers;
mod traces;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, Environment, File, FileFormat};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use telemetry::LogFormat;

pub(crate) use delivery::DeliverySettings;
pub(crate) use retention::RetentionSettings;
pub(crate) use secret_text::SecretText;
pub(crate) use servers::{BrokerSettings, KeySettings, RoleSettings};
pub(crate) use traces::TraceSettings;

/// The defaults with their comments, as `dealwire settings` prints them.
pub(crate) const DEFAULTS: &str = include_str!("settings/defaults.toml");

/// All settings; `settings/defaults.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) data_dir: PathBuf,
    pub(crate) http: HttpSettings,
    pub(crate) log: LogSettings,
    pub(crate) traces: TraceSettings,
    pub(crate) intake: IntakeSettings,
    pub(crate) delivery: DeliverySettings,
    pub(crate) retention: RetentionSettings,
    pub(crate) broker: BrokerSettings,
    pub(crate) entity_service: RoleSettings,
    pub(crate) intake_service: RoleSettings,
    pub(crate) delivery_worker: RoleSettings,
    pub(crate) keys: KeySettings,
}

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSettings {
    pub(crate) listen: SocketAddr,
}

/// The log on standard error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSettings {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

/// How leads come in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IntakeSettings {
    #[serde(deserialize_with = "public_url")]
    pub(crate) public_url: Option<String>,
    #[serde(deserialize_with = "networks")]
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// A setting is missing, unknown or malformed; the text names it and its place.
#[derive(Debug, thiserror::Error)]
#[error("the settings are not usable: {0}")]
pub(crate) struct SettingsError(pub(crate) String);

// The message holds all that the library says; as a source it would be said twice.
impl From<ConfigError> for SettingsError {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string())
    }
}

impl Settings {
    /// Reads `file`, where one is named, and this process's environment.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        Self::read(file, environment())
    }

    fn read(file: Option<&Path>, environment: Environment) -> Result<Self, SettingsError> {
        let mut sources = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(file) = file {
            sources = sources.add_source(File::from(file).format(FileFormat::Toml));
        }
        let settings = sources.add_source(environment).build()?;
        let settings: Self = settings.try_deserialize()?;
        settings.delivery.check()?;
        Ok(settings)
    }
}

/// The URL at which a process on this machine reaches a server that listens there.
pub(crate) fn local_url(mut listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{listen}/")
}

fn environment() -> Environment {
    Environment::with_prefix("DEALWIRE")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("delivery.allow_networks")
        .with_list_parse_key("delivery.extra_ca_files")
        .with_list_parse_key("keys.other_master_files")
        .with_list_parse_key("intake.trusted_proxies")
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(|text| network(text).map_err(de::Error::custom))
        .collect()
}

/// Paths; blank ones, as an empty variable of the environment gives one, are none.
fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let texts = texts.iter().map(|text| text.trim());
    Ok(texts
        .filter(|text| !text.is_empty())
        .map(PathBuf::from)
        .collect())
}

/// Where inbound URLs begin; blank says nothing.
fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text = text.trim().trim_end_matches('/');
    if text.is_empty() {
        return Ok(None);
    }
    let is_base = url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if !is_base {
        let why = format!("intake.public_url is `{text}`; give it as https://in.example.com");
        return Err(de::Error::custom(why));
    }
    Ok(Some(text.to_owned()))
}

/// A network in CIDR form, or a single address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_not_cidr| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_not_address| {
            format!("`{text}` is neither a network such as 10.1.0.0/16 nor an address")
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn with_env(pairs: &[(&str, &str)]) -> Environment {
        let pairs = pairs.iter().map(|(k, v)| (k.to_string(), v.to_string()));
        environment().source(Some(pairs.collect()))
    }

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn the_defaults_are_complete_and_safe() {
        let settings = Settings::read(None, with_env(&[])).unwrap();
        assert_eq!(settings.data_dir, Path::new("dealwire-data"));
        assert_eq!(local_url(settings.http.listen), "http://127.0.0.1:8080/");
        assert_eq!(settings.log.format, LogFormat::Text);
        assert!(settings.delivery.allow_networks.is_empty());
        assert!(settings.delivery.extra_ca_files.is_empty());
        assert!(settings.keys.other_masters().is_empty());
        assert!(!settings.delivery.https_only);
        assert_eq!(settings.delivery.concurrency.get(), 16);
        assert_eq!(settings.delivery.gap_wait, Duration::from_secs(600));
        assert_eq!(settings.delivery.breaker_failures, 10);
        assert_eq!(settings.delivery.breaker_pause, Duration::from_secs(30));
        let longest = settings.delivery.breaker_longest_pause;
        assert_eq!(longest, Duration::from_secs(300));
        const DAY: Duration = Duration::from_secs(86_400);
        assert_eq!(settings.retention.events(), 30 * DAY);
        assert_eq!(settings.retention.deliveries(), 30 * DAY);
        assert_eq!(settings.retention.requests(), 30 * DAY);
        assert_eq!(settings.retention.known_events(), 31 * DAY);
    }

    #[test]
    fn the_environment_beats_the_file_and_the_file_the_defaults() {
        let file = written(
            "data_dir = \"/srv/dw\"\n[http]\nlisten = \"[::]:81\"\n[delivery]\nconcurrency = 4",
        );
        let env = with_env(&[
            ("DEALWIRE__DELIVERY__CONCURRENCY", "8"),
            (
                "DEALWIRE__DELIVERY__ALLOW_NETWORKS",
                "127.0.0.0/8, 10.0.0.1",
            ),
            ("DEALWIRE__DELIVERY__HTTPS_ONLY", "true"),
            ("DEALWIRE__DELIVERY__BREAKER_FAILURES", "3"),
            ("DEALWIRE__DELIVERY__EXTRA_CA_FILES", "/etc/ca.pem"),
            ("DEALWIRE__KEYS__OTHER_MASTER_FILES", "a.key, b.key"),
            ("DEALWIRE_CONFIG", "of no concern here"),
            ("HOME", "/root"),
        ]);
        let settings = Settings::read(Some(file.path()), env).unwrap();
        assert_eq!(settings.data_dir, Path::new("/srv/dw"));
        assert_eq!(local_url(settings.http.listen), "http://[::1]:81/");
        assert_eq!(settings.delivery.concurrency.get(), 8);
        assert!(settings.delivery.https_only);
        assert_eq!(settings.delivery.breaker_failures, 3);
        assert_eq!(settings.delivery.extra_ca_files, [Path::new("/etc/ca.pem")]);
        let others = [Path::new("a.key"), Path::new("b.key")];
        assert_eq!(settings.keys.other_masters(), others);
        let networks: Vec<String> = settings
            .delivery
            .allow_networks
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(networks, ["127.0.0.0/8", "10.0.0.1/32"]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, named) in [
            ("[http]\nport = 80", "port"),
            ("[mail]\nhost = \"x\"", "mail"),
            ("[http]\nlisten = \"localhost\"", "http.listen"),
            ("[log]\nformat = \"xml\"", "xml"),
            ("[delivery]\nconcurrency = 0", "delivery.concurrency"),
            ("[delivery]\nconcurrency = 65", "64"),
            (
                "[delivery]\ngap_wait_seconds = 86401",
                "delivery.gap_wait_seconds",
            ),
            (
                "[delivery]\nbreaker_failures = 0",
                "delivery.breaker_failures",
            ),
            (
                "[delivery]\nbreaker_pause_seconds = 3601",
                "delivery.breaker_pause_seconds",
            ),
            (
                "[delivery]\nbreaker_longest_pause_seconds = 0",
                "delivery.breaker_longest_pause_seconds",
            ),
            (
                "[delivery]\nbreaker_pause_seconds = 301",
                "breaker_longest_pause_seconds",
            ),
            (
                "[delivery]\nallow_networks = [\"10.0.0.0/40\"]",
                "10.0.0.0/40",
            ),
            ("[retention]\nevents_days = 0", "retention.events_days"),
            ("[retention]\nrequests_days = 3661", "3660"),
            ("[delivery", "delivery"),
        ] {
            let file = written(text);
            let error = Settings::read(Some(file.path()), with_env(&[])).unwrap_err();
            assert!(error.to_string().contains(named), "{text}: {error}");
        }
        let env = with_env(&[("DEALWIRE__HTTP__PROT", "1")]);
        let error = Settings::read(None, env).unwrap_err().to_string();
        assert!(error.contains("prot"), "{error}");
    }

    #[test]
    fn a_named_file_must_exist() {
        let error = Settings::read(Some(Path::new("absent.toml")), with_env(&[])).unwrap_err();
        assert!(error.to_string().contains("absent.toml"), "{error}");
    }
}
