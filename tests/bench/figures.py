"""The figures: each is FIGURE(name, unit, goal, is_more_better) over a function that gives one number, or None where it cannot be measured here."""
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from cluster import ROOT, Cluster, Node, run, until
from patches import patches, selected
from watchers import Watchers

FIGURES = []
RELEASE = os.path.join(ROOT, "build/release/bin/troupe")


def figure(name, unit, goal, is_more_better=False):
    def register(function):
        FIGURES.append((name, unit, goal, is_more_better, function))
        return function
    return register


def median(tries, function):
    return statistics.median(function() for _ in range(tries))


def pids_of(node):
    return [node.process.pid, *node.pids().values()]


def smaps(pid, field):
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return int(re.search(r"^%s: +(\d+)" % field, file.read(), re.M).group(1)) * 1024


def cpu_ticks(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def written_bytes(pid):
    with open("/proc/%d/io" % pid) as file:
        return int(re.search(r"^write_bytes: (\d+)", file.read(), re.M).group(1))


# ---- a node --------------------------------------------------------------------------------------------------


def start_once():
    folder = tempfile.mkdtemp(prefix="troupe-bench-")
    node = Node("n1", folder)
    begin = time.monotonic()
    try:
        node.start()
        while not node.is_ready():
            time.sleep(0.001)
        return (time.monotonic() - begin) * 1000
    finally:
        node.kill()
        shutil.rmtree(folder, ignore_errors=True)


@figure("exec to /readyz, one node, empty", "ms", 100)
def start():
    return median(7, start_once)


@figure("third join returned to three voters", "ms", 1000)
def third_voter():
    def once():
        with Cluster(2) as cluster:
            node = cluster.add("n3", "--join", cluster.token())
            until(lambda: os.path.exists(node.folder + "/node"), 20, "it has joined")
            begin = time.monotonic()
            cluster.wait_voters(3)
            return (time.monotonic() - begin) * 1000
    return median(3, once)


class Idle:
    """One node that has come to rest, looked at for a while; shared by the figures about it."""
    found = None

    @classmethod
    def look(cls, seconds=60):
        if cls.found is None:
            with Cluster(1) as cluster:
                node = cluster.nodes[0]
                time.sleep(20)  # what is measured is rest; nothing tells when it has come
                before = [(pid, cpu_ticks(pid), written_bytes(pid)) for pid in pids_of(node)]
                time.sleep(seconds)
                cls.found = {
                    "pss": sum(smaps(pid, "Pss") for pid, _, _ in before) / 1e6,
                    "rss": sum(smaps(pid, "Rss") for pid, _, _ in before) / 1e6,
                    "cpu": sum(cpu_ticks(pid) - ticks for pid, ticks, _ in before) / os.sysconf("SC_CLK_TCK") / seconds * 100,
                    "bytes": sum(written_bytes(pid) - bytes_ for pid, _, bytes_ in before) * 3600 / seconds / 1e6,
                }
        return cls.found


@figure("memory of an idle node, PSS of all its processes", "MB", 24)
def idle_pss():
    return Idle.look()["pss"]


@figure("the same as RSS", "MB", None)
def idle_rss():
    return Idle.look()["rss"]


@figure("CPU of an idle node", "% of a core", 0.3)
def idle_cpu():
    return Idle.look()["cpu"]


@figure("written to disk by an idle node", "MB an hour", 4)
def idle_bytes():
    return Idle.look()["bytes"]


def stripped_size(program):
    with tempfile.NamedTemporaryFile() as out:
        run(["strip", "-o", out.name, program])
        return os.path.getsize(out.name) / 1e6


@figure("the program, stripped", "MB", 4)
def binary():
    return stripped_size(RELEASE)


@figure("the program as one static file, stripped", "MB", 12)
def static_binary():
    """Built here: scons makes it in a minute or two when it is asked to."""
    run([os.path.join(ROOT, "deploy/setup"), "static"], seconds=600)
    run(["scons", "-Q", "-C", ROOT, "variant=release", "static=1", "all"], seconds=900)
    return stripped_size(os.path.join(ROOT, "build/release-static/bin/troupe"))


# ---- losing a leader -------------------------------------------------------------------------------------------


class Loss:
    """Rounds of: the leader's whole machine is killed; when does another node acknowledge a write, and when do controllers act?"""
    found = None

    @classmethod
    def look(cls, rounds=100):
        if cls.found is None:
            writes, controllers = [], []
            with Cluster(3) as cluster:
                cluster.nodes[0].request("POST", "/apis/apps/v1/namespaces/default/deployments", {
                    "metadata": {"name": "pulse"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {
                        "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}})
                for number in range(rounds):
                    one, other = cls.round(cluster, number)
                    writes.append(one)
                    controllers.append(other)
            writes.sort()
            cls.found = {"p50": statistics.median(writes), "p99": writes[-1 - len(writes) // 100], "controllers": statistics.median(controllers)}
        return cls.found

    @staticmethod
    def round(cluster, number):
        leader = cluster.leader()
        other = next(node for node in cluster.nodes if node is not leader)
        connection = Patch(other)
        leader.kill()
        begin = time.monotonic()
        generation = connection.until_written(number)
        write_ms = (time.monotonic() - begin) * 1000
        connection.until_observed(generation)
        control_ms = (time.monotonic() - begin) * 1000
        leader.start().wait_ready()
        cluster.wait_voters(3)
        return write_ms, control_ms


class Patch:
    PATH = "/apis/apps/v1/namespaces/default/deployments/pulse"

    def __init__(self, node):
        self.node = node
        assert node.request("GET", self.PATH)[0] == 200

    def until_written(self, number):
        while True:
            try:
                code, body = self.node.request("PATCH", self.PATH, {"spec": {"minReadySeconds": number % 2 + 1, "revisionHistoryLimit": number + 1}},
                                               "application/merge-patch+json", seconds=3)
                if code == 200:
                    return body["metadata"]["generation"]
            except OSError:
                pass
            time.sleep(0.005)

    def until_observed(self, generation):
        until(lambda: self.node.request("GET", self.PATH)[1].get("status", {}).get("observedGeneration", 0) >= generation, 30, "controllers act")


@figure("leader's node killed to first acknowledged write, p50", "ms", 300)
def loss_p50():
    return Loss.look()["p50"]


@figure("the same, p99 of 100", "ms", 700)
def loss_p99():
    return Loss.look()["p99"]


@figure("controllers act again after that", "ms", 1500)
def loss_controllers():
    return Loss.look()["controllers"]


# ---- requests, with h2load -----------------------------------------------------------------------------------------


class Load:
    """One node, asked by h2load with TLS and a token. What the client takes of the machine differs from machine to machine, so what a request
    costs our own processes is a figure too."""
    GROUP = "/api/v1/namespaces/bench"

    def __enter__(self):
        self.cluster = Cluster(1).__enter__()
        self.node = self.cluster.nodes[0]
        self.prepare()
        self.make(self.GROUP + "/configmaps", {"metadata": {"name": "one"}, "data": {"a": "x" * 1000}})
        return self

    def prepare(self):
        """A namespace to write in, and the token of somebody who may."""
        self.make("/api/v1/namespaces", {"metadata": {"name": "bench"}})
        self.make(self.GROUP + "/serviceaccounts", {"metadata": {"name": "bench"}})
        self.make("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
            "metadata": {"name": "bench"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "bench", "name": "bench"}]})
        self.token = self.make(self.GROUP + "/serviceaccounts/bench/token", {"spec": {"expirationSeconds": 7200}})["status"]["token"]
        return self.token

    def __exit__(self, *_):
        self.cluster.close()

    def make(self, path, what):
        code, made = self.node.request("POST", path, what)
        assert code == 201, made
        return made

    def cpu_us(self):
        return sum(map(cpu_ticks, pids_of(self.node))) * 1e6 / os.sysconf("SC_CLK_TCK")

    def h2load(self, requests, connections, streams, path, *words):
        """(requests a second, CPU of all our processes for one, us)"""
        before = self.cpu_us()
        done = run(["h2load", "-t", "1", "-n", str(requests), "-c", str(connections), "-m", str(streams), "-H", "Authorization: Bearer " + self.token,
                    *words, "https://%s:6443%s/configmaps%s" % (self.node.address, self.GROUP, path)], seconds=300)
        cpu_us = self.cpu_us() - before
        good = int(re.search(r"^status codes: (\d+) 2xx", done.stdout, re.M).group(1))
        if good != requests:
            raise AssertionError("%d of %d requests failed" % (requests - good, requests))
        value, unit = re.search(r"^finished in ([0-9.]+)(us|ms|s),", done.stdout, re.M).groups()
        seconds = float(value) / {"us": 1e6, "ms": 1e3, "s": 1}[unit]
        return requests / seconds, cpu_us / requests

    def get(self):
        return self.h2load(50000, 16, 4, "/one")

    def create(self, requests, connections, streams):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
            json.dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}, "data": {"a": "x" * 1000}}, body)
            body.flush()
            return self.h2load(requests, connections, streams, "", "-d", body.name, "-H", "Content-Type: application/json")

    def create_1(self):
        return self.create(600, 1, 1)

    def create_16(self):
        return self.create(6000, 16, 1)

    def create_128(self):
        return self.create(13000, 16, 8)

    FORMS = ("application/json", "application/vnd.kubernetes.protobuf", "application/json;as=Table;v=v1;g=meta.k8s.io")

    def list(self):
        """Of 13,600, one after the other, when each has been encoded once: rate and CPU in each form."""
        self.create(13599, 16, 8)
        found = []
        for form in self.FORMS:
            self.h2load(1, 1, 1, "", "-H", "Accept: " + form)
            found += self.h2load(20, 1, 1, "", "-H", "Accept: " + form)
        return found

    def watch(self):
        return Watchers(self, 1000, 200, 5).run(self.cpu_us)

    @classmethod
    def look(cls, measure, found={}):
        """Medians of three tries, each on a node that has nothing yet; measured once for all figures about it. Nothing without h2load."""
        if shutil.which("h2load") is None:
            return [None] * 6
        if measure not in found:
            tries = []
            for _ in range(3):
                with cls() as load:
                    tries.append(measure(load))
            found[measure] = [statistics.median(numbers) for numbers in zip(*tries)]
        return found[measure]


@figure("create, 1 in flight", "a second", 4 * 358, True)
def create_1():
    return Load.look(Load.create_1)[0]


@figure("create, 16 in flight", "a second", 8 * 1143, True)
def create_16():
    return Load.look(Load.create_16)[0]


@figure("create, 128 in flight", "a second", 8 * 1470, True)
def create_128():
    return Load.look(Load.create_128)[0]


@figure("CPU of all processes for such a create", "us", None)
def create_cpu():
    return Load.look(Load.create_128)[1]


@figure("get, 64 in flight", "a second", 10 * 2530, True)
def get_64():
    return Load.look(Load.get)[0]


@figure("CPU of all processes for such a get", "us", None)
def get_cpu():
    return Load.look(Load.get)[1]


def list_ms(place):
    a_second = Load.look(Load.list)[place]
    return a_second and 1000 / a_second


@figure("list of 13,600 ConfigMaps, JSON", "ms", 232 / 8)
def list_json():
    return list_ms(0)


@figure("list of 13,600 ConfigMaps, protobuf", "ms", 175 / 8)
def list_protobuf():
    return list_ms(2)


@figure("list of 13,600 ConfigMaps, table", "ms", 126 / 8)
def list_table():
    return list_ms(4)


@figure("CPU of all processes for such a list, JSON", "us", 257000 / 12)
def list_json_cpu():
    return Load.look(Load.list)[1]


@figure("CPU of all processes for such a list, protobuf", "us", 193000 / 12)
def list_protobuf_cpu():
    return Load.look(Load.list)[3]


@figure("CPU of all processes for such a list, table", "us", 161000 / 12)
def list_table_cpu():
    return Load.look(Load.list)[5]


@figure("1,000 watchers, updates of 200 a second", "a second", 150, True)
def watch_updates():
    return Load.look(Load.watch)[0]


@figure("p99 from an update's answer to its event there", "ms", 200)
def watch_late():
    return Load.look(Load.watch)[1]


@figure("CPU of all processes for such an event", "us", 20 / 10)
def watch_cpu():
    return Load.look(Load.watch)[2]


@figure("CPU of all processes for a merge patch, 16 in flight", "us", 6000 / 20)
def merge_cpu():
    return Load.look(patches)[0]


@figure("CPU of all processes for a strategic merge patch", "us", 5700 / 20)
def strategic_cpu():
    return Load.look(patches)[1]


@figure("CPU of all processes for a server-side apply", "us", 7800 / 20)
def apply_cpu():
    return Load.look(patches)[2]


@figure("CPU of all processes for 100 of 10,000 pods, by label", "us", 21560 / 20)
def selected_cpu():
    return Load.look(selected)[0]


@figure("such lists, 16 in flight", "a second", 15 * 72, True)
def selected_rate():
    return Load.look(selected)[1]


# ---- controllers ----------------------------------------------------------------------------------------------------


@figure("1,000 pods of 100 Deployments ready", "ms", 6000)
def thousand_pods():
    """On ten nodes, since one has room for 110; they are real ones, and five of them vote."""
    with Cluster(10) as cluster:
        node = cluster.leader()

        def ready():
            code, found = node.request("GET", "/apis/apps/v1/namespaces/default/deployments")
            return code == 200 and sum(d.get("status", {}).get("readyReplicas", 0) for d in found["items"])
        begin = time.monotonic()
        for i in range(100):
            code, _ = node.request("POST", "/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "d%d" % i}, "spec": {
                "replicas": 10, "selector": {"matchLabels": {"app": "d%d" % i}}, "template": {"metadata": {"labels": {"app": "d%d" % i}}, "spec": {
                    "containers": [{"name": "a", "image": "a"}]}}}})
            assert code == 201, code
        until(lambda: ready() == 1000, 60, "1,000 pods are ready")
        return (time.monotonic() - begin) * 1000
