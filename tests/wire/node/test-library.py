#!/usr/bin/env python3
"""libtroupe and libtroupe-actor as others get them: what they export, need and keep, their headers alone, installed; examples and guide, built and run."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import suite
from cluster import ROOT, Failed, run, until

BUILD = os.path.dirname(os.path.abspath(sys.argv[1])) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "debug")
VARIANT = os.path.basename(BUILD)
EMBED = os.path.join(ROOT, "deploy", "embed")
# What each is made of: the prefixes of its names, some of them, and the libraries it needs beside libc.
LIBRARIES = {
    "troupe": (r"(act|troupe)_", {"act_spawn", "act_str_from", "act_program_run", "troupe_open"}, None),
    "troupe-actor": (r"act_", {"act_spawn", "act_str_from", "act_program_run", "act_sim_new", "act_peer_open"},
                     {"libnng", "libuv", "libssl", "libcrypto"}),
}
# What a process has once however many instances live in it, and why that does no harm.
KEPT = {
    "log_settings": "where lines go: one log a process, set before there are threads (log_configure)",
    "watched": "which mapping the handler of fatal signals writes to: signals are the process's",
    "stack": "what that handler runs on",
    "running": "of one thread: the job that it runs",
    "hidden": "of one thread: whether nng is being started on it",
    "start_once": "nng is started once, when the first link is opened",
    "start_result": "what that gave",
    "library": "OpenSSL's context of ours, made once and read only afterwards",
    "library_once": "guards it",
    "loan": "of one thread: where OpenSSL is to make the record that is being made, only during that call",
    "zeros": "what a segment of the log is filled with: never written to",
}


def symbols(*words):
    """(name, type, section) of each symbol."""
    done = run(["nm", "-f", "sysv", *words])
    rows = [[cell.strip() for cell in line.split("|")] for line in done.stdout.splitlines() if line.count("|") == 6]
    return [(row[0], row[2], row[6]) for row in rows if row[0] != "Name"]


def exported(library):
    """Names without their version, which is the same for all."""
    rows = [name.partition("@@") for name, kind, section in symbols("-D", "--defined-only", "%s/lib/lib%s.so" % (BUILD, library))]
    return {name for name, _, _ in rows if not name.startswith("LIB")}, {version for _, _, version in rows if version}


def needed(path):
    return set(re.findall(r"\(NEEDED\).*\[([\w-]+?)\.so", run(["readelf", "-d", path]).stdout))


def test_a_shared_library_exports_our_prefixes_only():
    for library, (prefixes, some, _) in LIBRARIES.items():
        names, _ = exported(library)
        others = [name for name in names if not re.match(prefixes, name)]
        assert not others, others
        assert len(names) > 200 and some <= names, (library, len(names), some - names)


def test_an_archive_has_no_other_global_names():
    for library, (prefixes, some, _) in LIBRARIES.items():
        names = [name for name, kind, section in symbols("-g", "--defined-only", "%s/lib/lib%s.a" % (BUILD, library))
                 if not name.startswith("__odr_asan.")]
        others = [name for name in names if not re.match(prefixes, name)]
        assert not others, others
        assert some <= set(names)


def test_what_the_headers_promise_is_there():
    for library, headers in (("troupe", ("act", "troupe")), ("troupe-actor", ("act",))):
        names, _ = exported(library)
        promised = {name for header in headers for name in open("%s/deploy/embed/%s.symbols" % (BUILD, header)).read().split()[1::2]}
        assert names == promised, names ^ promised


def test_actors_alone_need_neither_datastore_nor_api():
    """Linked out of runtime and transport, with no name left open: of what others wrote it needs what links need."""
    for library, (_, _, libraries) in LIBRARIES.items():
        found = needed("%s/lib/lib%s.so" % (BUILD, library)) - {"libc", "ld-linux-x86-64", "libasan", "libubsan", "libtsan"}
        assert libraries is None or found == libraries, found
    open_names = {name.split("@")[0] for name, kind, section in symbols("-D", "--undefined-only", BUILD + "/lib/libtroupe-actor.so")}
    others = [name for name in open_names if re.match("sqlite3_|raft_|nghttp2_|http_parser_|yaml_|pcre2_|deflate|inflate", name)]
    assert not others, others
    size = {library: os.path.getsize("%s/lib/lib%s.so" % (BUILD, library)) for library in LIBRARIES}
    assert size["troupe-actor"] * 3 < size["troupe"], size


def test_names_have_the_release_as_their_version_and_are_bound_within():
    """A process may have loaded two releases, or both libraries, for parts of it that do not know of each other."""
    release = act_version().rsplit(".", 1)[0]
    for library in LIBRARIES:
        _, versions = exported(library)
        assert versions == {"LIB%s_%s" % (library.upper().replace("-", "_"), release)}, versions
        outward = [line for line in run(["readelf", "-rW", "%s/lib/lib%s.so" % (BUILD, library)]).stdout.splitlines()
                   if "JUMP_SLO" in line and re.search(r" (act|troupe)_", line)]
        assert not outward, outward[:5]


def act_version():
    return re.search(r'#define ACT_VERSION "([\d.]+)"', open(BUILD + "/include/act.h").read()).group(1)


def test_nothing_is_kept_for_all_instances_but_what_is_known():
    """Writable data of the library by name: two control planes share no more than this."""
    found = {re.sub(r"\.(\d+|lto_priv.*)$", "", name) for name, kind, section in symbols("--defined-only", BUILD + "/lib/libtroupe.a")
             if re.match(r"\.(t?data|t?bss)(\.|$)", section) and not section.startswith(".data.rel.ro")}
    found = {re.sub(r"\.\d+$", "", name) for name in found if not name.startswith((".", "__"))}
    unknown = found - set(KEPT)
    assert not unknown, "new state of the process: %s; give it an owner, or say in KEPT why it does no harm" % sorted(unknown)


# What the compiler has to say, too, of programs that are linked with a library that says it.
SANITIZERS = {"asan": ["-fsanitize=address,undefined"], "tsan": ["-fsanitize=thread"]}.get(VARIANT, [])


def test_names_of_the_headers_have_our_prefixes_and_only_one():
    for header in ("act.h", "troupe.h"):
        text = re.sub(r"/\*.*?\*/", "", open(BUILD + "/include/" + header).read(), flags=re.S)
        tags = set(re.findall(r"\b(?:struct|enum|union)\s+(\w+)", text)) - {"T"}
        wrong = [tag for tag in tags if not re.match(r"(act|troupe)(_|$)", tag) or re.match(r"act_(act|troupe)(_|$)", tag)]
        assert not wrong, wrong


LANGUAGES = [("c11", "c", "gcc"), ("c17", "c", "gcc"), ("c++11", "c++", "g++"), ("c++20", "c++", "g++")]


def test_a_header_compiles_alone_in_c_and_cpp():
    with tempfile.TemporaryDirectory() as folder:
        for header in ("act.h", "troupe.h"):
            for standard, language, compiler in LANGUAGES:
                text = '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' % (header, header)
                if language == "c++":
                    text = 'extern "C" {\n#include <%s>\n}\nint main() { return act_ref_is_nil(ACT_NIL) ? 0 : 1; }\n' % header
                path = os.path.join(folder, "one." + ("cc" if language == "c++" else "c"))
                open(path, "w").write(text)
                run([compiler, "-std=" + standard, "-Wall", "-Wextra", "-Werror", "-I", BUILD + "/include", "-fsyntax-only", path])


class Installed:
    """`scons install` into a folder of its own, once for all tests."""
    folder = None

    @classmethod
    def at(cls):
        if cls.folder is None:
            cls.folder = tempfile.mkdtemp(prefix="troupe-install.")
            # Under tsan only what has threads of its own is built: see THREADED in tests/sections.py.
            what = "install-troupe-actor" if VARIANT == "tsan" else "install"
            run(["scons", "-s", "-C", ROOT, "variant=" + VARIANT, what, "PREFIX=/opt/troupe", "DESTDIR=" + cls.folder], seconds=600)
        return cls.folder

    @classmethod
    def flags(cls, *words, package="libtroupe"):
        env = dict(os.environ, PKG_CONFIG_PATH=cls.at() + "/opt/troupe/lib/pkgconfig", PKG_CONFIG_SYSROOT_DIR=cls.at())
        return subprocess.run(["pkg-config", *words, package], env=env, check=True, capture_output=True, text=True).stdout.split()

    @classmethod
    def build(cls, sources, program, *more, package="libtroupe"):
        flags = cls.flags("--cflags", "--libs", package=package)
        compiler = "g++" if sources[0].endswith(".cc") else "gcc"
        standard = "-std=c++11" if compiler == "g++" else "-std=c11"
        run([compiler, standard, "-g", "-Wall", "-Wextra", "-Werror", *SANITIZERS, "-o", program, *sources, *flags, *more,
             "-Wl,-rpath," + cls.at() + "/opt/troupe/lib"], seconds=120)
        return program


def test_it_installs_with_pkg_config():
    folder = Installed.at() + "/opt/troupe"
    names = sorted(os.path.relpath(path, folder) for path in glob.glob(folder + "/**", recursive=True) if not os.path.isdir(path))
    version = Installed.flags("--modversion")[0]
    minor = version.rsplit(".", 1)[0]
    libraries = [name % library for library in LIBRARIES for name in
                 ("lib/lib%s.a", "lib/lib%s.so", "lib/lib%s.so." + minor, "lib/lib%s.so." + version, "lib/pkgconfig/lib%s.pc")]
    assert version == act_version()
    assert names == sorted(["include/act.h", "include/troupe.h"] + libraries), names
    for library in LIBRARIES:
        soname = run(["readelf", "-d", "%s/lib/lib%s.so" % (folder, library)]).stdout
        assert "[lib%s.so.%s]" % (library, minor) in soname, soname


# ---- programs that see the installed headers only --------------------------------------------------------------


def example(name, package="libtroupe-actor"):
    program = os.path.join(Installed.at(), name.rsplit(".", 1)[0])
    Installed.build([os.path.join(EMBED, "examples", name)], program, package=package)
    assert package in needed(program), needed(program)
    return program


def test_a_program_may_be_linked_with_the_archive():
    folder = Installed.at()
    program = os.path.join(folder, "static")
    for library in LIBRARIES:
        static = [word for word in Installed.flags("--libs", "--static", package="lib" + library) if word != "-l" + library]
        run(["gcc", "-std=c11", "-O1", *SANITIZERS, *Installed.flags("--cflags"), os.path.join(EMBED, "examples", "ping-pong.c"), "-o", program,
             "-Wl,--gc-sections", "%s/opt/troupe/lib/lib%s.a" % (folder, library), *static], seconds=120)
        assert "rounds" in run([program, "10"]).stdout


def test_ping_pong_ends():
    assert run([example("ping-pong.c"), "1000"]).stdout == "1000 rounds\n"


def test_workers_do_all_jobs_though_they_and_their_process_die():
    with tempfile.TemporaryDirectory(prefix="wk.") as folder:
        done = run([example("workers.c"), folder], seconds=60)
    assert done.stdout == "all 200 jobs are done\n", done.stdout
    assert re.search(r"child ended child=worker-\d why=\"crashed", done.stderr), "no worker died"
    assert re.search(r"host ended host=pool", done.stderr), "the process did not die"


def test_keys_survive_crashes_in_simulation_and_a_seed_is_one_run():
    program = example("kv.c")
    first, again, other = (run([program, "--sim", seed], seconds=60).stdout for seed in ("1", "1", "2"))
    assert first == again and first != other, (first, again, other)
    for said in (first, other):
        assert "500 written, 0 lost\n" in said, said


GUIDE = os.path.join(EMBED, "GUIDE.md")
BLOCK = re.compile(r"((?:<!-- [^\n]* -->\n)*)```c\n(.*?)```\n", re.S)
PRELUDE = "#include <act.h>\n#include <stdio.h>\n#include <troupe.h>\n"


def test_the_guide_is_short_and_every_block_of_it_builds_and_runs():
    text = open(GUIDE).read()
    assert text.count("\n") <= 200, "%d lines" % text.count("\n")
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("```c\n") and len(blocks) >= 4
    runs = 0
    for number, (notes, code) in enumerate(blocks):
        source = os.path.join(Installed.at(), "guide-%d.c" % number)
        program = source[:-2]
        is_whole = "int main(" in code
        open(source, "w").write(code if is_whole else PRELUDE + code)
        package = "libtroupe" if "troupe_" in code or not is_whole else "libtroupe-actor"
        fragment = ["-c", "-Wno-unused-function", "-Wno-unused-const-variable", "-Wno-unused-variable"]
        Installed.build([source], program, *([] if is_whole else fragment), package=package)
        for words, expected in re.findall(r"<!-- prints(?: with ([^:]*))?: (.*) -->", notes):
            assert run([program, *words.split()], seconds=60).stdout.split("\n") == expected.split(" / ") + [""], (number, words, expected)
            runs += 1
    assert runs >= 4, runs


def test_what_the_guide_has_typed_works():
    """Its kubectl lines, as they stand, in the shell that a person has."""
    lines = re.findall(r"^    \$ (kubectl .*)$", open(GUIDE).read(), re.M)
    assert len(lines) >= 2, lines
    with Todo() as todo:
        done = run(["bash", "-euc", "\n".join(lines)], env=dict(os.environ, KUBECONFIG=todo.folder + "/data/admin.kubeconfig"))
        assert "milk created" in done.stdout and "buy milk" in done.stdout and '"milk" deleted' in done.stdout, done.stdout


def test_the_readme_shows_the_example_as_it_is():
    shown = BLOCK.findall(open(os.path.join(ROOT, "README.md")).read())
    source = open(os.path.join(EMBED, "examples", "todo.c")).read()
    assert len(shown) == 1
    without_remark = re.sub(r" /\*[^\n]*\*/\n", "\n", shown[0][1], count=1)
    assert " ".join(without_remark.split()) in " ".join(source.split()), without_remark


def child_with(parent, word):
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        pid = int(path.split("/")[2])
        try:
            words = open(path, "rb").read().split(b"\0")
            if word.encode() in words and int(re.search(r"PPid:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1)) == parent:
                return pid
        except OSError:
            continue
    return 0


def test_keys_survive_the_first_process():
    with tempfile.TemporaryDirectory(prefix="kv.") as folder:
        program = subprocess.Popen([example("kv.c"), folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            until(lambda: child_with(program.pid, "--act-host=c"), 20, "three processes are there")
            os.kill(child_with(program.pid, "--act-host=a"), signal.SIGKILL)
            out, errors = program.communicate(timeout=60)
        finally:
            program.kill()
            program.wait()
    assert out == "500 written, 0 lost\n" and program.returncode == 0, (out, errors)
    assert re.search(r"host ended host=a", errors), errors


class Todo:
    """The to-do control plane in a folder of its own, and kubectl against it. `hosts`: its parts are processes."""

    def __init__(self, *words):
        self.extra = words

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="troupe-todo.")
        self.child = subprocess.Popen([example("todo.c", "libtroupe"), self.folder + "/data", *self.extra], stdout=subprocess.PIPE,
                                      stderr=open(self.folder + "/log", "w"), text=True)
        line = self.child.stdout.readline()
        assert line.startswith("ready: https://127.0.0.1:"), line
        return self

    def __exit__(self, *why):
        self.child.terminate()
        try:
            self.code = self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def host(self, name):
        return child_with(self.child.pid, "--act-host=" + name)

    def kill(self, name):
        old = self.host(name)
        os.kill(old, signal.SIGKILL)
        until(lambda: self.host(name) not in (0, old), 10, name + " has been started again")

    def words(self, *words):
        return ["kubectl", "--kubeconfig", self.folder + "/data/admin.kubeconfig", *words]

    def kubectl(self, *words, stdin=None, ok=True):
        done = subprocess.run(self.words(*words), input=stdin, capture_output=True, text=True, timeout=30, stdin=None if stdin else
                              subprocess.DEVNULL)
        if ok is None:
            return done.stdout if done.returncode == 0 else ""
        if ok != (done.returncode == 0):
            raise Failed("kubectl %s: %d\n%s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr))
        return done.stdout + done.stderr


MILK = """
apiVersion: example.com/v1
kind: Todo
metadata: { name: milk }
spec: { task: buy milk }
"""


def test_the_to_do_control_plane_is_a_cluster_to_kubectl():
    with Todo() as todo:
        assert "No resources found" in todo.kubectl("get", "todos")
        assert "milk created" in todo.kubectl("create", "-f", "-", stdin=MILK)
        watch = subprocess.Popen(todo.words("get", "td", "-w", "--no-headers"), stdout=subprocess.PIPE, text=True)
        try:
            assert "buy milk" in watch.stdout.readline()
            until(lambda: re.search(r"milk +buy milk +Open", todo.kubectl("get", "todo")), 10, "the controller says that it is open")
            shown = todo.kubectl("describe", "todo", "milk")
            assert re.search(r"Task: +buy milk", shown) and re.search(r"State: +Open", shown), shown
            until(lambda: '"buy milk" is Open' in todo.kubectl("describe", "todo", "milk"), 10, "there is an event")
            todo.kubectl("patch", "td", "milk", "--type=merge", "-p", '{"spec":{"done":true}}')
            while "Done" not in watch.stdout.readline():
                assert watch.poll() is None
        finally:
            watch.kill()
            watch.wait()
            watch.stdout.close()
        assert "task\t<string>" in todo.kubectl("explain", "todo.spec").replace(" ", "").replace("<string>", "\t<string>").replace("\t\t", "\t")
        assert re.search(r"todos +td +example.com/v1 +true +Todo", todo.kubectl("api-resources"))
        assert "unknown field" in todo.kubectl("create", "-f", "-", stdin=MILK.replace("task", "tsk").replace("milk }", "x }", 1), ok=False)
        said = todo.kubectl("create", "-f", "-", stdin=MILK.replace("task: buy milk", "done: true"), ok=False)
        # The server's words, or those of an old kubectl that looks into the documents first.
        assert re.search(r'spec\.task: Required value|missing required field "task"', said), said
        assert "must be of type string" in todo.kubectl("patch", "td", "milk", "--type=merge", "-p", '{"spec":{"task":5}}', ok=False)
        assert "deleted" in todo.kubectl("delete", "td", "milk")
        assert "No resources found" in todo.kubectl("get", "todos")
    assert todo.code == 0, todo.code


def open_todo(name):
    return MILK.replace("milk", name)


def test_a_control_plane_of_hosts_outlives_each_of_them():
    """Kubectl's file stays right, what was written stays, and what is new is reconciled by whoever came instead."""
    with Todo("hosts") as todo:
        kubeconfig = open(todo.folder + "/data/admin.kubeconfig").read()
        for name in ("control", "api", "store"):
            assert todo.host(name) > 0, name
        todo.kubectl("create", "-f", "-", stdin=open_todo("first"))
        for name in ("control", "api", "store", "control"):
            before = {other: todo.host(other) for other in ("control", "api", "store") if other != name}
            todo.kill(name)
            one = "after-%s-%d" % (name, todo.host(name))
            until(lambda: todo.kubectl("create", "-f", "-", stdin=open_todo(one), ok=None), 15, "kubectl creates after " + name)
            until(lambda: re.search(one + r" +buy \S+ +Open", todo.kubectl("get", "todos", ok=None)), 15, "it is reconciled after " + name)
            assert before == {other: todo.host(other) for other in before}, "only %s was started again" % name
        assert open(todo.folder + "/data/admin.kubeconfig").read() == kubeconfig
        assert len(todo.kubectl("get", "todos", "--no-headers").splitlines()) == 5
        hosts = [todo.host(name) for name in ("control", "api", "store")]
    assert todo.code == 0, todo.code
    assert not [pid for pid in hosts if os.path.exists("/proc/%d" % pid)], "a host is left"


def test_a_control_plane_of_hosts_says_what_is_wrong_before_it_starts_any():
    with Todo("hosts") as todo:
        second = subprocess.run([example("todo.c", "libtroupe"), todo.folder + "/data", "hosts"], capture_output=True, text=True, timeout=20)
        assert second.returncode == 1 and "belongs to a control plane that runs" in second.stderr, second


OWNED = """
apiVersion: %s
kind: %s
metadata: { name: %s, ownerReferences: [{ apiVersion: %s, kind: %s, name: %s, uid: %s, blockOwnerDeletion: true }] }
"""


def own(todo, child, owner):
    """Creates `child` (version, kind, name) owned by `owner`, which is there."""
    uid = todo.kubectl("get", owner[1], owner[2], "-o", "jsonpath={.metadata.uid}")
    todo.kubectl("create", "-f", "-", stdin=OWNED % (*child, *owner, uid) + ("spec: { task: t }" if child[1] == "Todo" else ""))


def is_gone(todo, kind, name):
    return "NotFound" in todo.kubectl("get", kind, name, ok=False) if not todo.kubectl("get", kind, name, ok=None) else False


def test_what_belongs_to_an_object_goes_with_it():
    """Kinds of the program own and are owned as built-in ones are: in the background, before the owner, or not at all."""
    milk, note, kept = ("example.com/v1", "Todo", "milk"), ("v1", "ConfigMap", "note"), ("v1", "ConfigMap", "kept")
    for words in ((), ("hosts",)):
        with Todo(*words) as todo:
            todo.kubectl("create", "-f", "-", stdin=MILK)
            own(todo, note, milk)
            own(todo, ("example.com/v1", "Todo", "shake"), note)
            todo.kubectl("delete", "todo", "milk")
            until(lambda: is_gone(todo, "todo", "shake"), 15, "all below it has gone")
            assert is_gone(todo, "configmap", "note")
            todo.kubectl("create", "-f", "-", stdin=MILK)
            own(todo, kept, milk)
            todo.kubectl("delete", "todo", "milk", "--cascade=orphan")
            assert not todo.kubectl("get", "configmap", "kept", "-o", "jsonpath={.metadata.ownerReferences}")
            todo.kubectl("create", "-f", "-", stdin=MILK)
            own(todo, note, milk)
            todo.kubectl("delete", "todo", "milk", "--cascade=foreground", "--timeout=15s")
            assert is_gone(todo, "configmap", "note"), "it went first"
            assert not is_gone(todo, "configmap", "kept")


def test_a_namespace_goes_with_all_that_is_in_it_once_finalizers_are_done():
    with Todo() as todo:
        todo.kubectl("create", "namespace", "home")
        todo.kubectl("create", "-n", "home", "-f", "-", stdin=MILK)
        todo.kubectl("create", "-n", "home", "-f", "-", stdin=open_todo("held").replace("name: held", "name: held, finalizers: [example.com/hold]"))
        todo.kubectl("create", "-n", "home", "configmap", "one", "--from-literal=a=b")
        todo.kubectl("delete", "namespace", "home", "--wait=false")
        until(lambda: is_gone(todo, "todo/milk", "-nhome") and is_gone(todo, "configmap/one", "-nhome"), 15, "what nobody holds has gone")
        until(lambda: "example.com/hold in 1 resource" in todo.kubectl("get", "namespace", "home", "-o", "json"), 10, "it says what holds it")
        assert "forbidden" in todo.kubectl("create", "-n", "home", "configmap", "two", ok=False)
        todo.kubectl("patch", "todo", "held", "-n", "home", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        until(lambda: is_gone(todo, "namespace", "home"), 15, "the namespace has gone")


NOTE = "apiVersion: example.com/v1\nkind: Note\nmetadata: { name: %s }\n"


def test_two_control_planes_live_in_one_program_each_on_its_thread():
    folder = tempfile.mkdtemp(prefix="troupe-two.")
    log = open(folder + "/log", "w")
    program = subprocess.Popen([example("two.c", "libtroupe"), folder + "/data"], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        configs = sorted(program.stdout.readline().strip() for _ in range(2))
        assert configs == [folder + "/data-%d/admin.kubeconfig" % i for i in range(2)], configs
        for name, config in zip(("one", "two"), configs):
            run(["kubectl", "--kubeconfig", config, "create", "-f", "-"], stdin=NOTE % name)
        for name, config in zip(("one", "two"), configs):
            seen = lambda: run(["kubectl", "--kubeconfig", config, "get", "notes", "-o", "jsonpath={.items[*].metadata.name} {.items[*].seen}"]).stdout
            until(lambda: seen() == name + " 1", 15, "the first of its own, and no other's")
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0, open(folder + "/log").read()[-2000:]
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_to_do_control_plane_is_sixty_lines():
    lines = open(os.path.join(EMBED, "examples", "todo.c")).read().count("\n")
    assert lines <= 60, lines


if __name__ == "__main__":
    code = suite.main(globals(), sys.argv, has_nodes=False)
    if Installed.folder:
        shutil.rmtree(Installed.folder, ignore_errors=True)
    sys.exit(code)
