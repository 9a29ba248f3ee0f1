#!/usr/bin/env python3
"""What goes through the proxies both ways for long: upgraded connections, and what the kubelet does: lines into pods, logs."""
import socket
import sys

import proxied

if __name__ == "__main__":
    proxied.alone()

import suite
from cluster import until
from kube import expect, kubectl
from outside import Outside
from proxied import ADDRESS, NODE, NS, BASE, own_network, Pod, made, far_node, far_pod, asked, failed


def upgraded(node, path, protocol="echo", method="GET", more=""):
    """(first line, a TLS socket behind the head)"""
    line = node.context().wrap_socket(socket.create_connection((node.address, node.port), 20), server_hostname=node.address)
    line.sendall(("%s %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %s\r\n%sContent-Length: 0\r\n\r\n" % (method, path, protocol, more)).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        piece = line.recv(1)
        assert piece, head
        head += piece
    return head.decode(), line


def shout(handler):
    handler.send_response(101)
    handler.send_header("Upgrade", handler.headers["Upgrade"])
    handler.send_header("Connection", "Upgrade")
    handler.send_header("X-Stream-Protocol-Version", handler.headers.get("X-Stream-Protocol-Version", ""))
    handler.end_headers()
    while True:
        piece = handler.connection.recv(65536)
        if not piece:
            break
        handler.connection.sendall(piece.upper())
    handler.close_connection = True


def spoken(line, words=b"hello"):
    line.sendall(words)
    got = b""
    while len(got) < len(words):
        piece = line.recv(len(words))
        assert piece, got
        got += piece
    return got


def test_upgraded_connections_stay_open_both_ways(cluster):
    node = cluster.living()[0]
    with Pod(lambda handler, _: shout if handler.path == "/up?q=1" else (418, "no") if handler.path == "/no" else (200, "plain")) as pod:
        far_pod(node, "shouting", port=pod.port)
        there = BASE + "/pods/shouting/proxy"
        head, line = upgraded(node, there + "/up?q=1", "websocket")
        with line:
            assert head.startswith("HTTP/1.1 101") and "websocket" in head.lower(), head
            assert spoken(line) == b"HELLO"
            assert "x-forwarded-uri" not in {name.lower() for name in pod.heads[-1]}, pod.heads[-1]
        head, line = upgraded(node, there + "/no")
        with line:
            assert head.startswith("HTTP/1.1 418"), head
        head, line = upgraded(node, there + "/plain")
        with line:
            assert head.startswith("HTTP/1.1 500"), head
            assert b"invalid upgrade response: status code 200" in line.recv(4096)


class Kubelet(Outside):
    """Of the node `far`: takes only who shows the certificate that the cluster's authority has given the API server."""

    def __init__(self, node, answer):
        own_network()
        super().__init__(None, answer, names="DNS:far", address=ADDRESS, clients=node.folder + "/pki/ca.crt")
        self.who = []

    def __enter__(self):
        paths = self.server.paths

        def answer(handler, body):
            self.who.append(dict(pair[0] for pair in handler.connection.getpeercert()["subject"]))
            return paths(handler, body)
        self.server.paths = answer
        return super().__enter__()


def test_lines_into_pods_go_to_the_kubelet_in_the_protocol_of_both(cluster):
    node = cluster.living()[0]
    with Kubelet(node, lambda handler, _: (404, "no such container") if "/gone" in handler.path else shout) as kubelet:
        far_pod(node, "shell")
        far_pod(node, "gone")
        far_node(node, port=kubelet.port)
        there = BASE + "/pods/shell/"
        for method, path, protocol, asked_for in (
                ("POST", "exec?command=sh&command=-c&command=a%20b%26c&stdin=true&stdout=1&tty=true", "SPDY/3.1", "/exec/proxied/shell/c?command=sh&command=-c&command=a%20b%26c&input=1&output=1&tty=1"),
                ("GET", "exec?command=sh&stdout=true&stderr=true&container=c", "websocket", "/exec/proxied/shell/c?command=sh&error=1&output=1"),
                ("POST", "attach?stdin=true&stdout=false", "SPDY/3.1", "/attach/proxied/shell/c?input=1"),
                ("POST", "portforward", "SPDY/3.1", "/portForward/proxied/shell"),
                ("GET", "portforward?ports=80&ports=81", "websocket", "/portForward/proxied/shell?port=80%2C81")):
            more = "X-Stream-Protocol-Version: v4.channel.k8s.io\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\nAuthorization: Basic eDp5\r\nX-Remote-User: root\r\n"
            until(lambda: node.request("GET", "/api/v1/nodes/" + NODE)[1]["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"] == kubelet.port, 10, "its port is known")
            head, line = upgraded(node, there + path, protocol, method, more)
            with line:
                assert head.startswith("HTTP/1.1 101") and protocol.lower() in head.lower() and "v4.channel.k8s.io" in head, head
                assert spoken(line) == b"HELLO"
            assert kubelet.seen[-1][0] == asked_for, kubelet.seen[-1]
            assert kubelet.who[-1] == {"organizationName": "system:masters", "commonName": "kube-apiserver-kubelet-client"}, kubelet.who
            heads = {name.lower(): value for name, value in kubelet.heads[-1].items()}
            assert heads["sec-websocket-protocol"] == "v5.channel.k8s.io" and not {"authorization", "x-remote-user"} & set(heads), heads
        code, said = node.request("POST", there + "exec?command=sh")
        assert code == 400 and said["message"] == "Upgrade request required", said
        code, said = node.request("POST", there + "exec?command=sh&container=x")
        assert code == 400 and said["message"] == "container x is not valid for pod shell", said
        head, line = upgraded(node, BASE + "/pods/gone/exec?command=sh", "SPDY/3.1", "POST")
        with line:
            assert head.startswith("HTTP/1.1 404"), head
    head, line = upgraded(node, there + "exec?command=sh", "SPDY/3.1", "POST")
    with line:
        assert head.startswith("HTTP/1.1 500") and b"error dialing backend: " in line.recv(4096), head


def test_who_may_only_get_gets_no_line_by_a_websocket(cluster):
    node = cluster.living()[0]
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/%s" % NS
    with Kubelet(node, lambda handler, _: shout) as kubelet:
        far_pod(node, "guarded")
        far_node(node, port=kubelet.port)
        made(node, rbac + "/roles", {"metadata": {"name": "line"}, "rules": [{"apiGroups": [""], "resources": ["pods/exec", "pods/attach", "pods/portforward"], "verbs": ["get"]}]})
        made(node, rbac + "/rolebindings", {"metadata": {"name": "line"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "line"},
                                            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "joe"}]})
        made(node, "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": {"user": "joe", "resourceAttributes": {
            "namespace": NS, "verb": "get", "resource": "pods", "subresource": "exec"}}})
        for line in ("exec?command=sh", "attach", "portforward"):
            head, sock = upgraded(node, BASE + "/pods/guarded/" + line, "websocket", more="Impersonate-User: joe\r\n")
            with sock:
                assert head.startswith("HTTP/1.1 403"), (line, head)
        assert kubelet.seen == []


def test_logs_and_pages_of_a_node_are_the_kubelets(cluster):
    node = cluster.living()[0]

    def answer(handler, _):
        if handler.path.startswith("/containerLogs/"):
            return 200, "first\nsecond\n", [("Content-Type", "text/plain")]
        return 200, handler.command + " " + handler.path
    with Kubelet(node, answer) as kubelet:
        far_pod(node, "talking")
        far_node(node, port=kubelet.port)
        expect(kubectl(cluster, "logs", "talking", "--tail=2", namespace=NS), "^first\nsecond$")
        assert kubelet.seen[-1][0] == "/containerLogs/proxied/talking/c?stream=All&tailLines=2", kubelet.seen[-1]
        assert asked(node, "GET", "/api/v1/nodes/%s/proxy/stats/summary?x=1" % NODE)[2] == b"GET /stats/summary?x=1"
        assert asked(node, "GET", "/api/v1/nodes/https:%s:%d/proxy/pods" % (NODE, kubelet.port))[2] == b"GET /pods"
        expect(kubectl(cluster, "get", "--raw", "/api/v1/nodes/%s/proxy/healthz" % NODE), "GET /healthz")
        # At another port is no kubelet, and who we are is not for it.
        with Pod(lambda handler, _: (200, "other")) as other:
            assert asked(node, "GET", "/api/v1/nodes/%s:%d/proxy/" % (NODE, other.port))[2] == b"other"
    failed(node, "/api/v1/nodes/none/proxy/", 404, 'nodes "none" not found')


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
