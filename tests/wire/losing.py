"""Clusters that lose a node, round after round, and how long that takes; for scripts that need it once, and for tests/chaos/losses, which wants figures.

When a member was taken for dead, and when as many could fail as before, is read from what its leader logged: asking a program for it takes a busy
machine longer than the cluster.
"""
import datetime
import http.client
import json
import os
import re
import threading
import time

from cluster import Cluster, free_address, until

MAPS = "/api/v1/namespaces/default/configmaps"
TRUSTED_SECONDS = 90  # who was dead has to stay half a minute
LINE = re.compile(r"^(\S+Z) \w+ \S+/store: (.*)$")


def members(node):
    return node.status().get("members", [])


def roles(node):
    return {m["name"]: m["role"] for m in members(node)}


def voter_beside_leader(cluster):
    leader = cluster.leader()
    voters = [name for name, role in roles(leader).items() if role == "voter" and name != leader.name]
    return next(node for node in cluster.living() if node.name in voters)


def is_whole(node, voters, standbys):
    status = node.status()
    seen = [m for m in status.get("members", []) if m["alive"] and not m["suspect"]]
    return (status.get("tolerance") == voters // 2 and sum(m["role"] == "voter" for m in seen) == voters
            and sum(m["role"] == "standby" for m in seen) == standbys)


def wait_whole(cluster, voters, standbys, seconds=60):
    until(lambda: is_whole(cluster.leader(), voters, standbys), seconds, "%d vote and %d stand by, all well" % (voters, standbys))


def load():
    return "load %.0f" % os.getloadavg()[0]


class Times:
    """Of one thing, in milliseconds, round after round."""

    def __init__(self, what):
        self.what, self.took = what, []

    def add(self, ms):
        self.took.append(ms)
        return ms

    def __str__(self):
        took = sorted(self.took)
        return "%s: p50 %.0f ms, p99 %.0f, worst %.0f (of %d)" % (self.what, took[len(took) // 2], took[-1 - len(took) // 100], took[-1], len(took))


class Rounds:
    """Yields the number of each round, `count` in all or until `seconds` have passed: then it says how many there were."""

    def __init__(self, count, seconds=None):
        self.count, self.seconds = count, seconds

    def __iter__(self):
        begin = time.monotonic()
        for number in range(self.count):
            if number and self.seconds is not None and time.monotonic() - begin > self.seconds:
                print("stopped after %d rounds: %d s are over" % (number, self.seconds), flush=True)
                return
            yield number


# ---- a voter that dies ----


class Logs:
    """What the stores of some nodes log from now on."""

    def __init__(self, nodes):
        self.began = time.time()
        self.from_bytes = {node: os.path.getsize(node.log) for node in nodes}

    def first(self, words):
        """When one of them first said it; None: not yet."""
        found = []
        for node, offset in self.from_bytes.items():
            with open(node.log, encoding="utf-8", errors="replace") as log:
                log.seek(offset)
                found += [match[1] for match in map(LINE.match, log) if match and match[2].startswith(words)]
        at = min(found, default=None)
        return at and datetime.datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def lose_a_voter(cluster, tolerance):
    """Kills one and gives it, the milliseconds until it was declared dead, and from there until as much may fail as before."""
    leader, lost = cluster.leader(), voter_beside_leader(cluster)
    logs = Logs(node for node in cluster.living() if node is not lost)
    lost.kill()
    dead = until(lambda: logs.first("takes a member for dead"), 30, "%s is declared dead" % lost.name)
    whole = until(lambda: logs.first('takes a step of membership why="a voter is dead, another votes in its place"'), 30,
                  "%d may fail again" % tolerance)
    leader = cluster.leader()
    until(lambda: leader.status().get("tolerance") == tolerance, 20, "it is shown that %d may fail again" % tolerance)
    seen = {m["name"]: m for m in members(leader)}
    assert seen[lost.name]["role"] == "standby" and "another votes in its place" in seen[lost.name]["reason"], seen[lost.name]
    return lost, (dead - logs.began) * 1000, (whole - dead) * 1000


def kill_voters_in(nodes, voters, rounds):
    dead, whole = Times("declared dead after"), Times("tolerance back after another")
    with Cluster(nodes) as cluster:
        wait_whole(cluster, voters, nodes - voters)
        for turn in rounds:
            if turn > 0:
                lost.start().wait_ready(60)
                wait_whole(cluster, voters, nodes - voters, TRUSTED_SECONDS)
            lost, dead_ms, whole_ms = lose_a_voter(cluster, voters // 2)
            print("%d nodes, round %d: declared dead after %.0f ms, tolerance back %.0f ms later (%s)" % (
                nodes, turn + 1, dead.add(dead_ms), whole.add(whole_ms), load()), flush=True)
    print("%d nodes: %s; %s" % (nodes, dead, whole), flush=True)


# ---- two and a witness ----


def writes_again(cluster, node, what):
    """The milliseconds until a write through this node is done."""
    began = time.monotonic()

    def is_written():
        try:
            return node.request("POST", MAPS, {"metadata": {"generateName": "kept-"}})[0] == 201
        except OSError:
            return False
    until(is_written, 30, "writes go on without %s" % what)
    return (time.monotonic() - began) * 1000


def names_of(node):
    return {item["metadata"]["name"] for item in node.request("GET", MAPS)[1]["items"]}


def witness_is_well(cluster):
    status = cluster.leader().status()
    seen = {m["name"]: m for m in status["members"]}
    return status["tolerance"] == 1 and seen["w"]["role"] == "witness" and sum(m["role"] == "voter" and not m["suspect"] for m in seen.values()) == 2


def add_witness(cluster):
    witness = cluster.add("w", "--join", cluster.token("--role", "witness"), "--role", "witness")
    until(lambda: "is ready as a witness" in open(witness.log).read(), 30, "the witness is ready")
    until(lambda: witness_is_well(cluster), 30, "two nodes and a witness bear the loss of one")
    return witness


def lose_each(cluster, witness, rounds):
    """The leader, the other node, the witness, one after another."""
    nodes = [node for node in cluster.nodes if node is not witness]
    away = {which: Times("without the %s writes again after" % which) for which in ("leader", "other", "witness")}
    for _ in rounds:
        for which in away:
            leader = cluster.leader()
            other = next(node for node in nodes if node is not leader)
            lost, through = {"leader": (leader, other), "other": (other, leader), "witness": (witness, leader)}[which]
            before = names_of(through)
            lost.kill()
            print("without the %s: writes again after %.0f ms (%s)" % (which, away[which].add(writes_again(cluster, through, which)), load()), flush=True)
            assert names_of(through) > before, "something is lost"
            lost.start(*(["--role", "witness"] if lost is witness else []))
            if lost is not witness:
                lost.wait_ready(60)
            until(lambda: witness_is_well(cluster), 60, "all is as before")
    print("; ".join(str(times) for times in away.values()), flush=True)


# ---- all, one after another, under load ----


class Writer:
    """Writes through one node after another, of those that it may. Told to come again (503, Retry-After) it does, as any client, but only for a second."""

    def __init__(self, cluster, through=None):
        """`through`: this node alone."""
        self.cluster, self.through, self.spared = cluster, through, None
        self.failed, self.done, self.again, self.is_over = [], 0, 0, False
        self.took = []  # (begin, end) of each write
        self.connection = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def write(self, node):
        """By a connection that stays, if it is always the same node: the time is that of the write."""
        body = {"metadata": {"generateName": "load-"}}
        try:
            if self.through is None:
                return node.request("POST", MAPS, body)
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(node.address, 6443, context=node.context(), timeout=20)
            self.connection.request("POST", MAPS, json.dumps(body), {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as why:
            self.connection = None
            return 0, str(why)

    def run(self):
        while not self.is_over:
            node = self.through or [n for n in self.cluster.nodes if n is not self.spared][self.done % (len(self.cluster.nodes) - 1)]
            begin = time.monotonic()
            code, found = self.write(node)
            while code == 503 and found["details"]["retryAfterSeconds"] and time.monotonic() < begin + 1:
                self.again += 1
                time.sleep(0.02)
                code, found = self.write(node)
            self.took.append((begin, time.monotonic()))
            if code == 201:
                self.done += 1
            elif node is not self.spared:
                self.failed.append((node.name, code, found))
            time.sleep(0.01 if self.through is None else 0.001)

    def longest(self, begin, end):
        """Of the writes that were under way then, in milliseconds."""
        return max((b - a for a, b in self.took if b >= begin and a <= end), default=0) * 1000

    def end(self):
        self.is_over = True
        self.thread.join()
        return self.done, self.failed


def restart_all(cluster, rounds, moves):
    """Each node stops and starts again, elsewhere if it `moves`, while the others are written to: no write fails."""
    away = Times("a node is back after")
    wait_whole(cluster, 3, 0)
    writer = Writer(cluster)
    try:
        for turn in rounds:
            for node in cluster.nodes:
                writer.spared = node
                so_far = writer.done
                time.sleep(0.2)  # what it was asked is answered
                until(lambda: writer.done > so_far + 16, 30, "the others are written to")
                began = time.monotonic()
                assert node.stop(60) == 0, node.last_words()
                if moves:
                    node.address = free_address()
                node.start().wait_ready(60)
                other = next(n for n in cluster.nodes if n is not node)
                until(lambda: {m["name"]: m for m in members(other)}.get(node.name, {}).get("address") == "%s:6444" % node.address, 20,
                      "all know where %s is" % node.name)
                wait_whole(cluster, 3, 0)
                print("round %d: %s is back after %.0f ms (%s)" % (turn + 1, node.name, away.add((time.monotonic() - began) * 1000), load()), flush=True)
    finally:
        done, failed = writer.end()
    longest = Times("a write through one that stays")
    for begin, end in writer.took:
        longest.add((end - begin) * 1000)
    print("%s; %d writes, %d failed, %d times told to come again; %s" % (away, done, len(failed), writer.again, longest), flush=True)
    assert done > 50 and not failed, (done, failed[:5])
    for node in cluster.nodes:
        code, found = node.request("GET", MAPS + "?limit=1")
        assert code == 200, (node.name, code, found)


# ---- a lead that is handed over ----


def hand_over(cluster, rounds):
    """The leader is stopped in order, again and again: how long the write takes that another node is given meanwhile."""
    waited, ordinary, elected = Times("the write that waits for the next leader"), Times("an ordinary one"), Times("told to stop until another one leads")
    for turn in rounds:
        wait_whole(cluster, 3, 0)
        leader = cluster.leader()
        writer = Writer(cluster, next(node for node in cluster.nodes if node is not leader))
        try:
            until(lambda: writer.done > 20, 30, "there are writes")
            before = [(b - a) * 1000 for a, b in writer.took[1:]]
            began, logs = time.monotonic(), Logs(node for node in cluster.nodes if node is not leader)
            assert leader.stop(60) == 0, leader.last_words()
            leads = until(lambda: logs.first("leads"), 30, "another one leads") - logs.began
            done = writer.done
            until(lambda: writer.done > done + 5, 30, "writes go on")
        finally:
            _, failed = writer.end()
        assert not failed, failed[:5]
        for ms in before:
            ordinary.add(ms)
        print("round %d: told to stop until another one leads %.0f ms; the write that waited took %.0f ms (%s)" % (
            turn + 1, elected.add(leads * 1000), waited.add(writer.longest(began, began + leads + 0.2)), load()), flush=True)
        leader.start().wait_ready(60)
    print("%s; %s; %s" % (elected, waited, ordinary), flush=True)
