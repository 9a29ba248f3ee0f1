#!/usr/bin/env python3
"""Turns descriptions/*.txt into descriptions-packed.c.  generate-descriptions.py OUT.C FILE.txt...

A file is named after the prefix of its types (`any.txt`: fields of every type). A line `Type  Sentence.` begins a type; lines with
two spaces before them, `  field  Sentence.`, are its fields. The build runs it; its output is never committed.
"""
import gzip
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


def main():
    rows, texts, last = {}, [], None
    for path in sorted(sys.argv[2:]):
        read(path, rows)
    split = []
    for key, sentence in rows.items():
        parts = key.split(".")
        is_field = len(parts) == 3 or parts[0] == "*"
        split.append((".".join(parts[:-1]) if is_field else key, parts[-1] if is_field else "", sentence))
    for type_, field, sentence in sorted(split, key=lambda row: (row[0].encode(), row[1].encode())):
        texts += ["" if type_ == last else type_, field, sentence]
        last = type_
    packed = gzip.compress("".join(text + "\0" for text in texts).encode(), 9, mtime=0)
    out = ['#include "datastore/object/openapi/descriptions-packed.h"\n', "const char descriptions_packed[] ="]
    out += ['\t"%s"' % "".join("\\%03o" % byte for byte in packed[at:at + 32]) for at in range(0, len(packed), 32)]
    out += [";", "const uint32_t descriptions_packed_len = %d, descriptions_packed_count = %d;" % (len(packed), len(split))]
    open(sys.argv[1], "w", encoding="utf-8").write("\n".join(out) + "\n")


main()
