"""Upstream's kube-apiserver (KUBE_APISERVER names the program) on the etcd doors of a cluster of ours."""
import http.client
import json
import os
import signal
import ssl
import subprocess
import tempfile

from cluster import BOUND, Failed, Skipped, free_address, run, until

READY_SECONDS = 300  # on a machine with a load of 28 a minute and a half was not enough


def compact(body):
    """As every client but a person writes it: raw fields are kept as they came, and compared so."""
    return json.dumps(body, separators=(",", ":"))


class Upstream:
    """kube-apiserver on the doors of a cluster's nodes, with the cluster's keys."""

    def __init__(self, cluster):
        program = os.environ.get("KUBE_APISERVER")
        if not program:
            raise Skipped("KUBE_APISERVER names no program")
        self.address, self.port = free_address(), 7443
        self.node = cluster.nodes[0]
        pki = self.node.folder + "/pki/"
        self.folder = tempfile.TemporaryDirectory()
        public = self.folder.name + "/sa.pub"
        run(["openssl", "pkey", "-in", pki + "sa.key", "-pubout", "-out", public])
        self.log = open(self.folder.name + "/log", "w")
        self.process = subprocess.Popen(
            [*BOUND, program, "--bind-address", self.address, "--secure-port", str(self.port),
             "--etcd-servers", ",".join("https://%s:2379" % node.address for node in cluster.nodes), "--etcd-cafile", pki + "ca.crt",
             "--etcd-certfile", pki + "admin.crt", "--etcd-keyfile", pki + "admin.key", "--client-ca-file", pki + "ca.crt",
             "--tls-cert-file", pki + "apiserver.crt", "--tls-private-key-file", pki + "apiserver.key",
             "--service-account-issuer", "https://kubernetes.default.svc.cluster.local", "--service-account-key-file", public,
             "--service-account-signing-key-file", pki + "sa.key", "--authorization-mode", "Node,RBAC", "--allow-privileged",
             "--service-cluster-ip-range", "10.96.0.0/16", "--endpoint-reconciler-type", "none"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)

    def connection(self, seconds):
        context = ssl.create_default_context(cafile=self.node.folder + "/pki/ca.crt")
        context.check_hostname = False  # the certificate is the node's, for the node's addresses
        context.load_cert_chain(self.node.folder + "/pki/admin.crt", self.node.folder + "/pki/admin.key")
        return http.client.HTTPSConnection(self.address, self.port, context=context, timeout=seconds)

    def request(self, method, path, body=None, content_type="application/json", seconds=30):
        connection = self.connection(seconds)
        try:
            text = body if body is None or isinstance(body, str) else compact(body)
            connection.request(method, path, text, {"Content-Type": content_type} if body is not None else {})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failed("kube-apiserver ended with %d:\n%s" % (self.process.returncode, open(self.log.name).read()[-3000:]))
        try:
            return self.request("GET", "/readyz", seconds=5)[0] == 200
        except OSError:
            return False

    def __enter__(self):
        until(self.is_ready, READY_SECONDS, "kube-apiserver is ready")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()
        self.folder.cleanup()
