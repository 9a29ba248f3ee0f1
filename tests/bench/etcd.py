"""The datastore beside etcd 3.7.3 in the same run: etcd/ has a client of etcd's API, which asks etcd and the door of our nodes in turn, over TLS, on the
same disk. One member and three. A write is a compare of the revision and a put of 1 KiB, as an API server's. A server's CPU time is that of etcd's processes and of our core hosts, which do all that the store does.

Etcd and the client are built from their Go modules when this is asked for; without a go only the stores alone are measured (store/).
"""
import collections
import json
import mmap
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import cluster
import sidebyside
from cluster import BOUND, Cluster, Failed, free_address, until
from sidebyside import BIN, Bench

ETCD, OURS = "etcd", None
SOURCES = os.path.join(cluster.ROOT, "tests/bench/etcd")
TROUPE = os.path.join(BIN, "troupe")
SECONDS = "1"
KEYS = 100000  # in memory
REST_S, IDLE_S = 10, 10
DISK_S = 0.5
SYNCS = ["strace", "-D", "-f", "-y", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync,pwrite64", "-e", "signal=none", "-o"]
THROUGH = re.compile(r"pwrite64\(\d+<[^>]*/segment-[0-9a-f]+>")  # our log's writes are synced as they are made

# What the client does: its words, clients, what it is called, what one is; times etcd's rate on one node and on three (0: no goal), times less CPU, times less of the 99th percentile.
Load = collections.namedtuple("Load", "kind clients name per rate rate3 cpu cpu3 p99")
LOADS = [Load("write", k, "write, %s" % ("one at a time" if k == 1 else "%d in flight" % k), "write", rate, rate3, 6, 5, 1)
         for k, rate, rate3 in ((1, 1.5, 1.6), (16, 1.7, 2), (128, 1.8, 2.3), (1024, 1.8, 2.3))] + [
    Load("get", 128, "get, linearizable, 128 in flight", "get", 1.5, None, 8, None, None),
    Load("range", 1, "range of 10,000 keys", "range", None, None, 6, None, None),
    Load("watch", 1000, "1,000 watches, 200 writes a second", "event", None, None, 5, None, 3),
]

# Nodes, clients, writes a second.
OWN = [(1, 128, 30000), (1, 1024, 50000), (3, 128, 18000), (3, 1024, 30000)]


def make_keys(folder, addresses):
    """An authority and a certificate that is good for all members and for the client."""
    def openssl(*words):
        cluster.run(["openssl", *words])
    at = lambda name: os.path.join(folder, name)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=bench", "-keyout", at("ca.key"), "-out", at("ca.crt"))
    openssl("req", *curve, "-subj", "/CN=member", "-keyout", at("m.key"), "-out", at("m.csr"))
    with open(at("names"), "w") as file:
        file.write("subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n" % ",".join("IP:" + address for address in (*addresses, "127.0.0.1")))  # the last: whence members dial
    openssl("x509", "-req", "-in", at("m.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at("names"), "-out", at("m.crt"))


class Etcd:
    """Members of an etcd, as Cluster has nodes of ours."""

    def __init__(self, count, program, prefix=()):
        self.program, self.prefix = program, list(prefix)
        self.folder = tempfile.mkdtemp(prefix="troupe-bench-etcd-")
        self.addresses = [free_address() for _ in range(count)]
        self.processes = []

    def __enter__(self):
        make_keys(self.folder, self.addresses)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        peers = ",".join("m%d=https://%s:2380" % each for each in enumerate(self.addresses))
        self.processes = [subprocess.Popen([*BOUND, *self.prefix, self.program, *self.words(*each, peers)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for each in enumerate(self.addresses)]
        until(self.is_ready, 30, "etcd answers")

    @staticmethod
    def words(number, address, peers):
        client, peer = "https://%s:2379" % address, "https://%s:2380" % address
        return ["--name", "m%d" % number, "--data-dir", "m%d" % number, "--log-level", "error", "--initial-cluster", peers,
                "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--cert-file", "m.crt", "--key-file", "m.key", "--trusted-ca-file", "ca.crt", "--client-cert-auth",
                "--peer-cert-file", "m.crt", "--peer-key-file", "m.key", "--peer-trusted-ca-file", "ca.crt", "--peer-client-cert-auth"]

    def is_ready(self):
        at = lambda name: os.path.join(self.folder, name)
        done = subprocess.run(["curl", "-sS", "-m", "2", "--cacert", at("ca.crt"), "--cert", at("m.crt"), "--key", at("m.key"),
                               "https://%s:2379/health" % self.addresses[0]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return b'"true"' in done.stdout

    def stop(self, number=signal.SIGTERM):
        for process in self.processes:
            process.send_signal(number)
        for process in self.processes:
            process.wait(30)

    def pids(self):
        return [process.pid for process in self.processes]

    def words_of_client(self):
        names = ["ca.crt", "m.crt", "m.key"]
        return client_words(self.addresses, [os.path.join(self.folder, name) for name in names], self.pids())


class Ours(Cluster):
    def __init__(self, count):
        super().__init__(count, ["--etcd-listen", "{address}:2379"])

    def pids(self):
        return [node.pids()["core"] for node in self.nodes]

    def words_of_client(self):
        folder = self.nodes[0].folder + "/pki/"
        return client_words([node.address for node in self.nodes], [folder + name for name in ("ca.crt", "admin.crt", "admin.key")], self.pids())


def client_words(addresses, files, pids):
    return ["-endpoints", ",".join(address + ":2379" for address in addresses), "-ca", files[0], "-cert", files[1], "-key", files[2],
            "-pids", ",".join(map(str, pids))]


class Bed:
    """What is there to measure with, and what was found: rows, and how many could not be."""

    def __init__(self, programs, rounds, words):
        self.programs, self.rounds, self.chosen = programs, rounds, words
        self.rows, self.failed = [], 0

    def wants(self, name):
        return not self.chosen or any(word in name for word in self.chosen)

    def etcd(self, count, prefix=()):
        return Etcd(count, os.path.join(self.programs, "etcd"), prefix)

    def client(self, servers, kind, *words):
        done = cluster.run([os.path.join(self.programs, "client"), *servers.words_of_client(), *words, kind])
        return json.loads(done.stdout or "null")

    def tell(self, name, unit, is_more_better, ratio_goal, found, goal=None):
        """found: {OURS: [a number for each round], ETCD: ...}."""
        bench = Bench("etcd: " + name, unit, is_more_better, goal, ratio_goal, None, {ETCD: None} if found.get(ETCD) else {})
        rows = sidebyside.rows_of(bench, {who: [[value] for value in values] for who, values in found.items()})
        sidebyside.show(rows, [ETCD])
        self.rows += rows

    def guarded(self, what, *arguments):
        try:
            what(self, *arguments)
        except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as why:
            print("etcd: %s: %s" % (what.__name__, why))
            self.failed += 1


# ---- rates, times, CPU ------------------------------------------------------------------------------------------


def loads(bed, count):
    where = "one node" if count == 1 else "three nodes"
    chosen = [load for load in LOADS if (count == 1 or load.rate3 is not None) and bed.wants("etcd: %s, %s" % (load.name, where))]
    if not chosen:
        return
    with bed.etcd(count) as theirs, Ours(count) as ours:
        for servers in (theirs, ours):
            if any(load.kind == "range" for load in chosen):
                bed.client(servers, "load", "-clients", "64")
        for load in chosen:
            found = {OURS: [], ETCD: []}
            for _ in range(bed.rounds):
                for who, servers in ((OURS, ours), (ETCD, theirs)):
                    found[who].append(bed.client(servers, load.kind, "-clients", str(load.clients), "-seconds", SECONDS))
            tell_load(bed, load, count, "%s, %s" % (load.name, where), found)


def tell_load(bed, load, count, name, found):
    column = lambda field: {who: [each[field] for each in rounds] for who, rounds in found.items()}
    errors = sum(each["errors"] for rounds in found.values() for each in rounds)
    if errors:
        raise Failed("%s: %d errors" % (name, errors))
    if load.kind != "watch":  # there the rate is given
        bed.tell(name, "/s", True, load.rate if count == 1 else load.rate3, column("per_s"))
    bed.tell(name + ": p50", "ms", False, None, column("p50_ms"))
    bed.tell(name + ": p99", "ms", False, load.p99, column("p99_ms"))
    bed.tell(name + ": CPU for one %s" % load.per, "us", False, load.cpu if count == 1 else load.cpu3, column("cpu_us"))


# ---- without etcd's API -------------------------------------------------------------------------------------------


def over_links(bed):
    """Stores alone, loaded by a program in C over a link as between nodes: nothing of Go wants the processors. Beside them what the disk lets through."""
    for kib in (4, 64):
        name = "store over a link: the disk, writes of %d KiB, each synced" % kib
        if bed.wants("etcd: " + name):
            bed.tell(name, "/s", True, None, {OURS: [synced_writes(kib * 1024) for _ in range(bed.rounds)]})
    for count, clients, goal in OWN:
        name = "store over a link, %d in flight, %s" % (clients, "one node" if count == 1 else "three nodes")
        if not bed.wants("etcd: " + name):
            continue
        rounds = []
        for _ in range(bed.rounds):
            with tempfile.TemporaryDirectory(prefix="troupe-bench-store-") as folder:
                rounds.append(json.loads(cluster.run([os.path.join(BIN, "bench-store"), str(count), str(clients), SECONDS, folder]).stdout))
        column = lambda field: {OURS: [each[field] for each in rounds]}
        bed.tell(name, "/s", True, None, column("per_s"), goal)
        bed.tell(name + ": p99", "ms", False, None, column("p99_ms"))
        bed.tell(name + ": CPU for one write", "us", False, None, column("cpu_us"))


def synced_writes(size):
    """A second, one after another over a file that is there, past the machine's cache, as the log is written."""
    with tempfile.TemporaryDirectory(prefix="troupe-bench-disk-") as folder:
        path, places = os.path.join(folder, "file"), 64
        with open(path, "wb") as file:
            file.write(bytes(size * places))
            os.fsync(file.fileno())
        block = mmap.mmap(-1, size)  # aligned, as the disk wants it
        file = os.open(path, os.O_WRONLY | os.O_DIRECT | os.O_DSYNC)
        try:
            done, begin = 0, time.monotonic()
            while time.monotonic() - begin < DISK_S:
                os.pwrite(file, block, done % places * size)
                done += 1
            return done / (time.monotonic() - begin)
        finally:
            os.close(file)


# ---- the disk ---------------------------------------------------------------------------------------------------


def disk(bed):
    """16 in flight on one node, and at rest; whoever is looked at runs under strace, which stops it at no other calls."""
    if not bed.wants("etcd: disk"):
        return
    if shutil.which("strace") is None:
        print("etcd: syncs are not counted: there is no strace here")
        return
    found = {}
    with tempfile.TemporaryDirectory(prefix="troupe-bench-syncs-") as folder:
        trace = lambda who: [*SYNCS, os.path.join(folder, who)]
        bound = list(BOUND)
        with bed.etcd(1, trace("etcd")) as theirs:
            BOUND.extend(trace("ours"))
            try:
                ours = Ours(1)
                ours.__enter__()
            finally:
                BOUND[:] = bound
            try:
                for who, servers, name in ((OURS, ours, "ours"), (ETCD, theirs, "etcd")):
                    bed.client(servers, "load", "-clients", "64", "-keys", str(KEYS))  # a new log's first files are made but once
                    found[who] = look_at_disk(bed, servers, os.path.join(folder, name))
                time.sleep(REST_S)  # what is measured is rest; nothing tells when it has come
                before = {name: syncs(os.path.join(folder, name)) for name in ("ours", "etcd")}
                time.sleep(IDLE_S)
                idle = {who: (syncs(os.path.join(folder, name)) - before[name]) * 3600 / IDLE_S for who, name in ((OURS, "ours"), (ETCD, "etcd"))}
            finally:
                ours.close()
    each = lambda index: {who: [numbers[index]] for who, numbers in found.items()}
    bed.tell("disk, 16 in flight, one node: syncs for 1,000 writes", "", False, 1, each(0))
    bed.tell("disk, 16 in flight, one node: bytes for one write", "B", False, 1, each(1))
    bed.tell("disk, at rest: syncs an hour", "", False, None, {who: [value] for who, value in idle.items()}, goal=0)


def syncs(path):
    with open(path) as file:
        return sum("sync(" in line or THROUGH.search(line) is not None for line in file)


def written(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/io" % pid) as file:
            total += int(re.search(r"^write_bytes: (\d+)", file.read(), re.M).group(1))
    return total


def look_at_disk(bed, servers, trace):
    """Syncs for 1,000 writes and bytes for one: of the warm-up as well, whose writes show in the revision only, so per revision."""
    before = syncs(trace), written(servers.pids()), revision(bed, servers)
    bed.client(servers, "write", "-clients", "16", "-seconds", "2")
    time.sleep(1)  # what is written behind the answers
    writes = revision(bed, servers) - before[2]
    return (syncs(trace) - before[0]) * 1000 / writes, (written(servers.pids()) - before[1]) / writes


def revision(bed, servers):
    return bed.client(servers, "revision")["count"]


# ---- memory -----------------------------------------------------------------------------------------------------


def pss(pid):
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return int(re.search(r"^Pss: +(\d+)", file.read(), re.M).group(1)) / 1024


def memory(bed):
    """One member each, with all keys: just written, and started anew."""
    if not bed.wants("etcd: memory"):
        return
    written_, started = {}, {}
    with bed.etcd(1) as theirs:
        bed.client(theirs, "load", "-clients", "64", "-keys", str(KEYS))
        written_[ETCD] = [pss(theirs.pids()[0])]
        theirs.stop()
        theirs.start()
        started[ETCD] = [pss(theirs.pids()[0])]
    with Ours(1) as ours:
        bed.client(ours, "load", "-clients", "64", "-keys", str(KEYS))
        written_[OURS] = [pss(ours.pids()[0])]
        node = ours.nodes[0]
        node.stop()
        node.start(*ours.words_of(node)).wait_ready()
        started[OURS] = [pss(ours.pids()[0])]
    bed.tell("memory with 100,000 keys of 1 KiB, just written (PSS)", "MB", False, 4, written_)
    bed.tell("memory, the same after a start", "MB", False, 4, started)


# ---- all --------------------------------------------------------------------------------------------------------


def build():
    """The folder of etcd and the client; None, with a word of why, where they cannot be had."""
    done = subprocess.run([os.path.join(SOURCES, "build")], stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def run(rounds, words):
    sidebyside.build([])
    programs = build()
    cluster.use(TROUPE)
    sidebyside.take_priority()
    bed = Bed(programs, rounds, words)
    sidebyside.show_head("the datastore beside etcd, through etcd's API", [ETCD])
    for what, *arguments in ((loads, 1), (loads, 3), (disk,), (memory,)) if programs else ():
        bed.guarded(what, *arguments)
    bed.guarded(over_links)
    return bed.rows, bed.failed
