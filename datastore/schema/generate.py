#!/usr/bin/env python3
"""Turns *.schema (GRAMMAR.md) into C structs and tables.  generate.py OUT_DIR FILE.schema...

Writes <prefix>.h with the structs of each file, tables.c and bits.c for all. The build runs it; its output is never committed.
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

    def number(self):
        """Where types and values stand in their tables, in which number 0 is nothing's."""
        types = [t for file in self.files for t in file.types.values()]
        for number, type_ in enumerate(types, 1):
            type_.number = number
        number = 0
        for file in self.files:
            file.value_numbers = {}
            for name in file.values:
                number += 1
                file.value_numbers[name] = number

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


class Table:
    """One array for all types. Its first item stands for nothing, so that no distance to another is 0."""

    def __init__(self, name, c, nothing):
        self.name, self.c, self.items = name, c, [nothing]

    def put(self, items):
        """Where they are now, as a struct distance; nothing for none."""
        if not items:
            return "{ 0 }"
        self.items += items
        return self.place(len(self.items) - len(items))

    def place(self, index):
        return "{ %d * sizeof(%s) }" % (index, self.c)

    def write(self):
        return "const %s %s[] = {\n%s\n};" % (self.c, self.name, "\n".join("\t%s," % item for item in self.items))


class Tables:
    """The constant tables of all files, which point into each other by distances (distance.h)."""

    def __init__(self, schema):
        self.schema, self.text_bytes, self.text_places = schema, ["\0"], {}
        self.text_end = 1
        self.types = Table("schema_types", "struct type", "{ .size = 0 }")
        self.fields = Table("schema_fields", "struct field", "{ .kind = 0 }")
        self.rules = Table("schema_rules", "struct field_rules", "{ .key_count = 0 }")
        self.values = Table("schema_values", "struct known_values", "{ .len = 0 }")
        self.known = Table("schema_known", "struct known_value", "{ { 0, 0 }, { 0, 0 } }")
        self.marks = Table("schema_marks", "struct mark", "{ .step_count = 0 }")
        self.steps = Table("schema_steps", "struct mark_step", "{ .kind = 0 }")
        self.texts = Table("schema_texts", "struct text_distance", "{ 0, 0 }")
        self.numbers = Table("schema_numbers", "uint16_t", "0")
        schema.number()
        for file in schema.files:
            for name, (word, words) in file.values.items():
                self.put_values(name, word, words)
            for type_ in file.types.values():
                self.put_type(file, type_)

    def text(self, s):
        """A struct text_distance; each text is there once."""
        if s is None:
            return "{ 0, 0 }"
        if s not in self.text_places:
            self.text_places[s] = self.text_end
            self.text_bytes.append(s + "\0")
            self.text_end += len(s.encode()) + 1
        return "{ %d, %d }" % (self.text_places[s], len(s.encode()))

    def text_list(self, list_):
        return self.texts.put([self.text(s) for s in list_])

    def mark(self, word):
        parts, value = split_mark(word)
        stage, steps = "MARK_ALWAYS", []
        if parts[0][0] in ("beta", "alpha"):
            stage = "MARK_" + parts[0][0].upper()
            parts = parts[1:]
        for step, arg in parts[:-1]:
            steps.append("{ %s, %s }" % (STEPS[step], self.text(arg)))
        last, arg = parts[-1]
        return "{ %s, %s, %s, %s, %s, %d }" % (stage, mark_enum(last), self.text(arg),
                                               self.text(unescape(value) if value is not None else None),
                                               self.steps.put(steps), len(steps))

    def field_rules(self, file, field):
        m = field.marks
        marks = [w for w in m.get("+", []) if not w.startswith("kubebuilder")]
        keys = m["map"].split(",") if "map" in m else []
        gates = m["gate"].split(",") if "gate" in m else []
        default = default_json(field)
        union = m.get("one-of") or m.get("zero-or-one-of")
        if not (marks or keys or gates or default is not None or union or "of" in m or "merge-key" in m):
            return "{ 0 }"
        values = "{ 0 }"
        if "of" in m:
            owner, found = self.schema.look(file, m["of"], "values")
            if found is None:
                raise SystemExit("%s: no values %s" % (file.path, m["of"]))
            values = self.values.place(owner.value_numbers[m["of"].split(".")[-1]])
        return self.rules.put(["{ %s, %s, %s, %s, %s, %s, %s, %d, %d, %d }" % (
            self.text(default), values, self.text(union), self.text_list(keys), self.text_list(gates),
            self.marks.put([self.mark(w) for w in marks]), self.text(m.get("merge-key")),
            len(keys), len(gates), len(marks))])

    def field(self, type_, field, bit):
        flags = ["FIELD_" + FLAGS[w] for w in FLAGS if w in field.marks]
        flags += ["FIELD_MAP"] * ("map" in field.marks) + ["FIELD_ONE_OF"] * ("one-of" in field.marks)
        flags += ["FIELD_ZERO_OR_ONE_OF"] * ("zero-or-one-of" in field.marks)
        flags += ["FIELD_DEFAULT_NOW"] * (field.marks.get("=") == "now")
        flags += ["FIELD_NOT_JSON"] * (not field.is_json)
        is_message = isinstance(field.element, Type)
        kind = "KIND_MESSAGE" if is_message else TEXTS.get(field.element) or SCALARS[field.element][0]
        return "{ %s, %s, %s, %s, offsetof(struct %s, %s), %d, %s, %s, %s }" % (
            self.text(field.name), self.types.place(field.element.number) if is_message else "{ 0 }",
            self.field_rules(type_.file, field), " | ".join(flags) or "0", type_.c, field.member, field.tag, bit, kind,
            field.shape)

    def put_type(self, file, type_):
        fields, c = type_.fields, type_.c
        items = [self.field(type_, field, bit) for field, bit in bits_of(fields)]
        tagged = sorted((f.tag, i) for i, f in enumerate(fields) if f.tag)
        by_name = sorted(range(len(fields)), key=lambda i: fields[i].name.encode())
        bits, slots = hash_table([f.name for f in fields if f.is_json and "inline" not in f.marks],
                                 [i for i, f in enumerate(fields) if f.is_json and "inline" not in f.marks])
        short, categories = [type_.mark(m).split(",") if type_.mark(m) else [] for m in ("short", "in")]
        subresources = type_.marks("sub")
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
            ("name", self.text(type_.name)), ("prefix", self.text(file.prefix)), ("group", self.text(group)),
            ("version", self.text(file.version)), ("kind", self.text(type_.name if is_kind else None)),
            ("openapi", self.text(openapi)), ("fields", self.fields.put(items)),
            ("by_tag", self.numbers.put([str(i) for _, i in tagged])),
            ("by_name", self.numbers.put([str(i) for i in by_name])), ("slots", self.numbers.put([str(s) for s in slots])),
            ("item", self.types.place(item.number) if item else None),
            ("resource", self.text(type_.mark("resource"))), ("short_names", self.text_list(short)),
            ("categories", self.text_list(categories)), ("subresources", self.text_list(subresources)),
            ("since", self.text(type_.mark("since"))), ("size", "sizeof(struct %s)" % c),
            ("flags", " | ".join((["TYPE_KIND"] if is_kind else []) + flags) or None),
            ("field_count", str(len(fields))), ("tag_count", str(len(tagged))),
            ("short_name_count", str(len(short))), ("category_count", str(len(categories))),
            ("subresource_count", str(len(subresources))), ("slot_bits", str(bits)), ("form", form)]
        self.types.items.append("{ " + ", ".join(
            ".%s = %s" % (key, value) for key, value in values if value not in (None, "{ 0 }", "{ 0, 0 }", "0")) + " }")

    def put_values(self, name, word, words):
        items = []
        for w in (w for w in words if not w.startswith("+")):
            m = re.fullmatch(r'("(?:[^"\\]|\\.)*"|[^@]*)(?:@(.*))?', w)
            items.append("{ %s, %s }" % (self.text(unescape(m[1])), self.text(m[2])))
        self.values.items.append("{ %s, %s, %d, %s, %s }" % (
            self.text(name), self.known.put(items), len(items), "true" if word == "enum" else "false",
            "true" if is_enforced_enum(words) else "false"))

    def source(self):
        out = ['#include "datastore/schema/%s.h"' % file.prefix for file in self.schema.files]
        out += ['#include "datastore/schema/registry.h"', '#include "datastore/schema/type.h"', ""]
        out += ["const char schema_text[] =", "\n".join("\t" + quote(s) for s in self.text_bytes), "\t;"]
        out += [table.write() for table in (self.types, self.fields, self.rules, self.values, self.known, self.marks,
                                            self.steps, self.texts, self.numbers)]
        out.append("const uint32_t schema_type_count = %d;" % (len(self.types.items) - 1))
        kinds = sorted((t for file in self.schema.files for t in file.types.values() if t.word == "kind"),
                       key=lambda t: (t.name.encode(), t.file.group.encode(), t.file.version))
        out.append("const uint16_t registry_kinds[] = { %s };" % ", ".join(str(t.number) for t in kinds))
        out.append("const uint32_t registry_kind_count = %d;" % len(kinds))
        return "\n".join(out) + "\n"


def bits_of(fields):
    """Each field with its presence bit, as C."""
    bit = 0
    for field in fields:
        yield field, str(bit) if has_bit(field) else "FIELD_NO_BIT"
        bit += has_bit(field)


def quote(s):
    """A string of C with these bytes."""
    return '"%s"' % "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b for b in s.encode())


class Header:
    """The structs of one file."""

    def __init__(self, schema, file):
        self.schema, self.file, self.out = schema, file, []

    def line(self, format_, *args):
        self.out.append(format_ % args if args else format_)

    def source(self):
        file, guard = self.file, "DATASTORE_SCHEMA_%s_H" % self.file.prefix.upper()
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
            self.line("#define %s_type (schema_types[%d])", t.c, t.number)
        for name, number in file.value_numbers.items():
            self.line("#define %s_%s_values (schema_values[%d])", file.prefix, snake(name, False), number)
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


def bits(schema):
    """A function that looks whether the compiler lays presence bits as the tables say."""
    out = ['#include "datastore/schema/registry.h"']
    out += ['#include "datastore/schema/%s.h"' % file.prefix for file in schema.files]
    out.append("\nbool registry_bits_hold(void)\n{")
    for type_ in (t for file in schema.files for t in file.types.values()):
        for number, field in enumerate(f for f in type_.fields if has_bit(f)):
            out.append("\t{\n\t\tstruct %s r = { .has.%s = true };\n\t\tif (((const uint8_t *)&r)[%d] != %d)\n\t\t\treturn false;\n\t}"
                       % (type_.c, field.member, number // 8, 1 << number % 8))
    out.append("\treturn true;\n}")
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
    put(folder, "tables.c", Tables(schema).source())
    put(folder, "bits.c", bits(schema))
    for file in schema.files:
        put(folder, file.prefix + ".h", Header(schema, file).source())


if __name__ == "__main__":
    main()
