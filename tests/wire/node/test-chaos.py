#!/usr/bin/env python3
"""SIGKILL of any process or machine at any moment, under load: nothing acknowledged is lost, no pod is there twice, every Deployment
comes back to its count. TROUPE_ROUNDS says how often (200), TROUPE_SEED what is hit (printed; the moment is the machine's)."""
import http.client
import os
import random
import sys
import time

import suite
from cluster import Cluster, Failed, until
from wild import Writer, listed

ROUNDS = int(os.environ.get("TROUPE_ROUNDS", "200"))
SEED = int(os.environ.get("TROUPE_SEED", str(random.randrange(1 << 32))))
DEPLOYMENTS = 5
REPLICAS = 4
HOSTS = ("core", "control", "node")


def deployment(name):
    return {"metadata": {"name": name}, "spec": {"replicas": REPLICAS, "selector": {"matchLabels": {"app": name}}, "template": {
        "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "a", "image": "a"}], "tolerations": [
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2},
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2}]}}}}


def is_serving(node):
    try:
        code, _ = node.request("GET", "/readyz", seconds=5)
        return code == 200 and node.request("PATCH", "/api/v1/namespaces/default", {"metadata": {"labels": {"round": str(time.monotonic_ns())}}},
                                            "application/merge-patch+json", seconds=5)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def hit(chance, cluster):
    """One round's blow; gives its words."""
    node = chance.choice(cluster.nodes)
    if chance.random() < 0.2:
        node.kill()
        node.start()
        return "%s, all of it" % node.name
    host = chance.choice(HOSTS)
    node.kill_host(host)
    return "%s of %s" % (host, node.name)


def pods_of(node):
    found = {}
    for pod in listed(node, "/api/v1/namespaces/default/pods"):
        if "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in ("Failed", "Succeeded"):
            found.setdefault(pod["metadata"].get("labels", {}).get("app"), []).append(pod)
    return found


def is_at_count(node):
    try:
        pods = pods_of(node)
    except (Failed, OSError, http.client.HTTPException):
        return False
    return all(len(pods.get("d%d" % i, [])) == REPLICAS and
               all(any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions", [])) for p in pods["d%d" % i])
               for i in range(DEPLOYMENTS))


def acknowledged(writers):
    return sum(len(writer.promised) for writer in writers)


def test_whatever_is_killed_nothing_is_lost():
    chance = random.Random(SEED)
    print("seed %d, %d rounds" % (SEED, ROUNDS), flush=True)
    with Cluster(4) as cluster:
        for i in range(DEPLOYMENTS):
            code, answer = cluster.nodes[0].request("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("d%d" % i))
            assert code == 201, (code, answer)
        until(lambda: is_at_count(cluster.nodes[0]), 60, "every Deployment is at its count")
        writers = [Writer(node) for node in cluster.nodes]
        for writer in writers:
            writer.start()
        for number in range(ROUNDS):
            before = acknowledged(writers)
            words = hit(chance, cluster)
            until(lambda: any(is_serving(node) for node in cluster.nodes), 30, "round %d: somebody serves after the end of %s" % (number, words))
            until(lambda: acknowledged(writers) > before, 30, "round %d: a write is acknowledged after the end of %s" % (number, words))
        for writer in writers:
            writer.is_over.set()
        for writer in writers:
            writer.join(20)
        for node in cluster.nodes:
            node.wait_ready(60)
        cluster.wait_voters(3, 60)
        promised = set().union(*(writer.promised for writer in writers))
        there = {item["metadata"]["name"] for item in listed(cluster.nodes[0], "/api/v1/namespaces/default/configmaps")}
        lost = promised - there
        assert not lost, "%d of %d acknowledged writes are lost: %s" % (len(lost), len(promised), sorted(lost)[:5])
        assert len(promised) >= ROUNDS, "only %d writes were acknowledged in %d rounds" % (len(promised), ROUNDS)
        until(lambda: is_at_count(cluster.nodes[0]), 90, "every Deployment is back at its count")
        addresses = [p["status"]["podIP"] for group in pods_of(cluster.nodes[0]).values() for p in group]
        assert len(addresses) == len(set(addresses)), "two pods have one address: %s" % sorted(addresses)
        print("%d writes were acknowledged, none is lost" % len(promised), flush=True)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
