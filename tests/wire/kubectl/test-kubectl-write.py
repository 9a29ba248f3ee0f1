#!/usr/bin/env python3
"""Changing: what kubectl makes, changes and takes away, and what it says of mistakes."""
import json
import os
import sys
import tempfile

import cluster as clusters
import suite
from cluster import until
from kube import client, deployed, expect, fresh, kubectl, manifest, since, soon, started, warnings

FIXTURE = os.path.join(clusters.ROOT, "tests/fixtures/ten-objects.yaml")


def names(cluster, space, kind, *words):
    return cluster.kubectl("-n", space, "get", kind, "-o", "name", *words).stdout.split()


def stateful(image="postgres:16", replicas=2):
    return json.dumps({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {"serviceName": "db", "replicas": replicas, "selector": {"matchLabels": {"app": "db"}},
                 "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": image}]}}}})


def daemon(image="busybox:1"):
    return json.dumps({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}},
                 "template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "agent", "image": image}]}}}})


# ---- mistakes ---------------------------------------------------------------------------------------------------


MISTAKES = [  # a manifest, what is said of it, and since when kubectl leaves the judgement to the server
    ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dada: {}}", 'strict decoding error: unknown field "dada"', 25),
    ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: 1}}", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string", 25),
    ("{apiVersion: v1, kind: ConfigMap, metadata: {name: X_y}}", 'ConfigMap "X_y" is invalid: metadata.name: Invalid value: "X_y": a lowercase RFC 1123 subdomain must', 0),
    ("{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: '!'}}", "illegal base64 data at input byte 0", 0),
    ("{apiVersion: v1, kind: Secret, metadata: {name: x}, type: kubernetes.io/tls}", r"data\[tls.crt\]: Required value", 0),
    ("{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {}}", "spec.containers: Required value", 25),
    ("{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {ports: [{port: 99999}]}}", "port: Invalid value: 99999: must be between 1 and 65535, inclusive", 0),
    ("{apiVersion: batch/v1, kind: CronJob, metadata: {name: x}, spec: {schedule: now, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, "
     "containers: [{name: c, image: i}]}}}}}}", 'spec.schedule: Invalid value: "now"', 0),
    ("{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {template: {spec: {containers: [{name: c, image: i}]}}}}",
     'restartPolicy: Required value: valid values: "OnFailure", "Never"', 0),
    ("{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, "
     "spec: {containers: [{name: c, image: i}]}}}}", "`selector` does not match template `labels`", 0),
    ("{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: c, image: i, resources: {requests: {cpu: '2'}, limits: {cpu: '1'}}}]}}",
     "must be less than or equal to cpu limit of 1", 0),
    ("{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 2x}}}]}}",
     "quantities must match the regular expression", 0),
    ("{apiVersion: apps/v1, kind: Nothing, metadata: {name: x}}", 'no matches for kind "Nothing" in version "apps/v1"', 0),
    ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: nowhere-at-all}}", 'namespaces "nowhere-at-all" not found', 0),
]


def test_mistakes_in_manifests_are_named(cluster):
    for text, said, minor in MISTAKES:
        if client() >= minor:
            done = cluster.kubectl("create", "-f", "-", stdin=manifest(text), ok=False)
            expect(done.stderr, said)


def test_what_is_there_cannot_be_created(cluster):
    kubectl(cluster, "create", "configmap", "twice")
    expect(kubectl(cluster, "create", "configmap", "twice", ok=False), 'configmaps "twice" already exists')


def test_validation_can_warn_or_be_silent(cluster):
    since(25, "--validate=warn")
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: careless}, dada: {}}"
    expect(warnings(cluster, "create", "--validate=warn", "--dry-run=server", "-f", "-", stdin=text), 'unknown field "dada"')
    assert warnings(cluster, "create", "--validate=ignore", "--dry-run=server", "-f", "-", stdin=text) == ""
    many = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: many}\n" + "".join("x%02d: 1\n" % index for index in range(100))
    said = warnings(cluster, "create", "--validate=warn", "--dry-run=server", "-f", "-", stdin=many).splitlines()
    assert len(said) == 100 and said[-1] == 'Warning: unknown field "x99"', "those that share a header are all read: %s" % said


def test_fields_that_do_not_change_are_refused(cluster):
    space = deployed(cluster, "fixed", 1)
    expect(kubectl(cluster, "patch", "deployment", "web", "-p", '{"spec":{"selector":{"matchLabels":{"app":"x"}}}}', ok=False, namespace=space), "field is immutable")
    pod = names(cluster, space, "pods")[0]
    expect(kubectl(cluster, "patch", pod, "-p", '{"spec":{"nodeName":"x"}}', ok=False, namespace=space), "Forbidden: pod updates may not change fields other than")
    kubectl(cluster, "expose", "deployment", "web", namespace=space)
    expect(kubectl(cluster, "patch", "service", "web", "-p", '{"spec":{"clusterIP":"10.96.77.77","clusterIPs":["10.96.77.77"]}}', ok=False, namespace=space), "may not change once set")


def test_a_write_of_an_old_version_is_a_conflict(cluster):
    kubectl(cluster, "create", "configmap", "raced")
    old = kubectl(cluster, "get", "configmap", "raced", "-o", "yaml")
    kubectl(cluster, "label", "configmap", "raced", "a=b")
    expect(kubectl(cluster, "replace", "-f", "-", stdin=old, ok=False),
           'Operation cannot be fulfilled on configmaps "raced": the object has been modified; please apply your changes to the latest version and try again')


# ---- apply -------------------------------------------------------------------------------------------------------


def test_apply_keeps_what_others_set(cluster):
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {mine: '1', gone: '1'}}"
    kubectl(cluster, "apply", "-f", "-", stdin=text)
    kubectl(cluster, "patch", "configmap", "shared", "-p", '{"data":{"other":"2"}}')
    kubectl(cluster, "apply", "-f", "-", stdin=text.replace(", gone: '1'", ""))
    assert json.loads(kubectl(cluster, "get", "configmap", "shared", "-o", "json"))["data"] == {"mine": "1", "other": "2"}


def test_apply_prunes_what_is_no_longer_named(cluster):
    space = fresh(cluster, "pruned")
    one = "{apiVersion: v1, kind: ConfigMap, metadata: {name: one, labels: {set: x}}}"
    two = "{apiVersion: v1, kind: ConfigMap, metadata: {name: two, labels: {set: x}}}"
    kubectl(cluster, "apply", "-f", "-", stdin=one + "\n---\n" + two, namespace=space)
    kind = "--prune-allowlist=core/v1/ConfigMap" if client() >= 27 else "--prune-whitelist=core/v1/ConfigMap"
    expect(kubectl(cluster, "apply", "--prune", "-l", "set=x", kind, "-f", "-", stdin=one, namespace=space), "configmap/two pruned")


def test_apply_remembers_what_was_applied(cluster):
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: remembered}, data: {a: '1'}}"
    kubectl(cluster, "apply", "-f", "-", stdin=text)
    expect(kubectl(cluster, "apply", "view-last-applied", "configmap/remembered", "-o", "json"), '"a": "1"')
    kubectl(cluster, "apply", "set-last-applied", "-f", "-", stdin=text.replace("'1'", "'2'"))
    expect(kubectl(cluster, "apply", "view-last-applied", "configmap/remembered"), 'a: "2"')


def test_apply_of_two_ports_of_one_number_keeps_both(cluster):
    space = fresh(cluster, "dns")
    pod = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "dns"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "dns", "image": "coredns"}]}}}}
    kubectl(cluster, "apply", "-f", "-", stdin=json.dumps(pod), namespace=space)
    pod["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]
    kubectl(cluster, "apply", "-f", "-", stdin=json.dumps(pod), namespace=space)
    found = kubectl(cluster, "get", "deployment", "dns", "-o", "jsonpath={.spec.template.spec.containers[0].ports[*].protocol}", namespace=space)
    assert found == "UDP TCP", found


def test_diff_of_what_is_the_same_ends_well(cluster):
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: same}, data: {a: '1'}}"
    kubectl(cluster, "apply", "-f", "-", stdin=text)
    assert cluster.kubectl("diff", "-f", "-", stdin=manifest(text)).stdout == ""


# ---- edit, patch, label ------------------------------------------------------------------------------------------------


def test_edit_is_opened_again_when_it_was_refused(cluster):
    kubectl(cluster, "create", "configmap", "reopened", "--from-literal=a=before")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/edit", "w", encoding="utf-8") as script:
            script.write('#!/bin/sh\nif [ -e %s/again ]; then grep -q "must be no more than 253\\|a lowercase RFC 1123\\|is invalid\\|field is immutable\\|Invalid value" "$1" && touch %s/told; '
                         'sed -i "s/-bad/good/; s/before/after/" "$1"\nelse touch %s/again; sed -i "s/^metadata:/metadata:\\n  labels:\\n    x: -bad/" "$1"; fi\n' % (folder, folder, folder))
        os.chmod(folder + "/edit", 0o700)
        expect(kubectl(cluster, "edit", "configmap", "reopened", env={"KUBE_EDITOR": folder + "/edit"}), "configmap/reopened edited")
        assert os.path.exists(folder + "/told"), "the editor was not shown why"
    expect(kubectl(cluster, "get", "configmap", "reopened", "-o", "jsonpath={.data.a}"), "^after$")


def test_a_dry_run_changes_nothing(cluster):
    kubectl(cluster, "create", "configmap", "dry", "--from-literal=a=1")
    expect(kubectl(cluster, "patch", "configmap", "dry", "--dry-run=server", "-p", '{"data":{"a":"2"}}', "-o", "jsonpath={.data.a}"), "^2$")
    expect(kubectl(cluster, "delete", "configmap", "dry", "--dry-run=server"), r'"dry" deleted .*\(server dry run\)|"dry" deleted \(server dry run\)')
    expect(kubectl(cluster, "get", "configmap", "dry", "-o", "jsonpath={.data.a}"), "^1$")


def test_labels_are_given_to_all_and_by_version(cluster):
    space = fresh(cluster, "all-labelled")
    kubectl(cluster, "create", "configmap", "a", namespace=space)
    expect(kubectl(cluster, "label", "configmaps", "--all", "tier=x", namespace=space), "configmap/a labeled")
    expect(kubectl(cluster, "label", "configmap", "a", "--list", namespace=space), "^tier=x$")
    expect(kubectl(cluster, "label", "configmap", "a", "tier=y", "--overwrite", "--resource-version=1", ok=False, namespace=space), "the object has been modified")
    expect(kubectl(cluster, "annotate", "configmaps", "-l", "tier=x", "note=1", namespace=space), "configmap/a annotate")


# ---- workloads --------------------------------------------------------------------------------------------------------


def test_a_stateful_set_is_rolled_out_and_back(cluster):
    space = fresh(cluster, "rolled-set")
    kubectl(cluster, "apply", "-f", "-", stdin=stateful(), namespace=space)
    kubectl(cluster, "rollout", "status", "statefulset/db", "--timeout=60s", namespace=space)
    kubectl(cluster, "set", "image", "statefulset/db", "db=postgres:17", namespace=space)
    kubectl(cluster, "rollout", "status", "statefulset/db", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "rollout", "history", "statefulset/db", namespace=space), "^1 ", "^2 ")
    expect(kubectl(cluster, "rollout", "undo", "statefulset/db", "--to-revision=1", namespace=space), "rolled back")
    kubectl(cluster, "rollout", "status", "statefulset/db", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "get", "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}", namespace=space), "^postgres:16 postgres:16$")
    expect(kubectl(cluster, "rollout", "restart", "statefulset/db", namespace=space), "restarted")
    kubectl(cluster, "rollout", "status", "statefulset/db", "--timeout=60s", namespace=space)


def test_a_daemon_set_is_rolled_out_and_back(cluster):
    space = fresh(cluster, "rolled-daemon")
    kubectl(cluster, "apply", "-f", "-", stdin=daemon(), namespace=space)
    kubectl(cluster, "rollout", "status", "daemonset/agent", "--timeout=60s", namespace=space)
    kubectl(cluster, "set", "image", "daemonset/agent", "agent=busybox:2", namespace=space)
    kubectl(cluster, "rollout", "status", "daemonset/agent", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "rollout", "history", "daemonset/agent", "--revision=1", namespace=space), "busybox:1")
    expect(kubectl(cluster, "rollout", "undo", "daemonset/agent", namespace=space), "rolled back")
    kubectl(cluster, "rollout", "status", "daemonset/agent", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "get", "daemonset", "agent", "-o", "jsonpath={.spec.template.spec.containers[0].image}", namespace=space), "^busybox:1$")


def test_a_rollout_is_undone_to_a_revision(cluster):
    space = deployed(cluster, "revised", 1)
    for image in ("nginx:2", "nginx:3"):
        kubectl(cluster, "set", "image", "deployment/web", "nginx=" + image, namespace=space)
        kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "rollout", "history", "deployment/web", "--revision=2", namespace=space), "nginx:2")
    kubectl(cluster, "rollout", "undo", "deployment/web", "--to-revision=2", namespace=space)
    expect(kubectl(cluster, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}", namespace=space), "^nginx:2$")
    expect(kubectl(cluster, "rollout", "undo", "deployment/web", "--to-revision=99", ok=False, namespace=space), "unable to find specified revision 99")


def test_everything_that_has_a_scale_is_scaled(cluster):
    space = deployed(cluster, "scales", 1)
    kubectl(cluster, "apply", "-f", "-", stdin=stateful(replicas=1), namespace=space)
    kubectl(cluster, "apply", "-f", "-", namespace=space, stdin="{apiVersion: v1, kind: ReplicationController, metadata: {name: rc}, spec: {replicas: 1, "
            "selector: {app: rc}, template: {metadata: {labels: {app: rc}}, spec: {containers: [{name: c, image: i}]}}}}")
    for name in ("deployment/web", "statefulset/db", "replicationcontroller/rc"):
        expect(kubectl(cluster, "scale", name, "--replicas=2", namespace=space), "scaled")
        until(lambda: kubectl(cluster, "get", name, "-o", "jsonpath={.status.readyReplicas}", namespace=space) == "2", 30, name + " has two")
    expect(kubectl(cluster, "scale", "deployment/web", "--resource-version=1", "--replicas=3", ok=False, namespace=space), "Expected resource version to be 1|expected resource version")

    def scaled():  # of the version that we saw; the controller may be writing the status yet
        version = kubectl(cluster, "get", "deployment", "web", "-o", "jsonpath={.metadata.resourceVersion}", namespace=space)
        return kubectl(cluster, "scale", "deployment/web", "--resource-version=" + version, "--current-replicas=2", "--replicas=1", ok=None, namespace=space)
    soon(scaled, "scaled")


def test_expose_takes_ports_and_selectors_from_what_it_exposes(cluster):
    space = fresh(cluster, "exposures")
    kubectl(cluster, "run", "one", "--image=nginx", "--port=80", "--labels=app=one", namespace=space)
    expect(kubectl(cluster, "expose", "pod", "one", "--name=of-pod", namespace=space), "service/of-pod exposed")
    expect(kubectl(cluster, "expose", "service", "of-pod", "--name=of-service", "--port=81", "--target-port=80", "--type=NodePort", namespace=space), "exposed")
    expect(kubectl(cluster, "get", "service", "of-pod", "-o", "wide", namespace=space), r"80/TCP +\S+ +app=one$")
    expect(kubectl(cluster, "get", "service", "of-service", namespace=space), r"NodePort .* 81:3\d{4}/TCP")


def test_run_for_once_ends(cluster):
    space = fresh(cluster, "once")
    kubectl(cluster, "run", "good", "--image=busybox", "--restart=Never", namespace=space, stdin="")
    kubectl(cluster, "run", "bad", "--image=busybox", "--restart=Never", "--", "sh", "-c", "exit 3", namespace=space)
    for name, phase in (("good", "Succeeded"), ("bad", "Failed")):
        until(lambda: kubectl(cluster, "get", "pod", name, "-o", "jsonpath={.status.phase}", namespace=space) == phase, 30, "%s has %s" % (name, phase))
    expect(kubectl(cluster, "get", "pods", namespace=space), "^bad +0/1 +Error ", "^good +0/1 +Completed ")


def test_jobs_complete_and_fail(cluster):
    space = fresh(cluster, "jobs")
    kubectl(cluster, "create", "job", "good", "--image=busybox", "--", "true", namespace=space)
    kubectl(cluster, "wait", "--for=condition=complete", "job/good", "--timeout=30s", namespace=space)
    kubectl(cluster, "create", "-f", "-", namespace=space, stdin="{apiVersion: batch/v1, kind: Job, metadata: {name: bad}, spec: {backoffLimit: 0, template: {spec: "
            "{restartPolicy: Never, containers: [{name: c, image: i, command: [sh, -c, exit 1]}]}}}}")
    kubectl(cluster, "wait", "--for=condition=failed", "job/bad", "--timeout=30s", namespace=space)
    expect(kubectl(cluster, "get", "jobs", namespace=space), "^bad .* 0/1 ", "^good .* 1/1 ")


# ---- taking away ----------------------------------------------------------------------------------------------------------


def test_wait_for_something_to_be_created(cluster):
    since(31, "wait --for=create")
    child = started(cluster, "wait", "--for=create", "configmap/awaited", "--timeout=30s")
    try:
        kubectl(cluster, "create", "configmap", "awaited")
        assert child.wait(30) == 0, child.stdout.read()
        expect(child.stdout.read(), "configmap/awaited condition met")
    finally:
        child.kill()
        child.wait()


def test_wait_that_is_not_met_times_out(cluster):
    kubectl(cluster, "create", "configmap", "unmet")
    expect(kubectl(cluster, "wait", "--for=condition=Never", "configmap/unmet", "--timeout=1s", ok=False), "timed out waiting for the condition on configmaps/unmet")


def test_orphaning_a_set_is_quick_and_leaves_its_pods(cluster):
    space = fresh(cluster, "orphans")
    kubectl(cluster, "apply", "-f", "-", stdin=stateful(), namespace=space)
    kubectl(cluster, "rollout", "status", "statefulset/db", "--timeout=60s", namespace=space)
    kubectl(cluster, "delete", "statefulset", "db", "--cascade=orphan", "--timeout=30s", namespace=space)
    assert len(names(cluster, space, "pods")) == 2 and len(names(cluster, space, "controllerrevisions")) == 1
    kubectl(cluster, "apply", "-f", "-", stdin=stateful(), namespace=space)
    until(lambda: kubectl(cluster, "get", "pod", "db-0", "-o", "jsonpath={.metadata.ownerReferences[0].name}", namespace=space) == "db", 20, "the new set has adopted them")


def test_delete_of_what_is_gone(cluster):
    expect(kubectl(cluster, "delete", "configmap", "never-was", ok=False), 'configmaps "never-was" not found')
    assert kubectl(cluster, "delete", "configmap", "never-was", "--ignore-not-found") == ""


def test_delete_by_file_selector_and_all(cluster):
    space = fresh(cluster, "swept")
    kubectl(cluster, "apply", "-f", FIXTURE, namespace=space)
    expect(kubectl(cluster, "delete", "-f", FIXTURE, "--timeout=60s", namespace=space), 'deployment.apps "web" deleted', 'service "web" deleted')
    for name in "abc":
        kubectl(cluster, "create", "configmap", name, namespace=space)
    kubectl(cluster, "label", "configmap", "a", "go=now", namespace=space)
    expect(kubectl(cluster, "delete", "configmap", "-l", "go=now", namespace=space), '"a" deleted')
    kubectl(cluster, "delete", "configmap", "--all", namespace=space)
    until(lambda: names(cluster, space, "configmaps") == ["configmap/kube-root-ca.crt"], 20, "only what the cluster puts there is left")


def test_force_does_not_wait_for_the_node(cluster):
    space = fresh(cluster, "forced")
    kubectl(cluster, "run", "slow", "--image=nginx", "--annotations=troupe.internal/hollow-stop=never", namespace=space)
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/slow", "--timeout=30s", namespace=space)
    kubectl(cluster, "delete", "pod", "slow", "--wait=false", namespace=space)
    expect(kubectl(cluster, "get", "pod", "slow", namespace=space), "Terminating")
    kubectl(cluster, "delete", "pod", "slow", "--force", "--grace-period=0", namespace=space)
    expect(kubectl(cluster, "get", "pod", "slow", ok=False, namespace=space), "not found")


def test_a_namespace_that_something_holds_says_what(cluster):
    space = fresh(cluster, "held")
    kubectl(cluster, "create", "configmap", "kept", namespace=space)
    kubectl(cluster, "patch", "configmap", "kept", "-p", '{"metadata":{"finalizers":["example.org/hold"]}}', namespace=space)
    kubectl(cluster, "delete", "namespace", space, "--wait=false")
    until(lambda: "example.org/hold in 1 resource instances" in kubectl(cluster, "get", "namespace", space, "-o", "json"), 20, "it says what holds it")
    expect(kubectl(cluster, "create", "configmap", "late", ok=False, namespace=space), "because it is being terminated")
    kubectl(cluster, "patch", "configmap", "kept", "--type=json", "-p", '[{"op":"remove","path":"/metadata/finalizers"}]', namespace=space)
    until(lambda: "not found" in cluster.kubectl("get", "namespace", space, ok=None).stderr, 20, "it goes")


def test_namespaces_of_the_cluster_stay(cluster):
    for name in ("default", "kube-system"):
        expect(kubectl(cluster, "delete", "namespace", name, ok=False), 'namespaces "%s" is forbidden: this namespace may not be deleted' % name)


def test_owned_objects_go_with_their_owner(cluster):
    space = fresh(cluster, "owned")
    kubectl(cluster, "create", "configmap", "owner", namespace=space)
    uid = kubectl(cluster, "get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}", namespace=space)
    kubectl(cluster, "create", "-f", "-", namespace=space, stdin="{apiVersion: v1, kind: Secret, metadata: {name: owned, ownerReferences: "
            "[{apiVersion: v1, kind: ConfigMap, name: owner, uid: %s}]}}" % uid)
    kubectl(cluster, "delete", "configmap", "owner", namespace=space)
    until(lambda: "not found" in cluster.kubectl("-n", space, "get", "secret", "owned", ok=None).stderr, 30, "the collector takes it")


# ---- nodes, rights ---------------------------------------------------------------------------------------------------------


def test_drain_waits_for_a_disruption_budget(cluster):
    space = deployed(cluster, "guarded", 1)
    kubectl(cluster, "create", "-f", "-", namespace=space, stdin="{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, "
            "spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}")
    until(lambda: kubectl(cluster, "get", "pdb", "web", "-o", "jsonpath={.status.currentHealthy}", namespace=space) == "1", 20, "the budget knows its pod")
    drain = ["drain", "n1", "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--pod-selector=app=web,pod-template-hash"]
    try:
        done = cluster.kubectl("-n", space, *drain, "--timeout=3s", ok=False)
        expect(done.stderr, r'error when evicting pods?/?"?.*will retry after 5s.*: Cannot evict pod as it would violate the pod\'s disruption budget')
        assert len(names(cluster, space, "pods", "--field-selector=status.phase=Running")) == 1
        kubectl(cluster, "delete", "pdb", "web", namespace=space)
        expect(cluster.kubectl("-n", space, *drain, "--timeout=60s").stdout, "pod/web-.* evicted", "node/n1 (drained|evicted)")
    finally:
        kubectl(cluster, "uncordon", "n1")


def test_a_taint_drives_pods_away(cluster):
    space = deployed(cluster, "tainted", 1)
    old = names(cluster, space, "pods")[0]
    try:
        kubectl(cluster, "taint", "nodes", "n1", "tainted=yes:NoExecute")
        until(lambda: old not in names(cluster, space, "pods"), 30, "the pod had to go")
        expect(kubectl(cluster, "describe", "node", "n1"), "^Taints: +tainted=yes:NoExecute")
    finally:
        kubectl(cluster, "taint", "nodes", "n1", "tainted:NoExecute-")
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)


def test_auth_reconcile_makes_and_mends_roles(cluster):
    role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: mended, namespace: default}, rules: [{apiGroups: [''], resources: [pods], verbs: [%s]}]}"
    expect(kubectl(cluster, "auth", "reconcile", "-f", "-", stdin=role % "get"), "role.rbac.authorization.k8s.io/mended reconciled")
    kubectl(cluster, "auth", "reconcile", "-f", "-", stdin=role % "list")
    found = json.loads(kubectl(cluster, "get", "role", "mended", "-o", "json"))["rules"]
    assert sorted(verb for rule in found for verb in rule["verbs"]) == ["get", "list"], found


def test_raw_bodies_are_sent_as_they_are(cluster):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"raw"}}')
        file.flush()
        assert json.loads(kubectl(cluster, "create", "--raw", "/api/v1/namespaces/default/configmaps", "-f", file.name))["kind"] == "ConfigMap"
        assert json.loads(kubectl(cluster, "replace", "--raw", "/api/v1/namespaces/default/configmaps/raw", "-f", file.name))["metadata"]["name"] == "raw"
    assert json.loads(kubectl(cluster, "delete", "--raw", "/api/v1/namespaces/default/configmaps/raw"))["status"] == "Success"


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
