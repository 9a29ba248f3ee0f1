#!/usr/bin/env python3
"""Clusters that move here, and away: snapshots of etcd's and databases of kine's become clusters with the same keys and values, byte for byte."""
import base64
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile

import cluster as clusters
import dqlite
import suite
from cluster import BOUND, Failed, Node, Skipped, free_address, run, until
from etcdctl import ctl, seen, text, words_of

NODE_WORDS = ("--etcd-listen", "{address}:2379")
WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.org"},
    "spec": {"group": "example.org", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]}}
# Where controllers write nothing of their own.
KEPT = "/registry/configmaps/default/", "/registry/secrets/default/", "/registry/example.org/", "/registry/foreign/"


def create(node, path, body):
    code, said = node.request("POST", path, body)
    if code != 201:
        raise Failed("POST %s: %s %s" % (path, code, said))


def found(answer):
    """{key: (value, create revision, mod revision, version)} of what etcdctl got."""
    return {text(kv["key"]): (base64.b64decode(kv.get("value", "")), kv["create_revision"], kv["mod_revision"], kv["version"])
            for kv in answer.get("kvs", [])}


def keys(node, prefix):
    return found(seen(node, "get", prefix, "--prefix"))


def kept(node):
    return {key: value for prefix in KEPT for key, value in keys(node, prefix).items() if not key.endswith("/kube-root-ca.crt")}  # follows the authority


def fill(node):
    """Objects of many kinds, a kind of somebody's own, one that nobody knows, and something that is not of Kubernetes."""
    for i in range(40):
        create(node, "/api/v1/namespaces/default/configmaps",
               {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c-%d" % i}, "data": {"of": "x" * (i * 700)}})
    create(node, "/api/v1/namespaces/default/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "AAEC"}})
    create(node, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", WIDGETS)
    widget = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"any": ["thing", 1]}}
    until(lambda: node.request("POST", "/apis/example.org/v1/namespaces/default/widgets", widget)[0] in (201, 409), 20, "widgets are served")
    ctl(node, "put", "/registry/foreign/default/thing", stdin='{"apiVersion":"foreign.example.com/v1","kind":"Thing","x":1}')
    ctl(node, "put", "/bootstrap/0123", stdin="of k3s")
    ctl(node, "del", "/registry/configmaps/default/c-7")


def snapshot(cluster):
    """Of the shared cluster, made once: the file, and what the keys were then."""
    node, path = cluster.nodes[0], cluster.folder + "/snapshot.db"
    if not os.path.exists(path):
        fill(node)
        ctl(node, "snapshot", "save", path)
    return path, kept(node)


def imported(cluster, path, name, *words):
    node = Node(name, os.path.join(cluster.folder, "imported"))
    os.makedirs(os.path.dirname(node.folder), exist_ok=True)
    node.said = node.troupe("import", *words, path).stdout
    cluster.nodes.append(node)
    return node


def started(node):
    return node.start("--etcd-listen", node.address + ":2379").wait_ready(60)


def check_same(node, expected, is_versioned=True):
    here = kept(node)
    assert set(here) == set(expected), set(here) ^ set(expected)
    for key, (value, *revisions) in expected.items():
        assert here[key][0] == value, key
        assert list(here[key][1:3]) == revisions[:2], (key, here[key][1:], revisions)
        assert not is_versioned or here[key][3] == revisions[2], (key, here[key][1:], revisions)
    code, body = node.request("GET", "/api/v1/namespaces/default/configmaps/c-39")
    assert code == 200 and body["data"]["of"] == "x" * (39 * 700), (code, body)
    assert node.request("GET", "/api/v1/namespaces/default/configmaps/c-7")[0] == 404
    until(lambda: node.request("GET", "/apis/example.org/v1/namespaces/default/widgets/w")[0] == 200, 20, "widgets are served")


def check_goes_on(node, expected):
    """It can be written to, and gives no revision of the old cluster again."""
    newest = max(revisions[2] for revisions in expected.values())
    code, body = node.request("POST", "/api/v1/namespaces/default/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}})
    assert code == 201 and int(body["metadata"]["resourceVersion"]) > newest + 1000000, (code, body)
    code, body = node.request("GET", "/api/v1/configmaps?watch=1&resourceVersion=%d" % newest)
    assert code == 410 or "Expired" in str(body), (code, body)


def test_a_snapshot_of_etcds_becomes_a_cluster_with_the_same_keys(cluster):
    path, expected = snapshot(cluster)
    node = Node("dry", cluster.folder)
    said = node.troupe("import", "--dry-run", path).stdout
    for words in ("a database of etcd's at revision", "v1 ConfigMap", "example.org/v1 Widget",
                  "as bytes, since this release does not know them:\n        1  foreign.example.com/v1 Thing",
                  "        1  /bootstrap/", "/troupe/", "nothing was written"):
        assert words in said, (words, said)
    assert not os.path.exists(node.folder), os.listdir(node.folder)
    node = imported(cluster, path, "i1")
    assert "--service-account-key" in node.said and "--ca-dir" in node.said and "troupe up" in node.said, node.said
    started(node)
    try:
        check_same(node, expected)
        check_goes_on(node, expected)
        assert not keys(node, "/bootstrap/")
        other = Node("i1b", os.path.join(cluster.folder, "imported"))
        assert "another troupe runs" in node.troupe("import", path, ok=False).stderr
        os.mkdir(other.folder)
        open(other.folder + "/something", "w").close()
        assert "not empty" in other.troupe("import", path, ok=False).stderr
    finally:
        node.kill()
        cluster.nodes.remove(node)


def test_a_members_database_of_real_etcd_is_read(cluster):
    path, expected = snapshot(cluster)
    folder = cluster.folder + "/member.etcd"
    shutil.rmtree(folder, ignore_errors=True)
    run([*words_of(cluster.nodes[0])[:1], "snapshot", "restore", path, "--data-dir", folder], True, 30, {**os.environ, "ETCDCTL_API": "3"})
    node = imported(cluster, folder + "/member/snap/db", "i2")
    started(node)
    try:
        check_same(node, expected)
    finally:
        node.kill()
        cluster.nodes.remove(node)


def kine(path, rows):
    """A database as kine makes it, whose last changes are in its write-ahead log only; `rows`: (id, name, created, deleted, create, lease, value)."""
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)
    base = sqlite3.connect(path + ".made", isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA wal_autocheckpoint=0")
    base.execute("CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER, deleted INTEGER, "
                 "create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)")
    for at, (number, name, created, deleted, create, lease, value) in enumerate(rows):
        if at == len(rows) // 2:
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        base.execute("INSERT INTO kine VALUES (?, ?, ?, ?, ?, 0, ?, ?, NULL)", (number, name, created, deleted, create, lease, value))
    for suffix in ("", "-wal"):
        shutil.copy(path + ".made" + suffix, path + suffix)
    base.close()
    assert os.path.getsize(path + "-wal") > 0
    return path


def kine_rows(expected):
    """The same keys as a kine would have them: revisions as they are, and changes that no longer count."""
    rows = [(1, "compact_rev_key", 1, 0, 0, 0, b"")]
    for key, (value, create, mod, _) in expected.items():
        if create != mod:
            rows.append((create, key, 1, 0, 0, 0, b"old"))
        rows.append((mod, key, int(create == mod), 0, 0 if create == mod else create, 0, value))
    newest = max(row[0] for row in rows)
    rows += [(newest + 1, "/registry/configmaps/default/gone", 1, 0, 0, 0, b"x"),
             (newest + 2, "/registry/configmaps/default/gone", 0, 1, newest + 1, 0, b"x"), (newest + 3, "gap-%d" % (newest + 3), 0, 1, 0, 0, b"")]
    return sorted(rows)


def test_a_database_of_kines_becomes_a_cluster_with_the_same_keys(cluster):
    _, expected = snapshot(cluster)
    definitions = keys(cluster.nodes[0], "/registry/apiextensions.k8s.io/customresourcedefinitions/widgets")
    spaces = keys(cluster.nodes[0], "/registry/namespaces/")
    path = kine(cluster.folder + "/state.db", kine_rows({**expected, **definitions, **spaces}))
    before = {name: open(path + name, "rb").read() for name in ("", "-wal")}
    said = Node("dry", cluster.folder).troupe("import", "--dry-run", path).stdout
    assert "a database of kine's" in said and "1  compact_rev_key" in said, said
    node = imported(cluster, path, "i3")
    assert {name: open(path + name, "rb").read() for name in before} == before and not os.path.exists(path + "-shm")
    started(node)
    try:
        check_same(node, expected, is_versioned=False)
        check_goes_on(node, expected)
    finally:
        node.kill()
        cluster.nodes.remove(node)


def states(path, rows, count):
    """The bytes of a database of kine's as it grows, a part of the rows at a time."""
    base, found, part = sqlite3.connect(path, isolation_level=None), [], -(-len(rows) // count)
    base.execute("PRAGMA page_size=%d" % dqlite.PAGE)
    base.execute("CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER, deleted INTEGER, "
                 "create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)")
    for at in range(0, len(rows), part):
        base.execute("BEGIN")
        for number, name, created, deleted, create, lease, value in rows[at:at + part]:
            base.execute("INSERT INTO kine VALUES (?, ?, ?, ?, ?, 0, ?, ?, NULL)", (number, name, created, deleted, create, lease, value))
        base.execute("COMMIT")
        with open(path, "rb") as file:
            found.append(file.read())
    base.close()
    return found


def command(before, after):
    return 1, dqlite.frames(before, after)


def test_a_folder_of_dqlites_becomes_a_cluster_with_the_same_keys(cluster):
    _, expected = snapshot(cluster)
    definitions = keys(cluster.nodes[0], "/registry/apiextensions.k8s.io/customresourcedefinitions/widgets")
    spaces = keys(cluster.nodes[0], "/registry/namespaces/")
    grown = states(cluster.folder + "/grown.db", kine_rows({**expected, **definitions, **spaces}), 5)
    folder = dqlite.begin(cluster.folder + "/backend")
    # Up to the third entry the snapshot has it; what is written of one that has no data is passed over.
    dqlite.snapshot(folder, 3, grown[0], dqlite.wal(grown[0], grown[1]))
    open(folder + "/snapshot-1-9-99999.meta", "wb").close()
    dqlite.segment(folder, "0000000000000001-0000000000000002", [dqlite.batch([command(b"", grown[0]), (3, b"members!")])])
    dqlite.segment(folder, "0000000000000003-0000000000000004", [dqlite.batch([command(grown[0], grown[1])]), dqlite.batch([command(grown[1], grown[2])])])
    torn = dqlite.batch([command(grown[4], grown[0])])
    dqlite.segment(folder, "open-7", [dqlite.batch([(2, b"")]), dqlite.batch([command(grown[2], grown[3]), command(grown[3], grown[4])]), torn[:-64]], 4096)
    dqlite.segment(folder, "open-8", [], 65536)
    with open(folder + "/open-9", "wb") as file:
        file.write(b"\0" * 65536)
    before = {name: open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)}
    node = imported(cluster, folder, "i9")
    assert "a database of kine's" in node.said, node.said
    assert {name: open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)} == before
    started(node)
    try:
        check_same(node, expected, is_versioned=False)
        check_goes_on(node, expected)
    finally:
        node.kill()
        cluster.nodes.remove(node)


def test_a_folder_of_dqlites_that_does_not_fit_together_is_refused(cluster):
    grown = states(cluster.folder + "/small.db", [(i, "/registry/configmaps/default/c-%d" % i, 1, 0, 0, 0, b"{}" * 500) for i in range(1, 40)], 3)
    first, second = dqlite.batch([command(b"", grown[0])]), dqlite.batch([command(grown[0], grown[1]), command(grown[1], grown[2])])
    closed, node = "0000000000000001-0000000000000003", Node("dry", cluster.folder)

    def tried(fill, *words):
        with tempfile.TemporaryDirectory(dir=cluster.folder) as scratch:
            folder = dqlite.begin(scratch + "/backend")
            fill(folder)
            done = run([clusters.TROUPE, "import", "--data-dir", node.folder, "--dry-run", folder], None, env={**os.environ, "TMPDIR": scratch})
            assert os.listdir(scratch) == ["backend"], os.listdir(scratch)
            said = done.stdout + done.stderr
            assert all(word in said for word in words) and (done.returncode == 0) == ("nothing was written" in words), (words, said)

    def flipped(data, at):
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    tried(lambda folder: dqlite.segment(folder, closed, [first, second]), "39 keys", "nothing was written")
    tried(lambda folder: dqlite.snapshot(folder, 1, grown[2], packs=False), "39 keys", "nothing was written")
    tried(lambda folder: dqlite.segment(folder, "0000000000000002-0000000000000004", [first, second]), "entries 1 to 1 are missing")
    tried(lambda folder: dqlite.segment(folder, "0000000000000001-0000000000000004", [first, second]), "it ends with entry 3")
    tried(lambda folder: dqlite.segment(folder, closed, [flipped(first, 20), second]), "byte 8", "checksum of its head")
    tried(lambda folder: dqlite.segment(folder, closed, [first, flipped(second, 9000)]), "checksum of its data")
    tried(lambda folder: dqlite.segment(folder, closed, [first, second[:-9]]), "longer than what there is")
    tried(lambda folder: dqlite.segment(folder, closed, [first, second], 64), "no or too many entries")
    tried(lambda folder: dqlite.segment(folder, "open-1", [dqlite.batch([(7, b"")])], 8), "there is no database k8s")
    tried(lambda folder: dqlite.segment(folder, "open-1", [dqlite.batch([(1, dqlite.frames(b"", grown[0], b"other"))])]), "there is no database k8s")
    tried(lambda folder: dqlite.segment(folder, "open-1", [dqlite.batch([(1, dqlite.frames(b"", grown[0])[:-4096])])]), "fewer pages")
    tried(lambda folder: dqlite.segment(folder, "open-1", [dqlite.batch([(1, b"\2" + b"\0" * 63)])]), "a command of format 2")
    tried(lambda folder: dqlite.snapshot(folder, 1, grown[2][:-100]), "the database has %d bytes" % (len(grown[2]) - 100))
    tried(lambda folder: (dqlite.segment(folder, "open-1", [first, second[:-9]]), dqlite.segment(folder, "open-2", [second])), "the segment before it has no end")

    def cut(folder):
        dqlite.snapshot(folder, 1, grown[2])
        path = folder + "/snapshot-1-1-12345"
        with open(path, "rb") as file:
            whole = file.read()
        with open(path, "wb") as file:
            file.write(whole[:len(whole) // 2])
    tried(cut, "LZ4: the end is missing")

    def hurt(folder):
        dqlite.snapshot(folder, 1, grown[2])
        with open(folder + "/snapshot-1-1-12345", "r+b") as file:
            file.seek(15)
            file.write(b"\xff\xff\xff\x7f")
    tried(hurt, "LZ4: a block is too long")


def test_tokens_and_certificates_of_the_old_cluster_stay_good_when_asked_for(cluster):
    path, _ = snapshot(cluster)
    old = cluster.nodes[0]
    cluster.kubectl("create", "serviceaccount", "robot")
    ctl(old, "snapshot", "save", path + ".robot")
    code, body = old.request("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token",
                             {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    assert code == 201, body
    token = body["status"]["token"]
    for name, words, is_good in (("i4", ("--ca-dir", old.folder + "/pki"), True),
                                 ("i5", ("--service-account-key", old.folder + "/pki/sa.key"), True), ("i6", (), False)):
        node = started(imported(cluster, path + ".robot", name, *words))
        try:
            review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
            code, body = node.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
            assert code == 201 and bool(body["status"].get("authenticated")) == is_good, (name, code, body)
            if name == "i4":
                assert cluster.kubectl("--server", "https://%s:6443" % node.address, "get", "configmap", "c-3", node=old).stdout
        finally:
            node.kill()
            cluster.nodes.remove(node)
    none = Node("none", cluster.folder)
    assert path in none.troupe("import", "--service-account-key", path, path, ok=False).stderr
    assert "ca.crt" in none.troupe("import", "--ca-dir", cluster.folder, path, ok=False).stderr
    assert not os.path.exists(none.folder)


def keys_of(node, certificate="admin"):
    return ["--ca", node.folder + "/pki/ca.crt", "--cert", node.folder + "/pki/%s.crt" % certificate, "--key", node.folder + "/pki/%s.key" % certificate]


def test_an_etcd_that_runs_becomes_a_cluster_with_the_same_keys(cluster):
    snapshot(cluster)
    old = cluster.nodes[0]
    lease = "%x" % seen(old, "lease", "grant", "3000")["ID"]
    ctl(old, "put", "/registry/foreign/default/alive", "--lease=" + lease, stdin="for a while")
    for i in range(400):  # with what is there more than a page
        create(old, "/api/v1/namespaces/default/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "many-%d" % i}})
    expected = kept(old)
    # The first endpoint is nobody's; the second one answers.
    place = "etcd://127.0.0.1:1,%s:2379" % old.address
    node = imported(cluster, place, "i8", *keys_of(old))
    assert "an etcd at revision" in node.said and "v1 ConfigMap" in node.said, node.said
    started(node)
    try:
        check_same(node, expected)
        check_goes_on(node, expected)
        assert seen(node, "lease", "timetolive", lease)["granted-ttl"] == 3000
    finally:
        node.kill()
        cluster.nodes.remove(node)
        ctl(old, "del", "/registry/configmaps/default/many", "--prefix")
    dry = Node("dry", cluster.folder)
    assert "permission denied" in dry.troupe("import", *keys_of(old, "node"), place, ok=False).stderr
    assert "expected etcd://" in dry.troupe("import", "etcd://", ok=False).stderr
    assert "/nothing" in dry.troupe("import", "--ca", "/nothing", place, ok=False).stderr
    assert "127.0.0.1:1" in dry.troupe("import", "etcd://127.0.0.1:1", ok=False).stderr
    assert dry.troupe("import", "etcd://%s:6443" % old.address, ok=False).stderr
    assert not os.path.exists(dry.folder)


def rows_of(path):
    """What a file has under /registry/, as whoever imports it sees it: each key's first and last revision, lease and value."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node("rows", folder)
        node.troupe("import", path)
        base = sqlite3.connect(node.folder + "/store/table.db")
        rows = base.execute("SELECT key, id, create_rev, version, lease, value FROM hist ORDER BY id").fetchall()
        base.close()
        return rows


def test_what_is_exported_is_a_snapshot_of_etcds_and_comes_back_as_it_was(cluster):
    snapshot(cluster)
    node, path = cluster.nodes[0], cluster.folder + "/exported.db"
    lease = "%x" % seen(node, "lease", "grant", "3000")["ID"]
    ctl(node, "put", "/registry/foreign/default/leased", "--lease=" + lease, stdin="for a while")
    expected = kept(node)
    said = node.troupe("export", path).stdout
    assert "read again and whole" in said and "etcdutl snapshot restore" in said, said
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and not os.path.exists(path + ".new")
    etcd = {**os.environ, "ETCDCTL_API": "3"}
    status = json.loads(run(["etcdctl", "snapshot", "status", path, "-w", "json"], True, 30, etcd).stdout)
    assert "revision %d" % status["revision"] in said and status["totalSize"] == os.path.getsize(path) - 32, (status, said)
    shutil.rmtree(path + ".etcd", ignore_errors=True)
    run(["etcdctl", "snapshot", "restore", path, "--data-dir", path + ".etcd"], True, 30, etcd)
    rows = rows_of(path)
    assert rows == rows_of(path + ".etcd/member/snap/db") and any(row[4] for row in rows)
    exported = {key.decode(): (value, create, number >> 20, version) for key, number, create, version, _, value in rows}
    for key, value in expected.items():
        assert exported[key] == value, key
    # And once more through a cluster made of it: what was stopped before it ever ran gives the same file's rows.
    other = Node("again", os.path.join(cluster.folder, "imported"))
    other.troupe("import", path)
    other.troupe("export", path + ".again")
    assert rows_of(path + ".again") == rows


def test_a_stopped_node_is_exported_as_it_is_or_not_at_all(cluster):
    path, _ = snapshot(cluster)
    node = started(imported(cluster, path, "i7"))
    try:
        expected = kept(node)
        assert node.stop() == 0
        done = node.troupe("export", path + ".stopped", ok=None)
        if done.returncode == 0:
            there = {row[0].decode(): row[5] for row in rows_of(path + ".stopped")}
            assert all(there[key] == value[0] for key, value in expected.items())
        else:
            assert "export while it runs" in done.stderr, done.stderr
        started(node)  # no worse for having been looked at
        assert kept(node) == expected
        ctl(node, "put", "/registry/foreign/default/last", stdin="just now")
        node.kill()
        done = node.troupe("export", path + ".killed", ok=None)
        if done.returncode == 0:
            assert any(row[0] == b"/registry/foreign/default/last" for row in rows_of(path + ".killed"))
        else:
            assert "export while it runs" in done.stderr and not os.path.exists(path + ".killed"), done.stderr
        assert "does not exist" in cluster.nodes[0].troupe("export", cluster.folder + "/nowhere/file", ok=False).stderr
        assert "no cluster's state" in Node("none", cluster.folder).troupe("export", path + ".none", ok=False).stderr
    finally:
        node.kill()
        cluster.nodes.remove(node)


class Etcd:
    """A real etcd on a directory, without TLS on an address of its own."""

    def __init__(self, folder):
        program = os.environ.get("ETCD") or shutil.which("etcd")
        if program is None:
            raise Skipped("there is no etcd (ETCD names the program)")
        address = free_address()
        self.place, self.log = address + ":2379", open(folder + ".log", "ab")
        client, peer = "http://" + self.place, "http://%s:2380" % address
        self.process = subprocess.Popen([*BOUND, program, "--data-dir", folder, "--name", "default", "--listen-client-urls", client,
                                         "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                                         "--initial-cluster", "default=" + peer], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def ctl(self, *words, ok=True, stdin=None):
        return run(["etcdctl", "--endpoints", "http://" + self.place, *words], ok, 60, {**os.environ, "ETCDCTL_API": "3"}, stdin)

    def keys(self, prefix):
        return found(json.loads(self.ctl("get", prefix, "--prefix", "-w", "json").stdout))

    def __enter__(self):
        try:
            until(lambda: self.process.poll() is not None or self.ctl("endpoint", "health", ok=None).returncode == 0, 30, "etcd is ready")
            if self.process.poll() is not None:
                raise Failed("etcd ended: " + open(self.log.name, encoding="utf-8").read()[-2000:])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()


def test_a_real_etcd_gives_its_keys_away_living_and_as_files(cluster):
    _, expected = snapshot(cluster)
    definitions = keys(cluster.nodes[0], "/registry/apiextensions.k8s.io/customresourcedefinitions/widgets")
    spaces = keys(cluster.nodes[0], "/registry/namespaces/")
    folder = cluster.folder + "/real.etcd"
    with Etcd(folder) as etcd:
        lease = "%x" % json.loads(etcd.ctl("lease", "grant", "3000", "-w", "json").stdout)["ID"]
        for key, (value, *_) in {**expected, **definitions, **spaces}.items():
            # Values with bytes that no command line takes come as the door's own texts do: etcdctl reads them from a file.
            done = subprocess.run(["etcdctl", "--endpoints", "http://" + etcd.place, "put", key], input=value, stdout=subprocess.PIPE, timeout=30,
                                  env={**os.environ, "ETCDCTL_API": "3"}, check=True)
            assert done.stdout == b"OK\n", done
        etcd.ctl("put", "/registry/foreign/default/alive", "for a while", "--lease=" + lease)
        etcd.ctl("put", "/registry/foreign/default/gone", "x")
        etcd.ctl("del", "/registry/foreign/default/gone")
        theirs = {key: value for prefix in KEPT for key, value in etcd.keys(prefix).items()}
        etcd.ctl("snapshot", "save", folder + ".snapshot")
        for name, place in ("real-alive", "etcd://" + etcd.place), ("real-file", folder + ".snapshot"):
            node = started(imported(cluster, place, name))
            try:
                check_same(node, theirs)
                assert seen(node, "lease", "timetolive", lease)["granted-ttl"] == 3000
            finally:
                node.kill()
                cluster.nodes.remove(node)
    assert rows_of(folder + "/member/snap/db") == rows_of(folder + ".snapshot")


def test_a_real_etcd_takes_what_was_exported(cluster):
    snapshot(cluster)
    path = cluster.folder + "/for-etcd.db"
    cluster.nodes[0].troupe("export", path)
    expected = {row[0].decode(): (row[5], row[2], row[1] >> 20, row[3]) for row in rows_of(path)}
    folder = path + ".etcd"
    # That of etcd 3.4 leaves out who is a member, without whom an etcd of 3.6 and later does not begin.
    tool = os.environ.get("ETCDUTL") or shutil.which("etcdutl")
    if tool is None:
        raise Skipped("there is no etcdutl (ETCDUTL names the program)")
    run([tool, "snapshot", "restore", path, "--data-dir", folder], True, 30)
    with Etcd(folder) as etcd:
        assert etcd.keys("") == expected
        etcd.ctl("put", "/registry/foreign/default/new", "x")
        assert "new" in etcd.ctl("get", "/registry/foreign/default/new").stdout


def test_what_cannot_be_taken_over_is_refused_with_what_to_do(cluster):
    path, _ = snapshot(cluster)
    node = Node("dry", cluster.folder)

    def refused(file, *words):
        said = node.troupe("import", file, ok=False).stderr
        for word in words:
            assert word in said, (word, said)
        assert not os.path.exists(node.folder + "/store"), os.listdir(node.folder)
    refused(cluster.folder + "/nothing", "does not exist")
    refused(cluster.folder, "a folder")
    refused(cluster.nodes[0].log, "no database of etcd's")
    refused(cluster.nodes[0].folder + "/store/table.db", "no table of kine's")
    with open(path, "rb") as file:
        whole = file.read()
    damaged = cluster.folder + "/damaged.db"
    for what, expected in ((whole[:len(whole) // 2], "cut"), (whole[:-5] + b"xxxxx", "SHA-256"),
                           (whole[:20000] + bytes([whole[20000] ^ 1]) + whole[20001:], "")):
        with open(damaged, "wb") as file:
            file.write(what)
        refused(damaged, expected, "damaged.db")
    secret = [(2, "/registry/secrets/default/s", 1, 0, 0, 0, b"k8s:enc:aescbc:v1:key1:0123")]
    kine(damaged, secret + [(3, "/registry/x", 1, 0, 0, 0, b"{}")])
    refused(damaged, "1 values are encrypted", "/registry/secrets/default/s", "identity", "secrets-encrypt disable")
    with open(damaged, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    os.remove(damaged + "-wal")
    refused(damaged, "database")


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
