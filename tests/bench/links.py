"""Links between hosts in two processes, from actor to actor, beside Erlang's distribution in the same run: links/ has a program for each.

The goals are those of a machine with two cores that is quiet. Erlang's distribution is TCP without encryption, ours is a Unix socket within a node and TLS
between two; the ratio of TLS is to what costs Erlang no cipher. Sizes of runs differ so that each takes about as long.
"""
import os
import random
import shutil

from cluster import ROOT
import sidebyside
from sidebyside import BIN, BUILD, Bench

ERLANG = "Erlang"
SOURCES = os.path.join(ROOT, "tests/bench/links")
WAYS = [("ipc", "within a node"), ("tls", "between nodes, TLS")]

# bytes, name; round trips; messages one way: ours, Erlang's
SIZES = [(64, "64 B", 3000, 2000000, 300000), (1024, "1 KiB", 3000, 300000, 100000), (65536, "64 KiB", 1000, 10000, 10000)]
# by way and bytes: us there and back, M/s one way
GOALS = {("ipc", 64): (150, 3), ("tls", 64): (250, 1)}


def erlang(what, size, count):
    """Two nodes on two loopback addresses; any port that both have free."""
    if not shutil.which("erl"):
        return {}
    return {ERLANG: ["erl", "-noshell", "-pa", BUILD, "-name", "a@127.0.0.1", "-start_epmd", "false", "-erl_epmd_port", str(random.randint(20000, 32000)),
                     "-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-setcookie", "bench", "-run", "link_peer", "main", what, str(size), str(count)]}


def table():
    rows = []
    for way, where in WAYS:
        for size, name, trips, ours, theirs in SIZES:
            trip_goal, rate_goal = GOALS.get((way, size), (None, None))
            at_least = 1 if (way, size) == ("ipc", 64) else None
            rows.append(Bench("links: %s there and back, %s" % (name, where), "us", False, trip_goal, at_least,
                              [os.path.join(BIN, "bench-links"), "rtt", way, str(size), str(trips)], erlang("rtt", size, trips)))
            rows.append(Bench("links: %s one way, %s" % (name, where), "M/s", True, rate_goal, at_least,
                              [os.path.join(BIN, "bench-links"), "rate", way, str(size), str(ours)], erlang("rate", size, theirs)))
    return rows


def run(rounds, words):
    compiler = [["erlc", "-o", BUILD, os.path.join(SOURCES, "link_peer.erl")]]
    sidebyside.build(compiler if sidebyside.setup("bench") else [])
    return sidebyside.run("links, between two processes", table(), [ERLANG], rounds, words)
