#!/usr/bin/env python3
"""How a node ends when it is told to: those who spread clients hear it first, what is under way is finished, watches end in good order."""
import http.client
import json
import sys
import tempfile
import threading
import time

import suite
from cluster import Cluster, Failed, run, until
from outside import Outside

MAPS = "/api/v1/namespaces/default/configmaps"
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


def expect(what, claim):
    if not claim:
        raise Failed(what)


def connect(node):
    return http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=20)


def slow_hook(client):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    return {"metadata": {"name": "slow"}, "webhooks": [{
        "name": "slow.example.com", "clientConfig": client, "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 8,
        "objectSelector": {"matchLabels": {"slow": "yes"}}}]}


def allowed_late(asked):
    time.sleep(1.5)
    return {"apiVersion": asked["apiVersion"], "kind": "AdmissionReview", "response": {"uid": asked["request"]["uid"], "allowed": True}}


class Watcher(threading.Thread):
    """A watch over HTTP/1.1: how its body ended."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.connection, self.ended = connect(node), None
        self.connection.request("GET", MAPS + "?watch=1&resourceVersion=0")
        self.answer = self.connection.getresponse()

    def run(self):
        try:
            self.answer.read()
            self.ended = "whole"
        except http.client.IncompleteRead:
            self.ended = "cut"
        except OSError as why:
            self.ended = str(why)


class Writer(threading.Thread):
    """Writes as a client with retries does: what was not answered over a connection that had ended is asked again, elsewhere or later."""

    def __init__(self, node, number):
        super().__init__(daemon=True)
        self.node, self.number, self.done, self.failed, self.is_over = node, number, 0, [], False

    def run(self):
        connection, tries = None, 0
        while not self.is_over:
            try:
                if connection is None:
                    connection = connect(self.node)
                    connection.connect()
            except OSError:
                return  # nobody takes new connections any more: the node has ended
            body = json.dumps({"metadata": {"name": "w%d-%d" % (self.number, self.done)}})
            try:
                connection.request("POST", MAPS, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 201:
                    self.failed.append(answer.status)
                self.done += 1
                if answer.getheader("Connection", "").lower() == "close":
                    connection.close()
                    connection = None
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as why:
                # An idle connection may be closed just as something is sent: such a request has no answer, and was not done.
                tries += 1
                if tries > 3:
                    self.failed.append(str(why))
                    return
                connection.close()
                connection = None
            except (OSError, http.client.HTTPException) as why:
                self.failed.append(repr(why))
                return


def test_a_node_that_ends_is_not_ready_first_and_finishes_what_is_under_way():
    with tempfile.TemporaryDirectory() as folder, Outside(folder, {"/": allowed_late}) as outside, Cluster(1, ["--shutdown-delay-duration", "4s"]) as cluster:
        node = cluster.nodes[0]
        expect("a webhook", node.request("POST", HOOKS, slow_hook(outside.client()))[0] == 201)
        watcher = Watcher(node)
        watcher.start()
        slow = {}

        def write_slowly():
            slow["code"], slow["said"] = node.request("POST", MAPS, {"metadata": {"name": "slow", "labels": {"slow": "yes"}}})

        node.process.terminate()
        begins_to_end = time.monotonic() + 4
        until(lambda: node.request("GET", "/readyz")[0] == 500, 3, "it is not ready")
        code, said = node.request("GET", "/readyz?verbose")
        expect("the reason is told: %s" % said, code == 500 and "[-]shutdown failed: reason withheld\n" in said and "[+]etcd ok\n" in said)
        expect("it is alive", node.request("GET", "/livez")[0] == 200)
        expect("it serves", node.request("GET", MAPS)[0] == 200)
        expect("the watch stands", watcher.ended is None)
        time.sleep(max(0, begins_to_end - 0.7 - time.monotonic()))
        writer = threading.Thread(target=write_slowly)
        writer.start()
        code = node.process.wait(20)
        expect("it ended with %d" % code, code == 0)
        writer.join(5)
        watcher.join(5)
        expect("what was under way is finished: %s" % slow, slow.get("code") == 201)
        expect("the watch ended in good order: %s" % watcher.ended, watcher.ended == "whole")


def test_under_load_no_request_that_was_taken_fails():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        writers = [Writer(node, number) for number in range(8)]
        for writer in writers:
            writer.start()
        until(lambda: all(writer.done > 20 for writer in writers), 30, "all write")
        began = time.monotonic()
        code = node.stop()
        took = time.monotonic() - began
        for writer in writers:
            writer.is_over = True
            writer.join(10)
        expect("it ended with %d" % code, code == 0)
        expect("nobody waits for nothing: %.1f s" % took, took < 9)
        expect("failed: %s" % [writer.failed for writer in writers if writer.failed], not any(writer.failed for writer in writers))
        node.start().wait_ready()
        names = {item["metadata"]["name"] for item in node.request("GET", MAPS)[1]["items"]}
        for writer in writers:
            missing = [n for n in range(writer.done) if "w%d-%d" % (writer.number, n) not in names]
            expect("what was acknowledged is there: %s" % missing, not missing)


def connects(node, *words):
    """How many connections each of three requests made."""
    url = "https://%s:%d/healthz" % (node.address, node.port)
    said = run(["curl", "-s", "--http2", "--cacert", node.folder + "/pki/ca.crt", "-w", " %{http_version} %{num_connects}\n", *words, url, url, url]).stdout
    return [line.split() for line in said.splitlines()]


def test_over_http2_whoever_is_nobody_in_particular_does_not_keep_a_connection(cluster):
    node = cluster.nodes[0]
    said = connects(node, "--cert", node.folder + "/pki/admin.crt", "--key", node.folder + "/pki/admin.key")
    expect("a client with a certificate keeps its own: %s" % said, said == [["ok", "2", "1"], ["ok", "2", "0"], ["ok", "2", "0"]])
    said = connects(node)
    expect("anonymous: %s" % said, said == [["ok", "2", "1"]] * 3)
    said = connects(node, "--http1.1")
    expect("over HTTP/1.1 there is one request at a time: %s" % said, [line[2] for line in said] == ["1", "0", "0"])


NODE_WORDS = ("--strict-transport-security-directives", "max-age=31536000,includeSubDomains", "--default-not-ready-toleration-seconds", "17",
              "--runtime-config", "autoscaling/v1=false,batch/v1/cronjobs=false", "--service-account-max-token-expiration", "1h")


def test_options_of_upstreams_server_count(cluster):
    node = cluster.nodes[0]
    connection = connect(node)
    connection.request("GET", "/version")
    answer = connection.getresponse()
    answer.read()
    expect("HSTS: %s" % answer.getheaders(), answer.getheader("Strict-Transport-Security") == "max-age=31536000; includeSubDomains")
    code, pod = node.request("POST", "/api/v1/namespaces/default/pods?dryRun=All", {
        "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    expect("a pod: %s" % pod, code == 201)
    seconds = {one["key"].split("/")[1]: one["tolerationSeconds"] for one in pod["spec"]["tolerations"]}
    expect("tolerations: %s" % seconds, seconds == {"not-ready": 17, "unreachable": 300})
    expect("what is switched off is not there", node.request("GET", "/apis/autoscaling/v1")[0] == 404)
    expect("its other version is", node.request("GET", "/apis/autoscaling/v2")[0] == 200)
    names = {one["name"] for one in node.request("GET", "/apis/batch/v1")[1]["resources"]}
    expect("resources of batch/v1: %s" % names, "jobs" in names and "cronjobs" not in names)
    connection.request("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", json.dumps({"spec": {"expirationSeconds": 86400}}),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    made = json.loads(answer.read())
    expect("a token: %s" % made, answer.status == 201 and made["spec"]["expirationSeconds"] == 3600)
    expect("who asked is told: %s" % answer.getheaders(),
           answer.getheader("Warning") == '299 - "requested expiration of 86400 seconds shortened to 3600 seconds"')


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
