#!/usr/bin/env python3
"""Priority and fairness, as clients see it: what every cluster has, headers, dumps, metrics, floods that do not keep others out, bad objects.

    tests/wire/run flow
"""
import http.client
import json
import re
import sys
import threading

import suite
from cluster import Cluster, until

FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"
LEVELS, SCHEMAS = FLOW + "/prioritylevelconfigurations", FLOW + "/flowschemas"
DUMPS = "/debug/api_priority_and_fairness/"
MAPS = "/api/v1/namespaces/default/configmaps"
AUTOMATIC = "apf.kubernetes.io/autoupdate-spec"
EVERYTHING = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}]


def ask(node, method, path, user=None, body=None, seconds=60):
    """As somebody in no group of note: (code, headers, text)."""
    connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=seconds)
    headers = {"Content-Type": "application/json"}
    if user is not None:
        headers["Impersonate-User"] = user
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def names(node, path):
    code, found = node.request("GET", path)
    assert code == 200, (code, found)
    return sorted(item["metadata"]["name"] for item in found["items"])


def uid(node, path):
    code, found = node.request("GET", path)
    assert code == 200, (path, code, found)
    return found["metadata"]["uid"]


def made(node, path, body):
    code, answer = node.request("POST", path, body)
    assert code == 201, (code, answer)


def level(name, shares=1, **response):
    return {"metadata": {"name": name}, "spec": {"type": "Limited", "limited": {
        "nominalConcurrencyShares": shares, "borrowingLimitPercent": 0, "limitResponse": response}}}


def schema(name, of, users, precedence=50):
    return {"metadata": {"name": name}, "spec": {
        "priorityLevelConfiguration": {"name": of}, "matchingPrecedence": precedence, "distinguisherMethod": {"type": "ByUser"},
        "rules": [{"subjects": [{"kind": "User", "user": {"name": user}} for user in users], "resourceRules": EVERYTHING}]}}


def may_read_maps(node, *users):
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    node.request("POST", role, {"metadata": {"name": "flow-reader"}, "rules": [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]})
    for user in users:
        node.request("POST", role.replace("roles", "rolebindings"), {
            "metadata": {"name": "flow-" + user}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "flow-reader"},
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}]})


def test_every_cluster_has_levels_and_schemas(cluster):
    node = cluster.nodes[0]
    until(lambda: len(names(node, SCHEMAS)) >= 11 and len(names(node, LEVELS)) >= 8, 60, "they are made")
    assert names(node, LEVELS) == ["catch-all", "exempt", "global-default", "leader-election", "node-high", "system", "workload-high",
                                   "workload-low"], names(node, LEVELS)

    def all_found():
        items = node.request("GET", SCHEMAS)[1]["items"]
        return all([(c["type"], c["status"], c["reason"]) for c in item.get("status", {}).get("conditions", [])] == [("Dangling", "False", "Found")]
                   for item in items)
    until(all_found, 60, "each schema says that its level is there")


def test_what_was_changed_is_put_back_unless_it_is_the_users(cluster):
    node = cluster.nodes[0]
    patch = {"spec": {"limited": {"nominalConcurrencyShares": 55}}}
    for name, annotation, shares in (("workload-low", None, 100), ("global-default", "false", 55)):
        if annotation:
            code, found = node.request("PATCH", LEVELS + "/" + name, {"metadata": {"annotations": {AUTOMATIC: annotation}}},
                                       "application/merge-patch+json")
            assert code == 200, found
        code, found = node.request("PATCH", LEVELS + "/" + name, patch, "application/merge-patch+json")
        assert code == 200, found
        revision = found["metadata"]["resourceVersion"]
        if annotation is None:
            until(lambda: node.request("GET", LEVELS + "/" + name)[1]["spec"]["limited"]["nominalConcurrencyShares"] == shares, 60,
                  name + " is put back")
        else:
            node.request("DELETE", LEVELS + "/exempt")
            until(lambda: node.request("GET", LEVELS + "/exempt")[0] == 200, 60, "a mandatory one comes back")
            found = node.request("GET", LEVELS + "/" + name)[1]
            assert found["spec"]["limited"]["nominalConcurrencyShares"] == shares and found["metadata"]["resourceVersion"] == revision, found


def test_answers_name_the_schema_and_the_level(cluster):
    node = cluster.nodes[0]
    for user, its_schema, its_level in ((None, "exempt", "exempt"), ("alice", "global-default", "global-default"),
                                        ("system:kube-scheduler", "kube-scheduler", "workload-high"),
                                        ("system:serviceaccount:default:x", "service-accounts", "workload-low"),
                                        ("system:serviceaccount:kube-system:x", "kube-system-service-accounts", "workload-high")):
        headers = ask(node, "GET", MAPS, user)[1]
        assert headers["x-kubernetes-pf-flowschema-uid"] == uid(node, SCHEMAS + "/" + its_schema), (user, headers)
        assert headers["x-kubernetes-pf-prioritylevel-uid"] == uid(node, LEVELS + "/" + its_level), (user, headers)
    headers = ask(node, "GET", "/healthz", "alice")[1]
    assert headers["x-kubernetes-pf-flowschema-uid"] == uid(node, SCHEMAS + "/probes"), headers


def test_a_level_that_is_not_there_is_told_of(cluster):
    node = cluster.nodes[0]
    made(node, SCHEMAS, schema("carols", "later", ["carol"]))

    def said(status, words):
        conditions = node.request("GET", SCHEMAS + "/carols")[1].get("status", {}).get("conditions", [])
        return conditions and conditions[0]["status"] == status and words in conditions[0]["message"]
    until(lambda: said("True", 'named "later" but there is no such object'), 60, "it dangles")
    assert ask(node, "GET", MAPS, "carol")[1]["x-kubernetes-pf-flowschema-uid"] == uid(node, SCHEMAS + "/global-default")
    made(node, LEVELS, level("later", type="Reject"))
    until(lambda: said("False", 'named "later" and it exists'), 60, "it does not dangle any more")
    assert ask(node, "GET", MAPS, "carol")[1]["x-kubernetes-pf-flowschema-uid"] == uid(node, SCHEMAS + "/carols")
    for path in (SCHEMAS + "/carols", LEVELS + "/later"):
        assert node.request("DELETE", path)[0] == 200
    assert ask(node, "GET", MAPS, "carol")[1]["x-kubernetes-pf-flowschema-uid"] == uid(node, SCHEMAS + "/global-default")


def test_bad_objects_are_refused(cluster):
    node = cluster.nodes[0]
    queuing = {"queues": 64, "handSize": 6, "queueLengthLimit": 50}
    for body, words in (
            (level("bad", type="Queue"), "spec.limited.limitResponse.queuing"),
            (level("bad", type="Queue", queuing={**queuing, "handSize": 65}), "should not be greater than queues (64)"),
            (level("bad", type="Queue", queuing={**queuing, "queues": 10000001}), "must not be greater than 10000000"),
            (level("bad", type="Queue", queuing={**queuing, "queues": 10000000, "handSize": 3}), "required entropy bits"),
            (level("bad", -1, type="Reject"), "must be a non-negative integer"),
            (level("bad", type="Reject", queuing=queuing), "Forbidden"),
            (level("catch-all", 6, type="Reject"), "must equal the fixed value")):
        code, answer = node.request("POST", LEVELS, body)
        assert code in (409, 422) and (code == 409 or words in answer["message"]), (code, answer)
    for body, words in ((schema("bad", "", ["a"]), "must reference a priority level"), (schema("bad", "exempt", ["a"], 1), "matchingPrecedence"),
                        (schema("bad", "exempt", ["a"], 10001), "must not be greater than 10000"),
                        (schema("bad", "exempt", []), "subjects must contain at least one value")):
        code, answer = node.request("POST", SCHEMAS, body)
        assert code == 422 and words in answer["message"], (code, answer)
    # A level of ten million queues costs nothing until they are used.
    made(node, LEVELS, level("wide", type="Queue", queuing={"queues": 10000000, "handSize": 2, "queueLengthLimit": 10}))
    made(node, SCHEMAS, schema("wides", "wide", ["wide-%d" % i for i in range(20)]))
    may_read_maps(node, "wide-0", "wide-1")
    for i in range(2):
        assert ask(node, "GET", MAPS, "wide-%d" % i)[0] == 200
    for path in (SCHEMAS + "/wides", LEVELS + "/wide"):
        assert node.request("DELETE", path)[0] == 200


class Flood:
    """Many who ask for the same again and again, each over a connection of its own."""

    def __init__(self, node, user, count, path):
        self.node, self.user, self.path = node, user, path
        self.codes, self.retry_after, self.is_over = {}, set(), False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = http.client.HTTPSConnection(self.node.address, self.node.port, context=self.node.context(), timeout=120)
        while not self.is_over:
            connection.request("GET", self.path, headers={"Impersonate-User": self.user})
            answer = connection.getresponse()
            answer.read()
            with self.lock:
                self.codes[answer.status] = self.codes.get(answer.status, 0) + 1
                if answer.status == 429:
                    self.retry_after.add(int(answer.getheader("Retry-After")))
        connection.close()

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(120)


def test_an_elephant_does_not_keep_a_mouse_out():
    words = ("--max-requests-inflight", "4", "--max-mutating-requests-inflight", "4")
    with Cluster(1, words) as cluster:
        node = cluster.nodes[0]
        until(lambda: len(names(node, SCHEMAS)) >= 11, 60, "the schemas are made")
        made(node, LEVELS, level("zoo", 200, type="Queue", queuing={"queues": 64, "handSize": 4, "queueLengthLimit": 2}))
        made(node, SCHEMAS, schema("beasts", "zoo", ["elephant", "mouse"]))
        may_read_maps(node, "elephant", "mouse")
        for i in range(40):
            code, _ = node.request("POST", MAPS, {"metadata": {"name": "m%d" % i}, "data": {"x": "y" * 15000}})
            assert code == 201
        flood = Flood(node, "elephant", 24, MAPS)
        try:
            until(lambda: sum(flood.codes.values()) > 20, 120, "the elephant is there")
            for _ in range(15):
                code, headers, text = ask(node, "GET", MAPS + "/m1", "mouse", seconds=60)
                assert code == 200, (code, text)
                assert headers["x-kubernetes-pf-flowschema-uid"] == uid(node, SCHEMAS + "/beasts"), headers
            code, _, text = ask(node, "GET", DUMPS + "dump_queues")
            assert code == 200 and len(re.findall(r"^zoo, ", text, re.M)) == 64, text
            code, _, text = ask(node, "GET", DUMPS + "dump_requests?includeRequestDetails=1")
            assert code == 200 and text.splitlines()[0].endswith("SubResource"), text
            assert node.request("GET", "/readyz")[0] == 200
        finally:
            flood.end()
        assert set(flood.codes) <= {200, 429}, flood.codes
        code, _, text = ask(node, "GET", "/metrics")
        line = re.search(r'apiserver_flowcontrol_dispatched_requests_total\{flow_schema="beasts",priority_level="zoo"\} (\d+)', text)
        assert line and int(line.group(1)) == flood.codes[200] + 15, (line and line.group(0), flood.codes)
        full = 'apiserver_flowcontrol_priority_level_seat_utilization_bucket{phase="executing",priority_level="zoo",le="%s"} '
        ns = [float(text.split(full % bound)[1].split()[0]) for bound in ("0.99", "1", "+Inf")]
        assert 0 < ns[0] < ns[1] <= ns[2], ns  # it was idle, then full
        for name in ('priority_level_request_utilization_count{phase="waiting",', 'priority_level_request_utilization_sum{phase="executing",', "demand_seats_count{"):
            assert "apiserver_flowcontrol_%spriority_level=\"zoo\"}" % name in text, name


def test_what_finds_no_seat_is_refused_and_told_to_come_again():
    words = ("--max-requests-inflight", "1", "--max-mutating-requests-inflight", "1")
    with Cluster(1, words) as cluster:
        node = cluster.nodes[0]
        until(lambda: len(names(node, SCHEMAS)) >= 11, 60, "the schemas are made")
        made(node, LEVELS, level("closed", 0, type="Queue", queuing={"queues": 1, "handSize": 1, "queueLengthLimit": 2}))
        made(node, SCHEMAS, schema("dons", "closed", ["don"]))
        flood = Flood(node, "don", 4, MAPS)  # nobody is ever served there: two wait, the others are refused
        try:
            until(lambda: flood.codes.get(429, 0) >= 3, 120, "some are refused")
            code, _, text = ask(node, "GET", DUMPS + "dump_priority_levels")
            assert code == 200 and text.startswith("PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests\n"), text
            until(lambda: re.search(r"^closed, +1, +false, +false, +2, +0$", ask(node, "GET", DUMPS + "dump_priority_levels")[2], re.M), 60,
                  "two wait")
            rows = re.findall(r"^closed, +dons, +0, +[01], +don, +20[-0-9]+T[.:0-9]+Z, +1, +0, +0s$", ask(node, "GET", DUMPS + "dump_requests")[2], re.M)
            assert len(rows) == 2, ask(node, "GET", DUMPS + "dump_requests")[2]
            code, headers, text = ask(node, "GET", MAPS, "don")
            assert code == 429 and text == "Too many requests, please try again later.\n", (code, text)
            assert headers["content-type"] == "text/plain; charset=utf-8" and int(headers["retry-after"]) >= 1, headers
            assert headers["x-kubernetes-pf-prioritylevel-uid"] == uid(node, LEVELS + "/closed"), headers
            assert 'reason="queue-full"' in ask(node, "GET", "/metrics")[2]
            assert node.request("DELETE", SCHEMAS + "/dons")[0] == 200
            until(lambda: flood.codes.get(403, 0) >= 2, 120, "they are of another level now, and may not")
        finally:
            flood.end()
        assert set(flood.codes) <= {403, 429} and all(1 <= seconds <= 32 for seconds in flood.retry_after), (flood.codes, flood.retry_after)


def test_without_fairness_requests_are_only_counted():
    with Cluster(1, ("--enable-priority-and-fairness", "false")) as cluster:
        node = cluster.nodes[0]
        code, headers, _ = ask(node, "GET", "/version")
        assert code == 200 and "x-kubernetes-pf-flowschema-uid" not in headers, headers
        assert node.request("GET", DUMPS + "dump_queues")[0] == 404
        assert "apiserver_flowcontrol_" not in ask(node, "GET", "/metrics")[2]


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
