"""Patches of Deployments that nobody scales, sixteen at once, and a hundred pods out of ten thousand found by a label, as upstream was measured.

The clients are threads of this program, which costs more than the server: the figure that can be compared is our processes' CPU for one.
"""
import http.client
import json
import re
import threading
import time

from cluster import run, until

AT_ONCE = 16
PODS = 10000
LISTS = 320

# name, media type, query, body of the patch numbered %d
KINDS = {
    "merge": ("application/merge-patch+json", "", '{"metadata":{"annotations":{"n":"%d"}}}'),
    "strategic": ("application/strategic-merge-patch+json", "",
                  '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"N","value":"%d"}]}]}}}}'),
    "apply": ("application/apply-patch+yaml", "?fieldManager=bench-apply&force=true",
              '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"applied":"yes"}},'
              '"spec":{"template":{"spec":{"containers":[{"name":"web","image":"example.com/web:%d"}]}}}}'),
}


def container(**more):
    return {"name": "web", "image": "example.com/web:1.0", "args": ["--port=8080", "--verbose"], "ports": [{"name": "http", "containerPort": 8080}],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}, **more}


def deployment(name):
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": {
        "replicas": 0, "paused": True, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container(env=[{"name": "MODE", "value": "production"}])]}}}}


def pod(number):
    """One in a hundred has the label group=g7; no scheduler takes it."""
    where = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    return {"metadata": {"name": "pod-%05d" % number, "labels": {"app": "web", "group": "g%d" % (number % 100), "tier": "front"}},
            "spec": {"schedulerName": "none", "containers": [container(
                env=[{"name": "MODE", "value": "production"}, where], readinessProbe={"httpGet": {"path": "/ready", "port": "http"}})]}}


class Clients:
    def __init__(self, load, at_once=AT_ONCE):
        self.load, self.at_once, self.lock, self.next = load, at_once, threading.Lock(), 0

    def each(self, count, ask):
        """ask(send, worker, number) for all numbers below, so many at a time; our CPU for one, us."""
        self.next = 0
        workers = [threading.Thread(target=self.work, args=(worker, count, ask)) for worker in range(self.at_once)]
        before = self.load.cpu_us()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return (self.load.cpu_us() - before) / count

    def work(self, worker, count, ask):
        connection = http.client.HTTPSConnection(self.load.node.address, self.load.node.port, context=self.load.node.context(), timeout=60)

        def send(method, path, body, kind="application/json"):
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status in (200, 201), said
        while True:
            with self.lock:
                number, self.next = self.next, self.next + 1
            if number >= count:
                break
            ask(send, worker, number)
        connection.close()


def patches(load, count=3000):
    """CPU for one of each of KINDS, us. Each worker has a Deployment of its own, so that none conflicts."""
    clients, path = Clients(load), "/apis/apps/v1/namespaces/bench/deployments"
    clients.each(AT_ONCE, lambda send, _, number: send("POST", path, json.dumps(deployment("d-%d" % number))))
    begin = time.time_ns() % 10 ** 9  # no patch says what one before it said
    return [clients.each(count, lambda send, worker, number, media=media, query=query, body=body: send(
        "PATCH", "%s/d-%d%s" % (path, worker, query), body % (begin + number), media)) for media, query, body in KINDS.values()]


def selected(load):
    """(CPU of one list of those with the label, us; lists a second)"""
    path = "/api/v1/namespaces/bench/pods"
    # Pods want the account of their namespace, which a controller makes.
    until(lambda: load.node.request("GET", load.GROUP + "/serviceaccounts/default")[0] == 200, 10, "the namespace has its account")
    Clients(load).each(PODS, lambda send, _, number: send("POST", path, json.dumps(pod(number))))
    before = load.cpu_us()
    done = run(["h2load", "-t", "1", "-n", str(LISTS), "-c", str(AT_ONCE), "-m", "1", "-H", "Authorization: Bearer " + load.token,
                "https://%s:6443%s?labelSelector=group%%3Dg7" % (load.node.address, path)], seconds=300)
    assert ("status codes: %d 2xx" % LISTS) in done.stdout, done.stdout
    return (load.cpu_us() - before) / LISTS, float(re.search(r"([0-9.]+) req/s", done.stdout).group(1))
