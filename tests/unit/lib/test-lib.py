#!/usr/bin/env python3
"""The test library itself: what it says about tests that pass, fail, skip, crash, hang and leave things behind."""
import glob
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TESTS = r"""
#include "tests/lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void work(void)
{
	struct timespec used;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	while (used.tv_sec == 0 && used.tv_nsec < 400000000);
}

TEST(b_passes) { CHECK(1); CHECK_EQ(-1, -1); CHECK_STR(STR_NONE, ""); CHECK_STATUS(OK, OK); }
TEST(a_fails_on_numbers) { puts("said before"); CHECK_EQ(1 + 1, 3); puts("never said"); }
TEST(c_fails_on_text) { CHECK_STR(STR("left"), "right"); }
TEST(d_fails_on_status) { CHECK_STATUS(NOT_FOUND, OK); }
TEST(e_skips) { SKIP("no %s here", "thing"); }
TEST(f_crashes) { raise(SIGSEGV); }
TEST_SLOW(g_hangs, 1) { for (;;) pause(); }
TEST(h_leaves_a_child) { if (fork() == 0) for (;;) pause(); }
TEST(i_has_a_folder) { CHECK(test_folder() != NULL && access(test_folder(), W_OK) == 0); }
TEST(j_exits) { exit(3); }
TEST_SLOW(m_works, 1) { work(); }
TEST_SLOW(n_works, 1) { work(); }
TEST_SLOW(o_works, 1) { work(); }
TEST_SLOW(p_works, 1) { work(); }
TEST(l_waits_if_told_to) { while (getenv("WAIT")) pause(); }
TEST(k_fails_on_unsigned) { CHECK_EQ(UINT64_MAX, (uint64_t)1 << 63); }
"""
EXPECTED = [
    "FAIL a_fails_on_numbers: tests.c:18: CHECK_EQ(1 + 1, 3): 2 is not 3\nsaid before\nFAIL",
    "FAIL c_fails_on_text: tests.c:19: CHECK_STR(STR(\"left\")): \"left\" is not \"right\"",
    "FAIL d_fails_on_status: tests.c:20: CHECK_STATUS(NOT_FOUND): NOT_FOUND is not OK",
    "SKIP e_skips: no thing here",
    "FAIL f_crashes: tests.c: ended by SIGSEGV",
    "FAIL g_hangs: tests.c: not done after 1 s",
    "FAIL j_exits: tests.c: exit code 3",
    "FAIL k_fails_on_unsigned: tests.c:32: CHECK_EQ(UINT64_MAX, (uint64_t)1 << 63): 18446744073709551615 is not 9223372036854775808",
    "8 passed, 7 failed, 1 skipped\n",
]


def comes_true(claim, seconds=15):
    """Less than a test's limit of time."""
    end = time.monotonic() + seconds
    while not claim() and time.monotonic() < end:
        time.sleep(0.01)
    return claim()


def runs(pid, program):
    try:
        return os.readlink("/proc/%s/exe" % pid) == program
    except OSError:
        return False


def main():
    failures = []

    def check(is_right, what):
        if not is_right:
            failures.append(what)

    with tempfile.TemporaryDirectory(prefix="troupe-test-lib-") as folder:
        with open(folder + "/tests.c", "w") as file:
            file.write(TESTS)
        subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-include", "stdlib.h", "-I" + ROOT, "-o", "tests", "tests.c",
                        ROOT + "/tests/lib/test.c"] + glob.glob(ROOT + "/runtime/base/**/*.c", recursive=True) + ["-lm"], cwd=folder, check=True)

        def run(*arguments):
            return subprocess.run(["./tests", *arguments], cwd=folder, capture_output=True, text=True, timeout=100)

        one = run("-j", "1")
        for text in EXPECTED:
            check(text in one.stdout, "not in the output: %s\n%s" % (text, one.stdout))
        check(one.returncode == 1, "failed tests end with 1")
        check("never said" not in one.stdout, "a failed check ends its test")
        check(run("-j", "8").stdout.endswith(EXPECTED[-1]), "the sums are the same in parallel")
        check(run("--list").stdout.split()[:2] == ["a_fails_on_numbers", "b_passes"], "--list is sorted")
        only = run("passes", "folder")
        check((only.returncode, only.stdout) == (0, "2 passed, 0 failed, 0 skipped\n"), "filters choose by parts of the name")
        everywhere = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(everywhere)})
        check(run("-j", "4", "works").returncode == 0, "the time that a test waits for a processor is not its own")
        os.sched_setaffinity(0, everywhere)
        check(run("-j", "0").returncode == 2 and run("--what").returncode == 2, "wrong usage ends with 2")
        check(run("h_leaves").returncode == 0, "a child left behind does not hold anything up")

        def left():
            return [pid for pid in filter(str.isdigit, os.listdir("/proc")) if runs(pid, folder + "/tests")]
        check(left() == [], "processes were left behind")
        with subprocess.Popen([folder + "/tests", "l_waits"], env={**os.environ, "WAIT": "1"}, stdout=subprocess.DEVNULL) as runner:
            check(comes_true(lambda: len(left()) == 2), "a test is a process of its own")
            runner.kill()
        check(comes_true(lambda: left() == []), "a test ends with the program that ran it")
    for failure in failures:
        print("FAIL " + failure)
    print("%d passed, %d failed, 0 skipped" % (int(not failures), len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
