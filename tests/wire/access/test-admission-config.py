#!/usr/bin/env python3
"""Plug-ins of admission that an operator tells something in files: limits of events, a program that judges images; and those that make or refuse all."""
import json
import os
import sys
import tempfile

import suite
from cluster import Cluster, Node, until
from outside import Outside


def write(folder, name, said):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(said if isinstance(said, str) else json.dumps(said))
    return path


def kubeconfig(folder, hook):
    return write(folder, "kubeconfig", {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}], "clusters": [
        {"name": "k", "cluster": {"server": "https://%s:%d/review" % (hook.address, hook.port), "certificate-authority": hook.ca[0]}}],
        "users": [{"name": "u", "user": {}}]})


def plugins(folder, **configurations):
    return write(folder, "admission.yaml", {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": [
        {"name": name, "configuration": configuration} for name, configuration in configurations.items()]})


def limits(*limits):
    return {"apiVersion": "eventratelimit.admission.k8s.io/v1alpha1", "kind": "Configuration", "limits": [
        {"type": kind, "qps": qps, "burst": burst} for kind, qps, burst in limits]}


def pod(name, image, **annotations):
    return {"metadata": {"name": name, "annotations": annotations}, "spec": {"containers": [{"name": "c", "image": image}]}}


def post(node, path, body):
    return node.request("POST", "/api/v1/namespaces/" + path, body)


def is_ready(node):
    """Its service account is there, so pods are judged by what the test is about."""
    return node.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200


def event(name):
    return {"metadata": {"name": name}, "involvedObject": {"namespace": "default", "kind": "Pod", "name": "p"}, "reason": "r"}


def test_a_program_judges_images_and_is_asked_again_when_it_fails():
    failures = [500, 429]

    def judge(handler, body):
        review = json.loads(body)
        assert review["kind"] == "ImageReview" and review["apiVersion"] == "imagepolicy.k8s.io/v1alpha1", review
        images = [one["image"] for one in review["spec"]["containers"]]
        if "shaky" in images and failures:
            return failures.pop(), "not now"
        if "broken" in images:
            return 404, "nothing"
        allowed = "bad" not in images or "break.image-policy.k8s.io/glass" in review["spec"].get("annotations", {})
        return {"apiVersion": review["apiVersion"], "kind": "ImageReview", "status": {"allowed": allowed, "reason": "" if allowed else "not that one"}}

    with tempfile.TemporaryDirectory() as folder, Outside(folder, judge) as hook:
        config = plugins(folder, ImagePolicyWebhook={"imagePolicy": {"kubeConfigFile": kubeconfig(folder, hook), "allowTTL": 600, "retryBackoff": 100}})
        words = ("--enable-admission-plugins", "ImagePolicyWebhook,AlwaysAdmit", "--admission-control-config-file", config)
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            until(lambda: is_ready(node), 60, "pods may be made")
            assert post(node, "default/pods", pod("a", "good"))[0] == 201
            asked = len(hook.seen)
            assert post(node, "default/pods", pod("b", "good"))[0] == 201
            assert len(hook.seen) == asked, "the answer is kept"
            code, said = post(node, "default/pods", pod("c", "bad"))
            assert code == 403 and said["message"] == ('pods "c" is forbidden: image policy webhook backend denied one or more images: not that one'), said
            assert post(node, "default/pods", pod("c", "bad", **{"break.image-policy.k8s.io/glass": "1"}))[0] == 201
            assert post(node, "default/pods", pod("d", "shaky"))[0] == 201 and not failures
            code, said = post(node, "default/pods", pod("e", "broken"))
            assert code == 403 and said["message"] == 'pods "e" is forbidden: the server could not find the requested resource', said


def test_what_cannot_be_asked_lets_in_where_an_operator_wants_it():
    with tempfile.TemporaryDirectory() as folder:
        with Outside(folder, {}) as hook:
            config = plugins(folder, ImagePolicyWebhook={"imagePolicy": {"kubeConfigFile": kubeconfig(folder, hook), "defaultAllow": True}},
                             EventRateLimit=limits(("Namespace", 1, 3), ("Server", 1000, 1000)))
        with Cluster(1, ("--enable-admission-plugins", "ImagePolicyWebhook,EventRateLimit,NamespaceAutoProvision", "--admission-control-config-file",
                         config)) as cluster:
            node = cluster.nodes[0]
            until(lambda: is_ready(node), 60, "pods may be made")
            code, made = post(node, "default/pods", pod("a", "good"))
            assert code == 201 and made["metadata"]["annotations"] == {"alpha.image-policy.k8s.io/failed-open": "true"}, made
            # A namespace comes to be with what is in it.
            code, said = post(node, "anew/configmaps", {"metadata": {"name": "m"}})
            assert code == 201, said
            assert node.request("GET", "/api/v1/namespaces/anew")[1]["status"]["phase"] == "Active"
            # Events of a namespace beyond its limit, whose bucket fills slower than they come.
            said = [post(node, "anew/events", {**event("e%d" % i), "involvedObject": {"namespace": "anew"}}) for i in range(40)]
            codes = {code for code, _ in said}
            assert codes == {201, 429}, codes
            refused = next(body for code, body in said if code == 429)
            assert refused["reason"] == "TooManyRequests", refused
            assert refused["message"] == "Too many requests: limit reached on type Namespace for key anew", refused


def test_what_is_missing_stops_the_start():
    with tempfile.TemporaryDirectory() as folder:
        empty = plugins(folder, EventRateLimit=limits())
        for words, said in ((("--enable-admission-plugins", "ImagePolicyWebhook"), "no config specified"),
                            (("--enable-admission-plugins", "EventRateLimit", "--admission-control-config-file", empty), "must not be empty")):
            node = Node("n1", folder).start(*words)
            code = node.process.wait(30)
            assert code in (1, 2), (words, code)
            with open(node.log, encoding="utf-8") as log:
                assert said in log.read(), words


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
