"""Nodes with a gigabyte of data: starting, memory, a member that comes while there are writes, snapshots that break off, backup and restore. Takes minutes and 8 GB of $TMPDIR, so it
runs only when it is asked for by name.

The data comes in as a database of kine's that is made here: ConfigMaps of 10 KiB (LARGE_MIB=N: so many MiB of them). The CPU time stands beside what is
measured by the clock, for a machine that is busy. etcd, for its memory, where ETCD names the program; what it holds is our own export.
"""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import traceback

from cluster import ROOT, Cluster, Node, free_address, until, use
from cluster import run as program
import figures

MIB = int(os.environ.get("LARGE_MIB", "1000"))
VALUE = 10 * 1024
WRITES = 2000  # a second, while a member comes
SECONDS = 10  # of writes
SMALL = 100 * MIB, 1024  # keys and bytes of each, for memory beside etcd: 100,000 of them


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def config_map(name, size):
    """As an API server keeps one, of about so many bytes."""
    metadata = field(1, name) + field(3, b"large") + field(5, b"00000000-0000-4000-8000-%012x" % (hash(name) & 0xffffffffffff)) + field(8, b"\x08\xd0\xb6\xd5\xc9\x06")
    text = (b"%s of the large cluster, again and again. " % name) * (size // 32 + 1)
    body = field(1, metadata) + field(2, field(1, b"a") + field(2, text[:size - 160]))
    return b"k8s\0" + field(1, field(1, b"v1") + field(2, b"ConfigMap")) + field(2, body)


def namespace():
    metadata = field(1, b"large") + field(5, b"00000000-0000-4000-8000-000000000001")
    return b"k8s\0" + field(1, field(1, b"v1") + field(2, b"Namespace")) + field(2, field(1, metadata) + field(2, field(1, b"kubernetes")) + field(3, field(1, b"Active")))


def kine(path, count, size):
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode=OFF")
    base.execute("PRAGMA synchronous=OFF")
    base.execute("CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER, deleted INTEGER, "
                 "create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)")
    base.execute("BEGIN")
    base.execute("INSERT INTO kine VALUES (2, '/registry/namespaces/large', 1, 0, 0, 0, 0, ?, NULL)", (namespace(),))
    base.executemany("INSERT INTO kine VALUES (?, ?, 1, 0, 0, 0, 0, ?, NULL)",
                     ((3 + i, "/registry/configmaps/large/c-%07d" % i, config_map(b"c-%07d" % i, size)) for i in range(count)))
    base.execute("COMMIT")
    base.close()


class Data:
    """A data directory with so many keys, made once; each node gets a copy of its own."""
    made = {}

    @classmethod
    def fill(cls, node, count, size):
        if (count, size) not in cls.made:
            folder = tempfile.mkdtemp(prefix="troupe-large-")
            kine(folder + "/kine.db", count, size)
            Node("data", folder).troupe("import", folder + "/kine.db", seconds=1200)
            os.unlink(folder + "/kine.db")
            cls.made[count, size] = folder
        shutil.copytree(cls.made[count, size] + "/data", node.folder)

    @classmethod
    def end(cls):
        for folder in cls.made.values():
            shutil.rmtree(folder, ignore_errors=True)


class Large:
    """A cluster whose first node begins with the data."""

    def __init__(self, count=MIB * 1024 // 10, size=VALUE):
        self.cluster = Cluster(1)
        self.node = self.cluster.nodes[0]
        Data.fill(self.node, count, size)

    def __enter__(self):
        begin = time.monotonic()
        self.node.start()
        until(self.node.is_ready, 600, "the node is ready")
        self.ready_ms = (time.monotonic() - begin) * 1000
        self.ready_cpu_ms = cpu_ms(self.node.pids()["core"])
        return self

    def __exit__(self, *_):
        self.cluster.close()


def cpu_ms(pid):
    return figures.cpu_ticks(pid) * 1000 / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    with open("/proc/%d/status" % pid) as file:
        return int(re.search(r"^VmHWM:\s+(\d+)", file.read(), re.M).group(1)) / 1000


def until_listed(node):
    """All that is there has come: (ms of a ConfigMap by its name, ms of the first list that needs them all)."""
    path = "/api/v1/namespaces/large/configmaps"
    begin = time.monotonic()
    assert node.request("GET", path + "/c-0000777")[0] == 200
    read = time.monotonic()
    code, page = node.request("GET", path + "?limit=1", seconds=120)
    assert code == 200 and len(page["items"]) == 1, page
    return (read - begin) * 1000, (time.monotonic() - read) * 1000


def start():
    with Large() as large:
        one_ms, list_ms = until_listed(large.node)
        log = open(large.node.log, encoding="utf-8", errors="replace").read()
        stamps = [float(minute) * 60 + float(second) for minute, second in
                  re.findall(r"T\d+:(\d+):([\d.]+)Z INFO n1/core/(?:http: listening address=unix|store: opened)", log)]
        return [("a node's store opens", "ms", 1000, (stamps[1] - stamps[0]) * 1000 % 3600000),
                ("exec to /readyz, its caches filled", "ms", 1000, large.ready_ms),
                ("CPU of its core host until then", "ms", None, large.ready_cpu_ms),
                ("right after that: one by its name", "ms", None, one_ms),
                ("behind it: a list, which waits for all of them", "ms", None, list_ms),
                ("CPU of its core host until then", "ms", None, cpu_ms(large.node.pids()["core"]))]


def measured(node, *words):
    """A verb: seconds, seconds of CPU, MB at most."""
    begin = time.monotonic()
    child = subprocess.Popen([figures.RELEASE, words[0], "--data-dir", node.folder, *words[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, words
    return time.monotonic() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def backup():
    with Large() as large:
        path, core = large.cluster.folder + "/large.troupe", large.node.pids()["core"]
        before, peak = cpu_ms(core), peak_mb(core)
        made = measured(large.node, "backup", path)
        core_ms, grown = cpu_ms(core) - before, peak_mb(core) - peak
        again = Node("again", large.cluster.folder)
        restored = measured(again, "restore", path)
        return [("backup, made and tried", "s", None, made[0]), ("CPU of the verb for it", "s", None, made[1]),
                ("CPU of the core host for it", "s", None, core_ms / 1000), ("memory of the verb, at most", "MB", 64, made[2]),
                ("the core host grows by, at most", "MB", 64, grown),
                ("restore", "s", None, restored[0]), ("CPU of the verb for it", "s", None, restored[1]), ("memory of the verb, at most", "MB", 64, restored[2])]


class Writes:
    """h2load, so many writes a second for some seconds; the times of its answers."""

    def __init__(self, node, token, path):
        self.log, self.node = tempfile.NamedTemporaryFile("r"), node
        clients = 16
        self.child = subprocess.Popen(
            ["h2load", "-t", "1", "-c", str(clients), "-m", "1", "--rps", str(WRITES // clients), "-n", str(WRITES * SECONDS), "--log-file", self.log.name,
             "-H", "Authorization: Bearer " + token, "-H", "Content-Type: application/json", "-d", path,
             "https://%s:6443%s/configmaps" % (node.address, figures.Load.GROUP)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def p99_ms(self):
        assert self.child.wait(600) == 0
        rows = [line.split() for line in self.log.read().splitlines()]
        good = sorted(int(row[2]) for row in rows if row[1] == "201")
        assert len(good) > len(rows) * 0.99, "%d of %d writes were made" % (len(good), len(rows))
        return good[len(good) * 99 // 100] / 1000


def member():
    """Twice the same writes: alone, and while a member comes that has nothing."""
    if shutil.which("h2load") is None:
        return []
    with Large() as large, tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        load = figures.Load()
        load.cluster, load.node = large.cluster, large.node
        token = load.prepare()
        json.dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}, "data": {"a": "x" * 1000}}, body)
        body.flush()
        core = large.node.pids()["core"]
        until_listed(large.node)
        before = peak_mb(core)
        alone = Writes(large.node, token, body.name).p99_ms()
        peak, begin = peak_mb(core), time.monotonic()
        writes = Writes(large.node, token, body.name)
        other = large.cluster.add("n2", "--join", large.cluster.token())
        until(other.is_ready, 600, "n2 has it all")
        seconds = time.monotonic() - begin
        beside = writes.p99_ms()
        return [("2,000 writes a second alone, p99", "ms", None, alone), ("while a member takes the data in, p99", "ms", None, beside),
                ("times as long", "", 2, beside / alone), ("until it has all", "s", None, seconds),
                ("the leader's core host grows by the writes alone", "MB", None, peak - before),
                ("and beside the member by so much more", "MB", 64, peak_mb(core) - peak - (peak - before))]


class Taking:
    """A node that comes and takes the data in; what has come of the snapshot is the size of a file."""

    def __init__(self, large, name):
        self.large, self.name = large, name
        self.node = large.cluster.add(name, "--join", large.cluster.token())
        self.whole = 0

    def size(self):
        try:
            return os.path.getsize(self.node.folder + "/store/incoming.db")
        except OSError:
            return 0

    def copy(self):
        try:
            return os.path.getsize(self.large.node.folder + "/store/copy.db")
        except OSError:
            return 0

    def half(self):
        """Bytes that are there when it is about half of it."""
        until(lambda: self.copy() and self.size() * 2 > self.copy(), 600, "%s has half of it" % self.name)
        self.whole = self.copy()
        return self.size()

    def lowest_until_ready(self, had):
        """Of what it had: as far as it goes on from there."""
        lowest, begin = had, time.monotonic()
        while not self.is_whole():
            assert time.monotonic() - begin < 600
            lowest = min(lowest, self.size() or lowest)
            time.sleep(0.005)
        return lowest, time.monotonic() - begin

    def is_whole(self):
        with open(self.node.log, encoding="utf-8", errors="replace") as log:
            return "begins anew from a snapshot" in log.read()


def broken():
    """Three members whose snapshot breaks off: a link that is lost for a while, a process that ends, a node that never comes back."""
    with Large() as large:
        cut = Taking(large, "n2")
        had = cut.half()
        core = cut.node.pids()["core"]
        os.kill(core, signal.SIGSTOP)
        time.sleep(6)
        os.kill(core, signal.SIGCONT)
        lowest, seconds = cut.lowest_until_ready(had)
        rows = [("of a snapshot, sent again after the link was lost for 6 s", "MB", 1, (had - lowest) / 1e6), ("until it is whole", "s", None, seconds)]
        until(cut.node.is_ready, 600, "n2 is ready")
        ended = Taking(large, "n3")
        had = ended.half()
        ended.node.kill()
        had = ended.size()
        ended.node.start()
        lowest, seconds = ended.lowest_until_ready(had)
        rows += [("sent again after its process was killed", "MB", 9, (had - lowest) / 1e6), ("until it is whole", "s", None, seconds)]
        until(ended.node.is_ready, 600, "n3 is ready")
        gone = Taking(large, "n4")
        gone.half()
        gone.node.kill()
        begin = time.monotonic()
        until(lambda: not gone.copy(), 60, "the copy for n4 goes")
        return rows + [("a node that does not come back: its copy has gone after", "s", 20, time.monotonic() - begin)]


class Door:
    """A server that speaks etcd's API: our store behind its door and nothing else, or an etcd."""

    def __init__(self, folder, server=None):
        self.folder, self.address, self.server = folder, free_address(), server
        self.place = "%s://%s:2379" % ("http" if server else "https", self.address)
        self.keys = [] if server else ["--cacert", folder + "/pki/ca.crt", "--cert", folder + "/pki/admin.crt", "--key", folder + "/pki/admin.key"]

    def words(self):
        peers = "http://%s:2380" % self.address
        return [self.server, "--data-dir", self.folder, "--listen-client-urls", self.place, "--advertise-client-urls", self.place, "--listen-peer-urls", peers,
                "--initial-advertise-peer-urls", peers, "--initial-cluster", "default=" + peers, "--quota-backend-bytes", str(8 << 30)] if self.server \
            else [os.path.join(ROOT, "build/release/bin/wire-etcd"), self.address, self.folder]

    def __enter__(self):
        self.child = subprocess.Popen(self.words(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.count() is not None, 120, "%s answers" % self.place)
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def ctl(self, *words):
        return ["etcdctl", "--endpoints", self.place, *self.keys, *words]

    def count(self):
        done = program(self.ctl("get", "/registry/", "--prefix", "--limit", "1", "-w", "json"), None, 60, ETCDCTL)
        return json.loads(done.stdout).get("count", 0) if done.returncode == 0 else None

    def rss_mb(self):
        """At rest, after a start."""
        self.__exit__()
        with self:
            time.sleep(5)
            return figures.smaps(self.child.pid, "Rss") / 1e6


ETCDCTL = {**os.environ, "ETCDCTL_API": "3"}


def mirror(ours, theirs):
    """The same keys in an etcd."""
    child = subprocess.Popen(ours.ctl("make-mirror", "--dest-insecure-transport", theirs.address + ":2379"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env=ETCDCTL)
    try:
        until(lambda: theirs.count() == ours.count(), 900, "etcd has all of it")
    finally:
        child.kill()
        child.wait()


def memory():
    """The datastore alone, behind etcd's door, beside an etcd with the same keys."""
    if shutil.which("etcdctl") is None:
        return []
    server, folder = os.environ.get("ETCD") or shutil.which("etcd"), tempfile.mkdtemp(prefix="troupe-large-")
    try:
        Data.fill(Node("data", folder), *SMALL)
        shutil.rmtree(folder + "/data/pki")  # the door makes one of its own
        with Door(folder + "/data") as ours:
            if server is None:
                return [("a store with %d keys of 1 KiB, RSS" % SMALL[0], "MB", None, ours.rss_mb())]
            with Door(folder + "/etcd", server) as theirs:
                mirror(ours, theirs)
                found = ours.rss_mb(), theirs.rss_mb()
        return [("a store with %d keys of 1 KiB, RSS" % SMALL[0], "MB", found[1] / 4, found[0]), ("an etcd with them, RSS", "MB", None, found[1])]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(rounds, words):
    """Each once, whatever `rounds`: they take long."""
    program(["scons", "-Q", "-s", "-C", ROOT, "build/release/bin/troupe", "build/release/bin/wire-etcd"], seconds=900)
    use(figures.RELEASE)
    print("nodes with %d MiB of data" % MIB)
    found, failed = [], 0
    for bench in (start, memory, backup, member, broken):
        if words and bench.__name__ not in words:
            continue
        try:
            for name, unit, goal, value in bench():
                holds = None if goal is None else value <= goal
                found.append({"name": name, "unit": unit, "value": value, "peer": None, "peer_value": None, "ratio": None, "goal": goal, "holds": holds})
                print("%-52s %10.1f %-4s %8s %s" % (name, value, unit, "" if goal is None else "%.0f" % goal, {None: "", True: "holds", False: "MISSED"}[holds]), flush=True)
        except Exception:
            print("%s: %s" % (bench.__name__, traceback.format_exc(limit=-2)))
            failed += 1
    print("load of the machine: %.0f %.0f %.0f" % os.getloadavg())
    Data.end()
    return found, failed
