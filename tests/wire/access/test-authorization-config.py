#!/usr/bin/env python3
"""An AuthorizationConfiguration: authorizers in the operator's order, with conditions, and another one without a restart."""
import json
import os
import sys
import tempfile

import suite
from cluster import Cluster, Node, until
from kube import expect
from outside import Outside

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: there
contexts: [{name: there, context: {cluster: hook, user: none}}]
clusters: [{name: hook, cluster: {server: "https://%s:%d/%s", certificate-authority: %s}}]
"""
MAP = "/api/v1/namespaces/default/configmaps/a"


def file_of(folder, name, text):
    path = os.path.join(folder, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return path


def config(folder, *authorizers):
    return file_of(folder, "authorization.yaml", json.dumps({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration", "authorizers": authorizers}))


def webhook(folder, hook, name, **more):
    path = file_of(folder, name + ".kubeconfig", KUBECONFIG % (hook.address, hook.port, name, hook.ca[0]))
    return {"type": "Webhook", "name": name, "webhook": {
        "timeout": "3s", "authorizedTTL": "30s", "unauthorizedTTL": "1s", "subjectAccessReviewVersion": "v1", "matchConditionSubjectAccessReviewVersion": "v1",
        "failurePolicy": "NoOpinion", "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": path}, **more}}


def answer(review, **status):
    return {"apiVersion": review["apiVersion"], "kind": review["kind"], "status": {"allowed": False, **status}}


def first(review):
    """Denies joe, and says both at once of tom."""
    user = review["spec"]["user"]
    return answer(review, denied=user in ("joe", "tom"), allowed=user == "tom", reason="first says so")


def second(review):
    """Speaks the older form."""
    assert review["apiVersion"] == "authorization.k8s.io/v1beta1" and "groups" not in review["spec"] and "readers" in review["spec"]["group"], review
    return answer(review, allowed=review["spec"]["resourceAttributes"]["verb"] == "get")


def ask(node, user, path=MAP, group="readers", method="GET"):
    return node.request(method, path, headers={"Impersonate-User": user, "Impersonate-Group": group})


def asked(hook, name):
    return len([path for path, _ in hook.seen if path.split("?")[0] == "/" + name])


def test_authorizers_are_asked_in_the_order_of_the_file_and_another_file_counts():
    with tempfile.TemporaryDirectory() as folder, Outside(folder, {"/first": first, "/second": second, "/broken": lambda _: (500, "no")}) as hook:
        only_maps = [{"expression": "has(request.resourceAttributes) && request.resourceAttributes.resource == 'configmaps'"},
                     {"expression": "!request.user.startsWith('system:') && 'readers' in request.groups"}]
        path = config(folder, {"type": "Node", "name": "node"}, webhook(folder, hook, "first", matchConditions=only_maps), {"type": "RBAC", "name": "rbac"},
                      webhook(folder, hook, "second", matchConditions=only_maps, subjectAccessReviewVersion="v1beta1"))
        with Cluster(1, ("--authorization-config", path)) as cluster:
            node = cluster.nodes[0]
            assert node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})[0] == 201
            assert ask(node, "jane")[0] == 200, "nobody but the second allows it"
            assert ask(node, "jane", method="DELETE")[0] == 403
            code, said = ask(node, "joe")
            assert code == 403, said
            expect(said["message"], "first says so")
            counts = asked(hook, "first"), asked(hook, "second")
            assert ask(node, "jane")[0] == 200 and (asked(hook, "second"), counts[1]) == (counts[1], counts[1]), "a good answer is kept"
            counts = asked(hook, "first"), asked(hook, "second")
            assert ask(node, "jane", "/api/v1/namespaces/default/secrets/a")[0] == 403 and ask(node, "jane", group="others")[0] == 403
            assert (asked(hook, "first"), asked(hook, "second")) == counts, "conditions keep them from being asked"
            assert ask(node, "tom")[0] == 200, "one that says both says nothing"
            assert not any(b'"system:' in body.split(b'"user":')[1][:12] for _, body in hook.seen), "nor are the cluster's own asked about"
            text = node.request("GET", "/metrics")[1]
            for metric in ('apiserver_authorization_webhook_evaluations_total{name="first",result="success"}',
                           'apiserver_authorization_match_condition_exclusions_total{name="second"}',
                           'apiserver_authorization_webhook_evaluations_fail_open_total{name="first"} 1'):
                assert metric in text, metric

            # Another configuration: whoever cannot be asked denies, and so does a condition that cannot be evaluated.
            config(folder, {"type": "RBAC", "name": "rbac"},
                   webhook(folder, hook, "broken", failurePolicy="Deny", matchConditions=[{"expression": "request.user == 'jane'"}]),
                   webhook(folder, hook, "second", failurePolicy="Deny", subjectAccessReviewVersion="v1beta1",
                           matchConditions=[{"expression": "request.user != 'ann' || request.resourceAttributes.name == request.extra['k'][0]"}]))
            until(lambda: ask(node, "jane")[0] == 403, 20, "the new configuration counts")
            expect(ask(node, "jane")[1]["message"], "webhook authorizer failed: ")
            assert ask(node, "joe")[0] == 200
            expect(ask(node, "ann")[1]["message"], "webhook authorizer failed: cel evaluation error: .*no such key: extra")
            # And one that is wrong: the last goes on.
            file_of(folder, "authorization.yaml", "{}")
            metric = 'apiserver_authorization_config_controller_automatic_reloads_total{status="failure"} 1'
            until(lambda: metric in node.request("GET", "/metrics")[1], 20, "the wrong one was seen")
            assert ask(node, "joe")[0] == 200 and ask(node, "jane")[0] == 403


def selects(review):
    """Lets maps be listed that are called a or are labelled so, and nothing else."""
    where = review["spec"].get("resourceAttributes", {})
    fields, labels = where.get("fieldSelector"), where.get("labelSelector")
    named = fields == {"requirements": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}
    labelled = labels is not None and {"key": "k", "operator": "In", "values": ["v", "w"]} in labels["requirements"] and {"key": "gone", "operator": "DoesNotExist"} in labels["requirements"]
    return answer(review, allowed=where.get("resource") == "configmaps" and (named or labelled))


def test_selectors_are_part_of_the_question():
    with tempfile.TemporaryDirectory() as folder, Outside(folder, {"/selects": selects}) as hook:
        path = config(folder, {"type": "Node", "name": "node"}, {"type": "RBAC", "name": "rbac"}, webhook(folder, hook, "selects"))
        with Cluster(1, ("--authorization-config", path)) as cluster:
            node, maps = cluster.nodes[0], MAP[:-2]
            for query, code in (("", 403), ("?fieldSelector=metadata.name%3Da", 200), ("?fieldSelector=metadata.name%3D%3Da", 200), ("?fieldSelector=metadata.name!%3Da", 403),
                                ("?fieldSelector=metadata.name%3Db", 403), ("?labelSelector=k+in+(v,w),!gone", 200), ("?labelSelector=k+in+(v,w),!gone,n>5", 200), ("?labelSelector=k", 403)):
                assert ask(node, "jane", maps + query)[0] == code, query
            # One object is asked for by its name: selectors beside it say nothing.
            assert ask(node, "jane", MAP + "?fieldSelector=metadata.name%3Da")[0] == 403
            assert ask(node, "jane", maps + "?fieldSelector=metadata.name%3Da", method="DELETE")[0] == 200

            def review(user, groups=(), **where):
                spec = {"user": user, "groups": list(groups), "resourceAttributes": {"verb": "list", "version": "v1", "namespace": "default", **where}}
                code, said = node.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec})
                assert code == 201, said
                return said["status"]["allowed"]

            def need(key, operator, *values):
                return {"requirements": [{"key": key, "operator": operator, **({"values": values} if values else {})}]}
            assert review("jane", resource="configmaps", fieldSelector=need("metadata.name", "In", "a"))
            assert review("jane", resource="configmaps", fieldSelector={"rawSelector": "metadata.name=a"})
            assert not review("jane", resource="configmaps", fieldSelector=need("metadata.name", "NotIn", "a"))
            assert not review("jane", resource="configmaps", fieldSelector=need("metadata.name", "In", "a", "b"))
            # A node lists the pods that are bound to it.
            me = ("system:node:n7", ("system:nodes",))
            assert review(*me, resource="pods", fieldSelector=need("spec.nodeName", "In", "n7"))
            assert not review(*me, resource="pods", fieldSelector=need("spec.nodeName", "In", "n8"))
            assert not review(*me, resource="pods", labelSelector=need("spec.nodeName", "In", "n7")) and not review(*me, resource="pods")


def test_what_is_wrong_with_the_file_stops_the_start_with_its_place():
    with tempfile.TemporaryDirectory() as folder, Outside(folder, {}) as hook:
        def refused(*authorizers, words=()):
            node = Node("n1", folder)
            node.start("--authorization-config", config(folder, *authorizers), *words)
            assert node.process.wait(20) == 1
            return node.last_words()

        def hooked(**more):
            return refused(webhook(folder, hook, "a", **more))
        expect(refused(), "authorizers: Required value: at least one authorization mode must be defined")
        expect(refused({"type": "ABAC", "name": "a"}), r'authorizers\[0\].type: Unsupported value: "ABAC"')
        expect(refused({"type": "RBAC", "name": "a"}, {"type": "RBAC", "name": "b"}), r'authorizers\[1\].type: Duplicate value: "RBAC"')
        expect(refused({"type": "RBAC", "name": "A"}), r'authorizers\[0\].name: Invalid value: "A"')
        expect(refused({"type": "Webhook", "name": "a"}), r"authorizers\[0\].webhook: Required value")
        expect(hooked(timeout="31s"), "webhook.timeout: Invalid value: must be > 0s and <= 30s")
        expect(hooked(failurePolicy="Allow"), 'webhook.failurePolicy: Unsupported value: "Allow"')
        expect(hooked(subjectAccessReviewVersion="v2"), 'supported values: "v1", "v1beta1"')
        expect(hooked(connectionInfo={"type": "KubeConfigFile", "kubeConfigFile": "a"}), "must be an absolute path")
        expect(hooked(connectionInfo={"type": "InClusterConfig"}), "this server runs in no pod")
        expect(hooked(matchConditions=[{"expression": "request.user"}]), r'webhook.matchConditions\[0\].expression: Invalid value: "request.user": must evaluate to bool')
        expect(hooked(matchConditions=[{"expression": "request.name == ''"}]), "undefined field 'name'")
        expect(refused({"type": "RBAC", "name": "a"}, words=("--authorization-webhook-config-file", folder + "/a.kubeconfig")), "can not be specified")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
