#!/usr/bin/env python3
"""Requests for certificates: a node's own are approved and signed by themselves where the one who asks may have that; others wait for somebody."""
import base64
import os
import subprocess
import sys
import tempfile

import suite
from cluster import until

API = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
RIGHTS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
CLIENT, SERVING = "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"
BOOT = {"Impersonate-User": "system:bootstrap:abcdef", "Impersonate-Group": "system:bootstrappers"}


def openssl(*words, stdin=None):
    return subprocess.run(["openssl", *words], check=True, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def request(subject, names=None):
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, "key")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        return openssl("req", "-new", "-key", key, "-subj", subject, *(["-addext", "subjectAltName=" + names] if names else []))


def ask(node, name, subject, who, signer=CLIENT, usages=("digital signature", "client auth"), names=None):
    code, made = node.request("POST", API, {"metadata": {"name": name}, "spec": {
        "request": base64.b64encode(request(subject, names)).decode(), "signerName": signer, "usages": list(usages)}}, headers=who)
    assert code == 201, made


def status(node, name):
    code, found = node.request("GET", API + "/" + name)
    assert code == 200, found
    return found.get("status", {})


def issued(node, name):
    return until(lambda: status(node, name).get("certificate"), 120, name + " is signed")


def bind(node, role, group):
    code, made = node.request("POST", RIGHTS, {"metadata": {"name": group.replace(":", "-") + "-" + role.split(":")[-1]}, "roleRef": {
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}]})
    assert code in (201, 409), made


def may(node, who):
    """The caches of rights know it."""
    until(lambda: node.request("GET", API, headers=who)[0] == 200, 60, "rights are known")


def self_as(name):
    return {"Impersonate-User": "system:node:" + name, "Impersonate-Group": "system:nodes"}


def test_a_node_gets_its_certificate_and_the_next_by_itself(cluster):
    node = cluster.living()[0]
    bind(node, "system:node-bootstrapper", "system:bootstrappers")
    bind(node, "system:certificates.k8s.io:certificatesigningrequests:nodeclient", "system:bootstrappers")
    bind(node, "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", "system:nodes")
    may(node, BOOT)
    ask(node, "first", "/O=system:nodes/CN=system:node:n9", BOOT)
    pem = base64.b64decode(issued(node, "first"))
    text = openssl("x509", "-noout", "-subject", "-issuer", "-ext", "extendedKeyUsage", stdin=pem).decode()
    assert "system:node:n9" in text and "system:nodes" in text and "TLS Web Client Authentication" in text, text
    approved = [one for one in status(node, "first")["conditions"] if one["type"] == "Approved"][0]
    assert approved["reason"] == "AutoApproved" and approved["message"] == "Auto approving kubelet client certificate after SubjectAccessReview.", approved
    ask(node, "next", "/O=system:nodes/CN=system:node:n9", self_as("n9"))
    issued(node, "next")
    approved = [one for one in status(node, "next")["conditions"] if one["type"] == "Approved"][0]
    assert approved["message"] == "Auto approving self kubelet client certificate after SubjectAccessReview.", approved


def test_what_a_node_may_not_have_by_itself_waits_for_somebody(cluster):
    node = cluster.living()[0]
    bind(node, "system:node-bootstrapper", "strangers")
    stranger = {"Impersonate-User": "stranger", "Impersonate-Group": "strangers"}
    may(node, stranger)
    # No right to it; no node; a name more; and what is for servers.
    ask(node, "foreign", "/O=system:nodes/CN=system:node:n8", stranger)
    ask(node, "person", "/O=system:masters/CN=me", BOOT)
    ask(node, "named", "/O=system:nodes/CN=system:node:n8", BOOT, names="DNS:n8")
    ask(node, "serving", "/O=system:nodes/CN=system:node:n8", self_as("n8"), SERVING, ("digital signature", "server auth"), "DNS:n8")
    ask(node, "after", "/O=system:nodes/CN=system:node:n8", BOOT)
    issued(node, "after")  # what came before it has been looked at, too
    for name in ("foreign", "person", "named", "serving"):
        assert not status(node, name).get("conditions"), (name, status(node, name))
    for name, signed in (("foreign", True), ("serving", True), ("named", False)):
        code, found = node.request("GET", API + "/" + name)
        found["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "Mine"}]}
        code, said = node.request("PUT", API + "/" + name + "/approval", found)
        assert code == 200, said
        if signed:
            issued(node, name)
        else:
            failed = until(lambda: [one for one in status(node, name)["conditions"] if one["type"] == "Failed"], 120, "it has failed")
            assert failed[0]["reason"] == "SignerValidationFailure", failed


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
