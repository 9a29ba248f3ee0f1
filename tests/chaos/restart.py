#!/usr/bin/env python3
"""How long a host is gone after SIGKILL, and what a spare costs: restart.py [TIMES]. One line of output per figure: value, unit, name.

From the kill to the first answer of its next life, asked for without pause; median of TIMES (31 unless said), cold and with a spare by turns, so
that both meet the same machine. Beside it a node of Erlang, from its start to its first word, where there is one.
"""
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hosts

VARIANT = os.environ.get("VARIANT", "release")
ERLANG = ["erl", "-noshell", "-eval", "io:put_chars([49]), halt()."]


def gone_ms(node):
    """Kills host a and asks until it answers again."""
    pid = node.wait("a")
    if node.spares:
        node.wait_warm()
    begin = time.monotonic()
    hosts.kill(pid)
    node.wait("a", not_pid=pid)
    return (time.monotonic() - begin) * 1000


def erlang_ms():
    begin = time.monotonic()
    with subprocess.Popen(ERLANG, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as child:
        child.stdout.read(1)
        return (time.monotonic() - begin) * 1000


def show(value, unit, name):
    print("%10.2f %-4s %s" % (value, unit, name), flush=True)


def main(words):
    times = int(words[0]) if words else 31
    cold, warm, erlang = [], [], []
    with hosts.Hosts(VARIANT) as without, hosts.Hosts(VARIANT, spares=1) as with_one:
        for _ in range(times):
            cold.append(gone_ms(without))
            warm.append(gone_ms(with_one))
            if shutil.which("erl"):
                erlang.append(erlang_ms())
        with_one.wait_warm()
        spare = hosts.pss_kib(with_one.spare_pids()[0])
    show(statistics.median(cold), "ms", "host killed to serving, cold")
    show(min(cold), "ms", "host killed to serving, cold, least")
    show(statistics.median(warm), "ms", "host killed to serving, with a spare")
    show(min(warm), "ms", "host killed to serving, with a spare, least")
    show(spare, "KiB", "PSS of a spare")
    if erlang:
        show(statistics.median(erlang), "ms", "Erlang node, start to first word")
        show(min(erlang), "ms", "Erlang node, start to first word, least")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
