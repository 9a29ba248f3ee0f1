#!/usr/bin/env python3
"""Voter roles that move by themselves: who is killed is replaced, what may stop is foretold, members are watched.

ROLES_ROUNDS in the environment: how often a voter is killed in each cluster (1)."""
import json
import os
import sys
import time

import suite
from cluster import Cluster, until
from kube import ended, expect, kubectl, lines_until, started

ROUNDS = int(os.environ.get("ROLES_ROUNDS", "1"))


def members(node):
    return node.status().get("members", [])


def roles(node):
    return {m["name"]: m["role"] for m in members(node)}


def voter_beside_leader(cluster):
    leader = cluster.leader()
    voters = [name for name, role in roles(leader).items() if role == "voter" and name != leader.name]
    return next(node for node in cluster.living() if node.name in voters)


def is_whole(node, voters, standbys):
    status = node.status()
    seen = [m for m in status.get("members", []) if m["alive"] and not m["suspect"]]
    return (status.get("tolerance") == voters // 2 and sum(m["role"] == "voter" for m in seen) == voters
            and sum(m["role"] == "standby" for m in seen) == standbys)


def wait_whole(cluster, voters, standbys, seconds=60):
    until(lambda: is_whole(cluster.leader(), voters, standbys), seconds, "%d vote and %d stand by, all well" % (voters, standbys))


def lose_a_voter(cluster, tolerance):
    """Kills one and gives the milliseconds until it was declared dead, and from there until as much may fail as before."""
    leader, lost = cluster.leader(), voter_beside_leader(cluster)
    began = time.monotonic()
    lost.kill()
    dead = until(lambda: not next(m for m in members(leader) if m["name"] == lost.name)["alive"] and time.monotonic(), 20, "%s is declared dead" % lost.name)
    whole = until(lambda: leader.status()["tolerance"] == tolerance and time.monotonic(), 20, "%d may fail again" % tolerance)
    seen = {m["name"]: m for m in members(leader)}
    assert seen[lost.name]["role"] == "standby" and "dead" in seen[lost.name]["reason"], seen[lost.name]
    return lost, (dead - began) * 1000, (whole - dead) * 1000


def kill_voters_in(nodes, voters):
    with Cluster(nodes) as cluster:
        wait_whole(cluster, voters, nodes - voters)
        for turn in range(ROUNDS):
            if turn > 0:
                lost.start().wait_ready()
                wait_whole(cluster, voters, nodes - voters, 90)  # it has to stay half a minute to be trusted
            lost, dead_ms, whole_ms = lose_a_voter(cluster, voters // 2)
            print("%d nodes, round %d: declared dead after %.0f ms, tolerance back %.0f ms later" % (nodes, turn + 1, dead_ms, whole_ms), flush=True)


def test_of_four_nodes_one_that_is_killed_is_replaced():
    kill_voters_in(4, 3)


def test_of_five_nodes_one_that_is_killed_is_replaced():
    kill_voters_in(5, 3)


def test_of_seven_nodes_five_vote_and_one_that_is_killed_is_replaced():
    kill_voters_in(7, 5)


def test_who_is_stopped_hands_over_its_vote_and_its_lead_first():
    with Cluster(4) as cluster:
        wait_whole(cluster, 3, 1)
        leader = cluster.leader()
        assert leader.stop() == 0
        other = cluster.living()[0]
        until(lambda: other.status().get("tolerance") == 1, 1, "what may fail is as before at once")  # and not when it is declared dead
        seen = {m["name"]: m for m in members(cluster.leader())}
        assert seen[leader.name]["role"] == "standby" and "stops for a while" in seen[leader.name]["reason"], seen
        leader.start().wait_ready()
        wait_whole(cluster, 3, 1, 10)  # it is trusted at once


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
    expect(leader.troupe("status", ok=None).stdout, r"not %s, because 1 of 3 voters would be left" % other.name)


def test_members_are_watched_with_the_reason_of_each_role():
    with Cluster(4) as cluster:
        wait_whole(cluster, 3, 1)
        leader, lost = cluster.leader(), voter_beside_leader(cluster)
        standby = next(m["name"] for m in members(leader) if m["role"] == "standby")
        child = started(cluster, "get", "members", "-w", node=leader)
        try:
            lines_until(child, r"^%s +Standby " % standby)
            lost.kill()
            lines_until(child, r"^%s +Voter .* there are too few voters" % standby)
            expect(kubectl(cluster, "get", "members"), r"^%s +Standby .* a voter is dead, another can vote" % lost.name)
        finally:
            ended(child)


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
