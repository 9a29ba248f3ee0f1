#!/usr/bin/env python3
"""Voter roles that move by themselves: who is killed is replaced, what may stop is foretold, members are watched.

ROLES_ROUNDS in the environment: how often a voter is killed in each cluster (1)."""
import json
import os
import shutil
import sys
import threading
import time

import suite
from cluster import Cluster, Node, free_address, until
from kube import ended, expect, kubectl, lines_until, started

ROUNDS = int(os.environ.get("ROLES_ROUNDS", "1"))


def members(node):
    return node.status().get("members", [])


def listed(node):
    """The same without asking for anybody's actors, which takes longer when one has just gone."""
    return json.loads(node.troupe("members", "-o", "json").stdout)["members"]


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
    dead = until(lambda: not next(m for m in listed(leader) if m["name"] == lost.name)["alive"] and time.monotonic(), 20, "%s is declared dead" % lost.name)
    whole = until(lambda: leader.status()["tolerance"] == tolerance and time.monotonic(), 20, "%d may fail again" % tolerance)
    seen = {m["name"]: m for m in members(leader)}
    assert seen[lost.name]["role"] == "standby" and "another votes in its place" in seen[lost.name]["reason"], seen[lost.name]
    return lost, (dead - began) * 1000, (whole - dead) * 1000


def summed_up(what, took):
    """The middle and the worst of many, and how busy the machine is meanwhile."""
    took = sorted(took)
    return "%s %.0f ms, at worst %.0f" % (what, took[len(took) // 2], took[-1])


def load():
    return "load %.0f" % os.getloadavg()[0]


def kill_voters_in(nodes, voters):
    dead, whole = [], []
    with Cluster(nodes) as cluster:
        wait_whole(cluster, voters, nodes - voters)
        for turn in range(ROUNDS):
            if turn > 0:
                lost.start().wait_ready()
                wait_whole(cluster, voters, nodes - voters, 90)  # it has to stay half a minute to be trusted
            lost, dead_ms, whole_ms = lose_a_voter(cluster, voters // 2)
            dead.append(dead_ms)
            whole.append(whole_ms)
            print("%d nodes, round %d: declared dead after %.0f ms, tolerance back %.0f ms later (%s)" % (nodes, turn + 1, dead_ms, whole_ms, load()), flush=True)
    print("%d nodes, %d rounds: %s; %s" % (nodes, ROUNDS, summed_up("declared dead after", dead), summed_up("tolerance back after another", whole)), flush=True)


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


def writes_again(cluster, node, what):
    """The milliseconds until a write through this node is done."""
    began = time.monotonic()

    def is_written():
        try:
            return node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"generateName": "kept-"}})[0] == 201
        except OSError:
            return False
    until(is_written, 30, "writes go on without %s" % what)
    return (time.monotonic() - began) * 1000


def test_two_nodes_and_a_witness_go_on_whichever_is_lost():
    away = {"leader": [], "other": [], "witness": []}
    with Cluster(2) as cluster:
        witness = cluster.add("w", "--join", cluster.token("--role", "witness"), "--role", "witness")
        until(lambda: "is ready as a witness" in open(witness.log).read(), 30, "the witness is ready")
        nodes = cluster.nodes[:2]

        def is_well():
            status = cluster.leader().status()
            seen = {m["name"]: m for m in status["members"]}
            return status["tolerance"] == 1 and seen["w"]["role"] == "witness" and sum(m["role"] == "voter" and not m["suspect"] for m in seen.values()) == 2
        until(is_well, 30, "two nodes and a witness bear the loss of one")
        expect(kubectl(cluster, "get", "members"), r"^w +Witness ")
        for turn in range(ROUNDS):
            for which in ("leader", "other", "witness"):
                leader = cluster.leader()
                other = next(node for node in nodes if node is not leader)
                lost, through = {"leader": (leader, other), "other": (other, leader), "witness": (witness, leader)}[which]
                before = through.request("GET", "/api/v1/namespaces/default/configmaps")[1]
                lost.kill()
                away[which].append(writes_again(cluster, through, which))
                print("without the %s: writes again after %.0f ms (%s)" % (which, away[which][-1], load()), flush=True)
                after = {item["metadata"]["name"] for item in through.request("GET", "/api/v1/namespaces/default/configmaps")[1]["items"]}
                assert after > {item["metadata"]["name"] for item in before["items"]}, "something is lost"
                lost.start(*(["--role", "witness"] if lost is witness else []))
                if lost is not witness:
                    lost.wait_ready()
                until(is_well, 60, "all is as before")
        print("%d rounds: %s" % (ROUNDS, "; ".join(summed_up("without the %s writes again after" % which, took) for which, took in away.items())), flush=True)
        used = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(witness.folder + "/store") for name in names)
        print("the witness keeps %d KiB on its disk" % (used // 1024), flush=True)
        assert used < 2 << 20, used
        assert not os.path.exists(witness.folder + "/pki/ca.key"), "it is trusted with less"


class Writer:
    """Writes through one node after another, of those that it may. Told to come again (503, Retry-After) it does, as any client, but only for a second."""

    def __init__(self, cluster):
        self.cluster, self.spared, self.failed, self.done, self.again, self.is_over = cluster, None, [], 0, 0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def write(self, node):
        try:
            return node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"generateName": "load-"}})
        except OSError as why:
            return 0, str(why)

    def run(self):
        while not self.is_over:
            node = [n for n in self.cluster.nodes if n is not self.spared][self.done % (len(self.cluster.nodes) - 1)]
            end = time.monotonic() + 1
            code, found = self.write(node)
            while code == 503 and found["details"]["retryAfterSeconds"] and time.monotonic() < end:
                self.again += 1
                time.sleep(0.02)
                code, found = self.write(node)
            if code == 201:
                self.done += 1
            elif node is not self.spared:
                self.failed.append((node.name, code, found))
            time.sleep(0.01)

    def end(self):
        self.is_over = True
        self.thread.join()
        return self.done, self.failed


def test_all_nodes_get_other_addresses_one_after_another_under_load():
    with Cluster(3) as cluster:
        wait_whole(cluster, 3, 0)
        writer = Writer(cluster)
        try:
            for node in cluster.nodes * (1 + ROUNDS):
                writer.spared = node
                time.sleep(0.2)  # what it was asked is answered
                assert node.stop() == 0, node.last_words()
                node.address = free_address()
                node.start().wait_ready()
                other = next(n for n in cluster.nodes if n is not node)
                until(lambda: {m["name"]: m for m in members(other)}.get(node.name, {}).get("address") == "%s:6444" % node.address, 20,
                      "all know where %s is" % node.name)
                wait_whole(cluster, 3, 0)
        finally:
            done, failed = writer.end()
        print("%d writes, %d times told to come again" % (done, writer.again), flush=True)
        assert done > 50 and not failed, failed
        for node in cluster.nodes:
            code, found = node.request("GET", "/api/v1/namespaces/default/configmaps?limit=1")
            assert code == 200, (node.name, code, found)


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
