#!/usr/bin/env python3
"""A cluster kept in a file and made again from it: what was acknowledged before the backup is there, nothing half written is."""
import os
import shutil
import stat
import sys
import tempfile
import threading
import time

import cluster as clusters
import suite
from cluster import Cluster, Node, free_address, until


def write(node, name, data="x"):
    code, body = node.request("POST", "/api/v1/namespaces/default/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"of": data}})
    assert code == 201, (code, body)
    return int(body["metadata"]["resourceVersion"])


def names(node):
    code, body = node.request("GET", "/api/v1/namespaces/default/configmaps")
    assert code == 200, (code, body)
    return {item["metadata"]["name"] for item in body["items"]}


class Writer:
    """Goes on writing until it is stopped; what was acknowledged is in `done`, in order."""

    def __init__(self, node):
        self.node, self.done, self.is_ending = node, [], False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.is_ending:
            name = "w-%d" % len(self.done)
            write(self.node, name)
            self.done.append(name)

    def stop(self):
        self.is_ending = True
        self.thread.join()


def passphrase(cluster, words="correct horse battery staple", mode=0o600):
    path = os.path.join(cluster.folder, "passphrase")
    with open(path, "w", encoding="utf-8") as file:
        file.write(words + "\n")
    os.chmod(path, mode)
    return path


def test_a_backup_is_made_while_others_write_and_says_what_is_in_it():
    with Cluster(1) as cluster:
        node, path = cluster.nodes[0], os.path.join(cluster.folder, "b.troupe")
        writer = Writer(node)
        until(lambda: len(writer.done) > 20, 30, "something is written")
        said = node.troupe("backup", path).stdout
        writer.stop()
        assert "tried and whole" in said and "revision" in said, said
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert node.troupe("backup", "--check", path).stdout == said
        # Nothing is left beside it, nor in the node's directory.
        assert [n for n in os.listdir(cluster.folder) if n.startswith("b.troupe")] == ["b.troupe"]
        assert not [n for n in os.listdir(node.folder) if n.startswith("backup-")]
        again = node.troupe("backup", path).stdout
        assert again != said  # in place of the first


def test_an_encrypted_backup_wants_its_passphrase():
    with Cluster(1) as cluster:
        node, path = cluster.nodes[0], os.path.join(cluster.folder, "b.troupe")
        write(node, "very-secret", "in the clear")
        words = passphrase(cluster)
        assert "encrypted" in node.troupe("backup", "--passphrase-file", words, path).stdout
        with open(path, "rb") as file:
            assert b"in the clear" not in file.read()
        assert "--passphrase-file" in node.troupe("backup", "--check", path).stdout
        assert "encrypted" in node.troupe("backup", "--check", "--passphrase-file", words, path).stdout
        passphrase(cluster, "another")
        assert "not the passphrase" in node.troupe("backup", "--check", "--passphrase-file", words, path, ok=False).stderr
        passphrase(cluster, mode=0o644)
        assert "chmod 600" in node.troupe("backup", "--passphrase-file", words, path, ok=False).stderr
        passphrase(cluster, "")
        assert "empty" in node.troupe("backup", "--passphrase-file", words, path, ok=False).stderr


def test_what_cannot_be_made_or_read_is_said_and_leaves_what_was_there():
    with Cluster(1) as cluster:
        node, path = cluster.nodes[0], os.path.join(cluster.folder, "b.troupe")
        assert "its folder does not exist" in node.troupe("backup", cluster.folder + "/nowhere/b", ok=False).stderr
        said = node.troupe("backup", path).stdout
        if os.path.exists("/dev/full") and os.geteuid() != 0:
            os.mkdir(cluster.folder + "/closed", 0o500)
            assert "not allowed" in node.troupe("backup", cluster.folder + "/closed/b", ok=False).stderr
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        assert "damaged" in node.troupe("backup", "--check", path, ok=False).stderr
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            file.write(byte)
        assert node.troupe("backup", "--check", path).stdout == said
        assert "no backup" in node.troupe("backup", "--check", node.log, ok=False).stderr
        node.stop()
        assert "backup:" in node.troupe("backup", path, ok=False).stderr
        assert node.troupe("backup", "--check", path).stdout == said


def test_without_a_majority_a_backup_has_to_be_asked_for_as_stale():
    with Cluster(3) as cluster:
        first, path = cluster.nodes[0], os.path.join(cluster.folder, "b.troupe")
        write(first, "kept")
        for node in cluster.nodes[1:]:
            node.kill()
        until(lambda: "--stale" in first.troupe("backup", path, ok=None).stderr, 20, "there is no majority")
        assert not os.path.exists(path)
        assert "tried and whole" in first.troupe("backup", "--stale", path).stdout


def restored(cluster, path, name, *words, address=None):
    """A node of a new cluster, made from a backup, beside those of the old one."""
    node = Node(name, os.path.join(cluster.folder, "new"), address)
    os.makedirs(os.path.dirname(node.folder), exist_ok=True)
    node.said = node.troupe("restore", *words, path).stdout
    cluster.nodes.append(node)
    return node


def started(node, *words):
    """Of a restored one: the data directory is its own, the name perhaps another's."""
    return node.start(*words).wait_ready(60)


def test_what_was_acknowledged_before_a_backup_is_in_the_cluster_restored_from_it():
    with Cluster(3) as cluster:
        path, words = os.path.join(cluster.folder, "b.troupe"), passphrase(cluster)
        first = cluster.nodes[0]
        for i in range(20):
            newest = write(first, "before-%d" % i)
        token = cluster.kubectl("create", "serviceaccount", "robot").stdout
        writer = Writer(cluster.leader())
        until(lambda: len(writer.done) > 20, 30, "something is written meanwhile")
        known = len(writer.done)
        first.troupe("backup", "--passphrase-file", words, path)
        writer.stop()
        for node in cluster.nodes:
            node.stop()
        for_all = {"before-%d" % i for i in range(20)} | set(writer.done[:known])
        new = restored(cluster, path, "m1", "--passphrase-file", words)
        assert "new cluster" in new.said, new.said
        started(new)
        have = names(new)
        assert for_all <= have, for_all - have
        # What was written while it was made is there up to a moment, and nothing after it.
        count = len([name for name in have if name.startswith("w-")])
        assert {name for name in have if name.startswith("w-")} == set(writer.done[:count])
        assert token and "robot" in cluster.kubectl("get", "serviceaccounts", node=new).stdout
        # No revision is given twice: whoever watched the old cluster has to list again.
        code, body = new.request("GET", "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=%d" % newest)
        assert code == 410 or "Expired" in str(body), (code, body)
        assert write(new, "after") > newest + 1000000
        # And it grows as any other, to three voters that can lose one.
        for name in ("m2", "m3"):
            node = Node(name, os.path.join(cluster.folder, "new"))
            cluster.nodes.append(node.start("--join", new.troupe("token", "create").stdout.strip()))
            node.wait_ready(60)
        until(lambda: sum(m["role"] == "voter" and m["alive"] for m in new.status().get("members", [])) == 3, 60, "three voters")
        for node in cluster.nodes[4:]:
            assert for_all <= names(node)
        new.kill()
        until(lambda: cluster.nodes[4].status().get("ready", {}).get("writes"), 30, "the other two go on")
        write(cluster.nodes[4], "after-all")


def test_members_of_the_old_cluster_cannot_talk_to_the_restored_one():
    with Cluster(3) as cluster:
        first, second, third = cluster.nodes
        path = os.path.join(cluster.folder, "b.troupe")
        write(first, "both")
        first.troupe("backup", path)
        first.kill()
        # At the very place and under the very name that the others look for.
        new = started(restored(cluster, path, first.name, address=first.address))
        write(new, "only-new")
        until(lambda: second.status().get("ready", {}).get("writes"), 30, "the old cluster goes on without it")
        write(second, "only-old")
        time.sleep(3)
        assert [m["name"] for m in new.status()["members"]] == [first.name], new.status()
        assert [m["alive"] for m in second.status()["members"] if m["name"] == first.name] == [False], second.status()
        assert "only-old" not in names(new) and "only-new" not in names(third)
        assert new.status()["cluster"] != second.status()["cluster"]
        write(new, "only-new-2")
        write(third, "only-old-2")


def test_a_backup_is_restored_into_an_empty_directory_only():
    with Cluster(1) as cluster:
        node, path = cluster.nodes[0], os.path.join(cluster.folder, "b.troupe")
        node.troupe("backup", path)
        assert "another troupe runs" in node.troupe("restore", path, ok=False).stderr
        node.stop()
        assert "not empty" in node.troupe("restore", path, ok=False).stderr
        other = Node("m1", os.path.join(cluster.folder, "new"))
        assert "no backup" in other.troupe("restore", node.log, ok=False).stderr
        assert "cut short" in other.troupe("up", "--listen", free_address(), ok=False).stderr
        other.troupe("restore", path)
        assert "not empty" in other.troupe("restore", path, ok=False).stderr
        assert "--join" in other.troupe("up", "--join", "x", "--listen", free_address(), ok=False).stderr
        os.rename(other.folder + "/restored", other.folder + "/restoring")
        assert "cut short" in other.troupe("up", "--listen", free_address(), ok=False).stderr
        other.troupe("restore", path)
        cluster.nodes.append(other)
        started(other)
        other.kill()
        started(other)  # a node like any other


def test_whoever_leads_makes_backups_by_the_clock_and_keeps_the_newest():
    folder = tempfile.mkdtemp(prefix="troupe-wire-backups-")
    try:
        with Cluster(3, words=("--backup-dir", folder, "--backup-every", "1s", "--backup-keep", "3")) as cluster:
            first = cluster.nodes[0]
            write(first, "kept")
            made = until(lambda: len(os.listdir(folder)) >= 3 and sorted(os.listdir(folder)), 60, "three are there")
            until(lambda: made[0] not in os.listdir(folder), 60, "the oldest goes")
            assert len([name for name in os.listdir(folder) if name.endswith(".backup")]) <= 4
            assert " in %s, the newest " % folder in first.troupe("backup", "--list").stdout
            leader = cluster.leader()
            assert "last made here" in until(lambda: "last made" in leader.troupe("backup", "--list").stdout and leader.troupe("backup", "--list").stdout, 30, "the leader says it")
            leader.kill()
            newest = max(os.listdir(folder))
            until(lambda: max(name for name in os.listdir(folder) if name.endswith(".backup")) > newest, 60, "another one goes on with it")
            other = next(node for node in cluster.nodes if node is not leader)
            other.troupe("backup", "--check", os.path.join(folder, max(name for name in os.listdir(folder) if name.endswith(".backup"))))
            # Where it cannot be written it is said, and tried again.
            os.rename(folder, folder + ".away")
            until(lambda: "does not exist" in cluster.leader().troupe("backup", "--list").stdout, 60, "the failure is told")
            os.rename(folder + ".away", folder)
            newest = max(os.listdir(folder))
            until(lambda: max(name for name in os.listdir(folder) if name.endswith(".backup")) > newest, 60, "it goes on")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert "does not exist" in clusters.run([clusters.TROUPE, "up", "--backup-dir", folder, "--data-dir", folder], ok=False).stderr


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
