#!/usr/bin/env python3
"""Turns columns.tsv into column-rows.c.  generate-columns.py COLUMNS.TSV OUT.C   The build runs it; its output is never committed."""
import sys

HEAD = ["type", "column", "format", "priority", "cell", "description"]
TYPES = ["string", "integer", "number", "boolean", "date"]
FORMS = ["age", "count", "join", "labels", "selector", "text", "computed"]


def text(s):
    return "{ NULL, 0 }" if s is None else 'TEXT("%s")' % s.replace("\\", "\\\\").replace('"', '\\"')


def cell(word):
    """(form, path or text or name, member, absent, invalid) of a cell's words."""
    parts = word.split("|")
    if len(parts) > 3:
        raise ValueError("too many alternatives: " + word)
    what, absent, invalid = parts + [None] * (3 - len(parts))
    form, _, rest = what.partition(" ")
    if form not in FORMS:
        form, rest = "value", what
    rest, _, member = rest.partition(" ") if form == "join" else (rest, "", "")
    if form not in ("text", "computed") and not rest.startswith("."):
        raise ValueError("a path begins with a dot: " + word)
    return form, rest, member or None, absent, invalid


def row(line):
    _, name, kind, priority, word, description = line
    type_, _, format_ = kind.partition(":")
    if type_ not in TYPES or priority not in ("0", "1"):
        raise ValueError("type or priority: %s %s" % (kind, priority))
    form, what, member, absent, invalid = cell(word)
    return "\t{ %s, %s, %s, %s,\n\t  %s, %s, %s, %s, CELL_%s, %s }" % (
        text(name), text(type_), text(format_), text(description), text(what), text(member), text(absent), text(invalid),
        form.upper(), priority)


def names(type_):
    prefix, _, name = type_.rpartition(".")
    return "{ NULL, 0 }, { NULL, 0 }" if type_ == "*" else "%s, %s" % (text(prefix), text(name))


def read(path):
    """The kinds in order, each with its lines; `*` comes last."""
    kinds, head = {}, None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        if line.startswith("#"):
            continue
        words = line.rstrip("\n").split("\t")
        if len(words) != len(HEAD) or (head is None and words != HEAD):
            sys.exit("%s:%d: expected %s" % (path, number, ", ".join(HEAD)))
        if head:
            kinds.setdefault(words[0], []).append(words)
        head = HEAD
    kinds["*"] = kinds.pop("*")
    return kinds


def main():
    kinds = read(sys.argv[1])
    out = ['#include "datastore/schema/column-row.h"\n', "#define TEXT(s) { s, sizeof(s) - 1 }\n"]
    table = []
    for index, (type_, lines) in enumerate(kinds.items()):
        if lines[0][1] == "*":
            same = lines[0][4].split()[1]
            table.append("\t{ %s, NULL, 0, %s },\n" % (names(type_), names(same)))
            continue
        try:
            rows = ",\n".join(row(line) for line in lines)
        except ValueError as why:
            sys.exit("%s: %s: %s" % (sys.argv[1], type_, why))
        out.append("static const struct column_row rows_%d[] = {\n%s,\n};" % (index, rows))
        table.append("\t{ %s, rows_%d, %d, { NULL, 0 }, { NULL, 0 } },\n" % (names(type_), index, len(lines)))
    out.append("\nconst struct column_kind column_kinds[] = {\n%s};" % "".join(table))
    out.append("const uint32_t column_kind_count = sizeof column_kinds / sizeof column_kinds[0];")
    open(sys.argv[2], "w", encoding="utf-8").write("\n".join(out) + "\n")


main()
