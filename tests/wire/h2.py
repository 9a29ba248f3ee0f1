"""Just enough of HTTP/2 without TLS to answer gRPC calls with bytes of a test's choice, right or wrong. Requests are not understood: each
stream gets what the script has for it, in turn."""
import socket
import struct
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + body


def literal(name, value):
    """A header field without a table, without Huffman."""
    return b"\x00" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()


def head(stream, code=b"\x88", fields=(("content-type", "application/grpc"),), ends=False):
    return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, code + b"".join(literal(*field) for field in fields))


def trailers(stream, status="0", message=""):
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, literal("grpc-status", status) + (literal("grpc-message", message) if message else b""))


def message(stream, body, flag=0, length=None, ends=False):
    whole = bytes((flag,)) + struct.pack(">I", len(body) if length is None else length) + body
    parts = [whole[i:i + 16384] for i in range(0, len(whole), 16384)] or [b""]
    return b"".join(frame(DATA, END_STREAM if ends and part is parts[-1] else 0, stream, part) for part in parts)


def answer(body, **options):
    """A script for a call that goes well: head, message, trailers."""
    return lambda stream: head(stream) + message(stream, body, **options) + trailers(stream)


class Server:
    """`scripts`: for each call in turn a function from its stream to bytes; None closes the connection. The last one answers all further calls."""

    def __init__(self, *scripts):
        self.scripts, self.calls = list(scripts), 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def accept(self):
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, peer.makefile("rb") as file:
            try:
                if file.read(len(PREFACE)) != PREFACE:
                    return
                peer.sendall(frame(SETTINGS, 0, 0))
                while self.take_frame(peer, file):
                    pass
            except OSError:
                pass

    def take_frame(self, peer, file):
        top = file.read(9)
        if len(top) < 9:
            return False
        body = file.read(int.from_bytes(top[:3], "big"))
        kind, flags, stream = top[3], top[4], int.from_bytes(top[5:9], "big")
        if kind == SETTINGS and not flags & ACK:
            peer.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            peer.sendall(frame(PING, ACK, 0, body))
        elif kind in (DATA, HEADERS) and flags & END_STREAM:
            script = self.scripts[min(self.calls, len(self.scripts) - 1)]
            self.calls += 1
            if script is None:
                return False
            peer.sendall(script(stream))
        return True
