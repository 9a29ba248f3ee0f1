#!/usr/bin/env python3
"""Aggregation: an APIService gives a group and version to another server, which is told who asks by headers that it can believe."""
import http.client
import json
import select
import socket
import ssl
import sys
import tempfile
import threading
import time

import suite
from cluster import until
from kube import ended, expect, kubectl, lines_until, soon, started
from outside import Outside

GROUP, VERSION = "wardle.example.com", "v1alpha1"
BASE = "/apis/%s/%s" % (GROUP, VERSION)
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
KIND = {"apiVersion": GROUP + "/" + VERSION}


class Wardle:
    """A small server of another group: flunders, kept in memory."""

    def __init__(self):
        self.objects, self.heads, self.watches, self.mode = {}, [], [], None
        self.is_all = False  # not only requests of others, but looks whether it is there

    def document(self):
        verbs = ["create", "delete", "get", "list", "update", "watch"]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP + "/" + VERSION, "resources": [
            {"name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder", "verbs": verbs, "shortNames": ["fl"]},
            {"name": "flunders/status", "singularName": "", "namespaced": True, "kind": "Flunder", "verbs": ["get", "update"]}]}

    def __call__(self, handler, body):
        path, _, query = handler.path.partition("?")
        self.heads.append((handler.command, handler.path, handler.headers))
        if self.mode and (path != BASE or self.is_all):
            return self.mode(handler)
        if path == BASE:
            return self.document()
        if path == "/openapi/v3":
            return {"paths": {BASE[1:]: {"serverRelativeURL": "/openapi/v3" + BASE + "?hash=ABC"}}}
        if path == "/openapi/v2":
            return {"swagger": "2.0", "info": {"title": "wardle", "version": "0"}, "paths": {
                BASE + "/namespaces/{namespace}/flunders": {"get": {"operationId": "listFlunder", "responses": {"200": {"description": "OK"}}}}, "/version": {}},
                    "definitions": {"com.example.wardle.Flunder": {"type": "object", "description": "A flunder, so called.", "x-kubernetes-group-version-kind": [
                        {"group": GROUP, "version": VERSION, "kind": "Flunder"}], "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": {"type": "object"}}},
                                    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "string"}}}
        if path == "/openapi/v3" + BASE:
            return {"openapi": "3.0.0", "info": {"title": "wardle", "version": "0"}, "paths": {}}
        if "watch=true" in query or "watch=1" in query:
            return self.watch
        return self.objects_at(handler, path, body)

    def objects_at(self, handler, path, body):
        name = path.rsplit("/", 1)[1]
        if handler.command == "POST":
            made = json.loads(body)
            made["metadata"].update(resourceVersion="1", uid="u-" + made["metadata"]["name"], creationTimestamp="2026-01-01T00:00:00Z")
            self.objects[made["metadata"]["name"]] = made
            return lambda handler: handler.give(201, json.dumps(made), [("Content-Type", "application/json"), ("Warning", '299 - "from afar"')])
        if name == "flunders":
            return dict(KIND, kind="FlunderList", metadata={"resourceVersion": "1"}, items=list(self.objects.values()))
        if name == "big":
            return (200, "x" * (5 << 20))
        if name not in self.objects:
            return (404, json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
                                     "message": "flunders \"%s\" not found" % name, "details": {"name": name, "kind": "flunders"}}), [("Content-Type", "application/json")])
        if handler.command == "DELETE":
            self.objects.pop(name)
            return {"kind": "Status", "apiVersion": "v1", "status": "Success"}
        return self.objects[name]

    def watch(self, handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        gate = threading.Event()
        self.watches.append(gate)
        number = 0
        try:
            while number < 3:
                event = json.dumps({"type": "ADDED", "object": dict(KIND, kind="Flunder", metadata={"name": "w%d" % number, "resourceVersion": str(number)})}) + "\n"
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event.encode()))
                handler.wfile.flush()
                number += 1
                gate.wait(10)
                gate.clear()
            handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass


def api_service(server, **more):
    return {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": VERSION + "." + GROUP},
            "spec": {"group": GROUP, "version": VERSION, "groupPriorityMinimum": 100, "versionPriority": 15,
                     "service": {"namespace": "default", "name": "wardle", "port": server.port}, "caBundle": server.bundle, **more}}


def etag(node):
    connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=20)
    try:
        connection.request("GET", "/openapi/v2", headers={"Accept": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        return answer.getheader("ETag")
    finally:
        connection.close()


class Aggregated:
    def __init__(self, cluster, wardle=None, names="DNS:wardle.default.svc", **more):
        self.node, self.wardle, self.more = cluster.living()[0], wardle or Wardle(), more
        self.folder = tempfile.mkdtemp(prefix="troupe-outside-")
        where = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
        until(lambda: self.node.request("GET", where)[0] == 200, 10, "our authority is published")
        _, config = self.node.request("GET", where)
        with open(self.folder + "/front.crt", "w", encoding="utf-8") as file:
            file.write(config["data"]["requestheader-client-ca-file"])
        self.server = Outside(self.folder, self.wardle, names=names, clients=self.folder + "/front.crt")

    def __enter__(self):
        self.server.__enter__()
        code, said = self.node.request("POST", "/api/v1/namespaces/default/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "wardle"},
                                       "spec": {"type": "ExternalName", "externalName": "127.0.0.1"}})
        assert code == 201, said
        code, said = self.node.request("POST", SERVICES, api_service(self.server, **self.more))
        assert code == 201, said
        return self

    def __exit__(self, *_):
        self.node.request("DELETE", SERVICES + "/" + VERSION + "." + GROUP)
        self.node.request("DELETE", "/api/v1/namespaces/default/services/wardle")
        self.server.__exit__()

    def condition(self):
        _, found = self.node.request("GET", SERVICES + "/" + VERSION + "." + GROUP)
        return next((one for one in found.get("status", {}).get("conditions", []) if one["type"] == "Available"), {})

    def wait(self, status, reason):
        return until(lambda: (self.condition().get("status"), self.condition().get("reason")) == (status, reason) and self.condition(), 20, "%s %s" % (status, reason))


def test_requests_of_all_verbs_go_to_the_other_server(cluster):
    with Aggregated(cluster) as there:
        said = there.wait("True", "Passed")
        assert said["message"] == "all checks passed", said
        kubectl(cluster, "wait", "--for=condition=Available", "apiservice", VERSION + "." + GROUP, "--timeout=10s")
        path = BASE + "/namespaces/default/flunders"
        said = cluster.kubectl("create", "-f", "-", stdin=json.dumps(dict(KIND, kind="Flunder", metadata={"name": "a"})))
        expect(said.stdout, "flunder.wardle.example.com/a created")
        expect(said.stderr, "Warning: from afar")
        expect(kubectl(cluster, "get", "fl", "-o", "name"), "flunder.wardle.example.com/a")
        code, said = there.node.request("GET", path + "/none")
        assert code == 404 and said["message"] == 'flunders "none" not found', said
        code, said = there.node.request("GET", path + "/big")
        assert code == 200 and len(said) == 5 << 20
        expect(kubectl(cluster, "delete", "flunder", "a"), "deleted")
        code, said = there.node.request("GET", path)
        assert said["items"] == [], said


def test_who_asks_is_said_by_headers_that_nobody_else_can_say(cluster):
    with Aggregated(cluster) as there:
        there.wait("True", "Passed")
        lies = {"X-Remote-User": "root", "X-Remote-Group": "liars", "X-Remote-Extra-Lie": "x", "Impersonate-User": "jane", "Impersonate-Group": "devs",
                "Impersonate-Extra-Scopes%2fx": "view", "Connection": "X-Secret", "X-Secret": "s", "X-Kept": "k"}
        there.node.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                           "metadata": {"name": "flunder"}, "rules": [{"apiGroups": [GROUP], "resources": ["flunders"], "verbs": ["list"]}]})
        there.node.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                           "metadata": {"name": "flunder"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "flunder"},
                           "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}]})
        seen = len(there.wardle.heads)
        code, said = there.node.request("GET", BASE + "/namespaces/default/flunders", headers=lies)
        assert code == 200, said
        head = next(heads for method, path, heads in there.wardle.heads[seen:] if path.endswith("/flunders"))
        assert head.get_all("X-Remote-User") == ["jane"], head
        assert set(head.get_all("X-Remote-Group")) == {"devs", "system:authenticated"}, head
        assert head.get_all("X-Remote-Extra-Scopes%2fx") == ["view"] and head.get("X-Remote-Extra-Lie") is None, head
        assert not [name for name in head if name.lower().startswith(("impersonate", "authorization", "x-secret"))], head
        assert head["X-Kept"] == "k" and head["X-Forwarded-For"], head
        # Who may not is refused here, and the other server never hears of it.
        seen = len(there.wardle.heads)
        code, said = there.node.request("POST", BASE + "/namespaces/default/flunders", dict(KIND, kind="Flunder", metadata={"name": "z"}), headers=lies)
        assert code == 403 and not [one for one in there.wardle.heads[seen:] if one[0] == "POST"], said
        # Without our certificate nobody gets in.
        context = ssl.create_default_context(cafile=there.server.ca[0])
        context.check_hostname = False
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", there.server.port), 5)) as other:
                other.sendall(b"GET / HTTP/1.0\r\nX-Remote-User: root\r\n\r\n")
                assert other.recv(10) == b""
        except OSError:
            pass


def test_watches_go_through_as_they_come(cluster):
    with Aggregated(cluster) as there:
        there.wait("True", "Passed")
        watch = started(cluster, "get", "--raw", BASE + "/namespaces/default/flunders?watch=true")
        try:
            lines_until(watch, '"w0"', 10)
            there.wardle.watches[-1].set()
            lines_until(watch, '"w1"', 10)
            there.wardle.watches[-1].set()
            lines_until(watch, '"w2"', 10)
            there.wardle.watches[-1].set()
            assert watch.wait(10) == 0
        finally:
            ended(watch)


def both_ways(line, sent):
    """Sends and receives at once, in one thread: two at work on one TLS session spoil it, because Python (before 3.13) lets both in."""
    got, gone, end = b"", 0, time.monotonic() + 10
    line.setblocking(False)
    while len(got) < len(sent):
        assert time.monotonic() < end, "%d of %d bytes came back" % (len(got), len(sent))
        try:
            gone += line.send(sent[gone:gone + 16384]) if gone < len(sent) else 0
        except ssl.SSLWantWriteError:
            pass
        try:
            piece = line.recv(65536)
            assert piece, "%d of %d bytes came back" % (len(got), len(sent))
            got += piece
        except ssl.SSLWantReadError:
            select.select([line], [line] if gone < len(sent) else [], [], 1)
    return got


def test_upgraded_connections_are_open_both_ways(cluster):
    wardle = Wardle()

    def echo(handler):
        if handler.headers.get("Upgrade") != "echo":
            wardle.mode = None
            said = wardle(handler, b"")
            wardle.mode = echo
            return said

        def speak(handler):
            handler.send_response(101)
            handler.send_header("Upgrade", "echo")
            handler.send_header("Connection", "Upgrade")
            handler.end_headers()
            total = 0
            while total < 300000:
                piece = handler.connection.recv(65536)
                if not piece:
                    break
                total += len(piece)
                handler.connection.sendall(piece.upper())
            handler.close_connection = True
        return speak
    with Aggregated(cluster, wardle) as there:
        there.wait("True", "Passed")
        wardle.mode = echo
        with there.node.context().wrap_socket(socket.create_connection((there.node.address, there.node.port), 10), server_hostname=there.node.address) as line:
            line.settimeout(10)
            line.sendall(("POST %s/namespaces/default/flunders/a/shell HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 0\r\n\r\n" % BASE).encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += line.recv(1)
            assert b" 101 " in head.split(b"\r\n")[0], head
            sent = b"abcdefghij" * 30000
            assert both_ways(line, sent) == sent.upper()


def test_it_is_shown_in_discovery_and_openapi(cluster):
    with Aggregated(cluster) as there:
        there.wait("True", "Passed")
        _, groups = there.node.request("GET", "/apis")
        assert {"name": GROUP, "versions": [{"groupVersion": GROUP + "/" + VERSION, "version": VERSION}],
                "preferredVersion": {"groupVersion": GROUP + "/" + VERSION, "version": VERSION}} in groups["groups"], groups["groups"][-2:]
        code, group = there.node.request("GET", "/apis/" + GROUP)
        assert code == 200 and group["kind"] == "APIGroup" and group["versions"][0]["version"] == VERSION, group
        code, resources = there.node.request("GET", BASE)
        assert code == 200 and resources["resources"][0]["name"] == "flunders", resources
        accept = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
        _, found = there.node.request("GET", "/apis", headers=accept)
        one = next(item for item in found["items"] if item["metadata"]["name"] == GROUP)["versions"][0]
        assert one["freshness"] == "Current" and one["resources"][0]["resource"] == "flunders" and one["resources"][0]["shortNames"] == ["fl"], one
        assert one["resources"][0]["subresources"][0]["subresource"] == "status" and one["resources"][0]["scope"] == "Namespaced", one
        until(lambda: BASE[1:] in there.node.request("GET", "/openapi/v3")[1]["paths"], 10, "its OpenAPI is named")
        where = there.node.request("GET", "/openapi/v3")[1]["paths"][BASE[1:]]["serverRelativeURL"]
        code, document = there.node.request("GET", where)
        assert code == 200 and document["info"]["title"] == "wardle", document
        expect(kubectl(cluster, "api-resources", "--api-group=" + GROUP), "flunders +fl")
        # The older form has what theirs has, but for what is ours already; its ETag says that it is another one.
        old, before = etag(there.node), len(there.node.request("GET", "/openapi/v2")[1]["paths"])
        merged = until(lambda: (lambda d: d if "com.example.wardle.Flunder" in d["definitions"] else None)(there.node.request("GET", "/openapi/v2")[1]), 30,
                       "its definitions are among ours")
        assert BASE + "/namespaces/{namespace}/flunders" in merged["paths"] and len(merged["paths"]) >= before
        assert merged["definitions"]["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]["type"] == "object"
        assert len(merged["paths"]) > before or etag(there.node) == old
        there.wardle.is_all, there.wardle.mode = True, lambda handler: (500, "out of order")
        there.wait("False", "FailedDiscoveryCheck")
        _, found = there.node.request("GET", "/apis", headers=accept)
        one = next(item for item in found["items"] if item["metadata"]["name"] == GROUP)["versions"][0]
        assert one["freshness"] == "Stale" and one["resources"][0]["resource"] == "flunders", one
    until(lambda: GROUP not in json.dumps(there.node.request("GET", "/apis")[1]), 10, "it has gone with its APIService")
    until(lambda: "com.example.wardle.Flunder" not in there.node.request("GET", "/openapi/v2")[1]["definitions"], 10, "and so have its definitions")
    assert there.node.request("GET", BASE)[0] == 404


def test_one_that_is_away_is_said_to_be(cluster):
    node = cluster.living()[0]
    code, said = node.request("POST", SERVICES, {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.gone.example.com"},
                              "spec": {"group": "gone.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 1, "insecureSkipTLSVerify": True,
                                       "service": {"namespace": "default", "name": "gone"}}})
    assert code == 201, said
    soon(lambda: kubectl(cluster, "get", "apiservice", "v1.gone.example.com"), r"False \(ServiceNotFound\)")
    code, said = node.request("GET", "/apis/gone.example.com/v1/things")
    assert (code, said) == (503, "service unavailable\n"), said
    node.request("POST", "/api/v1/namespaces/default/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gone"}, "spec": {"ports": [{"port": 1}]}})
    soon(lambda: kubectl(cluster, "get", "apiservice", "v1.gone.example.com"), r"False \(ServicePortError\)")
    kubectl(cluster, "patch", "service", "gone", "-p", '{"spec":{"ports":[{"port":443},{"port":1,"$patch":"delete"}]}}')
    soon(lambda: kubectl(cluster, "get", "apiservice", "v1.gone.example.com"), r"False \((EndpointsNotFound|MissingEndpoints)\)")
    kubectl(cluster, "delete", "apiservice", "v1.gone.example.com")
    kubectl(cluster, "delete", "service", "gone")
    assert node.request("GET", "/apis/gone.example.com/v1/things")[0] == 404


def test_trust_is_the_bundle_or_none_at_all(cluster):
    with Aggregated(cluster, names="DNS:other.default.svc") as there:
        said = there.wait("False", "FailedDiscoveryCheck")
        expect(said["message"], "failing or missing response from https://wardle.default.svc:")
        code, said = there.node.request("GET", BASE + "/namespaces/default/flunders")
        assert (code, said) == (503, "service unavailable\n"), said
        assert not there.wardle.heads
    with Aggregated(cluster, names="DNS:other.default.svc", caBundle="", insecureSkipTLSVerify=True) as there:
        there.wait("True", "Passed")
        assert there.node.request("GET", BASE + "/namespaces/default/flunders")[0] == 200


def test_answers_that_break_off_hurt_nobody_else(cluster):
    with Aggregated(cluster) as there:
        there.wait("True", "Passed")

        def cut(handler):
            def write(handler):
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
                handler.wfile.flush()
                handler.connection.close()
            return write

        def junk(handler):
            return lambda handler: (handler.wfile.write(b"\x00\x01junk\r\n\r\n"), handler.wfile.flush(), handler.connection.close())

        def silent(handler):
            return lambda handler: time.sleep(3)

        def drip(handler):
            def write(handler):
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(50):
                    handler.wfile.write(b".")
                    handler.wfile.flush()
                    time.sleep(0.1)
            return write
        path = BASE + "/namespaces/default/flunders"
        there.wardle.mode = cut
        try:
            code, said = there.node.request("GET", path)
            raise AssertionError("half an answer was taken for a whole one: %s %s" % (code, said))
        except (OSError, Exception) as why:
            assert "whole one" not in str(why), why
        there.wardle.mode = junk
        code, said = there.node.request("GET", path)
        assert code == 503 and said.startswith("error trying to reach service: "), said
        there.wardle.mode = silent
        begin = time.monotonic()
        code, said = there.node.request("GET", path + "?timeout=1s")
        assert code in (503, 504) and time.monotonic() - begin < 2.5, said
        there.wardle.mode = drip
        begin = time.monotonic()
        try:
            there.node.request("GET", path + "?timeout=1s")
            raise AssertionError("a drip was taken for an answer")
        except Exception as why:
            assert "taken" not in str(why) and time.monotonic() - begin < 4, why
        there.wardle.mode = lambda handler: (302, "", [("Location", "https://127.0.0.1:1/")])
        code, said = there.node.request("GET", path)
        assert code == 302, "it is the client's to follow: %s" % said
        there.wardle.mode = None
        assert there.node.request("GET", path)[0] == 200
        assert there.node.request("GET", "/api/v1/namespaces")[0] == 200


def test_the_groups_that_are_served_here_have_services_too(cluster):
    node = cluster.living()[0]
    found = kubectl(cluster, "get", "apiservices")
    for name in ("v1.", "v1.apps", "v2.autoscaling", "v1.storagemigration.k8s.io"):
        expect(found, r"(?m)^%s +Local +True +" % name.replace(".", "[.]"))
    code, core = node.request("GET", SERVICES + "/v1.")
    assert code == 200 and core["spec"] == {"version": "v1", "groupPriorityMinimum": 18000, "versionPriority": 1}, core
    assert core["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "onstart"}, core
    assert core["status"]["conditions"][0]["reason"] == "Local", core
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "locals.here.example.com"}, "spec": {
        "group": "here.example.com", "scope": "Namespaced", "names": {"plural": "locals", "kind": "Local"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}
    code, said = node.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    assert code == 201, said
    service = SERVICES + "/v1.here.example.com"
    until(lambda: node.request("GET", service)[0] == 200, 5, "the definition's group has a service")
    assert node.request("GET", service)[1]["metadata"]["labels"] == {"kube-aggregator.kubernetes.io/automanaged": "true"}
    uid = node.request("GET", service)[1]["metadata"]["uid"]
    node.request("DELETE", service)
    until(lambda: node.request("GET", service)[1].get("metadata", {}).get("uid", uid) != uid, 5, "it is there again")
    node.request("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/locals.here.example.com")
    until(lambda: node.request("GET", service)[0] == 404, 5, "it goes with the definition")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
