"""Much of everything: a thousand definitions, a thousand nodes with five thousand pods, thousands who watch, a hundred thousand objects; and a webhook that is asked."""
import gzip
import http.client
import json
import os
import statistics
import subprocess
import time

from cluster import until
from figures import Load, figure, median, pids_of, smaps
from outside import Outside
from patches import Clients, pod

GROUPS, KINDS = 20, 50  # definitions: a thousand
NODES, PODS = 1000, 5000
CONNECTIONS, STREAMS = 40, 100  # of those who watch and hear nothing
OBJECTS = 100000
ASKED = 400  # requests that a webhook is asked about, one at a time
REST_S = 5   # a process that is calm gives back what it touched; it looks 3 s after it did something
AGGREGATED = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}


def pss(node):
    return sum(smaps(pid, "Pss") for pid in pids_of(node))


def rested(node):
    time.sleep(REST_S)
    return pss(node)


# ---- definitions ------------------------------------------------------------------------------------------------


def definition(number):
    group, kind = "g%d.example.com" % (number // KINDS), "Kind%d" % number
    fields = {"field%d" % i: {"type": ("string", "integer", "boolean")[i % 3], "description": "What field %d is for." % i} for i in range(20)}
    schema = {"type": "object", "properties": {
        "spec": {"type": "object", "properties": {**fields, "list": {"type": "array", "items": {"type": "string"}},
                                                  "map": {"type": "object", "additionalProperties": {"type": "string"}}}},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "%ss.%s" % (kind.lower(), group)}, "spec": {
        "group": group, "scope": "Namespaced", "names": {"plural": kind.lower() + "s", "singular": kind.lower(), "kind": kind, "listKind": kind + "List"},
        "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}}]}}


class Definitions:
    """Made sixteen at once on a node that has none; then how long until the last of them is in discovery, in what OpenAPI says of its group, and in what
    OpenAPI v2 says of all."""
    found = None

    @classmethod
    def look(cls):
        if cls.found is None:
            with Load() as load:
                cls.found = cls.measure(load)
        return cls.found

    @classmethod
    def measure(cls, load):
        count = GROUPS * KINDS
        before = rested(load.node)
        begin = time.monotonic()
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        Clients(load).each(count, lambda send, _, number: send("POST", path, json.dumps(definition(number))))
        made, last = time.monotonic(), count - 1
        discovered = cls.shown(load, "/apis", AGGREGATED, b'"kind%ds"' % last)
        described = cls.shown(load, "/openapi/v3/apis/g%d.example.com/v1" % (GROUPS - 1), {}, b"Kind%d" % last)
        asked = time.monotonic()
        whole = cls.shown(load, "/openapi/v2", {}, b"Kind%d" % last)
        cls.is_complete(load, count)
        return {"made": (made - begin) * 1000, "discovered": (discovered - made) * 1000, "described": (described - made) * 1000, "whole": (whole - asked) * 1000,
                "bytes": (rested(load.node) - before) / count / 1000}

    @classmethod
    def shown(cls, load, path, headers, words):
        """When an answer that has the words had come. It is asked for packed, as kubectl does, and looked into past that moment: for Python to unpack
        and to decode 30 MB takes longer than to make them."""
        def look():
            body, came = cls.ask(load, path, headers)
            return came if words in body else None
        return until(look, 20, "%s has %s" % (path, words.decode()))

    @staticmethod
    def ask(load, path, headers):
        connection = http.client.HTTPSConnection(load.node.address, load.node.port, context=load.node.context(), timeout=60)
        connection.request("GET", path, headers={"Accept-Encoding": "gzip", **headers})
        answer = connection.getresponse()
        body, came = answer.read(), time.monotonic()
        connection.close()
        return gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body, came

    @staticmethod
    def is_complete(load, count):
        """The last in discovery is worth little when others are missing."""
        found = load.node.request("GET", "/apis", headers=AGGREGATED)[1]["items"]
        kinds = sum(len(version["resources"]) for group in found if group["metadata"]["name"].endswith(".example.com") for version in group["versions"])
        assert kinds == count, "%d of %d kinds are in discovery" % (kinds, count)


@figure("1,000 CustomResourceDefinitions made, 16 at once", "ms", 5000)
def definitions_made():
    return Definitions.look()["made"]


@figure("the last of them in discovery, after its answer", "ms", 100)
def definitions_discovered():
    return Definitions.look()["discovered"]


@figure("the last of them in OpenAPI v3, after its answer", "ms", 100)
def definitions_described():
    return Definitions.look()["described"]


@figure("all of them in OpenAPI v2, asked for", "ms", 100)
def definitions_described_together():
    return Definitions.look()["whole"]


@figure("memory of one of them, PSS of all processes", "KB", 100)
def definition_memory():
    return Definitions.look()["bytes"]


# ---- nodes and pods -----------------------------------------------------------------------------------------------


def node(number):
    """As upstream was measured: of 110 pods, ready, in one of three zones."""
    name, now = "bench-%d" % number, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    room = {"cpu": "32", "memory": "256Gi", "pods": "110"}
    return {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                                                  "topology.kubernetes.io/zone": "z%d" % (number % 3)}},
            "status": {"capacity": room, "allocatable": room,
                       "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now, "lastTransitionTime": now}],
                       "addresses": [{"type": "InternalIP", "address": "10.1.%d.%d" % (number // 250, number % 250 + 1)}, {"type": "Hostname", "address": name}],
                       "nodeInfo": {"operatingSystem": "linux", "architecture": "amd64", "kubeletVersion": "v1.37.2"}}}


def lease(number):
    name = "bench-%d" % number
    return {"metadata": {"name": name}, "spec": {"holderIdentity": name, "leaseDurationSeconds": 40,
                                                 "renewTime": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())}}


def add_node(send, number):
    send("POST", "/api/v1/nodes", json.dumps(node(number)))
    send("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", json.dumps(lease(number)))
    send("PATCH", "/api/v1/nodes/bench-%d" % number, '{"spec":{"taints":null}}', "application/merge-patch+json")


def add_pod(send, number):
    made = pod(number)
    del made["spec"]["schedulerName"]
    send("POST", "/api/v1/namespaces/bench/pods", json.dumps(made))


@figure("memory with 5,000 pods on 1,000 nodes, PSS of all processes", "MB", 1214 / 10)
def crowded_memory():
    """Bound by our scheduler. All is made and measured while the nodes' leases, which nobody renews, still hold."""
    with Load() as load:
        until(lambda: load.node.request("GET", load.GROUP + "/serviceaccounts/default")[0] == 200, 10, "the namespace has its account")
        Clients(load).each(NODES, lambda send, _, number: add_node(send, number))
        Clients(load).each(PODS, lambda send, _, number: add_pod(send, number))
        unbound = "/api/v1/namespaces/bench/pods?limit=1&fieldSelector=spec.nodeName%3D"
        until(lambda: not load.node.request("GET", unbound)[1]["items"], 30, "all pods have nodes")
        return rested(load.node) / 1e6


# ---- who watches, what is there ---------------------------------------------------------------------------------------


@figure("memory of a watch that hears nothing, 100 on a connection", "KB", 2)
def watch_memory():
    with Load() as load:
        # One connection after another: of all at once most would be told to come back (429), since a flow has room for some hundred that wait.
        count, before = CONNECTIONS * STREAMS, rested(load.node)
        crowd = subprocess.Popen(
            ["h2load", "-t", "1", "-n", str(count), "-c", str(CONNECTIONS), "-m", str(STREAMS), "-r", "1", "--rate-period", "100ms", "-H", "Authorization: Bearer " + load.token,
             "https://%s:%d%s/secrets?watch=1&timeoutSeconds=300" % (load.node.address, load.node.port, load.GROUP)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            metrics = lambda: load.node.request("GET", "/metrics")[1]
            until(lambda: sum(float(line.split()[-1]) for line in metrics().splitlines() if line.startswith("apiserver_longrunning_requests"))
                  >= count, 60, "all are watching")
            return (rested(load.node) - before) / count / 1024
        finally:
            crowd.kill()
            crowd.wait()


@figure("exec to /readyz with 100,000 ConfigMaps of 1 KiB", "ms", 1500)
def full_start():
    with Load() as load:
        load.create(OBJECTS - 1, 16, 8)

        def once():
            assert load.node.stop() == 0
            begin = time.monotonic()
            load.node.start()
            while not load.node.is_ready():
                time.sleep(0.001)
            took = (time.monotonic() - begin) * 1000
            code, found = load.node.request("GET", load.GROUP + "/configmaps?limit=1")
            assert code == 200 and found["metadata"]["remainingItemCount"] >= OBJECTS - 1, found
            return took
        return median(3, once)


# ---- a program that is asked -----------------------------------------------------------------------------------------


class Hook:
    """Creates, one at a time, of which a webhook is told, and creates of which none is. The difference by the clock is mostly the webhook's own, by CPU ours."""
    found = None

    @classmethod
    def look(cls):
        if cls.found is None:
            with Load() as load, Outside(load.cluster.folder, {"/judge": cls.judge}) as outside:
                load.make("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {"metadata": {"name": "bench"}, "webhooks": [{
                    "name": "bench.example.com", "clientConfig": outside.client("/judge"), "sideEffects": "None", "admissionReviewVersions": ["v1"],
                    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}]}]})
                until(lambda: cls.create(load, "secrets", "try-%d" % time.monotonic_ns()) and outside.seen, 10, "the webhook is asked")
                plain, plain_us = cls.measure(load, "configmaps")
                asked, asked_us = cls.measure(load, "secrets")
                assert len(outside.seen) > ASKED
                cls.found = {"ms": asked - plain, "us": asked_us - plain_us}
        return cls.found

    @staticmethod
    def judge(asked):
        return {"apiVersion": asked["apiVersion"], "kind": "AdmissionReview", "response": {"uid": asked["request"]["uid"], "allowed": True}}

    @staticmethod
    def create(load, plural, name):
        return load.node.request("POST", load.GROUP + "/" + plural, {"metadata": {"name": name}})[0] == 201

    @classmethod
    def measure(cls, load, plural):
        """(p50 of one, ms; CPU of our processes for one, us)"""
        took, before = [], load.cpu_us()

        def one(send, _, number):
            begin = time.monotonic()
            send("POST", load.GROUP + "/" + plural, json.dumps({"metadata": {"name": "s-%d" % number}}))
            took.append((time.monotonic() - begin) * 1000)
        Clients(load, 1).each(ASKED, one)
        return statistics.median(took), (load.cpu_us() - before) / ASKED


@figure("a webhook (Python, on this machine) adds to a create, p50", "ms", 5)
def hook_latency():
    return Hook.look()["ms"]


@figure("CPU of all our processes for asking it", "us", 200)
def hook_cpu():
    return Hook.look()["us"]
