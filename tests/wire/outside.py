"""HTTPS servers for the API server to call: webhooks, servers of other groups. Certificates are made by openssl.

    with Outside(folder, {"/patch": lambda review: patched(review, [...])}) as hook:
        hook.client("/patch")            # a WebhookClientConfig
        hook.seen                        # [(path with query, body)] in the order they came

What a path gives is a dict (JSON, 200), a pair of code and text, or a function of the handler that writes what it likes. One function
of handler and body in the place of all paths is asked about everything.
"""
import base64
import http.server
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def authority(folder, name):
    """An authority of its own: paths of its certificate and key."""
    os.makedirs(folder, exist_ok=True)
    cert, key = "%s/%s.crt" % (folder, name), "%s/%s.key" % (folder, name)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + name,
            "-keyout", key, "-out", cert, "-addext", "basicConstraints=critical,CA:true")
    return cert, key


def issue(folder, ca, name, names):
    """A server's certificate by the authority: paths of it and its key. `names` as in subjectAltName: DNS:a,IP:1.2.3.4."""
    cert, key, request = ("%s/%s.%s" % (folder, name, end) for end in ("crt", "key", "csr"))
    with open("%s/%s.ext" % (folder, name), "w", encoding="utf-8") as file:
        file.write("subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n" % names)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial", "-days", "2", "-out", cert, "-extfile",
            "%s/%s.ext" % (folder, name))
    return cert, key


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second must not wait until the first is acknowledged

    def log_message(self, *_):
        pass

    def setup(self):
        # Here and not in accept: a handshake that fails must not end the server.
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def give(self, code, text, headers=()):
        body = text if isinstance(text, bytes) else text.encode()
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        with self.server.lock:
            self.server.seen.append((self.path, body))
            self.server.heads.append(dict(self.headers.items()))
        if callable(self.server.paths):
            said = self.server.paths(self, body)
        else:
            give = self.server.paths.get(path)
            said = give(json.loads(body) if body else self) if give else (404, "nothing at " + path)
        if callable(said):
            said(self)
        elif isinstance(said, dict):
            self.give(200, json.dumps(said), [("Content-Type", "application/json")])
        else:
            self.give(*said)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer


def huge(_, size=64 << 20):
    """An answer that does not end."""
    def write(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        try:
            for _ in range(size >> 16):
                handler.wfile.write(b" " * (1 << 16))
        except OSError:
            pass
    return write


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # hostile tests break connections on purpose


class Outside:
    """folder: where its certificates are made; None: in one of its own, which goes with it."""

    def __init__(self, folder, paths, names="DNS:localhost,IP:127.0.0.1", address="127.0.0.1", clients=None):
        self.own = None if folder else tempfile.TemporaryDirectory(prefix="troupe-outside-")
        folder = folder or self.own.name
        self.ca = authority(folder, "ca")
        cert = issue(folder, self.ca, "server", names)
        self.server = Server((address, 0), Handler)
        self.server.paths, self.server.seen, self.server.heads, self.server.connections = paths, [], [], 0
        self.server.lock = threading.Lock()
        self.server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.context.load_cert_chain(*cert)
        if clients:
            self.server.context.load_verify_locations(clients)
            self.server.context.verify_mode = ssl.CERT_REQUIRED
        self.address, self.port = self.server.server_address
        self.seen, self.heads = self.server.seen, self.server.heads
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        if self.own:
            self.own.cleanup()

    @property
    def connections(self):
        return self.server.connections

    @property
    def bundle(self):
        with open(self.ca[0], "rb") as file:
            return base64.b64encode(file.read()).decode()

    def client(self, path="/", host=None):
        return {"url": "https://%s:%d%s" % (host or self.address, self.port, path), "caBundle": self.bundle}


def own_address():
    """One of this machine that is not loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only the route is looked up
            found = probe.getsockname()[0]
        except OSError:
            return None
    return None if found.startswith("127.") else found
