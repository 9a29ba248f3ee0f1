#!/usr/bin/env python3
"""embed.py NAME FILE OUT.c: the file as a C string `const char NAME[]` and its length `NAME_len`."""
import sys

name, source, out = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read()
with open(out, "w") as f:
    f.write('#include "deploy/cluster/embedded.h"\n\nconst char %s[] =' % name)
    for line in data.splitlines(keepends=True):
        text = "".join("\\%03o" % b if b < 32 or b > 126 or b in (34, 92, 63) else chr(b) for b in line)
        f.write('\n\t"%s"' % text)
    f.write(";\nconst unsigned %s_len = sizeof %s - 1;\n" % (name, name))
