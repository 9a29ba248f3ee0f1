#!/usr/bin/env python3
"""Each rule of check.py can fail: small trees, one break each, and the tree without it that passes."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK = os.path.join(HERE, "check.py")
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import check
import law


def header(path, body=""):
    guard = path.replace("/", "_").replace(".", "_").replace("-", "_").upper()
    return "#ifndef %s\n#define %s\n\n%s\n#endif\n" % (guard, guard, body)


# A tree that passes: a module in runtime/base, one in transport/wire that uses it, and a test that uses both.
GOOD = {
    "runtime/README.md": "# runtime\n",
    "runtime/base/README.md": "# base\n",
    "runtime/base/thing.h": header("runtime/base/thing.h", "#include \"runtime/base/status.h\"\n\n"
                                   "MUST_USE enum status thing_make(int *out);\nint thing_size(void);\n"),
    "runtime/base/status.h": header("runtime/base/status.h", "#define MUST_USE __attribute__((warn_unused_result))\n"
                                    "#define MAY_IGNORE\nenum status { OK, INVALID };\n"),
    "runtime/base/thing.c": "#include \"runtime/base/thing.h\"\n\nenum status thing_make(int *out)\n{\n\t*out = thing_size();\n"
                            "\treturn OK;\n}\n\nint thing_size(void)\n{\n\treturn 1;\n}\n",
    "transport/README.md": "# transport\n",
    "transport/wire/README.md": "# wire\n",
    "transport/wire/use.h": header("transport/wire/use.h", "int use_thing(void);\n"),
    "transport/wire/use.c": "#include \"transport/wire/use.h\"\n\n#include \"runtime/base/thing.h\"\n\nint use_thing(void)\n{\n"
                            "\tint out;\n\n\treturn thing_make(&out) == OK ? out : thing_size();\n}\n",
    "tests/README.md": "# tests\n",
    "tests/unit/README.md": "# unit\n",
    "tests/unit/transport/wire/test-use.c": "#include \"transport/wire/use.h\"\n\nint test_use(void)\n{\n\treturn use_thing();\n}\n",
}
# A function body for transport/wire/use.c in which the break stands.
USE = "#include \"transport/wire/use.h\"\n\n%s#include \"runtime/base/thing.h\"\n\n%sint use_thing(void)\n{\n%s\treturn 0;\n}\n"


def use(includes="", before="", body=""):
    return {"transport/wire/use.c": USE % (includes, before, body)}


# Rule, a sentence, what is different in the tree, and what the finding says.
BREAKS = [
    ("layers", "an include goes up the tree", {"runtime/base/thing.c": "#include \"transport/wire/use.h\"\n"},
     "runtime/base may not use transport/wire"),
    ("layers", "a folder is not in the law", {"transport/other/a.c": "int a;\n"}, "transport/other is not in the law"),
    ("layers", "a library is included outside its folder", use("#include <sqlite3.h>\n"), "datastore/table only"),
    ("layers", "a library is unknown", use("#include <jansson.h>\n"), "no library of ours"),
    ("layers", "an include is not written from the root", use("#include \"use.h\"\n"), "from the root"),
    ("layers", "the product includes a test", use("#include \"tests/lib/test.h\"\n"), "may not use tests/lib"),
    ("headers", "the guard is not the path", {"transport/wire/a.h": "#ifndef A_H\n#define A_H\n#endif\n"},
     "must be TRANSPORT_WIRE_A_H"),
    ("headers", "a header does not compile alone", {"transport/wire/a.h": header("transport/wire/a.h", "extern struct str a(size_t);\n")},
     "does not compile alone"),
    ("headers", "includes form a ring", {
        "transport/wire/a.h": header("transport/wire/a.h", "#include \"transport/wire/b.h\"\n"),
        "transport/wire/b.h": header("transport/wire/b.h", "#include \"transport/wire/a.h\"\n")}, "in a ring"),
    ("names", "a public function has another noun", {"transport/wire/a.h": header("transport/wire/a.h", "int other_thing(void);\n")},
     "other_thing() should begin with a_"),
    ("names", "a caller does not include the header", {
        "transport/wire/a.h": header("transport/wire/a.h", "int a_make(void);\n"),
        "transport/wire/use.c": USE % ("", "", "\ta_make();\n")}, 'include "transport/wire/a.h" itself'),
    ("exports", "a declaration has no body", {"transport/wire/a.h": header("transport/wire/a.h", "int a_make(void);\n")},
     "declared and never defined; write or take out: a_make"),
    ("exports", "a name is defined twice", {"transport/wire/a.c": "int use_thing(void)\n{\n\treturn 1;\n}\n"}, "is defined in"),
    ("exports", "a file declares by hand", use(before="int thing_size(void);\n\n"), "declared here by hand"),
    ("banned", "a banned call", use(body="\tsprintf(0, \"x\");\n"), "sprintf(): use snprintf"),
    ("banned", "a clock is read", use(body="\ttime(0);\n"), "seams"),
    ("banned", "actors keep memory by hand", {"actors/controllers/a.c": "void f(void)\n{\n\tmem_free(0);\n}\n"}, "mem_free(): use an arena"),
    ("status", "an outcome is ignored", use(body="\tthing_make(0);\n"), "the status of thing_make() is ignored"),
    ("status", "a prototype hides that it gives one", {
        "transport/wire/use.h": header("transport/wire/use.h", "enum status use_thing(void);\n")}, "put MUST_USE before it"),
    ("status", "TRY stands beside out:", use(body="\tTRY(thing_make(0));\nout:\n"), "has TRY beside an out: label"),
    ("format", "a file is not formatted", use(body="   int   x ;\n"), "run clang-format"),
    ("notes", "a note to oneself", use(before="/* TO" "DO: later */\n"), "a note to oneself"),
    ("weight", "something huge lies in the tree", {"transport/dump": "x" * (law.FILE_BYTES + 1)}, "if it was left behind"),
    ("readme", "a folder says nothing of itself", {"transport/wire/README.md": None}, "missing"),
    ("readme", "a README is long", {"transport/wire/README.md": "line\n" * 41}, "41 lines"),
]
# What looks like a break and is none.
FINE = [
    ("banned", "a member may have a banned name", use(body="\tstruct {\n\t\tint (*free)(void);\n\t} *x = 0;\n\n\tx->free();\n")),
    ("banned", "a comment or string may name a banned call", use(body="\t/* sprintf(x) */\n\tconst char *s = \"time(\";\n")),
    ("status", "a looked-at outcome", use(body="\tif (thing_make(0) != OK)\n\t\treturn 1;\n")),
    ("status", "an outcome that its contract lets go", {
        "transport/wire/use.h": header("transport/wire/use.h", "#include \"runtime/base/status.h\"\nMAY_IGNORE enum status use_tell(void);\n"),
        "transport/wire/use.c": USE % ("", "", "\tuse_tell();\n")}),
    ("names", "the noun may be the first argument's", {
        "transport/wire/a.h": header("transport/wire/a.h", "struct other;\nint other_size(const struct other *other);\n")}),
    ("weight", "a dump of memory that is not committed", {"core": "x" * (law.FILE_BYTES + 1)}),
    ("layers", "a generated header belongs to its folder", {"actors/controllers/workload/a.c": "#include \"datastore/schema/apps.h\"\n"}),
]


def make_tree(changes):
    root = tempfile.mkdtemp(prefix="troupe-check-")
    shutil.copy(os.path.join(HERE, "..", "..", ".clang-format"), root)
    for path, text in {**GOOD, **changes}.items():
        if text is None:
            continue
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w") as file:
            file.write(text)
    return root


def findings(rule, changes):
    """What one rule says, in this process: a process a case would take most of the time to start."""
    root = make_tree(changes)
    try:
        one = check.Check(root, True)
        check.RULES[rule](one)
        return ["%s:%d: %s: %s" % failure for failure in one.failures]
    finally:
        shutil.rmtree(root)


def run(arguments, changes):
    """The whole program: its exit code and output."""
    root = make_tree(changes)
    try:
        done = subprocess.run([sys.executable, CHECK, "--root", root] + arguments, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr
    finally:
        shutil.rmtree(root)


def main():
    passed = failed = skipped = 0

    def judge(name, is_right, output):
        nonlocal passed, failed
        if is_right:
            passed += 1
        else:
            failed += 1
            print("FAIL %s\n%s" % (name, output))

    code, output = run([], {})
    judge("the good tree passes every rule", code == 0, output)
    code, output = run([], {"transport/wire/README.md": None})
    judge("a broken one ends with 1 and says where", code == 1 and output.startswith("transport/wire/README.md:1: readme: "), output)
    code, output = run(["nonsense"], {})
    judge("an unknown rule is wrong usage", code == 2, output)
    for rule, name, changes, expected in BREAKS:
        if rule == "format" and shutil.which("clang-format") is None:
            print("SKIP format: no clang-format")
            skipped += 1
            continue
        found = findings(rule, changes)
        judge("%s: %s" % (rule, name), any(expected in line and ": %s: " % rule in line for line in found), "\n".join(found))
    for rule, name, changes in FINE:
        found = findings(rule, changes)
        judge("%s: %s" % (rule, name), not found, "\n".join(found))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
