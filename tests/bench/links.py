"""Links between hosts in two processes, from actor to actor, beside Erlang's distribution in the same run: links/ has a program for each.

The goals are those of a machine with two cores that is quiet. Our links are a Unix socket within a node and TLS between two; Erlang's distribution is TCP
without encryption unless told otherwise. So what is between nodes stands beside Erlang's distribution by TLS first - the same certificates, mutual, TLS 1.3,
X25519 and AES-256-GCM as ours - and beside the plain one, which costs no cipher. There is no plain TCP between nodes of ours to measure: nothing of us speaks
unencrypted beyond a Unix socket. `that look`: loops that look for a moment before they sleep, which an embedder may ask for, as Erlang's schedulers do
unless told not to; our own nodes do not (runtime/loop/spin/README.md). Sizes of runs differ so that each takes about as long.
"""
import os
import random
import shutil
import subprocess
import tempfile

from cluster import ROOT
import sidebyside
from sidebyside import BIN, BUILD, Bench

ERLANG, ERLANG_TLS = "Erlang", "ErlangTLS"
SOURCES = os.path.join(ROOT, "tests/bench/links")
OURS = os.path.join(BIN, "bench-links")
WAYS = [("ipc", "within a node"), ("tls", "between nodes, TLS")]
LOOKING = ", loops that look"

# bytes, name; round trips; messages one way: ours, Erlang's
SIZES = [(64, "64 B", 3000, 2000000, 200000), (1024, "1 KiB", 3000, 300000, 50000), (65536, "64 KiB", 1000, 10000, 3000)]
# by way and bytes: us there and back, M/s one way
GOALS = {("ipc", 64): (150, 3), ("tls", 64): (250, 1)}

SAME = """{certfile, "FOLDER/NODE.pem"}, {cacertfile, "FOLDER/authority.pem"}, {verify, verify_peer}, {versions, ['tlsv1.3']},
 {ciphers, ["TLS_AES_256_GCM_SHA384"]}, {supported_groups, [x25519]}"""
OPTIONS = "[{server, [{fail_if_no_peer_cert, true}, %s]}, {client, [%s]}].\n" % (SAME, SAME)
# An own table of names: Erlang looks for the node's name in its certificate.
HOSTS = """{lookup, [file]}.
{host, {127,0,0,1}, ["a.node.troupe.internal"]}.
{host, {127,0,0,2}, ["b.node.troupe.internal"]}.
"""


def papers(folder):
    """Certificates of two nodes by an authority made for this run, and what tells Erlang to use them."""
    subprocess.run([OURS, "papers", folder], check=True)
    for node in "ab":
        with open(os.path.join(folder, node + ".options"), "w") as file:
            file.write(OPTIONS.replace("FOLDER", folder).replace("NODE", node))
    with open(os.path.join(folder, "hosts"), "w") as file:
        file.write(HOSTS)


def erlang(name, options, words):
    """Two nodes on two loopback addresses; any port that both have free."""
    return ["erl", "-noshell", "-pa", BUILD, "-name", name, "-start_epmd", "false", "-erl_epmd_port", str(random.randint(20000, 32000)),
            "-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-setcookie", "bench", *options, "-run", "link_peer", "main", *words]


def peers(way, folder, *words):
    """Those of one row; its ratio's goal is for the first."""
    if not shutil.which("erl"):
        return {}
    plain = {ERLANG: erlang("a@127.0.0.1", [], words)}
    if way == "ipc":
        return plain
    tls = ["-kernel", "inetrc", '"%s/hosts"' % folder, "-proto_dist", "inet_tls", "-ssl_dist_optfile", folder + "/a.options"]
    return {ERLANG_TLS: erlang("a@a.node.troupe.internal", tls, words), **plain}


def table(folder):
    rows = []
    for way, where in WAYS:
        for size, name, trips, ours, theirs in SIZES:
            trip_goal, rate_goal = GOALS.get((way, size), (None, None))
            at_least = 1 if size == 64 else None
            for how, what in (("", where), ("look-", where + LOOKING)):
                rows.append(Bench("links: %s there and back, %s" % (name, what), "us", False, trip_goal, at_least,
                                  [OURS, "rtt", how + way, str(size), str(trips)], peers(way, folder, "rtt", str(size), str(trips))))
            rows.append(Bench("links: %s one way, %s" % (name, where), "M/s", True, rate_goal, at_least,
                              [OURS, "rate", way, str(size), str(ours)], peers(way, folder, "rate", str(size), str(theirs))))
    return rows


def run(rounds, words):
    compiler = [["erlc", "-o", BUILD, os.path.join(SOURCES, "link_peer.erl")]]
    sidebyside.build(compiler if sidebyside.setup("bench") else [])
    with tempfile.TemporaryDirectory(prefix="bench-links-") as folder:
        papers(folder)
        return sidebyside.run("links, between two processes", table(folder), [ERLANG_TLS, ERLANG], rounds, words)
