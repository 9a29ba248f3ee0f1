#!/usr/bin/env python3
"""The isolated layout: the API server in a host of its own, which clients stay connected to while the host of the store is killed."""
import http.client
import json
import os
import re
import signal
import sys
import threading
import time

import suite
from cluster import Cluster, UnixConnection, until

ISOLATED = ("--layout", "isolated")


def config_map(name, **data):
    return {"metadata": {"name": name}, "data": data}


def private(node, method, path, seconds=20):
    """By the socket in the node's folder: (code, text)."""
    connection = UnixConnection(node.folder + "/run/api.sock")
    connection.timeout = seconds
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_both_hosts_are_there_and_are_shown():
    with Cluster(1, ISOLATED) as cluster:
        node = cluster.nodes[0]
        assert {"core", "api", "control", "node"} <= set(node.pids()), node.pids()
        assert "api" in node.troupe("tree").stdout
        code, actors = node.request("GET", "/apis/troupe.internal/v1/actors")
        assert code == 200, actors
        hosts = {item["spec"].get("host") for item in actors["items"]}
        assert {"core", "api"} <= hosts, hosts
        code, members = node.request("GET", "/apis/troupe.internal/v1/members")
        assert code == 200 and [m["metadata"]["name"] for m in members["items"]] == ["n1"], members
        code, text = node.request("GET", "/metrics")
        assert code == 200
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes"):
            assert re.search(r"^%s \d" % name, text, re.M) and re.search(r'^%s\{host="core"\} \d' % name, text, re.M), name
        assert "troupe_written_bytes_total" in text and "leader_election_master_status" in text
        heads = re.findall(r"^# TYPE (\S+)", text, re.M)
        assert len(heads) == len(set(heads)), "no name is told of twice: %s" % {name for name in heads if heads.count(name) > 1}
        lines = [line.rsplit(" ", 1)[0] for line in text.splitlines() if line and line[0] != "#"]
        assert len(lines) == len(set(lines)), "and no series"
        assert node.stop() == 0


def test_pages_of_the_core_host_are_answered_through_the_desk():
    with Cluster(1, ISOLATED) as cluster:
        node = cluster.nodes[0]
        node.troupe("token", "create", "--description", "for-the-desk")
        assert "for-the-desk" in node.troupe("token", "list").stdout
        code, text = node.request("GET", "/troupe/status")
        assert code == 404, "what is for the socket is not for the door: %s" % text
        assert node.request("POST", "/api/v1/namespaces/default/configmaps", config_map("a", x="1"))[0] == 201
        assert node.troupe("history", "configmaps/a").stdout.strip()
        backup = os.path.join(cluster.folder, "b")
        node.troupe("backup", backup)
        assert os.path.getsize(backup) > 0
        node.kill_host("core", signal.SIGSTOP)
        began = time.monotonic()
        node.kill_host("core")
        code, text = private(node, "GET", "/troupe/members")
        assert code in (200, 503) and time.monotonic() - began < 10, (code, text)
        until(lambda: private(node, "GET", "/troupe/status")[0] == 200, 20, "the core host is back")


def test_either_host_is_killed_by_its_name_and_comes_back_alone():
    with Cluster(1, ISOLATED) as cluster:
        node = cluster.nodes[0]
        before = node.pids()
        for host, other in (("core", "api"), ("api", "core")):
            node.troupe("kill", "n1/" + host)
            until(lambda: node.pids().get(host) not in (None, before[host]), 20, "%s is started again" % host)
            assert node.pids()[other] == before[other], "and nobody else"
            before = node.pids()
            node.wait_ready()


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
