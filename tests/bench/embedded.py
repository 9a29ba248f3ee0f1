"""What a control plane in a program costs: the to-do example, linked with the archive, each figure of new processes."""
import os
import resource
import shutil
import subprocess
import tempfile
import time

from cluster import ROOT, run
from figures import figure, median, smaps

BUILD = os.path.join(ROOT, "build", "release")
EXAMPLES = os.path.join(ROOT, "deploy", "embed", "examples")
TRIES = 15
REST_S = 5  # a process that is calm gives back what it touched; it looks 3 s after it did something


class Program:
    path = None

    @classmethod
    def at(cls):
        """Built once; the folder goes with the process."""
        if cls.path is None:
            folder = tempfile.TemporaryDirectory(prefix="troupe-bench-")
            cls.keep, path = folder, folder.name + "/todo"
            libraries = [line.split(":")[1].split() for line in open(BUILD + "/lib/libtroupe.pc") if line.startswith("Libs.private")][0]
            run(["gcc", "-std=c11", "-O2", "-I", BUILD + "/include", EXAMPLES + "/todo.c", "-o", path, "-Wl,--gc-sections",
                 BUILD + "/lib/libtroupe.a", *libraries], seconds=300)
            run(["strip", path])
            cls.path = path
        return cls.path


class Running:
    def __init__(self, folder):
        program = Program.at()
        begin = time.monotonic()
        self.child = subprocess.Popen([program, folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.child.stdout.readline()
        self.ready_ms = (time.monotonic() - begin) * 1000
        assert line.startswith("ready: "), line

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.child.terminate()
        self.child.wait(10)
        self.child.stdout.close()


def new_once():
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder, Running(folder + "/data") as running:
        return running.ready_ms


@figure("embedded: a new to-do control plane is ready", "ms", 20)
def new():
    return median(TRIES, new_once)


@figure("embedded: ready again, its folder being there", "ms", 20)
def again():
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
        with Running(folder + "/data"):
            pass

        def once():
            with Running(folder + "/data") as running:
                return running.ready_ms
        return median(TRIES, once)


def cpu_once():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    new_once()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


@figure("embedded: CPU of a whole short life", "ms", None)
def cpu():
    return median(TRIES, cpu_once)


def memory(field, rest_s):
    if not shutil.which("kubectl"):
        return None
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder, Running(folder + "/data") as running:
        subprocess.run(["kubectl", "--kubeconfig", folder + "/data/admin.kubeconfig", "get", "todos"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=30, check=True)
        time.sleep(rest_s)  # what is measured is rest; nothing tells when it has come
        return smaps(running.child.pid, field) / 1e6


@figure("embedded: private memory at rest after kubectl get", "MB", 8)
def private():
    return memory("Anonymous", REST_S)


@figure("embedded: PSS at rest after kubectl get", "MB", 8)
def pss():
    return memory("Pss", REST_S)


@figure("embedded: PSS at once after kubectl get", "MB", None)
def pss_at_once():
    return memory("Pss", 0)


@figure("embedded: the program, stripped, with the archive", "MB", None)
def size():
    return os.path.getsize(Program.at()) / 1e6
