#!/usr/bin/env python3
"""What controllers and scheduler count, under upstream's names, behind the API server's own lines at /metrics."""
import re
import sys

import suite
from cluster import Cluster, until


def page(node):
    code, text = node.request("GET", "/metrics")
    assert code == 200, text
    return text


def value(text, series, **labels):
    """Of the first line with these labels; None: there is none."""
    for line in text.splitlines():
        found = re.match(r"%s(?:\{(.*)\})? (\S+)$" % re.escape(series), line)
        if found and all('%s="%s"' % pair in (found.group(1) or "") for pair in labels.items()):
            return float(found.group(2))
    return None


def deployment(name, replicas, image="i", **pod):
    return {"metadata": {"name": name}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"a": name}}, "template": {
        "metadata": {"labels": {"a": name}}, "spec": {"containers": [{"name": "c", "image": image}], **pod}}}}


def test_work_of_controllers_and_of_the_scheduler_is_counted():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        until(lambda: value(page(node), "leader_election_master_status", name="kube-scheduler") == 1, 30, "it leads")
        code, made = node.request("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("web", 3))
        assert code == 201, made
        code, made = node.request("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("stuck", 1, nodeSelector={"no": "where"}))
        assert code == 201, made
        until(lambda: (value(page(node), "scheduler_schedule_attempts_total", result="scheduled") or 0) >= 3, 60, "three pods have a node")
        until(lambda: value(page(node), "scheduler_pending_pods", queue="unschedulable") == 1, 60, "one waits")
        text = page(node)
        assert value(text, "leader_election_master_status", name="kube-controller-manager") == 1
        assert value(text, "workqueue_adds_total", name="deployment") >= 2
        assert value(text, "workqueue_depth", name="deployment") is not None
        assert value(text, "workqueue_work_duration_seconds_count", name="deployment") >= 2
        assert value(text, "workqueue_queue_duration_seconds_count", name="deployment") >= 2
        assert value(text, "workqueue_unfinished_work_seconds", name="deployment") is not None
        assert value(text, "rest_client_requests_total", code="201", method="POST") >= 2
        assert value(text, "scheduler_schedule_attempts_total", result="unschedulable") >= 1
        assert value(text, "scheduler_scheduling_attempt_duration_seconds_count", result="scheduled") >= 3
        assert value(text, "scheduler_pod_scheduling_sli_duration_seconds_count") >= 1, "whichever try it was"
        assert value(text, "apiserver_request_total") is not None, "our own lines are there too"
        heads = re.findall(r"^# TYPE (\S+)", text, re.M)
        assert len(heads) == len(set(heads)), "no name is told of twice: %s" % {name for name in heads if heads.count(name) > 1}


def test_while_the_controllers_are_away_the_rest_is_told():
    with Cluster(1, ("--controllers", "none")) as cluster:
        node = cluster.nodes[0]
        until(lambda: value(page(node), "leader_election_master_status", name="kube-scheduler") == 1, 30, "the host is there")
        node.kill_host("control")
        assert value(page(node), "apiserver_request_total") is not None
        until(lambda: value(page(node), "leader_election_master_status", name="kube-scheduler") == 1, 60, "it is there again")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
