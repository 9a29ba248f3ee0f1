#!/usr/bin/env python3
"""deploy/setup: how it finds the backports of the machine's own mirror, and what it says to wrong usage."""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
STANZAS = """# made by an installer
Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb deb-src
# a comment inside
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://second.test/debian
Suites: bookworm
Components: main
"""
FROM_STANZA = """sources
Types: deb deb-src
URIs: http://mirror.test/debian
Suites: bookworm-backports
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
"""
LINES = """# deb http://off.test/debian bookworm main
deb http://mirror.test/debian-security bookworm-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian bookworm main contrib
deb http://second.test/debian bookworm main
"""
FROM_LINES = "list\ndeb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian bookworm-backports main contrib\n"
# What the folder holds, the exit code, and the output.
CASES = [
    ({"sources.list.d/debian.sources": STANZAS}, 0, FROM_STANZA),
    ({"sources.list": LINES}, 0, FROM_LINES),
    ({"sources.list": "", "sources.list.d/more.list": LINES}, 0, FROM_LINES),
    ({"sources.list": LINES, "sources.list.d/debian.sources": STANZAS}, 0, FROM_STANZA),
    ({"sources.list": "deb http://mirror.test/debian trixie main\n"}, 1, ""),
    ({}, 1, ""),
]


def setup(*arguments):
    return subprocess.run([ROOT + "/deploy/setup", *arguments], capture_output=True, text=True)


def main():
    passed = failed = 0

    def judge(is_right, what):
        nonlocal passed, failed
        passed, failed = passed + bool(is_right), failed + (not is_right)
        if not is_right:
            print("FAIL " + what)

    for files, code, output in CASES:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                os.makedirs(os.path.dirname(folder + "/" + name), exist_ok=True)
                with open(folder + "/" + name, "w") as file:
                    file.write(text)
            done = setup("backports-source", folder, "bookworm")
            judge((done.returncode, done.stdout) == (code, output), "%s: %d %s%s" % (list(files), done.returncode, done.stdout, done.stderr))
    for arguments in ([], ["nonsense"], ["build", "more"], ["backports-source"]):
        done = setup(*arguments)
        judge(done.returncode == 2 and "deploy/setup build" in done.stderr, "usage for %s: %s" % (arguments, done.stderr))
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
