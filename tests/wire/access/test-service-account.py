#!/usr/bin/env python3
"""Who issues tokens of service accounts, by which keys and for whom: --service-account-*, --api-audiences."""
import base64
import json
import os
import ssl
import http.client
import shutil
import sys
import tempfile

import suite
from cluster import Cluster, Node, until
from tokens import Key, openssl

NEW, OLD = "https://new.example.com", "https://old.example.com"
ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/"


def part(token, at):
    text = token.split(".")[at]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def issue(node, name="default", **spec):
    path = ACCOUNT + name + "/token"
    code, made = until(lambda: (lambda a: a if a[0] != 404 else None)(node.request("POST", path, {"spec": spec})), 30, "the account is there")
    assert code == 201, made
    return made["status"]["token"]


def judged(node, token, audiences=None):
    """(authenticated, audiences) as a TokenReview says."""
    spec = {"token": token, **({"audiences": audiences} if audiences else {})}
    code, made = node.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": spec})
    assert code == 201, made
    return made["status"].get("authenticated", False), made["status"].get("audiences")


def code_of(node, token):
    """What the API says to who shows the token alone."""
    context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
    connection = http.client.HTTPSConnection(node.address, node.port, context=context, timeout=20)
    try:
        connection.request("GET", "/api", headers={"Authorization": "Bearer " + token})
        return connection.getresponse().status
    finally:
        connection.close()


def key_ids(node):
    code, found = node.request("GET", "/openid/v1/jwks")
    assert code == 200, found
    return [key["kid"] for key in found["keys"]]


def test_the_first_issuer_issues_and_all_are_taken_by_keys_that_change():
    with tempfile.TemporaryDirectory() as folder:
        first, second = Key(folder, "first", "RS256"), Key(folder, "second", "ES256")
        signing, known = os.path.join(folder, "signing.pem"), os.path.join(folder, "known.pub")
        shutil.copy(first.path, signing)
        with open(known, "wb") as file:
            file.write(openssl("pkey", "-in", first.path, "-pubout"))
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            own = issue(node)
            assert judged(node, own)[0]
            assert node.stop() == 0
            node.start("--service-account-issuer", NEW, "--service-account-issuer", OLD, "--api-audiences", "api,other",
                       "--service-account-signing-key-file", signing, "--service-account-key-file", known,
                       "--service-account-key-file", node.folder + "/pki/sa.key", "--service-account-jwks-uri", "https://keys.example.com/jwks").wait_ready()
            token = issue(node)
            assert part(token, 1)["iss"] == NEW and part(token, 1)["aud"] == ["api", "other"], part(token, 1)
            assert part(token, 0)["alg"] == "RS256", part(token, 0)
            assert judged(node, token) == (True, ["api", "other"]), judged(node, token)
            assert judged(node, token, ["other", "more"]) == (True, ["other"])
            assert judged(node, issue(node, audiences=["vault"])) == (False, None)
            assert code_of(node, token) == 200
            # The issuer before the flag is not among those that were named.
            assert not judged(node, own)[0] and code_of(node, own) == 401
            claims = {**part(token, 1), "iss": OLD}
            assert judged(node, first.sign(claims))[0], "who issued before is believed"
            assert not judged(node, first.sign({**claims, "iss": "https://third.example.com"}))[0]
            assert not judged(node, second.sign(claims))[0], "a key that nobody has named"
            code, document = node.request("GET", "/.well-known/openid-configuration")
            assert code == 200 and document["issuer"] == NEW and document["jwks_uri"] == "https://keys.example.com/jwks", document
            assert document["id_token_signing_alg_values_supported"] == ["ES256", "RS256"], document
            before = key_ids(node)
            assert len(before) == 2 and before[0] == part(token, 0)["kid"], (before, part(token, 0))
            # Another key signs as soon as the file says so; what the first has signed counts as long as its file is there.
            shutil.copy(second.path, signing)
            until(lambda: part(issue(node), 0)["alg"] == "ES256", 60, "the other key signs")
            assert len(key_ids(node)) == 3 and key_ids(node)[0] not in before
            assert judged(node, token)[0] and judged(node, issue(node))[0]
            # A file that is no key changes nothing; the next good one does.
            with open(known, "w", encoding="ascii") as file:
                file.write("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")

            def is_told():
                with open(node.log, encoding="utf-8") as log:
                    return "the files of keys cannot be used" in log.read()
            until(is_told, 60, "a file that is no key is told of")
            assert judged(node, token)[0]
            with open(known, "wb") as file:
                file.write(openssl("pkey", "-in", second.path, "-pubout"))
            until(lambda: not judged(node, token)[0], 60, "the first key counts no more")
            assert code_of(node, token) == 401 and len(key_ids(node)) == 2


def test_one_connection_is_refused_as_soon_as_what_its_token_is_bound_to_is_gone():
    named = {"metadata": {"name": "bound"}}
    pod = {**named, "spec": {"containers": [{"name": "c", "image": "i"}], "nodeName": "nowhere"}}
    space = "/api/v1/namespaces/default/"
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        issue(node)
        context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
        for kind, path, body in (("Secret", space + "secrets", named), ("Pod", space + "pods", pod), ("Node", "/api/v1/nodes", named),
                                 (None, space + "serviceaccounts", named)):
            code, made = node.request("POST", path, body)
            assert code == 201, made
            token = issue(node, boundObjectRef={"kind": kind, "apiVersion": "v1", "name": "bound"}) if kind else issue(node, "bound")
            connection = http.client.HTTPSConnection(node.address, node.port, context=context, timeout=20)

            def asked():
                connection.request("GET", "/api", headers={"Authorization": "Bearer " + token})
                answer = connection.getresponse()
                answer.read()
                return answer.status
            assert [asked() for _ in range(3)] == [200] * 3, kind
            code, gone = node.request("DELETE", path + "/bound", {"gracePeriodSeconds": 0})
            assert code == 200, gone
            assert asked() == 401, kind
            code, made = node.request("POST", path, body)
            assert code == 201 and asked() == 401, (kind, made)
            connection.close()


def test_what_cannot_be_stops_the_start():
    with tempfile.TemporaryDirectory() as folder:
        key = Key(folder, "a", "ES384")
        for words, said in ((("--service-account-issuer", "a:b"), "contained a ':' but was not a valid URL"),
                            (("--service-account-jwks-uri", "http://a"), "requires https scheme"),
                            (("--service-account-signing-key-file", key.path), "this is no private key of RSA or P-256"),
                            (("--service-account-key-file", folder + "/none"), "none")):
            node = Node("n1", folder).start(*words)
            assert node.process.wait(30) == 1
            assert said in node.last_words(), node.last_words()


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
