#!/usr/bin/env python3
"""Controllers whose work an operator sees: claims of devices, scale by figures, claims of ephemeral volumes, signed requests, time to live."""
import sys
import tempfile

import suite
from cluster import until
from kube import deployed, kubectl
from outside import Outside

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


class Metrics:
    """A metrics server: each pod of the list uses so many thousandths of a CPU."""

    def __init__(self):
        self.milli, self.pods, self.asked = 0, [], []

    def __call__(self, handler, body):
        path = handler.path.partition("?")[0]
        self.asked.append(handler.path)
        if path == "/apis/metrics.k8s.io/v1beta1":
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.k8s.io/v1beta1", "resources": [
                {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}]}
        if not path.endswith("/pods"):
            return (404, "no")
        return {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": [
            {"metadata": {"name": name, "namespace": "scaled"}, "timestamp": "2026-01-01T00:00:00Z", "window": "30s",
             "containers": [{"name": "c", "usage": {"cpu": "%dm" % self.milli, "memory": "%dMi" % self.milli}}]} for name in self.pods]}


HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 100Mi}}}]
"""


def test_replicas_follow_what_a_metrics_server_says(cluster):
    node, metrics = cluster.nodes[0], Metrics()
    space = deployed(cluster, "scaled", 1)
    path = "/apis/autoscaling/v2/namespaces/scaled/horizontalpodautoscalers/web"
    front = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    kubectl(cluster, "create", "-f", "-", stdin=HPA, namespace=space)

    def says(kind, reason):
        status = ask(cluster, "GET", path).get("status", {})
        return any(one["type"] == kind and one["reason"] == reason for one in status.get("conditions", []))

    until(lambda: says("ScalingActive", "FailedGetResourceMetric"), 90, "there is no metrics server")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/front.crt", "w", encoding="utf-8") as file:
            file.write(ask(cluster, "GET", front)["data"]["requestheader-client-ca-file"])
        with Outside(folder, metrics, names="DNS:metrics.scaled.svc", clients=folder + "/front.crt") as server:
            ask(cluster, "POST", "/api/v1/namespaces/scaled/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics"}, "spec": {
                "type": "ExternalName", "externalName": "127.0.0.1"}})
            ask(cluster, "POST", "/apis/apiregistration.k8s.io/v1/apiservices", {
                "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": {
                    "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 15, "caBundle": server.bundle,
                    "service": {"namespace": "scaled", "name": "metrics", "port": server.port}}})
            pods = ask(cluster, "GET", "/api/v1/namespaces/scaled/pods")["items"]
            metrics.pods, metrics.milli = [pod["metadata"]["name"] for pod in pods], 300
            until(lambda: ask(cluster, "GET", "/apis/apps/v1/namespaces/scaled/deployments/web")["spec"]["replicas"] == 3, 120, "three times what is wanted")
            until(lambda: says("AbleToScale", "SucceededRescale") or says("AbleToScale", "ReadyForNewScale"), 60, "it is told")
            assert "SuccessfulRescale" in kubectl(cluster, "describe", "hpa", "web", namespace=space)
            assert any("labelSelector=app%3Dweb" in one for one in metrics.asked), metrics.asked
            status = ask(cluster, "GET", path)["status"]
            assert status["currentMetrics"][0]["resource"]["current"]["averageValue"], status
            node.request("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io")
    kubectl(cluster, "delete", "namespace", space)


def test_a_node_says_how_long_its_kubelet_may_keep_what_it_read(cluster):
    name = cluster.nodes[0].name
    key = "node.alpha.kubernetes.io/ttl"
    node = "/api/v1/nodes/" + name
    until(lambda: ask(cluster, "GET", node)["metadata"].get("annotations", {}).get(key) == "0", 60, "one of few nodes")
    code, said = cluster.nodes[0].request("PATCH", node, {"metadata": {"annotations": {key: "300"}}}, content_type="application/merge-patch+json")
    assert code == 200, said
    until(lambda: ask(cluster, "GET", node)["metadata"]["annotations"][key] == "0", 60, "it is set right again")


EPHEMERAL = """
apiVersion: v1
kind: Pod
metadata: {name: scratch}
spec:
  containers: [{name: c, image: i}]
  volumes: [{name: data, ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]
"""


def test_a_pod_s_ephemeral_volume_has_a_claim_that_goes_with_it(cluster):
    claim = "/api/v1/namespaces/default/persistentvolumeclaims/scratch-data"
    kubectl(cluster, "create", "-f", "-", stdin=EPHEMERAL)
    until(lambda: cluster.nodes[0].request("GET", claim)[0] == 200, 60, "there is a claim")
    made = ask(cluster, "GET", claim)["metadata"]
    assert made["labels"] == {"a": "b"} and made["ownerReferences"][0]["name"] == "scratch", made
    kubectl(cluster, "delete", "pod", "scratch", "--grace-period=0", "--force")
    until(lambda: cluster.nodes[0].request("GET", claim)[0] == 404, 90, "the claim has gone with its pod")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
