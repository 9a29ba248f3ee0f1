#!/usr/bin/env python3
"""Applying: what kubectl applies by itself and by the server, who owns what then, and what goes again."""
import json
import sys
import time

import suite
from cluster import Failed
from kube import client, expect, fresh, kubectl, since

APPLY_SET = {"KUBECTL_APPLYSET": "true"}
# Kubectls before 1.21 always show who owns what.
SHOWN = ["--show-managed-fields"] if client() >= 21 else []


def config(name, labels=None, **data):
    meta = {"name": name, **({"labels": labels} if labels else {})}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})


def web(replicas=None, image="nginx:1.27", env=(), extra=()):
    containers = [{"name": "web", "image": image, **({"env": [{"name": n, "value": v} for n, v in env]} if env else {})}]
    spec = {"selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers + list(extra)}}}
    if replicas is not None:
        spec["replicas"] = replicas
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})


def apply(cluster, space, text, *words, ok=True, env=None):
    return kubectl(cluster, "apply", "-f", "-", *words, stdin=text, namespace=space, ok=ok, env=env)


def server_side(cluster, space, text, *words, ok=True):
    return apply(cluster, space, text, "--server-side", *words, ok=ok)


def got(cluster, space, *what):
    return json.loads(cluster.kubectl("-n", space, "get", *what, "-o", "json", *SHOWN).stdout)


def owners(cluster, space, *what):
    """Of everybody but the cluster's own programs: (manager, operation[/subresource]) and the set."""
    entries = got(cluster, space, *what)["metadata"].get("managedFields", [])
    return {(e["manager"], "/".join([e["operation"], *([e["subresource"]] if "subresource" in e else [])])): e["fieldsV1"]
            for e in entries if e["manager"] != "kube-controller-manager"}


def data(cluster, space, name):
    return got(cluster, space, "configmap", name).get("data", {})


# ---- by the server ------------------------------------------------------------------------------------------------


def test_the_server_applies(cluster):
    space = fresh(cluster, "applied")
    expect(server_side(cluster, space, config("a", x="1", y="1")), "configmap/a serverside-applied")
    version = got(cluster, space, "configmap", "a")["metadata"]["resourceVersion"]
    expect(server_side(cluster, space, config("a", x="1", y="1")), "configmap/a serverside-applied")
    assert got(cluster, space, "configmap", "a")["metadata"]["resourceVersion"] == version
    assert owners(cluster, space, "configmap", "a") == {("kubectl", "Apply"): {"f:data": {"f:x": {}, "f:y": {}}}}
    server_side(cluster, space, config("a", y="1"))
    assert data(cluster, space, "a") == {"y": "1"}


def test_owners_are_shown_when_they_are_asked_for(cluster):
    since(21, "--show-managed-fields")
    space = fresh(cluster, "shown")
    server_side(cluster, space, config("a", x="1"))
    assert "managedFields" not in kubectl(cluster, "get", "configmap", "a", "-o", "yaml", namespace=space)
    expect(kubectl(cluster, "get", "configmap", "a", "-o", "yaml", "--show-managed-fields", namespace=space),
           "managedFields:", "f:x: {}", "manager: kubectl", "operation: Apply")


def test_a_conflict_is_told_and_can_be_forced(cluster):
    space = fresh(cluster, "fought")
    server_side(cluster, space, config("a", x="1", y="1"), "--field-manager=one")
    said = server_side(cluster, space, config("a", x="2"), "--field-manager=two", ok=False)
    expect(said, r'Apply failed with 1 conflict: conflict with "one": \.data\.x', "--force-conflicts")
    assert data(cluster, space, "a") == {"x": "1", "y": "1"}
    server_side(cluster, space, config("a", x="2"), "--field-manager=two", "--force-conflicts")
    assert owners(cluster, space, "configmap", "a") == {("one", "Apply"): {"f:data": {"f:y": {}}},
                                                        ("two", "Apply"): {"f:data": {"f:x": {}}}}
    # the same value is no conflict, and goes only when nobody wants it
    server_side(cluster, space, config("a", x="2", y="1"), "--field-manager=three")
    server_side(cluster, space, config("a"), "--field-manager=one")
    assert data(cluster, space, "a") == {"x": "2", "y": "1"}
    server_side(cluster, space, config("a"), "--field-manager=three")
    assert data(cluster, space, "a") == {"x": "2"}


def test_elements_of_a_list_have_owners_of_their_own(cluster):
    space = fresh(cluster, "elements")
    server_side(cluster, space, web(1, env=[("A", "1")]), "--field-manager=one")
    server_side(cluster, space, web(env=[("B", "2")], extra=[{"name": "side", "image": "busybox:1"}]), "--field-manager=two")
    containers = got(cluster, space, "deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert [c["name"] for c in containers] == ["web", "side"], containers
    assert sorted(e["name"] for e in containers[0]["env"]) == ["A", "B"], containers
    server_side(cluster, space, web(env=[("B", "3")]), "--field-manager=two")
    containers = got(cluster, space, "deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert [c["name"] for c in containers] == ["web"], containers
    assert {e["name"]: e["value"] for e in containers[0]["env"]} == {"A": "1", "B": "3"}, containers


def test_who_scales_takes_the_replicas_from_who_applied(cluster):
    space = fresh(cluster, "scaled")
    server_side(cluster, space, web(1))
    kubectl(cluster, "scale", "deployment/web", "--replicas=3", namespace=space)
    assert ("kubectl", "Update/scale") in owners(cluster, space, "deployment", "web")
    said = server_side(cluster, space, web(2), ok=False)
    expect(said, r'conflict with "kubectl" with subresource "scale" using apps/v1: \.spec\.replicas')
    server_side(cluster, space, web())
    assert got(cluster, space, "deployment", "web")["spec"]["replicas"] == 3


def test_other_verbs_are_updates(cluster):
    space = fresh(cluster, "updated")
    kubectl(cluster, "create", "configmap", "a", "--from-literal=x=1", namespace=space)
    assert owners(cluster, space, "configmap", "a") == {("kubectl-create", "Update"): {"f:data": {".": {}, "f:x": {}}}}
    kubectl(cluster, "label", "configmap", "a", "k=v", namespace=space)
    kubectl(cluster, "patch", "configmap", "a", "--type=merge", "-p", '{"data":{"x":"2"}}', namespace=space)
    assert owners(cluster, space, "configmap", "a") == {
        ("kubectl-create", "Update"): {"f:data": {}},
        ("kubectl-label", "Update"): {"f:metadata": {"f:labels": {".": {}, "f:k": {}}}},
        ("kubectl-patch", "Update"): {"f:data": {"f:x": {}}}}


# ---- by kubectl itself ------------------------------------------------------------------------------------------------


def test_kubectl_applies_by_itself(cluster):
    space = fresh(cluster, "by-itself")
    expect(apply(cluster, space, config("a", x="1", y="1")), "configmap/a created")
    expect(apply(cluster, space, config("a", x="1", y="1")), "configmap/a unchanged")
    expect(apply(cluster, space, config("a", x="2")), "configmap/a configured")
    assert data(cluster, space, "a") == {"x": "2"}
    expect(kubectl(cluster, "apply", "view-last-applied", "configmap", "a", namespace=space), '^  x: "2"', "^  name: a")
    kubectl(cluster, "apply", "set-last-applied", "-f", "-", stdin=config("a", x="3"), namespace=space)
    expect(kubectl(cluster, "apply", "view-last-applied", "configmap", "a", "-o", "json", namespace=space), '"x": "3"')
    assert data(cluster, space, "a") == {"x": "2"}


def test_who_has_applied_by_kubectl_can_go_over_to_the_server(cluster):
    since(26, "the way over from its own apply")
    space = fresh(cluster, "over")
    apply(cluster, space, config("a", x="1", y="1"))
    assert ("kubectl-client-side-apply", "Update") in owners(cluster, space, "configmap", "a")
    server_side(cluster, space, config("a", x="2", y="1"))
    owned = owners(cluster, space, "configmap", "a")
    assert ("kubectl", "Apply") in owned and not [key for key in owned if key[1] == "Update"], owned
    assert data(cluster, space, "a") == {"x": "2", "y": "1"}
    # the annotation says what was applied last, so that there is a way back
    expect(kubectl(cluster, "apply", "view-last-applied", "configmap", "a", namespace=space), '^  x: "2"')
    server_side(cluster, space, config("a", x="2"))
    assert data(cluster, space, "a") == {"x": "2"}
    apply(cluster, space, config("a", z="1"))
    assert data(cluster, space, "a") == {"z": "1"}


# ---- before it is done ---------------------------------------------------------------------------------------------------


def test_diff_shows_what_would_be(cluster):
    space = fresh(cluster, "differs")
    for words in ([], ["--server-side"]):
        name = "b" if words else "a"
        apply(cluster, space, config(name, x="1"), *words)
        kubectl(cluster, "diff", "-f", "-", *words, stdin=config(name, x="1"), namespace=space)
        done = cluster.kubectl("-n", space, "diff", "-f", "-", *words, stdin="---\n" + config(name, x="2"), ok=None)
        if done.returncode != 1:
            raise Failed("diff ended with %d: %s" % (done.returncode, done.stderr))
        expect(done.stdout, '^-  x: "1"', r'^\+  x: "2"')
        assert data(cluster, space, name) == {"x": "1"}
        done = cluster.kubectl("-n", space, "diff", "-f", "-", *words, stdin="---\n" + config("new-" + name, x="1"), ok=None)
        assert done.returncode == 1
        expect(done.stdout, r"^\+kind: ConfigMap")


DRY = [  # what is asked of the server, or only of kubectl, and done by nobody
    ["create", "configmap", "c"], ["label", "configmap", "a", "k=v"], ["annotate", "configmap", "a", "k=v"],
    ["patch", "configmap", "a", "--type=merge", "-p", '{"data":{"x":"2"}}'], ["delete", "configmap", "a"],
    ["scale", "deployment/web", "--replicas=5"], ["set", "image", "deployment/web", "web=other:1"],
    ["set", "env", "deployment/web", "A=1"], ["expose", "deployment", "web", "--port=80"], ["run", "p", "--image=i"],
    ["autoscale", "deployment", "web", "--max=3"], ["create", "deployment", "d", "--image=i"], ["taint", "nodes", "--all", "k=v:NoSchedule"],
]
# Of these kubectl says what it says of the real thing.
SILENT = ["patch", "taint"] + ([] if client() >= 21 else ["label", "annotate", "scale"])


def test_a_dry_run_does_nothing(cluster):
    space = fresh(cluster, "dry")
    server_side(cluster, space, config("a", x="1"))
    server_side(cluster, space, web(1))
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    before = cluster.kubectl("-n", space, "get", "configmaps,deployments,services,pods,hpa", "-o", "name").stdout
    version = got(cluster, space, "configmap", "a")["metadata"]["resourceVersion"]
    for mode in ("client", "server"):
        for words in DRY:
            if words[0] == "autoscale" and mode == "server" and client() < 22:
                continue  # it asks first for definitions of kinds in a version that no server of today has
            said = kubectl(cluster, *words, "--dry-run=" + mode, namespace=space)
            if words[0] not in SILENT:
                expect(said, "dry run")
        expect(apply(cluster, space, config("a", x="1", y="1"), "--dry-run=" + mode), "dry run")
        expect(apply(cluster, space, config("e", x="1"), "--dry-run=" + mode), "dry run")
    expect(server_side(cluster, space, config("a", x="2"), "--dry-run=server"), r"serverside-applied \(server dry run\)")
    expect(server_side(cluster, space, config("a", x="3"), "--dry-run=server", "-o", "yaml"), 'x: "3"')
    expect(server_side(cluster, space, config("a", x="2"), "--dry-run=server", "--field-manager=other", ok=False), "Apply failed with 1 conflict")
    expect(kubectl(cluster, "replace", "--dry-run=server", "-f", "-", stdin=config("a", x="9"), namespace=space), "server dry run")
    assert cluster.kubectl("-n", space, "get", "configmaps,deployments,services,pods,hpa", "-o", "name").stdout == before
    assert got(cluster, space, "configmap", "a")["metadata"]["resourceVersion"] == version
    assert data(cluster, space, "a") == {"x": "1"}
    assert not got(cluster, space, "nodes")["items"][0]["spec"].get("taints")


# ---- what is no longer in the set of manifests --------------------------------------------------------------------------------


def names(cluster, space, *what):
    words = cluster.kubectl("-n", space, "get", *what, "-o", "name").stdout.split()
    return sorted(word for word in words if not word.endswith("kube-root-ca.crt"))


def test_what_has_the_label_and_is_not_applied_any_more_is_pruned(cluster):
    space = fresh(cluster, "pruned")
    both = "\n---\n".join(config(name, {"set": "s"}, x="1") for name in "ab")
    words = ["--prune", "-l", "set=s", "--prune-%s=core/v1/ConfigMap" % ("allowlist" if client() >= 26 else "whitelist")]
    kubectl(cluster, "create", "configmap", "other", namespace=space)
    apply(cluster, space, both, *words)
    assert names(cluster, space, "configmaps") == ["configmap/a", "configmap/b", "configmap/other"]
    expect(apply(cluster, space, config("a", {"set": "s"}, x="1"), *words, "--dry-run=server"), r"configmap/b pruned \(server dry run\)")
    expect(apply(cluster, space, config("a", {"set": "s"}, x="1"), *words), "configmap/b pruned")
    assert names(cluster, space, "configmaps") == ["configmap/a", "configmap/other"]


def test_an_apply_set_knows_its_members(cluster):
    since(27, "apply sets")
    space = fresh(cluster, "apply-set")
    words = ["--prune", "--applyset=mine"]
    both = config("a", x="1") + "\n---\n" + config("b", x="1")
    kubectl(cluster, "create", "configmap", "other", namespace=space)
    for more in ([], ["--server-side"]):
        apply(cluster, space, both, *words, *more, env=APPLY_SET)
        parent = got(cluster, space, "secret", "mine")["metadata"]
        assert parent["labels"]["applyset.kubernetes.io/id"].startswith("applyset-"), parent
        assert parent["annotations"]["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap", parent
        expect(apply(cluster, space, config("a", x="1"), *words, *more, env=APPLY_SET), "configmap/b pruned")
        assert names(cluster, space, "configmaps") == ["configmap/a", "configmap/other"]


# ---- what is kept small ----------------------------------------------------------------------------------------------------------


def test_many_updaters_leave_a_short_list(cluster):
    space = fresh(cluster, "many")
    kubectl(cluster, "create", "configmap", "a", "--from-literal=x=1", namespace=space)
    for i in range(13):
        kubectl(cluster, "patch", "configmap", "a", "--type=merge", "--field-manager=m%d" % i, "-p", '{"data":{"k%d":"1"}}' % i, namespace=space)
        time.sleep(0.1 if i else 1.1)  # the second counts
    entries = got(cluster, space, "configmap", "a")["metadata"]["managedFields"]
    assert len(entries) <= 10, entries
    assert any(e["manager"] == "ancient-changes" for e in entries), entries


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
