"""What stands behind the proxies: pods and nodes that are objects only, and servers of the script that listen for them.

They listen at an address that is not a loopback one, in a network of their own: a script calls alone() before anything else.
"""
import http.client
import json
import os
import subprocess
import sys
import threading

from cluster import Skipped, until
from outside import Handler, Server

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
