#!/usr/bin/env python3
"""Controllers whose work an operator sees: claims of devices, scale by figures, claims of ephemeral volumes, signed requests, time to live."""
import sys

import suite
from cluster import until
from kube import kubectl

TEMPLATE = """
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: gpus}
spec: {spec: {devices: {requests: [{name: one, exactly: {deviceClassName: gpu}}]}}}
"""
USER = """
apiVersion: v1
kind: Pod
metadata: {name: user}
spec:
  schedulingGates: [{name: example.com/never}]
  resourceClaims: [{name: gpu, resourceClaimTemplateName: gpus}]
  containers: [{name: c, image: i, resources: {claims: [{name: gpu}]}}]
"""


def field(cluster, kind, name, path):
    return kubectl(cluster, "get", kind, name, "-o", "jsonpath={%s}" % path).strip()


def ask(cluster, method, path, body=None):
    code, answer = cluster.nodes[0].request(method, path, body)
    assert code < 300, (method, path, code, answer)
    return answer


def test_a_pod_has_a_claim_made_of_a_template_and_takes_it_along(cluster):
    kubectl(cluster, "create", "-f", "-", stdin=USER)
    until(lambda: 'resource claim template "gpus"' in kubectl(cluster, "describe", "pod", "user"), 60, "a missing template is told")
    kubectl(cluster, "create", "-f", "-", stdin=TEMPLATE)
    until(lambda: field(cluster, "pod", "user", ".status.resourceClaimStatuses[0].resourceClaimName"), 60, "the pod knows its claim")
    name = field(cluster, "pod", "user", ".status.resourceClaimStatuses[0].resourceClaimName")
    path = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/" + name
    claim = ask(cluster, "GET", path)
    assert claim["metadata"]["generateName"] == "user-gpu-", claim
    assert claim["metadata"]["ownerReferences"][0]["name"] == "user", claim
    assert claim["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"] == "gpu", claim
    # Told that it was allocated, it stays so until the pod that it is reserved for has gone, and goes with it.
    uid = field(cluster, "pod", "user", ".metadata.uid")
    claim["metadata"]["finalizers"] = ["resource.kubernetes.io/delete-protection"]
    claim = ask(cluster, "PUT", path, claim)
    claim["status"] = {"allocation": {}, "reservedFor": [{"resource": "pods", "name": "user", "uid": uid}]}
    ask(cluster, "PUT", path + "/status", claim)
    assert ask(cluster, "GET", path)["status"]["reservedFor"][0]["uid"] == uid
    kubectl(cluster, "delete", "pod", "user")
    until(lambda: cluster.nodes[0].request("GET", path)[0] == 404, 60, "the claim has gone")
    kubectl(cluster, "delete", "resourceclaimtemplate", "gpus")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
