#!/usr/bin/env python3
"""How the API is served: certificates by name, versions and suites of TLS, pages of other places, feature gates, plug-ins, and words without effect."""
import http.client
import os
import shutil
import socket
import ssl
import sys
import tempfile

import suite
from cluster import Cluster, Node, until
from outside import authority, issue


def shown(node, name=None, **limits):
    """The names in the certificate that who asks by that name is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "version" in limits:
        context.maximum_version = limits["version"]
    if "ciphers" in limits:
        context.set_ciphers(limits["ciphers"])
    with socket.create_connection((node.address, node.port), 20) as plain:
        with context.wrap_socket(plain, server_hostname=name) as door:
            pem = ssl.DER_cert_to_PEM_cert(door.getpeercert(True))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        return [value for _, value in ssl._ssl._test_decode_cert(file.name).get("subjectAltName", ())]


def is_refused(node, **limits):
    try:
        shown(node, **limits)
    except (ssl.SSLError, ConnectionError):
        return True
    return False


def pair(folder, name, names):
    return issue(folder, authority(folder, "ca-" + name), name, "DNS:" + names)


def asked(node, method, path, **headers):
    connection = http.client.HTTPSConnection(node.address, node.port, context=node.context(), timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def says(node, words):
    with open(node.log, encoding="utf-8") as log:
        return words in log.read()


def test_who_asks_by_another_name_is_shown_the_certificate_for_it():
    with tempfile.TemporaryDirectory() as folder:
        one, star, rest = (pair(folder, *what) for what in (("one", "one.example.com"), ("star", "unused.example.com"), ("rest", "rest.example.org")))
        certificate, key = os.path.join(folder, "live.crt"), os.path.join(folder, "live.key")
        shutil.copy(rest[0], certificate)
        shutil.copy(rest[1], key)
        words = ("--tls-cert-file", certificate, "--tls-private-key-file", key, "--tls-sni-cert-key", "%s,%s" % one[:2],
                 "--tls-sni-cert-key", "%s,%s:*.apps.example.com,apps.example.com" % star[:2])
        with Cluster(1, words) as cluster:
            node = cluster.nodes[0]
            own = shown(node)
            assert "kubernetes.default.svc" in own, own
            assert shown(node, "kubernetes.default.svc") == own, "pods go on as ever"
            assert shown(node, "one.example.com") == ["one.example.com"]
            assert shown(node, "a.apps.example.com") == ["unused.example.com"]
            assert shown(node, "apps.example.com") == ["unused.example.com"]
            assert shown(node, "a.b.apps.example.com") == ["rest.example.org"]
            assert shown(node, "elsewhere.example.net") == ["rest.example.org"]
            other = pair(folder, "other", "other.example.org")
            shutil.copy(other[0], certificate)
            shutil.copy(other[1], key)
            until(lambda: shown(node, "elsewhere.example.net") == ["other.example.org"], 90, "the other certificate is shown")
            assert shown(node) == own
            assert node.request("GET", "/api")[0] == 200


def test_versions_and_suites_of_TLS_are_those_that_were_said():
    with Cluster(1, ("--tls-min-version", "VersionTLS13")) as cluster:
        node = cluster.nodes[0]
        assert is_refused(node, version=ssl.TLSVersion.TLSv1_2) and not is_refused(node)
    with Cluster(1, ("--tls-cipher-suites", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256")) as cluster:
        node = cluster.nodes[0]
        assert not is_refused(node)
        assert not is_refused(node, version=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES256-GCM-SHA384")
        assert is_refused(node, version=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")


def test_pages_of_places_that_were_named_may_read_and_write():
    words = ("--cors-allowed-origins", r"^https://(.+\.)?example\.com$,//localhost:", "--enable-admission-plugins", "AlwaysPullImages,ResourceQuota",
             "--feature-gates", "AllAlpha=false,kube:CPUManagerPolicyAlphaOptions=true", "--profiling=false", "--watch-cache-sizes", "pods#10")
    with Cluster(1, words) as cluster:
        node = cluster.nodes[0]
        code, headers = asked(node, "OPTIONS", "/api/v1/pods", Origin="https://a.example.com")
        assert code == 204, (code, headers)
        assert headers["access-control-allow-origin"] == "https://a.example.com"
        assert headers["access-control-allow-methods"] == "POST, GET, OPTIONS, PUT, DELETE, PATCH"
        assert headers["access-control-allow-headers"] == ("Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, "
                                                           "If-Modified-Since")
        assert headers["access-control-expose-headers"] == "Date" and headers["access-control-allow-credentials"] == "true"
        code, headers = asked(node, "GET", "/api/v1/namespaces/default", Origin="http://localhost:8080")
        assert code == 200 and headers["access-control-allow-origin"] == "http://localhost:8080", headers
        code, headers = asked(node, "GET", "/api/v1/namespaces/none", Origin="https://example.com")
        assert code == 404 and headers["access-control-allow-origin"] == "https://example.com", headers
        code, headers = asked(node, "OPTIONS", "/api/v1/pods", Origin="https://example.com.evil.org")
        assert code != 204 and "access-control-allow-origin" not in headers, headers
        code, headers = asked(node, "GET", "/api")
        assert code == 200 and "access-control-allow-origin" not in headers, headers
        # Of the other words: what has no effect is said once, and what has does it.
        code, page = node.request("GET", "/metrics")
        assert code == 200
        assert 'kubernetes_feature_enabled{name="CPUManagerPolicyAlphaOptions",stage="ALPHA"} 0' in page, "it is what it is"
        assert 'kubernetes_feature_enabled{name="CustomResourceFieldSelectors",stage=""} 1' in page or 'stage=""} 1' in page
        assert page.count("\nkubernetes_feature_enabled{") > 200
        for told in ("a feature gate is what it is here", "option=profiling", "option=watch-cache-sizes"):
            assert says(node, told), told
        pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", "imagePullPolicy": "Never"}]}}
        code, made = until(lambda: (lambda a: a if a[0] != 403 else None)(node.request("POST", "/api/v1/namespaces/default/pods", pod)), 30, "a pod is made")
        assert code == 201 and made["spec"]["containers"][0]["imagePullPolicy"] == "Always", made


def test_what_cannot_be_stops_the_start():
    with tempfile.TemporaryDirectory() as folder:
        one, other = pair(folder, "one", "one.example.com"), pair(folder, "two", "two.example.com")
        for words, said in ((("--tls-cert-file", one[0]), "are given together"),
                            (("--tls-cert-file", one[0], "--tls-private-key-file", other[1]), "do not fit together"),
                            (("--tls-sni-cert-key", "a.crt"), "is CERT,KEY or CERT,KEY:NAME"),
                            (("--tls-sni-cert-key", "a.crt,a.key"), "wants absolute paths"),
                            (("--tls-min-version", "VersionTLS10"), "is one of VersionTLS12|VersionTLS13"),
                            (("--tls-cipher-suites", "TLS_RSA_WITH_RC4_128_SHA"), "Cipher suite TLS_RSA_WITH_RC4_128_SHA not supported or doesn't exist"),
                            (("--cors-allowed-origins", "example.com"), "does not pin to start/end of host"),
                            (("--cors-allowed-origins", "^(a$"), "has an invalid regular expression"),
                            (("--feature-gates", "Nonsense=true"), "unrecognized feature gate: Nonsense"),
                            (("--feature-gates", "AllAlpha"), "missing bool value for AllAlpha"),
                            (("--feature-gates", "AggregatedDiscoveryRemoveBetaType=false"),
                             "cannot set feature gate AggregatedDiscoveryRemoveBetaType to false, feature is locked to true"),
                            (("--enable-admission-plugins", "Priority", "--disable-admission-plugins", "Priority"), "overlapped"),
                            (("--enable-admission-plugins", "EventLimit"), "is no plug-in of admission here")):
            node = Node("n1", folder).start(*words)
            code = node.process.wait(30)
            assert code in (1, 2), (words, code)
            assert said in node.last_words(), (words, node.last_words())


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
