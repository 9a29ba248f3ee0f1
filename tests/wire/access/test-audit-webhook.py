#!/usr/bin/env python3
"""The audit log for another program: batches, answers that wait, a program that is away, events that are too large."""
import os
import sys
import tempfile
import threading

import suite
from cluster import Cluster, Node, until
from kube import expect
from outside import Outside

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: there
contexts: [{name: there, context: {cluster: hook, user: none}}]
clusters: [{name: hook, cluster: {server: "https://%s:%d/log", certificate-authority: %s}}]
"""
POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  users: [kubernetes-admin, admin]
  resources: [{group: "", resources: [configmaps]}]
  namespaces: [default]
"""
MAPS = "/api/v1/namespaces/default/configmaps"


class Hook:
    """Takes lists while it is well."""

    def __init__(self, folder):
        self.lists, self.code, self.lock = [], 200, threading.Lock()
        self.outside = Outside(folder, {"/log": self.take})

    def take(self, body):
        assert body["kind"] == "EventList" and body["apiVersion"] == "audit.k8s.io/v1", body
        with self.lock:
            if self.code == 200:
                self.lists.append(body["items"])
            return (self.code, "")

    def names(self):
        with self.lock:
            return [event["objectRef"].get("name") for items in self.lists for event in items]


def words(folder, hook, *more):
    for name, text in (("policy.yaml", POLICY), ("hook.yaml", KUBECONFIG % (hook.outside.address, hook.outside.port, hook.outside.ca[0]))):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    return ("--audit-policy-file", folder + "/policy.yaml", "--audit-webhook-config-file", folder + "/hook.yaml", *more)


def create(node, name, **more):
    return node.request("POST", MAPS, {"metadata": {"name": name}, **more})


def test_batches_are_posted_and_what_a_program_that_is_away_does_not_take_is_counted():
    with tempfile.TemporaryDirectory() as folder:
        hook = Hook(folder)
        more = ("--audit-webhook-batch-max-size", "5", "--audit-webhook-batch-max-wait", "1s", "--audit-webhook-initial-backoff", "100ms", "--audit-webhook-truncate-enabled",
                "--audit-webhook-truncate-max-event-size", "4000")
        with hook.outside, Cluster(1, words(folder, hook, *more)) as cluster:
            node = cluster.nodes[0]
            for index in range(7):
                assert create(node, "a%d" % index)[0] == 201
            until(lambda: len(hook.names()) == 7, 20, "all events came")
            assert hook.names() == ["a%d" % index for index in range(7)] and max(len(items) for items in hook.lists) <= 5, hook.lists
            event = hook.lists[0][0]
            assert event["level"] == "RequestResponse" and event["stage"] == "ResponseComplete" and event["requestObject"]["metadata"]["name"] == "a0", event
            assert create(node, "large", data={"k": "x" * 5000})[0] == 201
            until(lambda: "large" in hook.names(), 20, "the large one came")
            event = hook.lists[-1][-1]
            assert "requestObject" not in event and "responseObject" not in event and event["annotations"]["audit.k8s.io/truncated"] == "true", event
            # Away for a moment: tried again. Away for long: given up, and said so in numbers.
            hook.code = 503
            assert create(node, "b")[0] == 201
            until(lambda: len(hook.outside.seen) >= 2 and b'"b"' in hook.outside.seen[-2][1], 20, "it was tried twice")
            hook.code = 200
            until(lambda: "b" in hook.names(), 20, "it came at last")
            hook.code = 500
            assert create(node, "lost")[0] == 201
            metric = 'apiserver_audit_error_total{plugin="webhook",reason="write"} 1'
            until(lambda: metric in node.request("GET", "/metrics")[1], 20, "it is counted")
            hook.code = 200
            assert create(node, "after")[0] == 201
            until(lambda: "after" in hook.names(), 20, "what comes later is taken")
            assert "lost" not in hook.names()


def test_answers_wait_for_it_where_it_blocks_and_fail_with_it_where_that_is_strict():
    with tempfile.TemporaryDirectory() as folder:
        hook = Hook(folder)
        with hook.outside, Cluster(1, words(folder, hook, "--audit-webhook-mode", "blocking", "--audit-webhook-initial-backoff", "10ms")) as cluster:
            node = cluster.nodes[0]
            for index in range(3):
                assert create(node, "a%d" % index)[0] == 201
                assert "a%d" % index in hook.names(), "it was there before its answer"
            hook.code = 400
            assert create(node, "b")[0] == 201


RECEIVED = POLICY.replace("omitStages: [RequestReceived]\n", "")


def test_a_program_that_is_away_stops_requests_where_that_is_strict():
    with tempfile.TemporaryDirectory() as folder:
        hook = Hook(folder)
        more = words(folder, hook, "--audit-webhook-mode", "blocking-strict", "--audit-webhook-initial-backoff", "10ms")
        with open(folder + "/policy.yaml", "w", encoding="utf-8") as file:
            file.write(RECEIVED)
        with hook.outside, Cluster(1, more) as cluster:
            node = cluster.nodes[0]
            assert create(node, "a")[0] == 201 and len(hook.names()) == 2, hook.lists
            hook.code = 400
            code, said = create(node, "b")
            assert code == 500 and "cannot be audited" in said["message"], (code, said)
            assert node.request("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "b"}})[0] == 201, "nobody tells of these"
            hook.code = 200
            assert node.request("GET", MAPS + "/b")[0] == 404, "it was not made"
            assert create(node, "b")[0] == 201


def test_where_the_log_and_the_program_block_a_request_waits_for_both():
    with tempfile.TemporaryDirectory() as folder:
        hook, log = Hook(folder), folder + "/audit.log"
        more = words(folder, hook, "--audit-webhook-mode", "blocking-strict", "--audit-webhook-initial-backoff", "10ms", "--audit-log-path", log, "--audit-log-mode", "blocking")
        with open(folder + "/policy.yaml", "w", encoding="utf-8") as file:
            file.write(RECEIVED)

        def logged(name):
            with open(log, encoding="utf-8") as file:
                return [line for line in file if '"name":"%s"' % name in line and '"stage":"ResponseComplete"' in line]
        with hook.outside, Cluster(1, more) as cluster:
            node = cluster.nodes[0]
            for index in range(5):
                name = "a%d" % index
                assert create(node, name)[0] == 201
                done = [event["objectRef"].get("name") for items in hook.lists for event in items if event["stage"] == "ResponseComplete"]
                assert name in done and logged(name), "both had it before the answer"
            hook.code = 400
            code, said = create(node, "b")
            assert code == 500 and "cannot be audited" in said["message"], (code, said)
            hook.code = 200
            assert create(node, "c")[0] == 201 and logged("c") and "c" in hook.names()


def test_a_kubeconfig_that_is_wrong_stops_the_start():
    with tempfile.TemporaryDirectory() as folder:
        def refused(*more):
            node = Node("n1", folder)
            node.start(*more)
            assert node.process.wait(20) == 1
            return node.last_words()
        expect(refused("--audit-webhook-config-file", folder + "/none"), "/none: ")
        expect(refused("--audit-webhook-batch-max-size", "0"), "want more than 0")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
