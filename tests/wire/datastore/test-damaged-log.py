#!/usr/bin/env python3
"""A member whose log is damaged comes back from the others under a new id, and only if they do without it."""
import glob
import json
import os
import shutil
import sys
import time

import suite
from cluster import Cluster, until

FIRST_PAYLOAD = 64 + 48  # behind the headers of a segment and of its first record


def flip(node):
    """A bit of the oldest record of the newest segment: durable long ago, with intact writes behind it. Done twice it is undone."""
    path = max(glob.glob(node.folder + "/store/log/segment-*"))
    with open(path, "r+b") as file:
        file.seek(FIRST_PAYLOAD)
        byte = file.read(1)[0]
        file.seek(FIRST_PAYLOAD)
        file.write(bytes([byte ^ 1]))


def write(node, name):
    """Until it is acknowledged: nobody may lead just now."""
    until(lambda: node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}})[0] == 201, 30, "%s is written" % name)


def has(node, name):
    return node.request("GET", "/api/v1/namespaces/default/configmaps/" + name)[0] == 200


def damage(node, *words):
    node.kill()
    flip(node)
    node.start(*words)


def is_well(cluster):
    return all(n.status().get("tolerance") == 1 for n in cluster.nodes)


def test_it_comes_back_from_the_others_whoever_it_is():
    with Cluster(3) as cluster:
        until(lambda: is_well(cluster), 30, "one of three may be lost")
        # The one that made the cluster, too: it must not make another.
        for round, node in enumerate((cluster.nodes[1], cluster.nodes[0], cluster.leader())):
            write(node, "before-%d" % round)
            damage(node)
            other = next(n for n in cluster.nodes if n is not node)
            write(other, "meanwhile-%d" % round)
            until(lambda: os.path.exists(node.folder + "/store.damaged"), 30, "what is damaged is set aside")
            node.wait_ready(60)
            cluster.wait_voters(3, 60)
            until(lambda: is_well(cluster), 60, "one of three may be lost again")
            assert has(node, "before-%d" % round) and has(node, "meanwhile-%d" % round)
            names = [m["name"] for m in json.loads(other.troupe("members", "-o", "json").stdout)["members"]]
            assert sorted(names) == ["n1", "n2", "n3"], names
        for node in cluster.nodes:
            node.kill()
        for node in cluster.nodes:
            node.start()
        for node in cluster.nodes:
            node.wait_ready(60)
        assert all(has(n, "before-%d" % i) for n in cluster.nodes for i in range(3))


def test_a_folder_that_is_an_old_copy_comes_back_from_the_others():
    with Cluster(3) as cluster:
        until(lambda: is_well(cluster), 30, "one of three may be lost")
        node = next(n for n in cluster.nodes if n is not cluster.leader())
        copy = node.folder + ".copy"
        write(node, "before")
        node.kill()
        shutil.copytree(node.folder, copy, symlinks=True, ignore=lambda folder, _: ["run"] if folder == node.folder else [])
        node.start().wait_ready(60)
        until(lambda: is_well(cluster), 60, "one of three may be lost again")
        for number in range(20):
            write(node, "after-%d" % number)
        node.kill()
        shutil.rmtree(node.folder)
        os.rename(copy, node.folder)
        node.start()
        until(lambda: os.path.exists(node.folder + "/store.damaged"), 30, "what has lost acknowledged writes is set aside")
        node.wait_ready(60)
        until(lambda: is_well(cluster), 60, "one of three may be lost again")
        assert has(node, "before") and all(has(node, "after-%d" % number) for number in range(20))
        with open(node.log, encoding="utf-8") as log:
            assert "an old copy" in log.read()


def test_without_others_it_keeps_what_it_has_and_says_so():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        write(node, "kept")
        damage(node)
        until(lambda: "damaged" in node.troupe("status", ok=None).stdout, 30, "status says it")
        pids = until(lambda: len(node.pids()) == 3 and node.pids(), 20, "all three of its processes run")
        time.sleep(3)  # nothing happens: that is the point
        assert not os.path.exists(node.folder + "/store.damaged") and node.pids() == pids
        with open(node.log, encoding="utf-8") as log:
            assert "cannot return yet" in log.read()
        damage(node)
        node.wait_ready()
        assert has(node, "kept")


def test_a_majority_that_is_damaged_stays_for_recovery():
    with Cluster(3) as cluster:
        until(lambda: is_well(cluster), 30, "one of three may be lost")
        write(cluster.nodes[0], "kept")
        for node in cluster.nodes[1:]:
            node.kill()
            flip(node)
        for node in cluster.nodes[1:]:
            node.start()
        until(lambda: all("damaged" in n.troupe("status", ok=None).stdout for n in cluster.nodes[1:]), 30, "both say it")
        time.sleep(4)
        assert not any(os.path.exists(n.folder + "/store.damaged") for n in cluster.nodes)
        damage(cluster.nodes[1])  # mended: two of three are there again, and the third may return
        cluster.nodes[1].wait_ready(60)
        until(lambda: os.path.exists(cluster.nodes[2].folder + "/store.damaged"), 60, "the third returns")
        cluster.nodes[2].wait_ready(60)
        until(lambda: is_well(cluster), 60, "all is well")
        assert has(cluster.nodes[2], "kept")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
