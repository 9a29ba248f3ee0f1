#!/usr/bin/env python3
"""What goes through the proxies as it comes: large uploads and answers, those without end, and connections that break."""
import http.client
import socket
import struct
import sys
import threading

import proxied

if __name__ == "__main__":
    proxied.alone()

import suite
from cluster import until
from proxied import ADDRESS, BASE, own_network, far_pod, asked


class Raw(threading.Thread):
    """What listens in a pod and is given each connection: `answer` of it, its first line, its headers, and a generator of its body's pieces."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        own_network()
        self.answer, self.listener = answer, socket.create_server((ADDRESS, 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            try:
                line = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(line,), daemon=True).start()

    def serve(self, line):
        with line, line.makefile("rb") as file:
            first, heads = file.readline().decode(), http.client.parse_headers(file)
            try:
                self.answer(line, first, heads, self.pieces(file, heads))
            except OSError:
                pass

    @staticmethod
    def pieces(file, heads):
        def some(left):
            while left > 0:
                piece = file.read(min(left, 1 << 16))
                if not piece:
                    raise OSError("it broke off")
                left -= len(piece)
                yield piece
        if heads["Transfer-Encoding"] != "chunked":
            yield from some(int(heads["Content-Length"] or 0))
            return
        while True:
            size = int(file.readline() or b"z", 16)
            yield from some(size)
            file.readline()
            if size == 0:
                return

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listener.close()


def said(line, text, more=""):
    line.sendall(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s" % (len(text), more, text)).encode())


def memory(node):
    """Of all of its processes, in MiB."""
    pages = 0
    waiting = [node.process.pid]
    while waiting:
        pid = waiting.pop()
        try:
            with open("/proc/%d/statm" % pid, encoding="ascii") as file:
                pages += int(file.read().split()[1])
            with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
                waiting += map(int, file.read().split())
        except OSError:
            pass
    return pages * 4096 >> 20


LARGE = 100 << 20


def pieces(size, seen=None):
    for at in range(0, size, 1 << 16):
        if seen is not None and at % (8 << 20) == 0:
            seen()
        yield b"%015d\n" % at * (1 << 12)


def test_a_large_upload_goes_through_as_it_comes(cluster):
    node = cluster.living()[0]
    go, got = threading.Event(), []

    def take(line, first, heads, body):
        size = 0
        for piece in body:
            size += len(piece)
            got.append(size)
            if "slow" in first and size > 1 << 20:
                assert go.wait(120)
        said(line, "%d %s" % (size, heads["Content-Length"]))
    with Raw(take) as pod:
        far_pod(node, "taker", port=pod.port)
        there = BASE + "/pods/taker/proxy/"
        assert asked(node, "POST", there + "small", b"0" * 1000)[2] == b"1000 1000"
        before, most = memory(node), []
        code, _, text = asked(node, "PUT", there + "large", pieces(LARGE, lambda: most.append(memory(node))), {"Content-Length": str(LARGE)})
        assert (code, text) == (200, b"%d %d" % (LARGE, LARGE)), (code, text)
        code, _, text = asked(node, "POST", there + "chunked", pieces(LARGE, lambda: most.append(memory(node))))
        assert (code, text) == (200, b"%d None" % LARGE), (code, text)
        assert max(most) - before < 40, (before, most)
        # One who does not take is waited for by who sends.
        got.clear()
        connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=120)
        connection.connect()
        connection.putrequest("POST", there + "slow")
        connection.putheader("Content-Length", str(LARGE))
        connection.endheaders()
        sent = [0]

        def send():
            for piece in pieces(LARGE):
                connection.send(piece)
                sent[0] += len(piece)
        sender = threading.Thread(target=send, daemon=True)
        sender.start()

        def stands():
            seen = sent[0]
            sender.join(2)
            return got and sent[0] == seen
        until(stands, 60, "nothing is taken any more")
        assert sent[0] < LARGE // 2, sent
        go.set()
        sender.join(120)
        answer = connection.getresponse()
        assert answer.read() == b"%d %d" % (LARGE, LARGE), answer.status
        connection.close()
        # What is refused is not waited for, and half a body is never taken for a whole one.
        code, _, text = asked(node, "POST", BASE + "/pods/none/proxy/x", pieces(1 << 20), {"Content-Length": str(1 << 20)})
        assert code == 404, text


def test_half_an_upload_is_none(cluster):
    node = cluster.living()[0]
    began, broken, whole = threading.Event(), threading.Event(), threading.Event()

    def take(line, _, heads, body):
        try:
            for _ in body:
                began.set()
            whole.set()
        except (OSError, ValueError):
            broken.set()
    with Raw(take) as pod:
        far_pod(node, "halved", port=pod.port)
        line = node.context().wrap_socket(socket.create_connection((node.address, node.port), 20), server_hostname=node.address)
        line.sendall(("POST %s/pods/halved/proxy/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n" % BASE).encode())
        assert began.wait(60)
        line.close()
        assert broken.wait(60) and not whole.is_set()


def test_a_large_answer_and_one_without_end_go_through_as_they_come(cluster):
    node = cluster.living()[0]
    seen = threading.Event()

    def give(line, first, *_):
        if "large" in first:
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % LARGE)
            for piece in pieces(LARGE):
                line.sendall(piece)
            return
        line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n")
        assert seen.wait(60)
        line.sendall(b"7\r\nsecond\n\r\n0\r\n\r\n")
    with Raw(give) as pod:
        far_pod(node, "giver", port=pod.port)
        connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=60)
        connection.request("GET", BASE + "/pods/giver/proxy/watch?watch=1")
        answer = connection.getresponse()
        assert answer.readline() == b"first\n"
        seen.set()
        assert answer.readline() == b"second\n" and answer.read() == b""
        connection.request("GET", BASE + "/pods/giver/proxy/large")
        answer, size, before, most = connection.getresponse(), 0, memory(node), []
        while True:
            piece = answer.read(1 << 20)
            if not piece:
                break
            size += len(piece)
            if size % (8 << 20) < 1 << 20:
                most.append(memory(node))
        assert size == LARGE and max(most) - before < 40, (size, before, most)
        connection.close()


def test_a_kept_connection_that_turns_out_to_be_broken_costs_no_question(cluster):
    node, seen = cluster.living()[0], []

    def give(line, first, *_):
        seen.append(first)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        line.recv(1)  # of the next question, which is not answered
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with Raw(give) as pod:
        far_pod(node, "breaker", port=pod.port)
        for _ in range(6):
            code, _, text = asked(node, "GET", BASE + "/pods/breaker/proxy/x")
            assert (code, text) == (200, b"ok"), (code, text)
        assert len(seen) == 6, seen
        # Nobody knows what became of it, and to ask twice might do harm.
        code, _, text = asked(node, "POST", BASE + "/pods/breaker/proxy/x", "{}", {"Content-Type": "application/json"})
        assert code == 503 and b"the connection was lost" in text, (code, text)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
