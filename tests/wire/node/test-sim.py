#!/usr/bin/env python3
"""`troupe sim`: what it prints, what it refuses, and how it finds the faults that matter."""
import re
import sys

import cluster as clusters
import suite


def sim(*words, ok=True):
    """Standard output and error of one run."""
    done = clusters.run([clusters.TROUPE, "sim", *words], ok=None, seconds=300)
    assert (done.returncode == 0) == ok, (done.returncode, done.stdout, done.stderr)
    return done.returncode, done.stdout, done.stderr


def test_a_run_says_what_was_done_to_it_and_what_held():
    _, out, err = sim("--seed", "3", "--nodes", "3", "--time", "5s")
    for line in (r"^seed 3: 3 nodes, \d+\.\d{3} s of virtual time, \d+ events, hash [0-9a-f]{16}$", r"^faults: \d+ of \d+ drawn, ",
                 r"^load: \d+ writes done", r"^held: \d+ terms", r"^branches: \d+ of \d+ taken$"):
        assert re.search(line, out, re.M), (line, out)
    assert re.match(r"^[\d.]+ s of processor time, \d+ virtual seconds in each\n$", err), err


def test_a_seed_gives_the_same_words_each_time_and_another_seed_others():
    words = ["--nodes", "3", "--time", "5s", "--faults", "crash,kill,branch"]
    _, first, _ = sim("--seed", "4", *words)
    assert sim("--seed", "4", *words)[1] == first
    assert sim("--seed", "5", *words)[1] != first


def test_only_the_named_faults_strike_and_seeds_follow_one_another():
    _, out, _ = sim("--seed", "6", "--seeds", "2", "--nodes", "1", "--time", "8s", "--faults", "kill", "--only", "0,2")
    assert re.findall(r"^faults: (\d+) of \d+ drawn, 2 kill$", out, re.M) == ["2", "2"], out
    assert re.findall(r"^seed (\d+):", out, re.M) == ["6", "7"], out


def test_a_failure_is_shrunk_to_the_one_fault_that_matters():
    words = ["--seed", "2", "--nodes", "3", "--time", "8s", "--faults", "kill,skew,delay", "--forbid", "supervisor: child ended"]
    code, out, err = sim(*words, ok=False)
    assert code == 1 and re.search(r"^1 of \d+ faults are enough, after \d+ tries:\n  \d+ ms kill n\d \d+\n$", out), out
    again = re.search(r"^troupe: sim: seed 2 fails: .*says \"supervisor: child ended\"; again: troupe (sim .* --only (\d+) .*)\n", err, re.M)
    assert again, err
    # The line that it names fails again, and without that fault nothing does.
    _, out, err = sim(*words, "--only", again.group(2), ok=False)
    assert out == "" and "says \"supervisor: child ended\"" in err
    sim(*words, "--only", "", ok=True)


def test_what_cannot_be_is_refused_in_one_line():
    for words, said in ((["--faults", "crash,quake"], "there is no fault quake"), (["--nodes", "99"], "--nodes wants 1 to"),
                        (["--time", "5h"], "--time wants at most"), (["--only", "x"], "--only wants numbers")):
        code, out, err = sim(*words, ok=False)
        assert code == 2 and out == "" and said in err and err.count("\n") == 1, (words, err)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
