"""Clusters whose nodes may be hurt, and the ChaosPlans that do it; for the scripts of this folder."""
from cluster import Cluster, until

PLANS = "/apis/troupe.internal/v1/chaosplans"


class Wild(Cluster):
    """All of its nodes were started with --chaos."""

    def __enter__(self):
        for node in self.nodes:
            node.start = lambda *words, plain=node.start: plain("--chaos", *words)
        return super().__enter__()


def make(node, name, fault, level, **more):
    target = {"level": level, **{key: more.pop(key) for key in ("names", "selector") if key in more}}
    code, made = node.request("POST", PLANS, {"apiVersion": "troupe.internal/v1", "kind": "ChaosPlan", "metadata": {"name": name},
                                              "spec": {"fault": fault, "target": target, **more}})
    assert code == 201, (code, made)
    return made


def plan(cluster, name):
    """As some node shows it; {} while none answers."""
    for node in cluster.living():
        try:
            code, found = node.request("GET", PLANS + "/" + name, seconds=5)
        except OSError:
            continue
        if code == 200:
            return found
    return {}


def status(cluster, name):
    return plan(cluster, name).get("status", {})


def ended(cluster, name, phase="Completed", seconds=60):
    found = until(lambda: status(cluster, name).get("phase") in ("Completed", "Refused") and status(cluster, name), seconds, "%s ends" % name)
    assert found["phase"] == phase, found
    return found


def condition(found, kind):
    return next((c for c in found.get("conditions", []) if c["type"] == kind), {})


def outages(found):
    return {o["what"]: o for o in found.get("outages", [])}


def well(cluster):
    until(lambda: cluster.nodes[0].status().get("tolerance") == 1, 30, "one of three may be lost")
