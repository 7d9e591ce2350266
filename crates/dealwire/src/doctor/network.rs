//! Whether the broker answers and has the queues, and whether receivers' names can be looked up.

use std::time::Duration;

use broker::{Broker, DeclareError, RabbitMqConfig};
use delivery_worker::Sender;

use super::{Finding, Patient};
use crate::installation::Installation;
use crate::wiring::send_config;

/// How long the broker may take to connect and declare.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn examine(patient: &Patient) -> Vec<Finding> {
    let mut findings = Vec::new();
    if matches!(patient.installation, Installation::Servers(_)) {
        findings.extend(broker(patient).await);
    }
    findings.extend(receivers(patient).await);
    findings
}

async fn broker(patient: &Patient) -> Vec<Finding> {
    const WHAT: &str = "broker";
    let url = match patient.settings.broker.url() {
        Ok(Some(url)) => url,
        Ok(None) => {
            let remedy = "set broker.url, or broker.url_file, to amqp://…";
            return vec![Finding::wrong(WHAT, "broker.url is not set", remedy)];
        }
        Err(error) => {
            let remedy = "correct broker.url or what broker.url_file names";
            return vec![Finding::wrong(WHAT, error.to_string(), remedy)];
        }
    };
    let config = match RabbitMqConfig::parse(&url, "dealwire doctor") {
        Ok(config) => config,
        Err(error) => {
            let told = error.to_string();
            return vec![Finding::wrong(WHAT, told, "correct broker.url")];
        }
    };
    let broker = Broker::rabbitmq(config);
    let topology = outbox::topology();
    let declared = tokio::time::timeout(PATIENCE, broker.declare(&topology)).await;
    let findings = match declared {
        Ok(Ok(())) => queues(&broker).await,
        Ok(Err(error)) => vec![not_declared(&broker, &error)],
        Err(_elapsed) => {
            let told = format!("does not answer within {PATIENCE:?}");
            vec![Finding::wrong(WHAT, told, "see its log, and the way to it")]
        }
    };
    broker.close().await;
    findings
}

fn not_declared(broker: &Broker, error: &DeclareError) -> Finding {
    if !error.is_retryable() {
        let remedy = "empty the queue and delete it, or correct the rights of the user: each \
                      service declares what it needs";
        return Finding::wrong("queues", error.to_string(), remedy);
    }
    let told = match broker.check() {
        Err(trouble) => trouble.to_string(),
        Ok(()) => error.to_string(),
    };
    let remedy = "start RabbitMQ, or correct broker.url: host, port, user, password, virtual host";
    Finding::wrong("broker", told, remedy)
}

async fn queues(broker: &Broker) -> Vec<Finding> {
    let mut findings = vec![Finding::well(
        "broker",
        "connected, queues are as they have to be",
    )];
    match broker.queue_depths().await {
        Ok(depths) => {
            let nobody: Vec<String> = depths
                .iter()
                .filter(|depth| depth.consumers == 0)
                .map(|depth| format!("{} ({} waiting)", depth.queue, depth.messages))
                .collect();
            findings.push(if nobody.is_empty() {
                Finding::well("queues", format!("{}, each with a consumer", depths.len()))
            } else {
                Finding::wrong(
                    "queues",
                    format!("nobody takes from {}", nobody.join(", ")),
                    "start the service that the name begins with; messages wait for it",
                )
            });
        }
        Err(error) => findings.push(Finding::wrong(
            "queues",
            error.to_string(),
            "see the broker's log",
        )),
    }
    findings
}

async fn receivers(patient: &Patient) -> Vec<Finding> {
    const WHAT: &str = "receiver";
    if patient.urls.is_empty() {
        return vec![name_servers()];
    }
    let sender =
        send_config(&patient.settings.delivery).and_then(|config| Ok(Sender::new(config)?));
    let sender = match sender {
        Ok(sender) => sender,
        Err(error) => {
            let remedy = "correct delivery.extra_ca_files";
            return vec![Finding::wrong(WHAT, format!("{error:#}"), remedy)];
        }
    };
    let mut findings = Vec::new();
    for url in &patient.urls {
        findings.push(match sender.look_up(url).await {
            Ok(addresses) => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                Finding::well(WHAT, format!("{url} is {}", addresses.join(", ")))
            }
            Err(reason) => Finding::wrong(
                WHAT,
                format!("{url}: {reason}"),
                "correct the URL or the name servers; delivery.allow_networks opens networks that \
                 are not public",
            ),
        });
    }
    findings
}

/// What delivery workers read to know whom to ask.
const RESOLV_CONF: &str = "/etc/resolv.conf";

fn name_servers() -> Finding {
    const WHAT: &str = "name servers";
    let read = std::fs::read_to_string(RESOLV_CONF);
    let servers = read.as_deref().map(name_servers_in);
    match servers {
        Ok(servers) if servers.is_empty() => Finding::wrong(
            WHAT,
            format!("{RESOLV_CONF} names none"),
            "give the machine or container a name server; receivers are looked up there",
        ),
        Ok(servers) => Finding::well(
            WHAT,
            format!("{}; --url asks them for a receiver", servers.join(", ")),
        ),
        Err(error) => Finding::wrong(
            WHAT,
            format!("{RESOLV_CONF} cannot be read: {error}"),
            "give the machine or container a name server; receivers are looked up there",
        ),
    }
}

fn name_servers_in(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .map(str::trim)
        .filter(|server| !server.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_as_the_system_does() {
        let text = "# nameserver 1.1.1.1\nsearch x\nnameserver 127.0.0.53\nnameserver\t::1\n";
        assert_eq!(name_servers_in(text), ["127.0.0.53", "::1"]);
        assert!(name_servers_in("").is_empty());
    }
}
