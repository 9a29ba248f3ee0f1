"""Requests about what holds for every kind: pages, watches, forms of answers and bodies, levels of strictness, owners of fields. Of kinds that nobody acts on."""
import base64
import json

SPACE = "/api/v1/namespaces/differ"
MAPS = SPACE + "/configmaps"
DRY = "dryRun=All"
JSON, MERGE, PATCH, STRATEGIC, APPLY, CBOR, YAML = ("application/json", "application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json",
                                                    "application/apply-patch+yaml", "application/apply-patch+cbor", "application/yaml")
LEVELS = ("Strict", "Warn", "Ignore")


def config(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"page": "yes"}}, "data": data}


def token(**said):
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def pages(make):
    for name in ("page-a", "page-b", "page-c"):
        yield make("page/make-" + name, "POST", MAPS, config(name, a="1"))
    for what, said in (("no-version", {"rv": 0, "start": "page-b\u0000"}), ("future", {"v": "meta.k8s.io/v1", "rv": 1 << 60, "start": "page-b\u0000"}),
                       ("old", {"v": "meta.k8s.io/v1", "rv": 1, "start": "page-b\u0000"}), ("negative", {"v": "meta.k8s.io/v1", "rv": -1, "start": "page-b\u0000"}),
                       ("no-start", {"v": "meta.k8s.io/v1", "rv": 5}), ("outside", {"v": "meta.k8s.io/v1", "rv": 5, "start": "../../secrets"}),
                       ("other-version", {"v": "meta.k8s.io/v2", "rv": 5, "start": "a"}), ("text", {"v": "meta.k8s.io/v1", "rv": "x", "start": "a"})):
        yield make("page/token-" + what, "GET", MAPS + "?limit=1&continue=" + token(**said))
    yield make("page/token-no-base64", "GET", MAPS + "?limit=1&continue=***")
    yield make("page/token-no-json", "GET", MAPS + "?limit=1&continue=" + base64.urlsafe_b64encode(b"x").decode().rstrip("="))
    for query in ("limit=2", "limit=0", "limit=9999999999999999999", "limit=1&resourceVersion=0", "limit=1&resourceVersion=0&resourceVersionMatch=NotOlderThan",
                  "limit=1&resourceVersionMatch=Exact&resourceVersion=1", "resourceVersion=1&resourceVersionMatch=NotOlderThan", "resourceVersion=999999999999999",
                  "resourceVersion=0&fieldSelector=metadata.name%3Dpage-a", "fieldSelector=metadata.name!%3Dpage-a,metadata.namespace%3Ddiffer", "pretty=true", "pretty=x",
                  "limit=1&limit=2", "nothing=x", "timeout=x", "timeout=1s", "shardSelector=x"):
        yield make("page/" + query, "GET", MAPS + "?" + query + ("" if "labelSelector" in query else "&labelSelector=page"))


WATCHES = ["", "labelSelector=page%3Dno", "fieldSelector=metadata.name%3Dpage-a", "fieldSelector=data%3Dx", "resourceVersion=x", "resourceVersion=-1", "resourceVersion=1",
           "sendInitialEvents=true", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&labelSelector=page%3Dno",
           "sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1", "resourceVersionMatch=NotOlderThan", "sendInitialEvents=x", "timeoutSeconds=x", "limit=1", "continue=x",
           "allowWatchBookmarks=x", "labelSelector=a%20in"]


def watches(make):
    for query in WATCHES:
        at = MAPS + "?watch=true&" + ("" if "timeoutSeconds" in query else "timeoutSeconds=1&") + ("" if "labelSelector" in query else "labelSelector=page&") + query
        yield make("watch/" + query, "GET", at)
    yield make("watch/one", "GET", MAPS + "/page-a?watch=true&timeoutSeconds=1")
    yield make("watch/old-path", "GET", "/api/v1/watch/namespaces/differ/configmaps?timeoutSeconds=1&labelSelector=page")
    yield make("watch/old-path-one", "GET", "/api/v1/watch/namespaces/differ/configmaps/page-a?timeoutSeconds=1")
    yield make("watch/old-path-nothing", "GET", "/api/v1/watch/namespaces/differ/nothings?timeoutSeconds=1")
    for what, accept in (("table", "application/json;as=Table;v=v1;g=meta.k8s.io"), ("partial", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"),
                         ("partial-list", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"), ("xml", "application/xml"), ("stream", "application/json;stream=watch"),
                         ("pair", "application/xml, application/json;q=0.5"), ("yaml", "application/yaml")):
        yield make("watch/as-" + what, "GET", MAPS + "?watch=1&timeoutSeconds=1&labelSelector=page", accept=accept)


ACCEPTS = ["*/*", "application/*", "application/yaml", "application/json;as=Table;v=v1beta1;g=meta.k8s.io", "application/json;as=Table;v=v2;g=meta.k8s.io", "application/json;as=Table;v=v1;g=x",
           "application/json;as=Nothing;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
           "application/json;as=Table", "text/html", "text/plain", "application/json;stream=watch", "application/json;pretty=1", "a", "application/json;q=0", ";", "application/xml, */*;q=0.1",
           "application/json;as=Table;v=v1;g=meta.k8s.io, application/json"]
KINDS = [JSON + "; charset=utf-8", JSON + ";x=y", "application/JSON", YAML, "text/yaml", "application/vnd.kubernetes.protobuf", "application/cbor", "application/x-www-form-urlencoded", "a/b/c", "json", "*/*"]


def forms(make):
    for what, at in (("list", MAPS + "?labelSelector=page"), ("one", MAPS + "/page-a"), ("missing", MAPS + "/missing"), ("scale", "/apis/apps/v1/namespaces/differ/deployments/missing/scale")):
        for accept in ACCEPTS:
            yield make("accept/%s/%s" % (what, accept), "GET", at, accept=accept)
    for include in ("None", "Metadata", "Object", "Nothing", ""):
        for what, at in (("list", MAPS + "?labelSelector=page&"), ("one", MAPS + "/page-a?")):
            yield make("table/%s/%s" % (what, include), "GET", at + "includeObject=" + include, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    for kind in KINDS:
        yield make("type/post/" + kind, "POST", MAPS + "?" + DRY, config("typed", a="1"), kind)
        yield make("type/put/" + kind, "PUT", MAPS + "/page-a?" + DRY, config("page-a", a="1"), kind)
        yield make("type/patch/" + kind, "PATCH", MAPS + "/page-a?" + DRY, {"data": {"a": "2"}}, kind)
        yield make("type/delete/" + kind, "DELETE", MAPS + "/page-a?" + DRY, {"gracePeriodSeconds": 0}, kind)
    for kind in (MERGE, PATCH, STRATEGIC, APPLY, CBOR):
        yield make("type/post/" + kind, "POST", MAPS + "?" + DRY, config("typed", a="1"), kind)
        yield make("type/patch-charset/" + kind, "PATCH", MAPS + "/page-a?" + DRY + "&fieldManager=m", [] if kind == PATCH else config("page-a"), kind + "; charset=utf-8")


def strictness(make):
    """What is not known, and what is there twice, by each way of changing something."""
    at = MAPS + "/page-a?" + DRY
    twice = '{"data":{"a":"1","a":"2"},"data":{"b":"1"}}'
    whole = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"page-a"},"data":{"a":"1","a":"2"},"nothing":1}'
    for level in (*LEVELS, "strict", ""):
        said = "&fieldValidation=" + level
        for what, kind, body in (("merge", MERGE, {"nothing": 1, "metadata": {"nothing": {"x": 1}}}), ("merge-twice", MERGE, twice), ("strategic", STRATEGIC, {"nothing": 1}),
                                 ("strategic-twice", STRATEGIC, twice), ("json", PATCH, [{"op": "add", "path": "/nothing", "value": {"a": 1}}]),
                                 ("json-member", PATCH, [{"op": "add", "path": "/data/x", "value": "1", "nothing": 1}]), ("json-twice", PATCH, '[{"op":"add","op":"add","path":"/data/x","value":"1"}]')):
            yield make("strict/%s/%s" % (what, level), "PATCH", at + said, body, kind)
        yield make("strict/apply/" + level, "PATCH", at + said + "&fieldManager=m", whole.replace('"a":"2",', ""), APPLY)
        yield make("strict/apply-twice/" + level, "PATCH", at + said + "&fieldManager=m", whole, APPLY)
        yield make("strict/put/" + level, "PUT", at + said, whole)
        yield make("strict/put-yaml/" + level, "PUT", at + said, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page-a}\ndata: {a: '1', a: '2'}\nnothing: 1\n", YAML)
        yield make("strict/case/" + level, "PUT", at + said, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page-a"}, "Data": {"a": "1"}})


def applied(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": data}


def owners(make):
    at = MAPS + "/applied?fieldManager="
    yield make("owner/first", "PATCH", at + "one", applied(a="1", b="1"), APPLY)
    yield make("owner/same", "PATCH", at + "two", applied(a="1"), APPLY)
    yield make("owner/conflict", "PATCH", at + "two", applied(a="2", b="2"), APPLY)
    yield make("owner/conflict-dry", "PATCH", at + "three&" + DRY, applied(a="3"), APPLY)
    yield make("owner/force", "PATCH", at + "two&force=true", applied(a="2"), APPLY)
    yield make("owner/update", "PATCH", MAPS + "/applied?fieldManager=three", {"data": {"c": "3", "b": "3"}}, MERGE)
    yield make("owner/conflict-three", "PATCH", at + "one", applied(a="1", b="1", c="1"), APPLY)
    yield make("owner/unapply", "PATCH", at + "one&force=true", applied(), APPLY)
    yield make("owner/clear", "PATCH", MAPS + "/applied?fieldManager=one", {"metadata": {"managedFields": [{}]}}, MERGE)
    yield make("owner/list", "GET", MAPS + "/applied")
    yield make("owner/bad-fields", "PUT", MAPS + "/applied?" + DRY, {**applied(a="1"), "metadata": {"name": "applied", "managedFields": [
        {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}}]}})
    yield make("owner/end", "DELETE", MAPS + "/applied")
    path = "/apis/apps/v1/namespaces/differ/deployments/applied?fieldManager="
    container = {"name": "c", "image": "i", "ports": [{"containerPort": 80}]}

    def deployment(*containers, **spec):
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "applied"}, "spec": {
            "paused": True, "replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": list(containers)}}, **spec}}

    yield make("owner/deployment/first", "PATCH", path + "one", deployment(container), APPLY)
    for what, body in (("image", deployment({**container, "image": "j"})), ("second", deployment({"name": "d", "image": "k"})), ("twice", deployment(container, container)),
                       ("port", deployment({**container, "ports": [{"containerPort": 80, "name": "a"}]})), ("no-key", deployment({"image": "i"})), ("null", deployment(container, replicas=None)),
                       ("selector", deployment(container, selector={"matchLabels": {"app": "y"}}))):
        yield make("owner/deployment/%s-two" % what, "PATCH", path + "two&" + DRY, body, APPLY)
        yield make("owner/deployment/%s-forced" % what, "PATCH", path + "two&force=true&" + DRY, body, APPLY)
        yield make("owner/deployment/%s-one" % what, "PATCH", path + "one&" + DRY, body, APPLY)
    yield make("owner/deployment/end", "DELETE", path.split("?")[0])


def ends(make):
    for query in ("limit=1", "labelSelector=page&limit=1", "resourceVersion=x", "continue=x"):
        yield make("ends/many/" + query, "DELETE", MAPS + "?%s&%s%s" % (DRY, query, "" if "labelSelector" in query else "&labelSelector=page"))
    yield make("ends/all", "DELETE", MAPS + "?labelSelector=page")


def versions(make):
    """Of a kind of a definition that is served twice."""
    one, two = "/apis/custom.example.com/v1/namespaces/differ/wagons", "/apis/custom.example.com/v2/namespaces/differ/wagons"

    def wagon(version, **spec):
        return {"apiVersion": "custom.example.com/" + version, "kind": "Wagon", "metadata": {"name": "two"}, "spec": {"wheels": 4, **spec}}

    yield make("versions/make", "POST", one + "?fieldManager=one", wagon("v1", marks={"a": "b"}))
    yield make("versions/get", "GET", two + "/two")
    yield make("versions/list", "GET", two)
    yield make("versions/color", "GET", two + "?fieldSelector=spec.color%3Dred")
    yield make("versions/table", "GET", two, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    yield make("versions/put-other", "PUT", two + "/two", wagon("v1"))
    yield make("versions/merge", "PATCH", two + "/two?fieldManager=two", {"spec": {"marks": {"c": "d"}}}, MERGE)
    yield make("versions/strategic", "PATCH", two + "/two?fieldManager=two", {"spec": {"marks": {"c": "d"}}}, STRATEGIC)
    yield make("versions/apply", "PATCH", two + "/two?fieldManager=three", wagon("v2", wheels=5), APPLY)
    yield make("versions/apply-forced", "PATCH", two + "/two?fieldManager=three&force=true", wagon("v2", wheels=5, parts=[{"name": "p"}]), APPLY)
    yield make("versions/apply-twice", "PATCH", two + "/two?fieldManager=three&force=true", wagon("v2", parts=[{"name": "p"}, {"name": "p"}]), APPLY)
    yield make("versions/apply-no-key", "PATCH", two + "/two?fieldManager=three&force=true", wagon("v2", parts=[{"count": 2}]), APPLY)
    yield make("versions/apply-set", "PATCH", two + "/two?fieldManager=three&force=true", wagon("v2", tags=["a", "a"]), APPLY)
    for what, spec in (("parts", {"parts": [{"name": "p"}, {"name": "p"}]}), ("tags", {"tags": ["a", "a"]}), ("rule", {"wheels": 10}), ("many", {"parts": [{"name": n} for n in "abcd"]}),
                       ("heavy", {"weight": 2.5}), ("odd", {"parts": [{"name": "a", "count": 3}]}), ("null", {"color": None, "limit": None, "note": None}), ("pruned", {"nothing": 1, "parts": [{"name": "a", "x": 1}]}),
                       ("plate", {"plate": "a"}), ("float", {"wheels": 4.5}), ("whole-float", {"wheels": 4.0}), ("large", {"wheels": 1 << 70}), ("bool", {"wheels": True}), ("time", {"built": "yesterday"}),
                       ("size", {"size": 1.5})):
        yield make("versions/spec-" + what, "POST", one + "?" + DRY, {**wagon("v1", **spec), "metadata": {"name": "x"}})
    for level in LEVELS:
        yield make("versions/unknown-" + level, "POST", one + "?%s&fieldValidation=%s" % (DRY, level), {**wagon("v1", nothing=1, extra={"any": 1}), "metadata": {"name": "x", "wrong": 1}})
    yield make("versions/watch", "GET", two + "?watch=1&timeoutSeconds=1&resourceVersion=0")
    yield make("versions/end", "DELETE", two + "/two")


def every(make):
    for part in (versions, pages, watches, forms, strictness, owners, ends):
        yield from part(make)
