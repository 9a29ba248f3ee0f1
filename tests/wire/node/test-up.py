#!/usr/bin/env python3
"""Starting, joining, leaving, and everything that can be wrong with that: one clear line, exit code 1, nothing damaged."""
import fcntl
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import cluster as clusters
import suite
from cluster import Cluster, Failed, Node, Skipped, run, until


def refused(words, *expected):
    """The program ends with 1 and one line that has all these words."""
    done = run([clusters.TROUPE, *words], ok=False, seconds=30)
    lines = done.stderr.strip().splitlines()
    if done.returncode != 1 or len(lines) != 1 or not all(word in lines[0] for word in expected):
        raise Failed("%s: exit code %d, expected one line with %s:\n%s" % (" ".join(words), done.returncode, expected, done.stderr))


def up(node, *words):
    return ["up", "--name", node.name, "--listen", "%s:%d" % (node.address, node.port), "--data-dir", node.folder, *words]


def test_one_node_is_a_cluster_of_its_own(cluster):
    node = cluster.nodes[0]
    status = node.status()
    assert status["ready"] == {"reads": True, "writes": True}, status
    assert status["leader"] == "n1" and not status["ha"] and status["tolerance"] == 0, status
    assert [m["name"] for m in status["members"]] == ["n1"], status
    assert re.search(r"^n1 +Leader .* it began the cluster +\d+s$", cluster.kubectl("get", "members").stdout, re.M), cluster.kubectl("get", "members").stdout
    until(lambda: "is ready at https://%s:6443" % node.address in open(node.log).read(), 10, "it says so on one line")


def test_services_have_addresses_of_a_range_that_can_be_seen(cluster):
    node = cluster.nodes[0]
    code, found = node.request("GET", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes")
    assert code == 200 and found["spec"]["cidrs"] == ["10.96.0.0/16"], (code, found)
    code, made = node.request("POST", "/api/v1/namespaces/default/services",
                              {"metadata": {"name": "ranged"}, "spec": {"ports": [{"port": 80}]}})
    assert code == 201 and made["spec"]["clusterIP"].startswith("10.96."), (code, made)
    code, found = node.request("GET", "/apis/networking.k8s.io/v1/ipaddresses/" + made["spec"]["clusterIP"])
    assert code == 200 and found["spec"]["parentRef"]["name"] == "ranged", (code, found)


def test_three_nodes_are_highly_available_with_nothing_else_typed(cluster3):
    def seen():  # by one that has heard from all; in the moment of an election nobody has
        status = cluster3.nodes[2].status()
        return status if status["ha"] else None
    status = until(seen, 30, "n3 sees that the cluster is highly available")
    assert status["tolerance"] == 1 and status["ready"] == {"reads": True, "writes": True}, status
    assert {m["name"]: m["role"] for m in status["members"]} == {"n1": "voter", "n2": "voter", "n3": "voter"}, status


def test_every_node_serves_and_all_show_the_same(cluster3):
    code, _ = cluster3.nodes[0].request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "everywhere"}})
    assert code == 201, code
    for node in cluster3.nodes:
        code, found = node.request("GET", "/api/v1/namespaces/default/configmaps/everywhere")
        assert code == 200 and found["metadata"]["name"] == "everywhere", (node.name, code, found)


def test_a_fourth_node_stands_by_and_gets_the_vote_of_one_that_is_lost():
    with Cluster(4) as cluster:
        def roles():
            return {m["name"]: m["role"] for m in cluster.living()[0].status().get("members", [])}
        until(lambda: sorted(roles().values()) == ["standby", "voter", "voter", "voter"], 20, "three vote and one stands by")
        standby = next(name for name, role in roles().items() if role == "standby")
        lost = next(n for n in cluster.nodes if n.name != standby and n is not cluster.leader())
        lost.kill()
        until(lambda: roles().get(standby) == "voter", 60, "%s votes" % standby)


def test_a_restarted_node_has_everything():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        node.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "kept"}, "data": {"a": "b"}})
        assert node.stop() == 0
        assert "Assertion" not in open(node.log).read(), node.last_words()
        node.start().wait_ready()
        code, found = node.request("GET", "/api/v1/namespaces/default/configmaps/kept")
        assert code == 200 and found["data"] == {"a": "b"}, (code, found)


def test_a_leader_that_is_stopped_hands_over_first(cluster3):
    leader = cluster3.leader()
    others = [node for node in cluster3.nodes if node is not leader]
    assert leader.stop() == 0
    said = open(leader.log).read()
    assert "Assertion" not in said and "has handed over before it ends" in said, leader.last_words()
    until(lambda: others[0].status()["leader"] in [node.name for node in others], 30, "another one leads")
    leader.start().wait_ready()
    cluster3.wait_voters(3)


def test_a_node_leaves_in_order(cluster3):
    done = cluster3.nodes[2].troupe("leave")
    assert "n3 has left the cluster" in done.stdout, done.stdout
    until(lambda: [m["name"] for m in cluster3.nodes[0].status()["members"]].count("n3") == 0, 20, "n3 is no member")
    cluster3.nodes[2].kill()


def test_a_dead_node_is_removed_and_a_living_one_is_not(cluster3):
    done = cluster3.nodes[0].troupe("remove", "n2", ok=False)
    assert "is alive" in done.stderr, done.stderr
    cluster3.nodes[2].kill()
    until(lambda: not next(m for m in cluster3.nodes[0].status()["members"] if m["name"] == "n3")["alive"], 30, "n3 is seen to be dead")
    cluster3.nodes[0].troupe("remove", "n3", "--force")
    until(lambda: len(cluster3.nodes[0].status()["members"]) == 2, 20, "n3 is no member")


def test_a_wrong_token_is_refused(cluster):
    node = Node("new", cluster.folder)
    refused(up(node, "--join", "nonsense"), "up: ", "token")
    good = cluster.token()
    parts = good.split(".")
    parts[2] = "x" * len(parts[2])
    refused(up(node, "--join", ".".join(parts)), "up: ", "token is not known", "a letter of it wrong")
    parts = good.split(".")
    parts[3] = ("B" if parts[3][0] == "A" else "A") + parts[3][1:]
    refused(up(node, "--join", ".".join(parts)), "up: ", "no node of the cluster that the token is for, or a letter of the token is wrong")
    assert not os.path.exists(node.folder + "/node")


def test_a_witness_without_a_cluster_is_refused(cluster):
    node = Node("w", cluster.folder)
    refused(up(node, "--role", "witness"), "up: ", "a witness begins no cluster", "--join")
    assert not os.path.exists(node.folder + "/node")


def test_an_expired_token_is_refused(cluster):
    token = cluster.token("--ttl", "1s")
    until(lambda: "T" in cluster.nodes[0].troupe("token", "list").stdout, 5, "it is listed")
    node = Node("late", cluster.folder)

    def is_refused():
        try:
            refused(up(node, "--join", token), "up: ", "expired")
            return True
        except Failed:
            return False
        except subprocess.TimeoutExpired:
            raise Failed("it was let in")
    time.sleep(1.2)  # what is waited for is the clock itself
    assert is_refused()


def test_a_token_for_one_machine_lets_in_one():
    with Cluster(1) as cluster:
        token = cluster.token("--single-use")
        cluster.add("first", "--join", token).wait_ready()
        second = Node("second", cluster.folder)
        refused(up(second, "--join", token), "up: ", "used")


def test_a_deleted_token_lets_nobody_in(cluster):
    token = cluster.token()
    cluster.nodes[0].troupe("token", "delete", token.split(".")[1])
    refused(up(Node("new", cluster.folder), "--join", token), "up: ", "token is not known")


def test_a_name_that_is_taken_is_refused(cluster):
    node = Node("n1", cluster.folder + "/elsewhere")
    refused(up(node, "--join", cluster.token()), "has a node n1 already")


def test_the_first_node_s_name_is_taken_from_its_first_moment():
    with Cluster(1) as cluster:
        refused(up(Node("n1", cluster.folder + "/elsewhere"), "--join", cluster.token()), "has a node n1 already")


def test_a_taken_port_is_said_before_anything_starts(cluster):
    node = Node("other", cluster.folder, address=cluster.nodes[0].address)
    refused(up(node), "up: ", "%s:6443 is taken" % node.address)


def test_an_address_of_another_machine_is_refused(cluster):
    refused(up(Node("other", cluster.folder, address="192.0.2.1")), "192.0.2.1 is no address of this machine")


def test_a_second_process_on_the_same_directory_is_refused(cluster):
    node = cluster.nodes[0]
    refused(["up", "--data-dir", node.folder], "another troupe runs on")
    assert node.status()["ready"]["writes"]


def test_a_read_only_directory_is_refused(cluster):
    if os.geteuid() == 0:
        refused(up(Node("other", "/proc")), "up: ", "/proc")
        return
    folder = tempfile.mkdtemp(dir=cluster.folder)
    os.chmod(folder, 0o500)
    refused(up(Node("other", folder)), "up: ", "Permission denied")


def test_a_full_directory_is_refused(cluster):
    folder = tempfile.mkdtemp(dir=cluster.folder)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], stderr=subprocess.PIPE)
    if mounted.returncode != 0:
        raise Skipped("this user cannot mount a small file system")
    try:
        with open(folder + "/fill", "wb") as fill:
            try:
                fill.write(b"x" * (1 << 20))
            except OSError:
                pass
        refused(up(Node("other", folder)), "up: ", "No space left")
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_start_waits_for_what_an_earlier_life_left():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        assert node.stop() == 0
        left = open(node.folder + "/lock-hosts")
        fcntl.flock(left, fcntl.LOCK_EX)
        refused(["up", "--data-dir", node.folder], "have not ended yet")
        left.close()
        listener = socket.create_server((node.address, node.port))
        refused(["up", "--data-dir", node.folder], "is taken by another program")
        threading.Timer(0.5, listener.close).start()
        node.start().wait_ready()


def test_a_first_node_whose_store_is_gone_makes_no_second_cluster():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        assert node.stop() == 0
        shutil.rmtree(node.folder + "/store")
        refused(["up", "--data-dir", node.folder], "store is gone")
        assert not os.path.exists(node.folder + "/store")


def test_a_damaged_identity_is_not_overwritten():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        assert node.stop() == 0
        with open(node.folder + "/node", "w") as file:
            file.write("something else\n")
        refused(["up", "--data-dir", node.folder], "node is damaged")
        assert open(node.folder + "/node").read() == "something else\n"


def test_keys_that_do_not_fit_are_named():
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        assert node.stop() == 0
        with open(node.folder + "/pki/ca.key", "w") as file:
            file.write("no key\n")
        refused(["up", "--data-dir", node.folder], "ca")


def test_unknown_words_are_named(cluster):
    for words, expected in ((["stauts"], "did you mean status?"), (["up", "--lisen", "x"], "did you mean --listen?"),
                            (["up", "--listen", "nowhere"], "--listen wants IP or IP:PORT"), (["kill"], "kill wants ACTOR"),
                            (["up", "--spares", "5", "--listen", "nowhere"], "--spares is 0 to 4")):
        done = run([clusters.TROUPE, *words], ok=False)
        assert expected in done.stderr, (words, done.stderr)
        assert done.returncode == (1 if "nowhere" in words else 2), (words, done.returncode)


def test_verbs_say_when_no_node_runs(cluster):
    refused(["status", "--data-dir", cluster.folder + "/nothing"], "no node runs on")
    refused(["inspect", "--data-dir", cluster.folder + "/nothing"], "is no node's directory")
    refused(["kubeconfig", "--data-dir", cluster.folder + "/nothing"], "TROUPE_DATA_DIR names another")


def test_who_may_not_look_into_a_directory_is_told_so(cluster):
    if os.getuid() != 0:
        raise Skipped("only root can be somebody else")
    done = run(["setpriv", "--reuid", "65534", "--clear-groups", clusters.TROUPE, "status", "--data-dir", cluster.nodes[0].folder], ok=False)
    assert done.returncode == 1 and "may not be looked into" in done.stderr, done.stderr


def counts_writes(folder):
    """Whether the kernel counts what goes to the disk of this folder: none is behind a tmpfs."""
    def counted():
        with open("/proc/self/io", encoding="utf-8") as file:
            return int(next(line for line in file if line.startswith("write_bytes")).split()[1])

    try:
        before = counted()
        with open(os.path.join(folder, "probe"), "wb") as file:
            file.write(b"x" * (1 << 20))
            os.fsync(file.fileno())
        return counted() - before >= 1 << 20
    except OSError:
        return False


def test_what_is_written_is_counted_and_a_budget_warns():
    with Cluster(1, ["--write-budget-mib", "2"]) as cluster:
        node = cluster.nodes[0]
        if not counts_writes(cluster.folder):
            raise Skipped("nothing is counted there")
        # Beginning costs 1 MB: the first segment, what the cluster is made with, the tables.
        assert not until(lambda: node.status()["written"], 10, "it is looked at")[0]["over"]
        for i in range(40):
            code, body = node.request("POST", "/api/v1/namespaces/default/configmaps", {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c-%d" % i}, "data": {"of": "x" * 100000}})
            assert code == 201, body
        seen = until(lambda: node.status()["written"][0] if node.status()["written"][0]["over"] else None, 20, "it is over its budget")
        assert seen["day_bytes"] > 4 << 20 and seen["budget_bytes"] == 2 << 20 and seen["name"] == "n1", seen
        assert "OVER its budget of 2 MiB a day" in node.troupe("status").stdout
        events = until(lambda: json.loads(cluster.kubectl("get", "events", "--field-selector", "reason=DiskWriteBudgetExceeded", "-A", "-o", "json").stdout)["items"],
                       10, "it is told as an event")
        assert len(events) == 1 and events[0]["involvedObject"]["name"] == "n1" and "budget of a day is 2 MiB" in events[0]["message"], events
        assert node.request("GET", "/metrics")[1].count("\ntroupe_written_bytes_total ") == 1


def test_status_speaks_three_languages(cluster):
    node = cluster.nodes[0]
    assert "leader    n1" in node.troupe("status").stdout
    assert '"leader":"n1"' in node.troupe("status", "-o", "json").stdout
    assert 'leader: "n1"' in node.troupe("status", "-o", "yaml").stdout


def test_the_tree_shows_every_host_and_kill_brings_an_actor_back(cluster):
    node = cluster.nodes[0]
    tree = node.troupe("tree").stdout
    for name in ("core", "control", "node", "store", "api", "scheduler", "agent"):
        assert name in tree, (name, tree)
    assert "killed n1/core/directory" in node.troupe("kill", "n1/core/directory").stdout
    until(lambda: "killed" in node.troupe("tree").stdout, 10, "the tree says why it was restarted")
    done = node.troupe("kill", "n1/core/nobody", ok=False)
    assert "is no actor here" in done.stderr, done.stderr


def renew(node, leaf):
    """Another certificate for the same names, by the cluster's authority, in the place of the first; key before certificate, as any tool would."""
    keys = node.folder + "/pki/"
    new = "%s/new-%s" % (node.folder, leaf)
    old = run(["openssl", "x509", "-in", keys + leaf + ".crt", "-noout", "-subject", "-nameopt", "RFC2253,sep_multiline,sname", "-ext", "subjectAltName"]).stdout
    names = old.split("Alternative Name:")[1].strip().replace("IP Address:", "IP:").replace("\n", "")
    subject = run(["openssl", "x509", "-in", keys + leaf + ".crt", "-noout", "-subject", "-nameopt", "compat"]).stdout.strip()[len("subject="):]
    with open(new + ".ext", "w") as file:
        file.write("subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n" % names)
    run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", new + ".key", "-out", new + ".csr",
         "-subj", subject if subject.startswith("/") else "/" + subject.replace(", ", "/")])
    run(["openssl", "x509", "-req", "-in", new + ".csr", "-CA", keys + "ca.crt", "-CAkey", keys + "ca.key", "-set_serial", "4711", "-days", "300",
         "-extfile", new + ".ext", "-out", new + ".crt"])
    for end in ".key", ".crt":
        os.rename(new + end, keys + leaf + end)


def shown_serial(node):
    context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
    with context.wrap_socket(socket.create_connection((node.address, node.port), 5), server_hostname=node.address) as shaken:
        return int(shaken.getpeercert()["serialNumber"], 16)


def test_new_certificates_are_used_without_a_restart_and_nobody_is_cut_off():
    if shutil.which("openssl") is None:
        raise Skipped("there is no openssl")
    with Cluster(2) as two:
        node, other = two.nodes
        context = ssl.create_default_context(cafile=node.folder + "/pki/ca.crt")
        standing = http.client.HTTPSConnection(node.address, node.port, context=context, timeout=20)
        standing.request("GET", "/version")
        standing.getresponse().read()
        kept, core = standing.sock, node.pids()["core"]
        for leaf in "apiserver", "node":
            renew(node, leaf)
        until(lambda: shown_serial(node) == 4711, 30, "the new certificate is shown")
        standing.request("GET", "/version")
        if standing.getresponse().read() == b"" or standing.sock is not kept:
            raise Failed("the connection that stood was cut off")
        if node.pids()["core"] != core:
            raise Failed("the process was started again")
        other.kill_host("core")  # its links are made anew, and believe the new certificate
        two.leader()
        until(other.is_ready, 30, "the other node has found its way back")


def test_a_start_does_not_read_the_authorities_of_the_machine():
    """There are a hundred, and nothing is asked of strangers. Whoever opens what is named here waits for ever."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(folder + "/authorities")
        os.environ["SSL_CERT_FILE"] = folder + "/authorities"
        try:
            with Cluster(1) as cluster:
                assert cluster.nodes[0].status()["ready"] == {"reads": True, "writes": True}
        finally:
            del os.environ["SSL_CERT_FILE"]


def test_a_node_opens_as_many_files_as_the_machine_lets_it():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with Cluster(1) as one:
            for host, pid in one.nodes[0].pids().items():
                found = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
                if found != min(hard, 1 << 20):
                    raise Failed("%s may open %d files of %d" % (host, found, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_killed_process_comes_back(cluster):
    node = cluster.nodes[0]
    for host in ("node", "control", "core"):
        before = node.pids()[host]
        node.kill_host(host)
        until(lambda: node.pids().get(host) not in (None, before), 20, "%s runs again" % host)
        node.wait_ready()
        until(lambda: node.status().get("ready") == {"reads": True, "writes": True}, 20, "reads and writes work")


def test_who_calls_while_the_core_host_starts_again_waits_and_is_not_refused(cluster):
    node = cluster.nodes[0]
    calls = 0
    for _ in range(5):
        before = node.pids()["core"]
        node.kill_host("core")
        while node.pids().get("core") in (None, before):
            socket.create_connection((node.address, node.port), 20).close()
            calls += 1
        code, said = node.request("GET", "/livez")
        if code != 200:
            raise Failed("the first answer of the new process is %d: %s" % (code, said))
        node.wait_ready()
    if calls < 5:
        raise Failed("only %d calls came between two lives" % calls)


def test_a_stopped_process_is_replaced(cluster):
    node = cluster.nodes[0]
    before = node.pids()["control"]
    node.kill_host("control", signal.SIGSTOP)
    until(lambda: node.pids().get("control") not in (None, before), 60, "the root has noticed and replaced it")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
