#!/usr/bin/env python3
"""The sections of tests/run, one after another, with their results and times; ends with `N passed, N failed, N skipped`.

    tests/run                           what must hold before a change is published; under 25 minutes on two cores
    tests/run --bench [GROUP] [NAME] [--json FILE]
                                        numbers, side by side with peers; groups: actors, links, etcd
    tests/run --sim N                   N seeds of the simulation
    tests/run --fuzz SECONDS            new inputs for every decoder, SECONDS in all
    tests/run --conformance FOCUS|all   upstream's conformance tests: those in whose name it stands, or all
    tests/run --differential            the same requests to upstream's kube-apiserver (KUBE_APISERVER) and to ours
    tests/run --chaos TRIALS            bugs of each kind planted in an actor of a real host, TRIALS times
    tests/run --chaos-storm [SECONDS]   faults of every kind at once on clusters that are written to: nothing acknowledged is lost
    tests/run --ui                      the page at /ui/ in a real browser, which is installed (100 MB)
    tests/run --clients [NAME ...]      controllers written with the libraries of five languages, and Helm
    tests/run --kubectl [RELEASE ...]   what an operator does with kubectl, with kubectls of six releases
    tests/run --lint                    gcc's analyzer over every file

Ends with 0 if nothing failed, 1 if something did, 2 for wrong usage. What a section printed lies in build/test-logs/.
"""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join("build", "test-logs")
JOBS = str(os.cpu_count() or 2)
SCONS = ["scons", "-Q", "-j" + JOBS]
TAIL_LINES = 40
# These end what hangs and claim nothing about speed: a machine may have other things to do.
BUILD_SECONDS, SECTION_SECONDS = 3000, 1800
STOP_SECONDS = 30  # for a section that is told to end: it stops what it started
# Kinds with a command of their own: option, its program, and whether an argument must follow.
KINDS = {"--bench": ("tests/bench/run", False), "--sim": ("tests/sim/run", True), "--fuzz": ("tests/fuzz/run", True),
         "--conformance": ("tests/conformance/run", True), "--differential": ("tests/differential/run", False), "--clients": ("tests/clients/run", False),
         "--kubectl": ("tests/clients/kubectl/run", False),
         "--chaos": ("tests/chaos/run", True), "--chaos-storm": ("tests/chaos/storm", False), "--ui": ("tests/ui/run", False)}
# Where threads are: loop jobs, the watchdog, links, the log's lanes. Everything above is one thread to a host, and a whole simulation one.
THREADED = ("runtime", "transport", "datastore")
# Programs of others, which see the installed libraries only.
EXAMPLES = ["env", "PYTHONPATH=tests/wire", "python3", "tests/wire/node/test-library.py"]
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)


class Run:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.broken = set()  # builds that failed: what they make cannot be run

    def section(self, name, command, limit_seconds, needs=None):
        """Runs one command. If it ends with counts they are added, else it counts as one test."""
        if needs in self.broken:
            print("== %-28s not run: %s failed" % (name, needs), flush=True)
            return
        begin = time.monotonic()
        code, output = run_logged(name, command, limit_seconds)
        counts = COUNTS.findall(output)
        passed, failed, skipped = map(int, counts[-1]) if counts else (int(code == 0), int(code != 0), 0)
        if code != 0 and failed == 0:
            failed = 1  # the counts were fine, and then it fell over
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        words = "%d passed, %d failed, %d skipped" % (passed, failed, skipped) if counts else "passed" if failed == 0 else "FAILED"
        print("== %-28s %s, %.0f s" % (name, words, time.monotonic() - begin), flush=True)
        for line in output.splitlines():
            if line.startswith("SKIP "):
                print("   " + line)
        if failed:
            self.broken.add(name)
            print_tail(output, code)


def print_tail(output, code):
    lines = output.splitlines()
    fails = [line for line in lines if line.startswith("FAIL ")]
    for line in lines[-TAIL_LINES:] if len(fails) == 0 or len(lines) <= TAIL_LINES else fails + ["..."] + lines[-TAIL_LINES:]:
        print("   " + line)
    if code < 0:
        print("   ended by signal %d" % -code)
    sys.stdout.flush()


def run_logged(name, command, limit_seconds):
    """The exit code (negative: a signal) and the output, which is kept in a file too. Late ones are ended with their children."""
    os.makedirs(LOGS, exist_ok=True)
    path = os.path.join(LOGS, re.sub(r"[^A-Za-z0-9]+", "-", name) + ".log")
    with open(path, "wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = child.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            ask_to_end(child)
            log.write(b"\nnot done after %d s\n" % limit_seconds)
            code = 1
        except KeyboardInterrupt:
            ask_to_end(child)
            raise
        finally:
            end_group(child)
    with open(path, encoding="utf-8", errors="replace") as log:
        return code, log.read()


def ask_to_end(child):
    try:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(STOP_SECONDS)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass


def end_group(child):
    """Whatever the command left behind goes with it."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def unit_sections(run, variant, limit_seconds, layers=None):
    for program in sorted(glob.glob("build/%s/bin/test-*" % variant)):
        layer = os.path.basename(program)[5:]
        # A layer whose tests went away leaves its program behind.
        if layer != "sim" and os.path.isdir("tests/unit/" + layer) and (layers is None or layer in layers):
            run.section("unit %s, %s" % (layer, variant), [program, "-j", JOBS], limit_seconds, needs="build " + variant)


def script_sections(run):
    for script in sorted(glob.glob("tests/arch/test-*.py") + glob.glob("tests/unit/**/test-*.py", recursive=True)):
        run.section("script " + script[len("tests/"):-3], ["python3", script], SECTION_SECONDS)


def everything():
    run = Run()
    run.section("generated sources", SCONS + ["variant=debug", "generated"], BUILD_SECONDS)
    run.section("check", ["python3", "tests/arch/check.py", "--all"], SECTION_SECONDS)
    run.section("build debug", SCONS + ["variant=debug", "all", "library", "tests"], BUILD_SECONDS)
    unit_sections(run, "debug", SECTION_SECONDS)
    script_sections(run)
    run.section("build release", SCONS + ["variant=release", "all", "library", "build/release/bin/chaos-host"], BUILD_SECONDS)
    for kind, variant in (("sim", "debug"), ("wire", "debug"), ("chaos", "release")):
        if os.access("tests/%s/run" % kind, os.X_OK):
            run.section(kind, ["tests/%s/run" % kind], SECTION_SECONDS, needs="build " + variant)
    run.section("build asan", SCONS + ["variant=asan", "tests", "fuzz", "library"], BUILD_SECONDS)
    unit_sections(run, "asan", SECTION_SECONDS)
    run.section("sim, asan", ["build/asan/bin/test-sim", "-j", JOBS, "test-country", "test-wood"], SECTION_SECONDS, needs="build asan")
    run.section("fuzz corpus, asan", ["tests/fuzz/run", "--replay"], SECTION_SECONDS, needs="build asan")
    run.section("examples, asan", EXAMPLES + ["build/asan/bin"], SECTION_SECONDS, needs="build asan")
    run.section("build tsan", SCONS + ["variant=tsan"] + ["build/tsan/bin/test-" + layer for layer in THREADED] +
                ["build/tsan/lib/libtroupe-actor.so"], BUILD_SECONDS)
    unit_sections(run, "tsan", SECTION_SECONDS, THREADED)
    run.section("examples, tsan", EXAMPLES + ["build/tsan/bin", "ping_pong", "workers", "keys_survive"], SECTION_SECONDS, needs="build tsan")
    print("%d passed, %d failed, %d skipped" % (run.passed, run.failed, run.skipped))
    return 1 if run.failed else 0


def lint():
    """gcc's analyzer, one file at a time: slow, and its findings want judgement, so it is not part of everything()."""
    subprocess.run(SCONS + ["variant=debug", "generated", "compile_commands.json"], check=True, stdout=subprocess.DEVNULL)
    with open("compile_commands.json") as file:
        entries = [e for e in json.load(file) if e["file"].endswith(".c") and not e["file"].startswith(("build/", "tests/"))]
    run = Run()
    for entry in entries:
        words = [w for w in entry["command"].split() if w != "-c"]
        words[words.index("-o") + 1] = "/dev/null"
        run.section(entry["file"], words + ["-c", "-O1", "-fanalyzer"], 300)
    print("%d passed, %d failed, %d skipped" % (run.passed, run.failed, run.skipped))
    return 1 if run.failed else 0


def hand_over(option, arguments):
    program, has_argument = KINDS[option]
    if not os.access(program, os.X_OK):
        print("tests/run: %s is not part of this release (there is no %s)" % (option, program), file=sys.stderr)
        return 2
    if has_argument and not arguments:
        print("tests/run: %s wants an argument; see tests/run --help" % option, file=sys.stderr)
        return 2
    os.execv(program, [program] + arguments)


def interrupt(*_):
    raise KeyboardInterrupt


def main(arguments):
    signal.signal(signal.SIGTERM, interrupt)
    os.chdir(ROOT)
    if not arguments:
        if shutil.which("scons") is None:
            print("tests/run: no scons; run deploy/setup test", file=sys.stderr)
            return 1
        return everything()
    if arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if arguments == ["--lint"]:
        return lint()
    if arguments[0] in KINDS:
        return hand_over(arguments[0], arguments[1:])
    print("tests/run: unknown option '%s'; see tests/run --help" % arguments[0], file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
