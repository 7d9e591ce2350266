"""What the objects of one overlay say of each other, and what each pod must not do."""

# From SIGTERM to the end at the latest: requests 5 s, what works for them 8 s, the broker 2 s,
# traces 2 s.
LONGEST_END_SECONDS = 17
# Volumes that the pod security level `restricted` allows, and nothing that is kept on the node.
ALLOWED_VOLUMES = {"configMap", "secret", "projected", "emptyDir", "persistentVolumeClaim", "name"}


class Overlay:
    def __init__(self, objects: list):
        self.objects = objects

    def of(self, *kinds: str) -> list:
        return [obj for obj in self.objects if obj["kind"] in kinds]

    def find(self, kind: str, name: str):
        return next((obj for obj in self.of(kind) if obj["metadata"]["name"] == name), None)

    def pods(self) -> list:
        """(owner, labels, pod spec) of everything that makes pods."""
        found = []
        for obj in self.of("Deployment", "StatefulSet", "Job", "CronJob"):
            spec = obj["spec"]["jobTemplate"]["spec"] if obj["kind"] == "CronJob" else obj["spec"]
            template = spec["template"]
            labels = template.get("metadata", {}).get("labels", {})
            found.append((f"{obj['kind']}/{obj['metadata']['name']}", labels, template["spec"]))
        return found

    def secrets_from_outside(self) -> list:
        there = {obj["metadata"]["name"] for obj in self.of("Secret")}
        needed = set()
        for _, _, pod in self.pods():
            needed.update(name for kind, name, _ in references(pod) if kind == "Secret")
        for auth in self.of("TriggerAuthentication"):
            needed.update(ref["name"] for ref in auth["spec"].get("secretTargetRef", []))
        for ingress in self.of("Ingress"):
            needed.update(tls["secretName"] for tls in ingress["spec"].get("tls", []))
        return sorted(needed - there)

    def problems(self, readme: str):
        seen = set()
        for obj in self.objects:
            key = (obj["kind"], obj["metadata"]["name"])
            if key in seen:
                yield f"{'/'.join(key)} is there twice"
            seen.add(key)
        outside = self.secrets_from_outside()
        if outside and self.of("Secret"):
            yield f"some Secrets are made here, but not {', '.join(outside)}"
        for name in outside:
            if f"`{name}`" not in readme:
                yield f"the README does not name the Secret {name}"
        for owner, _, pod in self.pods():
            yield from (f"{owner}: {problem}" for problem in self.pod_problems(pod))
        yield from self.selector_problems()
        yield from self.target_problems()
        yield from self.version_problems()

    def pod_problems(self, pod: dict):
        for kind, name, optional in references(pod):
            if kind != "Secret" and not optional and not self.find(kind, name):
                yield f"there is no {kind} {name}"
        if pod.get("automountServiceAccountToken") is not False:
            yield "gets a token for the Kubernetes API"
        shared = pod.get("securityContext", {})
        if not shared.get("runAsNonRoot") or not shared.get("runAsUser"):
            yield "may run as root"
        if shared.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield "has no seccomp profile"
        for volume in pod.get("volumes", []):
            if set(volume) - ALLOWED_VOLUMES:
                yield f"the volume {volume['name']} is not allowed"
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield from container_problems(container)
        pause = max(
            c.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0) for c in pod["containers"]
        )
        if pause and pod.get("terminationGracePeriodSeconds", 30) < pause + LONGEST_END_SECONDS:
            yield "is killed before it could end"

    def selector_problems(self):
        templates = [labels for _, labels, _ in self.pods()]

        def nobody(selector: dict) -> bool:
            return not any(matches(selector, labels) for labels in templates)

        for service in self.of("Service"):
            name, selector = service["metadata"]["name"], {"matchLabels": service["spec"]["selector"]}
            selected = [pod for _, labels, pod in self.pods() if matches(selector, labels)]
            if not selected:
                yield f"Service/{name} selects no pod"
            for port in service["spec"]["ports"]:
                if not all(port["targetPort"] in port_names(pod) for pod in selected):
                    yield f"Service/{name}: its pods have no port {port['targetPort']}"
        for workload in self.of("Deployment", "StatefulSet"):
            labels = workload["spec"]["template"]["metadata"]["labels"]
            if not matches(workload["spec"]["selector"], labels):
                yield f"{workload['kind']}/{workload['metadata']['name']} does not select its own pods"
            for spread in workload["spec"]["template"]["spec"].get("topologySpreadConstraints", []):
                if not matches(spread["labelSelector"], labels):
                    yield f"{workload['kind']}/{workload['metadata']['name']} is spread beside others' pods"
        for budget in self.of("PodDisruptionBudget"):
            if nobody(budget["spec"]["selector"]):
                yield f"PodDisruptionBudget/{budget['metadata']['name']} selects no pod"
        for policy in self.of("NetworkPolicy"):
            spec = policy["spec"]
            rules = [*spec.get("ingress", []), *spec.get("egress", [])]
            peers = [peer for rule in rules for peer in [*rule.get("from", []), *rule.get("to", [])]]
            near = [peer["podSelector"] for peer in peers if set(peer) == {"podSelector"}]
            for selector in [spec["podSelector"], *near]:
                if nobody(selector):
                    yield f"NetworkPolicy/{policy['metadata']['name']} selects no pod by {selector}"
        for monitor in self.of("ServiceMonitor"):
            selector = monitor["spec"]["selector"]
            services = [s for s in self.of("Service") if matches(selector, s["metadata"].get("labels", {}))]
            for endpoint in monitor["spec"]["endpoints"]:
                offered = [{port["name"] for port in service["spec"]["ports"]} for service in services]
                if not offered or not all(endpoint["port"] in names for names in offered):
                    yield f"ServiceMonitor/{monitor['metadata']['name']}: no port {endpoint['port']}"

    def target_problems(self):
        for scaler in self.of("HorizontalPodAutoscaler", "ScaledObject"):
            target = scaler["spec"]["scaleTargetRef"]
            name = f"{scaler['kind']}/{scaler['metadata']['name']}"
            found = self.find(target.get("kind", "Deployment"), target["name"])
            if not found:
                yield f"{name} scales nothing that is there"
            elif "replicas" in found["spec"]:
                yield f"{name}: replicas of {target['name']} would be set back at each apply"
            for trigger in scaler["spec"].get("triggers", []):
                ref = trigger.get("authenticationRef")
                if ref and not self.find(ref.get("kind", "TriggerAuthentication"), ref["name"]):
                    yield f"{name}: there is no TriggerAuthentication {ref['name']}"
        for ingress in self.of("Ingress"):
            for rule in ingress["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    backend = path["backend"]["service"]
                    service = self.find("Service", backend["name"])
                    ports = [port["name"] for port in service["spec"]["ports"]] if service else []
                    if backend["port"].get("name") not in ports:
                        yield f"Ingress/{ingress['metadata']['name']}: {path['path']} leads nowhere"

    def version_problems(self):
        for owner, labels, pod in self.pods():
            version = labels.get("app.kubernetes.io/version")
            for container in pod["containers"]:
                tag = container["image"].split("@")[0].rpartition("/")[2].partition(":")[2]
                if version and tag != version:
                    yield f"{owner}: the image's tag is {tag}, the label says {version}"
                if not tag or tag == "latest":
                    yield f"{owner}: the image {container['image']} names no version"


def container_problems(container: dict):
    own = container.get("securityContext", {})
    if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities", {}).get("drop") != ["ALL"]:
        yield f"{container['name']} keeps rights"
    if container["image"].split(":")[0].endswith("dealwire") and not own.get("readOnlyRootFilesystem"):
        yield f"{container['name']} may write to its root"
    resources = container.get("resources", {})
    if not {"cpu", "memory"} <= set(resources.get("requests", {})) or "memory" not in resources.get("limits", {}):
        yield f"{container['name']} says not what it needs"
    ports = {port.get("name") for port in container.get("ports", [])}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        how = container.get(probe, {})
        port = how.get("httpGet", how.get("tcpSocket", {})).get("port")
        if port is not None and port not in ports:
            yield f"{container['name']}: {probe} asks at {port}, which is no port of it"
    for variable in container.get("env", []):
        if "://" in variable.get("value", "") and "@" in variable["value"]:
            yield f"{container['name']}: {variable['name']} may hold a password"


def port_names(pod: dict) -> set:
    return {port.get("name") for container in pod["containers"] for port in container.get("ports", [])}


def matches(selector: dict, labels: dict) -> bool:
    """As Kubernetes selects; an empty selector selects everything."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for row in selector.get("matchExpressions", []):
        has, values = labels.get(row["key"]), row.get("values", [])
        fits = {
            "In": has in values,
            "NotIn": has not in values,
            "Exists": has is not None,
            "DoesNotExist": has is None,
        }[row["operator"]]
        if not fits:
            return False
    return True


def references(pod: dict):
    """(kind, name, optional) of what a pod cannot start without."""
    if "serviceAccountName" in pod:
        yield "ServiceAccount", pod["serviceAccountName"], False
    for volume in pod.get("volumes", []):
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if "secret" in source:
                ref = source["secret"]
                yield "Secret", ref.get("secretName") or ref["name"], ref.get("optional", False)
            if "configMap" in source:
                yield "ConfigMap", source["configMap"]["name"], source["configMap"].get("optional", False)
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if key in source:
                    yield kind, source[key]["name"], source[key].get("optional", False)
