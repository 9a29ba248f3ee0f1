#!/usr/bin/env python3
"""Volumes and claims: who is bound to what, and what becomes of a volume without its claim."""
import sys

import suite
from cluster import until
from kube import expect, kubectl

VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {name: %s}
spec: {capacity: {storage: %s}, accessModes: [ReadWriteOnce], storageClassName: manual, persistentVolumeReclaimPolicy: %s, hostPath: {path: /data}}
---
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: %s}
spec: {storageClassName: manual, accessModes: [ReadWriteOnce], resources: {requests: {storage: %s}}}
"""


def phase(cluster, kind, name):
    return kubectl(cluster, "get", kind, name, "-o", "jsonpath={.status.phase} {.spec.volumeName}{.spec.claimRef.name}").strip()


def test_a_claim_is_bound_to_the_smallest_volume_that_serves_it(cluster):
    kubectl(cluster, "create", "-f", "-", stdin=VOLUME % ("small", "1Gi", "Retain") + VOLUME % ("big", "9Gi", "Retain") + VOLUME % ("good", "3Gi", "Retain"))
    kubectl(cluster, "create", "-f", "-", stdin=CLAIM % ("data", "2Gi"))
    until(lambda: phase(cluster, "pvc", "data") == "Bound good", 30, "the claim is bound")
    until(lambda: phase(cluster, "pv", "good") == "Bound data", 30, "so is the volume")
    until(lambda: phase(cluster, "pv", "big") == "Available", 30, "the others are free")
    expect(kubectl(cluster, "get", "pvc", "data", "--no-headers"), r"^data +Bound +good +3Gi +RWO +manual ")
    kubectl(cluster, "delete", "pvc", "data")
    until(lambda: phase(cluster, "pv", "good") == "Released data", 30, "the volume is kept")
    kubectl(cluster, "delete", "pv", "small", "big", "good")


def test_what_nobody_can_make_or_delete_is_told(cluster):
    kubectl(cluster, "create", "-f", "-", stdin=CLAIM % ("late", "2Gi"))
    until(lambda: 'storageclass.storage.k8s.io "manual" not found' in kubectl(cluster, "describe", "pvc", "late"), 30, "there is no such class")
    assert phase(cluster, "pvc", "late") == "Pending"
    kubectl(cluster, "create", "-f", "-", stdin=VOLUME % ("late", "2Gi", "Delete"))
    until(lambda: phase(cluster, "pvc", "late") == "Bound late", 30, "the claim is bound")
    kubectl(cluster, "delete", "pvc", "late")
    until(lambda: phase(cluster, "pv", "late") == "Failed late", 30, "nobody can delete what is on the volume")
    expect(kubectl(cluster, "get", "pv", "late", "-o", "jsonpath={.status.message}"), "no deletable volume plugin matched")
    kubectl(cluster, "delete", "pv", "late")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
