#!/usr/bin/env python3
"""What an operator does with kubectl: options that ask the server for something of their own, and commands around it."""
import base64
import http.client
import json
import os
import re
import socket
import sys
import tempfile

import suite
from cluster import run, until
from kube import client, ended, expect, fresh, kubectl, lines_until, since, soon, started


def editor(folder, change):
    """A program that edits a file so."""
    path = os.path.join(folder, "edit")
    with open(path, "w", encoding="utf-8") as script:
        script.write("#!/bin/sh\nsed -i '%s' \"$1\"\n" % change)
    os.chmod(path, 0o700)
    return {"KUBE_EDITOR": path}


def test_get_watches_only_what_comes(cluster):
    space = fresh(cluster, "only-new")
    kubectl(cluster, "create", "configmap", "old", namespace=space)
    watch = started(cluster, "get", "configmaps", "--watch-only", "-o", "name", namespace=space)
    try:
        # Whether it stands already is not told: more come until one is seen, and the old one never is.
        def come():
            kubectl(cluster, "create", "configmap", "new-%d" % come.count, namespace=space)
            come.count += 1
            return come.count > 3
        come.count = 0
        until(come, 60, "some have been made")
        line = lines_until(watch, "configmap/")
        assert "configmap/new-" in line, line
    finally:
        ended(watch)


def test_get_watches_events_by_their_kind(cluster):
    since(19, "get --output-watch-events")
    space = fresh(cluster, "kinds-of-events")
    kubectl(cluster, "create", "configmap", "seen", namespace=space)
    watch = started(cluster, "get", "configmaps", "seen", "--watch", "--output-watch-events", namespace=space)
    try:
        lines_until(watch, r"^ADDED +seen ")
        kubectl(cluster, "label", "configmap", "seen", "a=b", namespace=space)
        lines_until(watch, r"^MODIFIED +seen ")
        kubectl(cluster, "delete", "configmap", "seen", namespace=space)
        lines_until(watch, r"^DELETED +seen ")
    finally:
        ended(watch)


def test_get_of_all_namespaces_has_a_column_for_them(cluster):
    space = fresh(cluster, "everywhere")
    kubectl(cluster, "create", "configmap", "here", namespace=space)
    expect(kubectl(cluster, "get", "configmaps", "-A", "--field-selector=metadata.name=here"), "^NAMESPACE +NAME +DATA +AGE$", "^everywhere +here ")


def test_a_pod_is_resized_by_its_subresource(cluster):
    since(33, "patch --subresource=resize")
    space = fresh(cluster, "resized")
    kubectl(cluster, "run", "p", "--image=busybox", namespace=space)
    soon(lambda: kubectl(cluster, "get", "pod", "p", "-o", "jsonpath={.status.phase}", namespace=space), "^Running$")
    kubectl(cluster, "patch", "pod", "p", "--subresource=resize", "-p", '{"spec":{"containers":[{"name":"p","resources":{"requests":{"cpu":"10m"}}}]}}', namespace=space, ok=None)
    expect(kubectl(cluster, "get", "pod", "p", "--subresource=resize", "-o", "name", namespace=space), "^pod/p$")


def claims(token):
    middle = token.strip().split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def test_a_token_is_for_whom_and_as_long_as_is_asked(cluster):
    since(24, "create token")
    space = fresh(cluster, "tokens")
    kubectl(cluster, "create", "secret", "generic", "holder", namespace=space)
    said = claims(kubectl(cluster, "create", "token", "default", "--audience=here", "--audience=there", "--duration=20m", namespace=space))
    assert said["aud"] == ["here", "there"] and said["exp"] - said["iat"] == 1200, said
    said = claims(kubectl(cluster, "create", "token", "default", "--bound-object-kind=Secret", "--bound-object-name=holder", namespace=space))
    assert said["kubernetes.io"]["secret"]["name"] == "holder", said
    expect(kubectl(cluster, "create", "token", "default", "--bound-object-kind=Secret", "--bound-object-name=none", ok=False, namespace=space), "not found")
    expect(kubectl(cluster, "create", "token", "none", ok=False, namespace=space), 'serviceaccounts "none" not found')


def test_edit_of_a_subresource_changes_it(cluster):
    since(24, "edit --subresource")
    space = fresh(cluster, "edited-part")
    kubectl(cluster, "create", "deployment", "web", "--image=nginx", "--replicas=1", namespace=space)
    with tempfile.TemporaryDirectory() as folder:
        env = editor(folder, "s/observedGeneration: .*/observedGeneration: 7/")
        soon(lambda: kubectl(cluster, "get", "deployment", "web", "-o", "jsonpath={.status.observedGeneration}", namespace=space), r"^\d+$")
        expect(kubectl(cluster, "edit", "deployment", "web", "--subresource=status", env=env, namespace=space), "deployment.apps/web edited")


def test_edit_remembers_what_was_applied(cluster):
    space = fresh(cluster, "edited-on")
    with tempfile.TemporaryDirectory() as folder:
        kubectl(cluster, "create", "configmap", "c", "--from-literal=a=before", namespace=space)
        env = editor(folder, "s/before/after/")
        kubectl(cluster, "edit", "configmap", "c", "--save-config", env=env, namespace=space)
        expect(kubectl(cluster, "apply", "view-last-applied", "configmap/c", namespace=space), "a: after")
        env = editor(folder, "s/after/later/")
        kubectl(cluster, "apply", "edit-last-applied", "configmap/c", env=env, namespace=space)
        expect(kubectl(cluster, "apply", "view-last-applied", "configmap/c", namespace=space), "a: later")
        expect(kubectl(cluster, "get", "configmap", "c", "-o", "jsonpath={.data.a}", namespace=space), "^after$")


def test_labels_of_objects_are_listed(cluster):
    space = fresh(cluster, "labelled")
    kubectl(cluster, "create", "configmap", "c", namespace=space)
    kubectl(cluster, "label", "configmap", "c", "a=b", "c=d", namespace=space)
    kubectl(cluster, "annotate", "configmap", "c", "e=f", namespace=space)
    expect(kubectl(cluster, "label", "configmap", "c", "--list", namespace=space), "^a=b$", "^c=d$")
    expect(kubectl(cluster, "annotate", "configmap", "c", "--list", namespace=space), "^e=f$")


def test_a_part_is_replaced(cluster):
    since(24, "replace --subresource")
    space = fresh(cluster, "replaced-part")
    kubectl(cluster, "create", "service", "loadbalancer", "s", "--tcp=80", namespace=space)
    seen = json.loads(kubectl(cluster, "get", "service", "s", "-o", "json", namespace=space))
    seen["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
    seen["spec"]["externalName"] = "ignored.example.com"
    expect(kubectl(cluster, "replace", "--subresource=status", "-f", "-", stdin=json.dumps(seen), namespace=space), "service/s replaced")
    expect(kubectl(cluster, "get", "service", "s", namespace=space), r"^s +LoadBalancer +\S+ +192\.0\.2\.7 ")
    expect(kubectl(cluster, "get", "service", "s", "-o", "jsonpath={.spec.externalName}", namespace=space), r"\A\Z")


def test_apply_by_force_makes_anew_what_does_not_change(cluster):
    space = fresh(cluster, "forced-on")
    kept = "{apiVersion: v1, kind: Secret, metadata: {name: kept}, immutable: true, stringData: {a: '%d'}}"
    kubectl(cluster, "apply", "-f", "-", stdin=kept % 1, namespace=space)
    uid = ("get", "secret", "kept", "-o", "jsonpath={.metadata.uid}")
    before = kubectl(cluster, *uid, namespace=space)
    expect(kubectl(cluster, "apply", "-f", "-", stdin=kept % 2, namespace=space, ok=False), "field is immutable when `immutable` is set")
    kubectl(cluster, "apply", "--force", "-f", "-", stdin=kept % 2, namespace=space)
    expect(kubectl(cluster, "get", "secret", "kept", "-o", "jsonpath={.data.a}", namespace=space), "^Mg==$")
    assert kubectl(cluster, *uid, namespace=space) != before


def test_labels_are_given_and_objects_deleted_by_their_fields(cluster):
    space = fresh(cluster, "by-fields")
    for name in ("a", "b"):
        kubectl(cluster, "create", "configmap", name, namespace=space)
    expect(kubectl(cluster, "label", "configmaps", "--field-selector=metadata.name=a", "x=y", namespace=space), r"\Aconfigmap/a labeled\n\Z")
    expect(kubectl(cluster, "annotate", "configmaps", "--field-selector=metadata.name=b", "x=y", namespace=space), r"\Aconfigmap/b annotated?\n\Z")
    expect(kubectl(cluster, "annotate", "configmap", "b", "--overwrite", "--resource-version=1", "x=z", ok=False, namespace=space), "the object has been modified")
    kubectl(cluster, "delete", "configmaps", "--field-selector=metadata.name=b", namespace=space)
    expect(kubectl(cluster, "get", "configmaps", "-o", "name", namespace=space), r"\Aconfigmap/a\nconfigmap/kube-root-ca.crt\n\Z")


def test_many_are_awaited_by_their_labels_and_all(cluster):
    space = fresh(cluster, "awaited")
    for name in ("one", "two"):
        kubectl(cluster, "run", name, "--image=nginx", namespace=space)
    expect(kubectl(cluster, "wait", "--for=condition=Ready", "pods", "--all", "--timeout=60s", namespace=space), "^pod/one condition met$", "^pod/two condition met$")
    expect(kubectl(cluster, "wait", "--for=condition=Ready", "pods", "-l", "run=two", "--timeout=60s", namespace=space), r"\Apod/two condition met\n\Z")
    kubectl(cluster, "delete", "pods", "--all", "--wait=false", namespace=space)
    if client() < 24:
        return  # to it those that have gone already are a mistake
    kubectl(cluster, "wait", "--for=delete", "pods", "--all", "--timeout=60s", namespace=space)


def test_roles_are_made_of_what_there_is(cluster):
    space = fresh(cluster, "roles")
    expect(kubectl(cluster, "create", "role", "none", "--verb=get", "--resource=nothings", ok=False, fall_back_is_fine=True, namespace=space),
           'the server doesn\'t have a resource type "nothings"')
    kubectl(cluster, "create", "clusterrole", "looks-at-health", "--verb=get", "--non-resource-url=/livez")
    kubectl(cluster, "create", "clusterrole", "gathers", "--aggregation-rule=gather=yes")
    kubectl(cluster, "label", "clusterrole", "looks-at-health", "gather=yes")
    soon(lambda: kubectl(cluster, "get", "clusterrole", "gathers", "-o", "jsonpath={.rules}"), "/livez")


def test_who_is_acted_for_has_more_than_a_name(cluster):
    since(28, "auth whoami")
    expect(kubectl(cluster, "auth", "whoami", "--as=jo", "--as-group=choir", "--as-uid=u-7"), r"^Username +jo$", r"^UID +u-7$", "choir")


def test_who_is_acted_for_has_words_of_his_own(cluster):
    since(35, "--as-user-extra")
    expect(kubectl(cluster, "auth", "whoami", "--as=jo", "--as-user-extra=sings=alto"), r"^Extra: sings +\[alto\]$")


def test_services_of_the_cluster_are_told(cluster):
    kubectl(cluster, "create", "service", "clusterip", "told", "--tcp=80", namespace="kube-system")
    kubectl(cluster, "label", "service", "told", "kubernetes.io/cluster-service=true", "kubernetes.io/name=Told", namespace="kube-system")
    expect(kubectl(cluster, "cluster-info", namespace="kube-system"), "Told.*is running at.*/api/v1/namespaces/kube-system/services/told")


def test_documents_about_tokens_are_public(cluster):
    said = json.loads(kubectl(cluster, "get", "--raw", "/.well-known/openid-configuration"))
    assert said["issuer"].startswith("https://") and said["jwks_uri"].endswith("/openid/v1/jwks"), said


def is_heard(path):
    """It is there before anybody listens."""
    with socket.socket(socket.AF_UNIX) as sock:
        return os.path.exists(path) and sock.connect_ex(path) == 0


class Behind(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)

    def get(self, path):
        self.request("GET", path)
        answer = self.getresponse()
        return answer.status, answer.read().decode()


def test_proxy_hands_on_behind_a_socket(cluster):
    space = fresh(cluster, "behind")
    kubectl(cluster, "create", "deployment", "web", "--image=nginx", "--port=80", namespace=space)
    kubectl(cluster, "expose", "deployment", "web", "--port=80", namespace=space)
    soon(lambda: kubectl(cluster, "get", "endpointslices", "-o", "jsonpath={.items[*].endpoints[*].conditions.ready}", namespace=space), "^true$")
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/proxy.sock"
        child = started(cluster, "proxy", "--unix-socket=" + path)
        try:
            until(lambda: is_heard(path), 20, "it listens")
            code, said = Behind(path).get("/api/v1/namespaces/" + space)
            assert code == 200 and json.loads(said)["metadata"]["name"] == space, said
            # What is simulated has nothing that could answer, and says so in upstream's form.
            code, said = Behind(path).get("/api/v1/namespaces/%s/services/web:80/proxy/" % space)
            assert code == 503 and json.loads(said)["message"].startswith("error trying to reach service: "), said
            code, said = Behind(path).get("/api/v1/namespaces/%s/services/none/proxy/" % space)
            assert code == 503 and json.loads(said)["message"] == 'no endpoints available for service "none"', said
        finally:
            ended(child)


def plainly(cluster, *words, **env):
    """Words before all options, as the shell's completion and the user's own commands have them."""
    return run(["kubectl", *words], env={**os.environ, "KUBECONFIG": cluster.living()[0].folder + "/admin.kubeconfig", **env}).stdout


def test_names_are_completed(cluster):
    since(23, "__complete")
    space = fresh(cluster, "completed")
    kubectl(cluster, "create", "configmap", "first", namespace=space)
    expect(plainly(cluster, "__complete", "--namespace", space, "get", "configmaps", "fi"), r"^first$")
    expect(plainly(cluster, "__complete", "get", "deploym"), "^deployments")


def test_plugins_and_options_of_ones_own_are_found(cluster):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/kubectl-hail", "w", encoding="utf-8") as script:
            script.write("#!/bin/sh\necho hail $1\n")
        os.chmod(folder + "/kubectl-hail", 0o700)
        env = {"PATH": folder + ":" + os.environ["PATH"]}
        expect(cluster.kubectl("plugin", "list", env=env).stdout, re.escape(folder + "/kubectl-hail"))
        expect(plainly(cluster, "hail", "all", **env), "^hail all$")


def test_preferences_of_the_user_are_obeyed(cluster):
    since(34, "kuberc")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/kuberc", "w", encoding="utf-8") as file:
            json.dump({"apiVersion": "kubectl.config.k8s.io/v1beta1", "kind": "Preference",
                       "aliases": [{"name": "spaces", "command": "get", "appendArgs": ["namespaces", "-o", "name"]}]}, file)
        expect(plainly(cluster, "spaces", "--kuberc=" + folder + "/kuberc", KUBECTL_KUBERC="true"), "^namespace/default$")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
