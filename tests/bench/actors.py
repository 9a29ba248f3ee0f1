"""Actors inside one host, beside Erlang/OTP and CAF: the programs lie in actors/, one for each system, with the same benches and rules.

One scheduler is one of our hosts, one scheduler of Erlang's, one thread of CAF's. Two at once are two copies of the bench: on two of our
hosts, since an actor of ours stays where it is, and on two schedulers of theirs, which may put them anywhere. Sizes differ so that each program runs about
as long. Messages carry eight bytes or what the other system has for the smallest; generators of random numbers are the same; what a system logs of
crashes is not written; no mailbox of ours is larger than LIMIT_MAILBOX, theirs have no bound.
"""
import os
import shutil

from cluster import ROOT
import sidebyside
from sidebyside import BIN, BUILD, Bench

ERLANG, CAF = "Erlang", "CAF"
PEERS = [ERLANG, CAF]
SOURCES = os.path.join(ROOT, "tests/bench/actors")
MANY, NS = "M/s", "ns"

# name, unit, bench, goal, times Erlang; count for ours, Erlang, CAF (0: has none); width
SINGLE = [
    ("ping-pong", MANY, "ping-pong", 20, 4, 2000000, 400000, 200000, 0),
    ("counting", MANY, "counting", 40, 4, 6000000, 1000000, 400000, 0),
    ("fan-in of 16", MANY, "fan-in", 15, 4, 400000, 60000, 30000, 16),
    ("ring of 10,000", MANY, "ring", None, 4, 3000000, 400000, 200000, 10000),
    ("big, 120 ask and answer each other", MANY, "big", None, 4, 15000, 2500, 1000, 120),
    ("fork-join: spawn, 2 messages, exit", MANY, "fork-join", 2, 4, 800000, 150000, 30000, 0),
    ("request and reply, in a task, with a deadline", NS, "ask", 150, 4, 1000000, 150000, 60000, 0),
]
LIVES = [
    ("spawn of an actor with 64 B of state", NS, "spawn", None, 4, 300000, 100000, 100000, 0),
    ("memory of an idle actor with 64 B of state", "B", "idle", 512, 4, 200000, 100000, 100000, 0),
    ("crash to the supervisor's new child's word", "us", "restart", 2, 4, 50000, 20000, 20000, 0),
    ("a host with 1,000,000 idle actors", "MB", "million", 600, None, 1000000, 0, 0, 0),
    ("4,000 keys in a mailbox that keeps one of each", MANY, "keyed", None, None, 2000000, 0, 0, 0),
    ("a task that does not wait, begun and ended", NS, "task", None, None, 2000000, 0, 0, 0),
    ("10,000 tasks that wait", "MB", "parked", 60, None, 10000, 0, 0, 0),
]


def commands(bench, schedulers, counts, width):
    ours, erlang, caf = counts
    peers = {}
    if erlang and shutil.which("erl"):
        peers[ERLANG] = ["erl", "-noshell", "-pa", BUILD, "+P", "2000000", "+S", "%d:%d" % (schedulers, schedulers), "-run", "bench_peer", "main",
                         bench, str(schedulers), str(erlang), str(width)]
    if caf and os.access(os.path.join(BUILD, "bench-peer"), os.X_OK):
        peers[CAF] = [os.path.join(BUILD, "bench-peer"), bench, str(schedulers), str(schedulers), str(caf), str(width)]
    return [os.path.join(BIN, "bench-actors"), bench, str(schedulers), str(ours), str(width)], peers


def table():
    rows = []
    for schedulers, benches in ((1, SINGLE), (1, LIVES), (2, SINGLE)):
        for name, unit, bench, goal, times, *sizes, width in benches:
            ours, peers = commands(bench, schedulers, sizes, width)
            is_single = schedulers == 1
            rows.append(Bench("actors: " + name + ("" if is_single else ", two at once"), unit, unit == MANY, goal if is_single else None,
                              times if is_single else None, ours, peers))
    return rows


def build():
    sidebyside.build([["erlc", "-o", BUILD, os.path.join(SOURCES, "bench_peer.erl")],
                      ["g++", "-std=c++17", "-O2", "-w", "-o", os.path.join(BUILD, "bench-peer"), os.path.join(SOURCES, "bench-peer.cpp"), "-lcaf_core",
                       "-lpthread"]])


def run(rounds, words):
    if sidebyside.setup("bench"):
        build()
    else:
        sidebyside.build([])
    return sidebyside.run("actors, in one process", table(), PEERS, rounds, words)
