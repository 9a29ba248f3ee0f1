"""etcd's own program against the door of a node that was started with --etcd-listen."""
import base64
import json
import os
import shutil

from cluster import Skipped, run


def words_of(node, *words, certificate="admin", endpoints=None):
    if shutil.which("etcdctl") is None:
        raise Skipped("there is no etcdctl (package etcd-client)")
    pki = node.folder + "/pki/"
    return ["etcdctl", "--endpoints", ",".join("https://%s:2379" % n.address for n in (endpoints or [node])), "--cacert", pki + "ca.crt",
            "--cert", pki + certificate + ".crt", "--key", pki + certificate + ".key", "--command-timeout=15s", *words]


def ctl(node, *words, ok=True, stdin=None, **options):
    """What etcdctl says: standard output, or, when it is to fail (ok=False), its last error."""
    done = run(words_of(node, *words, **options), ok, 60, {**os.environ, "ETCDCTL_API": "3"}, stdin)
    return done.stdout if ok else done.stdout + done.stderr


def seen(node, *words, **options):
    return json.loads(ctl(node, *words, "-w", "json", **options))


def text(value):
    return base64.b64decode(value).decode()
