#!/usr/bin/env python3
"""Requests that mean no good (hostile.py), against a node: each is refused with the right code, nobody sees what is another's, the server's memory has a
bound, and those who mean well are answered all the while."""
import base64
import gzip
import http.client
import io
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import hostile
import suite
from cluster import Failed, until

WORD = "canary-word-of-beta"  # nobody but root may ever read it
SECRETS = (WORD.encode(), base64.b64encode(WORD.encode()))
NODE_WORDS = ("--enable-bootstrap-token-auth",)  # more ways in
MEMORY_MB = 400  # of the core process, whatever was sent
RULES = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"]},
         {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "create"]},
         {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["get", "create", "update", "patch"]}]
CAROL = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "patch", "update", "delete"]}]


# ---- people ------------------------------------------------------------------------------------------------------------------


def make(node, path, body, codes=(201, 409)):
    code, answer = node.request("POST", path, body)
    assert code in codes, (path, code, answer)
    return answer


def token_of(node, name):
    return make(node, hostile.A + "/serviceaccounts/%s/token" % name, {"spec": {}}, (201,))["status"]["token"]


def people(cluster):
    """Headers by which each is known; made once for a cluster."""
    if hasattr(cluster, "people"):
        return cluster.people
    node = cluster.nodes[0]
    for name in ("alpha", "beta"):
        make(node, "/api/v1/namespaces", {"metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})
    make(node, hostile.B + "/secrets", {"metadata": {"name": "canary"}, "stringData": {"k": WORD}})
    make(node, "/api/v1/namespaces/kube-system/secrets", {"metadata": {"name": "canary"}, "stringData": {"k": WORD}})
    make(node, hostile.MAPS, {"metadata": {"name": "mine"}, "data": {"k": "v"}})
    for name, rules in (("alice", RULES), ("carol", CAROL)):
        make(node, hostile.A + "/serviceaccounts", {"metadata": {"name": name}})
        make(node, hostile.RBAC + "/namespaces/alpha/roles", hostile.role(name, rules))
        make(node, hostile.RBAC + "/namespaces/alpha/rolebindings", hostile.binding(name, name, of="Role", subject=name))
    until(lambda: node.request("GET", hostile.A + "/serviceaccounts/default")[0] == 200, 20, "alpha has its accounts")
    cluster.people = {"nobody": {}, "root": {}, "node": {"Impersonate-User": "system:node:n9", "Impersonate-Group": "system:nodes"},
                      "alice": {"Authorization": "Bearer " + token_of(node, "alice")}, "carol": {"Authorization": "Bearer " + token_of(node, "carol")}}
    return cluster.people


# ---- asking ------------------------------------------------------------------------------------------------------------------------


def plain(node):
    """As somebody without a certificate."""
    return ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")


def connect(node, context=None, seconds=20):
    return (context or plain(node)).wrap_socket(socket.create_connection((node.address, node.port), seconds), server_hostname=node.address)


class Held(io.BytesIO):
    def makefile(self, *_, **__):
        return self


def read_all(sock, limit=64 << 20):
    """What comes until the peer is done."""
    got = b""
    try:
        while len(got) < limit:
            piece = sock.recv(65536)
            if not piece:
                break
            got += piece
    except (OSError, ssl.SSLError):
        pass
    return got


def answer_of(data):
    """(code, body); None: there was none."""
    if not data:
        return None, b""
    answer = http.client.HTTPResponse(Held(data))
    try:
        answer.begin()
        return answer.status, answer.read()
    except (http.client.HTTPException, ValueError):
        return None, data


def ask(node, who, known, method, path, body, headers):
    """As the bytes stand: a library would tidy them up."""
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    lines = {"Host": node.address, "Connection": "close", **({"Content-Type": "application/json", "Content-Length": str(len(body))} if body is not None else {}), **known, **headers}
    head = "%s %s HTTP/1.1\r\n%s\r\n" % (method, path, "".join("%s: %s\r\n" % line for line in lines.items()))
    with connect(node, node.context() if who in ("root", "node") else None) as sock:
        try:
            sock.sendall(head.encode("latin-1") + (body or b""))
        except (OSError, ssl.SSLError):
            pass  # it may have had enough
        return answer_of(read_all(sock))


def leaks(data):
    return any(secret in data for secret in SECRETS)


def judge(cluster, rows, within=20.0):
    """All rows are asked; what is wrong is told at the end, all of it."""
    node, known, wrong = cluster.nodes[0], people(cluster), []
    for name, who, method, path, body, codes, headers in rows:
        begin = time.monotonic()
        code, data = ask(node, who, known[who], method, path, body, headers)
        if leaks(data):
            wrong.append("%s: what is another's was shown" % name)
        if code not in codes:
            wrong.append("%s: %s is none of %s: %s" % (name, code, codes, data[:300]))
        if time.monotonic() - begin > within:
            wrong.append("%s: it took %.1f s" % (name, time.monotonic() - begin))
    check(cluster)
    if wrong:
        raise Failed("%d of %d:\n  %s" % (len(wrong), len(rows), "\n  ".join(wrong)))


def memory_mb(node):
    with open("/proc/%d/status" % node.pids()["core"], encoding="ascii") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS:"))


def check(cluster):
    """It lives, it is the same process, it answers who means well, and it has not grown without a bound."""
    node = cluster.nodes[0]
    cluster.core = getattr(cluster, "core", None) or node.pids()["core"]
    assert node.pids().get("core") == cluster.core, "the core host was started again"
    begin = time.monotonic()
    assert node.request("GET", hostile.ONE)[0] == 200
    assert time.monotonic() - begin < 10, "who means well waits"
    assert memory_mb(node) < MEMORY_MB, "%d MB" % memory_mb(node)


# ---- the tables ---------------------------------------------------------------------------------------------------------------------


def test_no_spelling_of_a_path_leads_to_what_is_anothers(cluster):
    judge(cluster, hostile.PATHS)


def test_headers_make_nobody_somebody_else(cluster):
    judge(cluster, hostile.SPOOFS)


def test_credentials_that_are_none_are_refused(cluster):
    good = people(cluster)["alice"]["Authorization"].split(" ", 1)[1]
    assert ask(cluster.nodes[0], "alice", people(cluster)["alice"], "GET", hostile.ONE, None, {})[0] == 200
    judge(cluster, [(name, "nobody", "GET", hostile.ONE, None, (400, 401, 403, 431) if name != "no scheme" else (401, 403), {"Authorization": value}) for name, value in hostile.tokens(good)])


def test_a_token_ends_with_its_account(cluster):
    node, known = cluster.nodes[0], people(cluster)
    make(node, hostile.A + "/serviceaccounts", {"metadata": {"name": "brief"}})
    brief = {"Authorization": "Bearer " + token_of(node, "brief")}
    assert ask(node, "brief", brief, "GET", "/apis", None, {})[0] == 200
    assert node.request("DELETE", hostile.A + "/serviceaccounts/brief")[0] == 200
    make(node, hostile.A + "/serviceaccounts", {"metadata": {"name": "brief"}})
    assert ask(node, "brief", brief, "GET", "/apis", None, {})[0] == 401 and known


def test_certificates_of_others_are_nobodys(cluster):
    node = cluster.nodes[0]
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key"), os.path.join(folder, "crt")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/O=system:masters/CN=admin", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = plain(node)
        context.load_cert_chain(certificate, key)
        try:
            with connect(node, context) as sock:
                sock.sendall(("GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % hostile.SECRET).encode())
                code, data = answer_of(read_all(sock))
        except (OSError, ssl.SSLError):
            code, data = 401, b""
        assert code == 401 and not leaks(data), (code, data)


def test_ciphers_are_those_that_keep_secrets(cluster):
    """The shorter key of AES, which is as safe, where the client leaves the choice; nothing without forward secrecy."""
    node = cluster.nodes[0]

    def agreed(newest=None, ciphers=None):
        context = plain(node)
        if newest:
            context.maximum_version = newest
        if ciphers:
            context.set_ciphers(ciphers)
        with socket.create_connection((node.address, node.port), 20) as sock, context.wrap_socket(sock, server_hostname=node.address) as tls:
            return tls.cipher()[0]
    assert agreed() == "TLS_AES_128_GCM_SHA256", agreed()
    assert agreed(ssl.TLSVersion.TLSv1_2) == "ECDHE-ECDSA-AES128-GCM-SHA256", agreed(ssl.TLSVersion.TLSv1_2)
    try:
        raise Failed("it agreed on " + agreed(ssl.TLSVersion.TLSv1_2, "AES128-SHA:AES256-GCM-SHA384:@SECLEVEL=0"))
    except (ssl.SSLError, ConnectionError):
        pass


def test_bodies_that_are_bombs_are_refused(cluster):
    judge(cluster, hostile.BODIES)


def test_nobody_gets_more_rights_than_they_have(cluster):
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=system:masters/CN=x", "-keyout", os.path.join(folder, "key")],
                              check=True, capture_output=True).stdout
    request = {"metadata": {"name": "masters"}, "spec": {"request": base64.b64encode(made).decode(), "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}}
    judge(cluster, [row if row[0] != "a certificate for masters" else row[:4] + (request,) + row[5:] for row in hostile.RIGHTS])


def test_doors_of_pods_lead_nowhere_else(cluster):
    judge(cluster, hostile.DOORS)


def test_questions_that_cost_are_bounded(cluster):
    judge(cluster, hostile.QUERIES)


def test_expressions_that_cost_are_refused(cluster):
    judge(cluster, [(name, "root", method, path, body, codes, {}) for name, method, path, body, codes in hostile.RULES])


def test_patterns_that_cost_are_judged_in_a_moment(cluster):
    node = cluster.nodes[0]
    people(cluster)
    for index, (name, pattern) in enumerate(hostile.PATTERNS):
        plural = "bomb%ds" % index
        made = make(node, hostile.CRDS, hostile.definition({"type": "string", "pattern": pattern}, plural), (201,))
        path = "/apis/hostile.example/v1/namespaces/alpha/" + plural
        until(lambda: node.request("GET", path)[0] == 200, 20, "%s is served" % plural)
        begin = time.monotonic()
        code, said = node.request("POST", path, {"apiVersion": "hostile.example/v1", "kind": made["spec"]["names"]["kind"], "metadata": {"name": "x"}, "spec": "a" * 50000 + "!"})
        assert code in (201, 422) and time.monotonic() - begin < 5, (name, code, str(said)[:200], time.monotonic() - begin)
        node.request("DELETE", hostile.CRDS + "/" + plural + ".hostile.example")
    check(cluster)


# ---- HTTP itself --------------------------------------------------------------------------------------------------------------------------


def test_no_two_readers_read_a_request_differently(cluster):
    node, wrong = cluster.nodes[0], []
    people(cluster)
    for name, data, codes in hostile.RAW:
        with connect(node, seconds=3) as sock:
            try:
                sock.sendall(data)
            except (OSError, ssl.SSLError):
                pass
            got = read_all(sock, 1 << 20)
        code, _ = answer_of(got)
        if code not in codes:
            wrong.append("%s: %s is none of %s: %s" % (name, code, codes, got[:200]))
        if b"gitVersion" in got or len(re.findall(rb"HTTP/1\.1 \d{3}", got)) > 1:
            wrong.append("%s: what was hidden in it was answered: %s" % (name, got[:600]))
    check(cluster)
    if wrong:
        raise Failed("%d of %d:\n  %s" % (len(wrong), len(hostile.RAW), "\n  ".join(wrong)))


def test_slow_clients_hold_up_nobody(cluster):
    """Heads and bodies that come a byte at a time, and answers that nobody reads."""
    node = cluster.nodes[0]
    alice = people(cluster)["alice"]["Authorization"]
    held = []
    try:
        for index in range(300):
            sock = connect(node)
            held.append(sock)
            if index % 3 == 0:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
            elif index % 3 == 1:
                sock.sendall(("POST %s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: 3000000\r\n\r\n{" % (hostile.MAPS, alice)).encode())
            else:
                sock.sendall(("GET %s?watch=1 HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n\r\n" % (hostile.MAPS, alice)).encode())
        for index in range(40):
            assert node.request("PATCH", hostile.ONE, {"data": {"k": "%d" % index * 20000}}, "application/merge-patch+json")[0] == 200
        check(cluster)
        assert node.request("PATCH", hostile.ONE, {"data": {"k": "v"}}, "application/merge-patch+json")[0] == 200
    finally:
        for sock in held:
            sock.close()
    check(cluster)


def test_who_hangs_up_while_his_answer_is_packed_hurts_nobody(cluster):
    """Large answers are packed by workers: their askers are gone before that is done, and more ask than are packed at once."""
    node = cluster.nodes[0]
    alice = people(cluster)["alice"]["Authorization"]
    names = ["large-%d" % i for i in range(4)]
    for name in names:
        code, said = node.request("POST", hostile.MAPS, {"metadata": {"name": name}, "data": {"k": os.urandom(350000).hex()}})
        assert code == 201, said
    try:
        for _ in range(40):
            sock = connect(node)
            sock.sendall(("GET %s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nAccept-Encoding: gzip\r\n\r\n" % (hostile.MAPS, alice)).encode())
            sock.close()
        check(cluster)
        connection = http.client.HTTPSConnection(node.address, node.port, context=plain(node), timeout=20)

        def is_packed():
            """Who asks while all workers pack for those who left gets the same as it is."""
            connection.request("GET", hostile.MAPS, headers={"Authorization": alice, "Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body, packed = answer.read(), answer.headers["Content-Encoding"] == "gzip"
            listed = json.loads(gzip.decompress(body) if packed else body)
            assert answer.status == 200 and {item["metadata"]["name"] for item in listed["items"]} >= set(names), answer.headers
            return packed

        until(is_packed, 20, "answers are packed again")
        connection.close()
    finally:
        for name in names:
            node.request("DELETE", hostile.MAPS + "/" + name)


def test_a_flood_of_watches_has_an_end(cluster):
    """More than anybody needs: those past the bound are told so, and the rest is as it was."""
    node = cluster.nodes[0]
    alice = people(cluster)["alice"]["Authorization"]
    held, codes = [], {}
    try:
        for _ in range(1200):
            sock = connect(node)
            held.append(sock)
            sock.sendall(("GET %s?watch=1&resourceVersion=0 HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n\r\n" % (hostile.MAPS, alice)).encode())
        for sock in held:
            line = sock.recv(12)
            codes[line] = codes.get(line, 0) + 1
        assert set(codes) <= {b"HTTP/1.1 200", b"HTTP/1.1 429"}, codes
        check(cluster)
    finally:
        for sock in held:
            sock.close()
    check(cluster)


# ---- HTTP/2, by hand --------------------------------------------------------------------------------------------------------------------------


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def literal(name, value):
    """A header that is kept in no table."""
    def text(data):
        return (bytes((len(data),)) if len(data) < 127 else b"\x7f" + number(len(data) - 127)) + data
    return b"\x00" + text(name) + text(value)


def number(rest):
    out = b""
    while rest >= 128:
        out += bytes((rest % 128 + 128,))
        rest //= 128
    return out + bytes((rest,))


def head_of(path=b"/livez", extra=b""):
    return literal(b":method", b"GET") + literal(b":scheme", b"https") + literal(b":path", path) + literal(b":authority", b"h") + extra


def http2(node):
    context = plain(node)
    context.set_alpn_protocols(["h2"])
    sock = connect(node, context, 5)
    sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
    return sock


def test_frames_that_mean_no_good_end_their_connection_only(cluster):
    node = cluster.nodes[0]
    people(cluster)
    floods = {
        "requests taken back at once": b"".join(frame(1, 5, i, head_of()) + frame(3, 0, i, b"\x00\x00\x00\x08") for i in range(1, 20001, 2)),
        "pings": frame(6, 0, 0, b"x" * 8) * 20000,
        "settings": frame(4, 0, 0) * 20000,
        "settings that are none": frame(4, 0, 0, b"\x00\x04\xff\xff\xff\xff"),
        "empty data": frame(1, 4, 1, head_of()) + frame(0, 0, 1) * 20000,
        "a head without an end": frame(1, 0, 1, head_of()) + frame(9, 0, 1, literal(b"x", b"y" * 100)) * 20000,
        "a table out of all bounds": frame(1, 4, 1, b"\x3f" + number(1 << 30) + head_of()),
        "an index that is none": frame(1, 5, 1, b"\xff" + number(1 << 30)),
        "one entry many times": frame(1, 4, 1, b"\x40" + b"\x01x" + b"\x7f" + number(4000 - 127) + b"y" * 4000 + head_of() + b"\xbe" * 16000),
        "windows out of all bounds": frame(8, 0, 0, b"\x7f\xff\xff\xff") * 3,
        "a window of nothing": frame(8, 0, 0, b"\x00\x00\x00\x00"),
        "priorities": b"".join(frame(2, 0, i, b"\x00\x00\x00\x00\x10") for i in range(3, 40001, 2)),
        "a stream that depends on itself": frame(2, 0, 3, b"\x00\x00\x00\x03\x10"),
        "streams backwards": frame(1, 5, 5, head_of()) + frame(1, 5, 3, head_of()),
        "a promise": frame(5, 4, 1, b"\x00\x00\x00\x02" + head_of()),
        "a frame larger than allowed": frame(0, 0, 1, b"x" * 100000),
        "frames that nobody knows": frame(200, 0, 0, b"x" * 100) * 20000,
        "upper-case names": frame(1, 5, 1, head_of(extra=literal(b"X-Y", b"z"))),
        "chunks": frame(1, 5, 1, head_of(extra=literal(b"transfer-encoding", b"chunked"))),
        "a line end in a value": frame(1, 5, 1, head_of(extra=literal(b"x", b"a\r\nb: c"))),
        "two paths": frame(1, 5, 1, head_of(extra=literal(b":path", b"/version"))),
        "no path": frame(1, 5, 1, literal(b":method", b"GET")),
    }
    for name, data in floods.items():
        with http2(node) as sock:
            begin = time.monotonic()
            try:
                sock.sendall(data)
                sock.settimeout(1)
                got = read_all(sock, 1 << 20)
            except (OSError, ssl.SSLError):
                got = b""
            assert b"gitVersion" not in got and time.monotonic() - begin < 20, name
        assert node.request("GET", hostile.ONE)[0] == 200, name
    check(cluster)


# ---- between users ---------------------------------------------------------------------------------------------------------------------------------


def test_one_connection_has_no_memory_of_whom_it_served(cluster):
    """Requests of several people over one connection: each is who it says, and nobody is who came before."""
    node, known = cluster.nodes[0], people(cluster)
    connection = http.client.HTTPSConnection(node.address, node.port, context=plain(node), timeout=20)
    for who, code in (("alice", 200), ("nobody", 403), ("carol", 200), ("nobody", 403), ("alice", 200)) * 5:
        connection.request("GET", hostile.ONE, headers=known[who])
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == code, (who, answer.status, data)
        assert b"mine" in data and (code == 200 or b'"data"' not in data)
        connection.request("GET", hostile.SECRET, headers=known[who])
        answer = connection.getresponse()
        assert answer.status == 403 and not leaks(answer.read())
    connection.close()


def test_answers_of_one_are_not_kept_for_another(cluster):
    node, known = cluster.nodes[0], people(cluster)
    code, listed = node.request("GET", hostile.B + "/secrets")
    assert code == 200 and listed["items"]
    for headers in ({"If-None-Match": "*"}, {"Accept-Encoding": "gzip"}, {"Range": "bytes=0-10"}, {"Cache-Control": "only-if-cached"}):
        code, data = ask(node, "alice", known["alice"], "GET", hostile.B + "/secrets", None, headers)
        assert code == 403 and not leaks(data), (headers, code)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
