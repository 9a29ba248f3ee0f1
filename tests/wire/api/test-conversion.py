#!/usr/bin/env python3
"""Conversion of custom resources by a webhook: kept in one version, read, written and watched in others."""
import base64
import copy
import json
import re
import sys
import threading
import time

import suite
from cluster import until
from kube import ended, expect, kubectl, lines_until, started
from outside import Outside, huge

GROUP = "conv.example.com"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PARTS = {"v1": {"hostPort": {"type": "string"}}, "v2": {"host": {"type": "string"}, "port": {"type": "string"}}}


def version(name, storage):
    return {"name": name, "served": True, "storage": storage, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                                                            **PARTS[name], "size": {"type": "integer"}}}}}


def definition(plural, client, storage="v1"):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": plural + "." + GROUP},
            "spec": {"group": GROUP, "scope": "Namespaced", "names": {"plural": plural, "kind": plural[:-1].capitalize()},
                     "versions": [version("v1", storage == "v1"), version("v2", storage == "v2")],
                     "conversion": {"strategy": "Webhook", "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]}}}}


def converted(one, to):
    out = copy.deepcopy(one)
    out["apiVersion"] = to
    if to.endswith("/v2") and "hostPort" in out:
        out["host"], out["port"] = out.pop("hostPort").split(":")
    elif to.endswith("/v1") and "host" in out:
        out["hostPort"] = out.pop("host") + ":" + out.pop("port")
    return out


def answer(asked, objects=None, **result):
    request = asked["request"]
    if objects is None:
        objects = [converted(one, request["desiredAPIVersion"]) for one in request["objects"]]
    return {"apiVersion": asked["apiVersion"], "kind": "ConversionReview",
            "response": {"uid": request["uid"], "convertedObjects": objects, "result": {"status": "Success", **result}}}


class Defined:
    def __init__(self, cluster, plural, give=answer, storage="v1"):
        self.node, self.plural = cluster.living()[0], plural
        self.server = Outside(None, {"/convert": give})
        self.storage = storage

    def __enter__(self):
        self.server.__enter__()
        code, said = self.node.request("POST", CRDS, definition(self.plural, self.server.client("/convert"), self.storage))
        assert code == 201, said
        until(lambda: self.node.request("GET", self.path("v2"))[0] == 200 and self.node.request("GET", self.path("v1"))[0] == 200, 10, "it is served")
        return self

    def __exit__(self, *_):
        self.node.request("DELETE", CRDS + "/" + self.plural + "." + GROUP)
        self.server.__exit__()

    def path(self, version, name=""):
        return "/apis/%s/%s/namespaces/default/%s%s" % (GROUP, version, self.plural, "/" + name if name else "")

    def body(self, version, name, **members):
        return {"apiVersion": GROUP + "/" + version, "kind": self.plural[:-1].capitalize(), "metadata": {"name": name}, **members}

    def ask(self, method, version, name="", body=None, query="", **more):
        return self.node.request(method, self.path(version, name) + query, body, **more)

    def count(self):
        return len(self.server.seen)


def test_what_is_written_in_one_version_is_read_in_the_other(cluster):
    with Defined(cluster, "roads") as kind:
        code, said = kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        assert code == 201 and said["hostPort"] == "h:1" and kind.count() == 0, said
        code, said = kind.ask("POST", "v2", body=kind.body("v2", "b", host="g", port="2"))
        assert code == 201 and (said["host"], said["port"], said["apiVersion"]) == ("g", "2", GROUP + "/v2"), said
        code, said = kind.ask("GET", "v2", "a")
        assert code == 200 and (said["host"], said["port"]) == ("h", "1") and "hostPort" not in said, said
        code, said = kind.ask("GET", "v1", "b")
        assert code == 200 and said["hostPort"] == "g:2", said
        path, body = kind.server.seen[-1]
        review = json.loads(kind.server.seen[0][1])
        assert kind.server.seen[0][0] == "/convert?timeout=30s", kind.server.seen[0][0]
        assert (review["kind"], review["apiVersion"]) == ("ConversionReview", "apiextensions.k8s.io/v1"), review
        assert review["request"]["desiredAPIVersion"] == GROUP + "/v1" and review["request"]["objects"][0]["host"] == "g", review
        for version, names in (("v1", ["h:1", "g:2"]), ("v2", ["h", "g"])):
            code, said = kind.ask("GET", version)
            assert [one.get("hostPort", one.get("host")) for one in said["items"]] == names, said
            assert {one["apiVersion"] for one in said["items"]} == {GROUP + "/" + version}, said
        expect(kubectl(cluster, "get", "roads.v2." + GROUP, "-o", "jsonpath={.items[*].port}"), "^1 2$")
        expect(kubectl(cluster, "get", "roads"), "^a ", "^b ")


def test_changes_go_through_the_version_that_they_name(cluster):
    with Defined(cluster, "rails") as kind:
        kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        code, said = kind.ask("GET", "v2", "a")
        said["port"] = "7"
        code, said = kind.ask("PUT", "v2", "a", said)
        assert code == 200 and said["port"] == "7", said
        assert kind.ask("GET", "v1", "a")[1]["hostPort"] == "h:7"
        version = said["metadata"]["resourceVersion"]
        code, said = kind.ask("PUT", "v2", "a", said)
        assert code == 200 and said["metadata"]["resourceVersion"] == version, "nothing has changed: %s" % said
        code, said = kind.ask("PATCH", "v2", "a", {"host": "k"}, content_type="application/merge-patch+json")
        assert code == 200 and said["host"] == "k", said
        code, said = kind.ask("PATCH", "v2", "a", kind.body("v2", "a", size=3), query="?fieldManager=m&force=true", content_type="application/apply-patch+yaml")
        assert code == 200 and said["size"] == 3, said
        code, said = kind.ask("PUT", "v2", "a/status", dict(said, status={"ready": True}))
        assert code == 200 and said["status"] == {"ready": True}, said
        code, said = kind.ask("GET", "v1", "a")
        assert (said["hostPort"], said["size"], said["status"]) == ("k:7", 3, {"ready": True}), said
        assert said["metadata"]["labels"] if "labels" in said["metadata"] else True
        code, said = kind.ask("DELETE", "v2", "a")
        assert code == 200 and kind.ask("GET", "v1", "a")[0] == 404, said


def test_objects_are_watched_in_either_version(cluster):
    with Defined(cluster, "ropes") as kind:
        for number in range(70):
            kind.ask("POST", "v1", body=kind.body("v1", "r%02d" % number, hostPort="h:%d" % number))
        asked = kind.count()
        watches = [started(cluster, "get", "ropes.v2." + GROUP, "-w", "-o", "custom-columns=N:.metadata.name,P:.port", "--no-headers") for _ in range(3)]
        try:
            for watch in watches:
                lines_until(watch, r"^r69 +69$")
            assert kind.count() - asked <= 12, "%d calls for 70 objects" % (kind.count() - asked)
            asked = kind.count()
            kind.ask("PATCH", "v1", "r00", {"hostPort": "h:changed"}, content_type="application/merge-patch+json")
            for watch in watches:
                lines_until(watch, r"^r00 +changed$")
            assert kind.count() - asked <= 2, "%d calls for one event" % (kind.count() - asked)
        finally:
            for watch in watches:
                ended(watch)


def test_what_is_kept_in_an_older_version_is_read_and_moves_when_it_is_written(cluster):
    with Defined(cluster, "posts") as kind:
        kind.ask("POST", "v1", body=kind.body("v1", "old", hostPort="h:1"))
        code, crd = kind.node.request("GET", CRDS + "/posts." + GROUP)
        for one in crd["spec"]["versions"]:
            one["storage"] = one["name"] == "v2"
        code, said = kind.node.request("PUT", CRDS + "/posts." + GROUP, crd)
        assert code == 200 and said["status"]["storedVersions"] == ["v1", "v2"], said
        until(lambda: kind.ask("GET", "v2", "old")[1].get("host") == "h", 10, "the older form is converted")
        kind.ask("POST", "v2", body=kind.body("v2", "new", host="g", port="2"))
        for version, names in (("v1", ["g:2", "h:1"]), ("v2", ["g", "h"])):
            code, said = kind.ask("GET", version)
            assert [one.get("hostPort", one.get("host")) for one in said["items"]] == names, said
        asked = kind.count()
        code, said = kind.ask("GET", "v1", "old")
        assert said["hostPort"] == "h:1" and kind.count() == asked, "it is of that version already"
        before = said["metadata"]["resourceVersion"]
        code, said = kind.ask("PUT", "v1", "old", said)
        assert code == 200 and said["metadata"]["resourceVersion"] != before, "it is written anew: %s" % said
        asked = kind.count()
        assert kind.ask("GET", "v2", "old")[1]["host"] == "h" and kind.count() == asked, "it is kept in v2 now"
        code, said = kind.ask("DELETE", "v1")
        assert code == 200, said
        assert kind.ask("GET", "v2")[1]["items"] == []


def test_a_conversion_that_fails_is_told_in_upstreams_words(cluster):
    mode = {}

    def give(asked):
        return mode["give"](asked) if "give" in mode else answer(asked)

    def changed(**members):
        def make(asked):
            said = answer(asked)
            for one in said["response"]["convertedObjects"]:
                one.update(members)
            return said
        return make

    def renamed(asked):
        said = answer(asked)
        said["response"]["convertedObjects"][0]["metadata"]["name"] = "other"
        return said

    def labelled(asked):
        said = answer(asked)
        said["response"]["convertedObjects"][0]["metadata"]["labels"] = {"a b": "c"}
        return said

    failed = "conversion webhook for %s/v1, Kind=Pile failed: " % GROUP
    invalid = "conversion webhook for %s/v1, Kind=Pile returned invalid object at index 0: " % GROUP
    cases = [
        (lambda asked: (500, "?"), re.escape(failed + 'an error on the server ("?") has prevented the request from succeeding')),
        (lambda asked: (302, "", [("Location", "/")]), re.escape(failed + "the server responded with the status code 302")),
        (lambda asked: (200, "<html>"), re.escape(failed + "couldn't get version/kind; json parse error")),
        (lambda asked: (200, "{}"), re.escape(failed)),
        (lambda asked: {**answer(asked), "apiVersion": "v7"}, re.escape(failed + "expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ")),
        (lambda asked: {**answer(asked), "response": dict(answer(asked)["response"], uid="x")}, re.escape(failed) + 'expected response.uid="[0-9a-f-]+", got "x"'),
        (lambda asked: answer(asked, [], status="Failed", message="I cannot"), re.escape(failed + "I cannot") + "$"),
        (lambda asked: answer(asked, [], status="Failed"), re.escape(failed + "response.result.status was 'Failed', not 'Success'") + "$"),
        (lambda asked: answer(asked, []), re.escape("conversion webhook for %s/v1, Kind=Pile returned 0 objects, expected 1" % GROUP)),
        (changed(apiVersion=GROUP + "/v1"), re.escape(invalid + "invalid groupVersion (expected %s/v2, received %s/v1)" % (GROUP, GROUP))),
        (changed(kind="Other"), re.escape(invalid + "invalid kind (expected Pile, received Other)")),
        (changed(metadata=None), re.escape(invalid)),
        (renamed, re.escape(invalid + "must have the same name: a != other")),
        (labelled, re.escape(invalid + "metadata.labels: Invalid value: ")),
        (lambda asked: huge(asked, 200 << 20), re.escape(failed) + 'Post "https://[^"]*/convert\\?timeout=30s": the answer is larger than the limit'),
    ]
    with Defined(cluster, "piles", give) as kind:
        code, said = kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        assert code == 201, said
        for give_wrong, words in cases:
            mode["give"] = give_wrong
            code, said = kind.ask("GET", "v2", "a")
            assert code == 500 and not said.get("reason"), said
            expect(said["message"], "^" + words)
        mode["give"] = lambda asked: (500, "out of order")
        for method, version, name, body, query in (("GET", "v2", "", None, ""), ("POST", "v2", "", kind.body("v2", "b", host="g"), ""),
                                                    ("PUT", "v2", "a", kind.body("v2", "a", host="g"), ""), ("GET", "v2", "", None, "?watch=true&timeoutSeconds=5")):
            code, said = kind.ask(method, version, name, body, query)
            assert code in (200, 500), said
            text = said if isinstance(said, str) else json.dumps(said)
            expect(text, "conversion webhook for .* failed: an error on the server")
        # Who wants nothing converted has no trouble with it.
        assert kind.ask("GET", "v1", "a")[0] == 200
        code, said = kind.ask("GET", "v2", headers={"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"})
        assert code == 200 and said["items"][0]["metadata"]["name"] == "a", said
        mode.clear()
        assert kind.ask("GET", "v2", "a")[1]["host"] == "h"
        mode["give"] = lambda asked: (500, "out of order")
        assert kind.ask("DELETE", "v2", "a")[0] == 200


def test_metadata_is_the_servers_but_for_labels_and_annotations(cluster):
    def give(asked):
        said = answer(asked)
        for one in said["response"]["convertedObjects"]:
            one["metadata"].update(labels={"via": "hook"}, annotations={"note": "x"}, generation=77, resourceVersion="1", finalizers=["a/b"])
        return said
    with Defined(cluster, "walls", give) as kind:
        kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        code, first = kind.ask("GET", "v1", "a")
        code, said = kind.ask("GET", "v2", "a")
        meta = said["metadata"]
        assert (meta["labels"], meta["annotations"]) == ({"via": "hook"}, {"note": "x"}), meta
        assert (meta["generation"], meta["resourceVersion"], meta.get("finalizers")) == (1, first["metadata"]["resourceVersion"], None), meta


def test_nobody_else_waits_for_a_slow_conversion(cluster):
    def slow(asked):
        time.sleep(2)
        return answer(asked)
    with Defined(cluster, "lakes", slow) as kind:
        kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        waiting = [threading.Thread(target=kind.ask, args=("GET", "v2", "a")) for _ in range(5)]
        for one in waiting:
            one.start()
        until(lambda: kind.count() >= 1, 3, "it is asked")
        begin = time.monotonic()
        assert kind.ask("GET", "v1", "a")[0] == 200 and time.monotonic() - begin < 1
        code, said = kind.ask("GET", "v2", "a", query="?timeout=200ms")
        for one in waiting:
            one.join()
        assert kind.count() <= 2, "%d calls for one object" % kind.count()


def test_what_a_conversion_has_to_say_is_checked(cluster):
    node = cluster.living()[0]
    body = definition("bads", {"url": "http://x/", "caBundle": ""})
    body["spec"]["conversion"]["webhook"]["conversionReviewVersions"] = ["v7"]
    code, said = node.request("POST", CRDS, body)
    causes = [(cause["field"], cause["reason"]) for cause in said["details"]["causes"]]
    assert code == 422 and ("spec.conversion.webhookClientConfig.url", "FieldValueInvalid") in causes, said
    assert ("spec.conversion.conversionReviewVersions", "FieldValueInvalid") in causes, said
    del body["spec"]["conversion"]["webhook"]
    code, said = node.request("POST", CRDS, body)
    causes = [(cause["field"], cause["reason"]) for cause in said["details"]["causes"]]
    assert ("spec.conversion.webhookClientConfig", "FieldValueRequired") in causes, said


ADMISSION = "/apis/admissionregistration.k8s.io/v1/"


class Admitted:
    """Objects of admission that are there for the time of a block: (resource, body)."""

    def __init__(self, node, *made):
        self.node, self.made = node, made

    def __enter__(self):
        for resource, body in self.made:
            code, said = self.node.request("POST", ADMISSION + resource, dict(body, apiVersion=ADMISSION[6:-1]))
            assert code == 201, said
        return self

    def __exit__(self, *_):
        for resource, body in self.made:
            self.node.request("DELETE", ADMISSION + resource + "/" + body["metadata"]["name"])


def rule(plural, version):
    return {"apiGroups": [GROUP], "apiVersions": [version], "operations": ["CREATE", "UPDATE"], "resources": [plural]}


def policy(kind, name, plural, version, **spec):
    """The policy and its binding."""
    resource, meta = kind.lower()[:-1] + "ies", {"metadata": {"name": name}}
    bound = {"policyName": name, **({"validationActions": ["Deny"]} if kind.startswith("V") else {})}
    return ((resource, {"kind": kind, **meta, "spec": {"matchConstraints": {"resourceRules": [rule(plural, version)]}, **spec}}),
            (kind.lower() + "bindings", {"kind": kind + "Binding", **meta, "spec": bound}))


def hook(kind, name, client, plural, version, **more):
    return (kind.lower() + "webhookconfigurations",
            {"kind": kind + "WebhookConfiguration", "metadata": {"name": name},
             "webhooks": [{"name": name + ".example.com", "clientConfig": client, "rules": [rule(plural, version)], "sideEffects": "None",
                           "admissionReviewVersions": ["v1"], **more}]})


def reviewed(asked, *operations):
    more = {"patch": base64.b64encode(json.dumps(operations).encode()).decode(), "patchType": "JSONPatch"} if operations else {}
    return {"apiVersion": asked["apiVersion"], "kind": "AdmissionReview", "response": {"uid": asked["request"]["uid"], "allowed": True, **more}}


def test_policies_see_custom_resources_in_the_version_of_their_rules(cluster):
    judged = {"validations": [{"expression": "object == null || object.port != '9'",
                               "messageExpression": "request.requestKind.version + ' as ' + object.apiVersion + ':' + object.port +"
                                                    " (oldObject == null ? '' : ' was ' + oldObject.port)"}]}
    with Defined(cluster, "gates") as kind, Admitted(kind.node, *policy("ValidatingAdmissionPolicy", "gates", "gates", "v2", **judged)):
        code, said = kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:9"))
        assert code == 422, said
        expect(said["message"], "denied request: v1 as %s/v2:9$" % GROUP)
        code, said = kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        assert code == 201 and said["hostPort"] == "h:1", said
        code, said = kind.ask("PATCH", "v1", "a", {"hostPort": "h:9"}, content_type="application/merge-patch+json")
        assert code == 422, said
        expect(said["message"], "denied request: v1 as %s/v2:9 was 1$" % GROUP)
        assert kind.ask("PATCH", "v1", "a", {"hostPort": "h:2"}, content_type="application/merge-patch+json")[0] == 200
        assert kind.ask("DELETE", "v1", "a")[0] == 200


def test_what_policies_change_in_another_version_is_converted_back(cluster):
    def made(expression):
        return {"reinvocationPolicy": "Never", "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]}
    steps = [("a", "v2", "[JSONPatch{op: 'replace', path: '/port', value: object.port + '2'}]"),
             ("b", "v2", "[JSONPatch{op: 'replace', path: '/port', value: object.port + '3'}]"),
             ("c", "v1", "[JSONPatch{op: 'replace', path: '/hostPort', value: object.hostPort + '4'}]"),
             ("d", "v2", "[JSONPatch{op: 'replace', path: '/host', value: object.host + 'x'}]")]
    policies = [one for name, version, expression in steps
                for one in policy("MutatingAdmissionPolicy", "doors-" + name, "doors", version, **made(expression))]
    with Defined(cluster, "doors") as kind, Admitted(kind.node, *policies):
        code, said = kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        assert code == 201 and said["hostPort"] == "hx:1234", said
        code, said = kind.ask("POST", "v2", body=kind.body("v2", "b", host="h", port="1"))
        assert code == 201 and (said["host"], said["port"]) == ("hx", "1234"), said
        assert kind.ask("GET", "v1", "b")[1]["hostPort"] == "hx:1234"


def test_webhooks_see_and_change_custom_resources_in_the_version_of_their_rules(cluster):
    def heard(key, value):
        def give(asked):
            told = asked["request"]
            said.append((told["kind"]["version"], told["requestKind"]["version"], told["object"].get("hostPort", told["object"].get("host"))))
            old = told["object"][key]
            return reviewed(asked, {"op": "replace", "path": "/" + key, "value": old + value}) if value and value not in old else reviewed(asked)
        return give
    said = []
    paths = {"/a": heard("host", "x"), "/b": heard("hostPort", "0"), "/c": heard("host", "")}
    with Defined(cluster, "yards") as kind, Outside(None, paths) as server, Admitted(
            kind.node, hook("Mutating", "yards-a", server.client("/a"), "yards", "v2"), hook("Mutating", "yards-b", server.client("/b"), "yards", "v1"),
            hook("Validating", "yards-c", server.client("/c"), "yards", "v2")):
        code, made = kind.ask("POST", "v1", body=kind.body("v1", "a", hostPort="h:1"))
        assert code == 201 and made["hostPort"] == "hx:10", made
        assert said == [("v2", "v1", "h"), ("v1", "v1", "hx:1"), ("v2", "v1", "hx")], said
        code, made = kind.ask("PATCH", "v2", "a", {"host": "k"}, content_type="application/merge-patch+json")
        assert code == 200 and (made["host"], made["port"]) == ("kx", "10"), made


def test_what_cannot_be_converted_for_admission_is_refused_in_upstreams_words(cluster):
    mode = {}

    def give(asked):
        return (500, "out of order") if mode else answer(asked)
    words = 'conversion webhook for %s/v1, Kind=Fence failed: an error on the server ("out of order") has prevented the request from succeeding' % GROUP
    judged = {"validations": [{"expression": "object.port != '9'"}]}
    changed = {"reinvocationPolicy": "Never",
               "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'replace', path: '/port', value: '2'}]"}}]}
    with Defined(cluster, "fences", give) as kind, Outside(None, {"/a": reviewed}) as server:
        mode["broken"] = True
        body = kind.body("v1", "a", hostPort="h:1")
        cases = [
            # A webhook's failurePolicy is about calling it, and it was never called.
            ([hook("Mutating", "fences", server.client("/a"), "fences", "v2", failurePolicy="Ignore")], 500, "Internal error occurred: " + words),
            ([hook("Validating", "fences", server.client("/a"), "fences", "v2", failurePolicy="Ignore")], 500, "Internal error occurred: " + words),
            (policy("ValidatingAdmissionPolicy", "fences", "fences", "v2", **judged), 422,
             "ValidatingAdmissionPolicy 'fences' with binding 'fences' denied request: failed to configure binding: failed to convert object version: " + words),
            (policy("MutatingAdmissionPolicy", "fences", "fences", "v2", **changed), 403,
             'policy "fences" denied request: failed to configure policy: ' + words),
            (policy("ValidatingAdmissionPolicy", "fences", "fences", "v2", failurePolicy="Ignore", **judged), 201, None),
            (policy("MutatingAdmissionPolicy", "fences", "fences", "v2", failurePolicy="Ignore", **changed), 201, None),
        ]
        for number, (made, wanted, message) in enumerate(cases):
            with Admitted(kind.node, *made):
                code, said = kind.ask("POST", "v1", body=dict(body, metadata={"name": "a%d" % number}))
                assert code == wanted, said
                assert message is None or message in said["message"], said
        assert server.seen == []
        # Exact: who asks by another version is not its matter.
        with Admitted(kind.node, hook("Validating", "fences", server.client("/a"), "fences", "v2", matchPolicy="Exact")):
            assert kind.ask("POST", "v1", body=kind.body("v1", "b", hostPort="h:1"))[0] == 201
        # What was made of it cannot be converted back.
        mode.clear()

        def breaks(asked):
            mode["broken"] = True
            return reviewed(asked, {"op": "replace", "path": "/port", "value": "2"})
        server.server.paths["/a"] = breaks
        with Admitted(kind.node, hook("Mutating", "fences", server.client("/a"), "fences", "v2", failurePolicy="Ignore")):
            code, said = kind.ask("POST", "v1", body=kind.body("v1", "c", hostPort="h:1"))
            assert code == 500 and words.replace("/v1, Kind", "/v2, Kind") in said["message"], said


def test_a_migration_moves_all_objects_to_the_version_that_is_stored(cluster):
    migrations = "/apis/storagemigration.k8s.io/v1/storageversionmigrations"

    def conditions(name):
        found = kind.node.request("GET", migrations + "/" + name)[1].get("status", {}).get("conditions", [])
        return {one["type"]: (one["status"], one["reason"]) for one in found}

    with Defined(cluster, "ports") as kind:
        for number in range(3):
            kind.ask("POST", "v1", body=kind.body("v1", "p%d" % number, hostPort="h:%d" % number))
        crd = kind.node.request("GET", CRDS + "/ports." + GROUP)[1]
        for one in crd["spec"]["versions"]:
            one["storage"] = one["name"] == "v2"
        code, said = kind.node.request("PUT", CRDS + "/ports." + GROUP, crd)
        assert code == 200 and said["status"]["storedVersions"] == ["v1", "v2"], said
        until(lambda: kind.ask("GET", "v2", "p0")[1].get("host") == "h", 10, "the older form is converted")
        before = [one["metadata"]["resourceVersion"] for one in kind.ask("GET", "v2")[1]["items"]]
        code, said = kind.node.request("POST", migrations, {"metadata": {"name": "ports"}, "spec": {"resource": {"group": GROUP, "resource": "ports"}}})
        assert code == 201, said
        until(lambda: conditions("ports").get("Running") == ("False", "MigrationCompleted"), 60, "it is over")
        assert conditions("ports")["Succeeded"] == ("True", "StorageVersionMigrationSucceeded"), conditions("ports")
        after = [one["metadata"]["resourceVersion"] for one in kind.ask("GET", "v2")[1]["items"]]
        assert all(new != old for new, old in zip(after, before)), (before, after)
        asked = kind.count()
        assert kind.ask("GET", "v2", "p1")[1]["host"] == "h" and kind.count() == asked, "it is kept in v2 now"
        code, said = kind.node.request("GET", CRDS + "/ports." + GROUP)
        assert said["status"]["storedVersions"] == ["v2"], said["status"]
        found = [one for one in said["status"]["conditions"] if one["type"] == "StorageMigrating"]
        assert found[0]["status"] == "False" and found[0]["reason"] == "MigrationSucceeded", found
        assert kind.node.request("DELETE", migrations + "/ports")[0] == 200


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
