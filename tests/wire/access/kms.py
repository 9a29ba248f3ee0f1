"""A KMS plug-in (v2.KeyManagementService of upstream's k8s.io/kms) on a Unix socket, as a test wants it: it tells its key, closes and opens seeds, is
away, slow or wrong. Which method is called is told from the question's fields: Status has none, Decrypt names a key."""
import hashlib
import os
import socket
import struct
import threading
import time

from h2 import ACK, DATA, END_STREAM, HEADERS, PING, PREFACE, SETTINGS, WINDOW, frame, head, message, trailers

PADDED = 8


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes((number & 127 | 128,)), number >> 7
    return out + bytes((number,))


def field(number, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(body):
    """{number: the last value}, of fields that are bytes."""
    found, at = {}, 0

    def read():
        nonlocal at
        number = shift = 0
        while True:
            byte = body[at]
            number, shift, at = number | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                return number

    while at < len(body):
        key = read()
        assert key & 7 == 2, key
        size = read()
        found[key >> 3], at = body[at:at + size], at + size
    return found


def mixed(key, data):
    pad = hashlib.sha256(key.encode()).digest() * (len(data) // 32 + 1)
    return bytes(a ^ b for a, b in zip(data, pad))


class Plugin:
    """`fails`: method to a status of gRPC and words. `calls` counts. Keys that are in `lost` open nothing."""

    def __init__(self, path, key="key-1"):
        self.path, self.key, self.healthz, self.version = path, key, "ok", "v2"
        self.fails, self.lost, self.delay, self.annotation = {}, set(), 0, "plugin.example.com"
        self.calls = {"Status": 0, "Encrypt": 0, "Decrypt": 0}
        self.peers = set()
        self.start()

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen(16)
        threading.Thread(target=self.accept, args=(self.socket,), daemon=True).start()

    def stop(self):
        """Whoever is connected is cut off; the socket's file goes."""
        os.unlink(self.path)
        self.socket.close()
        for peer in list(self.peers):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if os.path.exists(self.path):
            self.stop()

    def accept(self, listener):
        while True:
            try:
                peer = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        self.peers.add(peer)
        bodies, lock = {}, threading.Lock()
        with peer, peer.makefile("rb") as file:
            try:
                if file.read(len(PREFACE)) == PREFACE:
                    peer.sendall(frame(SETTINGS, 0, 0))
                    while self.take_frame(peer, file, bodies, lock):
                        pass
            except (OSError, ValueError):
                pass
        self.peers.discard(peer)

    def take_frame(self, peer, file, bodies, lock):
        top = file.read(9)
        if len(top) < 9:
            return False
        body = file.read(int.from_bytes(top[:3], "big"))
        kind, flags, stream = top[3], top[4], int.from_bytes(top[5:9], "big")
        if kind == SETTINGS and not flags & ACK:
            peer.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            peer.sendall(frame(PING, ACK, 0, body))
        elif kind == DATA:
            assert not flags & PADDED
            bodies[stream] = bodies.get(stream, b"") + body
            if body:
                peer.sendall(frame(WINDOW, 0, 0, struct.pack(">I", len(body))))
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            threading.Thread(target=self.answer, args=(peer, stream, bodies.pop(stream, b""), lock), daemon=True).start()
        return True

    def answer(self, peer, stream, body, lock):
        assert len(body) >= 5 and int.from_bytes(body[1:5], "big") == len(body) - 5, body
        asked = fields(body[5:])
        method = "Status" if not asked else "Decrypt" if 3 in asked else "Encrypt"
        self.calls[method] += 1
        time.sleep(self.delay)
        code, said = self.fails.get(method, ("0", getattr(self, method.lower())(asked)))
        if code == "0" and said is None:
            code, said = "13", "this key is lost"
        out = head(stream) + message(stream, said) + trailers(stream) if code == "0" else head(stream) + trailers(stream, code, said)
        with lock:
            try:
                peer.sendall(out)
            except OSError:
                pass

    def status(self, _):
        return field(1, self.version) + field(2, self.healthz) + field(3, self.key)

    def encrypt(self, asked):
        assert len(asked[1]) == 32 and len(asked[2]) == 36, asked
        return field(1, mixed(self.key, asked[1])) + field(2, self.key) + field(3, field(1, self.annotation) + field(2, "of " + self.key))

    def decrypt(self, asked):
        key = asked[3].decode()
        known = fields(asked[4])
        assert known == {1: self.annotation.encode(), 2: ("of " + key).encode()}, known
        return None if key in self.lost else field(1, mixed(key, asked[1]))
