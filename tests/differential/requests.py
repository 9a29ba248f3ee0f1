"""The requests, as data: each has a name, a method, a path, and what it says. A generator of them for every kind of samples.py.

A name is `resource/part/what`; the list of known differences goes by it. Requests are made in order, since each finds what those before it left.
"""
import copy
import json

import machinery
import samples
import subresources

NAMESPACE = "differ"
JSON, MERGE, PATCH, STRATEGIC, APPLY = ("application/json", "application/merge-patch+json", "application/json-patch+json",
                                        "application/strategic-merge-patch+json", "application/apply-patch+yaml")
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
DRY = "dryRun=All"
LONG = "x" * 300
# What a value is replaced by, one after the other.
WRONG = ["", "-", "A b!", LONG, -1, 0, 70000, 1.5, True, [], {}, ["", ""], {"": ""}, None]
PLACES_MAX = 40  # of one kind that are changed


class Request:
    def __init__(self, name, method, path, body=None, kind=JSON, accept=None):
        self.name, self.method, self.path, self.kind, self.accept = name, method, path, kind, accept
        self.body = body if body is None or isinstance(body, str) else json.dumps(body)


def api_version(api):
    return "/".join(api.split("/")[2:])


def paths_of(value, at=()):
    """Of everything in it, from the outside in."""
    if at:
        yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from paths_of(below, (*at, key))


def with_value(value, at, new):
    changed = copy.deepcopy(value)
    place = changed
    for key in at[:-1]:
        place = place[key]
    if new is KeyError:
        del place[at[-1]]
    else:
        place[at[-1]] = new
    return changed


def shown(at):
    return ".".join(map(str, at))


class Kind:
    def __init__(self, api, resource, kind, is_namespaced, fields, subresources):
        self.api, self.resource, self.kind, self.is_namespaced, self.fields, self.subresources = api, resource, kind, is_namespaced, fields, subresources
        self.name = samples.NAMES.get(resource, "sample")
        self.all = "%s%s/%s" % (api, "/namespaces/" + NAMESPACE if is_namespaced else "", resource)
        self.one = self.all + "/" + self.name
        group = api.split("/")[2] if api.startswith("/apis") else ""
        self.prefix = resource + ("." + group if group in ("events.k8s.io",) else ".v1" if api.endswith("autoscaling/v1") else "")

    def object(self, **metadata):
        return {"apiVersion": api_version(self.api), "kind": self.kind, "metadata": {"name": self.name, "labels": {"differ": "yes"}, **metadata}, **copy.deepcopy(self.fields)}

    def make(self, part, what, method, path, body=None, kind=JSON, accept=None):
        return Request("%s/%s/%s" % (self.prefix, part, what), method, path, body, kind, accept)


LISTS = ["labelSelector=differ", "labelSelector=differ%3Dno", "labelSelector=a%20in", "labelSelector=a%20in%20(b,c),!d", "labelSelector=-a", "labelSelector=a%3D%3D%3Db",
         "fieldSelector=metadata.name%3Dsample&labelSelector=differ", "fieldSelector=metadata.nothing%3Dx", "fieldSelector=spec.x%21%3Dy", "fieldSelector=a", "limit=-1&labelSelector=differ",
         "limit=x", "limit=1&labelSelector=differ", "resourceVersion=x", "resourceVersion=-1", "resourceVersionMatch=Exact", "resourceVersionMatch=Maybe&resourceVersion=1",
         "resourceVersion=0&resourceVersionMatch=Exact", "continue=x", "continue=x&resourceVersion=5", "timeoutSeconds=x", "watch=false&labelSelector=differ",
         "sendInitialEvents=true", "allowWatchBookmarks=x&labelSelector=differ"]


def reads(k):
    for what in LISTS:
        yield k.make("list", what, "GET", k.all + "?" + what)
    yield k.make("list", "table", "GET", k.all + "?labelSelector=differ", accept=TABLE)
    yield k.make("list", "table-objects", "GET", k.all + "?labelSelector=differ&includeObject=Object", accept=TABLE)
    yield k.make("list", "table-bad", "GET", k.all + "?labelSelector=differ&includeObject=All", accept=TABLE)
    yield k.make("list", "partial", "GET", k.all + "?labelSelector=differ", accept=PARTIAL_LIST)
    yield k.make("list", "xml", "GET", k.all + "?labelSelector=differ", accept="application/xml")
    yield k.make("get", "object", "GET", k.one)
    yield k.make("get", "table", "GET", k.one, accept=TABLE)
    yield k.make("get", "partial", "GET", k.one, accept=PARTIAL)
    yield k.make("get", "missing", "GET", k.all + "/missing")
    yield k.make("get", "bad-version", "GET", k.one + "?resourceVersion=x")
    yield k.make("get", "bad-name", "GET", k.all + "/A%20b")
    yield k.make("get", "no-subresource", "GET", k.one + "/nothing")


def bodies(k):
    """Bodies that are none of the kind."""
    good = k.object()
    for what, body in (("empty", ""), ("brace", "{"), ("list", "[]"), ("null", "null"), ("text", '"x"'), ("nothing", "{}"), ("no-kind", {**good, "kind": ""}),
                       ("other-kind", {**good, "kind": "Binding"}), ("other-version", {**good, "apiVersion": "v7"}), ("other-group", {**good, "apiVersion": "a.io/v1"}),
                       ("metadata-text", {**good, "metadata": "x"}), ("labels-list", k.object(labels=["a"])), ("deep", '{"a":' * 20 + "1" + "}" * 20)):
        yield k.make("body", what, "POST", k.all + "?" + DRY, body)
    yield k.make("body", "plain-type", "POST", k.all + "?" + DRY, good, kind="text/plain")
    yield k.make("body", "yaml", "POST", k.all + "?" + DRY, good, kind="application/yaml")
    twice = json.dumps(good)[:-1] + ',"kind":"%s"}' % k.kind
    for level in ("Strict", "Warn", "Ignore", "Sometimes"):
        yield k.make("body", "unknown-" + level, "POST", k.all + "?%s&fieldValidation=%s" % (DRY, level), {**good, "nothing": 1})
        yield k.make("body", "twice-" + level, "POST", k.all + "?%s&fieldValidation=%s" % (DRY, level), twice)
    yield k.make("body", "bad-dry-run", "POST", k.all + "?dryRun=Some", good)
    yield k.make("body", "long-manager", "POST", k.all + "?%s&fieldManager=%s" % (DRY, "m" * 200), good)


def metadata(k):
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}
    for what, body in (("name-upper", k.object(name="A")), ("name-slash", k.object(name="a/b")), ("name-long", k.object(name=LONG)), ("name-dots", k.object(name="..")),
                       ("name-none", k.object(name="")), ("generate-bad", k.object(name="", generateName="A_")), ("namespace-other", k.object(namespace="other")),
                       ("version", k.object(resourceVersion="5")), ("version-text", k.object(resourceVersion="x")), ("label-key", k.object(labels={"a b": "c"})),
                       ("label-value", k.object(labels={"a": "b c"})), ("label-long", k.object(labels={"a": "b" * 70})), ("annotation-key", k.object(annotations={"/": "c"})),
                       ("finalizer", k.object(finalizers=["x"])), ("finalizer-empty", k.object(finalizers=[""])), ("owner", k.object(ownerReferences=[owner])),
                       ("owner-no-uid", k.object(ownerReferences=[{**owner, "uid": ""}])), ("owner-two", k.object(ownerReferences=[{**owner, "controller": True}, {**owner, "uid": "v", "controller": True}])),
                       ("managed", k.object(managedFields=[{"manager": "m", "operation": "Never"}])), ("deletion", k.object(deletionTimestamp="2026-01-02T03:04:05Z", deletionGracePeriodSeconds=5)),
                       ("generation", k.object(generation=-7)), ("self-link", k.object(selfLink="/x", uid="mine"))):
        yield k.make("metadata", what, "POST", k.all + "?" + DRY, body)


def fields(k):
    """Each part of the object taken out and put wrong, in turn."""
    good = k.object()
    places = [at for at in paths_of(good) if at[0] not in ("apiVersion", "kind", "metadata")]
    step = max(1, len(places) // PLACES_MAX)
    for number, at in enumerate(places[::step]):
        yield k.make("field", shown(at) + "=none", "POST", k.all + "?" + DRY, with_value(good, at, KeyError))
        for turn in range(4):
            wrong = WRONG[(number * 4 + turn) % len(WRONG)]
            yield k.make("field", "%s=%s" % (shown(at), json.dumps(wrong)[:24]), "POST", k.all + "?" + DRY, with_value(good, at, wrong))
    yield k.make("field", "nothing-but-metadata", "POST", k.all + "?" + DRY, {key: good[key] for key in ("apiVersion", "kind", "metadata")})


def makes(k):
    yield k.make("create", "dry", "POST", k.all + "?" + DRY, k.object())
    yield k.make("create", "real", "POST", k.all, k.object())
    yield k.make("create", "again", "POST", k.all, k.object())
    yield k.make("create", "at-its-path", "POST", k.one, k.object())


def updates(k):
    yield k.make("update", "same", "PUT", k.one + "?" + DRY, k.object())
    yield k.make("update", "labels", "PUT", k.one + "?" + DRY, k.object(labels={"differ": "yes", "more": "yes"}, annotations={"a": "b"}))
    yield k.make("update", "old-version", "PUT", k.one + "?" + DRY, k.object(resourceVersion="1"))
    yield k.make("update", "other-uid", "PUT", k.one + "?" + DRY, k.object(uid="other"))
    yield k.make("update", "other-name", "PUT", k.one + "?" + DRY, k.object(name="other"))
    yield k.make("update", "missing", "PUT", k.all + "/missing?" + DRY, k.object(name="missing"))
    yield k.make("update", "all", "PUT", k.all, k.object())
    good = k.object()
    places = [at for at in paths_of(good) if at[0] not in ("apiVersion", "kind", "metadata")]
    step = max(1, len(places) // 15)
    for number, at in enumerate(places[::step]):
        new = {str: "other", int: 3, bool: False, list: [], dict: {}}.get(type(_at(good, at)))
        yield k.make("update", shown(at), "PUT", k.one + "?" + DRY, with_value(good, at, new))
        yield k.make("update", shown(at) + "=none", "PUT", k.one + "?" + DRY, with_value(good, at, KeyError))


def _at(value, at):
    for key in at:
        value = value[key]
    return value


def patches(k):
    label = {"metadata": {"labels": {"patched": "yes"}}}
    for what, kind, body in (("merge", MERGE, label), ("strategic", STRATEGIC, label), ("json", PATCH, [{"op": "add", "path": "/metadata/labels/patched", "value": "yes"}]),
                             ("json-test", PATCH, [{"op": "test", "path": "/metadata/name", "value": "no"}]), ("json-missing", PATCH, [{"op": "remove", "path": "/metadata/annotations/no"}]),
                             ("json-op", PATCH, [{"op": "jump", "path": "/metadata"}]), ("json-object", PATCH, {"op": "add"}), ("json-unknown", PATCH, [{"op": "add", "path": "/nothing", "value": 1}]),
                             ("merge-list", MERGE, []), ("merge-unknown", MERGE, {"nothing": 1}), ("merge-type", MERGE, {"metadata": {"labels": 5}}), ("merge-name", MERGE, {"metadata": {"name": "x"}}),
                             ("merge-version", MERGE, {"metadata": {"resourceVersion": "1"}}), ("merge-uid", MERGE, {"metadata": {"uid": "x"}}), ("merge-kind", MERGE, {"kind": "Other"}),
                             ("merge-empty", MERGE, {}), ("merge-bad", MERGE, "{"), ("merge-labels", MERGE, {"metadata": {"labels": {"a b": "c"}}}),
                             ("strategic-delete", STRATEGIC, {"metadata": {"labels": {"$patch": "replace", "differ": "yes"}}}),
                             ("strategic-directive", STRATEGIC, {"metadata": {"$patch": "explode"}}), ("unsupported", "application/x", label), ("plain", JSON, label)):
        yield k.make("patch", what, "PATCH", k.one + "?" + DRY, body, kind=kind)
    yield k.make("patch", "unknown-strict", "PATCH", k.one + "?%s&fieldValidation=Strict" % DRY, {"nothing": 1}, kind=MERGE)
    yield k.make("patch", "unknown-warn", "PATCH", k.one + "?%s&fieldValidation=Warn" % DRY, {"nothing": 1}, kind=MERGE)
    yield k.make("patch", "missing", "PATCH", k.all + "/missing?" + DRY, label, kind=MERGE)


def applies(k):
    small = {"apiVersion": api_version(k.api), "kind": k.kind, "metadata": {"name": k.name, "labels": {"applied": "yes"}}}
    manager = DRY + "&fieldManager=m"
    for what, query, body in (("label", manager, small), ("whole", manager, k.object()), ("no-manager", DRY, small), ("unknown", manager, {**small, "nothing": 1}),
                              ("conflict", manager, {**small, "metadata": {"name": k.name, "labels": {"differ": "no"}}}),
                              ("forced", manager + "&force=true", {**small, "metadata": {"name": k.name, "labels": {"differ": "no"}}}),
                              ("managed", manager, {**small, "metadata": {"name": k.name, "managedFields": [{"manager": "m"}]}}), ("no-kind", manager, {"metadata": {"name": k.name}}),
                              ("other-kind", manager, {**small, "kind": "Other"}), ("type", manager, {**small, "metadata": {"name": k.name, "labels": "x"}}), ("bad", manager, "{")):
        yield k.make("apply", what, "PATCH", k.one + "?" + query, body, kind=APPLY)
    yield k.make("apply", "new", "PATCH", k.all + "/fresh?" + manager, {**k.object(), "metadata": {"name": "fresh"}}, kind=APPLY)
    yield k.make("apply", "force-merge", "PATCH", k.one + "?force=true&" + DRY, {"metadata": {"labels": {"a": "b"}}}, kind=MERGE)


def parts(k):
    for sub in k.subresources:
        at = k.one + "/" + sub
        yield k.make(sub, "get", "GET", at)
        yield k.make(sub, "get-missing", "GET", k.all + "/missing/" + sub)
        yield k.make(sub, "put", "PUT", at + "?" + DRY, k.object())
        yield k.make(sub, "patch", "PATCH", at + "?" + DRY, {"metadata": {"labels": {"by": "status"}}, "spec": {"replicas": 2}}, kind=MERGE)
        yield k.make(sub, "patch-conditions", "PATCH", at + "?" + DRY, {"status": {"conditions": [{"type": "T", "status": "True"}]}}, kind=MERGE)
        yield k.make(sub, "patch-text", "PATCH", at + "?" + DRY, {"status": "x"}, kind=MERGE)
        yield k.make(sub, "post", "POST", at, k.object())
        yield k.make(sub, "delete", "DELETE", at)


def removals(k):
    yield k.make("delete", "dry", "DELETE", k.one + "?" + DRY)
    for what, body in (("uid", {"preconditions": {"uid": "x"}}), ("version", {"preconditions": {"resourceVersion": "1"}}), ("policy", {"propagationPolicy": "Never"}),
                       ("both", {"propagationPolicy": "Orphan", "orphanDependents": True}), ("body-kind", {"kind": "Pod", "apiVersion": "v1"}), ("dry-body", {"dryRun": ["All"]}),
                       ("dry-bad", {"dryRun": ["Some"]})):
        yield k.make("delete", what, "DELETE", k.one + "?" + DRY if what not in ("dry-bad",) else k.one, body)
    yield k.make("delete", "missing", "DELETE", k.all + "/missing")
    yield k.make("delete", "all-bad-selector", "DELETE", k.all + "?labelSelector=a%20in")
    yield k.make("delete", "all-none", "DELETE", k.all + "?labelSelector=differ%3Dnever")
    yield k.make("delete", "all-dry", "DELETE", k.all + "?labelSelector=differ&" + DRY)
    yield k.make("delete", "real", "DELETE", k.one + "?gracePeriodSeconds=0")


def about(k):
    for part in (bodies, metadata, fields, makes, reads, updates, patches, applies, parts, removals):
        yield from part(k)


REVIEWS = [("authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview"), ("authorization.k8s.io/v1", "subjectaccessreviews", "SubjectAccessReview"),
           ("authorization.k8s.io/v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview"), ("authentication.k8s.io/v1", "tokenreviews", "TokenReview"),
           ("authentication.k8s.io/v1", "selfsubjectreviews", "SelfSubjectReview")]


def others():
    """What is no stored kind, and paths that are nothing."""
    for path in ("/", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/apis/nothing", "/apis/apps/v7", "/api/v2", "/version", "/healthz", "/readyz", "/livez/ping", "/nothing",
                 "/api/v1/nothings", "/api/v1/namespaces/differ/nothings", "/api/v1/namespaces/no/configmaps", "/api/v1/pods?limit=0&labelSelector=differ", "/api//v1", "/api/v1/",
                 "/api/v1/namespaces/differ/configmaps/", "/apis/apps/v1/namespaces/differ/", "/openapi/v3", "/.well-known/openid-configuration", "/api/v1/componentstatuses/no"):
        yield Request("path/get" + path, "GET", path)
        yield Request("path/post" + path, "POST", path, {})
    for group, resource, kind in REVIEWS:
        for what, spec in (("empty", {}), ("user", {"user": "u", "resourceAttributes": {"verb": "get", "resource": "pods"}}), ("token", {"token": "x.y.z"}),
                           ("namespace", {"namespace": "differ"}), ("both", {"user": "u", "resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"path": "/", "verb": "get"}})):
            yield Request("review/%s/%s" % (resource, what), "POST", "/apis/%s/%s" % (group, resource), {"apiVersion": group, "kind": kind, "spec": spec})
    yield from subresources.every(Request)
    yield from machinery.every(Request)


def all_kinds(with_pem):
    """`with_pem`: a request for a certificate and a certificate, which are made by who runs the test."""
    for row in samples.ALL:
        row = list(row)
        if row[1] == "certificatesigningrequests":
            row[4] = {"spec": {"request": with_pem["request"], "signerName": "a.example.com/s", "usages": ["client auth"], "expirationSeconds": 3600}}
        if row[1] == "clustertrustbundles":
            row[4] = {"spec": {"trustBundle": with_pem["certificate"]}}
        yield Kind(*row)
