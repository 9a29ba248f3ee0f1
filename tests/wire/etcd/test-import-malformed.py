#!/usr/bin/env python3
"""A living etcd that answers nonsense: an import ends in one line, in time, and leaves no data directory behind."""
import os
import shutil
import sys
import tempfile
import time

import cluster as clusters
import h2
import suite
from cluster import run


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes((n & 127 | 128,)), n >> 7
    return out + bytes((n,))


def number(field, n):
    return varint(field << 3) + varint(n)


def text(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def header(revision=7):
    return text(1, number(1, 1) + number(2, 1) + number(3, revision))


def row(key=b"/registry/configmaps/default/a", revision=5, value=b"k8s\0x", **more):
    return text(2, text(1, key) + number(2, more.get("created", revision)) + number(3, revision) + number(4, 1) + text(5, value) +
                (number(6, more["lease"]) if "lease" in more else b""))


GOOD = header() + row()
CASES = {
    "bytes that are no protobuf": h2.answer(b"\xff" * 40),
    "a field that ends behind the message": h2.answer(b"\x12\xff\xff\xff\xff\x0f" + b"x" * 20),
    "a number that does not end": h2.answer(b"\x08" + b"\x80" * 30),
    "nothing at all": h2.answer(b""),
    "no revision": h2.answer(row()),
    "a revision of nobody": h2.answer(header(0) + row()),
    "a revision beyond all": h2.answer(header(1 << 62) + row()),
    "a key of no revision": h2.answer(header() + row(revision=0)),
    "a key changed in a revision beyond all": h2.answer(header() + row(revision=1 << 60)),
    "keys out of order": h2.answer(header() + row(b"/registry/b") + row(b"/registry/a")),
    "the same key twice": h2.answer(header() + row() + row()),
    "a key without a name": h2.answer(header() + row(b"")),
    "a key of somebody else": h2.answer(header() + row(b"/somewhere/else")),
    "more, and nothing of it": h2.answer(header() + number(3, 1)),
    "more, and the same again": h2.answer(GOOD + number(3, 1)),
    "a message that is longer than it says": h2.answer(GOOD, length=3),
    "a message that is shorter than it says": h2.answer(GOOD, length=len(GOOD) + 9),
    "a message of four gigabytes": h2.answer(GOOD, length=0xffffffff),
    "a message that is packed": h2.answer(GOOD, flag=1),
    "two messages": lambda s: h2.head(s) + h2.message(s, GOOD) + h2.message(s, GOOD) + h2.trailers(s),
    "no trailers": lambda s: h2.head(s) + h2.message(s, GOOD, ends=True),
    "trailers that say nothing": lambda s: h2.head(s) + h2.message(s, GOOD) + h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, s, h2.literal("x", "y")),
    "a status that is no number": lambda s: h2.head(s) + h2.message(s, GOOD) + h2.trailers(s, "fine"),
    "a status of no meaning": lambda s: h2.head(s) + h2.trailers(s, "99", "what?"),
    "a refusal without words": lambda s: h2.head(s) + h2.trailers(s, "13"),
    "a web page": lambda s: h2.head(s, fields=(("content-type", "text/html"),)) + h2.frame(h2.DATA, h2.END_STREAM, s, b"<html>"),
    "not found": lambda s: h2.head(s, code=b"\x8d", ends=True),
    "a stream that is cut": lambda s: h2.head(s) + h2.frame(h2.RST, 0, s, b"\0\0\0\2"),
    "a farewell": lambda s: h2.frame(h2.GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\2"),
    "frames of no kind": lambda s: h2.frame(h2.SETTINGS, 0, 0, b"abc"),
    "an end in the middle": None,
}


def attempt(*scripts):
    """What `troupe import` says of a server that answers so; it must fail in one line, soon, and leave nothing."""
    folder = tempfile.mkdtemp(prefix="troupe-wire-")
    try:
        with h2.Server(*scripts) as server:
            data, begin = os.path.join(folder, "d"), time.monotonic()
            done = run([clusters.TROUPE, "import", "etcd://127.0.0.1:%d" % server.port, "--data-dir", data], ok=None, seconds=60,
                       env={**os.environ, "TMPDIR": folder})
            taken = time.monotonic() - begin
            return done, taken, sorted(os.listdir(folder)), os.path.exists(os.path.join(data, "restored"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def judge(what, done, taken, is_restored):
    assert done.returncode == 1, (what, done)
    assert done.stderr.startswith("troupe: ") and done.stderr.count("\n") == 1 and len(done.stderr) < 500, (what, done.stderr)
    assert taken < 30 and not is_restored, (what, taken)


def test_every_malformed_answer_ends_the_import_in_one_line():
    for what, script in CASES.items():
        done, taken, left, is_restored = attempt(script)
        judge(what, done, taken, is_restored)
        assert not [name for name in left if name.startswith("troupe-import")], (what, left)


def test_a_later_page_is_judged_as_the_first():
    first = h2.answer(GOOD + number(3, 1))
    for what in ("bytes that are no protobuf", "the same key twice", "keys out of order", "a key of somebody else", "no trailers", "an end in the middle"):
        done, taken, _, is_restored = attempt(first, CASES[what])
        judge(what, done, taken, is_restored)


def test_a_good_answer_is_taken_so_it_is_the_answers_that_were_wrong():
    done, _, _, is_restored = attempt(h2.answer(header() + row(b"/registry/") + row(b"/registry/configmaps/default/a")))
    assert done.returncode == 0 and is_restored, done


def test_a_lease_that_nobody_can_explain_is_none():
    for script in (h2.answer(b"\xff" * 9), h2.answer(number(4, 1 << 60)), CASES["not found"]):
        done, _, _, is_restored = attempt(h2.answer(header() + row(lease=0x7abc000000000001)), script)
        assert done.returncode == 0 and is_restored, done


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
