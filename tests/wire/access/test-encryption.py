#!/usr/bin/env python3
"""Encryption at rest: what lies in the files of a store, keys that change, go and come back, and KMS plug-ins (kms.py) that do the same."""
import os
import sys
import tempfile

import suite
from cluster import Cluster, Node, until
from kms import Plugin
from kube import expect

ENCRYPTION = """
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
%s
  - identity: {}
"""
KEY = "  - %s: {keys: [{name: %s, secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=}]}"


KMS = "  - kms: {apiVersion: v2, name: %s, endpoint: 'unix://%s', timeout: 2s}"
SECRETS = "/api/v1/namespaces/default/secrets"
WORD = "a-word-nobody-says"
OPTION = "--encryption-provider-config"


def file_of(folder, name, text):
    path = os.path.join(folder, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return path


def refused(option, text):
    """What `troupe up` says of a file that it does not start with."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node("n1", folder).start("--" + option, file_of(folder, "file.yaml", text))
        assert node.process.wait(20) == 1
        return node.last_words()


def holds(folder, word):
    """Whether the bytes lie in any file below it."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    if word in file.read():
                        return True
    return False


def test_secrets_lie_encrypted_in_the_store_and_their_keys_change():
    option = "encryption-provider-config"
    expect(refused(option, ENCRYPTION % (KEY % ("aesgcm", "a:b"))), r"resources\[0\].providers\[0\].aesgcm.keys\[0\]: Invalid value: a key's name has no colon")
    for kms, words in (("apiVersion: v1, name: a, endpoint: 'unix:///x'", "of apiVersion v2 is known here"), ("name: a, endpoint: 'unix:///x'", "of apiVersion v2 is known here"),
                       ("apiVersion: v2, endpoint: 'unix:///x'", "name is a mandatory field"), ("apiVersion: v2, name: 'a:b', endpoint: 'unix:///x'", "has no colon"),
                       ("apiVersion: v2, name: a", "endpoint is a mandatory field"), ("apiVersion: v2, name: a, endpoint: 'tcp://x'", "only unix is supported"),
                       ("apiVersion: v2, name: a, endpoint: 'unix://x'", "absolute path of a socket"), ("apiVersion: v2, name: a, endpoint: 'unix:///x', timeout: 0s", "should be a positive value"),
                       ("apiVersion: v2, name: a, endpoint: 'unix:///x', cachesize: 3", "cachesize is not supported in v2"),
                       ("apiVersion: v2, name: a, endpoint: 'unix:///x'}\n  - kms: {apiVersion: v2, name: a, endpoint: 'unix:///y'", "names must be unique")):
        expect(refused(option, ENCRYPTION % ("  - kms: {%s}" % kms)), words)
    expect(refused(option, ENCRYPTION % "  - secretbox: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}"), "expected value is 32")
    expect(refused(option, ENCRYPTION % "  - aescbc: {keys: [{name: a, secret: eA==}]}"), "secret is not of the expected length")
    with tempfile.TemporaryDirectory() as folder:
        path = file_of(folder, "encryption.yaml", ENCRYPTION % (KEY % ("aesgcm", "one")))
        words = ("--" + option, path)
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            secret = {"metadata": {"name": "a"}, "stringData": {"k": "a-word-nobody-says"}}
            assert node.request("POST", "/api/v1/namespaces/default/secrets", secret)[0] == 201
            assert node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}, "data": {"k": "a-word-for-all"}})[0] == 201
            assert not holds(node.folder, b"a-word-nobody-says") and holds(node.folder, b"k8s:enc:aesgcm:v1:one:") and holds(node.folder, b"a-word-for-all")
            assert node.stop() == 0
            file_of(folder, "encryption.yaml", ENCRYPTION % "\n".join((KEY % ("aescbc", "two"), KEY % ("aesgcm", "one"))))
            node.start(*words)
            node.wait_ready()
            code, found = node.request("GET", "/api/v1/namespaces/default/secrets/a")
            assert code == 200 and found["data"]["k"] == "YS13b3JkLW5vYm9keS1zYXlz", found
            code, changed = node.request("PUT", "/api/v1/namespaces/default/secrets/a", found)
            assert code == 200 and changed["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"], changed
            assert holds(node.folder, b"k8s:enc:aescbc:v1:two:") and not holds(node.folder, b"a-word-nobody-says")
            assert node.stop() == 0
            file_of(folder, "encryption.yaml", ENCRYPTION % "\n".join((KEY % ("secretbox", "three"), KEY % ("aescbc", "two"))))
            node.start(*words)
            node.wait_ready()
            assert node.request("PUT", "/api/v1/namespaces/default/secrets/a", changed)[0] == 200
            code, found = node.request("GET", "/api/v1/namespaces/default/secrets/a")
            assert code == 200 and found["data"]["k"] == "YS13b3JkLW5vYm9keS1zYXlz", found
            # A key that is gone: whoever asks for what it closed is told so, in lists too; the rest goes on.
            assert node.stop() == 0
            file_of(folder, "encryption.yaml", ENCRYPTION % (KEY % ("aesgcm", "four")))
            node.start(*words)
            node.wait_ready()
            for method, path, body in (("GET", "/secrets/a", None), ("GET", "/secrets", None), ("PUT", "/secrets/a", found), ("DELETE", "/secrets/a", None)):
                code, said = node.request(method, "/api/v1/namespaces/default" + path, body)
                assert code == 500 and said["reason"] == "InternalError" and "no matching prefix found" in said["message"], (method, path, code, said)
            assert 'unable to transform key "/registry/secrets/default/a"' in node.request("GET", "/api/v1/secrets")[1]["message"]
            assert node.request("GET", "/api/v1/namespaces/kube-system/secrets")[0] == 200
            assert node.request("POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": "b"}})[0] == 201
            assert node.request("GET", "/api/v1/namespaces/default/secrets/b")[0] == 200
            assert holds(node.folder, b"k8s:enc:secretbox:v1:three:") and not holds(node.folder, b"a-word-nobody-says")


def make(node, name, word=WORD):
    code, made = node.request("POST", SECRETS, {"metadata": {"name": name}, "stringData": {"k": word}})
    assert code == 201, (code, made)
    return made


def answers(node, path):
    try:
        return node.request("GET", path)[0] == 200
    except OSError:
        return False


def reads(node, name):
    code, found = node.request("GET", SECRETS + "/" + name)
    return code == 200 and found["data"]["k"] == "YS13b3JkLW5vYm9keS1zYXlz"


def test_a_key_that_comes_back_by_the_file_is_enough_to_read_again():
    with tempfile.TemporaryDirectory() as folder:
        one, two = ENCRYPTION % (KEY % ("aesgcm", "one")), ENCRYPTION % (KEY % ("secretbox", "two"))
        path = file_of(folder, "encryption.yaml", one)
        words = (OPTION, path, OPTION + "-automatic-reload")
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            for name in ("a", "b"):
                make(node, name)
            assert node.stop() == 0
            file_of(folder, "encryption.yaml", two)
            node.start(*words)
            node.wait_ready()
            assert node.request("GET", SECRETS)[0] == node.request("GET", SECRETS + "/a")[0] == 500
            file_of(folder, "encryption.yaml", ENCRYPTION % "\n".join((KEY % ("secretbox", "two"), KEY % ("aesgcm", "one"))))
            until(lambda: reads(node, "a") and reads(node, "b"), 20, "the key is there again")
            code, found = node.request("GET", SECRETS)
            assert code == 200 and {"a", "b"} <= {item["metadata"]["name"] for item in found["items"]}, found
            assert node.request("DELETE", SECRETS + "/a")[0] == 200


def test_a_migration_writes_secrets_anew_under_the_first_key():
    migrations = "/apis/storagemigration.k8s.io/v1/storageversionmigrations"
    with tempfile.TemporaryDirectory() as folder:
        path = file_of(folder, "encryption.yaml", ENCRYPTION % (KEY % ("aesgcm", "one")))
        words = (OPTION, path)
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            for name in ("a", "b", "c"):
                make(node, name)
            assert node.stop() == 0
            file_of(folder, "encryption.yaml", ENCRYPTION % "\n".join((KEY % ("secretbox", "two"), KEY % ("aesgcm", "one"))))
            node.start(*words)
            node.wait_ready()
            code, said = node.request("POST", migrations, {"metadata": {"name": "keys"}, "spec": {"resource": {"group": "", "resource": "secrets"}}})
            assert code == 201, said

            def has_succeeded():
                status = node.request("GET", migrations + "/keys")[1].get("status", {})
                return any(one["type"] == "Succeeded" and one["status"] == "True" for one in status.get("conditions", []))

            until(has_succeeded, 90, "the migration is done")
            # Without the old key: whatever it still closed could not be read.
            assert node.stop() == 0
            file_of(folder, "encryption.yaml", ENCRYPTION % (KEY % ("secretbox", "two")))
            node.start(*words)
            node.wait_ready()
            code, found = node.request("GET", "/api/v1/secrets")
            assert code == 200 and {"a", "b", "c"} <= {item["metadata"]["name"] for item in found["items"]}, found
            assert reads(node, "a") and reads(node, "b") and reads(node, "c")


def test_a_kms_plug_in_closes_a_seed_once_and_its_key_changes():
    with tempfile.TemporaryDirectory() as folder, Plugin(os.path.join(folder, "kms.sock")) as plugin:
        words = (OPTION, file_of(folder, "encryption.yaml", ENCRYPTION % (KMS % ("box", plugin.path))))
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            until(lambda: node.request("GET", "/readyz/kms-providers")[0] == 200, 20, "the plug-in is known to be well")
            for i in range(20):
                make(node, "s%d" % i)
            assert not holds(node.folder, WORD.encode()) and holds(node.folder, b"k8s:enc:kms:v2:box:") and holds(node.folder, b"plugin.example.com")
            assert plugin.calls["Encrypt"] == 1 and plugin.calls["Decrypt"] == 0, plugin.calls
            metrics = node.request("GET", "/metrics")[1]
            expect(metrics, 'apiserver_envelope_encryption_kms_operations_latency_seconds_count{provider_name="box",method_name="/v2.KeyManagementService/Encrypt",grpc_status_code="OK"} 1')
            expect(metrics, 'apiserver_envelope_encryption_key_id_hash_total{transformation_type="to_storage",provider_name="box",key_id_hash="sha256:')
            # A start asks once for what all of them lie under; the key is another one by then, so a write moves a value to it.
            assert node.stop() == 0
            plugin.key = "key-2"
            node.start(*words)
            node.wait_ready()
            assert all(reads(node, "s%d" % i) for i in range(20))
            assert plugin.calls["Decrypt"] == 1 and plugin.calls["Encrypt"] == 2, plugin.calls
            until(lambda: node.request("GET", "/healthz/kms-providers")[0] == 200, 20, "the plug-in is known to be well")
            code, found = node.request("GET", SECRETS + "/s0")
            code, moved = node.request("PUT", SECRETS + "/s0", found)
            assert code == 200 and moved["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"], moved
            code, same = node.request("PUT", SECRETS + "/s0", moved)
            assert code == 200 and same["metadata"]["resourceVersion"] == moved["metadata"]["resourceVersion"], same
            assert reads(node, "s0") and holds(node.folder, b"key-2")


def test_a_kms_plug_in_that_is_away_costs_what_it_has_closed_and_nothing_else():
    with tempfile.TemporaryDirectory() as folder, Plugin(os.path.join(folder, "kms.sock")) as plugin:
        words = (OPTION, file_of(folder, "encryption.yaml", ENCRYPTION % (KMS % ("box", plugin.path))))
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            until(lambda: node.request("GET", "/readyz/kms-providers")[0] == 200, 20, "the plug-in is known to be well")
            make(node, "a")
            # What closes goes on for minutes without it; health says what is wrong.
            plugin.healthz = "the safe is stuck"
            until(lambda: node.request("GET", "/healthz/kms-providers")[0] == 500, 40, "the plug-in is known to be ill")
            make(node, "b")
            plugin.stop()
            make(node, "c")
            assert reads(node, "a") and reads(node, "c")
            assert node.stop() == 0
            node.start(*words)
            until(lambda: answers(node, "/readyz?exclude=kms-providers"), 30, "all is ready but the plug-in")
            assert not answers(node, "/readyz")
            code, said = node.request("GET", SECRETS + "/a")
            assert code == 500 and "failed to decrypt DEK, error: rpc error: code = Unavailable" in said["message"], (code, said)
            code, said = node.request("GET", SECRETS)
            assert code == 500 and 'unable to transform key "/registry/secrets/default/' in said["message"], (code, said)
            code, said = node.request("POST", SECRETS, {"metadata": {"name": "d"}})
            assert code == 500 and said["reason"] == "InternalError" and "has not given a key yet" in said["message"], (code, said)
            assert node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})[0] == 201
            assert node.request("GET", "/readyz/kms-providers")[0] == 500
            # It comes back: so does all that it has closed, without a start.
            plugin.start()
            plugin.healthz = "ok"
            until(lambda: reads(node, "a") and reads(node, "b") and reads(node, "c"), 40, "the plug-in is there again")
            assert node.request("GET", SECRETS)[0] == 200
            until(lambda: node.request("GET", "/readyz/kms-providers")[0] == 200, 40, "the plug-in is known to be well")
            make(node, "d")
            # One key is lost for good: what lies under it is told of by its name.
            assert node.stop() == 0
            plugin.lost.add("key-1")
            plugin.key = "key-2"
            node.start(*words)
            node.wait_ready()
            code, said = node.request("GET", SECRETS + "/a")
            assert code == 500 and "rpc error: code = Internal" in said["message"], (code, said)
            make(node, "e")
            assert reads(node, "e")


def test_servers_with_seeds_of_their_own_read_what_each_other_writes():
    with tempfile.TemporaryDirectory() as folder, Plugin(os.path.join(folder, "kms.sock")) as plugin:
        words = (OPTION, file_of(folder, "encryption.yaml", ENCRYPTION % (KMS % ("box", plugin.path))))
        plugin.delay = 0.1
        with Cluster(3, words) as cluster:
            for node in cluster.nodes:
                until(lambda n=node: n.request("GET", "/readyz/kms-providers")[0] == 200, 20, "the plug-in is known to be well")
            for i, node in enumerate(cluster.nodes):
                make(node, "s%d" % i)
            for node in cluster.nodes:
                assert all(reads(node, "s%d" % i) for i in range(3))
            assert plugin.calls["Encrypt"] == 3 and plugin.calls["Decrypt"] <= 6, plugin.calls


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
