#!/usr/bin/env python3
"""pods/proxy, services/proxy and nodes/proxy: any request, to what listens in a pod, behind a service, at a node; and what goes to the kubelet.

The pods are objects only: what listens for them are servers of this script, at an address that is not a loopback one, in a network of its own.
"""
import gzip
import http.client
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

from cluster import Cluster, Failed, Skipped, until

ADDRESS = "10.254.40.1"
NODE, NS = "far", "proxied"
BASE = "/api/v1/namespaces/" + NS


def alone():
    """Again, in a network that only this script has: there the pods' address is."""
    if "PROXY_ALONE" in os.environ:
        return
    words = "ip link set lo up && ip addr add %s/32 dev lo && exec \"$@\"" % ADDRESS
    if subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.environ["PROXY_ALONE"] = "1"
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", words, "sh", sys.executable, *sys.argv])


if __name__ == "__main__":
    alone()

import suite
from kube import expect, kubectl
from outside import Handler, Outside, Server, authority, issue
import threading


def own_network():
    if "PROXY_ALONE" not in os.environ:
        raise Skipped("no network of its own can be made here")


class Plain(Handler):
    def setup(self):
        super(Handler, self).setup()
        with self.server.lock:
            self.server.connections += 1

    do_OPTIONS = do_HEAD = Handler.answer


class Pod(threading.Thread):
    """What listens in a pod, without TLS: `answer` is asked with the handler and the body."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        own_network()
        self.server = Server((ADDRESS, 0), Plain)
        self.server.paths, self.server.seen, self.server.heads, self.server.connections, self.server.lock = answer, [], [], 0, threading.Lock()
        self.port = self.server.server_address[1]
        self.seen, self.heads = self.server.seen, self.server.heads

    def run(self):
        self.server.serve_forever(poll_interval=0.05)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def made(node, path, body, codes=(201,)):
    code, said = node.request("POST", path, body)
    assert code in codes, said
    return said


def status(node, path, body):
    code, said = node.request("PATCH", path + "/status", {"status": body}, content_type="application/merge-patch+json")
    assert code == 200, said


def far_node(node, name=NODE, address=ADDRESS, port=10250, runtime="containerd://2.0"):
    made(node, "/api/v1/nodes", {"metadata": {"name": name}}, (201, 409))
    status(node, "/api/v1/nodes/" + name, {"addresses": [{"type": "InternalIP", "address": address}], "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
                                           "nodeInfo": {"containerRuntimeVersion": runtime, "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "",
                                                        "kubeletVersion": "v1.37.2", "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "amd64"}})


def far_pod(node, name, ip=ADDRESS, port=80, where=NODE):
    own_network()
    made(node, "/api/v1/namespaces", {"metadata": {"name": NS}}, (201, 409))
    until(lambda: node.request("GET", BASE + "/serviceaccounts/default")[0] == 200, 20, "the account is there")
    far_node(node)
    made(node, BASE + "/pods", {"metadata": {"name": name, "labels": {"app": name}}, "spec": {"nodeName": where, "tolerations": [{"operator": "Exists"}], "containers": [
        {"name": "c", "image": "i", "ports": [{"containerPort": port}]}]}})
    status(node, BASE + "/pods/" + name, {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [{"type": "Ready", "status": "True"}]})


def service(node, name, port, slices, ports=None):
    made(node, BASE + "/services", {"metadata": {"name": name}, "spec": {"ports": ports or [{"port": 80}]}})
    for at, endpoints in enumerate(slices):
        made(node, "/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices" % NS, {
            "metadata": {"name": "%s-%d" % (name, at), "labels": {"kubernetes.io/service-name": name}}, "addressType": "IPv4",
            "ports": [{"name": one.get("name", ""), "port": port} for one in ports or [{}]], "endpoints": endpoints})


def endpoint(ip, pod, ready=True, namespace=NS):
    return {"addresses": [ip], "conditions": {"ready": ready}, **({"targetRef": {"kind": "Pod", "name": pod, "namespace": namespace}} if pod else {})}


def asked(node, method, path, body=None, headers=None):
    """(code, headers, bytes)"""
    connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def failed(node, path, code, message, method="GET", headers=None):
    got, _, said = asked(node, method, path, headers=headers)
    said = json.loads(said)
    assert got == code and said["kind"] == "Status" and said["message"] == message, (got, said)
    return said


def echo(handler, body):
    if handler.path.startswith("/nothing"):
        return 204, ""
    said = json.dumps({"method": handler.command, "path": handler.path, "body": body.decode(), "headers": [[name.lower(), value] for name, value in handler.headers.items()]})
    return 200, said, [("Content-Type", "application/json"), ("Access-Control-Allow-Origin", "*"), ("X-Mine", "yes")]


def test_a_pod_is_asked_anything(cluster):
    node = cluster.living()[0]
    with Pod(echo) as pod:
        far_pod(node, "echo", port=pod.port)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            body = None if method in ("GET", "OPTIONS") else "text of " + method
            code, headers, said = asked(node, method, BASE + "/pods/echo/proxy/a%20b/c?limit=x&watch=1&timeout=z&q=%26", body, {
                "Accept": "text/html", "Content-Type": "text/plain", "Authorization": "Basic eDp5", "X-Remote-User": "root", "Impersonate-Nothing": "x", "X-Forwarded-For": "192.0.2.7",
                "X-Forwarded-Uri": "/lie", "Cookie": "c=1", "Connection": "X-Hop", "X-Hop": "1"})
            assert code == 200, (method, code, said)
            said = json.loads(said)
            assert said["method"] == method and said["path"] == "/a%20b/c?limit=x&watch=1&timeout=z&q=%26" and said["body"] == (body or ""), said
            got = dict(said["headers"])
            assert got["accept"] == "text/html" and got["cookie"] == "c=1" and got["host"] == "%s:%d" % (node.address, node.port), got
            assert got["x-forwarded-uri"] == BASE + "/pods/echo/proxy/a%20b/c" and got["x-forwarded-for"].startswith("192.0.2.7, 127."), got
            assert not {"authorization", "x-remote-user", "impersonate-nothing", "x-hop"} & set(got), got
            assert headers["X-Mine"] == "yes" and headers["Access-Control-Allow-Origin"] is None, headers
        code, headers, said = asked(node, "HEAD", BASE + "/pods/echo/proxy/x")
        assert code == 200 and said == b"" and headers["X-Mine"] == "yes", code
        assert asked(node, "GET", BASE + "/pods/echo/proxy/nothing")[0] == 204
        for name in ("echo:%d" % pod.port, "http:echo:%d" % pod.port, "http:echo:"):
            assert asked(node, "GET", BASE + "/pods/%s/proxy/" % name)[0] == 200, name
        # The path goes as it is meant, and never above where it begins.
        for path, there in (("/", "/"), ("/a//b/", "/a/b/"), ("/../../x", "/x"), ("/%2e%2e/%2e%2e/x", "/x"), ("/a%2Fb", "/a/b"), ("/" + "/".join("abcdefgh" * 20), "/" + "/".join("abcdefgh" * 20))):
            assert json.loads(asked(node, "GET", BASE + "/pods/echo/proxy" + path)[2])["path"] == there, path
        code, headers, _ = asked(node, "GET", BASE + "/pods/echo/proxy?a=b")
        assert code == 301 and headers["Location"] == BASE + "/pods/echo/proxy/?a=b", headers
        assert asked(node, "POST", BASE + "/pods/echo/proxy")[0] == 200
        expect(kubectl(cluster, "get", "--raw", BASE + "/pods/echo/proxy/raw"), '"path": "/raw"')


def test_a_service_is_one_of_its_ready_pods(cluster):
    node = cluster.living()[0]
    with Pod(lambda handler, _: (200, "one")) as one, Outside(None, lambda handler, _: (200, "sealed"), names="DNS:nobody", address=ADDRESS) as sealed:
        far_pod(node, "one", port=one.port)
        service(node, "web", one.port, [[endpoint(ADDRESS, "one")]])
        service(node, "seal", sealed.port, [[endpoint(ADDRESS, "one")]], [{"name": "https", "port": 443}, {"name": "other", "port": 444}])
        service(node, "empty", one.port, [])
        service(node, "unready", one.port, [[endpoint(ADDRESS, "one", ready=False)]])
        until(lambda: asked(node, "GET", BASE + "/services/web/proxy/")[2] == b"one", 10, "the service leads there")
        assert asked(node, "GET", BASE + "/services/web:80/proxy/")[2] == b"one"
        assert asked(node, "GET", BASE + "/services/https:seal:443/proxy/")[2] == b"sealed"
        assert asked(node, "GET", BASE + "/services/https:seal:https/proxy/")[2] == b"sealed"
        none = 'no endpoints available for service "%s"'
        for name, who in (("empty", "empty"), ("unready", "unready"), ("none", "none"), ("seal", "seal"), ("web:http", "web"), ("kubernetes", "kubernetes")):
            said = failed(node, BASE + "/services/%s/proxy/" % name, 503, none % who)
            assert said["reason"] == "ServiceUnavailable", said
        failed(node, BASE + "/services/web:81/proxy/", 503, 'no service port 81 found for service "web"')
        failed(node, BASE + "/services/none:81/proxy/", 404, 'services "none" not found')
        failed(node, BASE + "/services/ftp:web:80/proxy/", 400, 'invalid service request "ftp:web:80"')
        failed(node, BASE + "/pods/a:b:c:d/proxy/", 400, 'invalid pod request "a:b:c:d"')
        failed(node, BASE + "/pods/none/proxy/", 404, 'pods "none" not found')


def test_links_lead_through_the_proxy_again(cluster):
    node = cluster.living()[0]
    page = '<html><a href="/x">x</a><img src=/y><a href="z"><script src="/s">"<a href=/q>"</script>'

    def answer(handler, _):
        if handler.path == "/moved":
            return 302, "", [("Location", "/there?q=1")]
        if handler.path == "/away":
            return 302, "", [("Location", "http://elsewhere.example/there")]
        if handler.path == "/packed":
            return 200, gzip.compress(page.encode()), [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]
        if handler.path == "/text":
            return 200, page, [("Content-Type", "text/plain")]
        return 200, page, [("Content-Type", "text/html; charset=utf-8")]
    with Pod(answer) as pod:
        far_pod(node, "linked", port=pod.port)
        there = BASE + "/pods/linked/proxy"
        ours = page.replace('"/x"', '"%s/x"' % there).replace("=/y", "=%s/y" % there).replace('"/s"', '"%s/s"' % there)
        assert asked(node, "GET", there + "/page/")[2].decode() == ours
        assert gzip.decompress(asked(node, "GET", there + "/packed")[2]).decode() == ours
        assert asked(node, "GET", there + "/text")[2].decode() == page
        assert asked(node, "GET", there + "/moved")[1]["Location"] == there + "/there?q=1"
        assert asked(node, "GET", there + "/away")[1]["Location"] == "http://elsewhere.example/there"


def test_nobody_is_called_because_an_object_says_so(cluster):
    node = cluster.living()[0]
    with Pod(lambda handler, _: (200, "canary")) as pod:
        far_pod(node, "target", port=pod.port)
        for at, ip in enumerate(("127.0.0.1", "169.254.169.254", "::1", "fe80::1", "0.0.0.0", "224.0.0.1")):
            far_pod(node, "evil%d" % at, ip=ip, port=node.port)
            failed(node, BASE + "/pods/https:evil%d:%d/proxy/" % (at, node.port), 400, "address not allowed")
        # Endpoints that are no pod's, another namespace's, or not that pod's are nobody's.
        for at, one in enumerate((endpoint(ADDRESS, None), endpoint(ADDRESS, "none"), endpoint(ADDRESS, "target", namespace="default"), endpoint("10.254.40.2", "target"))):
            service(node, "evil%d" % at, pod.port, [[one]])
            failed(node, BASE + "/services/evil%d/proxy/" % at, 503, 'no endpoints available for service "evil%d"' % at)
        # And those at this machine cannot even be made; one that a pod has is passed over.
        code, said = node.request("POST", "/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices" % NS, {
            "metadata": {"name": "loop", "labels": {"kubernetes.io/service-name": "loop"}}, "addressType": "IPv4", "ports": [{"name": "", "port": node.port}],
            "endpoints": [endpoint("127.0.0.1", "evil0")]})
        assert code == 422, said
        made(node, BASE + "/services", {"metadata": {"name": "outer"}, "spec": {"type": "ExternalName", "externalName": ADDRESS}})
        failed(node, BASE + "/services/outer/proxy/", 503, 'no endpoints available for service "outer"')
        for name, address, message in (("loop", "127.0.0.1", "address not allowed"), ("meta", "169.254.169.254", "address not allowed"), ("named", "localhost", "no preferred addresses found")):
            far_node(node, name, address)
            got, _, said = asked(node, "GET", "/api/v1/nodes/%s/proxy/" % name)
            assert json.loads(said)["message"] == message, (got, said)
        # A port that is none, and what would be more than one header.
        for port in ("0", "65536", "80x", "%0d%0aX:y"):
            got, _, said = asked(node, "GET", BASE + "/pods/target:%s/proxy/" % port)
            assert got in (400, 503), (port, got, said)


def test_a_pod_that_does_not_answer_is_said_to_be_out_of_reach(cluster):
    node = cluster.living()[0]
    far_pod(node, "silent")
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port = probe.getsockname()[1]
    code, _, said = asked(node, "GET", BASE + "/pods/silent:%d/proxy/" % port)
    said = json.loads(said)
    assert code == 503 and said["reason"] == "ServiceUnavailable" and said["message"].startswith("error trying to reach service: "), said
    # Nothing listens in what is simulated, whatever has its address.
    made(node, BASE + "/pods", {"metadata": {"name": "hollow"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    until(lambda: node.request("GET", BASE + "/pods/hollow")[1].get("status", {}).get("podIP"), 20, "it runs")
    failed(node, BASE + "/pods/hollow/proxy/", 503, "error trying to reach service: pod hollow is simulated: nothing listens in it")
    failed(node, "/api/v1/nodes/%s/proxy/" % node.name, 503, "error trying to reach service: node %s is simulated: it has no kubelet" % node.name)
    with Pod(lambda handler, _: (200, "x")) as pod:
        far_pod(node, "broken")

        def cut(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.write(b"half")
            handler.close_connection = True
        pod.server.paths = lambda handler, _: cut
        try:
            code, _, said = asked(node, "GET", BASE + "/pods/broken:%d/proxy/" % pod.port)
            raise Failed("half an answer was taken for a whole one: %d %r" % (code, said))
        except http.client.IncompleteRead:
            pass


def test_rights_are_those_of_the_subresource_by_verb(cluster):
    node = cluster.living()[0]
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/%s" % NS
    with Pod(echo) as pod:
        far_pod(node, "judged", port=pod.port)
        made(node, rbac + "/roles", {"metadata": {"name": "look"}, "rules": [{"apiGroups": [""], "resources": ["pods/proxy"], "verbs": ["get"], "resourceNames": ["judged"]}]})
        made(node, rbac + "/rolebindings", {"metadata": {"name": "look"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look"},
                                            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}]})
        jane = {"Impersonate-User": "jane"}
        there = BASE + "/pods/judged/proxy/"
        until(lambda: asked(node, "GET", there, headers=jane)[0] == 200, 10, "jane may")
        heads = json.loads(asked(node, "GET", there, headers=jane)[2])["headers"]
        assert not [one for one in heads if "impersonate" in one[0]], heads
        assert asked(node, "HEAD", there, headers=jane)[0] == 200
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            code, _, said = asked(node, method, there, headers=jane)
            assert code == 403, (method, code, said)
        # The name is that of the path: with a port it is another.
        code, _, said = asked(node, "GET", BASE + "/pods/judged:%d/proxy/" % pod.port, headers=jane)
        assert code == 403 and "pods/proxy" in json.loads(said)["message"], said
        assert asked(node, "GET", BASE + "/services/x/proxy/", headers=jane)[0] == 403
        assert asked(node, "GET", "/api/v1/nodes/%s/proxy/" % NODE, headers=jane)[0] == 403


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


class Raw(threading.Thread):
    """What listens in a pod and is given each connection: `answer` of it, its first line, its headers, and a generator of its body's pieces."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        own_network()
        self.answer, self.listener = answer, socket.create_server((ADDRESS, 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            try:
                line = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(line,), daemon=True).start()

    def serve(self, line):
        with line, line.makefile("rb") as file:
            first, heads = file.readline().decode(), http.client.parse_headers(file)
            try:
                self.answer(line, first, heads, self.pieces(file, heads))
            except OSError:
                pass

    @staticmethod
    def pieces(file, heads):
        def some(left):
            while left > 0:
                piece = file.read(min(left, 1 << 16))
                if not piece:
                    raise OSError("it broke off")
                left -= len(piece)
                yield piece
        if heads["Transfer-Encoding"] != "chunked":
            yield from some(int(heads["Content-Length"] or 0))
            return
        while True:
            size = int(file.readline() or b"z", 16)
            yield from some(size)
            file.readline()
            if size == 0:
                return

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listener.close()


def said(line, text, more=""):
    line.sendall(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s" % (len(text), more, text)).encode())


def memory(node):
    """Of all of its processes, in MiB."""
    pages = 0
    waiting = [node.process.pid]
    while waiting:
        pid = waiting.pop()
        try:
            with open("/proc/%d/statm" % pid, encoding="ascii") as file:
                pages += int(file.read().split()[1])
            with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
                waiting += map(int, file.read().split())
        except OSError:
            pass
    return pages * 4096 >> 20


LARGE = 100 << 20


def pieces(size, seen=None):
    for at in range(0, size, 1 << 16):
        if seen is not None and at % (8 << 20) == 0:
            seen()
        yield b"%015d\n" % at * (1 << 12)


def test_a_large_upload_goes_through_as_it_comes(cluster):
    node = cluster.living()[0]
    go, got = threading.Event(), []

    def take(line, first, heads, body):
        size = 0
        for piece in body:
            size += len(piece)
            got.append(size)
            if "slow" in first and size > 1 << 20:
                assert go.wait(120)
        said(line, "%d %s" % (size, heads["Content-Length"]))
    with Raw(take) as pod:
        far_pod(node, "taker", port=pod.port)
        there = BASE + "/pods/taker/proxy/"
        assert asked(node, "POST", there + "small", b"0" * 1000)[2] == b"1000 1000"
        before, most = memory(node), []
        code, _, text = asked(node, "PUT", there + "large", pieces(LARGE, lambda: most.append(memory(node))), {"Content-Length": str(LARGE)})
        assert (code, text) == (200, b"%d %d" % (LARGE, LARGE)), (code, text)
        code, _, text = asked(node, "POST", there + "chunked", pieces(LARGE, lambda: most.append(memory(node))))
        assert (code, text) == (200, b"%d None" % LARGE), (code, text)
        assert max(most) - before < 40, (before, most)
        # One who does not take is waited for by who sends.
        got.clear()
        connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=120)
        connection.connect()
        connection.putrequest("POST", there + "slow")
        connection.putheader("Content-Length", str(LARGE))
        connection.endheaders()
        sent = [0]

        def send():
            for piece in pieces(LARGE):
                connection.send(piece)
                sent[0] += len(piece)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()

        def stands():
            seen = sent[0]
            sender.join(2)
            return got and sent[0] == seen
        until(stands, 60, "nothing is taken any more")
        assert sent[0] < LARGE // 2, sent
        go.set()
        sender.join(120)
        answer = connection.getresponse()
        assert answer.read() == b"%d %d" % (LARGE, LARGE), answer.status
        connection.close()
        # What is refused is not waited for, and half a body is never taken for a whole one.
        code, _, text = asked(node, "POST", BASE + "/pods/none/proxy/x", pieces(1 << 20), {"Content-Length": str(1 << 20)})
        assert code == 404, text


def test_half_an_upload_is_none(cluster):
    node = cluster.living()[0]
    began, broken, whole = threading.Event(), threading.Event(), threading.Event()

    def take(line, _, heads, body):
        try:
            for _ in body:
                began.set()
            whole.set()
        except (OSError, ValueError):
            broken.set()
    with Raw(take) as pod:
        far_pod(node, "halved", port=pod.port)
        line = node.context().wrap_socket(socket.create_connection((node.address, node.port), 20), server_hostname=node.address)
        line.sendall(("POST %s/pods/halved/proxy/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n" % BASE).encode())
        assert began.wait(60)
        line.close()
        assert broken.wait(60) and not whole.is_set()


def test_a_large_answer_and_one_without_end_go_through_as_they_come(cluster):
    node = cluster.living()[0]
    seen = threading.Event()

    def give(line, first, *_):
        if "large" in first:
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % LARGE)
            for piece in pieces(LARGE):
                line.sendall(piece)
            return
        line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n")
        assert seen.wait(60)
        line.sendall(b"7\r\nsecond\n\r\n0\r\n\r\n")
    with Raw(give) as pod:
        far_pod(node, "giver", port=pod.port)
        connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=60)
        connection.request("GET", BASE + "/pods/giver/proxy/watch?watch=1")
        answer = connection.getresponse()
        assert answer.readline() == b"first\n"
        seen.set()
        assert answer.readline() == b"second\n" and answer.read() == b""
        connection.request("GET", BASE + "/pods/giver/proxy/large")
        answer, size, before, most = connection.getresponse(), 0, memory(node), []
        while True:
            piece = answer.read(1 << 20)
            if not piece:
                break
            size += len(piece)
            if size % (8 << 20) < 1 << 20:
                most.append(memory(node))
        assert size == LARGE and max(most) - before < 40, (size, before, most)
        connection.close()


def test_a_kept_connection_that_turns_out_to_be_broken_costs_no_question(cluster):
    node, seen = cluster.living()[0], []

    def give(line, first, *_):
        seen.append(first)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        line.recv(1)  # of the next question, which is not answered
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with Raw(give) as pod:
        far_pod(node, "breaker", port=pod.port)
        for _ in range(6):
            code, _, text = asked(node, "GET", BASE + "/pods/breaker/proxy/x")
            assert (code, text) == (200, b"ok"), (code, text)
        assert len(seen) == 6, seen
        # Nobody knows what became of it, and to ask twice might do harm.
        code, _, text = asked(node, "POST", BASE + "/pods/breaker/proxy/x", "{}", {"Content-Type": "application/json"})
        assert code == 503 and b"the connection was lost" in text, (code, text)


def test_kubelets_are_called_as_the_operator_says():
    own_network()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = authority(folder, "ours"), authority(folder, "theirs")
        shown = issue(folder, ours, "api", "DNS:api")
        certificate = issue(folder, theirs, "far", "IP:" + ADDRESS)
        words = ("--kubelet-client-certificate", shown[0], "--kubelet-client-key", shown[1], "--kubelet-certificate-authority", theirs[0],
                 "--kubelet-preferred-address-types", "ExternalIP", "--kubelet-timeout", "5s")

        def answer(handler, _):
            subject = dict(pair[0] for pair in handler.connection.getpeercert()["subject"])
            return 200, subject["commonName"]
        with Cluster(1, words) as cluster, Outside(None, answer, names="DNS:nobody", address=ADDRESS, clients=ours[0]) as kubelet:
            node = cluster.nodes[0]
            far_node(node, port=kubelet.port)
            there = "/api/v1/nodes/%s/proxy/x" % NODE
            failed(node, there, 500, "no preferred addresses found")
            status(node, "/api/v1/nodes/" + NODE, {"addresses": [{"type": "InternalIP", "address": "10.254.40.9"}, {"type": "ExternalIP", "address": ADDRESS}]})
            code, _, said = until(lambda: (lambda got: got if b"preferred" not in got[2] else None)(asked(node, "GET", there)), 20, "its address is known")
            assert code == 503 and b"x509" in said or b"certificate" in said, said
            kubelet.server.context.load_cert_chain(*certificate)
            until(lambda: asked(node, "GET", there)[2] == b"api", 30, "it is believed, and told who calls")


def test_what_is_handed_on_is_told_of_in_the_audit_log():
    own_network()
    with tempfile.TemporaryDirectory() as folder:
        policy, log = os.path.join(folder, "policy.yaml"), os.path.join(folder, "audit.log")
        with open(policy, "w", encoding="utf-8") as file:
            json.dump({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "RequestResponse"}]}, file)
        words = ("--audit-policy-file", policy, "--audit-log-path", log, "--audit-log-mode", "blocking")
        with Cluster(1, words) as cluster, Pod(echo) as pod:
            node = cluster.nodes[0]
            far_pod(node, "told", port=pod.port)
            there = BASE + "/pods/told/proxy/a?b=c"
            for name, method, path, body in (("got", "GET", there, None), ("posted", "POST", there, b"a secret word"), ("large", "PUT", there, b"x" * 1000000),
                                             ("lost", "DELETE", BASE + "/pods/none/proxy/", None)):
                asked(node, method, path, body, {"Audit-ID": name})

            def events(name):
                with open(log, encoding="utf-8") as file:
                    found = [json.loads(line) for line in file.read().splitlines() if '"auditID":"%s"' % name in line]
                return found if found and found[-1]["stage"] == "ResponseComplete" else None
            for name, verb, code in (("got", "get", 200), ("posted", "create", 200), ("large", "update", 200), ("lost", "delete", 404)):
                found = until(lambda: events(name), 20, "it is told of " + name)
                assert [event["stage"] for event in found] == ["ResponseStarted", "ResponseComplete"][-len(found):], found
                event = found[-1]
                assert event["verb"] == verb and event["responseStatus"]["code"] == code, event
                assert event["objectRef"] == {"resource": "pods", "namespace": NS, "name": "none" if name == "lost" else "told", "apiVersion": "v1", "subresource": "proxy"}, event
                assert event["requestURI"].startswith(BASE + "/pods/") and event["user"]["groups"][0] == "system:masters", event
                assert "requestObject" not in event and (name == "lost" or "responseObject" not in event), event
            with open(log, encoding="utf-8") as file:
                assert "a secret word" not in file.read()


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
