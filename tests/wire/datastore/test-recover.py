#!/usr/bin/env python3
"""Most of a cluster is gone for good: the survivor that has most goes on alone, and others join it."""
import os
import shutil
import signal
import sys
import time

import suite
from cluster import Cluster, Node, run, until

MAPS = "/api/v1/namespaces/default/configmaps"


def write(node, name):
    code, body = node.request("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
    assert code == 201, (code, body)
    return int(body["metadata"]["resourceVersion"])


def names(node):
    code, body = node.request("GET", MAPS)
    assert code == 200, (code, body)
    return {item["metadata"]["name"] for item in body["items"]}


def lose(node):
    """A machine that burnt down."""
    node.kill()
    shutil.rmtree(node.folder)


def test_while_a_majority_is_there_nobody_recovers():
    with Cluster(3) as cluster:
        first, second, _ = cluster.nodes
        said = first.troupe("recover", ok=False)
        assert "leads" in said.stderr and "n2" in said.stdout, (said.stdout, said.stderr)
        cluster.nodes[2].kill()
        until(lambda: first.status().get("ready", {}).get("writes"), 30, "two of three go on")
        assert "leads" in first.troupe("recover", "--yes", ok=False).stderr
        # Not even from the files of one that is stopped, for the others are asked, too.
        first.stop()
        second_says = until(lambda: "n1 " in second.troupe("recover", ok=None).stdout and "silent" in second.troupe("recover", ok=None).stdout, 30, "one is left")
        assert second_says
        said = first.troupe("recover", "--yes", ok=False)
        assert "2 of 3 voters are there" in said.stderr, (said.stdout, said.stderr)
        first.start().wait_ready(60)
        write(first, "goes-on")


def test_two_of_three_are_gone_for_good_and_the_third_goes_on():
    with Cluster(3) as cluster:
        first, second, third = cluster.nodes
        for i in range(30):
            newest = write(cluster.nodes[i % 3], "kept-%d" % i)
        kept = {"kept-%d" % i for i in range(30)}
        until(lambda: kept <= names(first), 20, "all is everywhere")
        old = first.status()["cluster"]
        third_folder = third.folder + ".aside"
        lose(second)
        third.kill()
        os.rename(third.folder, third_folder)
        # What would be lost, and nothing is changed.
        said = until(lambda: (lambda done: done.stdout if done.returncode == 0 else None)(first.troupe("recover", ok=None)), 30, "nobody leads")
        assert "Nothing was changed" in said and "LOST would be" in said and said.count("silent") >= 2, said
        assert "stop n1 first" in first.troupe("recover", "--yes", ok=False).stderr
        first.stop()
        assert "stopped" in first.troupe("recover").stdout
        said = first.troupe("recover", "--yes").stdout
        assert "is a cluster of one" in said, said
        assert "1 of 1 voters" in first.troupe("recover", "--yes", ok=False).stderr
        first.start().wait_ready(60)
        assert kept <= names(first)
        assert write(first, "after") > newest + 1000000
        assert first.status()["cluster"] != old
        assert [m["name"] for m in first.status()["members"]] == ["n1"]
        # A member of the old cluster that comes back as it was is not heard.
        os.rename(third_folder, third.folder)
        third.start()
        time.sleep(3)
        assert [m["name"] for m in first.status()["members"]] == ["n1"]
        write(first, "after-it")
        third.kill()
        # Fresh ones join, one of them under an old name at its old place.
        shutil.rmtree(third.folder)
        third.start("--join", first.troupe("token", "create").stdout.strip())
        third.wait_ready(60)
        fresh = Node("n4", cluster.folder)
        cluster.nodes.append(fresh.start("--join", first.troupe("token", "create").stdout.strip()))
        fresh.wait_ready(60)
        until(lambda: sum(m["role"] == "voter" and m["alive"] for m in first.status().get("members", [])) == 3, 60, "three voters again")
        first.kill()
        until(lambda: fresh.status().get("ready", {}).get("writes"), 30, "the other two go on")
        write(fresh, "after-all")
        assert kept | {"after", "after-it", "after-all"} <= names(third)


def test_those_that_answer_join_the_recovered_one_by_themselves():
    with Cluster(4) as cluster:
        for i in range(20):
            write(cluster.nodes[0], "kept-%d" % i)
        kept = {"kept-%d" % i for i in range(20)}
        until(lambda: all(kept <= names(node) for node in cluster.nodes), 20, "all is everywhere")
        roles = {m["name"]: m["role"] for m in cluster.nodes[0].status()["members"]}
        standby = next(node for node in cluster.nodes if roles[node.name] == "standby")
        voters = [node for node in cluster.nodes if node is not standby]
        survivor = voters[0]
        cores = [node.pids()["core"] for node in voters[1:]]
        for pid in [node.process.pid for node in voters[1:]]:
            os.kill(pid, signal.SIGSTOP)  # it starts nobody again
        for pid in cores:
            os.kill(pid, signal.SIGKILL)  # both at once: nobody takes their votes
        for node in voters[1:]:
            lose(node)
        until(lambda: survivor.troupe("recover", ok=None).returncode == 0, 30, "nobody leads")
        survivor.stop()
        said = survivor.troupe("recover", "--yes").stdout
        assert "%s was told, and joins it by itself" % standby.name in said, said
        survivor.start().wait_ready(60)
        members = until(lambda: (lambda all: all if len(all) == 2 and all[1]["alive"] and all[0]["alive"] else None)(
            survivor.status().get("members", [])), 60, "it has joined")
        assert {m["name"] for m in members} == {survivor.name, standby.name}, members
        standby.wait_ready(60)
        assert standby.status()["cluster"] == survivor.status()["cluster"]
        write(standby, "after")
        until(lambda: kept | {"after"} <= names(standby), 20, "it has everything")
        assert os.path.exists(standby.folder + "/store.before-recovery/table.db")
        # Its pods' node and its controllers are of the new cluster, too: each host has begun anew.
        assert set(standby.pids()) == {"core", "control", "node"}
        # And nobody who follows somebody is ever taken along.
        key = ["--cacert", survivor.folder + "/pki/ca.crt", "--cert", survivor.folder + "/pki/admin.crt", "--key", survivor.folder + "/pki/admin.key"]
        url = "https://%s:6443/troupe/recovery/rejoin" % standby.address
        lines = "from %s\nto 0123456789abcdef\npeer n9@127.0.0.1:6444\n" % survivor.status()["cluster"]
        done = run(["curl", "-s", *key, "--data-binary", lines, url])
        assert "follows somebody" in done.stdout, done.stdout
        assert "not the lines" in run(["curl", "-s", *key, "--data-binary", "to x\n", url]).stdout
        assert "nothing here" in run(["curl", "-s", key[0], key[1], "--data-binary", lines, url]).stdout


def test_a_witness_has_a_vote_though_nobody_can_ask_it():
    with Cluster(2) as cluster:
        first, second = cluster.nodes
        cluster.add("w", "--role", "witness", "--join", cluster.token("--role", "witness"))
        until(lambda: sum(m["role"] == "witness" or m["role"] == "voter" for m in first.status().get("members", [])) == 3, 60, "three votes")
        # Who has neither data nor an API tells of the cluster all the same, and its exit code is the cluster's.
        until(lambda: "reads ok, writes ok" in cluster.nodes[-1].troupe("status", ok=None).stdout, 30, "the witness says how the cluster is")
        cluster.nodes[-1].troupe("status", "--wait-ready", "--timeout", "30s")
        # It has one process, and nobody misses others.
        until(lambda: first.status()["actors"]["failed"] == 0, 30, "no host of the witness is missed")
        assert "DOES NOT ANSWER" not in first.troupe("tree").stdout
        write(first, "kept")
        lose(second)
        until(lambda: first.status().get("ready", {}).get("writes"), 30, "one and the witness go on")
        first.stop()
        said = first.troupe("recover", "--yes", ok=False)
        assert "2 of 3 voters are there" in said.stderr and "cannot be asked" in said.stdout, (said.stdout, said.stderr)
        lose(cluster.nodes[2])
        assert "is a cluster of one" in first.troupe("recover", "--yes", "--witness-gone").stdout
        first.start().wait_ready(60)
        assert "kept" in names(first)
        write(first, "after")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
