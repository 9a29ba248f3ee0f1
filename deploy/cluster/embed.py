#!/usr/bin/env python3
"""embed.py NAME FILE OUT.c [packed]: the file, or its gzip form, as a C string `const char NAME[]` and its length `NAME_len`."""
import gzip
import sys

name, source, out = sys.argv[1:4]
with open(source, "rb") as f:
    data = f.read()
if "packed" in sys.argv[4:]:
    data = gzip.compress(data, 9, mtime=0)
with open(out, "w") as f:
    f.write('extern const char %s[];\nextern const unsigned %s_len;\nconst char %s[] =' % (name, name, name))
    for line in data.splitlines(keepends=True):
        text = "".join("\\%03o" % b if b < 32 or b > 126 or b in (34, 92, 63) else chr(b) for b in line)
        f.write('\n\t"%s"' % text)
    f.write(";\nconst unsigned %s_len = sizeof %s - 1;\n" % (name, name))
