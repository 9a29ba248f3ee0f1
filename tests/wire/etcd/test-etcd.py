#!/usr/bin/env python3
"""etcd's door, as etcd's own program sees it: Debian's etcdctl against nodes that were started with --etcd-listen."""
import json
import os
import subprocess
import sys
import tempfile

import suite
from cluster import BOUND, Failed, run, until
from etcdctl import ctl, seen, text, words_of

NODE_WORDS = ("--etcd-listen", "{address}:2379", "--history-mib", "0")  # as etcd, which forgets at once what compaction lets go


def refused(node, words, *expected, **options):
    """etcdctl fails, and says these words."""
    said = ctl(node, *words, ok=False, **options)
    if not all(word in said for word in expected):
        raise Failed("%s: expected %s in:\n%s" % (" ".join(words), expected, said))


class Watch:
    """An `etcdctl watch` that runs beside the test."""

    def __init__(self, node, *words, endpoints=None):
        self.file = tempfile.NamedTemporaryFile("w+")
        self.process = subprocess.Popen([*BOUND, *words_of(node, "watch", *words, "-w", "json", endpoints=endpoints)],
                                        stdin=subprocess.DEVNULL, stdout=self.file, stderr=subprocess.STDOUT,
                                        env={**os.environ, "ETCDCTL_API": "3"})

    def events(self):
        """(kind, key, value, revision) of each that came so far."""
        found = []
        with open(self.file.name, encoding="utf-8") as said:
            for line in said:
                if line.startswith("{") and line.endswith("\n"):
                    for event in json.loads(line).get("Events", []):
                        kv = event["kv"]
                        found.append(("delete" if event.get("type") else "put", text(kv["key"]), text(kv.get("value", "")), kv["mod_revision"]))
        return found

    def said(self):
        with open(self.file.name, encoding="utf-8") as said:
            return said.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.file.close()


def test_put_get_and_delete_keep_revisions_and_versions(cluster):
    node = cluster.nodes[0]
    first = seen(node, "put", "kv/a", "one")["header"]["revision"]
    second = seen(node, "put", "kv/a", "two", "--prev-kv")  # the cluster itself writes, too: revisions grow, by one or more
    assert text(second["prev_kv"]["value"]) == "one" and second["header"]["revision"] > first, second
    third = seen(node, "put", "kv/b", "three")["header"]["revision"]
    answer = seen(node, "get", "kv/", "--prefix")
    a = answer["kvs"][0]
    assert (text(a["key"]), text(a["value"]), a["create_revision"], a["mod_revision"], a["version"]) == \
        ("kv/a", "two", first, second["header"]["revision"], 2), a
    assert answer["count"] == 2 and answer["header"]["revision"] >= third, answer
    assert answer["header"]["cluster_id"] and answer["header"]["member_id"] and answer["header"]["raft_term"], answer
    old = seen(node, "get", "kv/a", "--rev=%d" % first)
    assert text(old["kvs"][0]["value"]) == "one" and old["header"]["revision"] >= third, old
    deleted = seen(node, "del", "kv/", "--prefix", "--prev-kv")
    assert deleted["deleted"] == 2 and [text(kv["value"]) for kv in deleted["prev_kvs"]] == ["two", "three"], deleted
    assert deleted["header"]["revision"] > third
    nothing = seen(node, "del", "kv/", "--prefix")
    assert nothing.get("deleted", 0) == 0 and nothing["header"]["revision"] >= deleted["header"]["revision"], nothing


def test_ranges_are_sorted_limited_and_counted(cluster):
    node = cluster.nodes[0]
    for key, value in (("s/b", "1"), ("s/a", "3"), ("s/c", "2"), ("s/b", "9")):
        ctl(node, "put", key, value)

    def order(*words):
        return [text(kv["key"])[2:] for kv in seen(node, "get", "s/", "--prefix", *words).get("kvs", [])]
    assert order() == ["a", "b", "c"]
    assert order("--order=DESCEND") == ["c", "b", "a"]
    assert order("--sort-by=MODIFY") == ["a", "c", "b"]
    assert order("--sort-by=CREATE") == ["b", "a", "c"]
    assert order("--sort-by=VALUE", "--order=DESCEND") == ["b", "a", "c"]
    assert order("--sort-by=VERSION", "--order=DESCEND")[0] == "b"
    limited = seen(node, "get", "s/", "--prefix", "--limit=1", "--sort-by=VALUE")
    assert text(limited["kvs"][0]["key"]) == "s/c" and limited["more"] and limited["count"] == 3, limited
    limited = seen(node, "get", "s/", "--prefix", "--limit=2")
    assert limited["more"] and limited["count"] == 3 and len(limited["kvs"]) == 2, limited
    assert "value" not in seen(node, "get", "s/a", "--keys-only")["kvs"][0]
    assert [text(kv["key"]) for kv in seen(node, "get", "s/b", "--from-key", "--limit=1")["kvs"]] == ["s/b"]
    assert seen(node, "get", "s/c", "s/a").get("count", 0) == 0


def test_a_range_larger_than_a_page_comes_whole(cluster):
    node = cluster.nodes[0]
    value = "x" * 100000
    for i in range(50):
        ctl(node, "put", "big/%02d" % i, stdin=value)
    answer = seen(node, "get", "big/", "--prefix")
    assert [text(kv["key"]) for kv in answer["kvs"]] == ["big/%02d" % i for i in range(50)] and answer["count"] == 50 and "more" not in answer
    assert all(text(kv["value"]) == value for kv in answer["kvs"])
    ctl(node, "del", "big/", "--prefix")


def test_a_transaction_takes_one_branch_at_one_revision(cluster):
    node = cluster.nodes[0]
    ctl(node, "put", "t/a", "1")
    script = 'version("t/a") = "%d"\nvalue("t/a") = "1"\n\nput t/b 2\nput t/c 3\nget t/ --prefix\n\nget t/a\n\n'
    answer = seen(node, "txn", stdin=script % 1)
    assert answer["succeeded"] and len(answer["responses"]) == 3, answer
    kvs = answer["responses"][2]["Response"]["ResponseRange"]["kvs"]
    assert [text(kv["key"]) for kv in kvs] == ["t/a", "t/b", "t/c"], kvs
    assert kvs[1]["mod_revision"] == kvs[2]["mod_revision"] == answer["header"]["revision"]
    answer = seen(node, "txn", stdin=script % 7)
    assert not answer.get("succeeded") and len(answer["responses"]) == 1, answer
    refused(node, ("txn",), "etcdserver: duplicate key given in txn request", stdin="\nput t/d 1\nput t/d 2\n\n\n")


def test_watches_see_each_change_once_and_in_order(cluster):
    node = cluster.nodes[0]
    begin = seen(node, "put", "w/0", "before")["header"]["revision"]
    with Watch(node, "w/", "--prefix", "--rev=%d" % begin) as watch:
        until(lambda: len(watch.events()) == 1, 10, "what was there already is told")
        for i in range(20):
            ctl(node, "put", "w/%d" % (i % 3), str(i))
        ctl(node, "del", "w/", "--prefix")
        until(lambda: len(watch.events()) == 24, 20, "all is told")
        events = watch.events()
        assert [event[2] for event in events[1:21]] == [str(i) for i in range(20)], events
        assert [event[:2] for event in events[21:]] == [("delete", "w/0"), ("delete", "w/1"), ("delete", "w/2")], events
        assert [event[3] for event in events] == sorted(event[3] for event in events)


def test_a_watch_of_what_is_to_come_begins_with_the_next_change(cluster):
    node = cluster.nodes[0]
    ctl(node, "put", "n/old", "1")
    with Watch(node, "n/", "--prefix") as watch:
        def stands():  # nobody else can tell when it does
            ctl(node, "put", "n/mark", "1")
            return watch.events()
        until(stands, 20, "the watch stands")
        for i in range(5):
            ctl(node, "put", "n/new", str(i))
        until(lambda: [event[2] for event in watch.events() if event[1] == "n/new"] == list("01234"), 10, "all is told")
        assert not [event for event in watch.events() if event[1] == "n/old"]


def test_compacted_and_future_revisions_are_refused_in_etcds_words(cluster):
    node = cluster.nodes[0]
    begin = seen(node, "put", "c/a", "1")["header"]["revision"]
    for i in range(3):
        ctl(node, "put", "c/a", str(i))
    ctl(node, "compaction", str(begin + 2), "--physical")
    refused(node, ("compaction", str(begin + 2)), "etcdserver: mvcc: required revision has been compacted")
    refused(node, ("compaction", "999999999"), "etcdserver: mvcc: required revision is a future revision")
    refused(node, ("get", "c/a", "--rev=%d" % begin), "etcdserver: mvcc: required revision has been compacted")
    refused(node, ("get", "c/a", "--rev=999999999"), "etcdserver: mvcc: required revision is a future revision")
    assert text(seen(node, "get", "c/a", "--rev=%d" % (begin + 2))["kvs"][0]["value"]) == "1"
    with Watch(node, "c/", "--prefix", "--rev=%d" % begin) as watch:
        until(lambda: "required revision has been compacted" in watch.said(), 10, "the watch is cancelled")


def test_leases_end_and_take_their_keys_along(cluster):
    node = cluster.nodes[0]
    lease = "%x" % seen(node, "lease", "grant", "10")["ID"]  # six programs come and go before it is kept alive
    other = "%x" % seen(node, "lease", "grant", "300")["ID"]
    ctl(node, "put", "l/a", "1", "--lease=" + lease)
    ctl(node, "put", "l/b", "1", "--lease=" + other)
    live = seen(node, "lease", "timetolive", other, "--keys")
    assert live["granted-ttl"] == 300 and 290 <= live["ttl"] <= 300 and [text(key) for key in live["keys"]] == ["l/b"], live
    assert {"%x" % one["id"] for one in seen(node, "lease", "list")["leases"]} >= {lease, other}
    assert "keepalived with TTL(10)" in ctl(node, "lease", "keep-alive", "--once", lease)
    until(lambda: "l/a" not in ctl(node, "get", "l/", "--prefix", "--keys-only"), 60, "the lease's key goes with it")
    assert "already expired" in ctl(node, "lease", "timetolive", lease)
    ctl(node, "lease", "revoke", other)
    assert ctl(node, "get", "l/", "--prefix") == ""
    refused(node, ("lease", "revoke", other), "etcdserver: requested lease not found")
    refused(node, ("put", "l/c", "1", "--lease=1234"), "etcdserver: requested lease not found")
    refused(node, ("put", "l/nobody", "--ignore-value"), "etcdserver: key not found")


def test_members_status_alarms_and_hashes_are_told(cluster):
    node = cluster.nodes[0]
    member = seen(node, "member", "list")["members"][0]
    assert member["name"] == "n1" and member["clientURLs"] == ["https://%s:2379" % node.address], member
    status = seen(node, "endpoint", "status")[0]["Status"]
    assert status["leader"] == member["ID"] == status["header"]["member_id"] and status["raftTerm"] and status["dbSize"], status
    assert "is healthy" in ctl(node, "endpoint", "health") + run(words_of(node, "endpoint", "health"), True, 30).stderr
    assert ctl(node, "alarm", "list") == "" and ctl(node, "alarm", "disarm") == ""
    assert seen(node, "endpoint", "hashkv")[0]["HashKV"]["hash"]


def test_a_snapshot_is_a_database_of_etcds(cluster):
    node, file = cluster.nodes[0], cluster.folder + "/snapshot"
    lease = "%x" % seen(node, "lease", "grant", "300")["ID"]
    for i in range(30):  # more than a page holds, in pages that are larger than one
        ctl(node, "put", "snap/%02d" % i, "--lease=" + lease, stdin="x" * 9000)
    ctl(node, "snapshot", "save", file)
    # Reads the whole file as etcd's own database does, and finds every page where it must be.
    status = json.loads(run(["etcdctl", "snapshot", "status", file, "-w", "json"], True, 30, {**os.environ, "ETCDCTL_API": "3"}).stdout)
    keys = seen(node, "get", "", "--prefix", "--keys-only", "--rev=%d" % status["revision"])["count"]
    assert status["totalSize"] == os.path.getsize(file) - 32 and status["totalKey"] >= keys, (status, keys)
    # And once more as a member that begins with it: sha256 at its end, buckets, revisions.
    run(["etcdctl", "snapshot", "restore", file, "--data-dir", file + ".etcd"], True, 30, {**os.environ, "ETCDCTL_API": "3"})


def test_defragmenting_gives_back_what_is_not_used(cluster):
    node = cluster.nodes[0]
    size = lambda: os.path.getsize(node.folder + "/store/table.db")
    for i in range(60):
        ctl(node, "put", "defrag/%02d" % (i % 30), stdin="x" * 200000)

    def is_large():  # once it is written behind; what defrag writes is in the file itself, not only in the log beside it
        assert "Finished defragmenting" in ctl(node, "defrag")
        return size() > 12000000

    def is_small():
        assert "Finished defragmenting" in ctl(node, "defrag")
        return size() < 4000000
    until(is_large, 30, "all revisions are kept")
    ctl(node, "del", "defrag/", "--prefix")
    ctl(node, "compaction", str(seen(node, "put", "defrag-end", "1")["header"]["revision"]))
    until(is_small, 30, "what was compacted is given back")
    assert text(seen(node, "get", "defrag-end")["kvs"][0]["value"]) == "1"


def test_what_is_not_etcds_here_is_refused_in_words(cluster):
    node = cluster.nodes[0]
    for words, said in ((("member", "add", "x", "--peer-urls=https://10.0.0.1:2380"), "troupe up --join"),
                        (("member", "remove", "1234"), "etcdserver: member not found"), (("user", "list"), "no users and roles"),
                        (("auth", "enable"), "no users and roles"), (("move-leader", "1234"), "etcdserver: bad leader transferee")):
        refused(node, words, said)


def test_who_is_not_a_master_is_not_answered(cluster):
    node = cluster.nodes[0]
    refused(node, ("get", "a"), "etcdserver: permission denied", certificate="node")
    done = run(["curl", "-s", "--http2", "--cacert", node.folder + "/pki/ca.crt", "https://%s:2379/version" % node.address], None, 20)
    assert done.returncode != 0 and not done.stdout, done
    done = run(["curl", "-s", "--http2", "--cacert", node.folder + "/pki/ca.crt", "--cert", node.folder + "/pki/admin.crt", "--key",
                node.folder + "/pki/admin.key", "-o", "-", "-w", "%{http_code}", "https://%s:2379/version" % node.address], True, 20)
    assert done.stdout.endswith("405"), done.stdout


def test_a_key_is_the_same_through_every_door(cluster3):
    one, two, three = cluster3.nodes
    for i, node in enumerate(cluster3.nodes):
        ctl(node, "put", "d/%d" % i, node.name)
    for node in cluster3.nodes:  # linearizable: no matter who leads, and where it was written
        assert len(seen(node, "get", "d/", "--prefix")["kvs"]) == 3
    lease = "%x" % seen(two, "lease", "grant", "60")["ID"]
    ctl(three, "put", "d/leased", "1", "--lease=" + lease)
    assert seen(one, "lease", "timetolive", lease, "--keys")["ttl"] > 50

    def hashes():  # of one revision: the cluster's own actors may still be writing
        found = [seen(node, "endpoint", "hashkv")[0]["HashKV"] for node in cluster3.nodes]
        return len({one["header"]["revision"] for one in found}) == 1 and {one["hash"] for one in found}
    assert len(until(hashes, 20, "all are asked at one revision")) == 1
    assert len({seen(node, "member", "list")["header"]["cluster_id"] for node in cluster3.nodes}) == 1


def test_a_watch_outlives_the_leader(cluster3):
    ctl(cluster3.nodes[0], "put", "f/0", "0")
    leader = cluster3.leader()
    others = [node for node in cluster3.nodes if node is not leader]
    with Watch(others[0], "f/", "--prefix", "--rev=1", endpoints=[leader, *others]) as watch:
        until(watch.events, 10, "the watch stands")
        leader.kill_host("core")
        written = 0
        for i in range(1, 21):  # each until it was answered; a client does not know what became of one that was not
            until(lambda: run(words_of(others[1], "put", "f/%d" % i, str(i), endpoints=others), None, 30).returncode == 0, 30, "write %d" % i)
            written += 1
        until(lambda: {event[1] for event in watch.events()} >= {"f/%d" % i for i in range(21)}, 30, "every write is told")
        revisions = [event[3] for event in watch.events()]
        assert revisions == sorted(set(revisions)), revisions


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
