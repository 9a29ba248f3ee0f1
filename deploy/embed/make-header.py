#!/usr/bin/env python3
"""Makes the installed headers out of the tree's own, and the list of symbols they name.

    make-header.py act.h INTRO OUT.h OUT.symbols HEADER...             one header of many, which needs no other file
    make-header.py troupe.h INTRO OUT.h OUT.symbols HEADER... -- KNOWN...    the same; KNOWN headers are those of act.h, included by name

Inside the tree a noun of the runtime has its short name (struct str, arena_new, OK); outside everything begins with act_ or troupe_, so
that nothing of ours can meet a name of the program or of another library. Names that begin so already stay. The symbols file has a line
`inside outside` for each function and object, by which the library is renamed when it is put together. Output is never committed.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "arch"))
import source  # noqa: E402  (it reads C as the law does)

OURS = re.compile(r"^(act|ACT|troupe|TROUPE)_|^(act|troupe)$|^X$|^T$")
TAG = re.compile(r"\b(struct|enum|union)(\s+)(\w+)")
DECLARE = re.compile(r"\bACT_TYPE_DECLARE\((\w+)\)")
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
ENUM = re.compile(r"\benum\b[^;{}()]*\{([^}]*)\}")
EXTERN = re.compile(r"^extern const [^;(]*?\b(\w+)(?:\[\])?;", re.M)
ROW = re.compile(r"\bX\((\w+),")
# The outcomes are the only enumerators whose names are everybody's words: they say what they are outside.
OUTCOMES = "runtime/base/status.h"


class Names:
    """What the headers declare, by the way it is written: tags after their keyword, all others wherever they stand."""

    def __init__(self):
        self.tags, self.words, self.symbols = set(), {}, {}

    def outside(self, name, is_outcome=False):
        if OURS.match(name):
            return name
        if is_outcome:
            return "ACT_STATUS_" + name
        return ("ACT_" if name.isupper() or name[0].isupper() else "act_") + name

    def word(self, name, is_outcome=False):
        self.words[name] = self.outside(name, is_outcome)

    def symbol(self, name):
        self.symbols[name] = self.outside(name)

    def read(self, header):
        code, plain = header.code, header.plain
        self.tags |= {m.group(3) for m in TAG.finditer(plain)} - {"T"}
        gone = set(re.findall(r"#undef (\w+)", plain)) | {guard_of(header.path)}
        for name in MACRO.findall(plain):
            if name not in gone:
                self.word(name)
        for body in ENUM.findall(code):
            for name in re.findall(r"(?:^|,)\s*([A-Za-z_]\w*)", body):
                self.word(name)
        for name in filter(str.isupper, ROW.findall(plain)):
            self.word(name, header.path == OUTCOMES)
        for function in header.functions:
            self.word(function.name)
            if not function.is_static:
                self.symbol(function.name)
        for name in EXTERN.findall(code):
            if name != "T##_type":
                self.word(name)
                self.symbol(name)
        for name in DECLARE.findall(code):
            self.tags.add(name)
            self.word(name + "_type")
            self.symbol(name + "_type")

    def rename(self, text):
        text = TAG.sub(lambda m: m.group(1) + m.group(2) + (self.outside(m.group(3)) if m.group(3) in self.tags else m.group(3)),
                       text)
        text = DECLARE.sub(lambda m: "ACT_TYPE_DECLARE(%s)" % self.outside(m.group(1)), text)
        # Not members, and not the words of a sentence or a string that happen to be a short name.
        return re.sub(r"(?<![\w.>\"])\w+(?![\w\"])",
                      lambda m: self.words.get(m.group(0), m.group(0)), text)


def guard_of(path):
    return re.sub(r"[^A-Za-z0-9]", "_", path).upper()


def body_of(header):
    """The header's text without its guard and its includes of ours; those of the system are gathered."""
    text, guard = header.text, guard_of(header.path)
    text = re.sub(r"#ifndef %s\n#define %s\n" % (guard, guard), "", text)
    text = text[:text.rindex("#endif")]
    system = set(re.findall(r"^#include <([^>]+)>\n", text, re.M))
    text = re.sub(r'^#include ["<][^">]+[">].*\n', "", text, flags=re.M)
    text = re.sub(r"^#pragma GCC visibility .*\n", "", text, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", system


# C++ has other words and no compound literals that are lvalues.
CPLUSPLUS = """\
#ifdef __cplusplus
extern "C" {
#define ACT_LITERAL(T) T /* struct T is said as T in an expression of C++ */
#define ACT_ZERO(T) (T{})
#define ACT_CLASS class_ /* the member `class` has this name in C++ */
#define ACT_NORETURN [[noreturn]]
#else
#define ACT_LITERAL(T) (struct T)
#define ACT_ZERO(T) ((struct T){ 0 })
#define ACT_CLASS class
#define ACT_NORETURN _Noreturn
#endif
"""


def for_both(text):
    """What C and C++ say differently."""
    def outside_comments(part):
        part = re.sub(r"\bclass\b", "ACT_CLASS", part)
        part = re.sub(r"\b(namespace|template|this|new|delete)\b", r"\1_", part)
        part = re.sub(r"\(\(struct (\w+)\)\{ 0 \}\)", lambda m: "ACT_ZERO(%s)" % m.group(1), part)
        part = re.sub(r"\(struct (\w+)\)(?=\{)", lambda m: "ACT_LITERAL(%s)" % m.group(1), part)
        return part.replace("_Noreturn", "ACT_NORETURN")

    parts = re.split(r"(/\*.*?\*/)", text, flags=re.S)
    return "".join(part if part.startswith("/*") else outside_comments(part) for part in parts)


def main():
    name, intro, out_header, out_symbols, *paths = sys.argv[1:]
    known = paths[paths.index("--") + 1:] if "--" in paths else []
    own = paths[:paths.index("--")] if "--" in paths else paths
    names, bodies, system = Names(), [], {"stdbool.h", "stddef.h", "stdint.h"}
    for path in known:
        names.read(source.Source(ROOT, path))
    names.symbols.clear()
    for path in own:
        header = source.Source(ROOT, path)
        names.read(header)
        body, includes = body_of(header)
        bodies.append(body)
        system |= includes
    taken = {}
    for inside, outside in names.symbols.items():
        if taken.setdefault(outside, inside) != inside:
            sys.exit("%s: %s and %s would both be %s" % (name, inside, taken[outside], outside))
    guard = guard_of(name)
    text = open(intro, encoding="utf-8").read().rstrip() + "\n"
    text += "#ifndef %s\n#define %s\n\n" % (guard, guard)
    text += "".join("#include <%s>\n" % s for s in sorted(system))
    text += '\n#include "act.h"\n\n#ifdef __cplusplus\nextern "C" {\n#endif\n' if known else "\n" + CPLUSPLUS
    text += "\n#pragma GCC visibility push(default)\n\n"
    text += for_both(names.rename("\n".join(bodies)))
    text += "\n#pragma GCC visibility pop\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"
    with open(out_header, "w", encoding="utf-8") as file:
        file.write(text)
    with open(out_symbols, "w", encoding="utf-8") as file:
        file.writelines("%s %s\n" % item for item in sorted(names.symbols.items()))


main()
