"""What the checks need to know of a C++ file: its code without comments and strings, its includes."""

import re

_TOKEN = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|(?<![A-Za-z0-9_])(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![A-Za-z0-9_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def blank(match):
    """Replaces a token by spaces, keeping its lines; a string keeps its quotes."""
    text = match.group(0)
    spaces = re.sub(r"[^\n]", " ", text)
    if text.startswith("/"):
        return spaces
    return text[-1] + spaces[1:-1] + text[-1]


def without_comments(text):
    return _TOKEN.sub(lambda m: blank(m) if m.group(0).startswith("/") else m.group(0), text)


def code_only(text):
    """The text with comments and the contents of strings blanked; line numbers stay."""
    return _TOKEN.sub(blank, text)


def includes(text):
    """(line, system, path) of each #include."""
    plain = without_comments(text)
    return [(line_of(plain, m.start(1)), m.group(1) == "<", m.group(2))
            for m in _INCLUDE.finditer(plain)]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
