"""troupe inspect and troupe trace: how hosts ended, and what an actor is told."""
import json
import signal
import sys
import threading
import time

import suite
from cluster import Cluster, until


def waits_for_work(pid):
    """It sleeps in a call on the descriptor of its life."""
    try:
        with open("/proc/%d/syscall" % pid) as file:
            return file.read().split()[1:2] == ["0x3"]
    except OSError:
        return False


def test_how_a_host_ended_is_read_back_with_its_stack_also_when_the_node_is_down():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        assert "no host of this node has ended" in node.troupe("inspect").stdout
        node.kill_host("control", signal.SIGABRT)
        ends = until(lambda: json.loads(node.troupe("inspect", "-o", "json").stdout)["ends"], 10, "its end was written down")
        assert (ends[0]["host"], ends[0]["how"], ends[0]["times"]) == ("control", "SIGABRT", 1), ends
        assert any(frame.startswith("loop_run+") for frame in ends[0]["stack"]), ends
        node.kill()
        text = node.troupe("inspect").stdout
        assert "host control" in text and "SIGABRT" in text and "loop_run+" in text, text


def test_a_spare_is_there_and_becomes_the_host_that_ended():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        assert node.stop() == 0 and "spare" not in node.pids(), "none unless asked for"
        node.start("--spares", "1").wait_ready()
        spare = until(lambda: node.pids().get("spare"), 10, "there is a spare")
        until(lambda: waits_for_work(spare), 10, "it is warm")
        node.kill_host("node")
        until(lambda: node.pids().get("node") == spare, 10, "the spare is the host now")
        until(lambda: node.pids().get("spare"), 10, "there is another one")


def test_the_trace_of_an_actor_shows_what_it_was_told_and_when(cluster):
    node = cluster.nodes[0]
    asking = threading.Thread(target=lambda: (time.sleep(0.3), node.troupe("status", ok=None)))
    asking.start()
    traced = json.loads(node.troupe("trace", "n1/core/admin", "--for", "2s", "-o", "json").stdout)
    asking.join()
    kinds = {(message["direction"], message["kind"]) for message in traced["messages"]}
    assert ("in", "request") in kinds or ("in", "message") in kinds, traced
    numbers = {message["number"] for message in traced["messages"]}
    children = [message for message in traced["messages"] if message["direction"] == "out" and message["parent"] in numbers]
    assert children, "what it sent came of what it got: %s" % traced
    assert all(message["fate"] in ("handled", "runs", "waits", "left") for message in traced["messages"]), traced
    assert "NUMBER" in node.troupe("trace", "n1/control/leader", "--for", "10ms").stdout


def test_a_message_from_another_host_of_the_node_shows_its_parent_there(cluster):
    node = cluster.nodes[0]
    deployment = {"metadata": {"name": "traced"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}}
    asking = threading.Thread(target=lambda: (time.sleep(0.5), node.request("POST", "/apis/apps/v1/namespaces/default/deployments", deployment)))
    asking.start()
    traced = json.loads(node.troupe("trace", "n1/core/api", "--for", "3s", "-o", "json").stdout)["messages"]
    asking.join()
    far = [message for message in traced if message["parent_host"] == "control"]
    assert far and all(message["direction"] == "in" and message["parent"] > 0 for message in far), traced
    assert any(message["type"] == "api_call" for message in far), far
    assert all(message["parent_host"] in (None, "control", "node") for message in traced), traced


def test_a_message_from_another_node_shows_its_parent_there():
    with Cluster(3) as cluster:
        leader = cluster.leader()
        follower = next(node for node in cluster.nodes if node is not leader)
        writing = threading.Thread(target=lambda: (time.sleep(0.5), follower.request("POST", "/api/v1/namespaces", {"metadata": {"name": "traced"}})))
        writing.start()
        traced = json.loads(follower.troupe("trace", follower.name + "/core/store", "--for", "2s", "-o", "json").stdout)["messages"]
        writing.join()
        far = {message["parent_host"] for message in traced if message["direction"] == "in" and message["parent"] > 0}
        assert leader.name + "/core" in far, traced
        assert leader.name + "/core" in follower.troupe("trace", follower.name + "/core/store", "--for", "2s").stdout


def test_what_cannot_be_traced_is_refused_in_one_line(cluster):
    node = cluster.nodes[0]
    for words, expected in ((("n1/core/nobody",), "no actor here"), (("n1/core",), "no actor here"), (("n9/core/api",), "no actor here"),
                            (("n1/core/api", "--for", "30s"), "at most 10 s")):
        refused = node.troupe("trace", *words, ok=False)
        assert expected in refused.stderr and refused.stderr.count("\n") == 1, refused


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
