"""What several people do to the same objects by way of different nodes, and whether it can have happened: linearizability.

    with Histories(cluster) as histories:      # several people beside each node read and swap the values of a few ConfigMaps
        ...
    histories.judge()                          # raises Failed when the answers contradict each other; Skipped without a go

A swap is a PUT of what was read, with its resourceVersion. Porcupine (porcupine/main.go, a Go module) judges each object's history;
revisions are looked at here: none is given twice, and whoever began after another had ended has the greater one. What was read without a
majority may be old, and says so: such weak reads are judged apart. They show what somebody wrote, and nothing that was refused or not asked for yet.
"""
import functools
import http.client
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time

from cluster import Failed, Skipped, run

MAPS = "/api/v1/namespaces/default/configmaps"
REGISTERS = 3
PEOPLE = 2  # beside each node
# A swap that nobody answered stays open for ever, so histories are kept short: registers are left for fresh ones.
REGISTER_SECONDS = 15
PAUSE_SECONDS = 0.01
BUILD_SECONDS = 600
JUDGE_SECONDS = 3600
WEAK = -1


class Person(threading.Thread):
    def __init__(self, histories, number, node):
        super().__init__(daemon=True)
        self.histories, self.number, self.node = histories, number, node
        self.random = random.Random(random.random())
        self.connection, self.seen, self.count, self.done = None, {}, 0, []

    def send(self, method, path, body=None):
        """(code, object); code 0: it was not answered, so it may have happened; None: it was never sent; WEAK: read without a majority."""
        try:
            if self.connection is None:
                connection = http.client.HTTPSConnection(self.node.address, 6443, context=self.node.context(), timeout=5)
                connection.connect()
                self.connection = connection
        except (OSError, http.client.HTTPException):
            return None, None
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            text = answer.read()
            return WEAK if method == "GET" and answer.status == 200 and answer.getheader("Warning") else answer.status, json.loads(text)
        except (OSError, http.client.HTTPException, ValueError):
            self.connection.close()
            self.connection = None
            return 0, None

    def note(self, register, begin, **what):
        self.done.append({"key": register, "client": self.number, "begin": begin, "end": time.monotonic_ns(), **what})

    def keep(self, register, found):
        self.seen[register] = (found.get("data", {}).get("value", ""), found["metadata"]["resourceVersion"])

    def read(self, register):
        begin = time.monotonic_ns()
        code, found = self.send("GET", MAPS + "/" + register)
        if code in (200, WEAK):
            self.note(register, begin, kind="read" if code == 200 else "weak", value=found.get("data", {}).get("value", ""))
        if code == 200:
            self.keep(register, found)

    def swap(self, register):
        expected, revision = self.seen[register]
        self.count += 1
        value = "%d-%d" % (self.number, self.count)
        begin = time.monotonic_ns()
        code, found = self.send("PUT", MAPS + "/" + register, {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": register, "resourceVersion": revision}, "data": {"value": value}})
        if code is None or code == 404:
            return
        outcome = "done" if code == 200 else "refused" if code == 409 else "unknown"
        self.note(register, begin, kind="swap", expected=expected, value=value, outcome=outcome,
                  **({"revision": int(found["metadata"]["resourceVersion"])} if outcome == "done" else {}))
        if outcome == "done":
            self.keep(register, found)
        else:
            self.seen.pop(register)

    def run(self):
        while not self.histories.is_over.wait(PAUSE_SECONDS):
            register = self.random.choice(self.histories.registers)
            if register not in self.seen or self.random.random() < 0.5:
                self.read(register)
            else:
                self.swap(register)


class Histories:
    def __init__(self, cluster):
        self.cluster, self.is_over, self.epoch, self.registers = cluster, threading.Event(), 0, []
        self.people = [Person(self, 1 + number, node) for number, node in enumerate(node for node in cluster.nodes for _ in range(PEOPLE))]
        self.clerk = threading.Thread(target=self.renew, daemon=True)

    def open_registers(self):
        """Fresh ones, empty: on a cluster that is being hurt that takes a few trials."""
        fresh = ["register-%d-%d" % (self.epoch, number) for number in range(REGISTERS)]
        for name in fresh:
            while not self.is_over.is_set():
                code, living = 0, self.cluster.living()
                try:
                    if living:
                        code, _ = random.choice(living).request("POST", MAPS, {"metadata": {"name": name}, "data": {"value": ""}}, seconds=5)
                except (OSError, http.client.HTTPException):
                    pass
                if code in (201, 409):
                    break
                self.is_over.wait(0.2)
        self.epoch += 1
        self.registers = fresh

    def renew(self):
        while not self.is_over.wait(REGISTER_SECONDS):
            self.open_registers()

    def __enter__(self):
        self.open_registers()
        for thread in [self.clerk, *self.people]:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in [self.clerk, *self.people]:
            thread.join(30)

    def operations(self):
        return [each for person in self.people for each in person.done]

    def counts(self):
        found = {}
        for each in self.operations():
            word = each.get("outcome", each["kind"])
            found[word] = found.get(word, 0) + 1
        return found

    def judge(self, pictures=None):
        try:
            return judge(self.operations(), pictures)
        except Failed as why:
            raise Failed("%s\nthe history is in %s" % (why, kept(self.operations()))) from None


def judge(operations, pictures=None):
    """In words how many there were; `pictures`: the folder for one of each bad history."""
    judge_weak(operations)
    operations = [each for each in operations if each["kind"] != "weak"]
    judge_revisions([each for each in operations if "revision" in each])
    lines = "".join(json.dumps(each) + "\n" for each in operations)
    done = run([checker(), *([pictures] if pictures else [])], None, JUDGE_SECONDS, stdin=lines)
    if done.returncode != 0:
        raise Failed("the answers contradict each other:\n%s%s" % (done.stdout, done.stderr))
    return done.stdout.strip()


def kept(operations):
    """A bad history happens once: the file where it is looked at later."""
    with tempfile.NamedTemporaryFile("w", prefix="history-", suffix=".jsonl", delete=False) as file:
        file.writelines(json.dumps(each) + "\n" for each in operations)
    return file.name


def judge_weak(operations):
    """However old, it was written: by somebody who had begun, and was not told that it was not."""
    written = {(each["key"], each["value"]): each for each in operations if each["kind"] == "swap"}
    for each in operations:
        if each["kind"] != "weak" or each["value"] == "":
            continue
        by = written.get((each["key"], each["value"]))
        if by is None or by["outcome"] == "refused" or by["begin"] > each["end"]:
            raise Failed("a weak read shows what nobody wrote: %s, and %s" % (each, by))


def judge_revisions(writes):
    """None is given twice; what began after another had ended has the greater one."""
    by_revision = {}
    for each in writes:
        other = by_revision.setdefault(each["revision"], each)
        if other is not each:
            raise Failed("revision %d was given twice: %s and %s" % (each["revision"], other, each))
    ends = sorted(writes, key=lambda each: each["end"])
    latest, at = None, 0
    for each in sorted(writes, key=lambda each: each["begin"]):
        while at < len(ends) and ends[at]["end"] < each["begin"]:
            if latest is None or ends[at]["revision"] > latest["revision"]:
                latest = ends[at]
            at += 1
        if latest is not None and latest["revision"] > each["revision"]:
            raise Failed("a later write has the smaller revision: %s and %s" % (latest, each))


@functools.lru_cache(maxsize=None)
def checker():
    """The program, built where caches lie, once in a run."""
    if shutil.which("go") is None:
        raise Skipped("there is no go in PATH to build the judge of histories with")
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "troupe")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(folder, "histories")
    done = subprocess.run(["go", "build", "-buildvcs=false", "-o", program, "."], cwd=os.path.join(os.path.dirname(os.path.abspath(__file__)), "porcupine"),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BUILD_SECONDS, text=True,
                          env={**os.environ, "GOWORK": "off"})
    if done.returncode != 0:
        raise Skipped("the judge of histories could not be built: " + done.stdout.strip().splitlines()[-1])
    return program
