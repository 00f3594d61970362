"""The checks. Each takes the tree (path -> text) and yields findings (path, line, check, message)."""

import re

import cpp_text
import tables


def cpp_files(tree):
    return {path: text for path, text in tree.items() if path.endswith(tables.CPP_SUFFIXES)}


def room_of(path):
    matching = [room for room in tables.ROOMS if path.startswith(room + "/")]
    return max(matching, key=len, default=None)


def is_in(path, places):
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)


def check_arrows(tree):
    """Includes between rooms follow tables.ROOMS."""
    for path, text in cpp_files(tree).items():
        room = room_of(path)
        if room is None:
            yield path, 1, "arrow", "this folder is in no room of tests/lint/tables.py"
            continue
        allowed = tables.ROOMS[room][1]
        for line, system, target in cpp_text.includes(text):
            other = room_of(target)
            if system or other is None or other == room or {"*", other, target} & set(allowed):
                continue
            yield (path, line, "arrow",
                   f"{room} may not include {other} ({target}); it may include: "
                   + (", ".join(allowed) or "no other room"))


def check_include_paths(tree):
    """Quoted includes name a file from the repository root; angle brackets are for libraries."""
    for path, text in cpp_files(tree).items():
        for line, system, target in cpp_text.includes(text):
            if system and room_of(target):
                yield path, line, "include-path", f'write #include "{target}" with quotes'
            elif not system and target not in tree and target + ".in" not in tree:
                yield (path, line, "include-path",
                       f'"{target}" is no file of the project; write the path from its root')


def check_third_party(tree):
    """Library headers stand in the .cpp files of the rooms that tables.THIRD_PARTY names."""
    for path, text in cpp_files(tree).items():
        for line, system, target in cpp_text.includes(text):
            if not system or room_of(target) or re.fullmatch(r"\w+", target):
                continue
            names = [name for name in tables.THIRD_PARTY if target.startswith(name)]
            if names:
                places = tables.THIRD_PARTY[max(names, key=len)]
            elif target.endswith(".h"):
                places = tables.SYSTEM_HEADER_ROOMS
            else:
                yield path, line, "third-party", f"<{target}> is not in tests/lint/tables.py"
                continue
            if not is_in(path, places):
                yield (path, line, "third-party",
                       f"<{target}> belongs to: " + (", ".join(places) or "no room yet"))
            elif path.endswith(".hpp") and not path.startswith(tables.THIRD_PARTY_HEADERS):
                yield path, line, "third-party", f"<{target}> belongs in a .cpp file, not a header"


def check_bans(tree):
    """Calls that tables.BANS forbids, with what to use instead."""
    for path, text in cpp_files(tree).items():
        code = cpp_text.code_only(text)
        for ban in tables.BANS:
            if path.startswith(ban.allowed) or ban.headers_only and not path.endswith(".hpp"):
                continue
            for match in ban.pattern.finditer(code):
                yield (path, cpp_text.line_of(code, match.start()), ban.name,
                       f"`{match.group(0).strip()}` is not used here: {ban.instead}")


def check_headers(tree):
    """A header begins with #pragma once and opens the namespace of its folder."""
    for path, text in cpp_files(tree).items():
        if not path.endswith(".hpp"):
            continue
        code = cpp_text.code_only(text)
        first = next((line for line in code.splitlines() if line.strip()), "")
        if first.strip() != "#pragma once":
            yield path, 1, "pragma-once", "the first line of a header is #pragma once"
        room = room_of(path)
        namespace = tables.ROOMS[room][0] if room else None
        if namespace and not re.search(rf"\bnamespace\s+{namespace}\b", code):
            yield path, 1, "namespace", f"a header in {room} opens namespace {namespace}"


def check_file_names(tree):
    """C++ files are snake_case .hpp and .cpp."""
    for path in tree:
        name = path.rsplit("/", 1)[-1]
        if path.endswith(tables.FOREIGN_CPP_SUFFIXES):
            yield path, 1, "file-name", "C++ files end in .hpp or .cpp"
        elif path.endswith(tables.CPP_SUFFIXES) and not re.fullmatch(r"[a-z0-9_]+\.[ch]pp", name):
            yield path, 1, "file-name", "C++ files are named in snake_case"


def is_source(path, text):
    return (path.endswith(tables.CPP_SUFFIXES + (".py", ".cmake", "CMakeLists.txt"))
            or text.startswith("#!"))


def check_length(tree):
    """No source file is longer than tables.MAX_LINES."""
    for path, text in tree.items():
        lines = text.count("\n")
        if is_source(path, text) and lines > tables.MAX_LINES:
            yield (path, tables.MAX_LINES + 1, "length",
                   f"{lines} lines; a file is about one thing and has at most {tables.MAX_LINES}")


def check_top_level(tree):
    """Nothing lies at the root but what tables.TOP_LEVEL names."""
    for entry in sorted({path.split("/", 1)[0] for path in tree} - tables.TOP_LEVEL):
        yield entry, 1, "top-level", "is not in TOP_LEVEL of tests/lint/tables.py"


def check_cycles(tree):
    """The includes of the project form no cycle."""
    files = cpp_files(tree)
    edges = {path: [target for _, _, target in cpp_text.includes(text) if target in files]
             for path, text in files.items()}
    done, trail = set(), []

    def visit(path):
        if path in trail:
            yield (path, 1, "cycle",
                   "includes itself: " + " -> ".join(trail[trail.index(path):] + [path]))
            return
        if path in done:
            return
        trail.append(path)
        for target in edges[path]:
            yield from visit(target)
        trail.pop()
        done.add(path)

    for path in sorted(edges):
        yield from visit(path)


def check_words(tree):
    """Words of tables.WORDS stand in no file, and every suppressed warning says why."""
    for path, text in tree.items():
        for name, (pattern, message) in tables.WORDS.items():
            for match in pattern.finditer(text):
                yield (path, cpp_text.line_of(text, match.start()), name,
                       f"`{match.group(0)}`: {message}")
        for match in tables.SUPPRESSION.finditer(text):
            if not tables.SUPPRESSION_REASON.match(match.group("rest")):
                yield (path, cpp_text.line_of(text, match.start()), "unreasoned",
                       "name the check in brackets and give the reason after a colon")


ALL = [check_arrows, check_include_paths, check_third_party, check_bans, check_headers,
       check_file_names, check_length, check_top_level, check_cycles, check_words]

# Every name a finding can carry; the self-test shows that each can be found.
NAMES = ({"arrow", "include-path", "third-party", "pragma-once", "namespace", "file-name", "length",
          "top-level", "cycle", "unreasoned"}
         | {ban.name for ban in tables.BANS} | set(tables.WORDS))


def run_all(tree):
    return sorted(finding for check in ALL for finding in check(tree))
