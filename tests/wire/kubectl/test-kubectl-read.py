#!/usr/bin/env python3
"""Looking: what kubectl shows of a live cluster, and what it says where there is nothing to show."""
import base64
import json
import os
import re
import ssl
import sys
import tempfile
import urllib.request

import cluster as clusters
import suite
from cluster import until
from kube import client, deployed, ended, expect, fresh, kubectl, lines_until, since, soon, started, warnings

FIXTURE = os.path.join(clusters.ROOT, "tests/fixtures/ten-objects.yaml")


# ---- what is served -----------------------------------------------------------------------------------------


def test_api_resources_can_be_narrowed(cluster):
    expect(kubectl(cluster, "api-resources", "--api-group=batch", "-o", "name"), r"\Acronjobs\.batch\njobs\.batch\n\Z")
    expect(kubectl(cluster, "api-resources", "--namespaced=false", "-o", "wide"), r"^nodes +no +v1 +false +Node +.*\bcreate\b")


def test_explain_in_the_old_form(cluster):
    since(27, "explain --output")
    expect(kubectl(cluster, "explain", "deployment.spec", "--output=plaintext-openapiv2"), "^RESOURCE: spec <Object>", "replicas\t<integer>")


def test_explain_of_another_version(cluster):
    expect(kubectl(cluster, "explain", "hpa.spec", "--api-version=autoscaling/v1"), "targetCPUUtilizationPercentage")
    expect(kubectl(cluster, "explain", "hpa.spec", "--api-version=autoscaling/v2"), "metrics")


def test_explain_names_the_values_of_an_enum(cluster):
    since(30, "explain with enums")
    expect(kubectl(cluster, "explain", "pod.spec.restartPolicy"), "ENUM:", "OnFailure")


def test_cluster_info_dump_writes_everything(cluster):
    space = deployed(cluster, "dumped", 1)
    with tempfile.TemporaryDirectory() as folder:
        kubectl(cluster, "cluster-info", "dump", "--namespaces", space, "--output-directory", folder, namespace=space)
        with open(os.path.join(folder, space, "pods.json"), encoding="utf-8") as file:
            name = json.load(file)["items"][0]["metadata"]["name"]
        with open(os.path.join(folder, space, name, "logs.txt"), encoding="utf-8") as file:
            expect(file.read(), "container nginx started")


def test_raw_paths_are_answered_as_they_are(cluster):
    assert json.loads(kubectl(cluster, "get", "--raw", "/version"))["major"] == "1"
    expect(kubectl(cluster, "get", "--raw", "/livez?verbose"), r"^\[\+\]ping ok$")
    expect(kubectl(cluster, "get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes", ok=False), r"Error from server \(NotFound\)")
    expect(kubectl(cluster, "get", "--raw", "/openid/v1/jwks"), r'^\{"keys":\[')


def test_proxy_hands_requests_on(cluster):
    child = started(cluster, "proxy", "--port=0")
    try:
        port = re.search(r":(\d+)$", lines_until(child, "Starting to serve").strip()).group(1)
        with urllib.request.urlopen("http://127.0.0.1:%s/api/v1/namespaces/default" % port, timeout=20) as answer:
            assert json.load(answer)["metadata"]["name"] == "default"
    finally:
        ended(child)


def who_is(node, certificate, key):
    """Whom the API takes the holder of a certificate for."""
    context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
    context.load_cert_chain(certificate, key)
    ask = urllib.request.Request("https://%s:%d/apis/authentication.k8s.io/v1/selfsubjectreviews" % (node.address, node.port), b"{}",
                                 {"Content-Type": "application/json"})
    with urllib.request.urlopen(ask, timeout=20, context=context) as answer:
        return json.load(answer)["status"]["userInfo"]


def test_certificates_are_approved_signed_and_denied(cluster):
    with tempfile.TemporaryDirectory() as folder:
        key, request, certificate = (os.path.join(folder, name) for name in ("key", "csr", "crt"))
        clusters.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj",
                      "/O=choir/CN=jo"])
        with open(request, "rb") as file:
            encoded = base64.b64encode(file.read()).decode()
        for name, verb, condition in (("jo-yes", "approve", "Approved"), ("jo-no", "deny", "Denied")):
            kubectl(cluster, "create", "-f", "-", stdin=json.dumps({
                "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
                "spec": {"request": encoded, "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}}))
            expect(kubectl(cluster, "certificate", verb, name), "certificatesigningrequest.certificates.k8s.io/%s (approved|denied)" % name)
            expect(kubectl(cluster, "get", "csr", name), condition)
        clusters.until(lambda: "Approved,Issued" in kubectl(cluster, "get", "csr", "jo-yes"), 30, "it is signed")
        with open(certificate, "wb") as file:
            file.write(base64.b64decode(kubectl(cluster, "get", "csr", "jo-yes", "-o", "jsonpath={.status.certificate}")))
        user = who_is(cluster.nodes[0], certificate, key)
        assert user["username"] == "jo" and "choir" in user["groups"], user


# ---- get -------------------------------------------------------------------------------------------------------


def test_get_says_that_there_is_nothing(cluster):
    space = fresh(cluster, "empty")
    expect(kubectl(cluster, "get", "pods", "--ignore-not-found=false", namespace=space, ok=None), r"\A\Z")
    expect(cluster.kubectl("-n", space, "get", "pods").stderr, "^No resources found in empty namespace.$")
    expect(cluster.kubectl("-n", space, "get", "all").stderr, "^No resources found in empty namespace.$")
    assert kubectl(cluster, "get", "pod", "nobody", "--ignore-not-found", namespace=space) == ""


def test_get_in_pieces_shows_all(cluster):
    space = fresh(cluster, "pieces")
    kubectl(cluster, "create", "-f", "-", namespace=space, stdin="\n---\n".join(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c%d"}}' % i for i in range(7)))
    names = kubectl(cluster, "get", "configmaps", "--chunk-size=2", "-o", "jsonpath={.items[*].metadata.name}", namespace=space).split()
    assert [name for name in names if name.startswith("c")] == ["c%d" % i for i in range(7)], names
    expect(kubectl(cluster, "get", "configmaps", "--chunk-size=3", namespace=space), "^c0 ", "^c6 ")


def test_get_of_selectors_that_make_no_sense(cluster):
    expect(kubectl(cluster, "get", "pods", "--field-selector=bogus=1", ok=False), "field label not supported: bogus")
    expect(kubectl(cluster, "get", "pods", "-l", "a=b=c", ok=False), "found '=', expected: ',' or 'end of string'")


def test_get_sorts_and_selects_on_the_server(cluster):
    space = deployed(cluster, "selected", 2)
    kubectl(cluster, "run", "other", "--image=busybox", "--labels=app=other", namespace=space)
    assert kubectl(cluster, "get", "pods", "-l", "app in (web),!nothing", "-o", "name", namespace=space).count("pod/web-") == 2
    expect(kubectl(cluster, "get", "pods", "--field-selector=spec.nodeName!=n1", "-o", "name", namespace=space), r"\A(pod/other\n)?\Z")
    expect(kubectl(cluster, "get", "pods", "--sort-by=.metadata.name", "-L", "app", namespace=space), r"^NAME .* APP$", r"^other .* other$")


def test_get_shows_a_scale(cluster):
    since(24, "get --subresource")
    space = deployed(cluster, "a-scale", 1)
    expect(kubectl(cluster, "get", "deployment", "web", "--subresource=scale", namespace=space), "^NAME +DESIRED +AVAILABLE +AGE$", "^web +1 +1 ")
    expect(kubectl(cluster, "get", "deployment", "web", "--subresource=status", "-o", "jsonpath={.status.replicas}", namespace=space), "^1$")


def test_get_warns_of_kinds_that_were_given_up(cluster):
    expect(warnings(cluster, "get", "endpoints"), "v1 Endpoints is deprecated in v1.33")
    expect(warnings(cluster, "get", "componentstatuses"), "v1 ComponentStatus is deprecated in v1.19")


def test_get_watches_in_a_table(cluster):
    space = fresh(cluster, "rows")
    child = started(cluster, "get", "configmaps", "--watch", "--output-watch-events", namespace=space)
    try:
        lines_until(child, "^ADDED +kube-root-ca.crt ")
        kubectl(cluster, "create", "configmap", "c", "--from-literal=a=1", namespace=space)
        expect(lines_until(child, r" c +"), r"^ADDED +c +1 +\d+s$")
        kubectl(cluster, "patch", "configmap", "c", "-p", '{"data":{"b":"2"}}', namespace=space)
        expect(lines_until(child, r" c +"), r"^MODIFIED +c +2 ")
        kubectl(cluster, "delete", "configmap", "c", namespace=space)
        expect(lines_until(child, r"^DELETED"), r"^DELETED +c +2 ")
    finally:
        ended(child)


def test_a_watch_goes_on_when_the_leader_dies(cluster3):
    """The watch is of a node that does not lead: it neither ends nor misses what was written afterwards."""
    leader = cluster3.leader()
    other = next(node for node in cluster3.living() if node is not leader)
    space = fresh(cluster3, "outlives")
    child = started(cluster3, "get", "configmaps", "-w", "-o", "name", namespace=space, node=other)
    try:
        cluster3.kubectl("-n", space, "create", "configmap", "before", node=other)
        lines_until(child, "^configmap/before$")
        leader.kill()
        until(lambda: cluster3.kubectl("-n", space, "create", "configmap", "after", node=other, ok=None).returncode == 0
              or cluster3.kubectl("-n", space, "get", "configmap", "after", node=other, ok=None).returncode == 0, 30, "writes go on")
        lines_until(child, "^configmap/after$")
        assert child.poll() is None
    finally:
        ended(child)
        leader.start().wait_ready()
        cluster3.wait_voters(3)


# ---- describe, events, logs ------------------------------------------------------------------------------------------


DESCRIBED = [  # what, what is said of it, and since when kubectl asks for it in a version that is still served
    ("configmap/web", "^Data$"), ("deployment/web", "NewReplicaSet: +web-.*created"), ("service/web", r"^Endpoints: +10\.244\."),
    ("secret/web", "bytes"), ("role/web", "PolicyRule:"), ("rolebinding/web", "ServiceAccount +web"), ("serviceaccount/web", "^Image pull secrets"),
    ("networkpolicy/np", "Selected pods are isolated"), ("pdb/web", "Allowed disruptions"), ("namespace/all-kinds", "Status: +Active"), ("replicaset", "Controlled By: +Deployment/web"),
    ("endpointslices", "TargetRef: +Pod/web-"), ("quota/q", "Resource +Used +Hard"), ("limitrange/l", "Container +cpu"), ("pvc/p", "Status: +Pending"), ("job/j", "Pods Statuses:"),
    ("cronjob/c", "Schedule: +@daily"), ("statefulset/s", "Replicas: +1 desired"), ("daemonset/d", "Desired Number of Nodes Scheduled: 1"), ("ingress/i", "example.org"),
    ("hpa/h", "Reference: +Deployment/web"), ("priorityclass/system-node-critical", "2000001000"), ("clusterrole/view", "get list watch|get +list"),
    ("clusterrolebinding/cluster-admin", "Group +system:masters"), ("storageclass/fast", "Provisioner: +x.example.com"), ("pv/v", "Capacity: +1Gi"), ("servicecidr/kubernetes", r"10\.96\.0\.0/16", 33),
    ("ingressclass/outer", "Controller: +x.example.com"), ("ipaddress/10.96.0.1", "kubernetes", 33), ("node/n1", "RenewTime: "),
]
MORE_KINDS = """
{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {services: "100"}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np}, spec: {podSelector: {}, policyTypes: [Ingress]}}
---
{apiVersion: v1, kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Container, max: {cpu: "64"}, defaultRequest: {cpu: 10m}}]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: p}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: busybox}]}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: c}, spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: busybox}]}}}}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {serviceName: s, replicas: 1, selector: {matchLabels: {a: s}}, template: {metadata: {labels: {a: s}}, spec: {containers: [{name: a, image: busybox}]}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {matchLabels: {a: d}}, template: {metadata: {labels: {a: d}}, spec: {containers: [{name: a, image: busybox}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {rules: [{host: example.org, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: x.example.com}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {storageClassName: fast, capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /v}}}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: outer}, spec: {controller: x.example.com/outer}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}}
"""


def test_describe_knows_every_kind(cluster):
    since(32, "the newest versions of kinds in describe")
    space = fresh(cluster, "all-kinds")
    kubectl(cluster, "apply", "-f", FIXTURE, namespace=space)
    kubectl(cluster, "apply", "-f", "-", stdin=MORE_KINDS, namespace=space)
    for name in ("deployment/web", "statefulset/s", "daemonset/d"):
        kubectl(cluster, "rollout", "status", name, "--timeout=60s", namespace=space)
    for name, shown, *minor in DESCRIBED:
        if minor and client() < minor[0]:
            continue  # it asks for a version that is served no more
        soon(lambda: kubectl(cluster, "describe", name, namespace=space), shown)


def test_events_of_a_pod_are_in_their_order(cluster):
    space = fresh(cluster, "ordered")
    kubectl(cluster, "run", "one", "--image=nginx", namespace=space)
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/one", "--timeout=30s", namespace=space)
    text = soon(lambda: kubectl(cluster, "describe", "pod", "one", namespace=space), " Scheduled ", " Pulled ", " Created ", " Started ")
    places = [text.index(" %s " % reason) for reason in ("Scheduled", "Pulled", "Created", "Started")]
    assert places == sorted(places), text


def test_events_have_a_command(cluster):
    since(28, "events")
    space = deployed(cluster, "events-of", 1)
    soon(lambda: kubectl(cluster, "events", namespace=space), "SuccessfulCreate")
    soon(lambda: kubectl(cluster, "events", "--for", "deployment/web", namespace=space), "ScalingReplicaSet")
    soon(lambda: kubectl(cluster, "events", "--types=Normal", namespace=space), "Scheduled")
    expect(cluster.kubectl("-n", space, "events", "--types=Warning", "--for=deployment/web").stderr, "No events found in events-of namespace.")


def test_events_are_watched(cluster):
    since(28, "events")
    space = fresh(cluster, "events-watched")
    child = started(cluster, "events", "--watch", namespace=space)
    try:
        kubectl(cluster, "run", "one", "--image=nginx", namespace=space)
        lines_until(child, "Scheduled +Pod/one")
    finally:
        ended(child)


def test_logs_say_that_a_container_is_simulated(cluster):
    space = deployed(cluster, "logged", 2)
    started_line = "^container nginx started: the hollow runtime only pretends, nothing of image nginx:1.27 runs$"
    expect(kubectl(cluster, "logs", "deployment/web", namespace=space), started_line)
    assert len(kubectl(cluster, "logs", "-l", "app=web", namespace=space).splitlines()) == 2
    expect(kubectl(cluster, "logs", "deployment/web", "--timestamps", "--tail=1", namespace=space), r"^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z container nginx")
    expect(kubectl(cluster, "logs", "deployment/web", "--limit-bytes=9", namespace=space), r"\Acontainer\Z")
    assert kubectl(cluster, "logs", "deployment/web", "--since-time=2100-01-01T00:00:00Z", namespace=space) == ""
    expect(kubectl(cluster, "logs", "deployment/web", "--previous", ok=False, namespace=space),
           r'Error from server \(BadRequest\): previous terminated container "nginx" in pod "web-[^"]+" not found')


def test_logs_are_followed_until_the_container_ends(cluster):
    space = fresh(cluster, "followed")
    kubectl(cluster, "run", "one", "--image=busybox", "--restart=Never", "--annotations=troupe.internal/hollow-exit=3s", namespace=space)
    # It may have ended before we looked: what is followed then is the same.
    soon(lambda: kubectl(cluster, "get", "pod", "one", "-o", "jsonpath={.status.phase}", namespace=space), "Running|Succeeded")
    assert kubectl(cluster, "logs", "-f", "one", namespace=space).splitlines() == [
        "container one started: the hollow runtime only pretends, nothing of image busybox runs", "container one ended with exit code 0"]


def test_logs_need_a_container_that_is_clear_and_there(cluster):
    space = fresh(cluster, "unclear")
    kubectl(cluster, "create", "-f", "-", namespace=space, stdin="{apiVersion: v1, kind: Pod, metadata: {name: two}, "
            "spec: {containers: [{name: a, image: i}, {name: b, image: i}]}}")
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/two", "--timeout=30s", namespace=space)
    expect(kubectl(cluster, "logs", "two", "-c", "nobody", ok=False, namespace=space), "container nobody is not valid for pod two")
    assert len(kubectl(cluster, "logs", "two", "--all-containers", namespace=space).splitlines()) == 2
    expect(kubectl(cluster, "logs", "nobody", ok=False, namespace=space), 'pods "nobody" not found')


def test_who_wants_into_a_simulated_pod_is_told_why_not(cluster):
    space = fresh(cluster, "closed")
    kubectl(cluster, "run", "one", "--image=nginx", namespace=space)
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/one", "--timeout=30s", namespace=space)
    with tempfile.TemporaryDirectory() as folder:
        for words, what in ((["exec", "one", "--", "ls"], "execute a command in"), (["attach", "one"], "attach to"),
                            (["port-forward", "pod/one", "0:80"], "forward a port to"), (["cp", "one:/etc/passwd", folder + "/p"], "execute a command in")):
            errors = cluster.kubectl("-n", space, *words, ok=False).stderr
            expect(errors, "pod one is simulated: the hollow runtime of node n1 runs nothing that one could " + what)
            assert errors.count("is simulated") == 1, errors


def test_debug_puts_a_container_into_a_pod(cluster):
    since(30, "debug --profile=general")
    space = fresh(cluster, "debugged")
    kubectl(cluster, "run", "one", "--image=nginx", namespace=space)
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/one", "--timeout=30s", namespace=space)
    kubectl(cluster, "debug", "one", "--image=busybox", "--profile=general", "-c", "look", namespace=space)
    until(lambda: kubectl(cluster, "get", "pod", "one", "-o", "jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}", namespace=space), 20, "it runs")
    kubectl(cluster, "debug", "one", "--copy-to=two", "--image=busybox", "--profile=general", namespace=space)
    expect(kubectl(cluster, "get", "pod", "two", "-o", "name", namespace=space), "^pod/two$")
    kubectl(cluster, "delete", "pod", "one", "two", "--timeout=60s", namespace=space)


def test_top_of_pods_says_that_there_are_no_metrics(cluster):
    expect(kubectl(cluster, "top", "pods", ok=False, fall_back_is_fine=True), "Metrics API not available")


def test_auth_can_i_lists_and_judges(cluster):
    kubectl(cluster, "create", "role", "looks", "--verb=get,list", "--resource=pods,pods/log")
    kubectl(cluster, "create", "rolebinding", "looks", "--role=looks", "--user=looker")
    soon(lambda: kubectl(cluster, "auth", "can-i", "get", "pods", "--subresource=log", "--as=looker", ok=None), "^yes$")
    expect(kubectl(cluster, "auth", "can-i", "delete", "pods", "--as=looker", ok=None), "^no$")
    expect(kubectl(cluster, "auth", "can-i", "--list", "--as=looker"), r"^pods +\[\] +\[\] +\[get list\]$", r"^pods/log ")
    expect(kubectl(cluster, "get", "secrets", "--as=looker", ok=False),
           r'secrets is forbidden: User "looker" cannot list resource "secrets" in API group "" in the namespace "default"')


def test_config_and_the_like_need_no_server(cluster):
    expect(kubectl(cluster, "config", "get-contexts", "-o", "name"), "^troupe$")
    expect(kubectl(cluster, "config", "get-clusters"), "^troupe$")
    expect(kubectl(cluster, "completion", "bash"), "__start_kubectl")
    expect(kubectl(cluster, "options"), "--kubeconfig")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/kustomization.yaml", "w", encoding="utf-8") as file:
            file.write("namePrefix: pre-\nconfigMapGenerator:\n- name: k\n  literals: [a=b]\ngeneratorOptions: {disableNameSuffixHash: true}\n")
        expect(kubectl(cluster, "kustomize", folder), "name: pre-k")
        expect(kubectl(cluster, "apply", "-k", folder), "configmap/pre-k created")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
