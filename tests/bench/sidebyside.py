"""Benches of which our program and its peers' take turns: in each round each of them runs once, so that all see the same machine.

A table is a list of Bench. Its commands print a number by the clock and may print a second one by CPU time: what it would be with a core of its own.
Values are medians of the rounds, ratios medians of each round's ratio. Goals are for a loop that has a core: where there are numbers by CPU time those
are held against them, since a busy machine says nothing about the program.
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
REALTIME = False  # whether what is measured goes before all else that the machine does
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


def take_priority():
    """Of this process and all that it starts, if that was asked for: on a machine that does much else ours and the peers' then see a quiet one."""
    if REALTIME:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def numbers(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=SECONDS, text=True, stdin=subprocess.DEVNULL)
    found = [float(word) for word in re.findall(r"[-+0-9.e]+", done.stdout)]
    if done.returncode or not found:
        raise AssertionError("%s ended with %d: %s" % (" ".join(command), done.returncode, done.stdout))
    return found


def ratios(bench, ours, peer):
    """The median of each round's; None unless all rounds have both."""
    if not ours or not peer:
        return None
    if not all(ours if not bench.is_more_better else peer):
        return None  # nothing is not so many times better
    return statistics.median(a / b if bench.is_more_better else b / a for a, b in zip(ours, peer))


def column(found, index):
    """One number of each round; None if a round lacks it."""
    return [each[index] for each in found] if found and all(len(each) > index for each in found) else None


def median(values):
    return statistics.median(values) if values else None


def measure(bench, rounds):
    """Rows of a bench whose programs run in turn."""
    programs = {None: bench.ours, **bench.peers}
    found = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
            found[name].append(numbers(command))
    return rows_of(bench, found)


def rows_of(bench, found):
    """A row for each peer, or one without; the first also says whether the goals hold. found: of each program (ours: None) the numbers of each round."""
    values, by_cpu = column(found[None], 0), column(found[None], 1)
    rows = []
    for peer in [*bench.peers] or [None]:
        theirs = None if peer is None else found[peer]
        rows.append({"name": bench.name, "unit": bench.unit, "value": median(values), "peer": peer, "peer_value": median(column(theirs, 0)),
                     "ratio": ratios(bench, values, column(theirs, 0)), "goal": bench.goal, "holds": None, "lowest": min(values), "highest": max(values),
                     "value_by_cpu": median(by_cpu), "peer_value_by_cpu": median(column(theirs, 1)), "ratio_by_cpu": ratios(bench, by_cpu, column(theirs, 1)),
                     "ratio_goal": None if rows else bench.ratio_goal})
    first = rows[0]
    first["holds"] = holds(bench, first["value_by_cpu"] or first["value"], first["ratio_by_cpu"] or first["ratio"])
    return rows


def holds(bench, value, ratio):
    if bench.goal is None and (bench.ratio_goal is None or ratio is None):
        return None
    reaches = bench.goal is None or (value >= bench.goal if bench.is_more_better else value <= bench.goal)
    return reaches and (bench.ratio_goal is None or ratio is None or ratio >= bench.ratio_goal)


def number(n):
    return "" if n is None else "%.0f" % n if abs(n) >= 100 else "%.2f" % n


def times(ratio):
    return "" if ratio is None else "%.1fx" % ratio


def show_head(title, peers):
    print("%-62s %8s %-4s %15s %8s %8s" % (title, "ours", "", "(lowest-highest)", "by CPU", "goal")
          + "".join(" %9s %7s %9s" % (peer, "ratio", "by CPU") for peer in peers), flush=True)


def show(rows, peers):
    first = rows[0]
    by_peer = {row["peer"]: row for row in rows}
    line = "%-62s %8s %-4s %15s %8s %8s" % (first["name"], number(first["value"]), first["unit"],
                                            "(%s-%s)" % (number(first["lowest"]), number(first["highest"])),
                                            number(first["value_by_cpu"]), number(first["goal"]))
    for peer in peers:
        row = by_peer.get(peer)
        line += " %9s %7s %9s" % ((number(row["peer_value"]), times(row["ratio"]), times(row["ratio_by_cpu"])) if row else ("", "", ""))
    print(line + {None: "", True: "  holds", False: "  MISSED"}[first["holds"]], flush=True)


def run(title, table, peers, rounds, words):
    """All benches of a table whose name contains a word (no words: all); their rows, and how many could not be measured."""
    rows, failed = [], 0
    take_priority()
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
