"""Benches of which our program and its peers' take turns: in each round each of them runs once, so that all see the same machine.

A table is a list of Bench. Its commands print a number first; ours may print a second, what it would be with a core of its own (by CPU time).
Values are medians of the rounds, ratios medians of each round's ratio. A goal is for a loop that has a core: where there is a number by CPU time it is
the one that is held against it, since a busy machine says nothing about the program.
"""
import collections
import os
import re
import statistics
import subprocess
import sys

from cluster import ROOT

ROUNDS = 5
SECONDS = 120  # of one program in one round
BUILD = os.path.join(ROOT, "build/bench")
BIN = os.path.join(ROOT, "build/release/bin")

# goal: of our value; ratio_goal: how many times better than the first of the peers. Either may be None. ours: a command; peers: {name: command}.
Bench = collections.namedtuple("Bench", "name unit is_more_better goal ratio_goal ours peers")


def setup(*kinds):
    """What the peers need is installed only when they are asked for. False, with a word of why: they are left out."""
    for kind in kinds:
        done = subprocess.run([os.path.join(ROOT, "deploy/setup"), kind], stdout=sys.stderr)
        if done.returncode:
            return False
    return True


def build(commands):
    os.makedirs(BUILD, exist_ok=True)
    for command in [["scons", "-Q", "-s", "-C", ROOT, "bench"], *commands]:
        subprocess.run(command, check=True, stdout=sys.stderr)


def numbers(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=SECONDS, text=True, stdin=subprocess.DEVNULL)
    found = [float(word) for word in re.findall(r"[-+0-9.e]+", done.stdout)]
    if done.returncode or not found:
        raise AssertionError("%s ended with %d: %s" % (" ".join(command), done.returncode, done.stdout))
    return found


def ratio(bench, ours, peer):
    return ours / peer if bench.is_more_better else peer / ours


def measure(bench, rounds):
    """A row for each peer, or one without; the first also says whether the goals hold."""
    ours, peers = [], {peer: [] for peer in bench.peers}
    for _ in range(rounds):
        ours.append(numbers(bench.ours))
        for peer, command in bench.peers.items():
            peers[peer].append(numbers(command)[0])
    values = [found[0] for found in ours]
    value = statistics.median(values)
    rows = []
    for peer in [*bench.peers] or [None]:
        found = peers.get(peer)
        rows.append({"name": bench.name, "unit": bench.unit, "value": value, "peer": peer,
                     "peer_value": found and statistics.median(found),
                     "ratio": found and statistics.median(ratio(bench, a, b) for a, b in zip(values, found)),
                     "goal": bench.goal, "ratio_goal": bench.ratio_goal if not rows else None,
                     "value_by_cpu": statistics.median(each[1] for each in ours) if all(len(each) > 1 for each in ours) else None,
                     "lowest": min(values), "highest": max(values)})
    for row in rows:
        row["holds"] = holds(bench, row["value_by_cpu"] or value, row["ratio"]) if row is rows[0] else None
    return rows


def holds(bench, value, ratio_now):
    if bench.goal is None and (bench.ratio_goal is None or ratio_now is None):
        return None
    reaches = bench.goal is None or (value >= bench.goal if bench.is_more_better else value <= bench.goal)
    return reaches and (bench.ratio_goal is None or ratio_now is None or ratio_now >= bench.ratio_goal)


def number(n):
    return "" if n is None else "%.0f" % n if abs(n) >= 100 else "%.2f" % n


def show_head(title, peers):
    print("%-52s %8s %-9s %15s %8s %7s" % (title, "ours", "", "(lowest-highest)", "by CPU", "goal")
          + "".join("%10s %7s" % (peer, "ratio") for peer in peers), flush=True)


def show(rows, peers):
    first = rows[0]
    by_peer = {row["peer"]: row for row in rows}
    line = "%-52s %8s %-9s %15s %8s %7s" % (first["name"], number(first["value"]), first["unit"],
                                            "(%s-%s)" % (number(first["lowest"]), number(first["highest"])),
                                            number(first["value_by_cpu"]), number(first["goal"]))
    for peer in peers:
        row = by_peer.get(peer)
        line += "%10s %7s" % (number(row["peer_value"]), "%.1fx" % row["ratio"]) if row else "%18s" % ""
    print(line + {None: "", True: "  holds", False: "  MISSED"}[first["holds"]], flush=True)


def run(title, table, peers, rounds, words):
    """All benches of a table whose name contains a word (no words: all); their rows, and how many could not be measured."""
    rows, failed = [], 0
    show_head(title, peers)
    for bench in table:
        if words and not any(word in bench.name for word in words):
            continue
        try:
            found = measure(bench, rounds)
        except (AssertionError, OSError, subprocess.SubprocessError) as why:
            print("%s: %s" % (bench.name, why))
            failed += 1
            continue
        show(found, peers)
        rows += found
    return rows, failed
