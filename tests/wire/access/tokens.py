"""Tokens as an OpenID Connect provider makes them, and the provider. Keys and signatures are openssl's.

    key = Key(folder, "a", "RS256")
    with Provider(folder, [key]) as provider:
        key.sign({**provider.claims("jane"), "groups": ["devs"]})
"""
import base64
import json
import subprocess
import time

from outside import Outside

CURVES = {"ES256": ("P-256", 32), "ES384": ("P-384", 48), "ES512": ("P-521", 66)}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words, stdin=None):
    return subprocess.run(["openssl", *words], input=stdin if stdin is not None else b"", check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def raw_pair(der, width):
    """The two numbers of an ECDSA signature, side by side."""
    at, numbers = 2 if der[1] < 0x80 else 3, []
    for _ in range(2):
        size = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(width, "big"))
        at += 2 + size
    return b"".join(numbers)


class Key:
    def __init__(self, folder, name, algorithm):
        self.name, self.algorithm, self.path = name, algorithm, "%s/key-%s.pem" % (folder, name)
        how = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if algorithm[0] != "E" else ["EC", "-pkeyopt", "ec_paramgen_curve:" + CURVES[algorithm][0]]
        openssl("genpkey", "-algorithm", *how, "-out", self.path)

    def jwk(self):
        told = {"kid": self.name, "use": "sig", "alg": self.algorithm}
        if self.algorithm[0] != "E":
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").strip().split(b"=")[1]
            return {**told, "kty": "RSA", "n": b64(bytes.fromhex(modulus.decode())), "e": "AQAB"}
        curve, width = CURVES[self.algorithm]
        point = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-2 * width:]
        return {**told, "kty": "EC", "crv": curve, "x": b64(point[:width]), "y": b64(point[width:])}

    def sign(self, claims, **header):
        head = {"alg": self.algorithm, "kid": self.name, **header}
        body = b64(json.dumps(head).encode()) + "." + b64(claims if isinstance(claims, bytes) else json.dumps(claims).encode())
        how = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1"] if self.algorithm[0] == "P" else []
        signature = openssl("dgst", "-sha" + self.algorithm[2:], "-sign", self.path, *how, stdin=body.encode())
        if self.algorithm[0] == "E":
            signature = raw_pair(signature, CURVES[self.algorithm][1])
        return body + "." + b64(signature)


class Provider(Outside):
    """What it says of itself can be changed: `keys`, `document`."""

    def __init__(self, folder, keys, path=""):
        self.keys, self.document = keys, {}
        super().__init__(folder, {path + "/.well-known/openid-configuration": self.discover, path + "/keys": self.list_keys})
        self.url = "https://%s:%d%s" % (self.address, self.port, path)

    def discover(self, _):
        return {"issuer": self.url, "jwks_uri": self.url + "/keys", **self.document}

    def list_keys(self, _):
        return {"keys": [key.jwk() for key in self.keys]}

    def asked(self, end):
        return len([path for path, _ in self.seen if path.endswith(end)])

    def authority(self):
        with open(self.ca[0], encoding="utf-8") as file:
            return file.read()

    def claims(self, subject, seconds=600):
        now = int(time.time())
        return {"iss": self.url, "aud": "troupe", "sub": subject, "iat": now, "exp": now + seconds}
