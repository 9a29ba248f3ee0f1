#!/usr/bin/env python3
"""tests/wire/contain: what a program started ends with it, in whichever group it is, and nobody else does."""
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import script

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CONTAIN = os.path.join(ROOT, "tests/wire/contain")
SECONDS = 15
# As a suite leaves a node: a child in a session of its own, which has a child in another. Each writes its number where the test finds it.
LEAVE = r"""
cd "$0"
setsid sh -c 'echo $$ > outer.new; mv outer.new outer; setsid sh -c "echo \$\$ > inner.new; mv inner.new inner; exec sleep 600" & wait' &
until [ -e inner ] && [ -e outer ]; do sleep 0.01; done
"""


def number_in(path):
    end = time.monotonic() + SECONDS
    while not os.path.exists(path):
        assert time.monotonic() < end, "nobody wrote " + path
        time.sleep(0.01)
    with open(path, encoding="ascii") as file:
        return int(file.read())


def is_there(pid):
    return os.path.exists("/proc/%d" % pid)


def leave(then, act=lambda child: None):
    """(the code, how many of the two processes are left), of a program that does `then` when both are there."""
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen([CONTAIN, "sh", "-c", LEAVE + then, folder], start_new_session=True)
        pids = []
        try:
            pids = [number_in(os.path.join(folder, name)) for name in ("outer", "inner")]
            act(child)
            code = child.wait(SECONDS)
            return code, sum(map(is_there, pids))
        finally:
            child.kill()
            child.wait()
            for pid in filter(is_there, pids):
                os.kill(pid, signal.SIGKILL)


def test_a_program_that_ends_takes_along_what_it_started():
    assert leave("exit 3") == (3, 0)


def test_a_program_that_is_killed_takes_along_what_it_started():
    assert leave("kill -KILL $$") == (128 + signal.SIGKILL, 0)


def test_who_is_told_to_end_ends_all():
    for number in (signal.SIGTERM, signal.SIGINT):
        assert leave("sleep 600", lambda child, number=number: child.send_signal(number)) == (128 + number, 0)


def test_who_is_told_to_end_tells_the_program_which_may_tidy_up():
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen([CONTAIN, "sh", "-c", 'trap "touch tidied; exit" TERM; cd "$0"; touch ready; while :; do sleep 0.1; done', folder])
        try:
            end = time.monotonic() + SECONDS
            while not os.path.exists(folder + "/ready"):
                assert time.monotonic() < end
                time.sleep(0.01)
            child.terminate()
            code = child.wait(SECONDS)
            assert code == 128 + signal.SIGTERM and os.path.exists(folder + "/tidied"), (code, os.listdir(folder))
        finally:
            child.kill()
            child.wait()


def test_others_stay():
    other = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        assert leave("exit 0") == (0, 0)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_without_a_program_it_says_what_it_is():
    done = subprocess.run([CONTAIN], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "contain PROGRAM" in done.stderr


if __name__ == "__main__":
    sys.exit(script.main(globals()))
