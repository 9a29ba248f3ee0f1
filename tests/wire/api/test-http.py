#!/usr/bin/env python3
"""transport/http's server, as other people's clients see it: curl, h2load and bare sockets.

    tests/wire/run http
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from cluster import BOUND

WAIT_SECONDS = 20
BODY_LIMIT = 3 << 20  # limits.h
LONG_BYTES = 8 << 20  # far more than lies in sockets


class Server:
    def __init__(self, programs, folder):
        self.certificate = os.path.join(folder, "cert.pem")
        key = os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", key, "-out", self.certificate], check=True, stderr=subprocess.DEVNULL)
        self.log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        self.child = subprocess.Popen([*BOUND, os.path.join(programs, "wire-http"), self.certificate, key],
                                      stdout=subprocess.PIPE, stderr=self.log)
        self.plain_port, self.tls_port = map(int, self.child.stdout.readline().split())
        self.plain, self.tls = "http://127.0.0.1:%d" % self.plain_port, "https://127.0.0.1:%d" % self.tls_port

    def stats(self):
        return json.loads(curl(self.plain + "/stats").stdout)

    def resident_bytes(self):
        with open("/proc/%d/statm" % self.child.pid, encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def end(self):
        self.child.terminate()
        code = self.child.wait(WAIT_SECONDS)
        self.log.seek(0)
        expect(code == 0, "it ended with %d: %s" % (code, self.log.read()[-2000:]))


class Broken(Exception):
    pass


def expect(claim, words):
    if not claim:
        raise Broken(words)


def until(claim, words):
    """No sleeping for luck: waits for the claim, and fails when it does not come true."""
    end = time.monotonic() + WAIT_SECONDS
    while not claim():
        expect(time.monotonic() < end, words)
        time.sleep(0.01)


def curl(*arguments, data=None):
    return subprocess.run(["curl", "-sS", "-k", "-m", str(WAIT_SECONDS), *arguments], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def ways(server):
    """What a request may go by: the arguments of curl and the place."""
    return [(["--http1.1"], server.plain), (["--http1.1"], server.tls), (["--http2"], server.tls), (["--http2", "--tls-max", "1.2"], server.tls)]


def connect(server, receive_bytes=None):
    peer = socket.socket()
    if receive_bytes is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    peer.settimeout(WAIT_SECONDS)
    peer.connect(("127.0.0.1", server.plain_port))
    return peer


def read_until(peer, end):
    got = b""
    while not got.endswith(end):
        part = peer.recv(65536)
        expect(part, "the connection ended after %r" % got[-200:])
        got += part
    return got


# ---- one request ----------------------------------------------------------------------------------------------------


def each_version_answers(server):
    for version, place in ways(server):
        got = curl(*version, "-d", "hello", place + "/echo", "-w", " %{http_version} %{http_code}").stdout.decode()
        expect(got == "POST hello %s 200" % ("2" if version[0] == "--http2" else "1.1"), got)


def bodies_come_in_chunks_and_whole(server):
    body = b"z" * BODY_LIMIT
    for version, place in ways(server):
        for header in ("Transfer-Encoding: chunked", "X-Whole: yes") if version[0] == "--http1.1" else ("X-Any: yes",):
            for path in ("/length", "/upload"):
                got = curl(*version, "-H", header, "-H", "Expect:", "--data-binary", "@-", place + path, data=body)
                expect(got.stdout == b"%d\n" % BODY_LIMIT, "%s%s: %r" % (place, path, got))


def a_body_that_is_too_large_is_refused_before_it_is_sent(server):
    for size, code, sent in ((BODY_LIMIT, "200", BODY_LIMIT), (BODY_LIMIT + 1, "413", 0)):
        got = curl("-H", "Expect: 100-continue", "--data-binary", "@-", server.plain + "/length", "-o", os.devnull,
                   "-w", "%{http_code} %{size_upload}", data=b"z" * size).stdout.decode()
        expect(got == "%s %d" % (code, sent), got)


def head_says_the_length_and_sends_nothing(server):
    for version, place in ways(server):
        head = curl(*version, "-I", place + "/echo").stdout.decode().lower()
        expect("content-length: 5\r\n" in head and head.endswith("\r\n\r\n"), head)
    peer = connect(server)
    peer.sendall(b"HEAD /bytes?1000000 HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    got = read_until(peer, b"GET ")
    expect(got.count(b"HTTP/1.1 200 OK\r\n") == 2 and len(got) < 1000, got[:300])


def large_headers_pass_up_to_the_limit(server):
    for version, place in ways(server):
        # curl itself sends no more than 64 KiB over HTTP/2.
        for size, code in ((60000, "200"), (65500, "431")) if version[0] == "--http1.1" else ((60000, "200"),):
            got = curl(*version, "-H", "X-Large: " + "a" * size, place + "/echo", "-o", os.devnull, "-w", "%{http_code}").stdout.decode()
            expect(got == code, "%s, %d bytes: %s" % (place, size, got))


# ---- one connection -------------------------------------------------------------------------------------------------------


def a_connection_is_used_again(server):
    for version, place in ways(server):
        got = curl(*version, *["%s/echo?%d" % (place, i) for i in range(20)], "-w", "%{num_connects}").stdout.decode()
        expect(got == "GET 1" + "GET 0" * 19, got)


def a_pipeline_is_answered_in_order(server):
    peer = connect(server)
    bodies = [b"%d" % i for i in range(200)]
    peer.sendall(b"".join(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(b), b) for b in bodies))
    got = read_until(peer, b"POST 199")
    at = 0
    for body in bodies:
        at = got.find(b"\r\n\r\nPOST " + body, at)
        expect(at > 0, "the answer to %r is not in its place" % body)


def what_was_ready_is_read_after_a_half_close(server):
    for wish in (b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"):
        peer = connect(server)
        peer.sendall(wish)
        read_until(peer, b"GET " if wish.startswith(b"GET") else b"hi")
        peer.shutdown(socket.SHUT_WR)
        expect(peer.recv(1) == b"", "the server does not end its half")


def a_slow_reader_costs_the_server_little_and_gets_all(server):
    before = server.resident_bytes()
    size = 60000000
    slow = [connect(server, receive_bytes=4096) for _ in range(10)]
    for peer in slow:
        peer.sendall(b"GET /bytes?%d HTTP/1.0\r\n\r\n" % size)
    expect(curl("--http2", server.tls + "/echo").stdout == b"GET ", "others wait for the slow ones")
    grown = server.resident_bytes() - before
    expect(grown < 64 << 20, "the server keeps %d bytes for ten readers" % grown)
    got = 0
    while len(part := slow[0].recv(1 << 20)) > 0:
        got += len(part) if got else len(part.split(b"\r\n\r\n", 1)[1])
    expect(got == size, "%d of %d bytes came" % (got, size))
    for peer in slow:
        peer.close()
    until(lambda: server.stats()["exchanges"] == 1, "answers to readers that left stay open")


# ---- many at once --------------------------------------------------------------------------------------------------------------


def event_seconds(server, watchers, event):
    """From the event to the moment when all of them have it."""
    expect(curl("-d", event, server.plain + "/event").stdout == b"%d\n" % len(watchers), "somebody does not watch")
    begin = time.monotonic()
    for peer in watchers:
        read_until(peer, event.encode() + b"\r\n")
    return time.monotonic() - begin


def each_watcher_gets_each_event_at_once_and_leaves_a_trace(server):
    watchers = [connect(server) for _ in range(200)]
    gone = server.stats()["gone"]
    for peer in watchers:
        peer.sendall(b"GET /watch HTTP/1.1\r\nHost: a\r\n\r\n")
        read_until(peer, b"\r\n\r\n")
    # All get all; a machine that has other things to do may be late with one event, a server that waits for something is with each.
    took = [event_seconds(server, watchers, "event-%d" % i) for i in range(5)]
    expect(min(took) < 2, "events took %s s" % took)
    for peer in watchers[:100]:
        peer.close()
    until(lambda: server.stats()["watchers"] == 100, "the handler does not hear that watchers have left")
    for peer in watchers[100:]:
        peer.close()
    until(lambda: server.stats()["gone"] == gone + 200, "the handler does not hear that watchers have left")


def watchers_share_one_connection(server):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, "%d" % i) for i in range(100)]
        wishes = []
        for path in paths:
            wishes += ["--url", server.tls + "/watch", "-o", path]
        child = subprocess.Popen([*BOUND, "curl", "-sS", "-k", "-N", "--http2", "-Z", "--parallel-max", "100", *wishes],
                                 stderr=subprocess.DEVNULL)
        try:
            until(lambda: server.stats()["watchers"] == 100, "not everybody watches")
            expect(server.stats()["connections"] < 10, "they do not share")
            for count in range(1, 4):
                expect(curl("-d", "event\n", server.plain + "/event").stdout == b"100\n", "somebody does not watch")
                until(lambda count=count: all(os.path.exists(p) and os.path.getsize(p) == 6 * count for p in paths),
                      "event %d does not reach all" % count)
        finally:
            child.kill()
            child.wait()
    until(lambda: server.stats()["watchers"] == 0, "the handler does not hear that watchers have left")


def h2load(*arguments):
    got = subprocess.run(["h2load", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    return got.stdout.decode(errors="replace")


def ten_thousand_requests_leave_nothing_behind(server):
    if shutil.which("h2load") is None:
        return "there is no h2load"
    with tempfile.NamedTemporaryFile() as body:
        body.write(b"z" * 2000)
        body.flush()
        grown = 0
        for round_number in range(3):
            before = server.resident_bytes()
            for wish in (["-c", "10", "-m", "100", server.tls + "/echo"], ["-c", "1", "-m", "250", server.tls + "/echo"],
                         ["-c", "20", "-m", "50", "-d", body.name, server.tls + "/length"],
                         ["-c", "10", "-m", "50", server.tls + "/bytes?20000"],
                         ["--h1", "-c", "50", "-m", "1", server.plain + "/echo"]):
                got = h2load("-n", "10000", *wish)
                expect("10000 succeeded, 0 failed, 0 errored" in got and "status codes: 10000 2xx" in got, got)
            grown = server.resident_bytes() - before if round_number > 0 else 0
    until(lambda: server.stats()["exchanges"] == 1, "exchanges stay open")
    expect(grown < 8 << 20, "50000 requests cost %d bytes for ever" % grown)
    return None


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def whole_answer(server, words, between=lambda child: None):
    """What openssl's client gets of a long answer; `between` is called some times in the midst of it, while nobody reads."""
    path = b"/bytes?%d" % LONG_BYTES
    wide = (0x7fffffff).to_bytes(4, "big")
    ask = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"\0\4" + wide) + frame(8, 0, 0, (0x7fff0000).to_bytes(4, "big"))
    ask += frame(1, 5, 1, b"\x82\x87\x01\x01a\x04" + bytes([len(path)]) + path)  # GET, https, authority a, the path: RFC 7541, 6
    child = subprocess.Popen(["openssl", "s_client", "-connect", server.tls.removeprefix("https://"), "-alpn", "h2", *words],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    patience = threading.Timer(3 * WAIT_SECONDS, child.kill)
    patience.start()
    try:
        child.stdin.write(ask)
        child.stdin.flush()
        got = mark = 0
        while True:
            head = child.stdout.read(9)
            expect(len(head) == 9, "the connection ended after %d bytes of the body" % got)
            payload = child.stdout.read(int.from_bytes(head[:3], "big"))
            if head[3] == 0:
                got += len(payload)
                expect(not payload.strip(b"\0"), "there is something else in the body")  # which is zeros
            if head[4] & 1 and int.from_bytes(head[5:], "big") == 1:
                return got
            if got > mark + 100000:
                mark = got
                between(child)
    finally:
        patience.cancel()
        child.kill()
        child.wait()
        child.stderr.close()


def a_peer_that_wants_small_records_gets_all(server):
    """512 bytes of each record (RFC 6066): a frame of HTTP/2 is then many, and none may be made where the plaintext of the next ones lies."""
    got = whole_answer(server, ["-quiet", "-maxfraglen", "512"])
    expect(got == LONG_BYTES, "%d bytes" % got)


def keys_are_updated_in_the_midst_of_an_answer(server):
    """The peer's own (k), and its own and ours (K): our word of it goes out before the next record, in the write that makes it (RFC 8446, 4.6.3)."""
    letters = ["K", "k", "K", "K", "k", "K"]
    left = list(letters)

    def update(child):
        if left:
            child.stdin.write(left.pop(0).encode() + b"\n")
            child.stdin.flush()
            # It looks there once nobody takes what it has got.
            expect(any(b"KEYUPDATE" in line for line in child.stderr), "openssl updates no keys")

    with tempfile.NamedTemporaryFile("r") as messages:
        got = whole_answer(server, ["-brief", "-msg", "-msgfile", messages.name], update)
        said = [line.split()[0] for line in messages if "KeyUpdate" in line]
    expect(got == LONG_BYTES, "%d bytes" % got)
    expect(said.count(">>>") == len(letters), "%d updates of %d" % (said.count(">>>"), len(letters)))
    expect(0 < said.count("<<<") <= letters.count("K"), "%d updates of ours" % said.count("<<<"))  # one may answer two that came together


TESTS = [each_version_answers, a_peer_that_wants_small_records_gets_all, keys_are_updated_in_the_midst_of_an_answer, bodies_come_in_chunks_and_whole, a_body_that_is_too_large_is_refused_before_it_is_sent,
         head_says_the_length_and_sends_nothing, large_headers_pass_up_to_the_limit, a_connection_is_used_again,
         a_pipeline_is_answered_in_order, what_was_ready_is_read_after_a_half_close,
         a_slow_reader_costs_the_server_little_and_gets_all, each_watcher_gets_each_event_at_once_and_leaves_a_trace,
         watchers_share_one_connection, ten_thousand_requests_leave_nothing_behind]


def judge(name, run):
    """Adds nothing to what the others see: a broken one is told and the next is run."""
    try:
        skip = run()
    except (Broken, OSError, ValueError, subprocess.SubprocessError) as why:
        print("FAIL %s: %s" % (name, why))
        return (0, 1, 0)
    if skip is not None:
        print("SKIP %s: %s" % (name, skip))
        return (0, 0, 1)
    return (1, 0, 0)


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        server = Server(arguments[0], folder)
        try:
            counts = [judge(test.__name__, lambda test=test: test(server)) for test in TESTS]
            counts.append(judge("it_ends_when_told_to", server.end))
        finally:
            server.child.kill()
            server.child.wait()
    passed, failed, skipped = (sum(column) for column in zip(*counts))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
