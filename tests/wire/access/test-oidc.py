#!/usr/bin/env python3
"""Tokens of other issuers: an AuthenticationConfiguration, and upstream's older options, against providers that come, change their keys and go."""
import http.client
import json
import os
import ssl
import sys
import tempfile
import time

import suite
from cluster import Cluster, Node, until
from kube import expect
from tokens import Key, Provider, b64

HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"


def entry(provider, **more):
    """One of `jwt`; a dict is YAML enough."""
    return {"issuer": {"url": provider.url, "audiences": ["troupe"], "certificateAuthority": provider.authority()},
            "claimMappings": {"username": {"claim": "sub", "prefix": "oidc:"}, "groups": {"claim": "groups", "prefix": ""}}, **more}


def write(folder, *entries, **more):
    path = os.path.join(folder, "authentication.yaml")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration", "jwt": entries, **more}, file)
    os.rename(path + ".new", path)
    return path


def who(node, token):
    """(code, user) of a SelfSubjectReview."""
    context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
    connection = http.client.HTTPSConnection(node.address, node.port, context=context, timeout=20)
    try:
        connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", json.dumps({}),
                           {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        return answer.status, said.get("status", {}).get("userInfo") if answer.status == 201 else said
    finally:
        connection.close()


def review(node, token, **more):
    code, said = node.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token, **more}})
    assert code == 201, said
    return said["status"]


def refused(option, text):
    with tempfile.TemporaryDirectory() as folder:
        node = Node("n1", folder)
        path = os.path.join(folder, "file.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        node.start("--" + option, path)
        assert node.process.wait(20) == 1
        return node.last_words()


def test_a_wrong_configuration_stops_the_start_with_its_place():
    issuer = "jwt: [{issuer: {url: '%s', audiences: [a]%s}, claimMappings: {username: %s}%s}]"
    user = "{claim: sub, prefix: ''}"

    def said(url="https://x", more="", mapping=user, behind=""):
        return refused("authentication-config", HEAD + issuer % (url, more, mapping, behind))
    expect(said("http://x"), r'file.yaml: jwt\[0\].issuer.url: Invalid value: "http://x": URL scheme must be https')
    expect(said("https://kubernetes.default.svc.cluster.local"), "URL must not overlap with disallowed issuers")
    expect(said(more=", certificateAuthority: none"), r'jwt\[0\].issuer.certificateAuthority: Invalid value: "<omitted>"')
    expect(said(more=", discoveryURL: 'https://x/'"), "discoveryURL must be different from URL")
    expect(said(more=", other: 1"), 'unknown field "jwt\\[0\\].issuer.other"')
    expect(said(mapping="{claim: sub}"), r"jwt\[0\].claimMappings.username.prefix: Required value")
    expect(said(mapping="{expression: 'claims.'}"), r'jwt\[0\].claimMappings.username.expression: Invalid value: "claims.": compilation failed')
    expect(said(mapping="{expression: claims.email}"), "claims.email_verified must be used")
    expect(said(behind=", claimValidationRules: [{expression: '1'}]"), r'claimValidationRules\[0\].expression: Invalid value: "1": must evaluate to bool')
    expect(said(behind=", userValidationRules: [{expression: 'user.name == \"\"'}]"), "undefined field 'name'")
    expect(refused("oidc-ca-file", ""), "must be specified together")


def test_tokens_of_issuers_say_who_their_users_are():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        keys = [Key(folder, name, name) for name in ("RS256", "ES384", "PS512")]
        stranger = Key(folder, "stranger", "ES256")
        with Provider(folder, keys) as provider, Provider(other, [stranger], "/realm") as second:
            path = write(folder, entry(
                provider,
                claimValidationRules=[{"claim": "hd", "requiredValue": "example.org"},
                                      {"expression": "claims.exp - claims.iat <= 3600", "message": "it lives too long"}],
                userValidationRules=[{"expression": "!user.username.startsWith('oidc:system:')", "message": "not one of ours"}]),
                {"issuer": {"url": second.url, "audiences": ["a", "b"], "audienceMatchPolicy": "MatchAny", "certificateAuthority": second.authority()},
                 "claimMappings": {"username": {"expression": "claims.email.split('@')[0]"}, "groups": {"expression": "claims.roles.map(r, 'r:' + r)"},
                                   "uid": {"claim": "uid"}, "extra": [{"key": "example.org/team", "valueExpression": "claims.team"}]},
                 "claimValidationRules": [{"expression": "claims.email_verified == true"}]})
            with Cluster(1, ("--authentication-config", path)) as cluster:
                node = cluster.nodes[0]
                good = {**provider.claims("jane"), "hd": "example.org", "groups": ["devs", "ops"], "jti": "t1"}
                for key in keys:
                    code, user = who(node, key.sign(good))
                    assert code == 201 and user["username"] == "oidc:jane" and user["groups"] == ["devs", "ops", "system:authenticated"], (key.name, user)
                    assert user["extra"] == {"authentication.kubernetes.io/credential-id": ["JTI=t1"]}, user
                assert (provider.asked("openid-configuration"), provider.asked("/keys")) == (1, 1), provider.seen

                now = int(time.time())
                key = keys[0]
                token = key.sign(good)
                body, signature = token.rsplit(".", 1)
                for wrong in ({"aud": "else"}, {"aud": []}, {"exp": now - 1}, {"exp": None}, {"exp": "never"}, {"nbf": now + 120}, {"hd": "example.com"}, {"hd": None},
                              {"exp": now + 7200}, {"sub": 7}, {"sub": ""}, {"sub": "system:admin"}, {"groups": [1]}, {"groups": {"a": 1}}):
                    code, user = who(node, key.sign({**good, **wrong}))
                    assert code == 401, (wrong, user)
                assert who(node, key.sign({**good, "nbf": now + 30}))[0] == 201  # clocks differ
                assert who(node, key.sign({**good, "aud": ["x", "troupe"]}))[0] == 201
                for bad in (body + "." + b64(b"x" * 256), body + ".", body, key.sign(good, alg="none"), key.sign(good, alg="HS256"), key.sign(good, alg="RS512"),
                            key.sign(good, kid="ES384"), stranger.sign(good), stranger.sign(good, kid="RS256"), key.sign(b"[]"), key.sign(b"{"),
                            "." + token, token + ".x", b64(b'{"alg":"none"}') + "." + body.split(".")[1] + "."):
                    code, user = who(node, bad)
                    assert code == 401, (bad[:60], user)
                asked = provider.asked("/keys")
                assert asked <= 2 + (time.time() - now), "strangers' keys are not asked for at will: %d" % asked

                mail = {**second.claims("x"), "aud": "b", "email": "joe@example.org", "email_verified": True, "roles": ["a", "", "b"], "uid": "7", "team": "red"}
                code, user = who(node, stranger.sign(mail))
                assert code == 201 and user == {"username": "joe", "uid": "7", "groups": ["r:a", "r:", "r:b", "system:authenticated"],
                                                "extra": {"example.org/team": ["red"]}}, user
                assert who(node, stranger.sign({**mail, "email_verified": False}))[0] == 401
                assert who(node, key.sign(mail))[0] == 401

                said = review(node, token)
                assert said["authenticated"] and said["user"]["username"] == "oidc:jane", said
                assert not review(node, token, audiences=["vault"]).get("authenticated")
                expect(review(node, key.sign({**good, "hd": "x"}))["error"], "oidc: required claim hd value does not match")
                expect(review(node, key.sign({**good, "exp": now + 7200}))["error"], "failed: it lives too long")
                text = node.request("GET", "/metrics")[1]
                assert 'apiserver_authentication_jwt_authenticator_latency_seconds_count{result="success",jwt_issuer_hash="sha256:' in text

                # Keys change: a new one counts with the first token that it signed; nobody restarts anything.
                fresh = Key(folder, "fresh", "ES256")
                assert who(node, fresh.sign(good))[0] == 401
                provider.keys = [fresh]
                until(lambda: who(node, fresh.sign(good))[0] == 201, 10, "the new key counts")
                assert who(node, key.sign({**good, "jti": "t2"}))[0] == 401


def test_the_configuration_is_read_again_and_a_provider_that_is_away_comes_back():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        key = Key(folder, "k", "ES256")
        with Provider(folder, [key]) as provider, Provider(other, [key]) as second:
            provider.document = {"issuer": "https://somebody.else"}
            path = write(folder, entry(provider))
            with Cluster(1, ("--authentication-config", path)) as cluster:
                node = cluster.nodes[0]
                token, later = key.sign(provider.claims("jane")), key.sign(second.claims("joe"))
                assert who(node, token)[0] == 401 and who(node, later)[0] == 401
                expect(review(node, token)["error"], "the discovery document is another issuer's")
                provider.document = {}
                until(lambda: who(node, token)[0] == 201, 20, "the provider is asked again")
                write(folder, entry(second))
                until(lambda: who(node, later)[0] == 201, 20, "the new issuer counts")
                assert who(node, token)[0] == 401
                with open(path, "w", encoding="utf-8") as file:
                    file.write(HEAD + "jwt: [{}]")
                metric = 'apiserver_authentication_config_controller_automatic_reloads_total{status="failure"} 1'
                until(lambda: metric in node.request("GET", "/metrics")[1], 20, "the wrong one was seen")
                assert who(node, later)[0] == 201


def test_the_older_options_say_the_same_of_one_issuer():
    with tempfile.TemporaryDirectory() as folder:
        key, curve = Key(folder, "k", "RS256"), Key(folder, "c", "ES256")
        with Provider(folder, [key, curve]) as provider:
            with Cluster(1, ("--oidc-issuer-url", provider.url, "--oidc-client-id", "troupe", "--oidc-ca-file", provider.ca[0], "--oidc-groups-claim", "roles",
                             "--oidc-groups-prefix", "g:", "--oidc-required-claim", "hd=example.org")) as cluster:
                node = cluster.nodes[0]
                # Where the keys are is the provider's to say, to the letter.
                provider.document = {"jwks_uri": provider.url + "/a//keys/?of=../b//c"}
                provider.server.paths["/a//keys/"] = lambda handler: provider.list_keys(handler) if handler.path.endswith("/a//keys/?of=../b//c") else (404, "")
                good = {**provider.claims("jane"), "hd": "example.org", "roles": "one"}
                code, user = who(node, key.sign(good))
                assert code == 201 and user["username"] == provider.url + "#jane" and user["groups"] == ["g:one", "system:authenticated"], user
                assert who(node, curve.sign(good))[0] == 401  # only RS256 is taken unless more is named
                assert who(node, key.sign({**good, "hd": "x"}))[0] == 401


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
