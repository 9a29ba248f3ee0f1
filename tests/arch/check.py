#!/usr/bin/env python3
"""The law of the tree as a program: `scons check`, or tests/arch/check.py [--all] [--root FOLDER] [RULE ...].

Prints `file:line: rule: what, and what to do instead` for each break and ends with 1 if there is one. Rules:
layers headers names exports banned status format size notes weight readme. What is slow (compiling headers, clang-format) is
remembered by content under build/; --all looks at every file's format, without it only at those that changed.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import law
import source

NOTES = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
FORMAT_AT_ONCE = 32  # files; one by one most of the time is that of starting it
CFLAGS = ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-fsyntax-only", "-x", "c"]


def under(path, folders):
    return any(path == f or path.startswith(f + "/") for f in folders)


class Check:
    def __init__(self, root, look_at_all):
        self.root = root
        self.look_at_all = look_at_all
        self.failures = []
        self.remarks = []
        self.files = list(source.files(root))
        self.sources = {s.path: s for s in source.sources(root)}
        self.headers = {p: s for p, s in self.sources.items() if p.endswith(".h")}
        self.cache_path = os.path.join(root, "build", "check.json")
        self.cache = self.load_cache()
        self.declared = {}  # a public function: the header that declares it
        for header in self.headers.values():
            for function in header.functions:
                if not function.is_static:
                    self.declared.setdefault(function.name, header.path)

    def fail(self, path, line, rule, text):
        self.failures.append((path, line, rule, text))

    def load_cache(self):
        try:
            with open(self.cache_path) as file:
                cache = json.load(file)
        except (OSError, ValueError):
            cache = {}
        return {"headers": cache.get("headers", {}), "format": cache.get("format", {})}

    def save_cache(self):
        os.makedirs(os.path.dirname(self.cache_path), exist_ok=True)
        with open(self.cache_path + ".new", "w") as file:
            json.dump(self.cache, file)
        os.replace(self.cache_path + ".new", self.cache_path)

    # 1. Includes go down the tree; a library's header is included in one folder.

    def layers(self):
        for path, text in self.sources.items():
            folder = text.folder
            if not path.startswith("tests/") and folder not in law.USES:
                self.fail(path, 1, "layers", "the folder %s is not in the law; add it to tests/arch/law.py and DESIGN, or "
                          "put the file into a folder that is" % folder)
                continue
            for is_system, name, line in text.includes:
                if is_system:
                    self.check_library(path, line, name)
                elif not path.startswith("tests/"):
                    self.check_include(path, line, folder, name)

    def check_library(self, path, line, name):
        if path.startswith("tests/") or name in law.SYSTEM or name.startswith(law.SYSTEM_FOLDERS):
            return
        if name.startswith(tuple(law.LIBRARIES_ALSO.get(path, ()))):
            return
        for prefix, folder in law.LIBRARIES.items():
            if name.startswith(prefix):
                if os.path.dirname(path) != folder:
                    self.fail(path, line, "layers", "<%s> is included in %s only; use what that folder offers" % (name, folder))
                return
        self.fail(path, line, "layers", "<%s> is no library of ours; a new one goes into tests/arch/law.py with its one folder "
                  "and a reason" % name)

    def check_include(self, path, line, folder, name):
        target = os.path.dirname(name)
        if target == folder or target in law.BASE or target in law.USES[folder]:
            return
        if not target:
            self.fail(path, line, "layers", '"%s": write includes from the root' % name)
        elif target in law.USES or under(target, law.TEST_FOLDERS):
            self.fail(path, line, "layers", "%s may not use %s; the way back is a message" % (folder, target))
        else:
            self.fail(path, line, "layers", '"%s" is in a folder that the law does not know' % name)

    # 2. A header compiles alone, its guard is its path, and no include leads back.

    def check_headers(self):
        for path, text in self.headers.items():
            guard = re.sub(r"[^A-Za-z0-9]", "_", path).upper()
            found = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text.text, re.M)
            if found is None or found.group(1) != guard or found.group(2) != guard:
                line = 1 if found is None else text.line_of(found.start())
                self.fail(path, line, "headers", "the guard must be %s" % guard)
        self.check_cycles()
        self.compile_headers()

    def own_includes(self, path):
        return [(name, line) for is_system, name, line in self.headers[path].includes
                if not is_system and name in self.headers]

    def check_cycles(self):
        state = {}

        def visit(path, chain):
            state[path] = "open"
            for name, line in self.own_includes(path):
                if state.get(name) == "open":
                    ring = chain[chain.index(name):] + [name] if name in chain else [path, name]
                    self.fail(path, line, "headers", "includes in a ring: %s; move what both need into a third header"
                              % " > ".join(ring))
                elif name not in state:
                    visit(name, chain + [name])
            state[path] = "done"

        for path in self.headers:
            if path not in state:
                visit(path, [path])

    def reach(self, path, seen):
        """All headers of the tree that `path` includes, itself too; and the names of includes that are not in the tree."""
        if path in seen:
            return set()
        seen.add(path)
        missing = {n for is_system, n, _ in self.headers[path].includes if not is_system and n not in self.headers}
        for name, _ in self.own_includes(path):
            missing |= self.reach(name, seen)
        return missing

    def compile_headers(self):
        builds = sorted(os.path.join("build", d) for d in os.listdir(os.path.join(self.root, "build"))
                        if os.path.isdir(os.path.join(self.root, "build", d))) \
            if os.path.isdir(os.path.join(self.root, "build")) else []
        jobs, waiting = [], []
        for path in self.headers:
            seen = set()
            missing = self.reach(path, seen)
            if any(not any(os.path.exists(os.path.join(self.root, b, m)) for b in builds) for m in missing):
                waiting.append(path)
                continue
            digest = hashlib.sha1("".join(self.headers[p].text for p in sorted(seen)).encode()).hexdigest()
            if self.cache["headers"].get(path) != digest:
                jobs.append((path, digest))
        if waiting:
            self.remarks.append("%d headers need generated ones that are not built; not compiled: %s" %
                                (len(waiting), " ".join(waiting[:5])))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (path, digest), error in zip(jobs, pool.map(lambda job: self.compile_header(job[0], builds), jobs)):
                if error is None:
                    self.cache["headers"][path] = digest
                else:
                    self.fail(path, error[0], "headers", "does not compile alone: %s" % error[1])

    def compile_header(self, path, builds):
        run = subprocess.run(["gcc"] + CFLAGS + ["-I."] + ["-I" + b for b in builds] + ["-"], cwd=self.root, text=True,
                             input='#include "%s"\n' % path, capture_output=True)
        if run.returncode == 0:
            return None
        first = re.search(r"^%s:(\d+):\d+: (?:fatal )?error: (.*)$" % re.escape(path), run.stderr, re.M)
        if first:
            return int(first.group(1)), first.group(2)
        other = re.search(r"error: (.*)", run.stderr)
        return 1, other.group(1) if other else run.stderr.strip()[:200]

    # 3. Names: the noun of a header is its functions' prefix, and who calls them includes it.

    def names(self):
        for path, text in self.headers.items():
            prefixes = self.prefixes_of(text)
            for function in text.functions:
                of_first = re.match(r"[^(]*\(\s*(?:\w+\s+)*?struct\s+(\w+)", function.head[function.head.index(function.name):])
                nouns = prefixes + ([of_first.group(1)] if of_first else [])
                if not any(function.name == p or function.name.startswith(p + "_") for p in nouns):
                    self.fail(path, text.line_of(function.at), "names", "%s() should begin with %s_: the noun of its header, of a "
                              "file beside it, of its folder, of a struct declared there, or of its first argument" % (function.name, prefixes[0]))
        base = {n for _, n, _ in self.headers["runtime/base/base.h"].includes} if "runtime/base/base.h" in self.headers else set()
        for path, text in self.sources.items():
            if path.endswith(".c"):
                self.check_named_headers(text, base)

    def prefixes_of(self, header):
        for start, prefixes in law.PREFIXES.items():
            if header.path.startswith(start):
                return prefixes
        stem = os.path.basename(header.path)[:-2].replace("-private", "").replace("-", "_")
        folder = os.path.basename(header.folder).replace("-", "_")
        structs = re.findall(r"\b(?:struct|enum|union)\s+(\w+)\s*[{;]", header.code)
        files = [os.path.basename(p)[:-2].replace("-", "_") for p in self.sources if os.path.dirname(p) == header.folder]
        return [stem, stem + "s", folder] + files + structs + [s.split("_")[0] for s in structs]

    def closure(self, names):
        """The headers of the tree among the names, with all that they include."""
        seen = set()
        for name in names:
            if name in self.headers:
                self.reach(name, seen)
        return seen

    def check_named_headers(self, text, base):
        direct = {n for is_system, n, _ in text.includes if not is_system}
        # A file's own header and its folder's private one speak for it; a test may lean on whatever it includes.
        own = {text.path[:-2] + ".h"} | {n for n in direct if n.endswith("-private.h") or text.path.startswith("tests/")
                                         or os.path.dirname(n) == text.folder}
        # And a folder's header for those of its folder that it includes, and for runtime/base.
        spoken = {inner for name in direct for inner in self.closure({name})
                  if os.path.dirname(inner) in [os.path.dirname(name)] + law.BASE}
        direct |= self.closure(own & direct) | spoken
        if "runtime/base/base.h" in direct:
            direct |= base
        defined = {f.name for f in text.functions}
        told = set()
        for name, at in text.calls():
            header = self.declared.get(name)
            if header is None or header in direct or header in told or name in defined:
                continue
            if under(text.folder, law.BASE) and under(header, law.BASE):
                continue
            if text.plain[:at].rstrip().endswith((".", "->")):
                continue
            told.add(header)
            self.fail(text.path, text.line_of(at), "names", '%s() is called: include "%s" itself' % (name, header))

    # 4. What is public has a reader besides its own file, and no file declares another's function by hand.

    def exports(self):
        words = {p: set(re.findall(r"[A-Za-z_]\w*", s.plain)) for p, s in self.sources.items()}
        readers = {}
        for path, all_words in words.items():
            for word in all_words & self.declared.keys():
                readers.setdefault(word, []).append(path)
        definitions = self.definitions()
        undefined = {}
        idle = {name for name in law.SELF_TESTS if name in self.declared}
        for name, header in sorted(self.declared.items()):
            if under(header, ["tests"]) or name.startswith(law.PUBLIC_API):
                continue
            text = self.headers[header]
            declaration = next(f for f in text.functions if f.name == name)
            line = text.line_of(declaration.at)
            if declaration.body is not None:
                continue
            if name not in definitions:
                if name in idle:  # its body is generated
                    idle.discard(name)
                else:
                    undefined.setdefault(header, []).append((line, name))
                continue
            outside = [p for p in readers.get(name, []) if p not in (definitions[name], header)]
            if not outside and len(re.findall(r"\b%s\b" % name, text.plain)) < 2:
                if name in idle:
                    idle.discard(name)
                    continue
                self.fail(header, line, "exports", "%s() is called by no other file; make it static, or take it out" % name)
        for name in sorted(idle):
            self.fail(self.declared[name], 1, "exports", "%s() needs no leave any more: take it off SELF_TESTS in the law" % name)
        for header, missing in undefined.items():
            self.fail(header, min(missing)[0], "exports", "declared and never defined; write or take out: %s"
                      % " ".join(name for _, name in missing))
        for path, text in self.sources.items():
            self.check_hand_declared(path, text, definitions)

    def definitions(self):
        """The file of each non-static function of the product. Two of one name would meet in one program, also in a test's."""
        programs = {}
        for path, text in sorted(self.sources.items(), key=lambda item: (item[0].startswith("tests/"), item[0])):
            if not path.endswith(".c") or path.startswith("tests/fuzz/"):
                continue
            # A program of tests is the product, tests/lib and the tests of one layer.
            program = "/".join(path.split("/")[:3]) if path.startswith("tests/unit/") else \
                os.path.dirname(path) if path.startswith("tests/") else ""
            meets = [programs.setdefault(name, {}) for name in ("", "tests/lib", program)]
            for function in text.functions:
                if function.body is None or function.is_static or function.name == "main":
                    continue
                other = next((m[function.name] for m in meets if function.name in m), None)
                if other is not None:
                    self.fail(path, text.line_of(function.at), "exports", "%s() is defined in %s too, and both are in one program; give "
                              "one of them its own noun" % (function.name, other))
                programs[program].setdefault(function.name, path)
        return programs.get("", {})

    def check_hand_declared(self, path, text, definitions):
        if not path.endswith(".c"):
            return
        for function in text.functions:
            if function.body is None and not function.is_static and definitions.get(function.name, path) != path:
                self.fail(path, text.line_of(function.at), "exports", "%s() is declared here by hand; include the header of %s"
                          % (function.name, definitions[function.name]))

    # 5. Calls that have a better one.

    def banned(self):
        for path, text in self.sources.items():
            for name, at in text.calls():
                rule = law.BANNED.get(name)
                if name in law.BANNED_THERE and under(path, law.ARENAS_ONLY):
                    rule = ([], law.BANNED_THERE[name])
                if rule is None or under(path, rule[0]) or self.is_not_libc(text, at):
                    continue
                self.fail(path, text.line_of(at), "banned", "%s(): use %s" % (name, rule[1]))

    @staticmethod
    def is_not_libc(text, at):
        """A member (x->free()), or a pointer (*time)()."""
        before = text.plain[max(0, at - 40):at].rstrip()
        return before.endswith((".", "->", "*"))

    # 6. Outcomes are looked at; TRY is for functions that have nothing to release.

    def status(self):
        giving = set()
        for path, text in self.headers.items():
            for function in text.functions:
                if not function.gives_status or function.may_ignore or function.body is not None:
                    continue
                giving.add(function.name)
                if not function.must_use:
                    self.fail(path, text.line_of(function.at), "status", "%s() gives a status: put MUST_USE before it, or MAY_IGNORE "
                              "where the outcome is only for those who want to know it" % function.name)
        for path, text in self.sources.items():
            own = {f.name for f in text.functions if f.gives_status and f.is_static}
            for function in text.functions:
                if function.body is not None:
                    self.check_body(path, text, function, giving | own)

    def check_body(self, path, text, function, giving):
        offset = function.end - len(function.body)
        if re.search(r"\bTRY\s*\(", function.body) and re.search(r"^\s*out:", function.body, re.M):
            self.fail(path, text.line_of(function.at), "status", "%s() has TRY beside an out: label; what the label releases would "
                      "leak: set a status and goto out" % function.name)
        for match in re.finditer(r"[;{}]\s*(\w+)\s*\(", function.body):
            if match.group(1) not in giving:
                continue
            end = close_of(function.body, match.end() - 1)
            if re.match(r"\s*;", function.body[end:]):
                self.fail(path, text.line_of(offset + match.start(1)), "status", "the status of %s() is ignored; look at it, or TRY"
                          % match.group(1))

    # 7. Format.

    def format(self):
        if shutil.which("clang-format") is None:
            self.remarks.append("no clang-format on this machine: format not checked")
            return
        with open(os.path.join(self.root, ".clang-format"), "rb") as file:
            style = file.read()
        jobs = []
        for path in self.changed():
            digest = hashlib.sha1(style + self.sources[path].text.encode()).hexdigest()
            if digest not in self.cache["format"]:
                jobs.append((path, digest))
        groups = [jobs[i:i + FORMAT_AT_ONCE] for i in range(0, len(jobs), FORMAT_AT_ONCE)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for group, found in zip(groups, pool.map(lambda group: self.format_of([path for path, _ in group]), groups)):
                for path, digest in group:
                    if path in found:
                        self.fail(path, found[path], "format", "not formatted; run clang-format -i %s" % path)
                    else:
                        self.cache["format"][digest] = 1

    def changed(self):
        """What differs from main or is new; everything with --all, or where there is no main to compare with."""
        if self.look_at_all or shutil.which("git") is None:
            return sorted(self.sources)
        git = ["git", "-C", self.root]
        diff = subprocess.run(git + ["diff", "--name-only", "main"], capture_output=True, text=True)
        new = subprocess.run(git + ["ls-files", "-o", "--exclude-standard"], capture_output=True, text=True)
        if diff.returncode != 0 or new.returncode != 0:
            return sorted(self.sources)
        return sorted(set(diff.stdout.split() + new.stdout.split()) & set(self.sources))

    def format_of(self, paths):
        """Of those that are not as clang-format would have them: path: the first such line."""
        run = subprocess.run(["clang-format", "--dry-run", "-Werror"] + paths, cwd=self.root, capture_output=True, text=True)
        found = {}
        for path, line in re.findall(r"^(.*?):(\d+):\d+: error", run.stderr, re.M):
            found.setdefault(os.path.normpath(path), int(line))
        return found

    # 8. Sizes: a report for those who review, never a failure.

    def size(self):
        folders, long_files, long_functions = {}, [], []
        for path, text in self.sources.items():
            folders[text.folder] = folders.get(text.folder, 0) + 1
            lines = text.text.count("\n")
            if lines > law.LONG_FILE:
                long_files.append("%s (%d)" % (path, lines))
            for function in text.functions:
                length = function.body.count("\n") + 1 if function.body else 0
                if length > law.LONG_FUNCTION and "const struct" not in function.body[:200]:
                    long_functions.append("%s:%d %s (%d)" % (path, text.line_of(function.at), function.name, length))
        many = ["%s (%d)" % item for item in sorted(folders.items()) if item[1] > law.MANY_FILES]
        for what, found in (("files over %d lines" % law.LONG_FILE, long_files), ("folders over %d files" % law.MANY_FILES, many),
                            ("functions over %d lines" % law.LONG_FUNCTION, long_functions)):
            if found:
                self.remarks.append("%d %s: %s%s" % (len(found), what, ", ".join(found[:8]), " ..." if len(found) > 8 else ""))

    # 9. No notes to oneself.

    def notes(self):
        for path in self.files:
            if not path.endswith((".c", ".h", ".py", ".sh", ".md", ".schema", "SConscript", "SConstruct")):
                continue
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
                for number, line in enumerate(file, 1):
                    if NOTES.search(line):
                        self.fail(path, number, "notes", "a note to oneself; do it, or write down the limit it leaves")

    # What is kept is written by hand, so no file is huge; a dump of memory, a log or a program is here by accident.

    def weight(self):
        for path in self.files:
            size = os.lstat(os.path.join(self.root, path)).st_size
            if size > law.FILE_BYTES and not law.IGNORED.fullmatch(path):
                self.fail(path, 1, "weight", "%d KiB; if it was left behind or is generated, delete it, else keep a smaller one"
                          % (size // 1024))

    # And every folder says what it is.

    def readme(self):
        folders = {s.folder for s in self.sources.values() if not s.folder.startswith("tests/unit/")}
        folders |= {f.split("/")[0] for f in folders} & set(law.LAYERS)
        folders |= {os.path.dirname(p) for p in self.files if os.path.dirname(p) in law.TEST_FOLDERS}
        folders |= {f for f in ["tests/unit"] if any(p.startswith(f + "/") for p in self.files)}
        for folder in sorted(f for f in folders if f):
            if under(folder, law.TEST_FOLDERS) and folder not in law.TEST_FOLDERS:
                continue
            path = folder + "/README.md"
            if path not in self.files:
                self.fail(path, 1, "readme", "missing; say what lives here, which file to read first, what it may use and what it "
                          "promises")
                continue
            with open(os.path.join(self.root, path), encoding="utf-8") as file:
                lines = len(file.readlines())
            if lines > law.README_LINES:
                self.fail(path, lines, "readme", "%d lines; %d are enough for a map" % (lines, law.README_LINES))


def close_of(code, at):
    """The offset behind the bracket that closes the one at `at`."""
    depth = 0
    for match in re.compile(r"[()]").finditer(code, at):
        depth += 1 if match.group(0) == "(" else -1
        if depth == 0:
            return match.end()
    return len(code)


RULES = {"layers": Check.layers, "headers": Check.check_headers, "names": Check.names, "exports": Check.exports,
         "banned": Check.banned, "status": Check.status, "format": Check.format, "size": Check.size, "notes": Check.notes,
         "weight": Check.weight, "readme": Check.readme}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="look at the format of every file")
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    parser.add_argument("rules", nargs="*", metavar="RULE", help="all without one: " + " ".join(RULES))
    args = parser.parse_args()
    for rule in args.rules:
        if rule not in RULES:
            parser.error("no rule '%s'; there are: %s" % (rule, " ".join(RULES)))
    check = Check(args.root, args.all)
    for rule in args.rules or RULES:
        RULES[rule](check)
    check.save_cache()
    for path, line, rule, text in sorted(set(check.failures)):
        print("%s:%d: %s: %s" % (path, line, rule, text))
    for remark in check.remarks:
        print("note: " + remark)
    print("check: %d files, %d failures" % (len(check.sources), len(set(check.failures))))
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
