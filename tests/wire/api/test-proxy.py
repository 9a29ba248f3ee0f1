#!/usr/bin/env python3
"""pods/proxy, services/proxy and nodes/proxy: any request, to what listens in a pod, behind a service, at a node."""
import gzip
import http.client
import json
import os
import socket
import sys
import tempfile

import proxied

if __name__ == "__main__":
    proxied.alone()

import suite
from cluster import Cluster, Failed, until
from kube import expect, kubectl
from outside import Outside, authority, issue
from proxied import ADDRESS, NODE, NS, BASE, own_network, Pod, made, status, far_node, far_pod, service, endpoint, asked, failed, echo


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
