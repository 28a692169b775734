"""A pod with a GPU is scheduled to a GPU node, and has shared memory and its model."""

from collections.abc import Iterator

from tests.deploy.manifests import Manifests, Object, main, pod, title
from tests.deploy.policy.grace import uses_gpu

CACHE = "/home/karaoke/.cache"
TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def gpu_pods_have_what_they_need(manifests: Manifests) -> Iterator[str]:
    for workload in filter(uses_gpu, manifests.of("Deployment")):
        yield from (f"{title(workload)}: {what}" for what in _faults(workload))


def _faults(workload: Object) -> Iterator[str]:
    spec = pod(workload)
    if TOLERATION not in spec.get("tolerations", []):
        yield "is not let onto a GPU's node"
    if not spec.get("nodeSelector"):
        yield "may wait for a GPU at a node without one"
    if _volume(workload, "/dev/shm").get("emptyDir", {}).get("medium") != "Memory":
        yield "shares no memory"
    if "persistentVolumeClaim" not in _volume(workload, CACHE):
        yield "fetches its model again and again"
    if workload["metadata"]["name"] == "separator":
        first = spec.get("initContainers", [])
        if [each["command"] for each in first] != [["python", "-m", "services.separator", "fetch-model"]]:
            yield "does not fetch its weights before it starts"
        elif first[0]["image"] != main(workload)["image"] or first[0]["envFrom"] != main(workload)["envFrom"]:
            yield "fetches the weights of another model"
        elif CACHE not in {mount["mountPath"] for mount in first[0]["volumeMounts"]}:
            yield "fetches its weights to where they are lost"


def _volume(workload: Object, path: str) -> Object:
    name = next((mount["name"] for mount in main(workload)["volumeMounts"] if mount["mountPath"] == path), None)
    found: Object = next((volume for volume in pod(workload)["volumes"] if volume["name"] == name), {})
    return found


RULES = (gpu_pods_have_what_they_need,)
