"""Requests that mean no good, as data: what is sent by whom, and which answers are right.

A row is (name, who, method, path, body, codes, headers). `who` is a name of test-hostile.py's people; a body that is no text is sent as JSON.
Nothing here may ever be answered with a word of the secrets; test-hostile.py looks at every answer.
"""
import base64
import json

YAML, PROTO, APPLY = "application/yaml", "application/vnd.kubernetes.protobuf", "application/apply-patch+yaml"
MERGE, STRATEGIC, PATCH = "application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json"
A = "/api/v1/namespaces/alpha"
B = "/api/v1/namespaces/beta"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"


def typed(kind):
    return {"Content-Type": kind}


def nested(depth, opening="[", closing="]"):
    return opening * depth + closing * depth


# ---- paths: nobody gets to another's objects by spelling them otherwise -------------------------------------------------
REFUSED = (301, 400, 403, 404, 405)
PATHS = [(name, "alice", "GET", path, None, REFUSED, {}) for name, path in (
    ("parent", A + "/../beta/secrets/canary"),
    ("encoded parent", A + "/%2e%2e/beta/secrets/canary"),
    ("encoded slash", A + "/configmaps%2f..%2f..%2fbeta%2fsecrets%2fcanary"),
    ("double encoding", A + "/%252e%252e/beta/secrets/canary"),
    ("parents above the root", "/../../../" + B[1:] + "/secrets/canary"),
    ("double slash", "//api/v1/namespaces/beta/secrets/canary"),
    ("double slash inside", "/api/v1/namespaces//beta/secrets/canary"),
    ("empty namespace", "/api/v1/namespaces//secrets/canary"),
    ("dot", "/api/v1/./namespaces/beta/secrets/canary"),
    ("semicolon", B + ";/secrets/canary"),
    ("parameter", B + "/secrets;x=1/canary"),
    ("null byte", B + "/secrets/canary%00"),
    ("null byte before", "/healthz%00" + B + "/secrets/canary"),
    ("backslash", "/api/v1/namespaces/alpha\\..\\beta/secrets/canary"),
    ("encoded backslash", A + "%5c..%5cbeta/secrets/canary"),
    ("upper case", "/API/V1/NAMESPACES/BETA/SECRETS/CANARY"),
    ("upper case resource", B + "/Secrets/canary"),
    ("trailing slash", B + "/secrets/canary/"),
    ("long path", B + "/secrets/" + "a" * 5000),
    ("many segments", B + "/secrets/canary" + "/x" * 2000),
    ("bad escape", B + "/secrets/%zz"),
    ("overlong UTF-8", A + "/%c0%ae%c0%ae/beta/secrets/canary"),
    ("wide dots", A + "/%ef%bc%8e%ef%bc%8e/beta/secrets/canary"),
    ("old watch path", "/api/v1/watch/namespaces/beta/secrets/canary"),
    ("old watch of all", "/api/v1/watch/secrets"),
    ("health before", "/healthz/../" + B[1:] + "/secrets/canary"),
    ("proxy", "/api/v1/proxy/namespaces/beta/secrets/canary"),
    ("namespace in the query", "/api/v1/secrets/canary?namespace=beta"),
    ("group that is none", "/apis/core/v1/namespaces/beta/secrets/canary"),
    ("version that is none", "/api/v2/namespaces/beta/secrets/canary"),
    ("newline", B + "/secrets/canary%0d%0aX-Remote-User:%20admin"),
    ("own files", "/ui/../../../../etc/passwd"),
    ("own files encoded", "/ui/%2e%2e/%2e%2e/%2e%2e/etc/passwd"),
)]

# ---- headers that say who one is ------------------------------------------------------------------------------------------
SECRET = B + "/secrets/canary"
SPOOFS = [(name, who, "GET", SECRET, None, (400, 401, 403, 500), headers) for name, who, headers in (
    ("front proxy's user", "nobody", {"X-Remote-User": "admin", "X-Remote-Group": "system:masters"}),
    ("front proxy's user beside a token", "alice", {"X-Remote-User": "admin", "X-Remote-Group": "system:masters"}),
    ("front proxy's extra", "alice", {"X-Remote-Extra-Scopes": "all"}),
    ("front proxy's uid", "nobody", {"X-Remote-User": "system:admin", "X-Remote-Uid": "0"}),
    ("front proxy's user by another spelling", "nobody", {"X_Remote_User": "admin", "X_Remote_Group": "system:masters"}),
    ("front proxy's user beside a token that is none", "nobody", {"X-Remote-User": "admin", "X-Remote-Group": "system:masters", "Authorization": "Bearer x"}),
    ("a certificate in a header", "nobody", {"X-Forwarded-Client-Cert": 'Subject="CN=admin,O=system:masters"', "X-Ssl-Client-S-Dn": "CN=admin,O=system:masters"}),
    ("another's name", "alice", {"Impersonate-User": "admin"}),
    ("another's group", "alice", {"Impersonate-User": "alice", "Impersonate-Group": "system:masters"}),
    ("group without a user", "alice", {"Impersonate-Group": "system:masters"}),
    ("uid without a user", "alice", {"Impersonate-Uid": "1"}),
    ("extra without a user", "alice", {"Impersonate-Extra-scopes": "all"}),
    ("extra that cannot be decoded", "alice", {"Impersonate-User": "bob", "Impersonate-Extra-%zz": "all"}),
    ("another account", "alice", {"Impersonate-User": "system:serviceaccount:beta:default"}),
    ("nobody as another", "nobody", {"Impersonate-User": "admin", "Impersonate-Group": "system:masters"}),
    ("address of the machine", "nobody", {"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1"}),
    ("forwarded host", "nobody", {"X-Forwarded-Host": "kubernetes.default.svc", "Forwarded": "for=127.0.0.1;host=localhost"}),
    ("other method", "alice", {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT"}),
    ("other path", "alice", {"X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz"}),
    ("certificate in a header", "nobody", {"X-SSL-Client-Cert": "CN=admin,O=system:masters", "X-Client-Verify": "SUCCESS"}),
)]

# ---- credentials ------------------------------------------------------------------------------------------------------------


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode() if not isinstance(value, bytes) else value).decode().rstrip("=")


def tokens(good):
    """Of one that is good: others that must not be. (name, value of Authorization)"""
    head, claims, seal = good.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    told = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    other = dict(said, sub="system:serviceaccount:kube-system:admin")
    bound = dict(said["kubernetes.io"], namespace="kube-system")
    late = dict(said, exp=1)
    rows = [("no signature", head + "." + claims + "."), ("no seal at all", head + "." + claims), ("algorithm none", part(dict(told, alg="none")) + "." + part(other) + "."),
            ("algorithm None", part(dict(told, alg="None")) + "." + part(other) + "." + seal), ("HMAC with the public key", part(dict(told, alg="HS256")) + "." + part(other) + "." + seal),
            ("other algorithm", part(dict(told, alg="RS512")) + "." + claims + "." + seal), ("other subject", head + "." + part(other) + "." + seal),
            ("other namespace", head + "." + part(dict(said, **{"kubernetes.io": bound})) + "." + seal), ("later end", head + "." + part(dict(said, exp=said["exp"] + 10 ** 6)) + "." + seal),
            ("ended", head + "." + part(late) + "." + seal), ("other issuer", head + "." + part(dict(said, iss="https://evil.example")) + "." + seal),
            ("issuer without a scheme", head + "." + part(dict(said, iss="accounts.google.com")) + "." + seal), ("two issuers", head + "." + part(dict(said, iss=[said["iss"], "x"])) + "." + seal),
            ("other audience", head + "." + part(dict(said, aud=["x"])) + "." + seal), ("key of its own", part(dict(told, jwk={"kty": "oct", "k": "YQ"})) + "." + claims + "." + seal),
            ("key from elsewhere", part(dict(told, jku="https://evil.example/jwks", x5u="https://evil.example")) + "." + claims + "." + seal),
            ("key id as a path", part(dict(told, kid="../../../../dev/null")) + "." + part(other) + "." + seal), ("critical header", part(dict(told, crit=["exp"])) + "." + claims + "." + seal),
            ("seal cut", good[:-4]), ("seal changed", good[:-4] + ("AAAA" if not good.endswith("AAAA") else "BBBB")), ("seal of zeros", head + "." + claims + "." + "A" * len(seal)),
            ("four parts", good + ".x"), ("no dots", "a" * 1000), ("only dots", ".." ), ("many dots", "." * 20000), ("not base64", "!!.!!.!!"), ("claims that are a list", head + "." + part([1]) + "." + seal),
            ("claims that are deep", head + "." + part(nested(20000).encode()) + "." + seal), ("long", "a." + "b" * 30000 + ".c"), ("of a bootstrap token", "abcdef.0123456789abcdef"),
            ("empty", ""), ("twice", good + ", " + good), ("with a space", good[:20] + " " + good[20:])]
    return [(name, "Bearer " + value) for name, value in rows] + [
        ("basic", "Basic " + base64.b64encode(b"admin:admin").decode()), ("digest", 'Digest username="admin"'), ("no scheme", good), ("negotiate", "Negotiate YII=")]


# ---- bodies: large, deep, doubled -----------------------------------------------------------------------------------------------
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bomb"}}
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join("%s: &%s [%s]\n" % (b, b, ",".join(["*" + a] * 9)) for a, b in zip("abcdefghi", "bcdefghij")) + \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n"
MAPS, ONE = A + "/configmaps", A + "/configmaps/mine"
BODIES = [
    ("larger than is taken", "alice", "POST", MAPS, json.dumps(dict(MAP, data={"k": "a" * (4 << 20)})), (413,), {}),
    ("a value larger than the store takes", "alice", "POST", MAPS, dict(MAP, data={"k": "a" * (2 << 20)}), (413, 422), {}),
    ("annotations of a megabyte", "alice", "POST", MAPS, dict(MAP, metadata={"name": "bomb", "annotations": {"k": "a" * (1 << 20)}}), (422,), {}),
    ("deep lists", "alice", "POST", MAPS, '{"apiVersion":"v1","kind":"ConfigMap","data":' + nested(50000) + "}", (400,), {}),
    ("deep objects", "alice", "POST", MAPS, '{"a":' * 50000 + "1" + "}" * 50000, (400,), {}),
    ("deep lists that do not end", "alice", "POST", MAPS, "[" * (1 << 20), (400,), {}),
    ("deep YAML", "alice", "POST", MAPS, "a: " + nested(50000), (400, 413), typed(YAML)),
    ("deep YAML by indentation", "alice", "POST", MAPS, "".join(" " * i + "a:\n" for i in range(1500)), (400, 413), typed(YAML)),
    ("a billion laughs", "alice", "POST", MAPS, LAUGHS, (400, 413, 422), typed(YAML)),
    ("an alias to itself", "alice", "POST", MAPS, "a: &a [*a]\n", (400, 413), typed(YAML)),
    ("merge keys", "alice", "POST", MAPS, "a: &a {b: 1}\n" + "".join("x%d: {<<: *a}\n" % i for i in range(1000)), (400, 413, 422), typed(YAML)),
    ("a tag of a language", "alice", "POST", MAPS, "!!python/object/apply:os.system ['true']", (400, 422), typed(YAML)),
    ("several documents", "alice", "POST", MAPS, "a: 1\n---\nb: 2\n", (400, 422), typed(YAML)),
    ("bytes that are no text", "alice", "POST", MAPS, b"\xff\xfe\x00{", (400,), {}),
    ("not JSON", "alice", "POST", MAPS, "not JSON", (400,), {}),
    ("empty", "alice", "POST", MAPS, "", (400,), {}),
    ("null", "alice", "POST", MAPS, "null", (400, 422), {}),
    ("a number out of all bounds", "alice", "PATCH", ONE, '{"metadata":{"generation":1e999999}}', (400, 422), typed(MERGE)),
    ("a number of many digits", "alice", "PATCH", ONE, '{"metadata":{"generation":' + "9" * 100000 + "}}", (400, 422), typed(MERGE)),
    ("a string where a map is", "alice", "PATCH", ONE, '{"data":"x"}', (400, 422), typed(MERGE)),
    ("members twice, strictly", "alice", "POST", MAPS + "?fieldValidation=Strict", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"b"}}', (400,), {}),
    ("members that are none, strictly", "alice", "POST", MAPS + "?fieldValidation=Strict", dict(MAP, evil=1), (400,), {}),
    ("another kind", "alice", "POST", MAPS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, (400,), {}),
    ("another namespace", "alice", "POST", MAPS, dict(MAP, metadata={"name": "x", "namespace": "beta"}), (400,), {}),
    ("another name", "alice", "PUT", ONE, dict(MAP, metadata={"name": "canary"}), (400,), {}),
    ("a name with a slash", "alice", "POST", MAPS, dict(MAP, metadata={"name": "../../secrets/beta/canary"}), (422,), {}),
    ("a name with zeros", "alice", "POST", MAPS, dict(MAP, metadata={"name": "a\u0000b"}), (422,), {}),
    ("a long name", "alice", "POST", MAPS, dict(MAP, metadata={"name": "a" * 100000}), (422,), {}),
    ("a uid of its own", "alice", "PUT", ONE, dict(MAP, metadata={"name": "mine", "uid": "1"}), (409, 422), {}),
    ("protobuf that ends early", "alice", "POST", MAPS, b"k8s\x00\x0a\xff\xff\xff\xff\x0f", (400,), typed(PROTO)),
    ("protobuf of zeros", "alice", "POST", MAPS, b"k8s\x00" + b"\x00" * 1000, (400, 422), typed(PROTO)),
    ("protobuf that is none", "alice", "POST", MAPS, b"x" * 1000, (400,), typed(PROTO)),
    ("deep protobuf", "alice", "POST", MAPS, b"k8s\x00" + b"\x12\x80\x80\x01" * 5000, (400, 422), typed(PROTO)),
    ("a type that is none", "alice", "POST", MAPS, MAP, (415,), typed("text/plain")),
    ("a long type", "alice", "POST", MAPS, MAP, (415, 400), typed("a/" + "b" * 5000)),
    ("a gzip bomb that is no JSON", "alice", "POST", MAPS, b"\x1f\x8b\x08\x00" + b"\x00" * 100, (400, 415), {"Content-Encoding": "gzip"}),
    ("a patch of many operations", "alice", "PATCH", ONE, json.dumps([{"op": "test", "path": "/kind", "value": "ConfigMap"}] * 20000), (413, 422), typed(PATCH)),
    ("a patch that doubles", "alice", "PATCH", ONE, json.dumps([{"op": "add", "path": "/data/a", "value": "x" * 1000}] + [{"op": "copy", "from": "/data", "path": "/data/c%d" % i} for i in range(60)]), (400, 413, 422), typed(PATCH)),
    ("a patch of what is not there", "alice", "PATCH", ONE, json.dumps([{"op": "remove", "path": "/data/" + "x/" * 5000}]), (400, 422), typed(PATCH)),
    ("a patch into itself", "alice", "PATCH", ONE, json.dumps([{"op": "move", "from": "/data", "path": "/data/a"}]), (400, 422), typed(PATCH)),
    ("a deep patch", "alice", "PATCH", ONE, '{"data":' + '{"a":' * 50000 + "1" + "}" * 50001, (400,), typed(MERGE)),
    ("a directive that is none", "alice", "PATCH", ONE, '{"metadata":{"$patch":"destroy"}}', (400, 422, 500), typed(STRATEGIC)),
    ("an apply without an owner", "alice", "PATCH", ONE, dict(MAP, metadata={"name": "mine"}), (400, 422), typed(APPLY)),
    ("an apply with owners", "alice", "PATCH", ONE + "?fieldManager=x", json.dumps(dict(MAP, metadata={"name": "mine", "managedFields": [{"manager": "y"}]})), (400, 422), typed(APPLY)),
    ("a long owner", "alice", "PATCH", ONE + "?fieldManager=" + "m" * 200, json.dumps(dict(MAP, metadata={"name": "mine"})), (400, 422), typed(APPLY)),
    ("options deep", "alice", "DELETE", A + "/configmaps/none", nested(50000), (400, 404), {}),
]

# ---- rights: what one has not, one does not get ---------------------------------------------------------------------------------------
ALL_RULES = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


def role(name, rules, kind="Role"):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "rules": rules}


def binding(name, to, kind="RoleBinding", of="ClusterRole", subject="alice"):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": of, "name": to},
            "subjects": [{"kind": "ServiceAccount", "name": subject, "namespace": "alpha"}]}


def pod(name, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


MIRROR = {"metadata": {"name": "m", "namespace": "kube-system", "annotations": {"kubernetes.io/config.mirror": "x"}},
          "spec": {"nodeName": "n9", "containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v", "secret": {"secretName": "canary"}}]}}
RIGHTS = [
    ("a role for everything", "alice", "POST", RBAC + "/namespaces/alpha/roles", role("x", ALL_RULES), (403,), {}),
    ("a role for secrets", "alice", "POST", RBAC + "/namespaces/alpha/roles", role("x", [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]), (403,), {}),
    ("the own role, larger", "alice", "PATCH", RBAC + "/namespaces/alpha/roles/alice", {"rules": ALL_RULES}, (403,), typed(MERGE)),
    ("the own role by apply", "alice", "PATCH", RBAC + "/namespaces/alpha/roles/alice?fieldManager=x&force=true", role("alice", ALL_RULES), (403,), typed(APPLY)),
    ("a binding to an administrator's role", "alice", "POST", RBAC + "/namespaces/alpha/rolebindings", binding("x", "cluster-admin"), (403,), {}),
    ("a binding to edit", "alice", "POST", RBAC + "/namespaces/alpha/rolebindings", binding("x", "edit"), (403,), {}),
    ("a binding in another namespace", "alice", "POST", RBAC + "/namespaces/beta/rolebindings", binding("x", "view"), (403,), {}),
    ("a binding for the cluster", "alice", "POST", RBAC + "/clusterrolebindings", binding("x", "cluster-admin", "ClusterRoleBinding"), (403,), {}),
    ("another role in a binding", "alice", "PATCH", RBAC + "/namespaces/alpha/rolebindings/alice", {"roleRef": {"name": "admin", "kind": "ClusterRole"}}, (403, 422), typed(MERGE)),
    ("a role of the cluster", "alice", "POST", RBAC + "/clusterroles", role("x", ALL_RULES, "ClusterRole"), (403,), {}),
    ("a role that is gathered", "alice", "POST", RBAC + "/clusterroles", dict(role("x", [], "ClusterRole"), aggregationRule={"clusterRoleSelectors": [{}]}), (403,), {}),
    ("escalation by a right that is none", "alice", "POST", RBAC + "/namespaces/alpha/roles", role("x", [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["escalate", "bind"]}]), (403,), {}),
    ("a secret", "alice", "GET", SECRET, None, (403,), {}),
    ("secrets of all", "alice", "GET", "/api/v1/secrets", None, (403,), {}),
    ("a watch of them", "alice", "GET", B + "/secrets?watch=1", None, (403,), {}),
    ("one by a field", "alice", "GET", B + "/secrets?fieldSelector=metadata.name%3Dcanary", None, (403,), {}),
    ("their metadata alone", "alice", "GET", B + "/secrets", None, (403,), {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}),
    ("a table of them", "alice", "GET", B + "/secrets", None, (403,), {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}),
    ("a watch without the right", "carol", "GET", A + "/configmaps?watch=1", None, (403,), {}),
    ("all at once with delete alone", "carol", "DELETE", A + "/configmaps", None, (403,), {}),
    ("a dry run of what is forbidden", "alice", "DELETE", SECRET + "?dryRun=All", None, (403,), {}),
    ("a make by patch", "carol", "PATCH", A + "/configmaps/new?fieldManager=x", dict(MAP, metadata={"name": "new"}), (403,), typed(APPLY)),
    ("a make by put", "carol", "PUT", A + "/configmaps/new", dict(MAP, metadata={"name": "new"}), (403, 404), {}),
    ("a token of another account", "alice", "POST", B + "/serviceaccounts/default/token", {"spec": {}}, (403,), {}),
    ("a token of an administrator's account", "alice", "POST", "/api/v1/namespaces/kube-system/serviceaccounts/admin/token", {"spec": {}}, (403,), {}),
    ("a look at others' rights", "alice", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": {"user": "admin", "resourceAttributes": {"verb": "get", "resource": "secrets"}}}, (403,), {}),
    ("a trial of tokens", "alice", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x"}}, (403,), {}),
    ("a node", "alice", "GET", "/api/v1/nodes/n1", None, (403,), {}),
    ("a node's own door", "alice", "GET", "/api/v1/nodes/n1/proxy/pods", None, (403,), {}),
    ("a shell", "alice", "POST", B + "/pods/p/exec?command=sh", None, (403,), {}),
    ("a shell by get", "alice", "GET", B + "/pods/p/exec?command=sh", None, (403,), {}),
    ("a way through", "alice", "POST", B + "/pods/p/portforward", None, (403,), {}),
    ("a service's door", "alice", "GET", B + "/services/https:kubernetes:443/proxy/", None, (403, 404), {}),
    ("a log", "alice", "GET", B + "/pods/p/log", None, (403,), {}),
    ("an eviction", "alice", "POST", B + "/pods/p/eviction", {"metadata": {"name": "p"}}, (403,), {}),
    ("a place for a pod", "alice", "POST", A + "/pods/p/binding", {"target": {"name": "n1"}}, (403,), {}),
    ("a container for a pod", "alice", "PATCH", A + "/pods/p/ephemeralcontainers", {"spec": {}}, (403,), typed(MERGE)),
    ("a status", "alice", "PATCH", A + "/pods/p/status", {"status": {}}, (403,), typed(MERGE)),
    ("an end of a namespace", "alice", "PUT", A + "/finalize", {"metadata": {"name": "alpha"}}, (403,), {}),
    ("labels of the own namespace", "alice", "PATCH", A, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}, (403,), typed(MERGE)),
    ("a privileged pod", "alice", "POST", A + "/pods", pod("x", hostPID=True), (403,), {}),
    ("a pod with the machine's disk", "alice", "POST", A + "/pods", pod("x", volumes=[{"name": "v", "hostPath": {"path": "/"}}]), (403,), {}),
    ("a pod of a kind's class", "alice", "POST", A + "/pods", pod("x", priorityClassName="none"), (403,), {}),
    ("a pod as somebody who is not", "alice", "POST", A + "/pods", pod("x", serviceAccountName="none"), (403,), {}),
    ("a webhook", "alice", "POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {"metadata": {"name": "x"}}, (403,), {}),
    ("a definition", "alice", "POST", CRDS, {"metadata": {"name": "x.y.z"}}, (403,), {}),
    ("another server", "alice", "POST", "/apis/apiregistration.k8s.io/v1/apiservices", {"metadata": {"name": "v1.x"}}, (403,), {}),
    ("faults for the cluster", "alice", "POST", "/apis/troupe.internal/v1/chaosplans", {"metadata": {"name": "x"}}, (403,), {}),
    ("an end of an actor", "alice", "DELETE", "/apis/troupe.internal/v1/actors/n1.core.api", None, (403,), {}),
    ("figures", "alice", "GET", "/metrics", None, (403,), {}),
    ("logs of the machine", "alice", "GET", "/logs/", None, (403, 404), {}),
    ("insides", "alice", "GET", "/debug/pprof/profile", None, (403, 404), {}),
    ("the administrators' door", "alice", "POST", "/troupe/", {}, (403, 404, 405), {}),
    ("anything as nobody", "nobody", "GET", "/api/v1/namespaces", None, (401, 403), {}),
    ("an index as nobody", "nobody", "GET", "/api", None, (401, 403), {}),
    ("a make as nobody", "nobody", "POST", "/api/v1/namespaces", {"metadata": {"name": "x"}}, (401, 403), {}),
    ("a certificate for masters", "root", "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", None, (403,), {}),
    ("an approval", "alice", "PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval", {"metadata": {"name": "x"}}, (403,), {}),
    ("another node's status", "node", "PATCH", "/api/v1/nodes/n1/status", {"status": {}}, (403,), typed(STRATEGIC)),
    ("another node's lease", "node", "GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1", None, (403,), {}),
    ("a secret that no pod of the node has", "node", "GET", SECRET, None, (403,), {}),
    ("pods of all nodes", "node", "GET", "/api/v1/pods", None, (403,), {}),
    ("pods of another node", "node", "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", None, (403,), {}),
    ("all nodes", "node", "GET", "/api/v1/nodes", None, (403,), {}),
    ("secrets as a node", "node", "GET", "/api/v1/secrets", None, (403,), {}),
    ("a mirror pod with a secret", "node", "POST", "/api/v1/namespaces/kube-system/pods", MIRROR, (403,), {}),
    ("an account's token as a node", "node", "POST", "/api/v1/namespaces/kube-system/serviceaccounts/admin/token", {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "x", "uid": "y"}}}, (403, 404), {}),
    ("a node's label that is not its own to give", "node", "POST", "/api/v1/nodes", {"metadata": {"name": "n9", "labels": {"node-restriction.kubernetes.io/x": "y"}}}, (403,), {}),
    ("a node of another name", "node", "POST", "/api/v1/nodes", {"metadata": {"name": "n8"}}, (403,), {}),
]

# ---- doors: what stands before a pod, a service or a node leads nowhere else -----------------------------------------------------
SLICES = "/apis/discovery.k8s.io/v1/namespaces/alpha/endpointslices"


def leading(ip, kind="IPv4"):
    return {"metadata": {"name": "x", "labels": {"kubernetes.io/service-name": "x"}}, "addressType": kind, "ports": [{"name": "", "port": 6443}],
            "endpoints": [{"addresses": [ip], "targetRef": {"kind": "Pod", "name": "p", "namespace": "alpha"}}]}


DOORS = [
    ("endpoints at this machine", "root", "POST", SLICES, leading("127.0.0.1"), (422,), {}),
    ("endpoints at its link", "root", "POST", SLICES, leading("169.254.169.254"), (422,), {}),
    ("endpoints at this machine, by IPv6", "root", "POST", SLICES, leading("::1", "IPv6"), (422,), {}),
    ("endpoints at a group", "root", "POST", SLICES, leading("224.0.0.1"), (422,), {}),
    ("endpoints by a name", "root", "POST", SLICES, leading("localhost"), (422,), {}),
    ("endpoints at this machine, of old", "root", "POST", A + "/endpoints", {"metadata": {"name": "x"}, "subsets": [{"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": 6443}]}]}, (422,), {}),
    ("a service that is the API itself", "root", "GET", "/api/v1/namespaces/default/services/https:kubernetes:https/proxy/api/v1/secrets", None, (503,), {}),
    ("a scheme of its own", "root", "GET", A + "/services/file:x:80/proxy/etc/passwd", None, (400,), {}),
    ("a scheme of another case", "root", "GET", A + "/services/HTTP:x:80/proxy/", None, (400,), {}),
    ("no name", "root", "GET", A + "/services/:80/proxy/", None, (400,), {}),
    ("too many parts", "root", "GET", A + "/pods/http:p:80:90/proxy/", None, (400,), {}),
    ("another host in the name", "root", "GET", A + "/pods/p@evil.example:80/proxy/", None, (404,), {}),
    ("a line's end in the port", "root", "GET", A + "/pods/p:80%0d%0aX-Remote-User:%20root/proxy/", None, (400, 404), {}),
    ("a line's end in the path", "alice", "GET", A + "/pods/p/proxy/%0d%0aHost:%20evil", None, (403,), {}),
    ("a broken escape in the path", "root", "GET", A + "/pods/p/proxy/%zz", None, (400,), {}),
    ("a null byte in the path", "root", "GET", A + "/pods/p/proxy/a%00b", None, (400,), {}),
    ("a door of a pod", "alice", "GET", A + "/pods/p/proxy/", None, (403,), {}),
    ("a door by its options", "alice", "OPTIONS", A + "/pods/p/proxy/", None, (403,), {}),
    ("a door of another's pod, from one's own path", "alice", "GET", A + "/pods/p/proxy/../../../../beta/secrets/canary", None, (403, 404), {}),
    ("a door by an upgrade", "alice", "GET", A + "/pods/p/proxy/", None, (403,), {"Connection": "Upgrade, close", "Upgrade": "websocket"}),
    ("a node's door at another port", "alice", "GET", "/api/v1/nodes/https:n1:6443/proxy/api/v1/secrets", None, (403,), {}),
    ("the machine by its node", "root", "GET", "/api/v1/nodes/https:n1:6443/proxy/api/v1/secrets", None, (400, 503), {}),
]

# ---- questions that cost: selectors, tokens, numbers --------------------------------------------------------------------------------------
QUERIES = [(name, "alice", "GET", path, None, codes, {}) for name, path, codes in (
    ("a long selector", MAPS + "?labelSelector=" + "a,".join([""] * 3000) + "a", (400, 200, 414, 431)),
    ("a selector of many values", MAPS + "?labelSelector=a+in+(" + ",".join("v%d" % i for i in range(3000)) + ")", (200, 400, 414, 431)),
    ("a selector that is none", MAPS + "?labelSelector=a%3D%3D%3D%3Db", (400,)),
    ("brackets", MAPS + "?labelSelector=" + "(" * 5000, (400,)),
    ("a field that is none", MAPS + "?fieldSelector=data.k%3Dv", (400,)),
    ("a token that is none", MAPS + "?limit=1&continue=AAAA", (400, 410)),
    ("a token to another's objects", MAPS + "?limit=1&continue=" + base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "rv": 1, "start": "../../secrets/beta/canary"}).encode()).decode().rstrip("="), (400, 410)),
    ("a revision of the future", MAPS + "?resourceVersion=99999999999999", (504, 400)),
    ("a revision that is none", MAPS + "?resourceVersion=-1", (400, 500)),
    ("a limit that is none", MAPS + "?limit=-9223372036854775808", (200, 400)),
    ("a timeout out of all bounds", MAPS + "?timeoutSeconds=99999999999999999999", (400, 200)),
    ("parameters twice", MAPS + "?" + "&".join(["watch=0"] * 2000), (200, 400, 414, 431)),
    ("a long query", MAPS + "?x=" + "a" * 60000, (200, 400, 414, 431)),
)]


# ---- expressions and patterns that cost ------------------------------------------------------------------------------------------------------
def policy(expression, variables=()):
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "bomb"},
            "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]},
                     "variables": list(variables), "validations": [{"expression": expression}]}}


def definition(schema, name="bombs"):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name + ".hostile.example"},
            "spec": {"group": "hostile.example", "scope": "Namespaced", "names": {"plural": name, "kind": name.capitalize()},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": schema}}}}]}}


STRINGS = {"type": "array", "items": {"type": "string"}}
RULES = [
    ("brackets", "POST", POLICIES, policy("(" * 5000 + "true" + ")" * 5000), (422,)),
    ("a long expression", "POST", POLICIES, policy("true" + " && true" * 30000), (422, 413)),
    ("a deep list", "POST", POLICIES, policy("[" * 2000 + "]" * 2000 + " == []"), (422,)),
    ("a deep ternary", "POST", POLICIES, policy("true ? " * 3000 + "true" + " : false" * 3000), (422,)),
    ("an expression that is none", "POST", POLICIES, policy("object.("), (422,)),
    ("a function that is none", "POST", POLICIES, policy("system('rm -rf /')"), (422,)),
    ("a name that is none", "POST", POLICIES, policy("secrets.beta.canary == ''"), (422,)),
    ("a type that does not fit", "POST", POLICIES, policy("1 + 'a' == 2"), (422,)),
    ("a pattern that is none", "POST", POLICIES, policy("object.metadata.name.matches('(')"), (422,)),
    ("a pattern of many repeats", "POST", POLICIES, policy("object.metadata.name.matches('(((a{1000}){1000}){1000})')"), (422,)),
    ("loops over an endless list", "POST", CRDS, definition(dict(STRINGS, **{"x-kubernetes-validations": [{"rule": "self.all(a, self.all(b, self.all(c, a != b || b != c)))"}]})), (422,)),
    ("a rule that costs at each of endless items", "POST", CRDS, definition({"type": "array", "items": {"type": "string", "x-kubernetes-validations": [{"rule": "self.matches('a*b*c*d*e*f*g*')"}]}}), (422,)),
    ("a pattern of a schema that is none", "POST", CRDS, definition({"type": "string", "pattern": "("}), (422, 201)),
    ("a deep schema", "POST", CRDS, '{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x.y"},"spec":' + '{"properties":' * 20000 + "{}" + "}" * 20001, (400,)),
    ("a schema that refers to a file", "POST", CRDS, definition({"$ref": "file:///etc/passwd"}), (422,)),
    ("a group of Kubernetes' own", "POST", CRDS, dict(definition({"type": "object"}), metadata={"name": "bombs.k8s.io"}), (422,)),
]

# Each is accepted, and the objects that it judges are judged within a moment.
PATTERNS = [("nested repeats", "(a+)+$"), ("alternatives that overlap", "(a|aa)+$"), ("many stars", "a*a*a*a*a*a*a*a*a*a*b"), ("words", r"^(\w+\s?)*$"), ("an end that never comes", "(.*a){12}b")]

# ---- HTTP that two readers may read differently ---------------------------------------------------------------------------------------------
# (name, bytes, codes of the first answer; none: the connection just ends). A second answer, with what INNER asks for, is never right
# unless the row says that both are whole requests.
INNER = b"GET /version HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD = b"POST /api/v1/namespaces/alpha/configmaps HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
GET = b"GET /livez HTTP/1.1\r\nHost: h\r\n"
BAD = (400, 401, 403, 408, 411, 413, 414, 415, 431, 501, 505, None)
RAW = [
    ("length and chunks", HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("chunks and length", HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("two lengths", HEAD + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + INNER, BAD),
    ("two lengths in one", HEAD + b"Content-Length: 0, 44\r\n\r\n" + INNER, BAD),
    ("a negative length", HEAD + b"Content-Length: -1\r\n\r\n" + INNER, BAD),
    ("a length with a sign", HEAD + b"Content-Length: +0\r\n\r\n" + INNER, BAD),
    ("a length in sixteens", HEAD + b"Content-Length: 0x0\r\n\r\n" + INNER, BAD),
    ("a length out of all bounds", HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + INNER, BAD),
    ("a length with a space in it", HEAD + b"Content-Length: 0 0\r\n\r\n" + INNER, BAD),
    ("an empty length", HEAD + b"Content-Length:\r\n\r\n" + INNER, BAD),
    ("chunks by another name", HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("chunks twice", HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("chunks not last", HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("a tab before chunks", HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("a space before the colon", HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("a folded line", HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + INNER, BAD),
    ("a chunk size out of all bounds", HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + INNER, BAD),
    ("a chunk size with a sign", HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + INNER, BAD),
    ("a chunk size that is none", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + INNER, BAD),
    ("a chunk with a long extension", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0;" + b"a" * 200000 + b"\r\n\r\n", BAD),
    ("a chunk without its end", HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n" + INNER, BAD),
    ("a trailer that is a head", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 44\r\nAuthorization: Bearer x\r\n\r\n", (400, 401, 403, None)),
    ("a null in a header", GET + b"X: a\x00b\r\n\r\n", BAD),
    ("a carriage return in a header", GET + b"X: a\rb\r\n\r\n", BAD),
    ("a header without a name", GET + b": x\r\n\r\n", BAD),
    ("a header without a colon", GET + b"nonsense\r\n\r\n", BAD),
    ("a header name with a space", GET + b"X Y: a\r\n\r\n", BAD),
    ("a space before the first header", b"GET /livez HTTP/1.1\r\n Host: h\r\n\r\n", BAD),
    ("no host", b"GET /livez HTTP/1.1\r\n\r\n", BAD),
    ("two hosts", b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", BAD),
    ("a header of a megabyte", GET + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n", BAD),
    ("many headers", GET + b"".join(b"X-%d: a\r\n" % i for i in range(20000)) + b"\r\n", BAD),
    ("a first line of a megabyte", b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
    ("a method of a kilobyte", b"A" * 1024 + b" /livez HTTP/1.1\r\nHost: h\r\n\r\n", BAD + (405,)),
    ("a version that is none", b"GET /livez HTTP/9.9\r\nHost: h\r\n\r\n", BAD),
    ("an old version", b"GET /livez\r\n", BAD),
    ("three words", b"GET /livez x HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
    ("a way to another", b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", BAD + (404, 405)),
    ("another's address", b"GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: h\r\n\r\n", BAD + (404,)),
    ("an echo", b"TRACE /livez HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer canary\r\n\r\n", BAD + (404, 405)),
    ("an upgrade in plain text", GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", BAD + (200,)),
    ("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 9, BAD),
    ("not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10, BAD),
    ("only line ends", b"\r\n" * 100000, BAD),
]
