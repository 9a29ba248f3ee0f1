#!/usr/bin/env python3
"""Front proxies: headers say who asks when they come from the holder of the right certificate, and from nobody else."""
import http.client
import json
import os
import socket
import ssl
import sys
import tempfile

import suite
from cluster import Cluster, Node, until
from kube import expect
from outside import authority, issue

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MASTER = (("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters"))


def context(node, cert=None):
    made = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
    if cert:
        made.load_cert_chain(*cert)
    return made


def who(node, cert, headers):
    """(code, user): as the bytes stand, for a library would tidy them up."""
    body = b"{}"
    lines = [("Host", node.address), ("Connection", "close"), ("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]
    with context(node, cert).wrap_socket(socket.create_connection((node.address, node.port), 20), server_hostname=node.address) as sock:
        sock.sendall(("POST %s HTTP/1.1\r\n%s\r\n" % (REVIEW, "".join("%s: %s\r\n" % line for line in lines))).encode("latin-1") + body)
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        code, data = answer.status, answer.read()
    return code, json.loads(data).get("status", {}).get("userInfo") if code == 201 else data


def test_headers_say_who_asks_where_the_right_certificate_is_shown_and_nowhere_else():
    with tempfile.TemporaryDirectory() as folder:
        ca, other = authority(folder, "proxies"), authority(folder + "/other", "proxies")
        good, name = issue(folder, ca, "front-proxy", "DNS:x"), issue(folder, ca, "else", "DNS:x")
        forged = issue(folder + "/other", other, "front-proxy", "DNS:x")
        words = ("--requestheader-client-ca-file", ca[0], "--requestheader-allowed-names", "front-proxy,second", "--requestheader-username-headers",
                 "X-Remote-User,X-Other-User")
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            own = (node.folder + "/pki/ca.crt", node.folder + "/pki/ca.key")
            inner = issue(folder + "/other", own, "inner", "DNS:x")  # by the cluster's authority, which is not the proxies'
            assert who(node, good, MASTER) == (201, {"username": "admin", "groups": ["system:masters", "system:authenticated"]})
            code, user = who(node, good, (("X-Remote-User", "jane"), ("x-remote-group", "a"), ("X-REMOTE-GROUP", "b"), ("X-Remote-Group", " "), ("X-Remote-Uid", "7"),
                                          ("X-Remote-Extra-Scopes%2fX", "view"), ("X-Remote-Extra-Scopes%2Fx", "edit"), ("X-Remote-Extra-%zz", "raw")))
            assert code == 201 and user == {"username": "jane", "uid": "7", "groups": ["a", "b", "system:authenticated"],
                                            "extra": {"scopes/x": ["view", "edit"], "%zz": ["raw"]}}, user
            assert who(node, good, (("X-Other-User", "joe"),))[1]["username"] == "joe"
            assert who(node, good, (("X-Remote-User", ""), ("X-Other-User", "joe")))[1]["username"] == "joe"
            nobody = ["system:unauthenticated"]
            for what, cert, headers in (("no certificate", None, MASTER), ("another name", name, MASTER), ("another authority of this name", forged, MASTER),
                                        ("no user", good, MASTER[1:]), ("an empty user", good, (("X-Remote-User", ""), *MASTER[1:])),
                                        ("another spelling", good, (("X_Remote_User", "admin"), *MASTER[1:])), ("nothing", good, ())):
                code, user = who(node, cert, headers)
                assert code in (401, 403) or code == 201 and user["groups"] == nobody, (what, code, user)
            # Who is somebody by the cluster's own word stays that, whatever the headers say.
            code, user = who(node, inner, MASTER)
            assert code == 201 and user["username"] == "inner" and "system:masters" not in user["groups"], user
            code, said = node.request("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {}})
            token = (("Authorization", "Bearer " + said["status"]["token"]),)
            assert who(node, None, MASTER + token)[1]["username"] == "system:serviceaccount:default:default"
            for what, headers in (("a token that is none", MASTER + (("Authorization", "Bearer x"),)), ("a space", (("X-Remote-User ", "admin"),)),
                                  ("a line in a line", (("X-Remote-User", "jane\nX-Remote-Group: system:masters"),))):
                for cert in (None, name):
                    assert who(node, cert, headers)[0] in (400, 401, 403), what
            # Who was judged by a proxy speaks for others only as far as its rights go.
            assert who(node, good, (("X-Remote-User", "jane"), ("Impersonate-User", "admin")))[0] == 403
            code, user = who(node, good, MASTER + (("Impersonate-User", "jane"),))
            assert code == 201 and user["username"] == "jane", user
            # Another authority of proxies counts without a start, and the one before no longer.
            os.replace(other[0], ca[0])
            until(lambda: who(node, forged, MASTER) == (201, {"username": "admin", "groups": ["system:masters", "system:authenticated"]}), 20, "another authority counts")
            code, user = who(node, good, MASTER)
            assert code in (401, 403) or code == 201 and user["groups"] == nobody, (code, user)


def test_options_of_front_proxies_that_are_wrong_stop_the_start():
    with tempfile.TemporaryDirectory() as folder:
        def refused(*words):
            node = Node("n1", folder)
            node.start(*words)
            assert node.process.wait(20) == 1
            return node.last_words()
        path = os.path.join(folder, "ca")
        with open(path, "w", encoding="utf-8") as file:
            file.write("nothing")
        expect(refused("--requestheader-client-ca-file", path), "up: .*/ca: ")
        expect(refused("--requestheader-client-ca-file", path + "x"), "/cax: ")
        expect(refused("--requestheader-username-headers", "X Y"), '"X Y" is no header.s name')
        expect(refused("--requestheader-allowed-names", "a,,b"), "wants names with commas between")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
