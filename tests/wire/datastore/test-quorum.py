#!/usr/bin/env python3
"""Two of three nodes are gone: the third can be read, with a warning; writes fail at once and say when to try again."""
import http.client
import json
import os
import sys
import time

import suite
from cluster import Cluster, until

MAPS = "/api/v1/namespaces/default/configmaps"


def ask(node, method, path, body=None):
    """(code, headers, body, seconds)."""
    connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=40)
    began = time.monotonic()
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read() or b"{}"), time.monotonic() - began
    finally:
        connection.close()


def create(node, name):
    return ask(node, "POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})


def is_stale(node, path):
    try:
        code, headers, _, _ = ask(node, "GET", path)
    except OSError:  # it has not begun to listen
        return False
    return code == 200 and "no majority" in (headers.get("Warning") or "")


def lose_two(cluster, left):
    for node in cluster.nodes:
        if node is not left:
            node.kill()
    until(lambda: is_stale(left, MAPS), 30, "reads go on with a warning")


def check_left(left, name):
    assert is_stale(left, MAPS + "/" + name)
    _, headers, body, _ = ask(left, "GET", MAPS)
    assert headers["Warning"].startswith('299 - "'), headers["Warning"]
    assert name in [item["metadata"]["name"] for item in body["items"]]
    # Whoever asks for what this node has is not warned of it.
    code, headers, _, _ = ask(left, "GET", MAPS + "?resourceVersion=0")
    assert code == 200 and headers.get("Warning") is None
    took = []
    for i in range(20):
        code, headers, body, seconds = create(left, "lost-%d" % i)
        assert code == 503 and int(headers["Retry-After"]) >= 1 and body["kind"] == "Status", (code, body)
        took.append(seconds)
    assert sorted(took)[10] < 2, took  # and not after a time-out
    return took


def test_reads_go_on_and_writes_fail_at_once_on_whoever_is_left():
    for picks_leader in (False, True):
        with Cluster(3) as cluster:
            leader = cluster.leader()
            left = leader if picks_leader else next(node for node in cluster.nodes if node is not leader)
            assert create(left, "kept")[0] == 201
            until(lambda: ask(left, "GET", MAPS + "/kept")[0] == 200, 10, "it is there")
            lose_two(cluster, left)
            check_left(left, "kept")
            assert "no majority" in cluster.kubectl("get", "configmaps", node=left).stderr
            assert "kept" in cluster.kubectl("get", "configmaps", node=left).stdout
            # A watch stands, and tells what comes when a majority is there again.
            back = next(node for node in cluster.nodes if node is not left)
            back.start()
            until(lambda: create(left, "after")[0] == 201, 60, "two of three are a majority")
            code, headers, body, _ = ask(left, "GET", MAPS)
            assert code == 200 and headers.get("Warning") is None
            assert {"kept", "after"} <= {item["metadata"]["name"] for item in body["items"]}


def test_a_node_that_starts_while_there_is_no_majority_can_be_read():
    with Cluster(3) as cluster:
        left = cluster.nodes[1]
        # What was written last may be in its log alone, where nobody can say whether it was agreed upon: a new cluster's first second, later a minute.
        until(lambda: os.path.getsize(left.folder + "/store/table.db") > 65536, 10, "its database has what the cluster began with")
        for node in cluster.nodes:
            node.kill()
        left.start()
        until(lambda: is_stale(left, "/api/v1/namespaces/default"), 60, "it is read with a warning")
        assert create(left, "lost")[0] == 503


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
