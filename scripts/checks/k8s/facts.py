"""What an overlay says of the program, compared with the program's sources."""

import ipaddress
import pathlib
import re
import tomllib

ROLES = ("entity-service", "intake-service", "delivery-worker")
INTERNET_V6 = ipaddress.ip_network("2000::/3")
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Addresses that stand for IPv4 ones, which the worker judges by what is inside.
TRANSITION = [ipaddress.ip_network(text) for text in ("2002::/16", "2001::/32")]


class Facts:
    def __init__(self, crates: pathlib.Path):
        sources = [file for file in crates.glob("*/src/**/*.rs") if "tests" not in file.parts]
        # Tests make up metrics of their own.
        text = "\n".join(file.read_text().split("#[cfg(test)]")[0] for file in sources)
        self.metrics = set(re.findall(r'"(dealwire_[a-z0-9_]+)"', text))
        self.queues = set(re.findall(r'"([a-z.]+)"', (crates / "outbox/src/queue.rs").read_text()))
        self.settings = tomllib.loads((crates / "dealwire/src/settings/defaults.toml").read_text())
        commands = re.search(r"enum Command \{(.*?)\n\}", (crates / "dealwire/src/cli.rs").read_text(), re.S)
        self.commands = {kebab(name) for name in re.findall(r"\b([A-Z]\w+)\(", commands.group(1))}
        self.routes = {}
        for role in ROLES:
            routes = (crates / role / "src/routes.rs").read_text()
            for segment in re.findall(r'resource\("/([^/"]+)', routes):
                self.routes["/in" if segment == "in" else f"/api/v1/{segment}"] = role
        self.v4, self.v6 = special_ranges((crates / "delivery-worker/src/address/ranges.rs").read_text())

    def problems(self, overlay):
        for name, text in expressions(overlay):
            for metric in set(re.findall(r"\bdealwire_[a-z0-9_]+", text)):
                if not {metric, re.sub(r"_(bucket|sum|count)$", "", metric)} & self.metrics:
                    yield f"{name}: there is no metric {metric}"
        for scaler in overlay.of("ScaledObject"):
            for trigger in scaler["spec"]["triggers"]:
                queue = trigger.get("metadata", {}).get("queueName")
                if queue and queue not in self.queues:
                    yield f"ScaledObject/{scaler['metadata']['name']}: there is no queue {queue}"
        yield from self.program_problems(overlay)
        yield from self.route_problems(overlay)
        policy = overlay.find("NetworkPolicy", "callbacks-to-internet")
        yield from self.range_problems(policy) if policy else ["nothing lets callbacks out"]

    def program_problems(self, overlay):
        given = {}
        for settings in overlay.of("ConfigMap"):
            for key, value in settings.get("data", {}).items():
                if key.startswith("DEALWIRE__"):
                    given[key] = value
                    if not self.is_setting(key):
                        yield f"ConfigMap/{settings['metadata']['name']}: there is no setting {key}"
        for owner, _, pod in overlay.pods():
            for container in pod["containers"]:
                if container["name"] != "dealwire":
                    continue
                command = container["args"][0]
                if command not in self.commands:
                    yield f"{owner}: there is no `dealwire {command}`"
                for variable in container.get("env", []):
                    if variable["name"].startswith("DEALWIRE__") and not self.is_setting(variable["name"]):
                        yield f"{owner}: there is no setting {variable['name']}"
                if command in ROLES:
                    listen = given.get(f"DEALWIRE__{command.upper().replace('-', '_')}__LISTEN", "")
                    port = container["ports"][0]["containerPort"]
                    if not listen.endswith(f":{port}"):
                        yield f"{owner}: its port is {port}, and it listens on {listen or 'the default'}"

    def is_setting(self, variable: str) -> bool:
        section, _, key = variable.removeprefix("DEALWIRE__").lower().partition("__")
        known = self.settings.get(section)
        return key in known if isinstance(known, dict) else not key and known is not None

    def route_problems(self, overlay):
        for ingress in overlay.of("Ingress"):
            paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
            leads = {p["path"]: p["backend"]["service"]["name"] for p in paths if p["pathType"] == "Prefix"}
            for path in sorted(set(leads) | set(self.routes)):
                if leads.get(path) != self.routes.get(path):
                    yield (
                        f"Ingress/{ingress['metadata']['name']}: {path} leads to {leads.get(path)}, "
                        f"it is of {self.routes.get(path)}"
                    )

    def range_problems(self, policy: dict):
        """The policy shuts what the worker's address check shuts, and no more."""
        shut = {}
        for rule in policy["spec"]["egress"]:
            for peer in rule["to"]:
                block = peer["ipBlock"]
                shut[ipaddress.ip_network(block["cidr"])] = {ipaddress.ip_network(e) for e in block["except"]}
        name = "NetworkPolicy/callbacks-to-internet"
        nat64 = {embedded(network) for network in self.v4}
        wanted_v6 = [network for network in self.v6 if network.overlaps(INTERNET_V6)] + TRANSITION
        if set(shut) != {ipaddress.ip_network("0.0.0.0/0"), INTERNET_V6, NAT64}:
            yield f"{name} opens {', '.join(map(str, shut))}"
            return
        for wanted, given in ((self.v4, shut[ipaddress.ip_network("0.0.0.0/0")]), (nat64, shut[NAT64])):
            for network in wanted ^ given:
                yield f"{name}: {network} is special in one place and not in the other"
        if set(ipaddress.collapse_addresses(wanted_v6)) != shut[INTERNET_V6]:
            yield f"{name}: of IPv6 it leaves out other ranges than the worker"


def expressions(overlay):
    """(place, PromQL) of everything that asks Prometheus."""
    for rule in overlay.of("PrometheusRule"):
        for group in rule["spec"].get("groups", []):
            for row in group.get("rules", []):
                yield f"PrometheusRule/{row.get('alert') or row.get('record')}", str(row.get("expr", ""))
    for scaler in overlay.of("ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            yield f"ScaledObject/{scaler['metadata']['name']}", trigger.get("metadata", {}).get("query", "")


def special_ranges(text: str) -> tuple:
    v4, v6 = set(), []
    for a, b, c, d, length in re.findall(r"\(v4\((\d+), (\d+), (\d+), (\d+)\), (\d+),", text):
        v4.add(ipaddress.ip_network(f"{a}.{b}.{c}.{d}/{length}"))
    for a, b, c, length in re.findall(r"\(v6\((\w+), (\w+), (\w+)\), (\d+),", text):
        segments = ":".join(f"{int(part, 0):x}" for part in (a, b, c))
        v6.append(ipaddress.ip_network(f"{segments}::/{length}"))
    if not v4 or not v6:
        raise SystemExit("check-k8s: the ranges of the address check are not where they were")
    return v4, v6


def embedded(network) -> ipaddress.IPv6Network:
    start = int(NAT64.network_address) + int(network.network_address)
    return ipaddress.ip_network((start, 96 + network.prefixlen))


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()
