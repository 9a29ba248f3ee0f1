"""A root with two hosts, a and b, of build/VARIANT/bin/chaos-host, seen from outside.

    with Hosts("debug", spares=1) as hosts:
        hosts.wait("a")
        hosts.ask("a", "bug null")
        hosts.wait("a")                  # serves again, in another process
        hosts.ends()[-1]["actor"]        # who did it
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIELDS = ("host", "when", "pid", "epoch", "code", "signal", "actor", "class", "type", "address", "frames")


class Failed(AssertionError):
    pass


class Hosts:
    def __init__(self, variant, spares=0, exiles=False):
        self.program = os.path.join(ROOT, "build", variant, "bin", "chaos-host")
        self.spares, self.exiles = spares, exiles

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="troupe-chaos-")
        environment = dict(os.environ, **({"CHAOS_EXILES": "1"} if self.exiles else {}))
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.root = subprocess.Popen([self.program, "root", self.folder, str(self.spares)], stdin=subprocess.DEVNULL,
                                     stdout=self.log, stderr=self.log, env=environment, start_new_session=True)
        return self

    def __exit__(self, *_):
        self.root.kill()  # the hosts die with it
        self.root.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, host, line):
        """The answer to one line on a connection of its own; None: nobody serves there, or no longer."""
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(10)
            try:
                one.connect(os.path.join(self.folder, host + ".sock"))
                one.sendall(line.encode() + b"\n")
                return one.recv(64).decode()
            except OSError:
                return None

    def tell(self, host, line):
        """Without waiting for an answer."""
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(os.path.join(self.folder, host + ".sock"))
            one.sendall(line.encode() + b"\n")

    def pid(self, host):
        words = (self.ask(host, "who") or "").split()
        return int(words[1]) if len(words) == 2 else None

    def wait(self, host, not_pid=None, seconds=10):
        """Until the host serves, in another process than that one; gives its pid."""
        end = time.monotonic() + seconds
        while True:
            pid = self.pid(host)
            if pid and pid != not_pid:
                return pid
            if self.root.poll() is not None:
                raise Failed("the root ended with %s" % self.root.returncode)
            if time.monotonic() > end:
                raise Failed("host %s does not serve" % host)
            os.sched_yield()

    def spare_pids(self):
        return [pid for pid in children_of(self.root.pid) if command_of(pid)[1:2] == ["spare"]]

    def wait_warm(self, seconds=10):
        """Until there are as many spares as were asked for, and all of them wait for work."""
        end = time.monotonic() + seconds
        while True:
            pids = self.spare_pids()
            if len(pids) == self.spares and all(is_waiting(pid) for pid in pids):
                return
            if time.monotonic() > end:
                raise Failed("no spare")
            time.sleep(0.005)

    def ends(self):
        """What the root wrote down of how its hosts ended, oldest first."""
        try:
            with open(os.path.join(self.folder, "ends")) as file:
                return [dict(zip(FIELDS, line.rstrip("\n").split("\t"))) for line in file]
        except OSError:
            return []


def children_of(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return list(map(int, file.read().split()))
    except OSError:
        return []


def command_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as file:
            return file.read().rstrip("\0").split("\0")
    except OSError:
        return []


def is_waiting(pid):
    """It sleeps in a call whose first argument is the descriptor of its life: it reads its order, so it is warm."""
    try:
        with open("/proc/%d/syscall" % pid) as file:
            return file.read().split()[1:2] == ["0x3"]
    except OSError:
        return False


def pss_kib(pid):
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def kill(pid):
    os.kill(pid, signal.SIGKILL)
