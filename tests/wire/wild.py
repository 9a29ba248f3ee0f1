"""Clusters whose nodes may be hurt, the ChaosPlans that do it, and those who write meanwhile; for scripts that hurt clusters."""
import http.client
import json
import threading

from cluster import Cluster, Failed, until

PLANS = "/apis/troupe.internal/v1/chaosplans"
MAPS = "/api/v1/namespaces/default/configmaps"


class Wild(Cluster):
    """All of its nodes were started with --chaos."""

    def __enter__(self):
        for node in self.nodes:
            node.start = lambda *words, plain=node.start: plain("--chaos", *words)
        return super().__enter__()


def make(node, name, fault, level, **more):
    target = {"level": level, **{key: more.pop(key) for key in ("names", "selector") if key in more}}
    wanted = {"apiVersion": "troupe.internal/v1", "kind": "ChaosPlan", "metadata": {"name": name}, "spec": {"fault": fault, "target": target, **more}}

    lost = []

    def asked():
        """Nobody may lead for longer than a write waits, on a machine that does much else; and an earlier plan may strike who is asked."""
        try:
            code, made = node.request("POST", PLANS, wanted)
            if lost and code == 409:  # it was done, and the answer lost
                code, made = node.request("GET", PLANS + "/" + name)
        except OSError as why:
            lost.append(why)
            return None
        assert code in (200, 201, 503), (code, made)
        return made if code != 503 else None
    return until(asked, 60, "%s is taken" % name)


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


def listed(node, path):
    """All objects, in pages; Failed when the node does not say."""
    items, more = [], ""
    while True:
        code, page = node.request("GET", path + "?limit=500" + ("&continue=" + more if more else ""))
        if code != 200:
            raise Failed("GET %s: %d %s" % (path, code, page))
        items += page["items"]
        more = page["metadata"].get("continue", "")
        if not more:
            return items


class Writer(threading.Thread):
    """Creates ConfigMaps by way of one node, a new one each time, and counts them in another one: an answer of 2xx is a promise."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.promised, self.counted, self.is_over = node, set(), 0, threading.Event()
        self.connection = None

    def send(self, method, path, body, kind="application/json"):
        """The code; 0 when it was not answered: then it may have happened."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(self.node.address, 6443, context=self.node.context(), timeout=5)
            self.connection.request(method, path, json.dumps(body), {"Content-Type": kind})
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0

    def run(self):
        number, counter = 0, "count-" + self.node.name
        while not self.is_over.wait(0.05):
            number += 1
            name = "c-%s-%d" % (self.node.name, number)
            if self.send("POST", MAPS, {"metadata": {"name": name}}) == 201:
                self.promised.add(name)
            # Applied, so that it need not be there; what was promised is never less than what is read later.
            if self.send("PATCH", MAPS + "/" + counter + "?fieldManager=writer&force=true",
                         {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": counter}, "data": {"n": str(number)}},
                         "application/apply-patch+yaml") in (200, 201):
                self.counted = number

    def lost(self, maps):
        """Which promises these ConfigMaps break, by name."""
        found = sorted(self.promised - set(maps))
        count = int(maps.get("count-" + self.node.name, {}).get("data", {}).get("n", 0))
        return found + (["a count of %d that is %d" % (self.counted, count)] if count < self.counted else [])


class Promises:
    """While the block runs each node is written to; after it all that was acknowledged must be on each."""

    def __init__(self, cluster, well=None):
        """`well`: waits until the cluster is; of three nodes unless said."""
        self.cluster, self.well = cluster, well or globals()["well"]
        self.writers = [Writer(node) for node in cluster.nodes]

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, kind, *_):
        for writer in self.writers:
            writer.is_over.set()
        for writer in self.writers:
            writer.join(30)
        if kind is not None:
            return
        self.well(self.cluster)
        assert self.count(), "nothing was acknowledged"
        for node in self.cluster.nodes:
            maps = {item["metadata"]["name"]: item for item in listed(node, MAPS)}
            lost = [name for writer in self.writers for name in writer.lost(maps)]
            assert not lost, "%s does not have %d of %d acknowledged writes: %s" % (node.name, len(lost), self.count(), lost[:5])

    def count(self):
        return sum(len(writer.promised) for writer in self.writers)
