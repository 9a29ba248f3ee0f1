#!/usr/bin/env python3
"""Upstream's kube-apiserver on etcd's door: the same objects under the same keys in the same bytes, through either API server.

Runs where KUBE_APISERVER names the program (v1.37; research and CI build it, we ship none of it); else everything is skipped.
"""
import base64
import json
import os
import sys
import threading

import suite
from cluster import Cluster, Failed, run, until
from upstream import Upstream, compact

CONTAINER = {"name": "c", "image": "nginx"}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [CONTAINER]}}
SELECTOR = {"matchLabels": {"app": "x"}}
NAMESPACED = "/namespaces/default"
SCHEMA = {"type": "object", "properties": {"spec": {"type": "object", "properties": {
    "wheels": {"type": "integer", "minimum": 0, "default": 4}, "colour": {"type": "string", "enum": ["red", "blue"]},
    "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
              "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "weight": {"type": "number"}}}}}}}}
WEBHOOK = [{"name": "x.example.com", "clientConfig": {"url": "https://127.0.0.1:1/"}, "rules": [], "sideEffects": "None",
            "admissionReviewVersions": ["v1"]}]
LEVEL = {"type": "Limited", "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}}}

# path of the API, resource, whether it lies in a namespace, the fields beside metadata
KINDS = [
    ("/api/v1", "namespaces", False, {}),
    ("/api/v1", "configmaps", True, {"data": {"a": "1", "b": "2"}}),
    ("/api/v1", "secrets", True, {"stringData": {"password": "x"}}),
    ("/api/v1", "serviceaccounts", True, {}),
    ("/api/v1", "services", True, {"spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "none"}}}),
    ("/api/v1", "endpoints", True, {"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]}),
    ("/api/v1", "pods", True, {"spec": {"containers": [CONTAINER], "nodeSelector": {"no": "where"}}}),
    ("/api/v1", "podtemplates", True, {"template": TEMPLATE}),
    ("/api/v1", "replicationcontrollers", True, {"spec": {"replicas": 0, "selector": {"app": "x"}, "template": TEMPLATE}}),
    ("/api/v1", "limitranges", True, {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1500m"}}]}}),
    ("/api/v1", "persistentvolumes", False, {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}}),
    ("/api/v1", "persistentvolumeclaims", True, {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "no",
                                                          "resources": {"requests": {"storage": "1Gi"}}}}),
    ("/apis/apps/v1", "deployments", True, {"spec": {"paused": True, "replicas": 0, "selector": SELECTOR, "template": TEMPLATE}}),
    ("/apis/apps/v1", "replicasets", True, {"spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}}),
    ("/apis/apps/v1", "statefulsets", True, {"spec": {"replicas": 0, "serviceName": "x", "selector": SELECTOR, "template": TEMPLATE}}),
    ("/apis/apps/v1", "daemonsets", True, {"spec": {"selector": SELECTOR, "template": {**TEMPLATE, "spec": {"containers": [CONTAINER],
                                                                                           "nodeSelector": {"no": "where"}}}}}),
    ("/apis/apps/v1", "controllerrevisions", True, {"revision": 1, "data": {"a": [1, 2.5, "x"]}}),
    ("/apis/batch/v1", "jobs", True, {"spec": {"suspend": True, "template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}}}),
    ("/apis/batch/v1", "cronjobs", True, {"spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {
        "template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}}}}}),
    ("/apis/networking.k8s.io/v1", "ingresses", True, {"spec": {"rules": [{"host": "a.example.com", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "x", "port": {"number": 80}}}}]}}]}}),
    ("/apis/networking.k8s.io/v1", "ingressclasses", False, {"spec": {"controller": "example.com/x"}}),
    ("/apis/networking.k8s.io/v1", "networkpolicies", True, {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}}),
    ("/apis/policy/v1", "poddisruptionbudgets", True, {"spec": {"minAvailable": "50%", "selector": SELECTOR}}),
    ("/apis/rbac.authorization.k8s.io/v1", "roles", True, {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
    ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True, {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"},
                                                                  "subjects": [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]}),
    ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False, {"rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"]}]}),
    ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False, {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "x"},
                                                                          "subjects": [{"kind": "ServiceAccount", "name": "u", "namespace": "default"}]}),
    ("/apis/scheduling.k8s.io/v1", "priorityclasses", False, {"value": 7, "description": "x"}),
    ("/apis/storage.k8s.io/v1", "storageclasses", False, {"provisioner": "example.com/x", "parameters": {"a": "b"}}),
    ("/apis/storage.k8s.io/v1", "csidrivers", False, {"spec": {"attachRequired": False}}),
    ("/apis/storage.k8s.io/v1", "csinodes", False, {"spec": {"drivers": []}}),
    ("/apis/storage.k8s.io/v1", "volumeattachments", False, {"spec": {"attacher": "x", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}),
    ("/apis/node.k8s.io/v1", "runtimeclasses", False, {"handler": "x"}),
    ("/apis/coordination.k8s.io/v1", "leases", True, {"spec": {"holderIdentity": "x", "leaseDurationSeconds": 5, "renewTime": "2026-01-02T03:04:05.678900Z"}}),
    ("/apis/autoscaling/v2", "horizontalpodautoscalers", True, {"spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "no"}}}),
    ("/apis/discovery.k8s.io/v1", "endpointslices", True, {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}}],
                                                           "ports": [{"port": 80, "name": "http", "protocol": "TCP"}]}),
    ("/apis/flowcontrol.apiserver.k8s.io/v1", "prioritylevelconfigurations", False, {"spec": LEVEL}),
    ("/apis/flowcontrol.apiserver.k8s.io/v1", "flowschemas", False, {"spec": {"priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 9999}}),
    ("/apis/admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", False, {"webhooks": WEBHOOK}),
    ("/apis/admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", False, {"webhooks": WEBHOOK}),
    ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies", False, {"spec": {"matchConstraints": {"resourceRules": [
        {"apiGroups": ["no.example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothings"]}]}, "validations": [{"expression": "true"}]}}),
    ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings", False, {"spec": {"policyName": "x", "validationActions": ["Deny"]}}),
    ("/apis/certificates.k8s.io/v1", "certificatesigningrequests", False, None),
    ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False, None),
]


def stored(node, key):
    """(value, mod revision) of a key, through the door."""
    pki = node.folder + "/pki/"
    said = json.loads(run(["etcdctl", "--endpoints", "https://%s:2379" % node.address, "--cacert", pki + "ca.crt", "--cert", pki + "admin.crt",
                           "--key", pki + "admin.key", "get", key, "-w", "json"], True, 30, {**os.environ, "ETCDCTL_API": "3"}).stdout)
    kv = said.get("kvs", [None])[0]
    return kv and (base64.b64decode(kv["value"]), kv["mod_revision"])


def find_key(node, resource, name):
    pki = node.folder + "/pki/"
    keys = run(["etcdctl", "--endpoints", "https://%s:2379" % node.address, "--cacert", pki + "ca.crt", "--cert", pki + "admin.crt",
                "--key", pki + "admin.key", "get", "/registry/", "--prefix", "--keys-only"], True, 30, {**os.environ, "ETCDCTL_API": "3"}).stdout.split()
    found = [key for key in keys if key.endswith("/" + name) and (resource != "services" or "/specs/" in key)]
    if len(found) != 1:
        raise Failed("%s %s: expected one key, found %s" % (resource, name, found))
    return found[0]


def name_of(resource, who):
    if resource == "customresourcedefinitions":
        return who + "cars.example.com"
    return "x-%s-%s" % (resource[:20], who)


def definition(who):
    """Two versions that have some of what they say in common."""
    version = {"served": True, "storage": False, "schema": {"openAPIV3Schema": SCHEMA}, "subresources": {"status": {}},
               "selectableFields": [{"jsonPath": ".spec.colour"}]}
    return {"group": "example.com", "scope": "Namespaced", "names": {"plural": who + "cars", "kind": who.capitalize() + "Car"}, "versions": [
        {**version, "name": "v2", "storage": True, "additionalPrinterColumns": [{"name": "Wheels", "type": "integer", "jsonPath": ".spec.wheels", "priority": 1}]},
        {**version, "name": "v1", "deprecated": True, "deprecationWarning": "use v2"}]}


def body_of(resource, who, fields):
    if resource == "certificatesigningrequests":
        made = run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x"]).stdout
        fields = {"spec": {"request": base64.b64encode(made.encode()).decode(), "signerName": "example.com/x", "usages": ["client auth"]}}
    if resource == "customresourcedefinitions":
        fields = {"spec": definition(who)}
    return {"metadata": {"name": name_of(resource, who), "labels": {"who": who}, "annotations": {"note": "grün"}}, **fields}


def try_kind(writer, reader, node, who, path, resource, is_namespaced, fields, faults):
    """Made by one server, read by the other; written again by the other without a change; patched, listed, deleted by the other."""
    base = path + (NAMESPACED if is_namespaced else "") + "/" + resource
    name = name_of(resource, who)
    code, made = writer.request("POST", base, compact(body_of(resource, who, fields)))
    if code != 201:
        faults.append("%s: create by %s: %s %s" % (resource, who, code, made if isinstance(made, str) else made.get("message")))
        return
    key = find_key(node, resource, name)

    def same():
        code, seen = reader.request("GET", base + "/" + name)
        mine = writer.request("GET", base + "/" + name)[1]
        return code == 200 and seen == mine and seen
    try:
        seen = until(same, 15, "%s made by %s reads the same through both" % (resource, who))
    except Failed:
        faults.append("%s by %s reads differently:\n  %s\n  %s" % (resource, who, json.dumps(writer.request("GET", base + "/" + name)[1])[:1500],
                                                                   json.dumps(reader.request("GET", base + "/" + name)[1])[:1500]))
        return
    for _ in range(5):  # controllers may write in between: then once more
        before = stored(node, key)
        seen = reader.request("GET", base + "/" + name)[1]
        code, put = reader.request("PUT", base + "/" + name, compact(seen))
        after = stored(node, key)
        if code == 200 and after == before:
            break
    else:
        faults.append("%s made by %s: written again by the other without a change (%s), the bytes differ:\n  %r\n  %r" %
                      (resource, who, code if code == 200 else put, before[0], after[0]))
    code, patched = reader.request("PATCH", base + "/" + name, {"metadata": {"labels": {"patched": "yes"}}}, "application/merge-patch+json")
    if code != 200:
        faults.append("%s by %s: patch: %s %s" % (resource, who, code, patched))
    until(lambda: writer.request("GET", base + "/" + name)[1]["metadata"]["labels"].get("patched") == "yes", 15, "%s: the patch is seen" % resource)
    names = [item["metadata"]["name"] for item in reader.request("GET", base + "?labelSelector=patched%3Dyes")[1]["items"]]
    if name not in names:
        faults.append("%s by %s: is not listed: %s" % (resource, who, names))
    # What protects volumes in use is a controller's matter, not the store's.
    if resource.startswith("persistentvolume"):
        reader.request("PATCH", base + "/" + name, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
    code, gone = reader.request("DELETE", base + "/" + name, {"gracePeriodSeconds": 0} if resource == "pods" else None)
    if code not in (200, 202):
        faults.append("%s by %s: delete: %s %s" % (resource, who, code, gone))
    if resource == "namespaces":
        return  # our controllers empty it first
    until(lambda: writer.request("GET", base + "/" + name)[0] == 404, 20, "%s by %s is gone" % (resource, who))


def report(faults):
    if faults:
        raise Failed("%d kinds differ:\n%s" % (len(faults), "\n".join(faults)))


def test_all_kinds_pass_between_upstreams_server_and_ours():
    with Cluster(1, ("--etcd-listen", "{address}:2379")) as cluster, Upstream(cluster) as upstream:
        node, faults = cluster.nodes[0], []
        for kind in KINDS:
            for writer, reader, who in ((node, upstream, "ours"), (upstream, node, "theirs")):
                try:
                    try_kind(writer, reader, node, who, *kind, faults)
                except Failed as why:
                    faults.append("%s by %s: %s" % (kind[1], who, why))
        report(faults)


def test_custom_objects_pass_between_upstreams_server_and_ours():
    with Cluster(1, ("--etcd-listen", "{address}:2379")) as cluster, Upstream(cluster) as upstream:
        node, faults, base = cluster.nodes[0], [], "/apis/example.com/v2"
        for who, server in (("ours", node), ("theirs", upstream)):
            code, made = server.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", compact(body_of("customresourcedefinitions", who, None)))
            assert code == 201, made
        for resource, kind in (("ourscars", "OursCar"), ("theirscars", "TheirsCar")):
            path = base + NAMESPACED + "/" + resource
            until(lambda: node.request("GET", path)[0] == upstream.request("GET", path)[0] == 200, 30, "%s are served by both" % resource)
            for writer, reader, who in ((node, upstream, "ours"), (upstream, node, "theirs")):
                fields = {"apiVersion": "example.com/v2", "kind": kind, "spec": {"parts": [{"name": "b", "weight": 1.50}, {"name": "a"}], "unknown": 1}}
                try_kind(writer, reader, node, who, base, resource, True, fields, faults)
        report(faults)


def test_a_watch_of_upstreams_server_follows_three_doors_and_a_dying_leader():
    with Cluster(3, ("--etcd-listen", "{address}:2379")) as cluster, Upstream(cluster) as upstream:
        seen = []

        def follow():
            connection = upstream.connection(120)
            connection.request("GET", "/api/v1/namespaces/default/configmaps?watch=1&labelSelector=run")
            answer = connection.getresponse()
            for line in answer:
                seen.append(json.loads(line)["object"]["metadata"]["name"])
        threading.Thread(target=follow, daemon=True).start()
        base = "/api/v1/namespaces/default/configmaps"
        for i in range(30):
            if i == 10:
                cluster.leader().kill_host("core")
            until(lambda: upstream.request("POST", base, {"metadata": {"name": "run-%d" % i, "labels": {"run": "1"}}})[0] in (201, 409), 40, "write %d" % i)
        until(lambda: len(set(seen)) == 30, 40, "the watch has told all of them")
        assert [name for name in seen if seen.count(name) > 1] == [], seen


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
