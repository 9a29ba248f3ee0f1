#!/usr/bin/env python3
"""Each fault of a disk, a clock or a link really happens, ends by itself, and loses no acknowledged write."""
import datetime
import os
import re
import sys

import suite
from cluster import until
from wild import PLANS, Promises, Wild, condition, ended, make, outages, well

MAPS = "/api/v1/namespaces/default/configmaps"


def log_of(node):
    with open(node.log, encoding="utf-8", errors="replace") as log:
        return log.read()


def overs(node, kind):
    """How often such a fault struck each time, as the host that was hurt says at its end."""
    return [int(n) for n in re.findall(r"fault: over kind=%s struck=(\d+)" % kind, log_of(node))]


def hurt(cluster, name, kind, fault, level, names, seconds=3, **more):
    """One fault, until its plan is done: its status. It struck, and whoever was hurt has said that it is over. Links are those on which
    the leader sends: between others there may be nothing to hurt."""
    make(cluster.nodes[0], name, fault, level, names=names, faultSeconds=seconds, **more)
    found = ended(cluster, name, seconds=90)
    assert found["injected"][0]["count"] == 1, found
    until(lambda: sum(sum(overs(node, kind)) for node in cluster.nodes) > 0, 20, "%s has struck and is over" % fault)
    return found


def test_links_disks_and_clocks_are_hurt_and_nothing_is_lost():
    with Wild(3) as cluster:
        well(cluster)
        with Promises(cluster):
            found = hurt(cluster, "drop", "drop", "Drop", "Link", [cluster.leader().name + ".to.n?"], perMillion=50000)
            assert set(outages(found)) == {"Writes", "Reads", "Controllers"}, found
            well(cluster)
            found = hurt(cluster, "delay", "delay", "Delay", "Link", [cluster.leader().name + ".to.n?"], delayMilliseconds=30)
            assert found["injected"][0]["struck"] > 0, found
            well(cluster)
            hurt(cluster, "twice", "duplicate", "Duplicate", "Link", [cluster.leader().name + ".to.n?"], perMillion=50000)
            well(cluster)
            leader = cluster.leader().name
            found = hurt(cluster, "slow", "slow-disk", "SlowFsync", "Disk", [leader], delayMilliseconds=150)
            assert found["injected"][0].get("struck", 0) > 0 or cluster.leader().name != leader, found
            well(cluster)
            hurt(cluster, "skew", "skew", "ClockSkew", "Node", [cluster.leader().name], skewMilliseconds=-3600000)
            well(cluster)
            # Within a node, too: who controls, and who keeps.
            hurt(cluster, "inside", "drop", "Drop", "Link", [cluster.leader().name + ".core.to.control"], perMillion=100000)
            well(cluster)


def test_a_leader_whose_disk_stays_full_hands_over_and_nothing_is_lost():
    with Wild(3) as cluster:
        well(cluster)
        leader = cluster.leader()
        other = next(node for node in cluster.nodes if node is not leader)
        make(other, "full", "FullDisk", "Disk", names=[leader.name], faultSeconds=300)
        until(lambda: "fault: begins, as asked kind=full-disk" in log_of(leader), 20, "the disk is full")
        promised, told = [], {}

        def write():
            """A megabyte, so that the log wants room: true when another one leads."""
            name = "big-%d" % len(promised)
            code, answer = other.request("POST", MAPS, {"metadata": {"name": name}, "data": {"a": "x" * 1000000}})
            told.setdefault(code, answer)
            if code == 201:
                promised.append(name)
            return other.status().get("leader") not in (None, leader.name)

        until(write, 60, "another one leads")
        until(lambda: write() and len(promised) > 20, 60, "writes go on")
        # Who leads without room says so, and that it passes; a write that was not answered in time may have happened.
        assert set(told) <= {201, 409, 503, 504}, told
        assert other.request("DELETE", PLANS + "/full")[0] == 200
        well(cluster)
        for node in cluster.nodes:
            lost = [name for name in promised if node.request("GET", MAPS + "/" + name)[0] != 200]
            assert not lost, (node.name, lost)


def stamp(node, name):
    """How far ahead of ours the clock of who made an object is, in seconds."""
    code, made = node.request("POST", MAPS, {"metadata": {"name": name}})
    assert code == 201, (code, made)
    then = datetime.datetime.strptime(made["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    return (then - datetime.datetime.utcnow()).total_seconds()


def test_a_fault_is_forgotten_with_its_process_and_with_its_plan():
    with Wild(1) as cluster:
        node = cluster.nodes[0]
        assert abs(stamp(node, "before")) < 60
        make(node, "skew", "ClockSkew", "Host", names=["n1.core"], faultSeconds=300, skewMilliseconds=7200000, neverBelowQuorum=False)
        until(lambda: "fault: begins, as asked kind=skew" in log_of(node), 20, "the clock is set wrong")
        assert 7000 < stamp(node, "during") < 7300
        node.kill_host("core")
        until(lambda: node.is_ready(), 30, "the next life")
        assert abs(stamp(node, "after")) < 60
        assert node.request("DELETE", PLANS + "/skew")[0] == 200
        make(node, "slow", "SlowFsync", "Disk", names=["n1"], faultSeconds=300, delayMilliseconds=50, neverBelowQuorum=False)
        until(lambda: "fault: begins, as asked kind=slow-disk" in log_of(node), 30, "the disk is slow")
        assert node.request("DELETE", PLANS + "/slow")[0] == 200
        until(lambda: "fault: taken back kind=slow-disk" in log_of(node), 20, "it is taken back")
        # What controllers were measured by goes with the plan.
        until(lambda: not node.request("GET", "/apis/apps/v1/namespaces/kube-system/deployments")[1]["items"] or None, 60, "no Deployment is left")


def test_a_corrupt_segment_comes_back_from_the_others_and_is_refused_where_there_are_none():
    with Wild(3) as cluster:
        well(cluster)
        with Promises(cluster):
            for name in ("n2", cluster.leader().name):
                make(cluster.nodes[0] if name != "n1" else cluster.nodes[1], "corrupt-" + name, "CorruptSegment", "Disk", names=[name])
                found = ended(cluster, "corrupt-" + name, seconds=120)
                assert found["injected"][0]["count"] == 1 and found["lastInjection"]["target"] == name, found
                node = next(n for n in cluster.nodes if n.name == name)
                until(lambda: os.path.exists(node.folder + "/store.damaged"), 30, "what is damaged is set aside")
                cluster.wait_voters(3, 60)
                well(cluster)
    with Wild(1) as cluster:
        make(cluster.nodes[0], "alone", "CorruptSegment", "Disk", everySeconds=1, durationSeconds=3)
        found = ended(cluster, "alone")
        assert found["spared"] >= 1 and not found.get("injected") and condition(found, "Safe")["reason"] == "BelowQuorum", found


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
