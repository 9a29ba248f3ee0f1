#!/usr/bin/env python3
"""Turns descriptions/*.txt into description-rows.c.  generate-descriptions.py OUT.C FILE.txt...

A file is named after the prefix of its types (`any.txt`: fields of every type). A line `Type  Sentence.` begins a type; lines with
two spaces before them, `  field  Sentence.`, are its fields. The build runs it; its output is never committed.
"""
import os
import re
import sys


def read(path, rows):
    prefix = os.path.splitext(os.path.basename(path))[0]
    owner = "*" if prefix == "any" else None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip()
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"(  )?(\S+)(?:  (\S.*))?", line)
        if not found or (found[1] and not owner) or (not found[1] and prefix == "any"):
            sys.exit("%s:%d: expected `Type  Sentence.` or `  field  Sentence.`" % (path, number))
        is_field, name, sentence = found.groups()
        if not is_field:
            owner = "%s.%s" % (prefix, name)
        key = "%s.%s" % (owner, name) if is_field else owner
        if key in rows:
            sys.exit("%s:%d: %s is described twice" % (path, number, key))
        if sentence:
            rows[key] = sentence


def quote(s):
    return '"%s\\0"' % s.replace("\\", "\\\\").replace('"', '\\"')


class Texts:
    """Each text once, as bytes behind one another: where it begins."""

    def __init__(self):
        self.places, self.lines, self.end = {}, [], 0

    def place(self, text):
        if text not in self.places:
            self.places[text] = self.end
            self.end += len(text.encode()) + 1
            self.lines.append("\t" + quote(text))
        return self.places[text]


def main():
    rows, texts, table = {}, Texts(), []
    for path in sorted(sys.argv[2:]):
        read(path, rows)
    split = []
    for key, sentence in rows.items():
        parts = key.split(".")
        is_field = len(parts) == 3 or parts[0] == "*"
        split.append((".".join(parts[:-1]) if is_field else key, parts[-1] if is_field else "", sentence))
    for row in sorted(split, key=lambda row: (row[0].encode(), row[1].encode())):
        table.append("\t{ %s }," % ", ".join(str(texts.place(text)) for text in row))
    out = ['#include "datastore/schema/description-rows.h"\n', "const char description_bytes[] ="] + texts.lines
    out += [";\nconst struct description_row description_rows[] = {"] + table
    out += ["};\nconst uint32_t description_row_count = %d;" % len(table)]
    open(sys.argv[1], "w", encoding="utf-8").write("\n".join(out) + "\n")


main()
