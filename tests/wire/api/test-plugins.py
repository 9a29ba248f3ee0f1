#!/usr/bin/env python3
"""Plug-ins of admission that are asked only where an operator wants them: all of them, in one cluster."""
import json
import sys

import suite
from cluster import until
from kube import expect, fresh, kubectl

NODE_WORDS = ("--enable-admission-plugins", "AlwaysPullImages,DenyServiceExternalIPs,ExtendedResourceToleration,LimitPodHardAntiAffinityTopology,NamespaceExists,"
              "OwnerReferencesPermissionEnforcement,PodNodeSelector,PodTolerationRestriction")


def pod(name, spec=None, **container):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i", **container}], **(spec or {})}}


def post(cluster, path, body):
    return cluster.nodes[0].request("POST", "/api/v1/namespaces/" + path, body)


def made(cluster, space, body):
    code, answer = post(cluster, space + "/pods", body)
    assert code == 201, answer
    return answer["spec"]


def annotate(cluster, space, **more):
    code, answer = cluster.nodes[0].request("PATCH", "/api/v1/namespaces/" + space, {"metadata": {"annotations": {
        "scheduler.alpha.kubernetes.io/" + name: value for name, value in more.items()}}}, content_type="application/merge-patch+json")
    assert code == 200, answer


def test_pods_are_made_as_all_plug_ins_want(cluster):
    space = fresh(cluster, "wanted")
    annotate(cluster, space, **{"node-selector": "disk=fast", "defaultTolerations": json.dumps([{"key": "a", "operator": "Exists"}])})
    spec = made(cluster, space, pod("p", {"nodeSelector": {"x": "1"}}, resources={"limits": {"example.com/gpu": "1"}, "requests": {"cpu": "1m"}}))
    assert spec["containers"][0]["imagePullPolicy"] == "Always", spec
    assert spec["nodeSelector"] == {"x": "1", "disk": "fast"}, spec
    keys = {one.get("key") for one in spec["tolerations"]}
    assert {"a", "example.com/gpu", "node.kubernetes.io/memory-pressure"} <= keys, spec["tolerations"]
    code, answer = post(cluster, space + "/pods", pod("q", {"nodeSelector": {"disk": "slow"}}))
    assert code == 403 and "conflicts with its namespace node label selector" in answer["message"], answer
    code, answer = post(cluster, space + "/pods", pod("q", {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "zone", "labelSelector": {}}]}}}))
    assert code == 403 and "only key kubernetes.io/hostname is allowed" in answer["message"], answer
    kubectl(cluster, "delete", "namespace", space, "--wait=false")


def test_a_namespace_says_what_its_pods_may_tolerate(cluster):
    space = fresh(cluster, "tolerant")
    annotate(cluster, space, tolerationsWhitelist=json.dumps([{"key": "a", "operator": "Exists"}, {"operator": "Exists", "effect": "NoExecute"}]))
    made(cluster, space, pod("p", {"tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}]}))
    code, answer = post(cluster, space + "/pods", pod("q", {"tolerations": [{"key": "b", "operator": "Exists", "effect": "NoSchedule"}]}))
    assert code == 500 and "conflict with its namespace whitelist" in answer["message"], answer
    annotate(cluster, space, tolerationsWhitelist="no list")
    code, answer = post(cluster, space + "/pods", pod("q", {"tolerations": [{"key": "a", "operator": "Exists"}]}))
    assert code == 500, answer
    kubectl(cluster, "delete", "namespace", space, "--wait=false")


def test_a_service_has_no_external_addresses_and_nothing_is_where_no_namespace_is(cluster):
    code, answer = post(cluster, "default/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "externalIPs": ["192.0.2.1"]}})
    assert code == 403 and "Use of external IPs is denied by admission control" in answer["message"], answer
    code, answer = post(cluster, "nowhere/configmaps", {"metadata": {"name": "m"}})
    assert code == 404 and answer["message"] == 'namespaces "nowhere" not found', answer


def test_who_may_not_delete_gives_no_owners(cluster):
    space = fresh(cluster, "owned")
    owner = post(cluster, space + "/configmaps", {"metadata": {"name": "owner"}})[1]["metadata"]["uid"]
    kubectl(cluster, "create", "role", "writer", "--verb=get,create,update,patch", "--resource=configmaps", namespace=space)
    kubectl(cluster, "create", "rolebinding", "writer", "--role=writer", "--user=alice", namespace=space)
    until(lambda: cluster.kubectl("-n", space, "auth", "can-i", "create", "configmaps", "--as=alice", ok=None).returncode == 0, 30, "alice may write")

    def manifest(name, block):
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner, "blockOwnerDeletion": block}]}})

    kubectl(cluster, "create", "--as=alice", "-f", "-", stdin=manifest("made", False), namespace=space)
    said = kubectl(cluster, "create", "--as=alice", "-f", "-", ok=False, stdin=manifest("block", True), namespace=space)
    expect(said, "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on")
    kubectl(cluster, "create", "configmap", "bare", namespace=space)
    patch = json.dumps({"metadata": json.loads(manifest("bare", False))["metadata"]})
    said = kubectl(cluster, "patch", "configmap", "bare", "--as=alice", "--type=merge", "-p", patch, ok=False, namespace=space)
    expect(said, "cannot set an ownerRef on a resource you can't delete")
    kubectl(cluster, "patch", "configmap", "bare", "--type=merge", "-p", patch, namespace=space)
    kubectl(cluster, "delete", "namespace", space, "--wait=false")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
