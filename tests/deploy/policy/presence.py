"""Each service has probes, a Service, a disruption budget, an account and spread pods."""

from collections.abc import Iterator

from tests.deploy.manifests import SERVICES, Manifests, Object, labels, main, pod, title

LOAD_SECONDS = 300
"""Upper limit for loading a model on a busy machine (`deploy.local.stack.READY_SECONDS`)."""

PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}


def probes_ask_the_right_thing(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        for container in pod(workload)["containers"]:
            for probe in PROBES.keys() - container.keys():
                yield f"{title(workload)}, {container['name']} has no {probe}"
    for service in SERVICES:
        container = main(manifests.one("Deployment", service))
        for probe, path in PROBES.items():
            if container.get(probe, {}).get("httpGet") != {"path": path, "port": "http"}:
                yield f"{service}: its {probe} does not ask {path}"
        start = container.get("startupProbe", {})
        if start.get("failureThreshold", 3) * start.get("periodSeconds", 10) < LOAD_SECONDS:
            yield f"{service} is killed while it loads its model"


def everything_is_there_for_each_service(manifests: Manifests) -> Iterator[str]:
    for name in SERVICES:
        own = {"app.kubernetes.io/name": name}
        workload = manifests.one("Deployment", name)
        if not own.items() <= labels(workload).items() or workload["spec"]["selector"]["matchLabels"] != own:
            yield f"{name}: its pods are not labelled by its name"
        if pod(workload).get("serviceAccountName") != name or not manifests.has("ServiceAccount", name):
            yield f"{name} has no account of its own"
        if not manifests.has("Service", name) or manifests.one("Service", name)["spec"].get("selector") != own:
            yield f"{name} has no Service of its own"
        budget = (
            manifests.one("PodDisruptionBudget", name)["spec"] if manifests.has("PodDisruptionBudget", name) else {}
        )
        if budget.get("selector") != {"matchLabels": own} or budget.get("maxUnavailable") != 1:
            yield f"{name} has no budget that lets one of its pods go at a time"
        if _spread(workload) != [("kubernetes.io/hostname", own), ("topology.kubernetes.io/zone", own)]:
            yield f"{name} is not spread over nodes and zones"


def _spread(workload: Object) -> list[tuple[str, object]]:
    rules = pod(workload).get("topologySpreadConstraints", [])
    return [(rule["topologyKey"], rule["labelSelector"]["matchLabels"]) for rule in rules]


def ports_are_those_of_the_code(manifests: Manifests) -> Iterator[str]:
    """Require one port in the setting PORT, the container, the Service and the URLs of callers."""
    for name in SERVICES:
        env = manifests.environment(name)
        port = int(env["PORT"])
        if env["HOST"] != "0.0.0.0":
            yield f"{name} listens on {env['HOST']}"
        if main(manifests.one("Deployment", name))["ports"] != [{"name": "http", "containerPort": port}]:
            yield f"{name}: its container's port is not PORT"
        ports = manifests.one("Service", name)["spec"]["ports"]
        if ports != [{"name": "http", "port": port, "targetPort": "http"}]:
            yield f"{name}: its Service has other ports"
    if manifests.environment("gateway")["STATUS_URL"] != f"http://status:{manifests.environment('status')['PORT']}":
        yield "the gateway looks for status elsewhere"


RULES = (probes_ask_the_right_thing, everything_is_there_for_each_service, ports_are_those_of_the_code)
