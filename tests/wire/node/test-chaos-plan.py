#!/usr/bin/env python3
"""ChaosPlans: faults that a cluster does to itself, on nodes that were started with --chaos, and only on those."""
import json
import sys

import suite
from cluster import until
from wild import PLANS, Wild, condition, ended, make, outages, status, well

def test_a_node_without_chaos_refuses_and_says_why(cluster):
    node = cluster.nodes[0]
    pids = node.pids()
    make(node, "refused", "Kill", "Host", names=["n1.node"])
    found = ended(cluster, "refused", "Refused")
    assert condition(found, "Enabled")["reason"] == "ChaosNotEnabled" and "--chaos" in condition(found, "Enabled")["message"], found
    assert not found.get("injected") and node.pids() == pids, found


def test_what_a_fault_does_not_have_is_refused_with_words(cluster):
    code, found = cluster.nodes[0].request("POST", PLANS, {"metadata": {"name": "disk"}, "spec": {"fault": "FullDisk", "target": {"level": "Link"}}})
    assert code == 422 and "FullDisk takes Disk" in found["message"] and found["details"]["causes"][0]["field"] == "spec.target.level", found


def test_kubectl_knows_it(cluster):
    node = cluster.nodes[0]
    make(node, "shown", "Kill", "Host", names=["nobody"])
    shown = cluster.kubectl("get", "chaosplans.troupe.internal", "shown").stdout.split()
    assert shown[:8] == ["NAME", "FAULT", "TARGET", "EVERY", "PHASE", "INJECTED", "SPARED", "LAST"], shown
    assert "neverBelowQuorum" in cluster.kubectl("explain", "chaosplan.spec").stdout
    found = until(lambda: condition(status(cluster, "shown"), "Safe").get("reason") == "NoTarget" and status(cluster, "shown"), 20, "nobody is meant")
    assert found["phase"] == "Running", found
    assert node.request("DELETE", PLANS + "/shown")[0] == 200


def test_an_actor_is_killed_once_by_its_labels():
    with Wild(1) as cluster:
        node = cluster.nodes[0]
        make(node, "mark", "Kill", "Actor", selector={"matchLabels": {"troupe.internal/class": "control-plane-mark"}})
        found = ended(cluster, "mark")
        assert found["injected"] == [{"fault": "Kill", "count": 1}] and found["lastInjection"]["target"] == "n1.core.mark", found
        tree = json.loads(node.troupe("tree", "-o", "json").stdout)
        actor = next(a for a in tree["nodes"][0]["actors"] if a["path"] == "core/mark")
        assert actor["restarts"] == 1 and actor["state"] != "ended", actor
        # The only one that keeps the data is spared, and what goes on is the cluster.
        make(node, "spared", "Kill", "Host", names=["*.core"], everySeconds=1, durationSeconds=4)
        found = ended(cluster, "spared")
        assert found["spared"] >= 1 and not found.get("injected"), found
        assert condition(found, "Safe")["reason"] == "BelowQuorum", found


def test_each_of_several_plans_gets_its_turn():
    with Wild(1) as cluster:
        names = ["a", "b", "c", "d"]
        for name in names:
            make(cluster.nodes[0], name, "Kill", "Actor", names=["n1.core.mark"], everySeconds=1, durationSeconds=16)
        counts = [ended(cluster, name)["injected"][0]["count"] for name in names]
        assert min(counts) >= 1 and max(counts) - min(counts) <= 2, counts  # how many there are in all is for the machine to say


def test_processes_are_killed_again_and_again_and_the_leader_too():
    with Wild(3) as cluster:
        well(cluster)
        made = make(cluster.nodes[0], "hosts", "Kill", "Host", names=["n?.core"], everySeconds=2, durationSeconds=15)
        assert made["spec"]["neverBelowQuorum"] is True and made["spec"]["faultSeconds"] == 1, made
        found = ended(cluster, "hosts", seconds=90)
        assert found["injected"][0]["count"] >= 2, found
        seen = outages(found)
        assert 0 <= seen["Writes"]["worstMilliseconds"] <= seen["Writes"]["totalMilliseconds"] and "Reads" in seen, found
        assert condition(found, "Enabled")["status"] == "True" and condition(found, "Complete")["status"] == "True", found
        well(cluster)
        # A process that stands still for a while: the leader's.
        leader = cluster.leader().name
        make(cluster.nodes[0], "pause", "Pause", "Host", names=[leader + ".core"], faultSeconds=2)
        found = ended(cluster, "pause")
        assert found["injected"][0]["count"] == 1 and outages(found)["Writes"]["worstMilliseconds"] < 20000, found
        well(cluster)
        # A node that is kept from the others for a while, and comes back.
        leader = cluster.leader().name
        make(cluster.nodes[0], "apart", "Partition", "Node", names=[leader], faultSeconds=4)
        until(lambda: any(n.status().get("leader") not in (None, leader) for n in cluster.nodes if n.name != leader), 30, "another one leads")
        ended(cluster, "apart", seconds=90)
        well(cluster)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
