#!/usr/bin/env python3
"""What objects were: lists at an exact revision beyond compaction, `troupe history`, `troupe undo`."""
import json
import os
import sys
import tempfile

import suite
from cluster import Cluster, Node, until
from etcdctl import ctl

WITH_ETCD = ["--etcd-listen", "{address}:2379"]
MAPS = "/api/v1/namespaces/default/configmaps"


def create(node, name, data, path=MAPS, kind="ConfigMap"):
    code, body = node.request("POST", path, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": data})
    assert code == 201, (code, body)
    return int(body["metadata"]["resourceVersion"])


def change(node, name, patch, path=MAPS):
    code, body = node.request("PATCH", path + "/" + name, patch, "application/merge-patch+json")
    assert code == 200, (code, body)
    return int(body["metadata"]["resourceVersion"])


def versions(node, what):
    return json.loads(node.troupe("history", what, "-o", "json").stdout)["versions"]


def test_the_versions_of_an_object_say_when_who_and_what(cluster):
    node = cluster.nodes[0]
    create(node, "web", {"color": "red"})
    change(node, "web", {"data": {"color": "blue", "size": "7"}})
    change(node, "web", {"metadata": {"labels": {"app": "web"}}})
    said = node.troupe("history", "configmap/web").stdout
    lines = said.splitlines()
    assert lines[0].split() == ["REVISION", "TIME", "BY", "CHANGE"], said
    assert '+metadata.labels: {"app":"web"}' in lines[1], said
    assert 'data.color: "red" -> "blue"; +data.size: "7"' in lines[2], said
    assert lines[3].endswith("made") and "keeps what was since revision 1" in lines[4], said
    assert node.troupe("history", "cm/web", "--limit", "1").stdout.count("\n") == 4
    said = versions(node, "ConfigMaps/web")
    assert [v["change"] for v in said] == ["changed", "changed", "made"], said
    assert all(v["time"].endswith("Z") and v["by"] for v in said), said
    assert said[1]["fields"][0] == {"path": "data.color", "was": '"red"', "is": '"blue"'}, said


def test_an_object_is_shown_as_it_was(cluster):
    node = cluster.nodes[0]
    first = create(node, "page", {"text": "one"})
    change(node, "page", {"data": {"text": "two"}})
    said = node.troupe("history", "cm/page", "--at", str(first), "-o", "yaml").stdout
    assert said.startswith("apiVersion: v1\n") and "kind: ConfigMap\n" in said and "  text: one\n" in said, said
    assert json.loads(node.troupe("history", "cm/page", "--at", str(first), "-o", "json").stdout)["data"] == {"text": "one"}
    assert "was not there" in node.troupe("history", "cm/page", "--at", str(first - 1), ok=False).stderr


def test_undo_says_what_it_would_do_and_then_does_it(cluster):
    node = cluster.nodes[0]
    create(node, "rules", {"a": "1", "b": "2"})
    change(node, "rules", {"data": {"a": "9", "b": None}})
    said = node.troupe("undo", "cm/rules").stdout
    assert "would be" in said and '  data.a: "9" -> "1"\n  +data.b: "2"\n' in said and "--yes" in said, said
    assert node.request("GET", MAPS + "/rules")[1]["data"] == {"a": "9"}
    said = node.troupe("undo", "cm/rules", "--yes").stdout
    assert "is again" in said and "--yes" not in said, said
    code, now = node.request("GET", MAPS + "/rules")
    assert now["data"] == {"a": "1", "b": "2"}, now
    assert "troupe-undo" in {entry["manager"] for entry in now["metadata"]["managedFields"]}, now
    # And back: what it was before is one version further down.
    node.troupe("undo", "cm/rules", "--yes")
    assert node.request("GET", MAPS + "/rules")[1]["data"] == {"a": "9"}


def test_what_was_deleted_is_made_again(cluster):
    node = cluster.nodes[0]
    first = create(node, "lost", {"k": "v"})
    assert node.request("DELETE", MAPS + "/lost")[0] == 200
    said = node.troupe("history", "cm/lost").stdout.splitlines()
    assert said[1].endswith("deleted") and said[2].endswith("made"), said
    assert "would be made again" in node.troupe("undo", "cm/lost").stdout
    assert "was made again" in node.troupe("undo", "cm/lost", "--yes", "--to", str(first)).stdout
    assert node.request("GET", MAPS + "/lost")[1]["data"] == {"k": "v"}
    assert "already" in node.troupe("undo", "cm/lost", "--to", str(first), ok=False).stderr


def test_what_cannot_be_is_refused_in_words(cluster):
    node = cluster.nodes[0]
    for words, expected in (
            (("history", "nonsense/x"), 'no kind "nonsense"'), (("history", "web"), "not KIND/NAME"),
            (("history", "cm/never-there"), "nothing is known of"), (("history", "members/n1"), "not kept"),
            (("undo", "cm/never-there"), "nothing is known of"), (("history", "cm/x", "--at", "99999999"), ""),
            (("history", "cm/x", "--limit", "0"), "how many")):
        said = node.troupe(*words, ok=False).stderr
        assert said.startswith("troupe: ") and expected in said and said.count("\n") == 1, (words, said)
    # The server has the last word: a type of a Secret never changes.
    create(node, "key", {}, "/api/v1/namespaces/default/secrets", "Secret")
    first = versions(node, "secret/key")[0]["revision"]
    assert node.request("DELETE", "/api/v1/namespaces/default/secrets/key")[0] == 200
    code, body = node.request("POST", "/api/v1/namespaces/default/secrets", {
        "apiVersion": "v1", "kind": "Secret", "type": "example.com/other", "metadata": {"name": "key"}, "data": {"p": "c2VjcmV0"}})
    assert code == 201, body
    assert "type: Invalid value" in node.troupe("undo", "secret/key", "--to", str(first), ok=False).stderr
    change(node, "key", {"data": {"p": "b3RoZXI="}}, "/api/v1/namespaces/default/secrets")
    said = node.troupe("history", "secret/key").stdout
    assert "data.p: (hidden) -> (hidden)" in said and "c2VjcmV0" not in said, said


def test_kinds_of_definitions_have_a_history_too(cluster):
    node = cluster.nodes[0]
    code, body = node.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                     "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}})
    assert code == 201, body
    path = "/apis/example.com/v1/namespaces/default/widgets"
    one = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"n": 1}}
    until(lambda: node.request("POST", path, one)[0] == 201, 10, "the kind is served")
    change(node, "one", {"spec": {"n": 2}}, path)
    assert "spec.n: 1 -> 2" in node.troupe("history", "widget/one").stdout
    assert "spec.n: 2 -> 1" in node.troupe("undo", "widgets.example.com/one", "--yes").stdout
    assert node.request("GET", path + "/one")[1]["spec"] == {"n": 1}


def test_the_audit_log_says_which_user_it_was():
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/policy.yaml", "w") as file:
            file.write("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n")
        with Cluster(1, ["--audit-policy-file", folder + "/policy.yaml", "--audit-log-path", folder + "/audit.log"]) as cluster:
            node = cluster.nodes[0]
            create(node, "web", {"color": "red"})
            code, _ = node.request("PATCH", MAPS + "/web", {"data": {"color": "blue"}}, "application/merge-patch+json",
                                   {"Impersonate-User": "alice", "Impersonate-Group": "system:masters"})
            assert code == 200
            assert node.request("DELETE", MAPS + "/web")[0] == 200

            def told():
                said = versions(node, "cm/web")
                return said if all("user" in version for version in said[1:]) else None
            said = until(told, 10, "the audit log has it")
            assert said[1]["user"].startswith("alice (") and said[2]["user"] and "alice" not in said[2]["user"], said
            assert ", with " in node.troupe("history", "cm/web").stdout


def test_an_exact_list_goes_back_beyond_compaction_and_a_watch_does_not():
    with Cluster(1, WITH_ETCD) as cluster:
        node = cluster.nodes[0]
        first = create(node, "old", {"k": "1"})
        last = change(node, "old", {"data": {"k": "2"}})
        create(node, "other", {})
        ctl(node, "compaction", str(last + 1))
        exact = "?resourceVersion=%d&resourceVersionMatch=Exact" % first

        def raw(query):
            return node.request("GET", MAPS + query)

        assert [item["data"] for item in raw(exact)[1]["items"] if item["metadata"]["name"] == "old"] == [{"k": "1"}]
        assert raw("?resourceVersion=%d&limit=1" % first)[0] == 410
        node.stop()
        node.start(*cluster.words_of(node)).wait_ready()
        assert [item["data"] for item in raw(exact)[1]["items"] if item["metadata"]["name"] == "old"] == [{"k": "1"}]
        assert raw("?watch=1&timeoutSeconds=1&resourceVersion=%d" % first)[1]["object"]["code"] == 410
        said = cluster.kubectl("get", "--raw", MAPS + exact).stdout
        assert '"k":"1"' in said, said


def test_a_node_that_keeps_nothing_says_expired():
    with Cluster(1, WITH_ETCD + ["--history-mib", "0"]) as cluster:
        node = cluster.nodes[0]
        first = create(node, "old", {"k": "1"})
        last = change(node, "old", {"data": {"k": "2"}})
        create(node, "other", {})
        ctl(node, "compaction", str(last + 1))
        path = MAPS + "?resourceVersion=%d&resourceVersionMatch=Exact" % first
        until(lambda: node.request("GET", path)[0] == 410, 10, "it is swept")
        assert "what was before is not here" in node.troupe("history", "cm/old").stdout
        said = node.troupe("up", "--history-without", "secrets,,events", ok=False).stderr
        assert said.startswith("troupe: ") and "--history-without wants kinds" in said and said.count("\n") == 1, said


def test_of_secrets_nothing_is_kept_beyond_compaction_unless_that_is_said():
    secrets = "/api/v1/namespaces/default/secrets"
    for words, is_kept in ([], False), (["--history-without", "events,leases"], True):
        with Cluster(1, WITH_ETCD + words) as cluster:
            node = cluster.nodes[0]
            first = create(node, "key", {"p": "c2VjcmV0"}, secrets, "Secret")
            kept = create(node, "map", {"k": "1"})
            assert node.request("DELETE", secrets + "/key")[0] == 200
            last = change(node, "map", {"data": {"k": "2"}})
            create(node, "other", {})
            ctl(node, "compaction", str(last + 1))

            def exact(path, revision):
                return node.request("GET", path + "?resourceVersion=%d&resourceVersionMatch=Exact" % revision)

            if is_kept:
                assert [item["data"] for item in exact(secrets, first)[1]["items"] if item["metadata"]["name"] == "key"] == [{"p": "c2VjcmV0"}]
                assert len(versions(node, "secret/key")) == 2
            else:
                until(lambda: exact(secrets, first)[0] == 410, 10, "the Secret is gone")
                assert "nothing is known of" in node.troupe("history", "secret/key", ok=False).stderr
            assert [item["data"] for item in exact(MAPS, kept)[1]["items"] if item["metadata"]["name"] == "map"] == [{"k": "1"}]
            assert [v["change"] for v in versions(node, "cm/map")] == ["changed", "made"]


def own_maps(node):
    """Without the one that a controller makes in each namespace, which may be later than what a test asks for."""
    code, body = node.request("GET", MAPS)
    assert code == 200, (code, body)
    found = {item["metadata"]["name"]: item.get("data") for item in body["items"]}
    return {name: data for name, data in found.items() if name != "kube-root-ca.crt"}, int(body["metadata"]["resourceVersion"])


def test_a_restored_cluster_may_begin_with_an_earlier_moment():
    with Cluster(1) as cluster:
        node, path = cluster.nodes[0], os.path.join(cluster.folder, "b.troupe")
        create(node, "kept", {"k": "1"})
        first = create(node, "lost", {"k": "1"})
        change(node, "kept", {"data": {"k": "2"}})
        assert node.request("DELETE", MAPS + "/lost")[0] == 200
        create(node, "late", {})
        node.troupe("backup", path)
        for words, expected in (("99999999", "it ends at revision"), ("yesterday", "--at wants"), ("2001-01-01T00:00:00Z", "begins at revision")):
            assert expected in node.troupe("backup", path + ".none", "--at", words, ok=False).stderr
        assert "leave out --at" in node.troupe("backup", path, "--check", "--at", "7", ok=False).stderr
        said = node.troupe("backup", path + ".then", "--at", str(first)).stdout
        assert "revision %d," % first in said and not os.path.exists(path + ".none"), said
        assert not [name for name in os.listdir(node.folder) if name.startswith("backup-")], os.listdir(node.folder)
        assert "revision %d," % first in node.troupe("backup", path + ".then", "--check").stdout
        node.stop()
        other = Node("m1", cluster.folder)
        cluster.nodes.append(other)
        assert "it ends at revision" in other.troupe("restore", path, "--at", "99999999", ok=False).stderr
        assert "--at wants" in other.troupe("restore", path, "--at", "yesterday", ok=False).stderr
        said = other.troupe("restore", path, "--at", str(first)).stdout
        assert "at revision %d (" % first in said, said
        other.start().wait_ready()
        found, revision = own_maps(other)
        assert found == {"kept": {"k": "1"}, "lost": {"k": "1"}}, found
        assert revision > 1000000000, revision
        third = Node("m2", cluster.folder)
        cluster.nodes.append(third)
        third.troupe("restore", path + ".then")
        third.start().wait_ready()
        assert own_maps(third)[0] == found, own_maps(third)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
