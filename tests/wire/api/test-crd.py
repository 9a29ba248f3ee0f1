#!/usr/bin/env python3
"""Kinds that users define: kubectl makes a definition, its objects, changes both and takes them away, on every API server."""
import json
import sys
import time

import suite
from cluster import Cluster, until
from kube import expect, kubectl, since, warnings

GROUP = "stable.example.com"
SPEC = """
      type: object
      properties:
        cronSpec: {type: string, pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$', description: When it runs.}
        image: {type: string}
        replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
        mode: {type: string, enum: [fast, slow], default: fast}
        ports: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [port],
                items: {type: object, required: [port], properties: {port: {type: integer}, name: {type: string}}}}
        maybe: {type: string, nullable: true}
        free: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


def version(name, stored=True, spec=SPEC, more=""):
    return """
  - name: %s
    served: true
    storage: %s
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec, description: When.}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    selectableFields: [{jsonPath: .spec.mode}]
    schema:
     openAPIV3Schema:
      type: object
      properties:
       spec:%s
       status: {type: object, properties: {replicas: {type: integer}, selector: {type: string}, phase: {type: string}}}%s""" % (
        name, "true" if stored else "false", spec.replace("\n", "\n   "), more)


def definition(versions, plural="crontabs", kind="CronTab", short="ct"):
    return """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %s.%s}
spec:
 group: %s
 scope: Namespaced
 names: {plural: %s, singular: %s, kind: %s, shortNames: [%s], categories: [all]}
 versions:%s
""" % (plural, GROUP, GROUP, plural, kind.lower(), kind, short, versions)


def crontab(name, spec, api="v1"):
    return "apiVersion: %s/%s\nkind: CronTab\nmetadata: {name: %s}\nspec: %s\n" % (GROUP, api, name, spec)


def made(cluster):
    """The definition, served, with no objects of another test."""
    kubectl(cluster, "delete", "crd", "crontabs." + GROUP, "--ignore-not-found", "--timeout=20s")
    kubectl(cluster, "apply", "-f", "-", stdin=definition(version("v1")))
    kubectl(cluster, "wait", "--for=condition=Established", "crd/crontabs." + GROUP, "--timeout=10s")


def test_a_definition_becomes_a_kind_within_a_moment(cluster):
    cluster.kubectl("create", "-f", "-", stdin="---\n" + definition(version("v1")))
    began = time.monotonic()
    until(lambda: cluster.nodes[0].request("GET", "/apis/%s/v1" % GROUP)[0] == 200, 5, "the kind is served")
    assert time.monotonic() - began < 1, "it took %.0f ms" % (1000 * (time.monotonic() - began))
    kubectl(cluster, "wait", "--for=condition=Established", "crd/crontabs." + GROUP, "--timeout=10s")
    expect(kubectl(cluster, "api-resources", "--api-group=" + GROUP), r"crontabs\s+ct\s+stable.example.com/v1\s+true\s+CronTab")
    expect(kubectl(cluster, "explain", "crontab.spec.cronSpec"), "When it runs.")
    expect(kubectl(cluster, "explain", "ct.spec", "--recursive"), "replicas")


def test_what_the_api_server_says_of_a_kind_is_owned_by_the_api_server(cluster):
    """As upstream has it: no other program sees to definitions and to the versions of APIs."""
    made(cluster)
    for at, part in (("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crontabs." + GROUP, "f:status"),
                     ("/apis/apiregistration.k8s.io/v1/apiservices/v1." + GROUP, "f:spec")):
        _, found = until(lambda: (answer := cluster.nodes[0].request("GET", at))[0] == 200 and answer, 20, at)
        owners = {entry["manager"] for entry in found["metadata"]["managedFields"] if part in entry["fieldsV1"]}
        assert owners == {"kube-apiserver"}, (at, found["metadata"])


def test_objects_are_made_defaulted_and_shown(cluster):
    made(cluster)
    expect(kubectl(cluster, "apply", "-f", "-", stdin=crontab("a", "{cronSpec: '* * * * */5', image: i}")), "crontab.stable.example.com/a created")
    expect(kubectl(cluster, "get", "ct"), r"NAME\s+SPEC\s+REPLICAS\na\s+\* \* \* \* \*/5\s+1\n")
    shown = json.loads(kubectl(cluster, "get", "ct", "a", "-o", "json"))
    assert shown["spec"] == {"cronSpec": "* * * * */5", "image": "i", "mode": "fast", "replicas": 1}, shown["spec"]
    assert shown["metadata"]["generation"] == 1
    expect(kubectl(cluster, "get", "all"), "crontab.stable.example.com/a")
    kubectl(cluster, "create", "-f", "-", stdin=crontab("slow", "{cronSpec: '* * * * */5', mode: slow, maybe: null, free: {x: [1, {b: z}]}}"))
    assert kubectl(cluster, "get", "ct", "--field-selector", "spec.mode=slow", "-o", "name") == "crontab.stable.example.com/slow\n"
    shown = json.loads(kubectl(cluster, "get", "ct", "slow", "-o", "json"))["spec"]
    assert shown["maybe"] is None and shown["free"] == {"x": [1, {"b": "z"}]}, shown


MISTAKES = [
    ("{cronSpec: '* * * * */5', replicas: 11}", "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10"),
    ("{cronSpec: 'now'}", "spec.cronSpec: Invalid value: \"now\": spec.cronSpec in body should match"),
    ("{mode: odd}", 'spec.mode: Unsupported value: "odd": supported values: "fast", "slow"'),
    ("{replicas: many}", 'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'),
    ("{ports: [{name: x}]}", r"spec.ports\[0\].port: Required value"),
    ("{ports: [{port: 1}, {port: 1}]}", r'spec.ports\[1\]: Duplicate value: \{"port":1\}'),
    ("{odd: 1}", 'unknown field "spec.odd"'),
]


def test_what_contradicts_the_schema_is_refused_in_upstreams_words(cluster):
    since(25, "--validate=strict")
    made(cluster)
    for spec, said in MISTAKES:
        done = cluster.kubectl("create", "--validate=strict", "-f", "-", stdin="---\n" + crontab("bad", spec), ok=False)
        expect(done.stderr, said)
    expect(warnings(cluster, "create", "--validate=warn", "-f", "-", stdin=crontab("pruned", "{odd: 1}")), 'unknown field "spec.odd"')
    assert "odd" not in kubectl(cluster, "get", "ct", "pruned", "-o", "yaml")


def test_objects_are_patched_scaled_and_watched(cluster):
    since(24, "patch --subresource")
    made(cluster)
    kubectl(cluster, "apply", "-f", "-", stdin=crontab("w", "{cronSpec: '* * * * */5'}"))
    kubectl(cluster, "patch", "ct", "w", "--type=merge", "-p", '{"spec":{"replicas":2}}')
    kubectl(cluster, "patch", "ct", "w", "--type=json", "-p", '[{"op":"add","path":"/spec/ports","value":[{"port":80}]}]')
    expect(kubectl(cluster, "patch", "ct", "w", "--type=strategic", "-p", "{}", ok=False, fall_back_is_fine=True), "415|UnsupportedMediaType|patch is not supported|strategic")
    kubectl(cluster, "scale", "ct", "w", "--replicas=5")
    shown = json.loads(kubectl(cluster, "get", "ct", "w", "-o", "json"))
    assert shown["spec"]["replicas"] == 5 and shown["metadata"]["generation"] == 4, shown
    kubectl(cluster, "patch", "ct", "w", "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":5,"selector":"a=b"},"spec":{"replicas":9}}')
    shown = json.loads(kubectl(cluster, "get", "ct", "w", "-o", "json"))
    assert shown["status"] == {"replicas": 5, "selector": "a=b"} and shown["spec"]["replicas"] == 5 and shown["metadata"]["generation"] == 4, shown
    scale = json.loads(kubectl(cluster, "get", "--raw", "/apis/%s/v1/namespaces/default/crontabs/w/scale" % GROUP))
    assert scale["kind"] == "Scale" and scale["spec"]["replicas"] == 5 and scale["status"] == {"replicas": 5, "selector": "a=b"}, scale
    kubectl(cluster, "patch", "ct", "w", "--type=merge", "-p", '{"spec":{"ports":[{"port":1}]}}')
    kubectl(cluster, "wait", "ct/w", "--for=jsonpath={.spec.replicas}=5", "--timeout=5s")
    kubectl(cluster, "delete", "ct", "w")


def test_versions_come_and_schemas_change(cluster):
    made(cluster)
    kubectl(cluster, "apply", "-f", "-", stdin=crontab("v", "{cronSpec: '* * * * */5', image: i}"))
    kubectl(cluster, "apply", "-f", "-", stdin=definition(version("v1", False) + version("v2")))
    until(lambda: cluster.nodes[0].request("GET", "/apis/%s/v2" % GROUP)[0] == 200, 5, "v2 is served")
    shown = json.loads(kubectl(cluster, "get", "crontabs.v2." + GROUP, "v", "-o", "json"))
    assert shown["apiVersion"] == GROUP + "/v2" and shown["spec"]["image"] == "i", shown
    assert json.loads(kubectl(cluster, "get", "crd", "crontabs." + GROUP, "-o", "json"))["status"]["storedVersions"] == ["v1", "v2"]
    grown = SPEC + "        extra: {type: string, default: e}\n"
    kubectl(cluster, "apply", "-f", "-", stdin=definition(version("v1", False) + version("v2", True, grown)))
    until(lambda: json.loads(kubectl(cluster, "get", "crontabs.v2." + GROUP, "v", "-o", "json"))["spec"].get("extra") == "e", 5, "the default is there")
    expect(kubectl(cluster, "apply", "-f", "-", stdin=definition(version("v2", True, grown)), ok=False), "was previously a storage version")


def test_names_belong_to_whoever_had_them_first(cluster):
    made(cluster)
    kubectl(cluster, "apply", "-f", "-", stdin=definition(version("v1"), "others", "CronTab", "ot"))
    until(lambda: "is already in use" in kubectl(cluster, "get", "crd", "others." + GROUP, "-o", "yaml"), 5, "the conflict is told")
    kubectl(cluster, "delete", "crd", "others." + GROUP)


def test_bad_definitions_are_refused(cluster):
    bad = definition(version("v1", True, "\n      type: object\n      properties: {a: {}}\n"))
    expect(kubectl(cluster, "create", "-f", "-", stdin=bad, ok=False),
           r"spec.validation.openAPIV3Schema.properties\[spec\].properties\[a\].type: Required value: must not be empty for specified object fields")


def test_a_definition_takes_its_objects_with_it(cluster):
    made(cluster)
    kubectl(cluster, "apply", "-f", "-", stdin=crontab("last", "{cronSpec: '* * * * */5'}"))
    kubectl(cluster, "create", "namespace", "elsewhere")
    kubectl(cluster, "apply", "-f", "-", stdin=crontab("far", "{cronSpec: '* * * * */5'}"), namespace="elsewhere")
    kubectl(cluster, "delete", "crd", "crontabs." + GROUP, "--timeout=20s")
    until(lambda: cluster.nodes[0].request("GET", "/apis/" + GROUP)[0] == 404, 5, "the group is gone")
    made(cluster)
    assert json.loads(kubectl(cluster, "get", "--raw", "/apis/%s/v1/crontabs" % GROUP))["items"] == []
    kubectl(cluster, "delete", "crd", "crontabs." + GROUP)


def test_what_objects_own_goes_with_them_and_they_with_their_namespace(cluster):
    made(cluster)
    kubectl(cluster, "create", "namespace", "brief")
    kubectl(cluster, "apply", "-f", "-", stdin=crontab("owner", "{cronSpec: '* * * * */5'}"), namespace="brief")
    uid = kubectl(cluster, "get", "--raw", "/apis/%s/v1/namespaces/brief/crontabs/owner" % GROUP)
    owner = {"apiVersion": GROUP + "/v1", "kind": "CronTab", "name": "owner", "uid": json.loads(uid)["metadata"]["uid"]}
    owned = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences": [owner]}}
    assert cluster.nodes[0].request("POST", "/api/v1/namespaces/brief/configmaps", owned)[0] == 201
    path = "/apis/%s/v1/namespaces/brief/crontabs/" % GROUP
    assert cluster.nodes[0].request("DELETE", path + "owner")[0] == 200
    until(lambda: cluster.nodes[0].request("GET", "/api/v1/namespaces/brief/configmaps/owned")[0] == 404, 10, "what it owned is collected")
    kubectl(cluster, "apply", "-f", "-", stdin=crontab("last", "{cronSpec: '* * * * */5'}"), namespace="brief")
    kubectl(cluster, "delete", "namespace", "brief", "--timeout=20s")
    assert cluster.nodes[0].request("GET", path + "last")[0] == 404


def test_three_servers_see_the_same_kinds():
    with Cluster(3) as cluster:
        cluster.kubectl("create", "-f", "-", stdin="---\n" + definition(version("v1")))
        for node in cluster.nodes:
            until(lambda: node.request("GET", "/apis/%s/v1/crontabs" % GROUP)[0] == 200, 5, "%s serves the kind" % node.name)
        cluster.kubectl("create", "-f", "-", stdin="---\n" + crontab("a", "{cronSpec: '* * * * */5'}"))
        for node in cluster.nodes:
            until(lambda: len(node.request("GET", "/apis/%s/v1/crontabs" % GROUP)[1]["items"]) == 1, 5, "%s shows the object" % node.name)
        cluster.kubectl("delete", "crd", "crontabs." + GROUP, "--timeout=20s")
        for node in cluster.nodes:
            until(lambda: node.request("GET", "/apis/" + GROUP)[0] == 404, 5, "%s has no such group" % node.name)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
