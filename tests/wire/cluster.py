"""Nodes of the real program on loopback addresses, for tests.

    with Cluster(3) as cluster:          # n1 founds, the others join; all are ready when the block begins
        cluster.kubectl("get", "nodes")
        cluster.nodes[0].kill()

Every node is a process group of its own that is killed at the end; should the script be killed itself, its nodes end with
it. Addresses are not used twice by one run, so that a port in TIME_WAIT never matters, and not by two runs at once.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

LOG_LINES = int(os.environ.get("TROUPE_LOG_LINES", "25"))  # of each node, where a test with a cluster of its own fails
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TROUPE = os.path.join(ROOT, "build/debug/bin/troupe")  # see use()
PORTS = (6443, 6444)  # of a node, unless a test says otherwise
BOUND = ["setpriv", "--pdeathsig", "KILL"]  # becomes the program, which then ends with the thread that started it
CONTAIN = os.path.join(ROOT, "tests/wire/contain")
CONTAINED = ["setpriv", "--pdeathsig", "TERM", CONTAIN]  # a program of others, which gives what it starts groups of their own
_taken = []  # sockets whose names say that a network of addresses is ours; they end with this process


class Skipped(Exception):
    """Raised by a test that cannot run on this machine; the words say why."""


class Failed(AssertionError):
    pass


def use(program):
    """Which program the nodes of this run are."""
    global TROUPE
    if not os.access(program, os.X_OK):
        raise SystemExit("no program at %s: build it with scons\n0 passed, 1 failed, 0 skipped" % program)
    TROUPE = os.path.abspath(program)


def contain():
    """This program again, with the same words, under one that ends whatever it leaves, however it ends itself."""
    if "TROUPE_CONTAINED" not in os.environ:
        os.environ["TROUPE_CONTAINED"] = "1"
        os.execv(CONTAIN, [CONTAIN, sys.executable, *sys.argv])


def until(claim, seconds, what):
    """The first true value of claim(), looked at every few milliseconds; Failed when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("not within %g s: %s" % (seconds, what))
        time.sleep(0.01)


def networks():
    """Networks of addresses that no other run on this machine has; ours until this process ends."""
    for net in sorted(range(40, 240), key=lambda net: (net - os.getpid()) % 200):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind("\0troupe-wire-127.0.%d" % net)  # an abstract name belongs to one process of a network namespace, as an address does
        except OSError:
            claim.close()
            continue
        _taken.append(claim)
        yield net


def is_free(address):
    """Nothing listens there: no node that an earlier run left, no program of somebody else's."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


_addresses = (address for net in networks() for address in ("127.0.%d.%d" % (net, host) for host in range(1, 250)) if is_free(address))


def free_address():
    """One of this machine that nobody has used in this run."""
    address = next(_addresses, None)
    if address is None:
        raise Failed("no loopback address is left: other runs have them, or ports %s are taken on all" % (PORTS,))
    return address


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


class Node:
    def __init__(self, name, folder, address=None, port=6443):
        self.name, self.address, self.port = name, address or free_address(), port
        self.folder = os.path.join(folder, name)
        self.log = self.folder + ".log"
        self.process = None

    def start(self, *words):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*BOUND, TROUPE, "up", "--name", self.name, "--listen", "%s:%d" % (self.address, self.port), "--data-dir", self.folder, *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failed("%s ended with %d: %s" % (self.name, self.process.returncode, self.last_words()))
        try:
            connection = UnixConnection(self.folder + "/run/api.sock")
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, seconds=30):
        until(self.is_ready, seconds, "%s is ready" % self.name)
        return self

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return (log.read().strip().splitlines() or [""])[-1]

    def pids(self):
        """Of the hosts: {"core": 17, ...}; read from /proc, so also when nobody answers."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    words = file.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            if len(words) > 3 and words[1].startswith("host-") and self.folder in words:
                found[words[1][5:]] = int(pid)
        return found

    def kill_host(self, host, number=signal.SIGKILL):
        os.kill(until(lambda: self.pids().get(host), 10, "%s has a host %s" % (self.name, host)), number)

    def kill(self):
        """The whole machine: the root and every host at once."""
        pids = self.pids()
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        for pid in pids.values():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process is not None:
            self.process.wait()
        until(lambda: not self.pids(), 10, "the hosts of %s have ended" % self.name)

    def stop(self, seconds=20):
        """As an operator does; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def troupe(self, *words, ok=True, seconds=60):
        return run([TROUPE, words[0], "--data-dir", self.folder, *words[1:]], ok, seconds)

    def status(self):
        return json.loads(self.troupe("status", "-o", "json", ok=None).stdout or "{}")

    def context(self):
        context = ssl.create_default_context(cafile=self.folder + "/pki/ca.crt")
        context.load_cert_chain(self.folder + "/pki/admin.crt", self.folder + "/pki/admin.key")
        return context

    def request(self, method, path, body=None, content_type="application/json", headers=None, seconds=20):
        """As the administrator over HTTPS: (code, decoded body or text)."""
        connection = http.client.HTTPSConnection(self.address, self.port, context=self.context(), timeout=seconds)
        try:
            connection.request(method, path, None if body is None else json.dumps(body) if not isinstance(body, (str, bytes)) else body,
                               {**({"Content-Type": content_type} if body is not None else {}), **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text


def run(words, ok=True, seconds=60, env=None, stdin=None):
    """A finished program; ok: it must end with 0 (True), with something else (False), either (None)."""
    done = subprocess.run(words, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=seconds, env=env, text=True)
    if ok is not None and (done.returncode == 0) != ok:
        raise Failed("%s ended with %d\n%s%s" % (" ".join(words), done.returncode, done.stdout[-2000:], done.stderr[-2000:]))
    return done


class Cluster:
    def __init__(self, count=1, words=()):
        """`words`: further ones for `troupe up` on each node; {address} in them is the node's own."""
        self.words = words
        self.folder = tempfile.mkdtemp(prefix="troupe-wire-")
        self.nodes = [Node("n%d" % (i + 1), self.folder) for i in range(count)]

    def __enter__(self):
        try:
            self.nodes[0].start(*self.words_of(self.nodes[0])).wait_ready()
            for node in self.nodes[1:]:
                node.start("--join", self.token(), *self.words_of(node))
            for node in self.nodes[1:]:
                node.wait_ready()
            self.wait_voters(1 if len(self.nodes) < 3 else 3 if len(self.nodes) < 7 else 5)
        except BaseException:
            self.close()
            raise
        return self

    def words_of(self, node):
        return [word.format(address=node.address) for word in self.words]

    def __exit__(self, kind, *_):
        if kind is not None:
            self.tell()
        self.close()

    def tell(self):
        """What each node logged last: a failure without its cause is worth little."""
        for node in self.nodes:
            print("---- %s" % node.name)
            with open(node.log, encoding="utf-8", errors="replace") as log:
                print("\n".join(line[:300] for line in log.read().splitlines()[-LOG_LINES:]), flush=True)

    def close(self):
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, name, *words):
        node = Node(name, self.folder)
        self.nodes.append(node)
        return node.start(*words)

    def token(self, *words):
        return self.living()[0].troupe("token", "create", *words).stdout.strip()

    def living(self):
        return [node for node in self.nodes if node.process is not None and node.process.poll() is None]

    def leader(self):
        name = until(lambda: self.living()[0].status().get("leader"), 20, "somebody leads")
        return next(node for node in self.nodes if node.name == name)

    def wait_voters(self, count, seconds=30):
        def enough():
            members = self.living()[0].status().get("members", [])
            return sum(m["role"] == "voter" and m["alive"] for m in members) >= count
        until(enough, seconds, "%d voters are alive" % count)

    def kubectl(self, *words, ok=True, node=None, stdin=None, seconds=60, env=None):
        node = node or self.living()[0]
        return run(["kubectl", "--kubeconfig", node.folder + "/admin.kubeconfig", *words], ok, seconds, {**os.environ, **(env or {})}, stdin)
