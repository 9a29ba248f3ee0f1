#!/usr/bin/env python3
"""Every kubectl command that an operator uses, against one live node; at -v=8 and without a fall-back of the client."""
import json
import os
import re
import sys
import tempfile

import cluster as clusters
import suite
from cluster import until
from kube import client, deployed, ended, expect, fresh, kubectl, lines_until, since, soon, started

FIXTURE = os.path.join(clusters.ROOT, "tests/fixtures/ten-objects.yaml")


# ---- what is there ----------------------------------------------------------------------------------------


def test_version_names_the_server(cluster):
    found = json.loads(kubectl(cluster, "version", "-o", "json"))["serverVersion"]
    assert (found["major"], found["minor"]) == ("1", "37"), found


def test_api_resources_and_versions_are_discovered(cluster):
    expect(kubectl(cluster, "api-resources"), r"^pods +po +v1 +true +Pod$", r"^deployments +deploy +apps/v1 +true +Deployment$",
           r"^actors +troupe.internal/v1 +false +Actor$")
    expect(kubectl(cluster, "api-versions"), "^apps/v1$", "^v1$", "^networking.k8s.io/v1$", "^rbac.authorization.k8s.io/v1$")
    expect(kubectl(cluster, "api-resources", "--verbs=list", "--namespaced", "-o", "name"), "^configmaps$", "^ingresses.networking.k8s.io$")


def test_explain_tells_fields(cluster):
    expect(kubectl(cluster, "explain", "deployment"), "^KIND: +Deployment", "^VERSION: +(apps/)?v1", "spec")
    expect(kubectl(cluster, "explain", "pods.spec.containers.image"), "image <string>")
    expect(kubectl(cluster, "explain", "pods.spec", "--recursive"), "tolerationSeconds")
    expect(kubectl(cluster, "explain", "pods.nonsense", ok=False), 'field "nonsense" does not exist')


def test_cluster_info_says_where(cluster):
    expect(kubectl(cluster, "cluster-info"), "Kubernetes control plane.*is running at.*https://")


def test_config_reads_the_kubeconfig(cluster):
    expect(kubectl(cluster, "config", "view", "--minify"), "server: https://", "kubernetes-admin")
    expect(kubectl(cluster, "config", "current-context"), "^troupe")


def test_get_has_every_output_format(cluster):
    space = deployed(cluster, "outputs")
    expect(kubectl(cluster, "get", "deployments", namespace=space), r"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE$", r"^web +2/2 +2 +2 +\d+")
    expect(kubectl(cluster, "get", "pods", "-o", "wide", namespace=space), r"^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE", r"1/1 +Running +0 .* n1 ")
    expect(kubectl(cluster, "get", "deployment", "web", "-o", "yaml", namespace=space), "^apiVersion: apps/v1", "^kind: Deployment", "replicas: 2")
    assert json.loads(kubectl(cluster, "get", "pods", "-o", "json", namespace=space))["kind"] == "List"
    expect(kubectl(cluster, "get", "deployment", "web", "-o", "name", namespace=space), "^deployment.apps/web$")
    expect(kubectl(cluster, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}", namespace=space), "^2$")
    expect(kubectl(cluster, "get", "pods", "-o", "custom-columns=N:.metadata.name,P:.status.phase", namespace=space), r"^N +P$", "Running")
    expect(kubectl(cluster, "get", "pods", "-o", "go-template={{range .items}}{{.kind}} {{end}}", namespace=space), "Pod Pod")
    expect(kubectl(cluster, "get", "all", namespace=space), "pod/web-", "deployment.apps/web", "replicaset.apps/web-")
    expect(kubectl(cluster, "get", "pods", "-A", "--show-labels", "--sort-by=.metadata.name"), "app=web")
    expect(kubectl(cluster, "get", "pods", "-l", "app=web", "--field-selector=status.phase=Running", "--no-headers", namespace=space), "Running")
    expect(kubectl(cluster, "get", "--raw", "/readyz"), "ok")
    expect(kubectl(cluster, "get", "pod", "nobody", ok=False), 'pods "nobody" not found')


def test_get_watches(cluster):
    space = fresh(cluster, "watched")
    child = started(cluster, "get", "configmaps", "-w", "-o", "name", namespace=space)
    try:
        kubectl(cluster, "create", "configmap", "seen", namespace=space)
        lines_until(child, "^configmap/seen$")
    finally:
        ended(child)


def test_describe_gathers_what_belongs_together(cluster):
    space = deployed(cluster, "described")
    soon(lambda: kubectl(cluster, "describe", "deployment", "web", namespace=space), "^Name: +web", "2 desired", "NewReplicaSet", "ScalingReplicaSet")
    soon(lambda: kubectl(cluster, "describe", "pods", namespace=space), "^Node: +n1/", "Scheduled", "Ready +True")
    expect(kubectl(cluster, "describe", "node", "n1"), "Ready +True", "^Allocatable:", "Non-terminated Pods")
    expect(kubectl(cluster, "describe", "namespace", space), "^Status: +Active")
    expect(kubectl(cluster, "describe", "service", "kubernetes"), "10.96.0.1")


def test_events_are_listed(cluster):
    space = deployed(cluster, "eventful", 1)
    soon(lambda: kubectl(cluster, "get", "events", namespace=space), "SuccessfulCreate")
    soon(lambda: kubectl(cluster, "get", "events", "--field-selector=reason=Scheduled", namespace=space), "Successfully assigned")


# ---- making -----------------------------------------------------------------------------------------------


GENERATORS = [  # and since when it makes a version that is still served
    (["clusterrole", "gen-reader", "--verb=get,list", "--resource=pods"], "clusterrole.rbac.authorization.k8s.io/gen-reader created"),
    (["clusterrolebinding", "gen-binding", "--clusterrole=gen-reader", "--user=somebody"], "gen-binding created"),
    (["configmap", "gen", "--from-literal=a=b"], "configmap/gen created"),
    (["cronjob", "gen", "--image=busybox", "--schedule=*/5 * * * *"], "cronjob.batch/gen created", 21),
    (["deployment", "gen", "--image=nginx"], "deployment.apps/gen created"),
    (["ingress", "gen", "--rule=example.org/*=gen:80"], "ingress.networking.k8s.io/gen created"),
    (["job", "gen", "--image=busybox"], "job.batch/gen created"),
    (["job", "gen-now", "--from=cronjob/gen"], "job.batch/gen-now created", 21),
    (["poddisruptionbudget", "gen", "--selector=app=gen", "--min-available=1"], "poddisruptionbudget.policy/gen created", 21),
    (["priorityclass", "gen-class", "--value=1000"], "priorityclass.scheduling.k8s.io/gen-class created"),
    (["quota", "gen", "--hard=pods=100"], "resourcequota/gen created"),
    (["role", "gen", "--verb=get", "--resource=pods"], "role.rbac.authorization.k8s.io/gen created"),
    (["rolebinding", "gen", "--role=gen", "--serviceaccount=default:default"], "rolebinding.rbac.authorization.k8s.io/gen created"),
    (["secret", "generic", "gen", "--from-literal=a=b"], "secret/gen created"),
    (["secret", "docker-registry", "gen-registry", "--docker-username=u", "--docker-password=p"], "secret/gen-registry created"),
    (["service", "clusterip", "gen", "--tcp=80"], "service/gen created"),
    (["service", "nodeport", "gen-node", "--tcp=80"], "service/gen-node created"),
    (["service", "loadbalancer", "gen-balancer", "--tcp=80"], "service/gen-balancer created"),
    (["service", "externalname", "gen-name", "--external-name=example.org"], "service/gen-name created"),
    (["serviceaccount", "gen"], "serviceaccount/gen created"),
]


def test_create_has_all_generators(cluster):
    space = fresh(cluster, "generated")
    for words, expected, *minor in GENERATORS:
        if not minor or client() >= minor[0]:
            expect(kubectl(cluster, "create", *words, namespace=space), expected)
    expect(kubectl(cluster, "create", "configmap", "gen", ok=False, namespace=space), "already exists")


def test_create_secret_tls(cluster):
    space = fresh(cluster, "tls")
    pki = cluster.nodes[0].folder + "/pki/"
    expect(kubectl(cluster, "create", "secret", "tls", "t", "--cert=" + pki + "admin.crt", "--key=" + pki + "admin.key", namespace=space), "created")


def test_create_refuses_what_it_does_not_know(cluster):
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: odd\nspec:\n  nothing: 1\n"
    expect(kubectl(cluster, "create", "-f", "-", stdin=manifest, ok=False), 'unknown field "spec"')


def test_create_token_is_taken(cluster):
    since(24, "create token")
    token = kubectl(cluster, "create", "token", "default", "--duration=1h").strip()
    assert token.count(".") == 2, token
    import http.client
    import ssl
    node = cluster.nodes[0]
    context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
    connection = http.client.HTTPSConnection(node.address, 6443, context=context, timeout=20)
    connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
                       {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    answer = connection.getresponse()
    review = json.loads(answer.read())
    connection.close()
    assert review["status"]["userInfo"]["username"] == "system:serviceaccount:default:default", review


def test_run_makes_a_pod(cluster):
    space = fresh(cluster, "ran")
    expect(kubectl(cluster, "run", "one", "--image=nginx", namespace=space), "pod/one created")
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/one", "--timeout=30s", namespace=space)
    expect(kubectl(cluster, "run", "two", "--image=nginx", "--dry-run=server", "-o", "yaml", namespace=space), "run: two")


def test_expose_makes_a_service_with_endpoints(cluster):
    space = deployed(cluster, "exposed")
    expect(kubectl(cluster, "expose", "deployment", "web", "--port=8080", "--target-port=80", namespace=space), "service/web exposed")
    expect(kubectl(cluster, "get", "service", "web", namespace=space), r"^web +ClusterIP +10\.96\.\d+\.\d+ +<none> +8080/TCP")
    soon(lambda: kubectl(cluster, "get", "endpoints", "web", namespace=space), r"10\.244\.\d+\.\d+:80,10\.244")
    soon(lambda: kubectl(cluster, "get", "endpointslices", namespace=space), r"web-.*IPv4 .*10\.244")


def test_replace_puts(cluster):
    space = fresh(cluster, "replaced")
    kubectl(cluster, "create", "configmap", "c", "--from-literal=a=1", namespace=space)
    manifest = kubectl(cluster, "get", "configmap", "c", "-o", "yaml", namespace=space).replace('"1"', '"2"')
    expect(kubectl(cluster, "replace", "-f", "-", stdin=manifest, namespace=space), "configmap/c replaced")
    expect(kubectl(cluster, "replace", "--force", "-f", "-", stdin=re.sub(r"  (resourceVersion|uid):.*\n", "", manifest), namespace=space), "replaced")


# ---- changing ---------------------------------------------------------------------------------------------


def test_apply_makes_changes_and_diffs(cluster):
    space = fresh(cluster, "applied")
    made = kubectl(cluster, "apply", "-f", FIXTURE, namespace=space)
    assert made.count(" created") == 10, made
    again = kubectl(cluster, "apply", "-f", FIXTURE, namespace=space)
    # In kubectl's patch whether they changed or not: text of a Secret that is kept as data, a selector that is replaced as a whole.
    for name in ("secret/web", "poddisruptionbudget.policy/web"):
        again = again.replace(name + " configured", name + " unchanged")
    assert again.count(" unchanged") == 10, again
    with open(FIXTURE) as file:
        changed = file.read().replace("replicas: 3", "replicas: 4")
    difference = cluster.kubectl("-n", space, "diff", "-f", "-", stdin=changed, ok=False)
    assert difference.returncode == 1 and re.search(r"^\+ +replicas: 4", difference.stdout, re.M), difference.stdout + difference.stderr
    expect(kubectl(cluster, "apply", "-f", "-", stdin=changed, namespace=space), "deployment.apps/web configured", "service/web unchanged")
    expect(kubectl(cluster, "apply", "-f", "-", "--dry-run=server", stdin=changed, namespace=space), r"unchanged \(server dry run\)")


def test_edit_saves_what_the_editor_wrote(cluster):
    space = fresh(cluster, "edited")
    kubectl(cluster, "create", "configmap", "c", "--from-literal=a=before", namespace=space)
    with tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False) as script:
        script.write("#!/bin/sh\nsed -i s/before/after/ \"$1\"\n")
    os.chmod(script.name, 0o700)
    try:
        expect(kubectl(cluster, "edit", "configmap", "c", env={"KUBE_EDITOR": script.name}, namespace=space), "configmap/c edited")
    finally:
        os.unlink(script.name)
    expect(kubectl(cluster, "get", "configmap", "c", "-o", "jsonpath={.data.a}", namespace=space), "^after$")


def test_patch_has_three_types(cluster):
    space = deployed(cluster, "patched", 1)
    kubectl(cluster, "patch", "deployment", "web", "-p", '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"A","value":"1"}]}]}}}}',
            namespace=space)
    expect(kubectl(cluster, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}", namespace=space), "^nginx:1.27$")
    kubectl(cluster, "patch", "deployment", "web", "--type=merge", "-p", '{"metadata":{"labels":{"merged":"yes"}}}', namespace=space)
    kubectl(cluster, "patch", "deployment", "web", "--type=json", "-p", '[{"op":"test","path":"/metadata/labels/merged","value":"yes"},'
            '{"op":"remove","path":"/metadata/labels/merged"}]', namespace=space)
    expect(kubectl(cluster, "patch", "deployment", "web", "--type=json", "-p", '[{"op":"test","path":"/spec/replicas","value":9}]', ok=False, namespace=space),
           "The request is invalid")


def test_patch_changes_a_subresource(cluster):
    since(24, "patch --subresource")
    space = deployed(cluster, "subresource", 1)
    expect(kubectl(cluster, "patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":2}}', namespace=space), "patched")
    expect(kubectl(cluster, "get", "deployment", "web", "--subresource=scale", namespace=space), "^NAME +DESIRED +AVAILABLE +AGE$", "^web +2 ")


def test_label_and_annotate(cluster):
    space = fresh(cluster, "labelled")
    kubectl(cluster, "create", "configmap", "c", namespace=space)
    expect(kubectl(cluster, "label", "configmap", "c", "color=red", namespace=space), "configmap/c labeled")
    expect(kubectl(cluster, "label", "configmap", "c", "color=blue", ok=False, namespace=space), "already has a value")
    expect(kubectl(cluster, "label", "configmap", "c", "color=blue", "--overwrite", namespace=space), "labeled")
    expect(kubectl(cluster, "label", "configmap", "c", "color-", namespace=space), "labeled")
    expect(kubectl(cluster, "annotate", "configmap", "c", "note=a b", namespace=space), "configmap/c annotate")
    expect(kubectl(cluster, "label", "configmap", "c", "bad=-x", ok=False, namespace=space), "a valid label must be|invalid label")


def test_set_changes_pod_templates(cluster):
    space = deployed(cluster, "set", 1)
    expect(kubectl(cluster, "set", "image", "deployment/web", "nginx=nginx:1.28", namespace=space), "image updated")
    expect(kubectl(cluster, "set", "env", "deployment/web", "A=b", namespace=space), "env updated")
    expect(kubectl(cluster, "set", "resources", "deployment/web", "--requests=cpu=10m", namespace=space), "requirements updated")
    kubectl(cluster, "create", "serviceaccount", "other", namespace=space)
    expect(kubectl(cluster, "set", "serviceaccount", "deployment/web", "other", namespace=space), "serviceaccount updated")
    kubectl(cluster, "create", "role", "r", "--verb=get", "--resource=pods", namespace=space)
    kubectl(cluster, "create", "rolebinding", "b", "--role=r", "--user=a", namespace=space)
    expect(kubectl(cluster, "set", "subject", "rolebinding/b", "--user=c", namespace=space), "subjects updated")
    kubectl(cluster, "create", "service", "clusterip", "s", "--tcp=80", namespace=space)
    expect(kubectl(cluster, "set", "selector", "service", "s", "a=b", namespace=space), "selector updated")


def test_scale_and_autoscale(cluster):
    space = deployed(cluster, "scaled", 1)
    expect(kubectl(cluster, "scale", "deployment/web", "--replicas=3", namespace=space), "scaled")
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "scale", "deployment/web", "--current-replicas=9", "--replicas=1", ok=False, namespace=space), "Expected replicas to be 9")
    expect(kubectl(cluster, "autoscale", "deployment", "web", "--min=2", "--max=5", "--cpu-percent=80", namespace=space), "autoscaled")
    expect(kubectl(cluster, "get", "hpa", namespace=space), "Deployment/web")


def test_rollout_has_all_verbs(cluster):
    space = deployed(cluster, "rolled", 2)
    kubectl(cluster, "set", "image", "deployment/web", "nginx=nginx:1.28", namespace=space)
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "rollout", "history", "deployment/web", namespace=space), r"^1 ", r"^2 ")
    expect(kubectl(cluster, "rollout", "undo", "deployment/web", namespace=space), "rolled back")
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}", namespace=space), "nginx:1.27")
    expect(kubectl(cluster, "rollout", "pause", "deployment/web", namespace=space), "paused")
    expect(kubectl(cluster, "rollout", "resume", "deployment/web", namespace=space), "resumed")
    expect(kubectl(cluster, "rollout", "restart", "deployment/web", namespace=space), "restarted")
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)


# ---- waiting and taking away --------------------------------------------------------------------------------


def test_wait_for_conditions_paths_and_deletion(cluster):
    space = deployed(cluster, "waited", 1)
    expect(kubectl(cluster, "wait", "--for=condition=Available", "deployment/web", "--timeout=30s", namespace=space), "condition met")
    if client() >= 23:
        expect(kubectl(cluster, "wait", "--for=jsonpath={.status.readyReplicas}=1", "deployment/web", "--timeout=30s", namespace=space), "condition met")
    kubectl(cluster, "delete", "deployment", "web", "--wait=false", namespace=space)
    if client() >= 23:  # before, what is gone already was an error
        kubectl(cluster, "wait", "--for=delete", "deployment/web", "--timeout=30s", namespace=space)


def test_delete_has_all_cascades(cluster):
    space = deployed(cluster, "deleted", 1)
    count = lambda kind: len(cluster.kubectl("-n", space, "get", kind, "-o", "name").stdout.split())
    expect(kubectl(cluster, "delete", "deployment", "web", "--cascade=orphan", namespace=space), "deleted")
    assert count("replicasets") == 1 and count("pods") == 1
    expect(kubectl(cluster, "delete", "replicaset", "--all", "--cascade=foreground", namespace=space), "deleted")
    assert count("pods") == 0, "foreground deletion ends when the dependents are gone"
    kubectl(cluster, "create", "deployment", "web", "--image=nginx", namespace=space)
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "delete", "deployment", "web", namespace=space), "deleted")
    until(lambda: count("replicasets") == 0 and count("pods") == 0, 30, "the collector takes what belonged to it")
    kubectl(cluster, "run", "one", "--image=nginx", namespace=space)
    expect(kubectl(cluster, "delete", "pod", "one", "--now", namespace=space), "deleted")
    kubectl(cluster, "create", "configmap", "c", namespace=space)
    expect(kubectl(cluster, "delete", "configmap", "-l", "nothing=here", namespace=space), "No resources found")
    expect(kubectl(cluster, "delete", "namespace", space, "--timeout=60s"), "deleted")


def test_a_namespace_takes_everything_with_it(cluster):
    space = fresh(cluster, "doomed")
    kubectl(cluster, "apply", "-f", FIXTURE, namespace=space)
    kubectl(cluster, "delete", "namespace", space, "--timeout=60s")
    expect(kubectl(cluster, "get", "namespace", space, ok=False), "not found")


# ---- who may, and nodes -------------------------------------------------------------------------------------


def test_auth_whoami(cluster):
    since(28, "auth whoami")
    expect(kubectl(cluster, "auth", "whoami"), "kubernetes-admin", "system:masters")
    expect(kubectl(cluster, "auth", "whoami", "--as=system:serviceaccount:default:default"), "system:serviceaccounts:default", "system:authenticated")


def test_auth_can_i(cluster):
    expect(kubectl(cluster, "auth", "can-i", "delete", "nodes"), "^yes")
    expect(kubectl(cluster, "auth", "can-i", "--list"), r"\*\.\*")
    expect(kubectl(cluster, "auth", "can-i", "get", "pods", "--as=stranger", ok=None), "^no")
    expect(kubectl(cluster, "auth", "can-i", "get", "/readyz"), "^yes")


def test_impersonation_is_asked_for_and_obeyed(cluster):
    expect(kubectl(cluster, "get", "pods", "--as=stranger", ok=False), 'User "stranger" cannot list resource "pods"')
    expect(kubectl(cluster, "get", "nodes", "--as=root", "--as-group=system:masters"), "^n1 ")
    since(24, "create token")
    token = kubectl(cluster, "create", "token", "default").strip()
    node = cluster.nodes[0]
    account = ["kubectl", "--server=https://%s:6443" % node.address, "--certificate-authority=" + node.folder + "/pki/ca.crt", "--token=" + token,
               "--kubeconfig=/dev/null"]
    done = clusters.run([*account, "get", "pods", "--as=kubernetes-admin"], ok=False)
    expect(done.stderr, 'users "kubernetes-admin" is forbidden: User "system:serviceaccount:default:default" cannot impersonate resource "users"')


def test_nobody_grants_what_he_does_not_hold(cluster):
    space = fresh(cluster, "grants")
    kubectl(cluster, "create", "rolebinding", "jane", "--clusterrole=admin", "--user=jane", namespace=space)
    missing = "is attempting to grant RBAC permissions not currently held"

    def jane(*words, ok=True):
        return kubectl(cluster, *words, "--as=jane", ok=ok, namespace=space)
    soon(lambda: jane("auth", "can-i", "create", "rolebindings", ok=None), "^yes")
    jane("create", "role", "reads", "--verb=get", "--resource=secrets")
    jane("create", "rolebinding", "reads", "--role=reads", "--user=joe")
    expect(jane("create", "role", "nodes", "--verb=get", "--resource=nodes", ok=False), missing, r'\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get"\]\}')
    expect(jane("create", "rolebinding", "top", "--clusterrole=cluster-admin", "--user=jane", ok=False), missing)
    expect(jane("patch", "rolebinding", "reads", "--type=merge", "-p", '{"roleRef":{"name":"other"}}', ok=False), "not found")
    expect(kubectl(cluster, "patch", "rolebinding", "reads", "--type=merge", "-p", '{"roleRef":{"name":"other"}}', ok=False, namespace=space),
           "roleRef: Invalid value: .*: field is immutable")
    # The controller that gathers roles grants what it does not hold: it may.
    kubectl(cluster, "create", "clusterrole", "cats", "--verb=get", "--resource=configmaps", "--resource-name=cats")
    kubectl(cluster, "label", "clusterrole", "cats", "rbac.authorization.k8s.io/aggregate-to-view=true")
    until(lambda: "cats" in kubectl(cluster, "get", "clusterrole", "view", "-o", "jsonpath={.rules}"), 20, "view has gathered it")


def test_a_quota_counts(cluster):
    space = fresh(cluster, "counted")
    kubectl(cluster, "create", "quota", "q", "--hard=pods=3,count/deployments.apps=3,secrets=5", namespace=space)
    kubectl(cluster, "create", "deployment", "web", "--image=nginx:1.27", "--replicas=2", namespace=space)

    def used():
        return kubectl(cluster, "get", "quota", "q", "-o", "jsonpath={.status.used}", namespace=space)
    until(lambda: '"pods":"2"' in used() and '"count/deployments.apps":"1"' in used(), 20, "two pods are counted")
    expect(kubectl(cluster, "describe", "quota", "q", namespace=space), r"^pods +2 +3", r"^secrets +0 +5")
    # Five are asked for, and only as many are made as there is room for; when there is more room the rest follow.
    kubectl(cluster, "scale", "deployment/web", "--replicas=5", namespace=space)
    until(lambda: '"pods":"3"' in used(), 20, "three pods are counted")
    until(lambda: "exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3" in kubectl(cluster, "get", "events", namespace=space), 20, "it is told")
    expect(kubectl(cluster, "run", "one", "--image=nginx", namespace=space, ok=False), "exceeded quota: q")
    kubectl(cluster, "patch", "quota", "q", "--type=merge", "-p", '{"spec":{"hard":{"pods":"9"}}}', namespace=space)
    until(lambda: '"pods":"5"' in used(), 60, "five pods are counted")
    kubectl(cluster, "delete", "deployment", "web", namespace=space)
    until(lambda: '"pods":"0"' in used() and '"count/deployments.apps":"0"' in used(), 30, "none is")


def test_cordon_taint_and_drain(cluster):
    space = deployed(cluster, "drained", 2)
    kubectl(cluster, "label", "pods", "--all", "drain=me", namespace=space)
    expect(kubectl(cluster, "cordon", "n1"), "node/n1 cordoned")
    try:
        expect(kubectl(cluster, "get", "nodes"), "n1 +Ready,SchedulingDisabled")
        expect(kubectl(cluster, "drain", "n1", "--ignore-daemonsets", "--force", "--delete-emptydir-data", "--timeout=60s",
                       "--pod-selector=drain=me"), "node/n1 (drained|evicted)")
        until(lambda: "Pending" in kubectl(cluster, "get", "pods", namespace=space), 20, "its pods wait for another node")
    finally:
        expect(kubectl(cluster, "uncordon", "n1"), "node/n1 uncordoned")
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    expect(kubectl(cluster, "taint", "nodes", "n1", "dedicated=x:NoSchedule"), "tainted")
    expect(kubectl(cluster, "taint", "nodes", "n1", "dedicated-"), "untainted")


def test_top_says_that_there_are_no_metrics(cluster):
    expect(kubectl(cluster, "top", "nodes", ok=False, fall_back_is_fine=True), "Metrics API not available")


def test_actors_and_members_are_resources(cluster):
    expect(kubectl(cluster, "get", "actors"), r"^NAME +NODE +HOST +STATE +RESTARTS", r"^n1\.core +n1 +core +Running +0 ")
    expect(kubectl(cluster, "get", "members.troupe.internal"), r"^NAME +ROLE", r"^n1 +Leader ")


def test_members_and_actors_are_watched(cluster):
    child = started(cluster, "get", "actors", "-w")
    try:
        lines_until(child, r"^n1\.core\.api ")
        cluster.nodes[0].troupe("kill", "n1/core/directory")
        lines_until(child, r"^n1\.core\.directory +n1 +core +\w+ +1 ")
    finally:
        ended(child)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
