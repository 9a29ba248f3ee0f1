#!/usr/bin/env python3
"""deploy/demo: what it says before it installs or builds anything."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import script

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def demo(*words):
    """From another folder."""
    done = subprocess.run(["/bin/sh", os.path.join(ROOT, "deploy/demo"), *words], cwd="/", env={"PATH": "/usr/bin:/bin"},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def test_help_names_every_option_and_how_long_it_takes():
    code, said, _ = demo("--help")
    assert code == 0 and "some minutes" in said, said
    for option in ("--json", "--keep", "--nodes N", "--manifest FILE", "--data-dir DIR"):
        assert "  " + option in said, option


def test_a_wrong_word_is_refused_before_anything_is_built():
    code, said, why = demo("--nodes", "3", "--kep")
    assert code == 2 and said == "" and why.startswith("deploy/demo: there is no option '--kep'\n") and "packages:" not in why, (code, why)


if __name__ == "__main__":
    sys.exit(script.main(globals()))
