#!/usr/bin/env python3
"""Files that operators give the API server, under upstream's names: what they change, and that a wrong one stops the start with words."""
import http.client
import json
import os
import ssl
import sys
import tempfile

import suite
from cluster import Cluster, Node, free_address, until
from kube import expect, kubectl
from outside import Outside, authority, issue

POD = """
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s}
spec: {hostPID: true, containers: [{name: c, image: i}]}
"""
ADMISSION = """
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline, enforce-version: v1.30}
    exemptions: {namespaces: [free]}
"""


POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  userGroups: ["system:serviceaccounts", "system:nodes"]
- level: RequestResponse
  resources: [{group: "", resources: [configmaps]}]
- level: Metadata
  resources: [{group: "", resources: [secrets]}]
"""


def file_of(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def refused_words(*words):
    """What `troupe up` says of words that it does not start with."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node("n1", folder).start(*words)
        assert node.process.wait(20) == 1
        return node.last_words()


def refused(option, text):
    """The same of a file."""
    with tempfile.TemporaryDirectory() as folder:
        return refused_words("--" + option, file_of(folder, "file.yaml", text))


def test_what_is_wrong_with_a_file_stops_the_start():
    option = "admission-control-config-file"
    expect(refused(option, "kind: AdmissionConfiguration"), "wants apiVersion: apiserver.config.k8s.io/v1 and kind: AdmissionConfiguration")
    expect(refused(option, "\ta"), "file.yaml: ")
    expect(refused(option, ADMISSION.replace("plugins", "plugin")), 'unknown field "plugin"')
    expect(refused(option, ADMISSION.replace("PodSecurity\n", "Other\n")), "only PodSecurity, EventRateLimit and ImagePolicyWebhook are configured so")
    expect(refused(option, ADMISSION.replace("baseline", "tight")), 'defaults.enforce: Invalid value: "tight": must be one of')
    expect(refused(option, ADMISSION.replace("[free]", "[free, free]")), r'exemptions.namespaces\[1\]: Duplicate value: "free"')


def test_pods_are_held_to_the_default_but_in_namespaces_that_are_exempt():
    with tempfile.TemporaryDirectory() as folder:
        path = file_of(folder, "admission.yaml", ADMISSION)
        with Cluster(1, ("--admission-control-config-file", path)) as cluster:
            kubectl(cluster, "create", "namespace", "free")
            until(lambda: cluster.nodes[0].request("GET", "/api/v1/namespaces/free/serviceaccounts/default")[0] == 200, 20, "pods may be made")
            kubectl(cluster, "create", "-f", "-", stdin=POD % ("p", "free"), namespace="free")
            said = kubectl(cluster, "create", "-f", "-", stdin=POD % ("p", "default"), ok=False)
            expect(said, r'violates PodSecurity "baseline:v1.30": host namespaces \(hostPID=true\)')


def events(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file.read().splitlines()]


def test_requests_are_told_of_in_the_audit_log():
    with tempfile.TemporaryDirectory() as folder:
        policy, log = file_of(folder, "policy.yaml", POLICY), os.path.join(folder, "audit.log")
        with Cluster(1, ("--audit-policy-file", policy, "--audit-log-path", log, "--audit-log-maxbackup", "2")) as cluster:
            node = cluster.nodes[0]
            kubectl(cluster, "create", "configmap", "a", "--from-literal=k=v")
            kubectl(cluster, "create", "secret", "generic", "hidden", "--from-literal=k=word")
            assert node.request("GET", "/api/v1/namespaces/default/configmaps/a", headers={"X-Forwarded-For": "10.1.2.3", "Audit-ID": "mine"})[0] == 200
            found = events(log)  # each was written before its request was answered
            made = [event for event in found if event["verb"] == "create" and event["objectRef"]["resource"] == "configmaps"][-1]
            assert made["level"] == "RequestResponse" and made["stage"] == "ResponseComplete", made
            assert made["requestObject"]["data"] == {"k": "v"} and "managedFields" not in made["responseObject"]["metadata"], made
            assert made["responseStatus"]["code"] == 201 and made["user"]["groups"] == ["system:masters", "system:authenticated"], made
            assert made["annotations"]["authorization.k8s.io/decision"] == "allow", made
            seen = [event for event in found if event["auditID"] == "mine"]
            assert len(seen) == 1 and seen[0]["sourceIPs"][0] == "10.1.2.3" and len(seen[0]["sourceIPs"]) == 2, seen
            with open(log, encoding="utf-8") as file:
                assert "word" not in file.read() and not any("requestObject" in event for event in found if event["objectRef"]["resource"] == "secrets")


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: there
contexts: [{name: there, context: {cluster: hook, user: %s}}]
clusters: [{name: hook, cluster: {server: "%s", certificate-authority: ca.crt}}]
users: [{name: me, user: {token: x}}]
"""


def known_token(review):
    """A webhook that knows one token."""
    assert review["kind"] == "TokenReview" and review["apiVersion"] == "authentication.k8s.io/v1", review
    status = {"authenticated": False, "error": "who is that"}
    if review["spec"]["token"] == "good":
        status = {"authenticated": True, "user": {"username": "ann", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]}}}
    return {"apiVersion": review["apiVersion"], "kind": review["kind"], "status": status}


def may(review):
    """And one that lets ann read config maps, and denies her secrets."""
    spec = review["spec"]
    assert spec["user"] != "ann" or spec["groups"] == ["g", "system:authenticated"] and spec["extra"] == {"k": ["v"]}, spec
    asked = spec.get("resourceAttributes", {})
    status = {"allowed": spec["user"] == "ann" and asked.get("resource") == "configmaps" and asked.get("verb") == "get"}
    if asked.get("resource") == "secrets":
        status = {"allowed": False, "denied": True, "reason": "not even now"}
    return {"apiVersion": review["apiVersion"], "kind": review["kind"], "status": status}


def test_webhooks_know_tokens_and_say_what_users_may_do():
    with tempfile.TemporaryDirectory() as folder, Outside(folder, {"/tokens": known_token, "/rights": may}) as hook:
        place = "https://%s:%d" % (hook.address, hook.port)
        tokens = file_of(folder, "tokens.yaml", KUBECONFIG % ("none", place + "/tokens"))
        rights = file_of(folder, "rights.yaml", KUBECONFIG % ("none", place + "/rights"))
        expect(refused("authorization-webhook-config-file", KUBECONFIG % ("me", place)), "names a certificate or a token to show")
        expect(refused("authorization-webhook-config-file", KUBECONFIG % ("none", "http://x")), "wants a server that begins with https://")
        with Cluster(1, ("--authentication-token-webhook-config-file", tokens, "--authorization-webhook-config-file", rights)) as cluster:
            node = cluster.nodes[0]
            assert node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})[0] == 201
            context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")

            def ask(token, path):
                connection = http.client.HTTPSConnection(node.address, node.port, context=context, timeout=20)
                connection.request("GET", path, headers={"Authorization": "Bearer " + token})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            assert ask("good", "/api/v1/namespaces/default/configmaps/a")[0] == 200
            assert ask("bad", "/api/v1/namespaces/default/configmaps/a")[0] == 401
            assert ask("good", "/api/v1/namespaces/default/configmaps")[0] == 403
            expect(ask("good", "/api/v1/namespaces/default/secrets")[1], "not even now")
            seen = len([path for path, _ in hook.seen if path == "/tokens"])
            for _ in range(5):
                assert ask("good", "/api/v1/namespaces/default/configmaps/a")[0] == 200
            assert len([path for path, _ in hook.seen if path == "/tokens"]) == seen, "a good answer is kept"
            # The cluster's own are asked of nobody.
            assert not any(b"system:serviceaccount:kube-system" in body and b"configmaps" in body and b'"get"' in body for path, body in hook.seen if path == "/tokens")
        # Nobody is there: a stranger stays one, and the cluster goes on.
    with tempfile.TemporaryDirectory() as folder:
        with Outside(folder, {}) as hook:
            place = "https://%s:%d" % (hook.address, hook.port)
        tokens = file_of(folder, "tokens.yaml", KUBECONFIG % ("none", place))
        with Cluster(1, ("--authentication-token-webhook-config-file", tokens)) as cluster:
            assert cluster.nodes[0].request("GET", "/api")[0] == 200
            assert cluster.nodes[0].request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x"}})[1]["status"].get("authenticated") is not True


def test_who_shows_no_credential_is_refused_where_the_operator_says_so():
    config = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n%s"
    expect(refused("authentication-config", config % "anonymous: {enabled: false, conditions: [{path: /x}]}"), "enabled should be set to true when conditions are defined")

    def codes(cluster):
        node, found = cluster.nodes[0], []
        context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
        for path in ("/livez", "/readyz", "/version", "/livez/../version"):
            connection = http.client.HTTPSConnection(node.address, node.port, context=context, timeout=20)
            connection.request("GET", path)
            found.append(connection.getresponse().status)
        assert node.request("GET", "/version")[0] == 200
        return found
    with Cluster(1, ("--anonymous-auth", "false")) as cluster:
        assert codes(cluster) == [401] * 4, codes(cluster)
    with tempfile.TemporaryDirectory() as folder:
        path = file_of(folder, "authentication.yaml", config % "anonymous: {enabled: true, conditions: [{path: /livez}]}")
        with Cluster(1, ("--authentication-config", path)) as cluster:
            assert codes(cluster) == [200, 401, 401, 401], codes(cluster)


def test_secrets_of_their_type_are_bootstrap_tokens():
    def secret(name, kind="bootstrap.kubernetes.io/token", **data):
        return {"metadata": {"name": "bootstrap-token-" + name, "namespace": "kube-system"}, "type": kind, "stringData": {
            "token-id": name, "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true", **data}}
    with Cluster(1, ("--enable-bootstrap-token-auth",)) as cluster:
        node = cluster.nodes[0]
        context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")

        def who(token):
            connection = http.client.HTTPSConnection(node.address, node.port, context=context, timeout=20)
            connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            return answer.status, said.get("status", {}).get("userInfo") if answer.status == 201 else said
        made = (("aaaaaa", {"auth-extra-groups": "system:bootstrappers:a:b,system:bootstrappers:c"}, 201), ("aaaaab", {"expiration": "2020-01-01T00:00:00Z"}, 401),
                ("aaaaac", {"usage-bootstrap-authentication": "false"}, 401), ("aaaaad", {"auth-extra-groups": "system:masters"}, 401),
                ("aaaaae", {"token-id": "aaaaaa"}, 401), ("aaaaaf", {"expiration": "2999-01-01T00:00:00Z"}, 201), ("aaaaag", {"expiration": "soon"}, 401),
                ("aaaaah", {"kind": "Opaque"}, 401))
        for name, data, code in made:
            assert node.request("POST", "/api/v1/namespaces/kube-system/secrets", secret(name, **data))[0] == 201
            assert who(name + ".0123456789abcdef")[0] == code, name
        assert who("aaaaaa.0123456789abcdef")[1] == {"username": "system:bootstrap:aaaaaa", "groups": [
            "system:bootstrappers", "system:bootstrappers:a:b", "system:bootstrappers:c", "system:authenticated"]}
        for token in ("aaaaaa.0123456789abcdeg", "aaaaaa.0123456789abcde", "aaaaaa.", "zzzzzz.0123456789abcdef", "AAAAAA.0123456789abcdef", "aaaaaa.0123456789abcdef.x", "../aaa.0123456789abcdef"):
            assert who(token)[0] == 401, token
        assert node.request("DELETE", "/api/v1/namespaces/kube-system/secrets/bootstrap-token-aaaaaa")[0] == 200
        assert who("aaaaaa.0123456789abcdef")[0] == 401


def test_one_more_door_shows_a_certificate_of_others_and_knows_their_clients():
    with tempfile.TemporaryDirectory() as folder:
        served, clients = authority(folder, "served"), authority(folder, "clients")
        door = free_address()
        cert, key = issue(folder, served, "door", "IP:" + door)
        ann = issue(folder, clients, "ann", "DNS:ann")
        stranger = issue(folder, authority(folder, "nobody"), "stranger", "DNS:stranger")
        words = ("--door-listen", door + ":7443", "--door-cert-file", cert, "--door-key-file", key, "--door-client-ca-file", clients[0])
        expect(refused_words(*words[:4]), "--door-listen wants --door-key-file too")
        expect(refused_words(*words[2:]), "--door-cert-file wants --door-listen too")
        expect(refused_words(*words[:5], ann[1]), "door.crt: ")
        expect(refused_words("--door-listen", "x", *words[2:]), "--door-listen wants IP or IP:PORT")
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]

            def ask(path, shown=None):
                context = ssl.create_default_context(cafile=served[0])
                if shown is not None:
                    context.load_cert_chain(*shown)
                connection = http.client.HTTPSConnection(door, 7443, context=context, timeout=20)
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            review = "/api/v1/namespaces/default"
            assert ask("/readyz")[0] == 200
            assert ask(review)[0] == 403 and ask(review, stranger)[0] == 401, (ask(review), ask(review, stranger))
            code, said = ask(review, ann)
            assert code == 403 and 'User \\"ann\\"' in said, said
            assert ask(review, (node.folder + "/pki/admin.crt", node.folder + "/pki/admin.key"))[0] == 200
            # Whoever runs the machine has a door of his own: this is none of his.
            for path in ("/troupe/status", "/troupe/tree", "/troupe/past/", "/troupe/recovery/state"):
                assert ask(path, ann)[0] == 404, (path, ask(path, ann))
            assert node.request("GET", review)[0] == 200
            # Files that change count without a start: other clients' authority, then another certificate and its key, one after the other.
            os.makedirs(folder + "/new")
            others = authority(folder + "/new", "others")
            bob = issue(folder + "/new", others, "bob", "DNS:bob")
            os.replace(others[0], clients[0])
            until(lambda: ask(review, bob)[0] == 403, 20, "another authority counts")
            assert ask(review, ann)[0] == 401
            newer = issue(folder + "/new", served, "newer", "IP:" + door)

            def shown():
                return ssl.get_server_certificate((door, 7443))
            before = shown()
            os.replace(newer[0], cert)
            os.replace(newer[1], key)
            until(lambda: shown() != before, 30, "another certificate is shown")
            assert ask(review, bob)[0] == 403


def test_what_the_operator_goes_without_does_not_work():
    expect(refused_words("--disable-admission-plugins", "Account"), '"Account" is no plug-in of admission here')
    expect(refused_words("--controllers", "*,-deploy"), '"deploy" is no controller here')
    with Cluster(1, ("--controllers", "none", "--disable-admission-plugins", "ServiceAccount", "--pods", "none")) as cluster:
        kubectl(cluster, "create", "-f", "-", stdin=POD % ("p", "default"))  # though no account is there, and nobody makes one
        kubectl(cluster, "create", "deployment", "web", "--image=i")
        assert cluster.nodes[0].request("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 404
        assert kubectl(cluster, "get", "replicasets", "-o", "name") == ""
    with Cluster(1, ("--controllers", "*,-deployment-controller", "--pods", "none")) as cluster:
        until(lambda: cluster.nodes[0].request("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200, 20, "others work")
        until(lambda: cluster.nodes[0].status()["actors"]["failed"] == 0, 20, "no host for pods is missed")
        kubectl(cluster, "create", "deployment", "web", "--image=i")
        assert kubectl(cluster, "get", "replicasets", "-o", "name") == ""


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
