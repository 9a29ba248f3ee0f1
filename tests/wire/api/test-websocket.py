#!/usr/bin/env python3
"""Watches and logs over WebSocket (RFC 6455), as browsers and some libraries ask for them."""
import base64
import json
import os
import socket
import struct
import sys

import suite

MAPS = "/api/v1/namespaces/default/configmaps"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    def __init__(self, node, path, **headers):
        self.socket = node.context().wrap_socket(socket.create_connection((node.address, node.port), timeout=20), server_hostname=node.address)
        lines = ["GET %s HTTP/1.1" % path, "Host: %s" % node.address, "Connection: keep-alive, Upgrade", "Upgrade: WebSocket",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
                 *("%s: %s" % (k.replace("_", "-"), v) for k, v in {"Sec_WebSocket_Version": "13", **headers}.items())]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        self.file = self.socket.makefile("rb")
        self.code = int(self.file.readline().split()[1])
        self.headers = {}
        for line in iter(self.file.readline, b"\r\n"):
            name, value = line.decode().strip().split(": ", 1)
            self.headers[name.lower()] = value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, kind, payload=b"", mask=b"\1\2\3\4"):
        assert len(payload) < 126
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | kind, 0x80 | len(payload)]) + mask + body)

    def receive(self):
        first, length = self.file.read(2)
        length = struct.unpack(">H", self.file.read(2))[0] if length == 126 else struct.unpack(">Q", self.file.read(8))[0] if length == 127 else length
        return first & 15, self.file.read(length)

    def event(self):
        kind, payload = self.receive()
        assert kind == TEXT, (kind, payload)
        found = json.loads(payload)
        return found["type"], found["object"]["metadata"]["name"]

    def is_over(self):
        return self.file.read(1) == b""


def watch(node, more="", **headers):
    return WebSocket(node, MAPS + "?watch=true&labelSelector=socket" + more, **headers)


def make(node, name, size=1):
    code, made = node.request("POST", MAPS, {"metadata": {"name": name, "labels": {"socket": "yes"}}, "data": {"a": "x" * size}})
    assert code == 201, made
    return made


def test_a_watch_tells_its_events_as_messages(cluster):
    node = cluster.nodes[0]
    with watch(node) as found:
        assert found.code == 101 and found.headers["upgrade"] == "websocket", (found.code, found.headers)
        for name, size in (("small", 1), ("middle", 1000), ("large", 100000)):
            make(node, name, size)
            assert found.event() == ("ADDED", name)
        assert node.request("DELETE", MAPS + "/small")[0] == 200
        assert found.event() == ("DELETED", "small")
        found.send(PING, b"are you there")
        assert found.receive() == (PONG, b"are you there")
        found.send(CLOSE, b"\x03\xe8")
        assert found.receive() == (CLOSE, b"\x03\xe8") and found.is_over()
    for name in ("middle", "large"):
        node.request("DELETE", MAPS + "/" + name)


def test_a_watch_that_ends_says_farewell(cluster):
    with watch(cluster.nodes[0], "&timeoutSeconds=1") as found:
        assert found.receive() == (CLOSE, b"\x03\xe8") and found.is_over()


def test_who_breaks_the_protocol_is_told_so(cluster):
    with watch(cluster.nodes[0]) as found:
        found.socket.sendall(b"\x81\x01x")  # not masked
        assert found.receive() == (CLOSE, b"\x03\xea") and found.is_over()


def test_a_handshake_that_is_none_gets_a_body(cluster):
    with watch(cluster.nodes[0], "&timeoutSeconds=1", Sec_WebSocket_Version="8") as found:
        assert found.code == 200, found.code


def test_who_may_not_watch_is_refused_before(cluster):
    node = cluster.nodes[0]
    with WebSocket(node, "/api/v1/namespaces/none/nothings?watch=true") as found:
        assert found.code == 404, found.code
    with WebSocket(node, MAPS + "?watch=true&labelSelector=%3D%3D") as found:
        assert found.code == 400, found.code


def test_the_one_protocol_that_was_offered_is_taken(cluster):
    with watch(cluster.nodes[0], Sec_WebSocket_Protocol="binary.k8s.io") as found:
        assert found.code == 101 and found.headers["sec-websocket-protocol"] == "binary.k8s.io", found.headers


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
