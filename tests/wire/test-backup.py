#!/usr/bin/env python3
"""A cluster kept in a file and made again from it: what was acknowledged before the backup is there, nothing half written is."""
import os
import shutil
import stat
import sys
import threading
import time

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
        assert "does not exist" in node.troupe("backup", cluster.folder + "/nowhere/b", ok=False).stderr
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


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
