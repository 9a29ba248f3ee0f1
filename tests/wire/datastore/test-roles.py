#!/usr/bin/env python3
"""Voter roles that move by themselves: who is killed is replaced, what may stop is foretold, members are watched.

ROLES_ROUNDS in the environment: how often a voter is killed in each cluster (1)."""
import json
import os
import shutil
import sys

import suite
from cluster import Cluster, Node, until
from kube import ended, expect, kubectl, lines_until, started
from losing import Rounds, add_witness, hand_over, kill_voters_in, lose_each, members, restart_all, roles, voter_beside_leader, wait_whole

ROUNDS = int(os.environ.get("ROLES_ROUNDS", "1"))


def test_of_four_nodes_one_that_is_killed_is_replaced():
    kill_voters_in(4, 3, Rounds(ROUNDS))


def test_of_five_nodes_one_that_is_killed_is_replaced():
    kill_voters_in(5, 3, Rounds(ROUNDS))


def test_of_seven_nodes_five_vote_and_one_that_is_killed_is_replaced():
    kill_voters_in(7, 5, Rounds(ROUNDS))


def test_who_is_stopped_hands_over_its_vote_and_its_lead_first():
    with Cluster(4) as cluster:
        wait_whole(cluster, 3, 1)
        leader = cluster.leader()
        assert leader.stop() == 0
        other = cluster.living()[0]
        until(lambda: other.status().get("tolerance") == 1, 20, "what may fail is as before")
        seen = {m["name"]: m for m in members(cluster.leader())}
        assert seen[leader.name]["role"] == "standby" and "stops for a while" in seen[leader.name]["reason"], seen  # and not that it is dead
        leader.start().wait_ready()
        wait_whole(cluster, 3, 1, 25)  # it is trusted at once: who was dead would have to stay half a minute


def forecast(cluster):
    found = json.loads(kubectl(cluster, "get", "forecasts", "-o", "json"))
    return {item["metadata"]["name"]: item["status"] for item in found["items"]}


def test_what_may_stop_is_foretold(cluster3):
    seen = forecast(cluster3)
    assert sorted(seen) == ["n1", "n2", "n3"] and all(f["mayStop"] for f in seen.values()), seen
    expect(kubectl(cluster3, "get", "forecasts"), r"^NAME +MAY STOP +REASON$", r"^n\d +true +2 of 3 voters would be left, 2 are needed")
    leader, lost = cluster3.leader(), voter_beside_leader(cluster3)
    other = next(node for node in cluster3.nodes if node not in (leader, lost))
    expect(leader.troupe("status").stdout, r"^may stop  n\d.*hands over first", r"^members ")
    lost.kill()
    until(lambda: forecast(cluster3)[other.name]["mayStop"] is False, 20, "nobody else may stop")
    seen = forecast(cluster3)
    assert seen[lost.name] == {"mayStop": True, "reason": "it is down"}, seen
    assert seen[other.name]["reason"] == "1 of 3 voters would be left, 2 are needed", seen
    expect(leader.troupe("status", ok=None).stdout, r"not .*\b%s\b.*, because 1 of 3 voters would be left" % other.name)


def test_members_are_watched_with_the_reason_of_each_role():
    with Cluster(4) as cluster:
        wait_whole(cluster, 3, 1)
        leader, lost = cluster.leader(), voter_beside_leader(cluster)
        standby = next(m["name"] for m in members(leader) if m["role"] == "standby")
        child = started(cluster, "get", "members", "-w", node=leader)
        try:
            lines_until(child, r"^%s +Standby " % standby)
            lost.kill()
            lines_until(child, r"^%s +Voter .* a voter is dead, another can vote" % standby)
            expect(kubectl(cluster, "get", "members"), r"^%s +Standby .* a voter is dead, another votes in its place" % lost.name)
        finally:
            ended(child)


def test_a_failure_domain_without_a_voter_gets_one():
    with Cluster(4) as cluster:
        wait_whole(cluster, 3, 1)
        leader = cluster.leader()
        standby = next(m["name"] for m in members(leader) if m["role"] == "standby")
        others = [node.name for node in cluster.nodes if node.name != standby]
        for name, zone in zip([*others, standby], ("east", "west", "west", "north")):
            kubectl(cluster, "label", "node", name, "topology.kubernetes.io/zone=" + zone)
        until(lambda: {m["name"]: m["domain"] for m in members(cluster.leader())}.get(standby) == "north", 20, "the members know the zones")
        until(lambda: roles(cluster.leader()).get(standby) == "voter", 20, "one of each zone votes")
        wait_whole(cluster, 3, 1)
        seen = {m["name"]: m for m in members(cluster.leader())}
        assert seen[standby]["reason"] == "a failure domain has no voter", seen
        assert sorted(m["domain"] for m in seen.values() if m["role"] == "voter") == ["east", "north", "west"], seen


def test_two_nodes_and_a_witness_go_on_whichever_is_lost():
    with Cluster(2) as cluster:
        witness = add_witness(cluster)
        expect(kubectl(cluster, "get", "members"), r"^w +Witness ")
        lose_each(cluster, witness, Rounds(ROUNDS))
        used = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(witness.folder + "/store") for name in names)
        print("the witness keeps %d KiB on its disk" % (used // 1024), flush=True)
        assert used < 2 << 20, used
        assert not os.path.exists(witness.folder + "/pki/ca.key"), "it is trusted with less"


def test_all_nodes_get_other_addresses_one_after_another_under_load():
    with Cluster(3) as cluster:
        restart_all(cluster, Rounds(1 + ROUNDS), moves=True)


def test_all_nodes_restart_one_after_another_under_load():
    with Cluster(3) as cluster:
        restart_all(cluster, Rounds(ROUNDS), moves=False)


def test_a_lead_is_handed_over_without_a_failed_write():
    with Cluster(3) as cluster:
        hand_over(cluster, Rounds(ROUNDS))


def test_a_copy_of_a_node_s_folder_does_not_run_beside_it():
    with Cluster(3) as cluster:
        wait_whole(cluster, 3, 0)
        node = voter_beside_leader(cluster)
        assert node.stop() == 0
        copy = Node(node.name, os.path.join(cluster.folder, "copy"))
        shutil.copytree(node.folder, copy.folder, ignore=lambda folder, _: ["run"] if folder == node.folder else [])
        node.start().wait_ready()
        before = members(cluster.leader())
        try:
            assert copy.start().process.wait(20) == 1
            expect(copy.last_words(), r"node %s runs at %s:6443, and this directory is a copy of its" % (node.name, node.address))
            assert {m["name"]: m["address"] for m in members(cluster.leader())} == {m["name"]: m["address"] for m in before}
            # The one that runs is gone: then it is that one which moved.
            assert node.stop() == 0
            copy.start().wait_ready()
            until(lambda: {m["name"]: m["address"] for m in members(cluster.leader())}[node.name] == copy.address + ":6444", 20, "all know where it is")
            wait_whole(cluster, 3, 0)
        finally:
            copy.kill()


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
