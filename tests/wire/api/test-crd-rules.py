#!/usr/bin/env python3
"""Rules of definitions (x-kubernetes-validations): kubectl makes kinds with rules; objects are taken, refused, and compared with what they were."""
import re
import sys

import suite
from cluster import until
from kube import expect, kubectl, warnings

GROUP = "rules.example.com"
RULES = """
        minReplicas: {type: integer}
        maxReplicas: {type: integer}
        owner: {type: string, maxLength: 20, x-kubernetes-validations: [{rule: self == oldSelf, message: the owner stays}]}
        hosts: {type: array, maxItems: 10, items: {type: string, maxLength: 40, x-kubernetes-validations: [{rule: "isIP(self) || !format.dns1123Label().validate(self).hasValue()", message: no address and no name}]}}
        limit: {x-kubernetes-int-or-string: true}
       x-kubernetes-validations:
       - {rule: "self.minReplicas <= self.maxReplicas", messageExpression: "'at most %d replicas'.format([self.maxReplicas])", fieldPath: .minReplicas}
       - {rule: "!has(self.limit) || type(self.limit) == int || self.limit.matches('^[0-9]+%$')", message: a number or percents, reason: FieldValueForbidden}
"""


def definition(spec=RULES):
    return """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scalers.%s}
spec:
 group: %s
 scope: Namespaced
 names: {plural: scalers, kind: Scaler}
 versions:
 - name: v1
   served: true
   storage: true
   schema:
    openAPIV3Schema:
     type: object
     properties:
      spec:
       type: object
       properties:%s""" % (GROUP, GROUP, spec)


def scaler(name, spec):
    return "apiVersion: %s/v1\nkind: Scaler\nmetadata: {name: %s}\nspec: %s\n" % (GROUP, name, spec)


def made(cluster):
    kubectl(cluster, "delete", "crd", "scalers." + GROUP, "--ignore-not-found", "--timeout=20s")
    assert warnings(cluster, "create", "-f", "-", stdin=definition()) == ""
    kubectl(cluster, "wait", "--for=condition=Established", "crd/scalers." + GROUP, "--timeout=10s")
    until(lambda: cluster.nodes[0].request("GET", "/apis/%s/v1" % GROUP)[0] == 200, 10, "the kind is served")


def refused(cluster, manifest, *words):
    # Some kubectls look at the schema themselves, and would not ask.
    said = kubectl(cluster, "apply", "--validate=false", "-f", "-", stdin=manifest, ok=False)
    for word in words:
        expect(said, re.escape(word))


def test_objects_are_taken_or_refused_by_their_rules(cluster):
    made(cluster)
    kubectl(cluster, "apply", "-f", "-", stdin=scaler("good", "{minReplicas: 1, maxReplicas: 2, hosts: [a, 10.0.0.1], limit: 20%}"))
    refused(cluster, scaler("few", "{minReplicas: 3, maxReplicas: 2}"), "spec.minReplicas: Invalid value: ", "at most 2 replicas")
    refused(cluster, scaler("host", "{minReplicas: 1, maxReplicas: 2, hosts: [a, A.b]}"), 'spec.hosts[1]: Invalid value: "A.b": no address and no name')
    refused(cluster, scaler("limit", "{minReplicas: 1, maxReplicas: 2, limit: many}"), "spec: Forbidden: a number or percents")
    refused(cluster, scaler("none", "{minReplicas: 1}"), "no such key: maxReplicas evaluating rule: self.minReplicas <= self.maxReplicas")
    refused(cluster, scaler("type", "{minReplicas: x, maxReplicas: 2}"), "some validation rules were not checked because the object was invalid")


def test_a_change_is_compared_with_what_was_there(cluster):
    made(cluster)
    kubectl(cluster, "apply", "-f", "-", stdin=scaler("mine", "{minReplicas: 1, maxReplicas: 2, owner: me}"))
    kubectl(cluster, "apply", "-f", "-", stdin=scaler("mine", "{minReplicas: 2, maxReplicas: 2, owner: me}"))
    refused(cluster, scaler("mine", "{minReplicas: 2, maxReplicas: 2, owner: you}"), 'spec.owner: Invalid value: "you": the owner stays')
    said = kubectl(cluster, "patch", "scaler", "mine", "--type=merge", "-p", '{"spec":{"owner":"you"}}', ok=False)
    expect(said, "the owner stays")


def test_rules_that_cannot_be_are_refused_with_the_definition(cluster):
    rule = " {type: array, %s items: {type: string, %s}, x-kubernetes-validations: [{rule: \"%s\"}]}"
    kubectl(cluster, "delete", "crd", "scalers." + GROUP, "--ignore-not-found", "--timeout=20s")
    at = "spec.validation.openAPIV3Schema.properties[spec].properties[a].x-kubernetes-validations[0].rule: "
    for body, words in [
            (rule % ("", "", "self.nothing"), "type 'list(string)' does not support field selection"),
            (rule % ("", "", "size(self)"), "cel expression must evaluate to a bool"),
            (rule % ("", "", "self.all(x, self.all(y, x == y))"), "estimated rule cost exceeds budget by factor of more than 100x"),
            (rule % ("", "", "self.all("), "Syntax error: mismatched input '<EOF>'")]:
        said = kubectl(cluster, "create", "-f", "-", stdin=definition("\n        a:" + body + "\n"), ok=False)
        expect(said, re.escape(at))
        expect(said, re.escape(words))
    kubectl(cluster, "create", "-f", "-", stdin=definition("\n        a:" + rule % ("maxItems: 10,", "maxLength: 10", "self.all(x, self.all(y, x == y))") + "\n"))
    kubectl(cluster, "delete", "crd", "scalers." + GROUP, "--timeout=20s")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
