#!/usr/bin/env python3
"""Checks the house rules over the whole project, or with --self-test that each check can fail.

usage: lint.py ROOT
       lint.py --self-test FOLDER
"""

import pathlib
import re
import sys

import checks
import tables


def read_tree(root):
    """Path from the root -> text, of every text file of the project."""
    tree = {}
    pending = [root]
    while pending:
        for entry in sorted(pending.pop().iterdir()):
            if entry.name in tables.UNTRACKED:
                continue
            if entry.is_dir():
                pending.append(entry)
                continue
            try:
                tree[entry.relative_to(root).as_posix()] = entry.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                tree[entry.relative_to(root).as_posix()] = ""
    return tree


def lint(root):
    tree = read_tree(root)
    sources = checks.cpp_files(tree)
    if not sources:
        print(f"lint: no C++ file below {root}; is this the project?")
        return 1
    findings = checks.run_all(tree)
    for path, line, name, message in findings:
        print(f"{path}:{line}: [{name}] {message}")
    print(f"lint: {len(tree)} files, {len(sources)} of them C++: {len(findings)} findings")
    return 1 if findings else 0


def read_case(path):
    """A case file: `expect: NAME PATH:LINE` lines (or `expect: nothing`), then files, each after a
    line `--- PATH`. A `¦` is dropped, so that a case may spell what no file may contain; a line
    `¦repeat N` stands for N empty lines."""
    expected, tree, current = set(), {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("--- "):
            current = line[4:].strip()
            tree[current] = ""
        elif current is None and line.startswith("expect: "):
            words = line.split()[1:]
            if words != ["nothing"]:
                expected.add(tuple(words))
        elif current is not None:
            repeat = re.fullmatch(r"¦repeat (\d+)", line)
            tree[current] += "\n" * int(repeat[1]) if repeat else line.replace("¦", "") + "\n"
    return expected, tree


def self_test(folder):
    """Each case yields exactly the findings it expects, and the cases reach every check and ban."""
    failures, reached = [], set()
    cases = sorted(folder.glob("*.case"))
    for case in cases:
        expected, tree = read_case(case)
        found = {(name, f"{path}:{line}") for path, line, name, _ in checks.run_all(tree)}
        reached |= {name for name, _ in expected & found}
        failures += [f"{case.name}: not found: {' '.join(x)}" for x in sorted(expected - found)]
        failures += [f"{case.name}: not expected: {' '.join(x)}" for x in sorted(found - expected)]
    failures += [f"no case reaches [{name}]" for name in sorted(checks.NAMES - reached)]
    for failure in failures:
        print(failure)
    print(f"lint self-test: {len(cases)} cases, {len(reached)} checks shown to fail: "
          f"{len(failures)} failures")
    return 1 if failures else 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--self-test":
        return self_test(pathlib.Path(arguments[1]))
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        return lint(pathlib.Path(arguments[0]).resolve())
    print(__doc__.strip())
    return 2


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
