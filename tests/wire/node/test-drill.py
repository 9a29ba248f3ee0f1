#!/usr/bin/env python3
"""troupe drill: what it proves, what it refuses, and that nothing of it is left behind."""
import json
import os
import signal
import subprocess
import sys

import cluster as clusters
import suite
from cluster import Failed, run, until
from wild import PLANS, Wild

NAMESPACE = "/api/v1/namespaces/troupe-drill"


def drill(node, what, *words, code=0):
    """What it prints; the exit code must be this one."""
    done = node.troupe("drill", what, *words, ok=None, seconds=180)
    if done.returncode != code:
        raise Failed("drill %s ended with %d\n%s%s" % (what, done.returncode, done.stdout, done.stderr))
    return done.stdout if code == 0 else done.stderr


def left_nothing(cluster):
    code, _ = cluster.living()[0].request("GET", NAMESPACE)
    return code == 404


def highly_available(cluster):
    until(lambda: cluster.nodes[0].status().get("tolerance") == 1, 30, "one of three may be lost")


def holds(cluster, what, node):
    highly_available(cluster)
    leader = cluster.leader()
    found = json.loads(drill(node, what, "-o", "json"))
    assert found["holds"] and found["lost_writes"] == 0 and found["acknowledged_writes"] > 0, found
    assert found["drill"] == what and found["leader"]["before"] == leader.name, found
    for key in ("writes_ms", "reads_ms", "controllers_ms", "restored_ms"):
        assert 0 <= found[key] < 20000, found
    assert left_nothing(cluster), found
    status = cluster.nodes[0].status()
    assert status["tolerance"] == 1 and status["ready"] == {"reads": True, "writes": True}, status
    return found, leader


def test_a_node_alone_is_refused_before_anything_is_touched(cluster):
    node = cluster.nodes[0]
    pids = node.pids()
    for what in ("leader", "voter", "controllers"):
        words = drill(node, what, code=1).strip().splitlines()
        assert len(words) == 1 and "not highly available" in words[0], words
    assert node.pids() == pids and left_nothing(cluster)


def test_what_it_does_not_know_is_wrong_usage(cluster):
    words = drill(cluster.nodes[0], "everything", code=2)
    assert "leader, voter or controllers" in words, words


def test_where_no_node_runs_it_says_so(cluster):
    done = run([clusters.TROUPE, "drill", "leader", "--data-dir", cluster.folder + "/nobody"], ok=False)
    assert done.returncode == 1 and "no node runs" in done.stderr, done


def test_the_leader_is_lost_and_another_leads(cluster3):
    found, leader = holds(cluster3, "leader", cluster3.nodes[0])
    assert found["node"] == leader.name and found["host"] == "core", found


def test_it_can_be_asked_of_every_node_also_of_the_one_that_is_killed(cluster3):
    leader = cluster3.leader()
    holds(cluster3, "leader", leader)
    holds(cluster3, "leader", next(node for node in cluster3.nodes if node is not cluster3.leader()))


def test_a_voter_is_lost_and_the_leader_stays(cluster3):
    found, leader = holds(cluster3, "voter", cluster3.nodes[0])
    assert found["node"] != leader.name and found["host"] == "core", found
    assert found["leader"]["after"] == leader.name, found


def test_the_controllers_are_lost_and_come_back(cluster3):
    found, leader = holds(cluster3, "controllers", cluster3.nodes[1])
    assert found["node"] == leader.name and found["host"] == "control", found


def test_a_person_gets_one_line(cluster3):
    highly_available(cluster3)
    words = drill(cluster3.nodes[0], "voter").strip().splitlines()
    assert len(words) == 1 and words[0].startswith("drill voter: killed n") and words[0].endswith(", 0 lost"), words


def begun(cluster):
    """A drill that has made its namespace."""
    highly_available(cluster)
    process = subprocess.Popen([*clusters.BOUND, clusters.TROUPE, "drill", "leader", "--data-dir", cluster.nodes[0].folder],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: not left_nothing(cluster), 20, "the drill has begun")
    return process


def test_interrupted_it_leaves_nothing_behind(cluster3):
    process = begun(cluster3)
    os.kill(process.pid, signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 1 and "interrupted" in words, (process.returncode, words)
    assert left_nothing(cluster3)


def test_two_do_not_run_at_once(cluster3):
    process = begun(cluster3)
    words = drill(cluster3.nodes[1], "voter", code=1)
    assert "another drill" in words or "refused" in words, words
    process.communicate(timeout=120)
    assert process.returncode == 0, process.returncode
    assert left_nothing(cluster3)


def test_a_node_that_is_just_coming_back_is_asked_again(cluster3):
    highly_available(cluster3)
    cluster3.nodes[1].kill_host("core")
    done = cluster3.nodes[1].troupe("drill", "voter", ok=None, seconds=180)
    assert done.returncode == 0 or "refused" in done.stderr, done.stderr


def test_a_cluster_that_has_lost_a_voter_is_refused(cluster3):
    highly_available(cluster3)
    lost = next(node for node in cluster3.nodes[1:] if node is not cluster3.leader())
    lost.kill()
    until(lambda: cluster3.nodes[0].status().get("tolerance") == 0, 30, "no more may be lost")
    words = drill(cluster3.nodes[0], "leader", code=1).strip().splitlines()
    assert len(words) == 1 and "refused" in words[0], words
    assert left_nothing(cluster3)


def test_a_disk_is_not_what_controllers_have(cluster):
    words = drill(cluster.nodes[0], "controllers", "--fault", "slow-fsync", code=2)
    assert "disk" in words and "leader and voter" in words, words
    words = drill(cluster.nodes[0], "leader", "--fault", "flood", code=2)
    assert "slow-fsync" in words, words
    words = drill(cluster.nodes[0], "leader", "--fault", "pause", "--for", "1h", code=2)
    assert "600s" in words, words


def test_nodes_without_chaos_refuse_a_fault_and_say_why(cluster3):
    highly_available(cluster3)
    words = drill(cluster3.nodes[0], "voter", "--fault", "slow-fsync", code=1)
    assert "refused" in words and "--chaos" in words, words
    assert left_nothing(cluster3) and cluster3.nodes[0].request("GET", PLANS)[1]["items"] == []


def test_any_fault_of_a_plan_is_one_line():
    with Wild(3) as cluster:
        for what, fault, target in (("voter", "slow-fsync", "{node}"), ("leader", "pause", "{node}.core"), ("controllers", "drop", "{node}.control.to.core"),
                                    ("leader", "partition", "{node}"), ("voter", "corrupt-segment", "{node}")):
            highly_available(cluster)
            found = json.loads(drill(cluster.nodes[0], what, "--fault", fault, "--for", "2s", "-o", "json"))
            assert found["holds"] and found["lost_writes"] == 0 and found["acknowledged_writes"] > 0, found
            assert (found["drill"], found["fault"], found["fault_seconds"]) == (what, fault, 2), found
            assert found["target"] == target.format(node=found["node"]), found
            assert (found["node"] == found["leader"]["before"]) == (what != "voter"), found
            assert found["struck"] > 0 or fault != "slow-fsync", found
            assert left_nothing(cluster) and cluster.living()[0].request("GET", PLANS)[1]["items"] == [], found
        highly_available(cluster)
        words = drill(cluster.nodes[0], "voter", "--fault", "delay", "--for", "2s").strip().splitlines()
        assert len(words) == 1 and words[0].startswith("drill voter: delay of n") and words[0].endswith(", 0 lost"), words


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
