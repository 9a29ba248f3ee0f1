#!/usr/bin/env python3
"""Kinds that a definition makes: kubectl handles them as it does those that are built in, where it can, by other patches."""
import json
import os
import sys
import tempfile

import suite
from cluster import until
from kube import client, expect, fresh, kubectl, lines_until, ended, manifest, since, soon, started

GROUP = "orchard.example.com"
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: trees.%s}
spec:
 group: %s
 scope: Namespaced
 names: {plural: trees, singular: tree, kind: Tree, shortNames: [tr], categories: [all]}
 versions:
 - name: v1
   served: true
   storage: true
   subresources: {status: {}, scale: {specReplicasPath: .spec.apples, statusReplicasPath: .status.apples}}
   additionalPrinterColumns:
   - {name: Sort, type: string, jsonPath: .spec.sort}
   - {name: Height, type: integer, jsonPath: .spec.height, priority: 1}
   schema:
    openAPIV3Schema:
     type: object
     properties:
      spec:
       type: object
       required: [sort]
       properties:
        sort: {type: string, description: What grows on it., enum: [boskoop, elstar]}
        height: {type: integer}
        apples: {type: integer, default: 1}
      status: {type: object, properties: {apples: {type: integer}, mood: {type: string}}}
""" % (GROUP, GROUP)


def tree(name, sort="elstar", more=""):
    return "{apiVersion: %s/v1, kind: Tree, metadata: {name: %s}, spec: {sort: %s%s}}" % (GROUP, name, sort, more)


def orchard(cluster, name):
    """A namespace, where trees are served."""
    kubectl(cluster, "apply", "-f", "-", stdin=DEFINITION)
    kubectl(cluster, "wait", "--for=condition=Established", "crd/trees." + GROUP, "--timeout=60s")
    soon(lambda: kubectl(cluster, "api-resources", "--api-group=" + GROUP), r"^trees +tr +orchard.example.com/v1 +true +Tree$")
    return fresh(cluster, name)


def sent(cluster, *words, stdin=None, namespace):
    """What it says of its requests."""
    return cluster.kubectl("-v=8", "--namespace", namespace, *words, stdin=manifest(stdin)).stderr


def test_they_are_explained_and_shown_with_columns_of_their_own(cluster):
    space = orchard(cluster, "shown")
    expect(kubectl(cluster, "explain", "tree.spec.sort"), "What grows on it.", *["boskoop"] * (client() >= 30))
    kubectl(cluster, "create", "-f", "-", stdin=tree("a", "boskoop", ", height: 4"), namespace=space)
    expect(kubectl(cluster, "get", "trees", namespace=space), r"^NAME +SORT$", r"^a +boskoop$")
    expect(kubectl(cluster, "get", "tr", "a", "-o", "wide", namespace=space), r"^NAME +SORT +HEIGHT$", r"^a +boskoop +4$")
    expect(kubectl(cluster, "get", "all", namespace=space), "^tree.orchard.example.com/a ")
    expect(kubectl(cluster, "describe", "tree", "a", namespace=space), "^Kind: +Tree", "^ +Sort: +boskoop")
    watch = started(cluster, "get", "trees", "--watch", namespace=space)
    try:
        lines_until(watch, "^a +boskoop")
        kubectl(cluster, "create", "-f", "-", stdin=tree("b"), namespace=space)
        lines_until(watch, "^b +elstar")
    finally:
        ended(watch)


def test_mistakes_in_them_are_named(cluster):
    space = orchard(cluster, "mistaken")
    expect(kubectl(cluster, "create", "-f", "-", stdin=tree("a", "pear"), namespace=space, ok=False, fall_back_is_fine=True), 'spec.sort: Unsupported value: "pear"')
    expect(kubectl(cluster, "create", "-f", "-", stdin=tree("a", more=", colour: red"), namespace=space, ok=False), r'unknown field "(spec\.)?colour"')


def test_they_are_applied_by_merge_patches(cluster):
    space = orchard(cluster, "applied-trees")
    expect(kubectl(cluster, "apply", "-f", "-", stdin=tree("a", more=", height: 4"), namespace=space), "tree.orchard.example.com/a created")
    expect(kubectl(cluster, "apply", "-f", "-", stdin=tree("a", more=", height: 4"), namespace=space), "tree.orchard.example.com/a unchanged")
    expect(sent(cluster, "apply", "-f", "-", stdin=tree("a"), namespace=space), "application/merge-patch[+]json")
    assert json.loads(kubectl(cluster, "get", "tree", "a", "-o", "json", namespace=space))["spec"] == {"sort": "elstar", "apples": 1}
    difference = cluster.kubectl("-n", space, "diff", "-f", "-", stdin=manifest(tree("a", "boskoop")), ok=False)
    assert difference.returncode == 1, difference.stderr
    expect(difference.stdout, r"^\+ +sort: boskoop")
    expect(kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=tree("a", "boskoop"), namespace=space), "serverside-applied")
    expect(kubectl(cluster, "get", "tree", "a", "-o", "jsonpath={.spec.sort}", namespace=space), "^boskoop$")


def test_they_are_patched_edited_labelled_and_scaled(cluster):
    space = orchard(cluster, "changed-trees")
    kubectl(cluster, "create", "-f", "-", stdin=tree("a"), namespace=space)
    refusal = kubectl(cluster, "patch", "tree", "a", "--type=strategic", "-p", '{"spec":{"height":1}}', ok=False, fall_back_is_fine=True, namespace=space)
    expect(refusal, "strategic-merge-patch[+]json is not supported by orchard.example.com/v1, Kind=Tree" if client() >= 30 else "UnsupportedMediaType|unsupported|unknown format")
    expect(kubectl(cluster, "patch", "tree", "a", "--type=merge", "-p", '{"spec":{"height":2}}', namespace=space), "patched")
    expect(kubectl(cluster, "patch", "tree", "a", "--type=json", "-p", '[{"op":"replace","path":"/spec/height","value":3}]', namespace=space), "patched")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/edit", "w", encoding="utf-8") as script:
            script.write("#!/bin/sh\nsed -i 's/height: 3/height: 5/' \"$1\"\n")
        os.chmod(folder + "/edit", 0o700)
        expect(kubectl(cluster, "edit", "tree", "a", env={"KUBE_EDITOR": folder + "/edit"}, namespace=space), "tree.orchard.example.com/a edited")
    expect(kubectl(cluster, "label", "tree", "a", "old=yes", namespace=space), "labeled")
    expect(kubectl(cluster, "scale", "tree", "a", "--replicas=7", namespace=space), "scaled")
    found = json.loads(kubectl(cluster, "get", "tree", "a", "-o", "json", namespace=space))
    assert found["spec"] == {"sort": "elstar", "height": 5, "apples": 7} and found["metadata"]["labels"] == {"old": "yes"}, found


def test_parts_of_them_are_replaced_and_awaited(cluster):
    since(24, "replace --subresource")
    space = orchard(cluster, "parts-of-trees")
    kubectl(cluster, "create", "-f", "-", stdin=tree("a"), namespace=space)
    seen = json.loads(kubectl(cluster, "get", "tree", "a", "-o", "json", namespace=space))
    seen["status"] = {"mood": "fine", "apples": 1}
    kubectl(cluster, "replace", "--subresource=status", "-f", "-", stdin=json.dumps(seen), namespace=space)
    expect(kubectl(cluster, "wait", "--for=jsonpath={.status.mood}=fine", "tree", "--all", "--timeout=60s", namespace=space), "condition met")
    kubectl(cluster, "delete", "tree", "--all", namespace=space)
    until(lambda: kubectl(cluster, "get", "trees", "-o", "name", namespace=space) == "", 60, "none is left")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
