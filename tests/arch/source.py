"""Reads C as far as the checks need it: comments away, includes, prototypes, function bodies. No preprocessor, no types."""
import os
import re

SKIPPED_FOLDERS = {"build", "__pycache__", "node_modules"}
# Trees of their own: fixtures of other checks, and programs of people who have the installed headers only.
SKIPPED_PATHS = {"tests/arch/trees", "deploy/embed/examples"}
_COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)")
_BRACKET = re.compile(r"[{}();]")
_NAME_CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "_Static_assert", "_Alignof", "__typeof__", "typeof",
             "defined", "__attribute__", "alignof", "_Alignas", "__extension__", "do", "else", "case"}


def _blank(match):
    """As many lines and columns as before, so that positions stay right; a string stays a string."""
    text = match.group(0)
    if text[0] == '"':
        return '"' + " " * (len(text) - 2) + '"'
    if text[0] == "'":
        return "'" + " " * (len(text) - 2) + "'"
    return re.sub(r"[^\n]", " ", text)


def _blank_all(match):
    return re.sub(r"[^\n]", " ", match.group(0))


class Function:
    """A prototype (body is None) or a definition at file level."""

    def __init__(self, name, head, at, body, end):
        self.name, self.head, self.at, self.body, self.end = name, head, at, body, end
        self.is_static = re.search(r"\bstatic\b", head) is not None
        result = head[:head.index(name)]
        self.gives_status = re.search(r"\benum\s+status\s*$", result) is not None
        self.must_use = "MUST_USE" in head
        self.may_ignore = "MAY_IGNORE" in head


class Source:
    def __init__(self, root, path):
        self.path = path
        self.folder = os.path.dirname(path)
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            self.text = file.read()
        self.includes = [(m.group(1) == "<", m.group(2), self.line_of(m.start(1)))
                         for m in _INCLUDE.finditer(_without_comments(self.text))]
        self.plain = _COMMENT_OR_STRING.sub(_blank, self.text)
        self.code = _DIRECTIVE.sub(_blank_all, self.plain)
        self._functions = None

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    @property
    def functions(self):
        if self._functions is None:
            self._functions = list(_functions(self.code))
        return self._functions

    def calls(self):
        """(name, offset) of everything that looks like a call; macros count too."""
        for match in _NAME_CALL.finditer(self.plain):
            if match.group(1) not in _KEYWORDS:
                yield match.group(1), match.start(1)


def _without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", _blank_all, text, flags=re.S)


def _is_body(head):
    """Whether a { after this text begins a function's body and not a struct's or an initialiser's."""
    return "=" not in head and re.search(r"\)\s*$", _ATTRIBUTE.sub("", head)) is not None


def _top_level(code):
    """Declarations at file level: (text up to ; or {, its offset, body or None, end offset)."""
    begin = depth = parens = 0
    body_begin = None
    for match in _BRACKET.finditer(code):
        c, at = match.group(0), match.start()
        if c == "{":
            if depth == 0 and parens == 0 and _is_body(code[begin:at]):
                body_begin = at
            depth += 1
        elif c == "}":
            depth = max(depth - 1, 0)
            if depth == 0 and body_begin is not None:
                yield code[begin:body_begin], begin, code[body_begin:at + 1], at + 1
                begin, body_begin = at + 1, None
        elif depth == 0 and c in "()":
            parens = max(parens + (1 if c == "(" else -1), 0)
        elif depth == 0 and parens == 0:
            yield code[begin:at], begin, None, at + 1
            begin = at + 1


def _functions(code):
    for head, begin, body, end in _top_level(code):
        # The same length, so that offsets stay right.
        plain = _ATTRIBUTE.sub(_blank_all, head)
        if "{" in plain or re.match(r"\s*typedef\b", plain) or "=" in plain:
            continue
        match = _NAME_CALL.search(plain)
        if match is None or match.group(1) in _KEYWORDS or not plain[:match.start(1)].strip():
            continue
        # `int (*name)(...)` is a variable.
        if re.match(r"\s*\*", plain[match.end():]) and plain[:match.start(1)].count(")") == 0 and \
                re.match(r"\s*\*[^,()]*\)\s*\(", plain[match.end():]):
            continue
        if not re.search(r"\)\s*$", plain):
            continue
        yield Function(match.group(1), plain, begin + match.start(1), body, end)


def sources(root, suffixes=(".c", ".h")):
    for path in files(root):
        if path.endswith(suffixes):
            yield Source(root, path)


def files(root):
    """Every file below root, without the build folder, hidden folders and other checks' fixtures."""
    for folder, names, entries in os.walk(root):
        relative = os.path.relpath(folder, root)
        names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS and not n.startswith(".")
                          and os.path.normpath(os.path.join(relative, n)) not in SKIPPED_PATHS)
        for entry in sorted(entries):
            yield os.path.normpath(os.path.join(relative, entry))
