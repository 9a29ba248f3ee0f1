"""Requests by way of parts of objects that have a body of their own: scales, evictions, bindings, tokens."""
import samples

SPACE = "/api/v1/namespaces/differ"
DRY = "?dryRun=All"
JSON, MERGE, PATCH, APPLY = "application/json", "application/merge-patch+json", "application/json-patch+json", "application/apply-patch+yaml"

SCALED = [("/apis/apps/v1/namespaces/differ/deployments", "apps/v1", "Deployment", {"replicas": 0, "paused": True, "selector": samples.SELECTOR, "template": samples.TEMPLATE}),
          ("/apis/apps/v1/namespaces/differ/replicasets", "apps/v1", "ReplicaSet", {"replicas": 0, "selector": samples.SELECTOR, "template": samples.TEMPLATE}),
          ("/apis/apps/v1/namespaces/differ/statefulsets", "apps/v1", "StatefulSet", {"replicas": 0, "serviceName": "x", "selector": samples.SELECTOR, "template": samples.TEMPLATE}),
          (SPACE + "/replicationcontrollers", "v1", "ReplicationController", {"replicas": 0, "selector": samples.LABELS, "template": samples.TEMPLATE})]


def scale(name="scaled", replicas=2, **more):
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": name, "namespace": "differ", **more}, "spec": {"replicas": replicas}}


def scales(make):
    for path, version, kind, spec in SCALED:
        at, which = path + "/scaled/scale", kind.lower()
        yield make("scale/%s/make" % which, "POST", path, {"apiVersion": version, "kind": kind, "metadata": {"name": "scaled"}, "spec": spec})
        for what, body in (("put", scale()), ("negative", scale(replicas=-1)), ("text", scale(replicas="x")), ("other-name", scale("other")), ("no-name", scale("")),
                           ("other-namespace", scale(namespace="default")), ("old-version", scale(resourceVersion="1")), ("other-uid", scale(uid="x")),
                           ("other-kind", {**scale(), "kind": "Scales"}), ("other-version", {**scale(), "apiVersion": "extensions/v1beta1"}), ("nothing", {}), ("brace", "{"),
                           ("unknown", {**scale(), "nothing": 1})):
            yield make("scale/%s/%s" % (which, what), "PUT", at + DRY, body)
        for what, kind_of, body in (("merge", MERGE, {"spec": {"replicas": 3}}), ("json", PATCH, [{"op": "replace", "path": "/spec/replicas", "value": 3}]),
                                    ("patch-negative", MERGE, {"spec": {"replicas": -3}}), ("patch-unknown", MERGE, {"nothing": 1}), ("patch-status", MERGE, {"status": {"replicas": 7}}),
                                    ("patch-name", MERGE, {"metadata": {"name": "other"}})):
            yield make("scale/%s/%s" % (which, what), "PATCH", at + DRY, body, kind_of)
        yield make("scale/%s/apply" % which, "PATCH", at + DRY + "&fieldManager=m", scale(), APPLY)
        yield make("scale/%s/post" % which, "POST", at, scale())
        yield make("scale/%s/missing" % which, "PUT", path + "/missing/scale" + DRY, scale("missing"))
        yield make("scale/%s/end" % which, "DELETE", path + "/scaled?gracePeriodSeconds=0&propagationPolicy=Background")


def eviction(name="evicted", **more):
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "differ"}, **more}


def pods(make):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "evicted"},
           "spec": {"containers": [samples.CONTAINER], "nodeSelector": {"no": "where"}, "automountServiceAccountToken": False}}
    yield make("eviction/make", "POST", SPACE + "/pods", pod)
    at = SPACE + "/pods/evicted/"
    for what, body in (("dry", eviction()), ("other-name", eviction("other")), ("no-name", eviction("")), ("nothing", {}), ("other-kind", {**eviction(), "kind": "Pod"}),
                       ("uid", eviction(deleteOptions={"preconditions": {"uid": "x"}})), ("version", eviction(deleteOptions={"preconditions": {"resourceVersion": "1"}})),
                       ("policy", eviction(deleteOptions={"propagationPolicy": "Never"})), ("brace", "{")):
        yield make("eviction/" + what, "POST", at + "eviction" + DRY, body)
    yield make("eviction/missing", "POST", SPACE + "/pods/missing/eviction" + DRY, eviction("missing"))
    yield make("eviction/get", "GET", at + "eviction")
    node = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "evicted"}, "target": {"apiVersion": "v1", "kind": "Node", "name": "n"}}
    for what, body in (("dry", node), ("no-target", {**node, "target": {}}), ("other-kind-of-target", {**node, "target": {"kind": "Pod", "name": "n"}}),
                       ("bad-name", {**node, "target": {"kind": "Node", "name": "A b"}}), ("other-name", {**node, "metadata": {"name": "other"}}), ("nothing", {}),
                       ("uid", {**node, "metadata": {"name": "evicted", "uid": "x"}}), ("version", {**node, "metadata": {"name": "evicted", "resourceVersion": "1"}}),
                       ("labels", {**node, "metadata": {"name": "evicted", "labels": {"a b": "c"}}})):
        yield make("binding/" + what, "POST", at + "binding" + DRY, body)
        yield make("bindings/" + what, "POST", SPACE + "/bindings" + DRY, body)
    yield make("binding/missing", "POST", SPACE + "/pods/missing/binding" + DRY, {**node, "metadata": {"name": "missing"}})
    for part in ("log", "exec", "attach", "portforward", "log?tailLines=-1", "log?container=no", "log?limitBytes=0", "log?sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z", "nothing"):
        yield make("pod-part/" + part, "GET", at + part)
    yield make("eviction/real", "POST", at + "eviction", eviction(deleteOptions={"gracePeriodSeconds": 0}))


def tokens(make):
    at = SPACE + "/serviceaccounts/default/token"

    def request(**spec):
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}

    for what, body in (("plain", request()), ("audiences", request(audiences=["a", "b"])), ("short", request(expirationSeconds=599)), ("long", request(expirationSeconds=2 ** 33)),
                       ("hour", request(expirationSeconds=3600)), ("bound-missing", request(boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "missing"})),
                       ("bound-other", request(boundObjectRef={"kind": "ConfigMap", "apiVersion": "v1", "name": "c"})), ("bound-nothing", request(boundObjectRef={})),
                       ("other-kind", {**request(), "kind": "TokenReview"}), ("named", {**request(), "metadata": {"name": "other"}}), ("nothing", {}), ("brace", "{")):
        yield make("token/" + what, "POST", at, body)
        yield make("token/dry-" + what, "POST", at + DRY, body)
    yield make("token/missing", "POST", SPACE + "/serviceaccounts/missing/token", request())
    yield make("token/get", "GET", at)


def every(make):
    for part in (scales, pods, tokens):
        yield from part(make)
