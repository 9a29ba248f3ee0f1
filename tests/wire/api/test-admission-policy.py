#!/usr/bin/env python3
"""Admission policies: kubectl makes policies and bindings; requests are admitted, warned of, refused and changed by their expressions."""
import re
import sys

import suite
from cluster import until
from kube import expect, kubectl, warnings


def policy(name, spec, bound="validationActions: [Deny]"):
    return """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %s}
spec:%s
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %s}
spec: {policyName: %s, %s}
""" % (name, spec, name, name, bound)


def mutating(name, spec, reinvocation="Never"):
    return """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: %s}
spec:
  reinvocationPolicy: %s%s
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: %s}
spec: {policyName: %s}
""" % (name, reinvocation, spec, name, name)


def about(resource, group='""', operations="CREATE, UPDATE"):
    return """
  matchConstraints:
    resourceRules:
    - {apiGroups: [%s], apiVersions: [v1], operations: [%s], resources: [%s]}""" % (group, operations, resource)


def config(name, data):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: %s\n" % (name, data)


def removed(cluster, *names):
    for name in names:
        kubectl(cluster, "delete", "validatingadmissionpolicy,validatingadmissionpolicybinding,mutatingadmissionpolicy,mutatingadmissionpolicybinding", name, "--ignore-not-found")


def test_deployments_are_judged_by_an_expression(cluster):
    kubectl(cluster, "apply", "-f", "-", stdin=policy("replica-limit", about("deployments", "apps") + """
  variables:
  - {name: most, expression: "'most' in object.metadata.?labels.orValue({}) ? int(object.metadata.labels.most) : 5"}
  validations:
  - {expression: "object.spec.replicas <= variables.most", messageExpression: "'at most %d replicas for %s'.format([variables.most, request.userInfo.username])"}
  - {expression: "object.spec.replicas > 0", message: none is too few, reason: Forbidden}
"""))
    said = kubectl(cluster, "create", "deployment", "six", "--image=x", "--replicas=6", ok=False)
    expect(said, re.escape("""deployments.apps "six" is forbidden: ValidatingAdmissionPolicy 'replica-limit' with binding 'replica-limit' denied request: at most 5 replicas for"""))
    kubectl(cluster, "create", "deployment", "five", "--image=x", "--replicas=5")
    expect(kubectl(cluster, "scale", "deployment", "five", "--replicas=2"), "scaled")
    expect(kubectl(cluster, "patch", "deployment", "five", "-p", '{"spec":{"replicas":0}}', ok=False), "none is too few")
    kubectl(cluster, "delete", "deployment", "five")
    removed(cluster, "replica-limit")


def test_parameters_conditions_and_the_namespace_are_seen(cluster):
    kubectl(cluster, "create", "namespace", "judged")
    kubectl(cluster, "label", "namespace", "judged", "strict=yes")
    kubectl(cluster, "apply", "-f", "-", stdin=config("limits", "{max: '3'}"), namespace="judged")
    bound = "validationActions: [Deny], paramRef: {name: limits, namespace: judged, parameterNotFoundAction: Deny}, matchResources: {namespaceSelector: {matchLabels: {strict: 'yes'}}}"
    kubectl(cluster, "apply", "-f", "-", stdin=policy("sizes", "\n  paramKind: {apiVersion: v1, kind: ConfigMap}" + about("configmaps") + """
  matchConditions:
  - {name: not-limits, expression: "object.metadata.name != 'limits'"}
  validations:
  - {expression: "object.data.all(k, size(object.data[k]) <= int(params.data.max))", message: too long}
  - {expression: "namespaceObject.metadata.labels.strict == 'yes' && (request.operation == 'CREATE' || oldObject.metadata.name == object.metadata.name)"}
""", bound))
    kubectl(cluster, "apply", "-f", "-", stdin=config("short", "{a: 'abc'}"), namespace="judged")
    expect(kubectl(cluster, "apply", "-f", "-", stdin=config("short", "{a: 'abcd'}"), namespace="judged", ok=False), "too long")
    expect(kubectl(cluster, "apply", "-f", "-", stdin=config("none", "{}"), namespace="judged", ok=False), "no such key: data")
    kubectl(cluster, "apply", "-f", "-", stdin=config("elsewhere", "{a: 'abcd'}"))
    kubectl(cluster, "delete", "configmap", "limits", namespace="judged")
    expect(kubectl(cluster, "apply", "-f", "-", stdin=config("late", "{a: 'a'}"), namespace="judged", ok=False), "no params found for policy binding")
    removed(cluster, "sizes")
    kubectl(cluster, "delete", "namespace", "judged", "--timeout=20s")
    kubectl(cluster, "delete", "configmap", "elsewhere")


def test_a_binding_may_only_warn_and_an_authorizer_is_asked(cluster):
    kubectl(cluster, "apply", "-f", "-", stdin=policy("warn", about("configmaps", operations="CREATE, DELETE") + """
  validations:
  - {expression: "(object == null ? oldObject : object).metadata.name != 'odd'", message: an odd name}
  - {expression: "authorizer.group('').resource('configmaps').namespace('default').check('create').allowed()"}
  - {expression: "!authorizer.serviceAccount('default', 'default').group('').resource('secrets').check('get').allowed()"}
""", "validationActions: [Warn]"))
    said = warnings(cluster, "create", "-f", "-", stdin=config("odd", "{}"))
    assert said == "Warning: Validation failed for ValidatingAdmissionPolicy 'warn' with binding 'warn': an odd name", said
    assert warnings(cluster, "create", "-f", "-", stdin=config("even", "{}")) == ""
    kubectl(cluster, "delete", "configmap", "odd", "even")
    removed(cluster, "warn")


def test_expressions_that_cannot_be_are_refused_with_the_policy(cluster):
    said = kubectl(cluster, "apply", "-f", "-", stdin=policy("bad", about("configmaps") + """
  validations:
  - {expression: "object.metadata.name"}
  - {expression: "request.nothing == ''"}
  - {expression: "variables.x == params"}
"""), ok=False)
    expect(said, re.escape("spec.validations[0].expression: Invalid value: \"object.metadata.name\": must evaluate to bool but got dyn"))
    expect(said, "undefined field 'nothing'")
    expect(said, "undeclared reference to 'params'")
    removed(cluster, "bad")


def test_types_are_checked_in_the_status(cluster):
    kubectl(cluster, "apply", "-f", "-", stdin=policy("typed", about("deployments", "apps") + """
  validations:
  - {expression: "object.spec.replicas > 1"}
  - {expression: "object.spec.replicas > '1'"}
"""))
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/typed"
    until(lambda: cluster.nodes[0].request("GET", path)[1].get("status", {}).get("observedGeneration") == 1, 20, "its types were looked at")
    found = kubectl(cluster, "get", "validatingadmissionpolicy", "typed", "-o", "jsonpath={.status.typeChecking.expressionWarnings}")
    expect(found, re.escape('"fieldRef":"spec.validations[1].expression"'))
    expect(found, re.escape("apps/v1, Kind=Deployment: ERROR: ") + ".*" + re.escape("found no matching overload for '_"))
    removed(cluster, "typed")


LIMITS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: limits.judge.example.com}
spec:
  group: judge.example.com
  scope: Cluster
  names: {plural: limits, singular: limit, kind: Limit, listKind: LimitList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {most: {type: integer}}}}}
"""


def test_parameters_may_be_custom_resources(cluster):
    kubectl(cluster, "apply", "-f", "-", stdin=LIMITS)
    kubectl(cluster, "wait", "crd", "limits.judge.example.com", "--for=condition=Established", "--timeout=20s")
    kubectl(cluster, "apply", "-f", "-", stdin="{apiVersion: judge.example.com/v1, kind: Limit, metadata: {name: a, labels: {of: sizes}}, most: 2}")
    bound = "validationActions: [Deny], paramRef: {selector: {matchLabels: {of: sizes}}, parameterNotFoundAction: Deny}"
    kubectl(cluster, "apply", "-f", "-", stdin=policy("sizes", "\n  paramKind: {apiVersion: judge.example.com/v1, kind: Limit}" + about("configmaps") + """
  validations:
  - {expression: "size(object.data) <= params.most", messageExpression: "'at most %d'.format([params.most])"}
""", bound))
    kubectl(cluster, "apply", "-f", "-", stdin=config("two", "{a: '1', b: '1'}"))
    expect(kubectl(cluster, "apply", "-f", "-", stdin=config("two", "{a: '1', b: '1', c: '1'}"), ok=False), "at most 2")
    removed(cluster, "sizes")
    kubectl(cluster, "delete", "configmap", "two")
    kubectl(cluster, "delete", "crd", "limits.judge.example.com")


def test_deployments_get_a_container_and_a_label(cluster):
    kubectl(cluster, "apply", "-f", "-", stdin=mutating("sidecar", about("deployments", "apps", "CREATE") + """
  variables:
  - {name: pod, expression: object.spec.template.spec}
  matchConditions:
  - {name: not-yet, expression: "!object.spec.template.spec.containers.exists(c, c.name == 'mesh')"}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: >
        Object{
          metadata: Object.metadata{labels: {"mesh.example.com/by": request.userInfo.username.replace(":", ".")}},
          spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
            containers: [Object.spec.template.spec.containers{name: "mesh", image: "mesh:" + string(size(variables.pod.containers))}]}}}
        }
  - patchType: JSONPatch
    jsonPatch:
      expression: >
        [JSONPatch{op: "test", path: "/spec/template/spec/containers/1/name", value: "mesh"},
         JSONPatch{op: "add", path: "/metadata/annotations", value: {}},
         JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/containers"), value: string(size(variables.pod.containers))}]
"""))
    kubectl(cluster, "create", "deployment", "web", "--image=web:1")
    found = kubectl(cluster, "get", "deployment", "web", "-o", r"jsonpath={.spec.template.spec.containers[*].image} {.metadata.annotations.example\.com/containers}")
    assert found.strip() == "web:1 mesh:1 2", found
    expect(kubectl(cluster, "get", "deployment", "-l", "mesh.example.com/by", "-o", "name"), "deployment.apps/web")
    expect(kubectl(cluster, "get", "mutatingadmissionpolicy", "sidecar"), "MUTATIONS +PARAMKIND +AGE\\s+sidecar +2 +<unset>")
    kubectl(cluster, "delete", "deployment", "web")
    removed(cluster, "sidecar")


def test_mutations_that_cannot_be_are_refused_with_the_policy_or_with_the_request(cluster):
    said = kubectl(cluster, "apply", "-f", "-", stdin=mutating("bad", about("configmaps") + """
  mutations:
  - {patchType: ApplyConfiguration, applyConfiguration: {expression: "{'data': {'a': 'b'}}"}}
  - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 1}]"}}
"""), ok=False)
    expect(said, re.escape("must evaluate to Object but got map(string, map(string, string))"))
    expect(said, re.escape("expected type of field 'op' is 'string' but provided type is 'int'"))
    removed(cluster, "bad")
    kubectl(cluster, "apply", "-f", "-", stdin=mutating("atomic", about("services") + """
  mutations:
  - {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{spec: Object.spec{selector: {'a': 'b'}}}"}}
"""))
    expect(kubectl(cluster, "create", "service", "clusterip", "atomic", "--tcp=80", ok=False),
           re.escape("policy 'atomic' with binding 'atomic' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector"))
    removed(cluster, "atomic")


def test_custom_resources_are_changed_and_seen_by_who_asks_for_a_second_round(cluster):
    kubectl(cluster, "apply", "-f", "-", stdin=LIMITS)
    kubectl(cluster, "wait", "crd", "limits.judge.example.com", "--for=condition=Established", "--timeout=20s")
    limits = about("limits", "judge.example.com", "CREATE")
    kubectl(cluster, "apply", "-f", "-", stdin=mutating("a-cap", limits + """
  mutations:
  - {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{most: object.most > 10 ? 10 : object.most}"}}
""", "IfNeeded"))
    kubectl(cluster, "apply", "-f", "-", stdin=mutating("b-triple", limits + """
  mutations:
  - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'replace', path: '/most', value: object.most * 3}]"}}
"""))
    kubectl(cluster, "create", "-f", "-", stdin="{apiVersion: judge.example.com/v1, kind: Limit, metadata: {name: capped}, most: 4}")
    assert kubectl(cluster, "get", "limit", "capped", "-o", "jsonpath={.most}").strip() == "10"
    kubectl(cluster, "create", "-f", "-", "--dry-run=server", stdin="{apiVersion: judge.example.com/v1, kind: Limit, metadata: {name: small}, most: 1}")
    kubectl(cluster, "apply", "-f", "-", stdin=mutating("c-wrong", limits + """
  mutations:
  - {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{least: 1}"}}
"""))
    expect(kubectl(cluster, "create", "-f", "-", stdin="{apiVersion: judge.example.com/v1, kind: Limit, metadata: {name: small}, most: 1}", ok=False),
           re.escape(".least: field not declared in schema"))
    removed(cluster, "a-cap", "b-triple", "c-wrong")
    kubectl(cluster, "delete", "crd", "limits.judge.example.com")


AUTOSCALER = """
apiVersion: autoscaling/%s
kind: HorizontalPodAutoscaler
metadata: {name: %s}
spec:
  maxReplicas: 5
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  %s
"""


def test_rules_know_requests_by_other_versions_unless_they_are_exact(cluster):
    def about_v2(match):
        return """
  matchConstraints:
    matchPolicy: %s
    resourceRules:
    - {apiGroups: [autoscaling], apiVersions: [v2], operations: [CREATE], resources: [horizontalpodautoscalers]}""" % match

    judged = """
  validations:
  - expression: "object.apiVersion == 'autoscaling/v2' && object.spec.metrics[0].resource.target.averageUtilization < 90"
    messageExpression: "'%s as %s: %d'.format([request.requestKind.version, request.resource.version, object.spec.metrics[0].resource.target.averageUtilization])"
"""
    kubectl(cluster, "apply", "-f", "-", stdin=policy("exact", about_v2("Exact") + judged))
    kubectl(cluster, "create", "-f", "-", "--dry-run=server", stdin=AUTOSCALER % ("v1", "hot", "targetCPUUtilizationPercentage: 95"))
    kubectl(cluster, "apply", "-f", "-", stdin=policy("judge", about_v2("Equivalent") + judged))
    said = kubectl(cluster, "create", "-f", "-", "--dry-run=server", stdin=AUTOSCALER % ("v1", "hot", "targetCPUUtilizationPercentage: 95"), ok=False)
    expect(said, re.escape("'judge' with binding 'judge' denied request: v1 as v2: 95"))
    kubectl(cluster, "apply", "-f", "-", stdin=mutating("a-cooler", about_v2("Equivalent") + """
  mutations:
  - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'replace', path: '/spec/metrics/0/resource/target/averageUtilization', value: 50}]"}}
""") + "---" + mutating("b-more", about_v2("Equivalent") + """
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration: {expression: "Object{spec: Object.spec{maxReplicas: object.spec.metrics[0].resource.target.averageUtilization}}"}
"""))
    kubectl(cluster, "create", "-f", "-", stdin=AUTOSCALER % ("v1", "cool", "targetCPUUtilizationPercentage: 95"))
    found = kubectl(cluster, "get", "horizontalpodautoscalers.v1.autoscaling", "cool", "-o", "jsonpath={.spec.targetCPUUtilizationPercentage} {.spec.maxReplicas}")
    assert found.strip() == "50 50", found
    kubectl(cluster, "delete", "hpa", "cool")
    removed(cluster, "exact", "judge", "a-cooler", "b-more")


def test_custom_resources_are_known_by_the_version_of_the_rule(cluster):
    kubectl(cluster, "apply", "-f", "-", stdin=LIMITS + LIMITS.splitlines()[-1].replace("v1", "v2").replace("storage: true", "storage: false") + "\n")
    kubectl(cluster, "wait", "crd", "limits.judge.example.com", "--for=condition=Established", "--timeout=20s")
    kubectl(cluster, "apply", "-f", "-", stdin=policy("named", about("limits", "judge.example.com") + """
  validations:
  - {expression: "object.most < 10", messageExpression: "request.requestKind.version + ' as ' + object.apiVersion"}
""") + "---" + mutating("less", about("limits", "judge.example.com") + """
  mutations:
  - {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{most: object.most - 1}"}}
"""))
    expect(kubectl(cluster, "create", "-f", "-", stdin="{apiVersion: judge.example.com/v2, kind: Limit, metadata: {name: a}, most: 11}", ok=False),
           re.escape("denied request: v2 as judge.example.com/v1"))
    kubectl(cluster, "create", "-f", "-", stdin="{apiVersion: judge.example.com/v2, kind: Limit, metadata: {name: a}, most: 10}")
    assert kubectl(cluster, "get", "limits.v2.judge.example.com", "a", "-o", "jsonpath={.apiVersion} {.most}").strip() == "judge.example.com/v2 9"
    removed(cluster, "named", "less")
    kubectl(cluster, "delete", "crd", "limits.judge.example.com")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
