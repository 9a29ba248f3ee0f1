#!/usr/bin/env python3
"""The supervision tree as an interface: kubectl get actors and members, delete, troupe tree and kill, the page at /ui/, and what its watch promises."""
import base64
import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading

import cluster as clusters
import suite
from cluster import Failed, until
from kube import expect, kubectl, started

ACTORS = "/apis/troupe.internal/v1/actors"
WATCH = ACTORS + "?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
PAGE_BYTES_MAX = 40960


def actor(cluster, name):
    return json.loads(kubectl(cluster, "get", "actor", name, "-o", "json"))


def names(cluster, *words):
    return kubectl(cluster, "get", "actors", "-o", "name", *words).replace("actor.troupe.internal/", "").split()


def watched(cluster, path, seconds):
    """The events of a watch that ends by itself."""
    code, text = cluster.nodes[0].request("GET", "%s&timeoutSeconds=%d" % (path, seconds), seconds=seconds + 20)
    if code != 200:
        raise Failed("a watch of %s answers %d: %s" % (path, code, text))
    lines = text if isinstance(text, str) else json.dumps(text)
    return [json.loads(line) for line in lines.splitlines() if line]


class Ended:
    """A process that is killed at the end of the block, or when it takes too long, so that nobody reads from it for ever."""

    def __init__(self, process, seconds=60):
        self.process, self.timer = process, threading.Timer(seconds, process.kill)

    def __enter__(self):
        self.timer.start()
        return self.process.stdout

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()


def test_every_actor_of_every_node_is_an_object(cluster3):
    table = kubectl(cluster3, "get", "actors", "-A")
    expect(table, r"^NAME +NODE +HOST +STATE +RESTARTS +LAST REASON +MAILBOX +MSG/S +P99 +MEMORY +AGE$",
           r"^n1 +n1 +- +Running +0", r"^n2\.core +n2 +core +Running", r"^n3\.core\.store +n3 +core +Running +0 +- +\d+/\d+ +[\d.]+ +[\d.]+[mu]?s +\d+Ki +\d+s")
    expect(kubectl(cluster3, "get", "actors", "-o", "wide"), r"AGE +CLASS +MESSAGES +PATH$", r"^n1\.node\.agent .* agent +\d+ +agent$")
    store = actor(cluster3, "n2.core.store")
    assert store["spec"] == {"level": "Actor", "node": "n2", "host": "core", "path": "store", "class": "store", "parent": "n2.core"}, store
    assert store["usage"]["messages"] > 0, store
    expect(kubectl(cluster3, "get", "actors", "n2.core.store", "-o", "yaml"), r"^kind: Actor$", r"^  parent: n2\.core$")
    expect(kubectl(cluster3, "describe", "actor", "n2.core.store"), r"^Kind: +Actor$", r"Mailbox High:")


def test_actors_are_selected_by_labels_and_fields(cluster3):
    everybody = names(cluster3)
    assert names(cluster3, "-l", "troupe.internal/node=n2") == [n for n in everybody if n.split(".")[0] == "n2"]
    assert names(cluster3, "-l", "troupe.internal/class=store") == ["n1.core.store", "n2.core.store", "n3.core.store"]
    assert names(cluster3, "-l", "troupe.internal/node=n1,troupe.internal/level=Host") == ["n1.control", "n1.core", "n1.node"]
    assert names(cluster3, "--field-selector", "spec.host=node,spec.class=agent") == ["n1.node.agent", "n2.node.agent", "n3.node.agent"]
    assert names(cluster3, "--field-selector", "status.state!=Running,spec.level=Node") == []
    expect(kubectl(cluster3, "get", "actors", "--field-selector", "spec.shoe=1", ok=False), "field label not supported")
    assert names(cluster3, "--chunk-size=7") == everybody


def test_kubectl_learns_of_them_as_of_everything_else(cluster3):
    expect(kubectl(cluster3, "api-resources", "--api-group=troupe.internal", "-o", "wide"), r"^actors +troupe\.internal/v1 +false +Actor .*delete.*get.*list.*watch",
           r"^members +troupe\.internal/v1 +false +Member .*get.*list.*watch")
    expect(kubectl(cluster3, "explain", "actors.status.state"), "Running")
    expect(kubectl(cluster3, "get", "members"), r"^NAME +ROLE +ADDRESS +ALIVE +LAG +REASON +SINCE$", r"^n\d +Leader ", r"^n\d +Voter ")
    expect(kubectl(cluster3, "get", "troupe"), r"^actor.troupe.internal/n1.core", r"^member.troupe.internal/n3")
    code, page = cluster3.nodes[1].request("GET", "/openapi/v3/apis/troupe.internal/v1")
    assert code == 200 and "internal.troupe.v1.Actor" in page["components"]["schemas"], code
    for verb in ("list", "delete"):
        done = cluster3.kubectl("auth", "can-i", verb, "actors.troupe.internal", "--as=eve", "--as-group=viewers", ok=None)
        assert done.stdout.strip() == "no", done.stdout
    kubectl(cluster3, "create", "clusterrolebinding", "viewers", "--clusterrole=view", "--group=viewers")
    for verb, right in (("list", "yes"), ("watch", "yes"), ("delete", "no")):
        until(lambda: cluster3.kubectl("auth", "can-i", verb, "actors.troupe.internal", "--as=eve", "--as-group=viewers", ok=None).stdout.strip() == right, 10,
              "whoever may view: %s is %s" % (verb, right))
    until(lambda: cluster3.kubectl("auth", "can-i", "get", "/ui/", "--as=eve", "--as-group=viewers", ok=None).stdout.strip() == "yes", 10, "and the page, too")
    expect(kubectl(cluster3, "delete", "actor", "n1.core.mark", "--as=eve", "--as-group=viewers", ok=False), "forbidden")


def test_a_delete_starts_an_actor_again_and_says_so(cluster3):
    leader = cluster3.leader().name
    name = leader + ".control.leader.controllers.job"
    before = actor(cluster3, name)
    done = cluster3.kubectl("delete", "actor", name, seconds=30)
    expect(done.stdout, 'actor.troupe.internal "%s" deleted' % re.escape(name))
    expect(done.stderr, "Warning: %s was killed, and its supervisor starts it again" % re.escape(name))
    after = until(lambda: (lambda now: now if now["status"]["state"] == "Running" else None)(actor(cluster3, name)), 10, "it runs again")
    assert after["metadata"]["uid"] != before["metadata"]["uid"] and after["status"]["restarts"] == before["status"].get("restarts", 0) + 1, after
    assert after["status"]["lastReason"] == "killed", after
    code, _ = cluster3.nodes[0].request("DELETE", "%s/%s?dryRun=All" % (ACTORS, name))
    assert code == 200, code
    assert actor(cluster3, name)["metadata"]["uid"] == after["metadata"]["uid"]


def test_nodes_and_hosts_are_refused_with_what_to_do(cluster3):
    expect(kubectl(cluster3, "delete", "actor", "n2", ok=False), "is forbidden: a node is no actor: `troupe remove n2`")
    expect(kubectl(cluster3, "delete", "actor", "n2.core", ok=False), "is forbidden: a host is a process and no actor: `troupe kill n2/core --level host`")
    expect(kubectl(cluster3, "delete", "actor", "n2.core.nobody", ok=False), "not found")
    expect(kubectl(cluster3, "delete", "member", "n2", ok=False), "MethodNotAllowed|does not allow this method")


def test_what_the_answer_passes_may_be_killed_and_comes_back(cluster3):
    for name in ("n1.core.api", "n1.core.http", "n1.core.admin", "n1.core.inspector"):
        cluster3.kubectl("delete", "actor", name, seconds=30)
        until(lambda: cluster3.kubectl("get", "actor", name, "-o", "jsonpath={.status.restarts} {.status.state}", ok=None).stdout in ("1 Running", "2 Running"), 20,
              "%s runs again" % name)


def test_a_watch_tells_of_a_restart_as_the_end_of_one_and_the_beginning_of_another(cluster3):
    name = "n3.core.mark"
    with Ended(started(cluster3, "get", "actor", name, "-w", "-o", 'jsonpath={.metadata.uid}{"\\n"}')) as lines:
        first = lines.readline().strip()
        kubectl(cluster3, "delete", "actor", name, "--wait=false")
        uids = [lines.readline().strip()]
        while uids[-1] == first:
            uids.append(lines.readline().strip())
        assert len(uids[-1]) == 36, uids


def test_one_watch_is_enough_to_draw_the_tree(cluster3):
    """What the page at /ui/ stands on: everything first, parents before children, then a mark, then changes; all with what is drawn."""
    kubectl(cluster3, "delete", "actor", "n2.core.mark")
    events = watched(cluster3, WATCH, 4)
    kinds = [event["type"] for event in events]
    end = kinds.index("BOOKMARK")
    assert set(kinds[:end]) == {"ADDED"}, kinds
    assert events[end]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true", events[end]
    seen = set()
    for event in events[:end]:
        thing = event["object"]
        assert thing["spec"]["level"] == "Node" or thing["spec"]["parent"] in seen, thing
        assert thing["status"]["state"] == "Running" and "usage" in thing, thing
        seen.add(thing["metadata"]["name"])
    assert {"n1", "n2.core", "n3.node.agent"} <= seen, seen


def test_nothing_is_written_for_it(cluster3):
    before = cluster3.nodes[0].status()["revision"]
    for _ in range(200):
        code, _ = cluster3.nodes[0].request("GET", ACTORS)
        assert code == 200, code
    # Others write now and then: nodes that say that they live.
    assert cluster3.nodes[0].status()["revision"] - before < 50, "reads of what is live have no revisions"


def test_the_page_is_one_file_that_a_browser_holds_to_itself(cluster3):
    node = cluster3.nodes[1]
    done = clusters.run(["curl", "-s", "-i", "--cacert", node.folder + "/pki/ca.crt", "--cert", node.folder + "/pki/admin.crt", "--key", node.folder + "/pki/admin.key",
                         "https://%s:%d/ui/" % (node.address, node.port)])
    head, _, page = done.stdout.partition("\n\n")
    head = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head.splitlines()[1:] if ":" in line}
    assert head["content-type"] == "text/html; charset=utf-8" and head["x-content-type-options"] == "nosniff" and head["x-frame-options"] == "DENY", head
    assert len(page.encode()) <= PAGE_BYTES_MAX, len(page)
    assert not re.search(r"https?://|//[a-z]|\bsrc=|\bhref=|@import|url\(", re.sub(r"(?m)^\s*// .*$", "", page)), "the page asks for something from elsewhere"
    assert "innerHTML" not in page, "names come from elsewhere: they are text"
    policy = {words.split()[0]: words.split()[1:] for words in head["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'none'"] and policy["connect-src"] == ["'self'"] and policy["frame-ancestors"] == ["'none'"], policy
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        inside = re.findall("<%s>(.*?)</%s>" % (element, element), page, re.S)
        assert len(inside) == 1, element
        assert policy[directive] == ["'sha256-%s'" % base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()], policy
    assert not re.search(r' style="| on\w+="', page), "the policy forbids those"


def test_the_page_is_for_those_who_may_read_its_path(cluster3):
    node = cluster3.nodes[0]
    base = "https://%s:%d" % (node.address, node.port)
    done = clusters.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", node.folder + "/pki/ca.crt", base + "/ui/"])
    assert done.stdout == "403", done.stdout
    code, _ = node.request("POST", "/ui/", "{}")
    assert code == 405, code
    code, _ = node.request("GET", "/ui")
    assert code == 301, code
    code, _ = node.request("GET", "/ui/other")
    assert code == 404, code
    kubectl(cluster3, "create", "serviceaccount", "looker")
    kubectl(cluster3, "create", "clusterrolebinding", "looker", "--clusterrole=view", "--serviceaccount=default:looker")
    code, token = node.request("POST", "/api/v1/namespaces/default/serviceaccounts/looker/token", {"spec": {}})
    bearer = "Authorization: Bearer " + token["status"]["token"]
    for path in ("/ui/", ACTORS):
        until(lambda: clusters.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", node.folder + "/pki/ca.crt", "-H", bearer, base + path]).stdout == "200",
              10, "%s for a bearer of a token" % path)


def test_the_tree_is_drawn_and_is_data(cluster3):
    node = cluster3.nodes[0]
    expect(node.troupe("tree").stdout, r"^ACTOR +STATE +RESTARTS", r"^n1 +running$", r"^├─ core +running .* pid \d+$", r"^│  ├─ store +idle +\d+ +\d+/\d+", r"^n3 +running$")
    tree = json.loads(node.troupe("tree", "-o", "json").stdout)
    assert [n["name"] for n in tree["nodes"]] == ["n1", "n2", "n3"], tree
    assert all({"path", "state", "restarts", "messages_per_second", "run_p99_ns"} <= set(row) for n in tree["nodes"] for row in n["actors"])
    with Ended(subprocess.Popen([clusters.TROUPE, "tree", "--data-dir", node.folder, "--watch", "-o", "json"], stdout=subprocess.PIPE, text=True)) as lines:
        assert [json.loads(lines.readline())["nodes"][0]["answers"] for _ in range(3)] == [True] * 3


def test_kill_has_three_levels(cluster3):
    node = cluster3.nodes[0]
    before = node.pids()["node"]
    assert "killed n1/node/agent" in node.troupe("kill", "n1/node/agent").stdout
    until(lambda: actor(cluster3, "n1.node.agent")["status"].get("lastReason") == "killed", 10, "the agent was started again")
    assert node.pids()["node"] == before
    assert "killed n2/node" in node.troupe("kill", "n2/node", "--level", "host").stdout
    until(lambda: actor(cluster3, "n2.node")["status"].get("lastReason") == "signal 9", 20, "the host says why it was started again")
    done = node.troupe("kill", "n2/node", "--level", "actor", ok=False)
    assert "kill it with --level host" in done.stderr, done.stderr
    assert "stopped n1/node/agent" in node.troupe("kill", "n1/node/agent", "--level", "stop").stdout
    until(lambda: "Silent" in kubectl(cluster3, "get", "actor", "n1.node"), 15, "a host that stands still is said to be silent")
    until(lambda: node.pids().get("node") not in (None, before), 60, "the root has noticed")
    until(lambda: actor(cluster3, "n1.node")["status"].get("lastReason") == "its loop stands still", 20, "and says why")


DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def is_noticed(node, name):
    return node.request("GET", DEPLOYMENTS + "/" + name)[1].get("status", {}).get("observedGeneration") == 1


def test_who_stands_behind_links_that_end_alone_goes_on(cluster3):
    """Watches that stood across them are lost, and who keeps them is told: else controllers see for ever what was."""
    leader = cluster3.leader()
    for number, host in enumerate(3 * ["control"] + 2 * ["core", "node"]):
        victim = "%s/%s/links" % (leader.name, host)
        until(lambda: leader.troupe("kill", victim, "--level", "actor", ok=None).returncode == 0, 20, "%s can be reached, and killed" % victim)
        name = "noticed-%d" % number
        body = {"metadata": {"name": name}, "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}}
        until(lambda: leader.request("POST", DEPLOYMENTS, body)[0] in (201, 409), 20, "%s is made" % name)
        until(lambda: is_noticed(leader, name), 20, "controllers notice %s" % name)


def blame(node, host, actor):
    """Kills a host whose black box says that this actor ran: what a bug in it would have left there (runtime/loop/blackbox.h)."""
    pid = until(lambda: node.pids().get(host), 20, "%s runs" % host)
    with open("/proc/%d/fd/4" % pid, "r+b", buffering=0) as box:
        box.seek(256)
        box.write(actor.encode().ljust(48, b"\0"))
        box.seek(16)
        box.write(struct.pack("=Ii", 1, signal.SIGSEGV))
    os.kill(pid, signal.SIGKILL)
    until(lambda: node.pids().get(host) not in (None, pid), 20, "%s runs again" % host)


def test_a_host_that_an_actor_has_of_its_own_is_shown_and_killed_as_any_other():
    with clusters.Cluster(1) as cluster:
        node = cluster.nodes[0]
        for _ in range(2):
            blame(node, "control", "job")
        until(lambda: "control+job" in node.troupe("tree").stdout, 20, "the tree shows the host")
        rows = {row["path"]: row for row in json.loads(node.troupe("tree", "-o", "json").stdout)["nodes"][0]["actors"]}
        assert any(path.startswith("control+job/") and path.endswith("/job") for path in rows), sorted(rows)
        assert not any(path.startswith("control/") and path.endswith("/job") for path in rows), sorted(rows)
        shown = kubectl(cluster, "get", "actors", "n1.control-job", "-o", "yaml")
        expect(shown, r"^  level: Host$", r"control\+job$")
        pid = rows["control+job"]["pid"]
        node.troupe("kill", "n1/control+job")
        until(lambda: {row["path"]: row for row in json.loads(node.troupe("tree", "-o", "json").stdout)["nodes"][0]["actors"]}
              ["control+job"].get("pid") not in (None, 0, pid), 30, "it runs again, in another process")


def test_a_dead_node_is_said_to_be_silent(cluster3):
    lost = next(node for node in cluster3.nodes if node.name == "n3")
    lost.kill()
    until(lambda: re.search(r"^n3 +DOES NOT ANSWER$", cluster3.nodes[0].troupe("tree").stdout, re.M), 20, "the tree says so")
    expect(kubectl(cluster3, "get", "actors", "-l", "troupe.internal/node=n3"), r"^n3 +n3 +- +Silent")
    assert names(cluster3, "-l", "troupe.internal/node=n3") == ["n3"]
    tree = json.loads(cluster3.nodes[0].troupe("tree", "-o", "json").stdout)
    assert [n["answers"] for n in tree["nodes"]] == [True, True, False], tree
    lost.start().wait_ready()
    until(lambda: "n3.core.store" in names(cluster3), 20, "it is back with its actors")


def test_actors_are_seen_without_a_quorum(cluster3):
    """Nothing of it is in the store, so it is there when the store is not."""
    others = [node for node in cluster3.nodes if node.name != "n1"]
    for node in others:
        node.kill()
    table = until(lambda: cluster3.kubectl("get", "actors", ok=None, node=cluster3.nodes[0]).stdout, 20, "actors are listed")
    expect(table, r"^n1\.core\.store .* Running", r"^n2 .* Silent")
    for node in others:
        node.start()
    for node in others:
        node.wait_ready()


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
