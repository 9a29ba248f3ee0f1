#!/usr/bin/env python3
"""Backups by the clock in an S3-compatible store, which checks every signature; what is there, in status and as objects."""
import base64
import os
import sys

import suite
from cluster import Cluster, Node, run, until
from s3 import Store

os.environ.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
MAPS = "/api/v1/namespaces/default/configmaps"


def words(store, *more):
    return ["--backup-dir", "s3://keep/some/where", "--backup-every", "1s", "--s3-endpoint", store.url, *more]


def write(node, name, data="x"):
    code, body = node.request("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"of": data}})
    assert code == 201, (code, body)


def test_backups_are_kept_in_the_store_tried_and_seen():
    with Store() as store, Cluster(1, words(store, "--backup-keep", "3")) as cluster:
        node = cluster.nodes[0]
        until(lambda: len(store.objects) == 3, 30, "three are there")
        first = sorted(store.objects)[0]
        until(lambda: len(store.objects) == 3 and first not in store.objects, 30, "the oldest goes")
        name = sorted(store.objects)[-1]
        assert name.startswith("keep/some/where/troupe-%s-" % node.status()["cluster"]), name
        assert any(method == "GET" and "/troupe-" in path and "list-type" not in path for method, path in store.asked)
        assert not [n for n in os.listdir(node.folder) if n.startswith("backup-")]
        path = os.path.join(cluster.folder, "b.troupe")
        with open(path, "wb") as file:
            file.write(store.objects[name])
        assert "tried and whole" in node.troupe("backup", "--check", path).stdout
        assert "3 in s3://keep/some/where" in node.troupe("backup", "--list").stdout
        seen = until(lambda: node.status()["backup"] if node.status()["backup"]["count"] == 3 else None, 10, "status knows")
        assert seen["scheduled"] and seen["failure"] is None and seen["newest"].startswith("troupe-"), seen
        assert "backup    the newest is " in node.troupe("status").stdout
        said = cluster.kubectl("get", "backups").stdout
        assert said.splitlines()[0].split() == ["NAME", "PLACE", "BYTES", "AGE"] and said.count("s3://keep/some/where") == 3, said
        assert "not" in cluster.kubectl("delete", "backups", "--all", ok=False).stderr


def test_a_large_one_goes_in_parts_and_is_restored():
    with Store() as store, Cluster(1, words(store, "--backup-every", "1h")) as cluster:
        node = cluster.nodes[0]
        until(lambda: store.objects, 30, "the first is there")
        for i in range(14):
            write(node, "large-%d" % i, base64.b64encode(os.urandom(600000)).decode())
        name = "s3://keep/by-hand/large.backup"
        said = node.troupe("backup", "--s3-endpoint", store.url, name).stdout
        assert "tried and whole" in said, said
        assert len(store.objects["keep/by-hand/large.backup"]) > 5 << 20 and not store.uploads
        assert node.troupe("backup", "--check", "--s3-endpoint", store.url, name).stdout == said
        other = Node("m1", cluster.folder)
        cluster.nodes.append(other)
        node.kill()
        assert "as that of a new cluster" in other.troupe("restore", "--s3-endpoint", store.url, name).stdout
        other.start().wait_ready()
        assert other.request("GET", MAPS + "/large-13")[0] == 200
        assert "NoSuchKey" in other.troupe("backup", "--check", "--s3-endpoint", store.url, name + "x", ok=False).stderr


def test_one_that_comes_back_damaged_is_none():
    with Store() as store, Cluster(1, words(store)) as cluster:
        node = cluster.nodes[0]
        until(lambda: store.objects, 30, "one is there")
        store.damages = True
        until(lambda: node.status()["backup"]["failure"], 30, "the failure is said")
        assert "FAILED" in node.troupe("status").stdout
        count = len(store.objects)
        store.damages = False
        until(lambda: len(store.objects) > count and node.status()["backup"]["failure"] is None, 30, "it goes on")


def test_who_may_not_is_told_in_the_store_s_words():
    with Store() as store, Cluster(1, []) as cluster:
        node = cluster.nodes[0]
        path = os.path.join(cluster.folder, "credentials")

        def attempt(text, url="s3://keep/x", ok=False):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o600)
            done = node.troupe("backup", "--s3-endpoint", store.url, "--s3-credentials", path, url, ok=ok)
            return done.stdout if ok else done.stderr

        good = "[default]\naws_access_key_id = key\naws_secret_access_key = secret\n[other]\naws_access_key_id = no\n"
        assert "tried and whole" in attempt(good, ok=True)
        assert "SignatureDoesNotMatch" in attempt(good.replace("= secret", "= other"))
        assert "InvalidAccessKeyId" in attempt(good.replace("= key", "= other"))
        assert "has no aws_access_key_id" in attempt("nothing\n")
        assert "names no file" in attempt(good, "s3://")
        assert "names no file" in attempt(good, "s3://keep")
        os.chmod(path, 0o644)
        done = node.troupe("backup", "--s3-endpoint", store.url, "--s3-credentials", path, "s3://keep/x", ok=False)
        assert "chmod 600" in done.stderr, done.stderr


def test_an_endpoint_with_tls_shows_whom_it_is():
    with Cluster(1, []) as cluster:
        node = cluster.nodes[0]
        key, certificate = (os.path.join(cluster.folder, name) for name in ("s3.key", "s3.crt"))
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
             "-days", "2", "-subj", "/CN=s3", "-addext", "subjectAltName=IP:127.0.0.1"])
        with Store(certificate=(certificate, key)) as store:
            said = node.troupe("backup", "--s3-endpoint", store.url, "s3://keep/x", ok=False).stderr
            assert "not signed by an authority" in said, said
            assert "tried and whole" in node.troupe("backup", "--s3-endpoint", store.url, "--s3-ca", certificate, "s3://keep/x").stdout
            assert "keep/x" in store.objects


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
