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
from wild import Promises, Wild, ended, make, well

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
        assert time.monotonic() - began < 10 and (code == 200 or code == 503 and "the core host of this node is away" in text), (code, text)
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


def deployment(name):
    labels = {"app": name}
    return {"metadata": {"name": name}, "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {
        "metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}}}


class Client(threading.Thread):
    """One connection, on which objects are made, changed and deleted, one after the other; every answer must be the one of a server that is well."""

    def __init__(self, node, name, over):
        super().__init__()
        self.node, self.name, self.over, self.done, self.why = node, name, over, [], None

    def ask(self, method, path, body=None, content_type="application/json", accept="application/json"):
        self.connection.request(method, path, None if body is None else json.dumps(body),
                                {"Accept": accept, **({"Content-Type": content_type} if body else {})})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def want(self, expected, *words, **more):
        code, body = self.ask(*words, **more)
        assert code == expected, (words[:2], code, body)
        return body

    def many(self, name):
        """Collections: in pages, as a table, deleted at once."""
        maps, mine = "/api/v1/namespaces/default/configmaps", "labelSelector=of%3D" + name
        for number in range(3):
            self.want(201, "POST", maps, {"metadata": {"generateName": name + "-", "labels": {"of": name}}})
        page = self.want(200, "GET", maps + "?limit=2&" + mine)
        rest = self.want(200, "GET", maps + "?limit=2&%s&continue=%s" % (mine, page["metadata"]["continue"]))
        assert len(page["items"]) == 2 and len(rest["items"]) == 1, (page, rest)
        table = self.want(200, "GET", maps + "?" + mine, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
        assert len(table["rows"]) == 3, table
        self.want(200, "DELETE", maps + "?" + mine)
        assert not self.want(200, "GET", maps + "?" + mine)["items"], name

    def parts(self, name):
        """Subresources, by each kind of change."""
        all_of, one = "/apis/apps/v1/namespaces/default/deployments", "/apis/apps/v1/namespaces/default/deployments/" + name
        made = self.want(201, "POST", all_of, deployment(name))
        made["metadata"] = {"name": name, "labels": {"put": "1"}}
        self.want(200, "PUT", one, made)
        self.want(200, "PATCH", one + "/status", {"status": {"collisionCount": 1}}, "application/merge-patch+json")
        assert self.want(200, "PATCH", one + "/scale", {"spec": {"replicas": 1}}, "application/merge-patch+json")["spec"]["replicas"] == 1
        applied = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "annotations": {"a": "b"}}}
        self.want(200, "PATCH", one + "?fieldManager=test", applied, "application/apply-patch+yaml")
        self.want(200, "DELETE", one)

    def people(self, _):
        """What is answered and kept nowhere."""
        token = self.want(201, "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {"expirationSeconds": 600}})["status"]["token"]
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        assert self.want(201, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]["authenticated"] is True
        asked = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                 "spec": {"user": "jane", "resourceAttributes": {"verb": "get", "resource": "pods"}}}
        assert self.want(201, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", asked)["status"]["allowed"] is False
        groups = self.want(200, "GET", "/apis", accept="application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
        assert groups["kind"] == "APIGroupDiscoveryList" and groups["items"], groups

    def turn(self, number):
        name, maps = "%s-%d" % (self.name, number), "/api/v1/namespaces/default/configmaps"
        code, made = self.ask("POST", maps, config_map(name, n="0"))
        assert code == 201, (name, made)
        for n in ("1", "2"):
            code, changed = self.ask("PATCH", maps + "/" + name, [{"op": "test", "path": "/data/n", "value": str(int(n) - 1)},
                                                                  {"op": "replace", "path": "/data/n", "value": n}], "application/json-patch+json")
            assert code == 200 and changed["data"]["n"] == n, (name, changed)
        code, seen = self.ask("GET", maps + "/" + name)
        assert code == 200 and seen["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"], (name, seen)
        code, gone = self.ask("DELETE", maps + "/" + name)
        assert code == 200, (name, gone)
        (self.many, self.parts, self.people)[number % 3](name + "-more")
        self.done.append((name, made["metadata"]["uid"]))

    def run(self):
        try:
            self.connection = http.client.HTTPSConnection(self.node.address, self.node.port, context=self.node.context(), timeout=60)
            self.connection.connect()
            self.connection.auto_open = 0  # one that was closed is a failure
            number = 0
            while not self.over.is_set():
                self.turn(number)
                number += 1
        except Exception as why:  # told by the thread that waits for us
            self.why = "%s: %r" % (self.name, why)


class Watcher(threading.Thread):
    def __init__(self, node, since):
        super().__init__(daemon=True)
        self.events, self.why, self.last = [], None, time.monotonic()
        self.connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=60)
        self.connection.request("GET", "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=" + since)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200

    def run(self):
        try:
            for line in self.answer:
                event = json.loads(line)
                self.events.append((event["type"], event["object"]["metadata"]["name"], event["object"].get("data", {}).get("n")))
        except (OSError, ValueError, http.client.HTTPException) as why:
            self.why = repr(why)


def hurt(cluster, victim, seconds, clients):
    """Kills that node's core host again and again; nobody on another connection may notice but by the time it takes."""
    over = threading.Event()
    code, listed = clients.request("GET", "/api/v1/namespaces/default/configmaps")
    assert code == 200
    watcher = Watcher(clients, listed["metadata"]["resourceVersion"])
    watcher.start()
    threads = [Client(clients, "c%d" % i, over) for i in range(4)]
    for thread in threads:
        thread.start()
    end, kills = time.monotonic() + seconds, 0
    while kills < 3 or time.monotonic() < end:
        node = until(victim, 60, "somebody is there to be hurt")  # nobody may lead for a moment
        before = until(lambda: node.pids().get("core"), 30, "its core host is there")
        os.kill(before, signal.SIGKILL)
        kills += 1
        until(lambda: node.pids().get("core") not in (None, before), 30, "the core host is started again")
        done = sum(len(thread.done) for thread in threads)
        until(lambda: any(t.why for t in threads) or sum(len(t.done) for t in threads) > done, 60, "clients go on")
    over.set()
    for thread in threads:
        thread.join(90)
    assert not [t.why for t in threads if t.why], [t.why for t in threads if t.why]
    made = [name for t in threads for name, _ in t.done]
    expected = {name: [("ADDED", "0"), ("MODIFIED", "1"), ("MODIFIED", "2"), ("DELETED", "2")] for name in made}
    until(lambda: sum(event[0] == "DELETED" and event[1] in expected for event in list(watcher.events)) >= len(made) or watcher.why, 60, "the watch has told all")
    assert watcher.why is None, watcher.why
    for name in made:
        told = [(kind, n) for kind, what, n in watcher.events if what == name]
        assert told == expected[name], (name, told)
    print("     %d objects, %d kills" % (len(made), kills))


def test_no_request_fails_while_the_store_is_killed_again_and_again():
    with Cluster(1, ISOLATED) as cluster:
        node = cluster.nodes[0]
        api = node.pids()["api"]
        hurt(cluster, lambda: node, 10, node)
        assert node.pids()["api"] == api, "the host of the API has lived on"


def test_no_request_fails_while_the_leader_is_killed_again_and_again():
    with Cluster(3, ISOLATED) as cluster:
        node = cluster.nodes[1]
        hurt(cluster, lambda: next((n for n in cluster.nodes if n.name == leader(node)), None), 10, node)


def test_the_host_of_the_api_is_killed_by_a_plan_and_nothing_else_is_hurt():
    with Wild(3, ISOLATED) as cluster:
        well(cluster)
        node, other = cluster.nodes[0], cluster.nodes[1]
        before = node.pids()
        # Here connections end, and who calls again waits; what anybody was told is true, here too.
        with Promises(cluster):
            make(other, "api", "Kill", "Host", names=["n1.api"])
            found = ended(cluster, "api", seconds=120)
        assert found["injected"] == [{"fault": "Kill", "count": 1}] and found["lastInjection"]["target"] == "n1.api", found
        until(lambda: node.pids().get("api") not in (None, before["api"]), 30, "it is another process")
        after = node.pids()
        assert {name: pid for name, pid in after.items() if name != "api"} == {name: pid for name, pid in before.items() if name != "api"}, (before, after)
        assert node.request("GET", "/readyz", seconds=60)[0] == 200


def leader(node):
    """As that node's own core host says, once it is there to say so."""
    return until(lambda: node.status().get("leader"), 30, "somebody leads")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
