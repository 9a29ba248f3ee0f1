#!/usr/bin/env python3
"""Turns *.schema (GRAMMAR.md) into C structs and tables.  generate.py OUT_DIR FILE.schema...

Writes <prefix>.h and <prefix>.c for each file and registry.c for all. The build runs it; its output is never committed.
"""
import json
import os
import re
import sys

SCALARS = {  # kinds with a presence bit: word -> (enum kind, C type)
    "bool": ("KIND_BOOL", "bool"), "int32": ("KIND_INT32", "int32_t"), "int64": ("KIND_INT64", "int64_t"),
    "uint32": ("KIND_UINT32", "uint32_t"), "uint64": ("KIND_UINT64", "uint64_t"), "double": ("KIND_DOUBLE", "double"),
    "time": ("KIND_TIME", "struct wall"), "microTime": ("KIND_MICRO_TIME", "struct wall"),
    "duration": ("KIND_DURATION", "int64_t"), "intOrString": ("KIND_INT_OR_STRING", "struct int_or_string"),
}
TEXTS = {"string": "KIND_STRING", "bytes": "KIND_BYTES", "quantity": "KIND_QUANTITY", "raw": "KIND_RAW",
         "json": "KIND_JSON", "fieldsV1": "KIND_FIELDS_V1", "any": "KIND_ANY"}
LISTS = {"bool": "bool_list", "int32": "int32_list", "int64": "int64_list", "double": "double_list"}
MAPS = {"time": "wall_map"}
FORMS = {"JSONSchemaPropsOrBool": "FORM_OR_BOOL", "JSONSchemaPropsOrArray": "FORM_OR_ARRAY",
         "JSONSchemaPropsOrStringArray": "FORM_OR_STRINGS"}
# Words and macros that cannot name a member.
RESERVED = set("""auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
bool true false linux unix i386 assert errno stdin stdout stderr has""".split())
# Names whose words cannot be told from their letters.
IRREGULAR = {"openAPIV3Schema": "open_api_v3_schema", "jSONSchemas": "json_schemas"}
# Kinds of the meta file that are served as v1 of the core group: they are older than groups.
UNVERSIONED = {"Status", "APIVersions", "APIGroup", "APIGroupList", "APIResourceList", "List"}
FLAGS = {"required": "REQUIRED", "ptr": "PTR", "always": "ALWAYS", "inline": "INLINE", "atomic": "ATOMIC", "set": "SET",
         "granular": "GRANULAR", "merge": "MERGE", "replace": "REPLACE", "retain-keys": "RETAIN_KEYS",
         "discriminator": "DISCRIMINATOR", "typed": "TYPED", "=?": "DEFAULT_IF"}
WITH_WORD = {"=", "of", "map", "merge-key", "proto", "one-of", "zero-or-one-of", "gate"}
STEPS = {"subfield": "STEP_SUBFIELD", "eachVal": "STEP_EACH_VALUE", "eachKey": "STEP_EACH_KEY", "item": "STEP_ITEM",
         "ifEnabled": "STEP_IF_ENABLED", "ifDisabled": "STEP_IF_DISABLED", "ifMode": "STEP_IF_MODE"}


class Field:
    def __init__(self, tag, name, type_, marks):
        self.tag, self.type, self.marks = 0 if tag == "-" else int(tag), type_, marks
        self.is_json = name != "-"
        self.name = name if self.is_json else marks["proto"]
        member = marks.get("proto", name) if not re.fullmatch(r"\w+", name) else name
        self.member = snake(member)
        self.shape, self.element = "SHAPE_ONE", type_


class Type:
    def __init__(self, file, word, name, head):
        self.file, self.word, self.name, self.head, self.fields = file, word, name, head, []
        self.c = file.prefix + "_" + snake(name, False)

    def mark(self, word):
        return self.head[self.head.index(word) + 1] if word in self.head else None

    def marks(self, word):
        return [self.head[i + 1] for i, w in enumerate(self.head) if w == word]


class File:
    def __init__(self, path):
        self.path, self.types, self.aliases, self.values = path, {}, {}, {}


def snake(name, is_member=True):
    """podIPs -> pod_ips, HTTPGetAction -> http_get_action"""
    if name in IRREGULAR:
        return IRREGULAR[name]
    name = re.sub(r"([A-Z]{2,})s(?=[A-Z]|$)", lambda m: m[1].capitalize() + "s", name.lstrip("$"))
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).replace("-", "_").lower()
    return name + "_" if is_member and name in RESERVED else name


def fail(path, line, text):
    raise SystemExit("%s:%d: %s" % (path, line, text))


def read_field(file, number, words):
    marks, i = {}, 3
    while i < len(words):
        word = words[i]
        if word.startswith("+"):
            marks.setdefault("+", []).append(word[1:])
        elif word in WITH_WORD:
            i += 1
            marks[word] = words[i]
        elif word in FLAGS:
            marks[word] = True
        else:
            fail(file.path, number, "unknown mark " + word)
        i += 1
    # An audit event's objects are envelopes in protobuf, plain JSON in JSON; we write only the latter.
    return Field(words[0], words[1], words[2].replace("runtime.Unknown", "raw"), marks)


def read(path):
    file, last = File(path), None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split()
        if not words:
            last = None
        elif line.startswith("  "):
            if words[2:] != ["reserved"]:
                last.fields.append(read_field(file, number, words))
        elif words[0] == "group":
            group, _, file.version = words[1].partition("/")
            file.group = "" if group == "core" else group
        elif words[0] == "file":
            marks = dict(zip(words[2::2], words[3::2]))
            file.name, file.prefix, file.go = words[1], marks["short"], marks["go"]
            if file.name == file.prefix + "_v2" and file.prefix == "autoscaling":
                file.prefix = file.name
        elif words[0] in ("kind", "type"):
            last = file.types[words[1]] = Type(file, words[0], words[1], words[2:])
        elif words[0] == "list":
            last = file.types[words[1]] = Type(file, "list", words[1], [])
            last.fields.append(Field("1", "items", words[2], {}))
        elif words[0] == "alias":
            file.aliases[words[1]] = words[2]
        elif words[0] in ("enum", "values"):
            file.values[words[1]] = (words[0], words[2:])
        else:
            fail(path, number, "unknown word " + words[0])
    return file


class Schema:
    def __init__(self, paths):
        self.files = [read(path) for path in paths]
        self.by_prefix = {file.prefix: file for file in self.files}
        for file in self.files:
            for name in [n for n, t in file.types.items() if "builtin" in t.head or
                         ("custom-json" in t.head and n not in FORMS) or n == "QuantityValue"]:
                del file.types[name]
        self.listed, self.mapped = set(), set()
        for file in self.files:
            file.uses = set()
            for type_ in file.types.values():
                for field in type_.fields:
                    self.resolve(file, field)
        self.judged = self.find_judged()

    def find_judged(self):
        """The types that validation has to look into: something in them, or below, is enforced."""
        judged, found = set(), True
        while found:
            found = {t for file in self.files for t in file.types.values() if t not in judged and any(
                self.is_enforced(file, f) or (f.element in judged and not is_opaque(f)) for f in t.fields)}
            judged |= found
        return judged

    def is_enforced(self, file, field):
        marks = [split_mark(w)[0] for w in field.marks.get("+", [])]
        if any(parts[0][0] not in ("alpha", "kubebuilder") and parts[-1][0] not in ("optional", "opaqueType") for parts in marks):
            return True
        values = self.look(file, field.marks["of"], "values")[1] if "of" in field.marks else None
        return values is not None and is_enforced_enum(values[1])

    def look(self, file, word, table):
        """The entry that a name in a file means, in its own file or behind a prefix."""
        prefix, _, name = word.rpartition(".")
        other = self.by_prefix[prefix] if prefix else file
        return other, getattr(other, table).get(name)

    def resolve(self, file, field):
        word = field.type
        owner, alias = self.look(file, word, "aliases") if re.fullmatch(r"[\w.]+", word) else (file, None)
        if alias:
            word, file_of = alias, owner
        else:
            file_of = file
        if word[0] == "[":
            field.shape, word = "SHAPE_LIST", word[1:-1]
        elif word[0] == "{":
            field.shape, word = "SHAPE_MAP", word[1:-1]
        if word in SCALARS or word in TEXTS:
            field.element = word
            return
        other, field.element = self.look(file_of, word, "types")
        if field.element is None:
            raise SystemExit("%s: no type %s" % (file.path, field.type))
        if other is not file:
            file.uses.add(other)
        if field.shape == "SHAPE_LIST":
            self.listed.add(field.element)
        elif field.shape == "SHAPE_MAP":
            self.mapped.add(field.element)


def is_opaque(field):
    return any(split_mark(w)[0][-1][0] == "opaqueType" for w in field.marks.get("+", []))


def is_enforced_enum(words):
    marks = [split_mark(w[1:])[0] for w in words if w.startswith("+")]
    return any(parts[-1][0] == "enum" and parts[0][0] != "alpha" for parts in marks)


def list_name(type_):
    """struct core_container_list; a kind CoreList has that name already, so its items are struct core_pod_items."""
    return type_.c + ("_items" if type_.name + "List" in type_.file.types else "_list")


def c_type(field):
    e = field.element
    if isinstance(e, Type):
        return {"SHAPE_ONE": "struct %s *" % e.c, "SHAPE_LIST": "struct %s " % list_name(e),
                "SHAPE_MAP": "struct %s_map " % e.c}[field.shape]
    if field.shape == "SHAPE_LIST":
        return "struct %s " % ("str_list" if e in TEXTS else LISTS[e])
    if field.shape == "SHAPE_MAP":
        return "struct %s " % ("str_map" if e in TEXTS else MAPS[e])
    return "struct str " if e in TEXTS else SCALARS[e][1] + " "


def has_bit(field):
    return field.shape == "SHAPE_ONE" and field.element in SCALARS


def text(s):
    """A struct str of it in a table."""
    if s is None:
        return "{ NULL, 0 }"
    raw = s.encode()
    return '{ %s, %d }' % (json.dumps(s), len(raw)) if s.isascii() else '{ "%s", %d }' % (
        "".join("\\%03o" % b for b in raw), len(raw))


def unescape(word):
    return json.loads(word) if word.startswith('"') else word


def default_json(field):
    word = field.marks.get("=")
    if word is None or word == "now":
        return None
    if field.element == "string" and field.shape == "SHAPE_ONE" and word[0] not in '"':
        return json.dumps(word)
    return word


def split_mark(word):
    """`+beta(since:1.37)/subfield(a)/format=x` without the plus, at slashes outside brackets and values."""
    head, eq, value = word, "", None
    depth = 0
    for i, c in enumerate(word):
        depth += (c == "(") - (c == ")")
        if c == "=" and depth == 0:
            head, value = word[:i], word[i + 1:]
            break
    parts, depth, start = [], 0, 0
    for i, c in enumerate(head):
        depth += (c == "(") - (c == ")")
        if c == "/" and depth == 0:
            parts.append(head[start:i])
            start = i + 1
    parts.append(head[start:])
    return [re.fullmatch(r"([\w:-]+?)(?:\((.*)\))?", p).groups() for p in parts], value


def mark_enum(name):
    names = {"update": "MARK_UPDATE", "zeroOrOneOfMember": "MARK_ZERO_OR_ONE_OF", "opaqueType": "MARK_OPAQUE",
             "customValidation": "MARK_CUSTOM"}
    return names.get(name) or "MARK_" + snake(name, False).upper()


class Writer:
    """The tables of one file."""

    def __init__(self, schema, file):
        self.schema, self.file, self.out, self.self_test = schema, file, [], []

    def line(self, format_, *args):
        self.out.append(format_ % args if args else format_)

    def array(self, name, c, items):
        """A static array when there is something to put in it; gives the expression for it."""
        if not items:
            return "NULL"
        self.line("static const %s %s[] = { %s };", c, name, ", ".join(items))
        return name

    def mark(self, name, index, word):
        parts, value = split_mark(word)
        stage, steps = "MARK_ALWAYS", []
        if parts[0][0] in ("beta", "alpha"):
            stage = "MARK_" + parts[0][0].upper()
            parts = parts[1:]
        for step, arg in parts[:-1]:
            steps.append("{ %s, %s }" % (STEPS[step], text(arg)))
        last, arg = parts[-1]
        steps_name = self.array("%s_steps_%d" % (name, index), "struct mark_step", steps)
        return "{ %s, %s, %s, %s, %s, %d }" % (stage, mark_enum(last), text(arg),
                                               text(unescape(value) if value is not None else None), steps_name,
                                               len(steps))

    def rules(self, type_, field):
        m, name = field.marks, "%s__%s" % (type_.c, field.member)
        marks = [w for w in m.get("+", []) if not w.startswith("kubebuilder")]
        keys = m["map"].split(",") if "map" in m else []
        gates = m["gate"].split(",") if "gate" in m else []
        default = default_json(field)
        union = m.get("one-of") or m.get("zero-or-one-of")
        if not (marks or keys or gates or default is not None or union or "of" in m or "merge-key" in m):
            return "NULL"
        values = "NULL"
        if "of" in m:
            owner, found = self.schema.look(self.file, m["of"], "values")
            if found is None:
                raise SystemExit("%s: no values %s" % (self.file.path, m["of"]))
            values = "&%s_%s_values" % (owner.prefix, snake(m["of"].split(".")[-1], False))
        keys_name = self.array(name + "_keys", "struct str", [text(k) for k in keys])
        gates_name = self.array(name + "_gates", "struct str", [text(g) for g in gates])
        marks_name = self.array(name + "_marks", "struct mark", [self.mark(name, i, w) for i, w in enumerate(marks)])
        self.line("static const struct field_rules %s_rules = { %s, %s, %s, %s, %s, %s, %s, %d, %d, %d };", name,
                  text(default), values, text(union), keys_name, gates_name, marks_name, text(m.get("merge-key")),
                  len(keys), len(gates), len(marks))
        return "&%s_rules" % name

    def field(self, type_, field, bit):
        flags = ["FIELD_" + FLAGS[w] for w in FLAGS if w in field.marks]
        flags += ["FIELD_MAP"] * ("map" in field.marks) + ["FIELD_ONE_OF"] * ("one-of" in field.marks)
        flags += ["FIELD_ZERO_OR_ONE_OF"] * ("zero-or-one-of" in field.marks)
        flags += ["FIELD_DEFAULT_NOW"] * (field.marks.get("=") == "now")
        flags += ["FIELD_NOT_JSON"] * (not field.is_json)
        is_message = isinstance(field.element, Type)
        kind = "KIND_MESSAGE" if is_message else TEXTS.get(field.element) or SCALARS[field.element][0]
        return "{ %s, %s, %s, %s, offsetof(struct %s, %s), %d, %s, %s, %s }" % (
            text(field.name), "&%s_type" % field.element.c if is_message else "NULL", self.rules(type_, field),
            " | ".join(flags) or "0", type_.c, field.member, field.tag, bit, kind, field.shape)

    def type(self, type_):
        file, fields, c = self.file, type_.fields, type_.c
        items, bit = [], 0
        for field in fields:
            items.append(self.field(type_, field, str(bit) if has_bit(field) else "FIELD_NO_BIT"))
            if has_bit(field):
                self.self_test.append((c, field.member, bit))
                bit += 1
        fields_name = self.array(c + "_fields", "struct field", items)
        tagged = sorted((f.tag, i) for i, f in enumerate(fields) if f.tag)
        by_name = sorted(range(len(fields)), key=lambda i: fields[i].name.encode())
        bits, slots = hash_table([f.name for f in fields if f.is_json and "inline" not in f.marks],
                                 [i for i, f in enumerate(fields) if f.is_json and "inline" not in f.marks])
        tags_name = self.array(c + "_by_tag", "uint16_t", [str(i) for _, i in tagged])
        names_name = self.array(c + "_by_name", "uint16_t", [str(i) for i in by_name])
        slots_name = self.array(c + "_slots", "uint16_t", [str(s) for s in slots])
        lists = [(w, type_.mark(m).split(",") if type_.mark(m) else []) for w, m in (("short", "short"), ("category", "in"))]
        lists.append(("sub", type_.marks("sub")))
        names = [self.array("%s_%s_names" % (c, w), "struct str", [text(s) for s in l]) for w, l in lists]
        flags = [f for w, f in (("namespaced", "TYPE_NAMESPACED"), ("cluster", "TYPE_CLUSTER"), ("atomic", "TYPE_ATOMIC"),
                                ("union", "TYPE_UNION"), ("json-only", "TYPE_JSON_ONLY"), ("list-of", "TYPE_LIST"))
                 if w in type_.head]
        flags += ["TYPE_JUDGED"] * (type_ in self.schema.judged)
        flags += ["TYPE_HAS_INLINE"] * any("inline" in f.marks for f in fields)
        item = type_.mark("list-of")
        item = self.schema.look(file, item, "types")[1] if item and item != "raw" else None
        is_kind = type_.word == "kind"
        group = "" if file.prefix == "meta" and type_.name in UNVERSIONED else file.group
        form = "FORM_BARE" if type_.word == "list" else FORMS.get(type_.name, "FORM_OBJECT")
        host, *path = file.go.split("/")
        openapi = ".".join(list(reversed(host.split("."))) + path + [type_.name])
        values = [
            ("name", text(type_.name)), ("prefix", text(file.prefix)), ("group", text(group)), ("version", text(file.version)),
            ("kind", text(type_.name) if is_kind else None), ("openapi", text(openapi)),
            ("fields", fields_name), ("by_tag", tags_name), ("by_name", names_name), ("slots", slots_name),
            ("item", "&%s_type" % item.c if item else None),
            ("resource", text(type_.mark("resource")) if type_.mark("resource") else None),
            ("short_names", names[0]), ("categories", names[1]), ("subresources", names[2]),
            ("since", text(type_.mark("since")) if type_.mark("since") else None),
            ("size", "sizeof(struct %s)" % c),
            ("flags", " | ".join((["TYPE_KIND"] if is_kind else []) + flags) or None),
            ("field_count", str(len(fields))), ("tag_count", str(len(tagged))),
            ("short_name_count", str(len(lists[0][1]))), ("category_count", str(len(lists[1][1]))),
            ("subresource_count", str(len(lists[2][1]))), ("slot_bits", str(bits)), ("form", form)]
        self.line("const struct type %s_type = {", c)
        for key, value in values:
            if value not in (None, "NULL", "0"):
                self.line("\t.%s = %s,", key, value)
        self.line("};")

    def values(self, name, word, words):
        known = [w for w in words if not w.startswith("+")]
        enforced = is_enforced_enum(words)
        c = "%s_%s_values" % (self.file.prefix, snake(name, False))
        items = []
        for w in known:
            m = re.fullmatch(r'("(?:[^"\\]|\\.)*"|[^@]*)(?:@(.*))?', w)
            items.append("{ %s, %s }" % (text(unescape(m[1])), text(m[2])))
        at = self.array(c + "_all", "struct known_value", items)
        self.line("const struct known_values %s = { %s, %s, %d, %s, %s };", c, text(name), at, len(items),
                  "true" if word == "enum" else "false", "true" if enforced else "false")

    def source(self):
        self.line('#include "datastore/schema/%s.h"', self.file.prefix)
        self.line('#include "datastore/schema/type.h"')
        for other in sorted(self.value_files(), key=lambda f: f.prefix):
            self.line('#include "datastore/schema/%s.h"', other.prefix)
        self.line("")
        for name, (word, words) in self.file.values.items():
            self.values(name, word, words)
        for type_ in self.file.types.values():
            self.type(type_)
        self.line("")
        self.line("bool %s_bits_hold(void);", self.file.prefix)
        self.line("bool %s_bits_hold(void)\n{", self.file.prefix)
        for c, member, bit in self.self_test:
            self.line("\t{\n\t\tstruct %s r = { .has.%s = true };\n\t\tif (((const uint8_t *)&r)[%d] != %d)\n\t\t\treturn false;\n\t}",
                      c, member, bit // 8, 1 << bit % 8)
        self.line("\treturn true;\n}")
        return "\n".join(self.out) + "\n"

    def value_files(self):
        used = set(self.file.uses)
        for type_ in self.file.types.values():
            used |= {self.schema.look(self.file, f.marks["of"], "values")[0] for f in type_.fields if "of" in f.marks}
        return used - {self.file}

    def header(self):
        file, guard = self.file, "DATASTORE_SCHEMA_%s_H" % self.file.prefix.upper()
        self.out = []
        self.line("/* Made from datastore/schema/%s: %s. */", os.path.basename(file.path),
                  (file.group or "core") + ("/" + file.version if file.version else ""))
        self.line("#ifndef %s\n#define %s\n", guard, guard)
        self.line('#include "datastore/schema/type.h"')
        for other in sorted(file.uses, key=lambda f: f.prefix):
            self.line('#include "datastore/schema/%s.h"', other.prefix)
        self.line("")
        types = list(file.types.values())
        for t in types:
            self.line("struct %s;", t.c)
        for t in types:
            if t in self.schema.listed:
                self.line("\nstruct %s {\n\tstruct %s *at;\n\tuint32_t len;\n};", list_name(t), t.c)
            if t in self.schema.mapped:
                self.line("\nstruct %s_entry;\nstruct %s_map {\n\tstruct %s_entry *at;\n\tuint32_t len;\n};", t.c, t.c, t.c)
        for t in types:
            self.line("\n/* %s */\nstruct %s {", t.name, t.c)
            bits = [f for f in t.fields if has_bit(f)]
            if bits:
                self.line("\tstruct {\n\t\tbool %s;\n\t} has;", ", ".join(f.member + " : 1" for f in bits))
            for f in t.fields:
                self.line("\t%s%s;", c_type(f), f.member)
            if not t.fields:
                self.line("\tchar nothing; /* C knows no empty struct */")
            self.line("};")
        for t in types:
            if t in self.schema.mapped:
                self.line("\nstruct %s_entry {\n\tstruct str key;\n\tstruct %s value;\n};", t.c, t.c)
        self.line("")
        for t in types:
            self.line("extern const struct type %s_type;", t.c)
        for name in file.values:
            self.line("extern const struct known_values %s_%s_values;", file.prefix, snake(name, False))
        self.line("\n#endif")
        return "\n".join(self.out) + "\n"


def hash_name(name):
    """type_hash() of type.c."""
    b = name.encode()
    if not b:
        return 0
    mix = b[0] | b[len(b) // 2] << 8 | b[-1] << 16 | (len(b) & 255) << 24
    return mix * 0x9E3779B1 & 0xFFFFFFFF


def hash_table(names, places):
    if not names:
        return 0, []
    bits = max(1, (2 * len(names) - 1).bit_length())
    slots = [0] * (1 << bits)
    for name, place in zip(names, places):
        at = hash_name(name) >> (32 - bits)
        while slots[at]:
            at = (at + 1) % len(slots)
        slots[at] = place + 1
    return bits, slots


def registry(schema):
    out = ['#include "datastore/schema/registry.h"']
    out += ['#include "datastore/schema/%s.h"' % f.prefix for f in schema.files]
    types = [t for f in schema.files for t in f.types.values()]
    kinds = sorted((t for t in types if t.word == "kind"), key=lambda t: (t.name.encode(), t.file.group.encode(), t.file.version))
    out.append("\nconst struct type *const registry_types[] = {\n%s\n};" % "\n".join("\t&%s_type," % t.c for t in types))
    out.append("const uint32_t registry_type_count = %d;" % len(types))
    out.append("const struct type *const registry_kinds[] = {\n%s\n};" % "\n".join("\t&%s_type," % t.c for t in kinds))
    out.append("const uint32_t registry_kind_count = %d;\n" % len(kinds))
    out += ["bool %s_bits_hold(void);" % f.prefix for f in schema.files]
    out.append("bool registry_bits_hold(void)\n{\n\treturn %s;\n}" % " && ".join(f.prefix + "_bits_hold()" for f in schema.files))
    return "\n".join(out) + "\n"


def put(folder, name, content):
    """Leaves a file that is right already alone, so that nothing is compiled again for it."""
    path = os.path.join(folder, name)
    if os.path.exists(path) and open(path, encoding="utf-8").read() == content:
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def main():
    folder, paths = sys.argv[1], sorted(sys.argv[2:])
    schema = Schema(paths)
    schema.files = [f for f in schema.files if f.types]
    os.makedirs(folder, exist_ok=True)
    for file in schema.files:
        writer = Writer(schema, file)
        put(folder, file.prefix + ".c", writer.source())
        put(folder, file.prefix + ".h", writer.header())
    put(folder, "registry.c", registry(schema))


if __name__ == "__main__":
    main()
