"""Runs the tests of one script, for its last lines:

    if __name__ == "__main__":
        sys.exit(suite.main(globals(), sys.argv))

A test is a function `test_a_sentence_that_states_the_behaviour`. A parameter named `cluster` gets a cluster of one node that all tests of the
script share; `cluster3` one of three, likewise; a test without parameters makes its own. A script's NODE_WORDS are further words for
`troupe up` on all nodes of those. The script is called with the folder of
the programs and then filters: words of which one must stand in a test's name. Ends with `N passed, N failed, N skipped`; when it is
told to end (SIGTERM, SIGINT) it stops what it started first.
"""
import inspect
import os
import signal
import sys
import time
import traceback

import cluster as clusters


def tests_of(names):
    found = [(name, value) for name, value in names.items() if name.startswith("test_") and callable(value)]
    return sorted(found, key=lambda item: item[1].__code__.co_firstlineno)


def shared(made, parameter, words):
    """The cluster of this name; made anew when a test has left it without a living node."""
    count = int(parameter[len("cluster"):] or 1)
    if parameter in made and len(made[parameter].living()) < count:
        made.pop(parameter).close()
    if parameter not in made:
        made[parameter] = clusters.Cluster(count, words).__enter__()
    return made[parameter]


def judge(made, name, test, words):
    """Which count it adds to: passed, failed or skipped."""
    begin = time.monotonic()
    lent = []
    try:
        for parameter in inspect.signature(test).parameters:
            lent.append(shared(made, parameter, words))
        test(*lent)
    except clusters.Skipped as why:
        print("SKIP %s: %s" % (name, why), flush=True)
        return "skipped"
    except Exception:
        print("FAIL %s: %s" % (name, traceback.format_exc(limit=-3)), flush=True)
        for one in lent:
            one.tell()
        return "failed"
    print("ok   %s, %.1f s" % (name, time.monotonic() - begin), flush=True)
    return "passed"


def end(number, _):
    """Once: what follows is the cleaning up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(128 + number)


def main(names, words, has_nodes=True):
    """`has_nodes`: False for a script that starts none; then no program has to be there."""
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    made, filters = {}, words[2:]
    if has_nodes:
        clusters.use(os.path.join(words[1], "troupe"))
    try:
        for name, test in tests_of(names):
            if not filters or any(word in name for word in filters):
                counts[judge(made, name[5:], test, names.get("NODE_WORDS", ()))] += 1
    finally:
        for one in made.values():
            one.close()
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0
