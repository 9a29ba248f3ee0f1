#!/usr/bin/env python3
"""Nodes whose data is in an etcd (`troupe up --datastore etcd://...`), on the store behind etcd's door alone (wire-etcd), and on a
real etcd where ETCD names one."""
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import cluster as clusters
import suite
from cluster import BOUND, Cluster, Failed, Skipped, free_address, run, until


class Store:
    """An etcd of ours: a store behind its door."""

    def __init__(self, folder):
        self.folder, self.address, self.process = os.path.join(folder, "etcd"), free_address(), None
        self.url = "etcd://%s:2379" % self.address
        pki = self.folder + "/pki/"
        self.words = ("--datastore-ca", pki + "ca.crt", "--datastore-cert", pki + "admin.crt", "--datastore-key", pki + "admin.key")
        os.mkdir(self.folder)
        self.start()

    def start(self):
        program = os.path.join(os.path.dirname(clusters.TROUPE), "wire-etcd")
        with open(self.folder + ".log", "ab") as log:
            self.process = subprocess.Popen([*BOUND, program, self.address, self.folder], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: os.path.exists(self.folder + "/pki/admin.key") and self.ctl("endpoint", "health", ok=None).returncode == 0, 30,
              "the etcd answers")

    def ctl(self, *words, ok=True):
        if shutil.which("etcdctl") is None:
            raise Skipped("there is no etcdctl (package etcd-client)")
        pki = self.folder + "/pki/"
        return run(["etcdctl", "--endpoints", "https://%s:2379" % self.address, "--cacert", pki + "ca.crt", "--cert", pki + "admin.crt",
                    "--key", pki + "admin.key", *words], ok, 30, {**os.environ, "ETCDCTL_API": "3"})

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait()


class Real(Store):
    """etcd itself, without TLS."""

    def __init__(self, folder):
        self.program = os.environ.get("ETCD") or shutil.which("etcd")
        if self.program is None:
            raise Skipped("there is no etcd (ETCD names the program)")
        self.folder, self.address, self.words = os.path.join(folder, "etcd"), free_address(), ()
        self.url = "etcd://%s:2379" % self.address
        self.start()

    def start(self):
        client, peer = "http://%s:2379" % self.address, "http://%s:2380" % self.address
        with open(self.folder + ".log", "ab") as log:
            self.process = subprocess.Popen([*BOUND, self.program, "--data-dir", self.folder, "--name", "default", "--listen-client-urls",
                                             client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
                                             "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.ctl("endpoint", "health", ok=None).returncode == 0, 30, "etcd is ready")

    def ctl(self, *words, ok=True):
        return run(["etcdctl", "--endpoints", "http://%s:2379" % self.address, *words], ok, 30, {**os.environ, "ETCDCTL_API": "3"})


class OnEtcd(Cluster):
    """Nodes whose data is in one store."""

    def __init__(self, count=1, store=Store):
        super().__init__(count)
        try:
            self.store = store(self.folder)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.words = ("--datastore", self.store.url, *self.store.words)

    def wait_voters(self, count, seconds=30):
        until(lambda: len([m for m in self.living()[0].status().get("members", []) if m["alive"]]) == len(self.living()), seconds,
              "all nodes are alive")

    def close(self):
        for node in self.nodes:
            node.kill()
        self.store.kill()
        super().close()


class Writer:
    """Creates ConfigMaps one after the other on all living nodes in turn; keeps the names of those that were acknowledged."""

    def __init__(self, cluster):
        self.cluster, self.names, self.worst, self.ends = cluster, [], 0, False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        turn, last = 0, time.monotonic()
        while not self.ends:
            nodes, turn = self.cluster.living(), turn + 1
            name = "w%d" % turn
            try:
                code, _ = nodes[turn % len(nodes)].request("POST", "/api/v1/namespaces/default/configmaps",
                                                           {"metadata": {"name": name}}, seconds=5)
            except OSError:
                code = 0
            if code == 201:
                self.names.append(name)
                self.worst, last = max(self.worst, time.monotonic() - last), time.monotonic()
            time.sleep(0.02)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        self.thread.join()

    def lost(self):
        found = json.loads(self.cluster.kubectl("get", "configmaps", "-o", "json").stdout)["items"]
        return sorted(set(self.names) - {item["metadata"]["name"] for item in found})


def replicas(cluster, name, count):
    until(lambda: cluster.kubectl("get", "deployment", name, "-o", "jsonpath={.status.replicas}").stdout == str(count), 30,
          "controllers act: %s has %d pods" % (name, count))


def rollout(cluster, name, replicas):
    cluster.kubectl("create", "deployment", name, "--image=nginx", "--replicas=%d" % replicas)
    cluster.kubectl("rollout", "status", "deployment/" + name, "--timeout=60s", seconds=90)


def walk(cluster):
    """What an ordinary day has: kubectl, watches, deletes."""
    node = cluster.nodes[0]
    rollout(cluster, "web", 3)
    cluster.kubectl("scale", "deployment/web", "--replicas=5")
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=60s", seconds=90)
    cluster.kubectl("create", "configmap", "c", "--from-literal=a=1")
    cluster.kubectl("patch", "configmap", "c", "--type=merge", "-p", '{"data":{"a":"2"}}')
    found = json.loads(cluster.kubectl("get", "configmap", "c", "-o", "json").stdout)
    if found["data"] != {"a": "2"}:
        raise Failed("the patch is not there: %s" % found)
    code, body = node.request("PUT", "/api/v1/namespaces/default/configmaps/c",
                              {"metadata": {"name": "c", "resourceVersion": "1"}, "data": {"a": "3"}})
    if code != 409:
        raise Failed("an old version was written over: %s %s" % (code, body))
    code, _ = node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "c"}})
    if code != 409:
        raise Failed("a second one of the name was made: %d" % code)
    cluster.kubectl("delete", "deployment", "web", "--cascade=foreground", "--timeout=60s", seconds=90)
    if "web-" in cluster.kubectl("get", "pods", "-o", "name").stdout:
        raise Failed("pods outlived their Deployment")


def test_one_node_serves_kubectl_out_of_an_etcd():
    with OnEtcd() as cluster:
        walk(cluster)
        keys = cluster.store.ctl("get", "/registry/configmaps/default/c", "--keys-only").stdout
        if "/registry/configmaps/default/c" not in keys:
            raise Failed("the etcd does not have it: %s" % keys)
        status = cluster.nodes[0].status()
        if status["leader"] != "n1":
            raise Failed("status: %s" % status)
        said = cluster.nodes[0].troupe("history", "configmap/c").stdout
        if len([line for line in said.splitlines() if "data" in line]) < 1:
            raise Failed("history: %s" % said)
        said = cluster.nodes[0].troupe("backup", cluster.folder + "/b", ok=False)
        if "etcdctl snapshot save" not in said.stderr:
            raise Failed("backup: %s" % said.stderr)


def test_a_node_that_starts_again_has_what_the_etcd_has():
    with OnEtcd() as cluster:
        node = cluster.nodes[0]
        cluster.kubectl("create", "configmap", "kept", "--from-literal=a=1")
        node.stop()
        node.start().wait_ready()  # where the data is was said once
        cluster.kubectl("get", "configmap", "kept")
        node.stop()
        node.start("--etcd-listen", node.address + ":2379")
        until(lambda: node.process.poll() is not None, 10, "it refuses")
        if "clients use that etcd itself" not in node.last_words():
            raise Failed(node.last_words())
        node.start().wait_ready()


def test_another_node_leads_when_one_is_killed_and_nothing_is_lost():
    with OnEtcd(3) as cluster:
        rollout(cluster, "web", 3)
        leader = cluster.leader()
        with Writer(cluster) as writer:
            time.sleep(1)
            leader.kill()
            until(lambda: cluster.leader() is not leader, 20, "another node leads")
            cluster.kubectl("scale", "deployment/web", "--replicas=4")
            replicas(cluster, "web", 4)
            time.sleep(1)
        if writer.lost() or len(writer.names) < 20:
            raise Failed("lost %s of %d" % (writer.lost(), len(writer.names)))


def test_one_that_stops_hands_over_at_once():
    with OnEtcd(2) as cluster:
        leader = cluster.leader()
        rest = next(node for node in cluster.nodes if node is not leader)
        begin = time.monotonic()
        leader.process.send_signal(signal.SIGTERM)
        until(lambda: rest.status().get("leader") == rest.name, 10, "the other one leads")
        took = time.monotonic() - begin
        leader.process.wait()
        if took > 3.5:  # what a lease that runs out would take, at least
            raise Failed("it took %.1f s" % took)


def test_an_etcd_that_comes_back_is_found_again():
    with OnEtcd(2) as cluster:
        cluster.kubectl("create", "configmap", "before")
        with Writer(cluster) as writer:
            for _ in range(3):
                cluster.store.kill()
                until(lambda: cluster.nodes[0].request("POST", "/api/v1/namespaces/default/configmaps",
                                                       {"metadata": {"generateName": "x"}})[0] in (503, 504), 10, "writes are refused")
                cluster.store.start()
                until(lambda: cluster.kubectl("create", "configmap", "after", ok=None).returncode == 0, 30, "writes go on")
                cluster.kubectl("delete", "configmap", "after")
        if writer.lost():
            raise Failed("lost %s" % writer.lost())
        rollout(cluster, "web", 2)
        names = [node.name for node in cluster.nodes if "a stored object cannot be read" in open(node.log, encoding="utf-8").read()]
        if names:
            raise Failed("read wrongly by %s" % names)


def test_watches_lose_nothing_when_the_etcd_is_started_again():
    with OnEtcd() as cluster:
        node = cluster.nodes[0]
        watch = subprocess.Popen([*BOUND, "kubectl", "--kubeconfig", node.folder + "/admin.kubeconfig", "get", "configmaps", "-w", "-o", "name"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            with Writer(cluster) as writer:
                time.sleep(0.5)
                cluster.store.kill(signal.SIGTERM)
                cluster.store.start()
                until(lambda: len(writer.names) > 20, 30, "writes go on")
            wanted = {"configmap/" + name for name in writer.names}
            for line in watch.stdout:
                wanted.discard(line.strip())
                if not wanted:
                    break
        finally:
            watch.kill()
            watch.wait()


def refused(cluster, name, *words, expected):
    node = cluster.add(name, *words)
    try:
        until(lambda: node.process.poll() is not None, 40, "%s is refused" % name)
        if node.process.returncode != 1 or expected not in node.last_words():
            raise Failed("%s: %d, %s" % (name, node.process.returncode, node.last_words()))
    finally:
        node.kill()
        cluster.nodes.remove(node)


def test_what_cannot_be_is_refused_in_words_and_changes_nothing():
    with OnEtcd() as cluster, Cluster() as own:
        store = cluster.store
        reach = ("--datastore", store.url, *store.words)
        refused(cluster, "x1", *reach, expected="serves a cluster already")
        refused(cluster, "x2", "--datastore", "http://127.0.0.1:1", expected="--datastore wants etcd://HOST:PORT")
        refused(cluster, "x3", "--datastore", "etcd://127.0.0.1:1", expected="--datastore: http://127.0.0.1:1")
        refused(cluster, "x4", *reach, "--role", "witness", expected="nothing to vote on")
        refused(cluster, "x5", *reach, "--backup-dir", cluster.folder, expected="etcdctl snapshot save")
        refused(cluster, "x6", "--datastore-ca", store.folder + "/pki/ca.crt", expected="want --datastore")
        refused(cluster, "x7", *reach, "--join", own.token(), expected="is not the one that the cluster")
        refused(cluster, "x8", "--datastore", store.url, "--datastore-ca", store.folder + "/none", expected="cannot be found")
        node = own.nodes[0]
        node.stop()
        node.start(*reach)
        until(lambda: node.process.poll() is not None, 10, "it refuses")
        if "keeps the data itself" not in node.last_words():
            raise Failed(node.last_words())
        node.start().wait_ready()
        cluster.kubectl("get", "nodes")


def test_the_same_with_a_real_etcd():
    with OnEtcd(2, Real) as cluster:
        walk(cluster)
        leader = cluster.leader()
        with Writer(cluster) as writer:
            cluster.store.kill()
            cluster.store.start()
            until(lambda: cluster.kubectl("create", "configmap", "after", ok=None).returncode == 0, 30, "writes go on")
            leader.kill()
            until(lambda: cluster.leader() is not leader, 20, "another node leads")
            cluster.kubectl("create", "deployment", "again", "--image=nginx", "--replicas=3")
            replicas(cluster, "again", 3)
        if writer.lost():
            raise Failed("lost %s" % writer.lost())


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
