#!/usr/bin/env python3
"""Admission webhooks: programs of others are asked over HTTPS before anything is written, and their answers are believed no more than they must be."""
import base64
import json
import re
import sys
import threading
import time

import suite
from cluster import Failed, Skipped, until
from kube import expect, kubectl, warnings
from outside import Outside, huge, own_address

CONFIGS = "/apis/admissionregistration.k8s.io/v1/%swebhookconfigurations"


def review(asked, allowed=True, **more):
    return {"apiVersion": asked["apiVersion"], "kind": "AdmissionReview", "response": {"uid": asked["request"]["uid"], "allowed": allowed, **more}}


def patched(asked, *operations, **more):
    patch = base64.b64encode(json.dumps(list(operations)).encode()).decode()
    return review(asked, patch=patch, patchType="JSONPatch", **more)


def setting(key, value):
    """A webhook that writes data.key, and makes data where there is none."""
    def answer(asked):
        data = dict(asked["request"]["object"].get("data") or {}, **{key: value(asked) if callable(value) else value})
        return patched(asked, {"op": "add", "path": "/data", "value": data})
    return answer


def hook(name, client, resources=("configmaps",), operations=("*",), **more):
    rule = {"apiGroups": [more.pop("group", "")], "apiVersions": [more.pop("version", "v1")], "operations": list(operations), "resources": list(resources)}
    return {"name": name + ".example.com", "clientConfig": client, "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchLabels": {"hooks": "yes"}}, "timeoutSeconds": 5, **more}


class Hooked:
    """Configurations that are there for the time of a block."""

    def __init__(self, cluster, **kinds):
        self.node, self.kinds, self.made = cluster.living()[0], kinds, []

    def __enter__(self):
        for kind, hooks in self.kinds.items():
            for number, one in enumerate(hooks):
                name = "%s-%d" % (one["name"].split(".")[0], number)
                body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind.capitalize() + "WebhookConfiguration", "metadata": {"name": name},
                        "webhooks": [one]}
                code, said = self.node.request("POST", CONFIGS % kind, body)
                if code != 201:
                    self.__exit__()
                    raise Failed(said)
                self.made.append((kind, name))
        return self

    def __exit__(self, *_):
        for kind, name in self.made:
            self.node.request("DELETE", CONFIGS % kind + "/" + name)


def space(cluster):
    if cluster.kubectl("get", "namespace", "hooked", ok=None).returncode:
        kubectl(cluster, "create", "namespace", "hooked")
        kubectl(cluster, "label", "namespace", "hooked", "hooks=yes")
    return "/api/v1/namespaces/hooked/configmaps"


def make(cluster, name, data=None, query=""):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {}}
    return cluster.living()[0].request("POST", space(cluster) + query, body)


def drop(cluster, *names):
    for name in names:
        cluster.living()[0].request("DELETE", space(cluster) + "/" + name)


def opened(paths, **more):
    return Outside(None, paths, **more)


def test_objects_are_changed_one_webhook_after_the_other_and_then_judged(cluster):
    paths = {"/one": setting("one", "1"), "/two": setting("two", lambda asked: str(len(asked["request"]["object"]["data"]))),
             "/judge": lambda asked: review(asked, warnings=["looked at"], auditAnnotations={"a": "b"})}
    with opened(paths) as server:
        with Hooked(cluster, mutating=[hook("a", server.client("/one")), hook("b", server.client("/two"))], validating=[hook("j", server.client("/judge"))]):
            said = warnings(cluster, "create", "configmap", "changed", "--from-literal=x=y", namespace="hooked") if space(cluster) else ""
            assert said == "Warning: looked at", said
            code, found = cluster.living()[0].request("GET", space(cluster) + "/changed")
            assert found["data"] == {"x": "y", "one": "1", "two": "2"}, found
            path, body = next(one for one in server.seen if one[0].startswith("/one"))
            assert path == "/one?timeout=5s", path
            request = json.loads(body)["request"]
            assert request["kind"] == {"group": "", "version": "v1", "kind": "ConfigMap"} == request["requestKind"], request
            assert request["resource"] == {"group": "", "version": "v1", "resource": "configmaps"} == request["requestResource"], request
            assert (request["operation"], request["name"], request["namespace"], request["dryRun"]) == ("CREATE", "changed", "hooked", False), request
            assert request["oldObject"] is None and request["object"]["kind"] == "ConfigMap" and request["object"]["apiVersion"] == "v1", request
            assert request["userInfo"]["username"] and "system:masters" in request["userInfo"]["groups"], request
            assert request["options"]["kind"] == "CreateOptions" and request["options"]["apiVersion"] == "meta.k8s.io/v1", request
            assert request["options"]["fieldManager"] == "kubectl-create", request
            judged = json.loads(next(one for one in server.seen if one[0].startswith("/judge"))[1])["request"]["object"]
            assert judged["metadata"]["uid"] and judged["data"] == found["data"], judged
            drop(cluster, "changed")


def test_a_denial_is_worded_as_upstream_words_it(cluster):
    paths = {"/bare": lambda asked: review(asked, False),
             "/words": lambda asked: review(asked, False, status={"code": 403, "message": "not today", "reason": "Forbidden", "details": {"causes": [{"field": "a", "message": "b", "reason": "c"}]}}),
             "/reason": lambda asked: review(asked, False, status={"code": 200, "reason": "Teapot"}, warnings=["careful"])}
    expected = {"/bare": (400, 'admission webhook "d.example.com" denied the request without explanation', None),
                "/words": (403, 'admission webhook "d.example.com" denied the request: not today', "Forbidden"),
                "/reason": (400, 'admission webhook "d.example.com" denied the request: Teapot', "Teapot")}
    with opened(paths) as server:
        for kind in ("validating", "mutating"):
            for path, (code, message, reason) in expected.items():
                with Hooked(cluster, **{kind: [hook("d", server.client(path))]}):
                    got, said = make(cluster, "denied")
                    assert (got, said["message"], said.get("reason")) == (code, message, reason), said
                    assert said["status"] == "Failure" and said["code"] == code, said
                    if path == "/words":
                        assert said["details"]["causes"] == [{"field": "a", "message": "b", "reason": "c"}], said
        with Hooked(cluster, validating=[hook("d", server.client("/reason"))]):
            said = cluster.kubectl("-n", "hooked", "create", "configmap", "denied", ok=False).stderr
            expect(said, "Warning: careful", re.escape('admission webhook "d.example.com" denied the request: Teapot'))


def test_updates_deletions_and_subresources_are_asked_about(cluster):
    asked_of = []

    def judge(asked):
        request = asked["request"]
        asked_of.append((request["operation"], request.get("subResource", ""), request["kind"]["kind"], request["object"] is not None,
                         request["oldObject"] is not None, request["options"]["kind"]))
        return review(asked, "keep" not in (request.get("oldObject") or {}).get("metadata", {}).get("labels", {}) or request["operation"] != "DELETE")
    with opened({"/": judge}) as server:
        space(cluster)
        rules = hook("j", server.client("/"), resources=("configmaps", "pods/eviction", "serviceaccounts/token"))
        rules["rules"].append({"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments/scale"]})
        kubectl(cluster, "create", "deployment", "web", "--image=x", namespace="hooked")
        with Hooked(cluster, validating=[rules]):
            make(cluster, "one")
            kubectl(cluster, "label", "configmap", "one", "keep=yes", namespace="hooked")
            said = kubectl(cluster, "delete", "configmap", "one", namespace="hooked", ok=False)
            expect(said, "denied the request without explanation")
            kubectl(cluster, "label", "configmap", "one", "keep-", namespace="hooked")
            kubectl(cluster, "delete", "configmap", "one", namespace="hooked")
            kubectl(cluster, "scale", "deployment", "web", "--replicas=2", namespace="hooked")
            kubectl(cluster, "delete", "configmap", "--all", namespace="hooked")
        kubectl(cluster, "delete", "deployment", "web", namespace="hooked")
    assert ("CREATE", "", "ConfigMap", True, False, "CreateOptions") in asked_of, asked_of
    assert ("UPDATE", "", "ConfigMap", True, True, "UpdateOptions") in asked_of, asked_of
    assert ("DELETE", "", "ConfigMap", False, True, "DeleteOptions") in asked_of, asked_of
    assert ("UPDATE", "scale", "Scale", True, True, "UpdateOptions") in asked_of, asked_of


def test_a_scale_and_a_line_into_a_pod_are_asked_about_as_what_they_are(cluster):
    asked_of = []

    def most(asked):
        asked_of.append(asked["request"])
        return patched(asked, {"op": "replace", "path": "/spec/replicas", "value": min(3, asked["request"]["object"]["spec"]["replicas"])})

    def no_shell(asked):
        asked_of.append(asked["request"])
        return review(asked, asked["request"]["object"].get("command") != ["sh"], status={"message": "no shells"})
    with opened({"/most": most, "/shell": no_shell}) as server:
        space(cluster)
        kubectl(cluster, "create", "deployment", "web", "--image=x", "--replicas=1", namespace="hooked")
        scales = hook("m", server.client("/most"), resources=("deployments/scale",), operations=("UPDATE",), group="apps")
        lines = hook("c", server.client("/shell"), resources=("pods/exec",), operations=("CONNECT",))
        with Hooked(cluster, mutating=[scales], validating=[lines]):
            kubectl(cluster, "scale", "deployment", "web", "--replicas=9", namespace="hooked")
            expect(kubectl(cluster, "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}", namespace="hooked"), "^3$")
            kind = asked_of[0]["kind"]
            assert (kind["group"], kind["kind"], asked_of[0]["oldObject"]["spec"]["replicas"]) == ("autoscaling", "Scale", 1), asked_of[0]
            code, said = cluster.living()[0].request("POST", "/api/v1/namespaces/hooked/pods/web/exec?command=sh&stdout=true")
            assert code == 400 and said["message"] == 'admission webhook "c.example.com" denied the request: no shells', said
            assert (asked_of[-1]["operation"], asked_of[-1]["kind"]["kind"], asked_of[-1]["subResource"]) == ("CONNECT", "PodExecOptions", "exec"), asked_of[-1]
            code, said = cluster.living()[0].request("POST", "/api/v1/namespaces/hooked/pods/web/exec?command=ls")
            assert code == 404, said
        kubectl(cluster, "delete", "deployment", "web", namespace="hooked")


def test_who_wants_to_hear_of_later_changes_is_asked_once_more(cluster):
    def count(asked):
        data = asked["request"]["object"].get("data") or {}
        return patched(asked, {"op": "add", "path": "/data", "value": dict(data, asked=str(int(data.get("asked", "0")) + 1))})
    paths = {"/count": count, "/late": setting("late", "yes")}
    with opened(paths) as server:
        for policy, again in (("IfNeeded", "2"), ("Never", "1")):
            with Hooked(cluster, mutating=[hook("a", server.client("/count"), operations=("CREATE",), reinvocationPolicy=policy),
                                             hook("b", server.client("/late"), operations=("CREATE",))]):
                code, said = make(cluster, "again")
                assert code == 201 and said["data"] == {"asked": again, "late": "yes"}, said
                drop(cluster, "again")
        # Nothing has changed after its turn: no second question.
        with Hooked(cluster, mutating=[hook("a", server.client("/count"), operations=("CREATE",), reinvocationPolicy="IfNeeded")]):
            code, said = make(cluster, "again")
            assert said["data"] == {"asked": "1"}, said
            drop(cluster, "again")


def test_only_what_matches_is_asked_about(cluster):
    with opened({"/": lambda asked: review(asked, False)}) as server:
        client, node = server.client("/"), cluster.living()[0]
        passed_over = [
            hook("a", client, namespaceSelector={"matchLabels": {"hooks": "no"}}),
            hook("b", client, objectSelector={"matchLabels": {"app": "x"}}),
            hook("c", client, operations=("UPDATE",)),
            hook("d", client, resources=("secrets", "configmaps/status")),
            hook("e", client, group="apps"),
            hook("f", client, matchConditions=[{"name": "not", "expression": "object.metadata.name != 'quiet'"}]),
            hook("g", client, matchConditions=[{"name": "no", "expression": "object.nothing == 1"}, {"name": "not", "expression": "false"}]),
            hook("h", client, matchConditions=[{"name": "no", "expression": "object.nothing == 1"}], failurePolicy="Ignore"),
        ]
        scoped = hook("s", client)
        scoped["rules"][0]["scope"] = "Cluster"
        with Hooked(cluster, validating=passed_over + [scoped]):
            code, said = make(cluster, "quiet")
            assert code == 201 and not server.seen, said
            drop(cluster, "quiet")
        with Hooked(cluster, validating=[hook("f", client, matchConditions=[{"name": "no", "expression": "object.nothing == 1"}])]):
            code, said = make(cluster, "loud")
            assert code == 403 and not server.seen, said
            expect(said["message"], re.escape("configmaps \"loud\" is forbidden: expression 'object.nothing == 1' resulted in error: no such key: nothing"))
        everything = {"name": "all.example.com", "clientConfig": client, "sideEffects": "None", "admissionReviewVersions": ["v1"],
                      "rules": [{"apiGroups": ["admissionregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io"], "apiVersions": ["*"],
                                 "operations": ["*"], "resources": ["*/*"]}]}
        with Hooked(cluster, mutating=[everything], validating=[everything]):
            body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}}
            code, said = node.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
            assert code == 201, said
        assert not server.seen, server.seen


def test_another_version_of_what_is_written_matches_too(cluster):
    with opened({"/": lambda asked: review(asked, False, status={"message": json.dumps([asked["request"][name] for name in
                 ("kind", "requestKind", "resource", "requestResource")] + [asked["request"]["object"]["apiVersion"], asked["request"]["object"]["spec"]])})}) as server:
        space(cluster)
        scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
                  "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}}
        path = "/apis/autoscaling/v2/namespaces/hooked/horizontalpodautoscalers"
        with Hooked(cluster, validating=[hook("v", server.client("/"), resources=("horizontalpodautoscalers",), group="autoscaling", matchPolicy="Exact")]):
            code, said = cluster.living()[0].request("POST", path + "?dryRun=All", scaler)
            assert code == 201, said
        with Hooked(cluster, validating=[hook("v", server.client("/"), resources=("horizontalpodautoscalers",), group="autoscaling")]):
            code, said = cluster.living()[0].request("POST", path, scaler)
            assert code == 400, said
            kind, asked_kind, resource, asked_resource, version, spec = json.loads(said["message"].split(": ", 1)[1])
            assert (kind["version"], asked_kind["version"], resource["version"], asked_resource["version"], version) == ("v1", "v2", "v1", "v2", "autoscaling/v1"), said
            assert spec["maxReplicas"] == 3, spec


def test_a_dry_run_is_only_for_who_has_no_side_effects(cluster):
    with opened({"/": review}) as server:
        with Hooked(cluster, validating=[hook("d", server.client("/"), sideEffects="NoneOnDryRun")]):
            code, said = make(cluster, "dry", query="?dryRun=All")
            assert code == 201 and json.loads(server.seen[0][1])["request"]["dryRun"] is True, said
            assert json.loads(server.seen[0][1])["request"]["options"]["dryRun"] == ["All"], server.seen


def test_a_webhook_that_fails_is_what_its_policy_says(cluster):
    def slow(asked):
        time.sleep(3)
        return review(asked)

    def drip(_):
        def write(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "10000")
            handler.end_headers()
            try:
                for _ in range(100):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                    time.sleep(0.2)
            except OSError:
                pass
        return write

    def cut(_):
        return lambda handler: (handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), handler.wfile.flush(), handler.connection.close())

    def as_uid(uid):
        return lambda asked: {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": uid, "allowed": True}}

    post = re.escape('Post "https://127.0.0.1:') + r"\d+/%s\?timeout=1s" + '": '
    cases = {
        "slow": (slow, "failed to call webhook: " + post % "slow" + "context deadline exceeded$"),
        "drip": (drip, "failed to call webhook: " + post % "drip" + "context deadline exceeded$"),
        "huge": (huge, "failed to call webhook: " + post % "huge" + "the answer is larger than the limit$"),
        "cut": (cut, "failed to call webhook: " + post % "cut"),
        "none": (lambda _: (404, "?"), "failed to call webhook: the server could not find the requested resource$"),
        "broken": (lambda _: (500, "out of order"), re.escape('failed to call webhook: an error on the server ("out of order") has prevented the request from succeeding') + "$"),
        "moved": (lambda _: (302, "", [("Location", "https://127.0.0.1:1/")]), "failed to call webhook: the server responded with the status code 302 but did not return more information$"),
        "garbage": (lambda _: (200, "<html>"), "received invalid webhook response: couldn't get version/kind; json parse error: invalid character '<'"),
        "deep": (lambda _: (200, "[" * 5000 + "]" * 5000), "received invalid webhook response: "),
        "empty": (lambda _: (200, ""), "failed to call webhook: 0-length response with status code: 200"),
        "absent": (lambda _: (200, "{}"), "received invalid webhook response: webhook response was absent$"),
        "uid": (as_uid("another"), 'received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "another"$'),
        "kind": (lambda asked: {**review(asked), "apiVersion": "v1"}, re.escape("received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /v1, Kind=AdmissionReview") + "$"),
        "type": (lambda asked: review(asked, allowed="yes"), "received invalid webhook response: "),
    }
    mutating = {
        "untyped": (lambda asked: review(asked, patch="W10="), "received invalid webhook response: webhook returned response.patch but not response.patchType$"),
        "merge": (lambda asked: review(asked, patch="W10=", patchType="Merge"), 'unsupported patch type "Merge"$'),
        "nopatch": (lambda asked: review(asked, patchType="JSONPatch"), "webhook returned response.patchType but not response.patch$"),
        "nojson": (lambda asked: review(asked, patchType="JSONPatch", patch="e30="), "received undecodable patch in webhook response: "),
    }
    judging = {"patch": (lambda asked: review(asked, patch="W10=", patchType="JSONPatch"), "validating webhook may not return response.patch$")}
    with opened({"/" + name: answer for name, (answer, _) in {**cases, **mutating, **judging}.items()}) as server:
        space(cluster)
        for kind, table in (("validating", {**cases, **judging}), ("mutating", {**cases, **mutating})):
            for name, (_, words) in table.items():
                client = server.client("/" + name)
                with Hooked(cluster, **{kind: [hook("f", client, timeoutSeconds=1)]}):
                    begin = time.monotonic()
                    code, said = make(cluster, "failing")
                    assert code == 500 and said["reason"] == "InternalError", (name, said)
                    expect(said["message"], re.escape('Internal error occurred: failed calling webhook "f.example.com": ') + ".*" + words)
                    assert time.monotonic() - begin < 3, name
                if name in ("slow", "uid", "garbage", "nojson"):
                    with Hooked(cluster, **{kind: [hook("f", client, timeoutSeconds=1, failurePolicy="Ignore")]}):
                        code, said = make(cluster, "failing")
                        assert code == 201, (name, said)
                        drop(cluster, "failing")


def test_a_patch_that_does_not_fit_is_an_error_whatever_the_policy(cluster):
    paths = {"/path": lambda asked: patched(asked, {"op": "remove", "path": "/data/none"}),
             "/type": lambda asked: patched(asked, {"op": "add", "path": "/data", "value": "text"}),
             "/gone": lambda asked: patched(asked, {"op": "add", "path": "/x", "value": 1}),
             "/bad": lambda asked: patched(asked, {"op": "add", "path": "/metadata/labels", "value": {"-": "not a label!"}})}
    with opened(paths) as server:
        space(cluster)
        for path in ("/path", "/type"):
            with Hooked(cluster, mutating=[hook("p", server.client(path), failurePolicy="Ignore")]):
                code, said = make(cluster, "patched", {"a": "b"})
                assert code == 500 and said["reason"] == "InternalError", said
        make(cluster, "patched")
        with Hooked(cluster, mutating=[hook("p", server.client("/gone"), operations=("DELETE",))]):
            code, said = cluster.living()[0].request("DELETE", space(cluster) + "/patched")
            assert code == 500, said
            expect(said["message"], re.escape('admission webhook "p.example.com" attempted to modify the object, which is not supported for this operation'))
        with Hooked(cluster, mutating=[hook("p", server.client("/bad"))]):
            code, said = make(cluster, "labelled")
            assert code == 422, said
        drop(cluster, "patched")


def test_who_answers_has_to_be_who_is_meant(cluster):
    with opened({"/": review}) as server, opened({"/": review}) as other:
        space(cluster)
        wrong = {"other authority": dict(server.client("/"), caBundle=other.bundle), "other name": server.client("/", host="localhost.")}
        for what, client in wrong.items():
            with Hooked(cluster, validating=[hook("t", client)]):
                code, said = make(cluster, "trusted")
                assert code == 500, (what, said)
                expect(said["message"], 'failed to call webhook: Post "https://[^"]*": ')
        with Hooked(cluster, validating=[hook("t", dict(server.client("/"), caBundle=base64.b64encode(b"no certificate").decode()))]):
            code, said = make(cluster, "trusted")
            assert code == 500 and "could not get REST client: " in said["message"], said
        dead = server.client("/")
        dead["url"] = "https://127.0.0.1:1/"
        with Hooked(cluster, validating=[hook("t", dead)]):
            code, said = make(cluster, "trusted")
            assert code == 500 and 'Post "https://127.0.0.1:1/?timeout=5s": ' in said["message"], said
        assert not server.seen and not other.seen


def test_a_path_is_asked_for_as_upstreams_client_writes_it(cluster):
    ways = {"//hook": "/hook", "/hook/": "/hook", "/a/./b//c": "/a/b/c", "/a/../hook": "/hook", "/../..": "/", "//": "/", "": "/"}
    with opened({path: review for path in ways.values()}) as server:
        space(cluster)
        for number, (way, path) in enumerate(ways.items()):
            with Hooked(cluster, validating=[hook("p", dict(server.client("/"), url="https://%s:%d%s" % (server.address, server.port, way)))]):
                code, said = make(cluster, "way-%d" % number)
            assert code == 201 and server.seen[-1][0] == path + "?timeout=5s", (way, said, server.seen[-1][0])


def test_a_service_leads_to_one_of_its_endpoints(cluster):
    address = own_address()
    if address is None:
        raise Skipped("this machine has no address but loopback ones")
    with opened({"/hook": review}, names="DNS:hook.hooked.svc", address=address) as server:
        space(cluster)
        client = {"service": {"namespace": "hooked", "name": "hook", "path": "/hook", "port": 8443}, "caBundle": server.bundle}
        node = cluster.living()[0]
        with Hooked(cluster, validating=[hook("s", client)]):
            code, said = make(cluster, "served")
            expect(said["message"], re.escape('failed to call webhook: Post "https://hook.hooked.svc:8443/hook?timeout=5s": service "hook" not found'))
            code, said = node.request("POST", "/api/v1/namespaces/hooked/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"},
                                      "spec": {"ports": [{"name": "https", "port": 8443}]}})
            assert code == 201, said
            code, said = make(cluster, "served")
            expect(said["message"], re.escape('no endpoints available for service "hook"'))
            slices = "/apis/discovery.k8s.io/v1/namespaces/hooked/endpointslices"
            code, said = node.request("POST", slices, {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                                      "metadata": {"name": "hook-1", "labels": {"kubernetes.io/service-name": "hook"}}, "ports": [{"name": "https", "port": server.port}],
                                      "endpoints": [{"addresses": [address]}, {"addresses": ["192.0.2.7"], "conditions": {"ready": False}}]})
            assert code == 201, said
            for number in range(5):
                code, said = make(cluster, "served-%d" % number)
                assert code == 201, said
            assert server.connections == 1, server.connections
            assert {path for path, _ in server.seen} == {"/hook?timeout=5s"}, server.seen
        drop(cluster, *["served-%d" % number for number in range(5)])
        node.request("DELETE", "/api/v1/namespaces/hooked/services/hook")
        node.request("DELETE", slices + "/hook-1")


def test_nobody_waits_for_a_webhook_that_is_not_theirs(cluster):
    def slow(asked):
        time.sleep(2)
        return review(asked)
    with opened({"/": slow}) as server:
        space(cluster)
        with Hooked(cluster, validating=[hook(letter, server.client("/")) for letter in "abcd"]):
            begin = time.monotonic()
            waiting = threading.Thread(target=make, args=(cluster, "waiting"))
            waiting.start()
            until(lambda: len(server.seen) == 4, 3, "all four are asked at once")
            asked = time.monotonic()
            code, said = cluster.living()[0].request("POST", "/api/v1/namespaces/default/configmaps?dryRun=All",
                                                     {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "quick"}})
            assert code == 201 and time.monotonic() - asked < 1, said
            waiting.join()
            assert time.monotonic() - begin < 6
        drop(cluster, "waiting")


def test_a_request_that_is_given_up_leaves_its_webhooks(cluster):
    def slow(asked):
        time.sleep(1)
        return review(asked)
    with opened({"/": slow}) as server:
        space(cluster)
        with Hooked(cluster, mutating=[hook("g", server.client("/"), timeoutSeconds=30)]):
            code, said = make(cluster, "given-up", query="?timeout=300ms")
            assert code in (500, 504), said
            code, said = make(cluster, "given-up")
            assert code == 201, said
        drop(cluster, "given-up")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
