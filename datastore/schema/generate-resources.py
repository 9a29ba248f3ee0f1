#!/usr/bin/env python3
"""Turns resources.tsv into resource-rows.c.  generate-resources.py RESOURCES.TSV OUT.C   The build runs it; its output is never committed."""
import sys

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
WORDS = {"deletecollection": "DELETE_COLLECTION"}


def text(s):
    return 'TEXT("%s")' % s


def verbs(names):
    return " | ".join("RESOURCE_" + WORDS.get(name, name.upper()) for name in VERBS if name in names)


def words(s):
    return [] if s == "-" else s.split(",")


def subresource(s, row):
    name, kind, allowed = s.split(":")
    api, _, kind = kind.rpartition(".")
    group, version = api.split("/") if "/" in api else (row["group"], row["version"])
    return "{ %s, %s, %s, %s, %s }" % (text(name), text(group), text(version), text(kind), verbs(allowed.split("+")))


def read(path):
    lines = [line.rstrip("\n").split("\t") for line in open(path) if not line.startswith("#")]
    head, rows = lines[0], []
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(head):
            sys.exit("%s: row %d has %d columns, expected %d" % (path, number, len(line), len(head)))
        row = dict(zip(head, line))
        row["group"] = "" if row["group"] == "core" else row["group"]
        for name in row["verbs"].split(","):
            if name not in VERBS:
                sys.exit("%s: %s: unknown verb %s" % (path, row["resource"], name))
        rows.append(row)
    return sorted(rows, key=lambda r: (-int(r["priority"]), r["group"], -int(r["version_priority"]), r["resource"]))


def lists(out, row, index):
    for name, values in (("short", words(row["short"])), ("categories", words(row["categories"]))):
        if values:
            out.append("static const struct str %s_%d[] = { %s };" % (name, index, ", ".join(map(text, values))))
    if row["subresources"] != "-":
        items = sorted(row["subresources"].split(" "))
        out.append("static const struct subresource_row subresources_%d[] = {\n\t%s,\n};"
                   % (index, ",\n\t".join(subresource(item, row) for item in items)))


def pointer(name, count, index):
    return "%s_%d" % (name, index) if count else "NULL"


def line(row, index):
    short, categories = len(words(row["short"])), len(words(row["categories"]))
    subresources = 0 if row["subresources"] == "-" else len(row["subresources"].split(" "))
    prefix = "{ NULL, 0 }" if row["prefix"] in ("-", "live") else text("/registry/" + row["prefix"] + "/")
    storage_hash = "{ NULL, 0 }" if row["storage_hash"] == "-" else text(row["storage_hash"])
    return "\t{ %s, %s, %s, %s, %s,\n\t  %s, %s, %s, %d, %d, %d,\n\t  %s,\n\t  %s, %s, %s, %s, %s, %s },\n" % (
        text(row["group"]), text(row["version"]), text(row["resource"]), text(row["singular"]), text(row["kind"]),
        pointer("short", short, index), pointer("categories", categories, index),
        pointer("subresources", subresources, index), short, categories, subresources,
        verbs(row["verbs"].split(",")), prefix, storage_hash, row["priority"], row["version_priority"],
        "true" if row["scope"] == "namespaced" else "false", "true" if row["prefix"] == "live" else "false")


def main():
    rows = read(sys.argv[1])
    out = ['#include "datastore/schema/resource-row.h"\n', '#define TEXT(s) { s, sizeof(s) - 1 }\n',
           "const struct str resource_verb_names[RESOURCE_VERBS] = { %s };\n" % ", ".join(map(text, VERBS))]
    for index, row in enumerate(rows):
        lists(out, row, index)
    out.append("\nconst struct resource_row resource_rows[] = {\n%s};" % "".join(line(r, i) for i, r in enumerate(rows)))
    out.append("const uint32_t resource_row_count = sizeof resource_rows / sizeof resource_rows[0];")
    open(sys.argv[2], "w").write("\n".join(out) + "\n")


main()
