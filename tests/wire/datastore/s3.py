"""A small S3: buckets in memory, objects in parts, lists in pages; every request's signature (AWS, version 4) is checked."""
import hashlib
import hmac
import http.server
import ssl
import threading
import urllib.parse
import xml.etree.ElementTree as xml

PAGE = 2  # names in a list's page: each longer one has several


class Store:
    def __init__(self, key="key", secret="secret", region="us-east-1", certificate=None):
        self.key, self.secret, self.region = key, secret, region
        self.objects, self.uploads, self.asked = {}, {}, []
        self.damages = False  # what is given back is not what was put
        handler = type("Handler", (Handler,), {"store": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return "%s://127.0.0.1:%d" % (self.scheme, self.server.server_address[1])


class Refused(Exception):
    pass


def sign(store, method, path, query, headers, names, digest):
    """The signature that the request should have."""
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    quoted = "&".join("%s=%s" % (urllib.parse.quote(k, safe="-_.~"), urllib.parse.quote(v, safe="-_.~")) for k, v in pairs)
    lines = [method, path, quoted, *["%s:%s" % (name, headers[name].strip()) for name in names], "", ";".join(names), digest]
    date = headers["x-amz-date"]
    scope = "/".join((date[:8], store.region, "s3", "aws4_request"))
    text = "\n".join(("AWS4-HMAC-SHA256", date, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()))
    key = ("AWS4" + store.secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return scope, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body=b"", **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def check(self, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        digest = headers.get("x-amz-content-sha256", "")
        if hashlib.sha256(body).hexdigest() != digest:
            raise Refused("XAmzContentSHA256Mismatch")
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        words = dict(word.strip().split("=", 1) for word in rest.split(",") if "=" in word)
        path, _, query = self.path.partition("?")
        names = words.get("SignedHeaders", "").split(";")
        if scheme != "AWS4-HMAC-SHA256" or not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names):
            raise Refused("AccessDenied")
        scope, signature = sign(self.store, self.command, path, query, headers, names, digest)
        if words.get("Credential") != self.store.key + "/" + scope:
            raise Refused("InvalidAccessKeyId")
        if not hmac.compare_digest(words.get("Signature", ""), signature):
            raise Refused("SignatureDoesNotMatch")

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        self.store.asked.append((self.command, self.path))
        try:
            self.check(body)
        except Refused as why:
            self.answer(403, ("<Error><Code>%s</Code><Message>no</Message></Error>" % why).encode())
            return
        name = urllib.parse.unquote(path).lstrip("/")
        getattr(self, "on_" + self.command.lower())(name, dict(urllib.parse.parse_qsl(query, keep_blank_values=True)), body)

    do_GET = do_PUT = do_POST = do_DELETE = serve

    def on_put(self, name, query, body):
        if "partNumber" in query:
            self.store.uploads[query["uploadId"]][int(query["partNumber"])] = body
        else:
            self.store.objects[name] = body
        self.answer(200, ETag='"%s"' % hashlib.md5(body).hexdigest())

    def on_post(self, name, query, body):
        if "uploads" in query:
            upload = "id/%d+" % len(self.store.asked)  # with letters that have to be encoded
            self.store.uploads[upload] = {}
            self.answer(200, ("<R><UploadId>%s</UploadId></R>" % upload).encode())
            return
        parts = self.store.uploads.pop(query["uploadId"])
        wanted = [(int(p.find("PartNumber").text), p.find("ETag").text) for p in xml.fromstring(body).findall("Part")]
        good = [(number, '"%s"' % hashlib.md5(parts[number]).hexdigest()) for number in sorted(parts)]
        short = any(len(parts[number]) < 5 << 20 for number in sorted(parts)[:-1])
        if wanted != good or short:
            self.answer(200, b"<Error><Code>InvalidPart</Code><Message>not those</Message></Error>")
            return
        self.store.objects[name] = b"".join(parts[number] for number in sorted(parts))
        self.answer(200, b"<R/>")

    def on_get(self, name, query, _):
        if "list-type" in query:
            self.list(name, query)
            return
        data = self.store.objects.get(name)
        if data is None:
            self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")
            return
        if self.store.damages:
            data = data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1:]
        begin, _, end = self.headers.get("Range", "bytes=0-").partition("=")[2].partition("-")
        part = data[int(begin):int(end) + 1 if end else len(data)]
        self.answer(206, part, Content_Range="bytes %d-%d/%d" % (int(begin), int(begin) + len(part) - 1, len(data)))

    def list(self, bucket, query):
        names = sorted(n[len(bucket) + 1:] for n in self.store.objects if n.startswith(bucket + "/" + query["prefix"]))
        after = query.get("continuation-token", "")
        page = [n for n in names if n > after][:PAGE]
        rest = "<NextContinuationToken>%s</NextContinuationToken>" % page[-1] if page and page[-1] != names[-1] else ""
        rows = "".join("<Contents><Key>%s</Key><Size>%d</Size></Contents>" % (n, len(self.store.objects[bucket + "/" + n])) for n in page)
        self.answer(200, ("<?xml version='1.0'?><R>%s%s</R>" % (rows, rest)).encode())

    def on_delete(self, name, query, _):
        if "uploadId" in query:
            self.store.uploads.pop(query["uploadId"], None)
        else:
            self.store.objects.pop(name, None)
        self.answer(204)
