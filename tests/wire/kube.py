"""kubectl for tests: at -v=8, and failing when the client says that it makes do with less than it wanted.

    expect(kubectl(cluster, "get", "pods", namespace="x"), "Running")

Which kubectl is the one of the PATH. Old ones lack commands: a test that needs one begins with since().
"""
import functools
import json
import re
import subprocess
import threading
import time

import cluster as clusters
from cluster import Failed, Skipped, until

# What kubectl says when a server is not what it expected and it makes do with less.
FALL_BACKS = re.compile(r"falling back|fall back|fallback|couldn't get|unable to (?:retrieve|decode|recognize)|failed to (?:get|list|watch|download)"
                        r"|skipping|unexpected response|Unsupported|not supported by server|server doesn't have", re.I)
# Bodies, and what kubectl says of `-o name` to any server: it asks for an object and is given one.
HARMLESS = re.compile(r"request body|response body|curl -v|Warning: |attempt to decode non-Table object", re.I)


@functools.lru_cache
def client():
    """Which kubectl this is: 20 for 1.20."""
    version = clusters.run(["kubectl", "version", "--client", "-o", "json"]).stdout
    return int(re.match(r"\d+", json.loads(version)["clientVersion"]["minor"]).group())


def since(minor, what):
    """Skips the test for a kubectl that is older."""
    if client() < minor:
        raise Skipped("kubectl 1.%d has no %s" % (client(), what))


def manifest(text):
    """As standard input: what begins with a brace would be taken for JSON by most kubectls."""
    return None if text is None else "---\n" + text


def kubectl(cluster, *words, ok=True, stdin=None, fall_back_is_fine=False, env=None, namespace="default", seconds=60):
    """What it prints; fails when it fell back."""
    done = cluster.kubectl("-v=8", "--namespace", namespace, *words, ok=ok, stdin=manifest(stdin), env=env, seconds=seconds)
    for line in done.stderr.splitlines():
        if FALL_BACKS.search(line) and not HARMLESS.search(line) and not fall_back_is_fine:
            raise Failed("kubectl %s fell back: %s" % (" ".join(words), line))
    # With -v=8 stderr is mostly the log; errors are the lines without its prefix.
    done.errors = "\n".join(line for line in done.stderr.splitlines() if not re.match(r"[IWE]\d{4} ", line))
    return done.errors if ok is False else done.stdout


def warnings(cluster, *words, stdin=None, namespace="default"):
    """What the server warns of."""
    done = cluster.kubectl("--namespace", namespace, *words, stdin=manifest(stdin))
    return "\n".join(line for line in done.stderr.splitlines() if line.startswith("Warning: "))


def started(cluster, *words, namespace="default", node=None):
    """A kubectl that goes on; its output is a pipe. The caller ends it by ended()."""
    node = node or cluster.living()[0]
    return subprocess.Popen([*clusters.BOUND, "kubectl", "--kubeconfig", node.folder + "/admin.kubeconfig", "--namespace", namespace, *words],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def lines_until(child, what, seconds=60):
    """Reads a child's lines until one matches; one that says nothing for too long is ended."""
    seen, limit = [], threading.Timer(seconds, child.kill)
    limit.start()
    try:
        for line in child.stdout:
            seen.append(line)
            if re.search(what, line):
                return line
    finally:
        limit.cancel()
    raise Failed("the output ended without %r:\n%s" % (what, "".join(seen)))


def ended(child):
    child.kill()
    child.wait()
    child.stdout.close()


def expect(text, *parts):
    for part in parts:
        if not re.search(part, text, re.M):
            raise Failed("no %r in:\n%s" % (part, text[-1500:]))
    return text


def soon(ask, *parts, seconds=60):
    """For what others write: asks until all parts are in the answer, which is given back."""
    end = time.monotonic() + seconds
    while True:
        text = ask()
        if all(re.search(part, text, re.M) for part in parts):
            return text
        if time.monotonic() > end:
            return expect(text, *parts)


def fresh(cluster, name):
    """A namespace of its own, with what every namespace gets."""
    kubectl(cluster, "create", "namespace", name)
    until(lambda: cluster.kubectl("-n", name, "get", "serviceaccount", "default", ok=None).returncode == 0, 20, "%s has an account" % name)
    return name


def deployed(cluster, name, replicas=2):
    space = fresh(cluster, name)
    kubectl(cluster, "create", "deployment", "web", "--image=nginx:1.27", "--port=80", "--replicas=%d" % replicas, namespace=space)
    kubectl(cluster, "rollout", "status", "deployment/web", "--timeout=60s", namespace=space)
    return space
