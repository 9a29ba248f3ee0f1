"""The controller of README.md with the library `kubernetes`: a list, then a watch from its revision, again and again."""
import os
import signal
import sys
import time

import urllib3
from kubernetes import client, config, watch

NAMESPACE = os.environ["NAMESPACE"]
KIND = ("clients.example.com", "v1", NAMESPACE, "mirrors")


def reconcile(core, custom, mirror):
    meta, value = mirror["metadata"], mirror.get("spec", {}).get("value", "")
    body = client.V1ConfigMap(
        metadata=client.V1ObjectMeta(name=meta["name"], owner_references=[client.V1OwnerReference(
            api_version=mirror["apiVersion"], kind=mirror["kind"], name=meta["name"], uid=meta["uid"], controller=True)]),
        data={"value": value})
    try:
        found = core.read_namespaced_config_map(meta["name"], NAMESPACE)
        if found.data != body.data:
            core.patch_namespaced_config_map(meta["name"], NAMESPACE, {"data": body.data})
    except client.ApiException as why:
        if why.status != 404:
            raise
        core.create_namespaced_config_map(NAMESPACE, body)
    if mirror.get("status", {}).get("observed") != value:
        custom.patch_namespaced_custom_object_status(*KIND, meta["name"], {"status": {"observed": value}})


def attempt(core, custom, mirror):
    """Until it is done: the server may be gone for a moment, or the object for good."""
    for _ in range(100):
        try:
            return reconcile(core, custom, mirror)
        except client.ApiException as why:
            if why.status == 404:
                return None
            print("again:", why.status, why.reason)
        except urllib3.exceptions.HTTPError as why:
            print("again:", why)
        time.sleep(0.1)
    sys.exit("given up: " + mirror["metadata"]["name"])


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    config.load_kube_config()
    core, custom = client.CoreV1Api(), client.CustomObjectsApi()
    is_ready = False
    while True:
        try:
            found = custom.list_namespaced_custom_object(*KIND)
            for mirror in found["items"]:
                attempt(core, custom, mirror)
            if not is_ready:
                print("ready")
                is_ready = True
            stream = watch.Watch().stream(custom.list_namespaced_custom_object, *KIND, resource_version=found["metadata"]["resourceVersion"],
                                          allow_watch_bookmarks=True, timeout_seconds=300)
            for event in stream:
                if event["type"] in ("ADDED", "MODIFIED"):
                    attempt(core, custom, event["object"])
        except (client.ApiException, urllib3.exceptions.HTTPError) as why:
            print("listed anew:", why)
            time.sleep(0.1)


main()
