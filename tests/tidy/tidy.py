"""Checks of the house that the compiler can not make: sizes, names, includes, outside world.

Run as a test; `tidy.py --self-test` first proves that each check can fail.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

HEADER_LINES = 300
SOURCE_LINES = 800
TEST_LINES = 1000
FUNCTION_LINES = 70
LINE_COLUMNS = 100
FOLDER_FILES = 20

# Words that say nothing of what a thing is; whole words of an identifier, so process_id is fine.
BANNED_WORDS = {"manager", "helper", "helpers", "util", "utils", "common", "misc"}
BANNED_IDENTIFIERS = re.compile(
    r"\b(fast_\w+|new_\w+|\w+_v2|do_\w+|num_\w+|\w+_len|idx)\b")
UNFINISHED = re.compile(
    r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|not (yet )?implem" r"ented|DISA" r"BLED_")
OUTSIDE_WORLD = re.compile(
    r"(?<!\w)::(open|openat|pread|pwrite|rename|unlink|mmap|time|close|read|write)\("
    r"|(?<![\w.>])(fopen|fsync|fdatasync|nanosleep|clock_gettime|gettimeofday|pthread_create)\("
    r"|std::(thread|jthread|chrono|filesystem|random_device|mutex|condition_variable|ifstream"
    r"|ofstream|rename|remove\(\")\b")
OUTSIDE_HEADERS = re.compile(
    r"<(thread|mutex|chrono|filesystem|fstream|iostream|unistd\.h|fcntl\.h)>")


def tracked(root):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root,
                            capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() if listed.returncode == 0 else [
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return [name for name in names if (root / name).is_file()]


def without_comments(text):
    text = re.sub(r'R"\((?:.|\n)*?\)"', lambda m: '""' + "\n" * m.group().count("\n"), text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"/\*(?:.|\n)*?\*/", lambda m: "\n" * m.group().count("\n"), text)
    return re.sub(r"//[^\n]*", "", text)


def check_size(name, lines):
    limit = HEADER_LINES
    if name.endswith("_test.cc") or name.startswith("tests/"):
        limit = TEST_LINES
    elif name.endswith((".cc", ".c", ".py")):
        limit = SOURCE_LINES
    if len(lines) > limit:
        yield f"{name}: {len(lines)} lines; the limit is {limit}"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS:
            yield f"{name}:{number}: {len(line)} columns; the limit is {LINE_COLUMNS}"
        if line != line.rstrip() or "\t" in line:
            yield f"{name}:{number}: tab or blank at the end of the line"


def check_functions(name, code):
    """A function begins at a line that ends in `{` and ends at a `}` of the same indentation."""
    lines = code.split("\n")
    start = {}
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        bare = line.strip()
        if bare.endswith("{") and ")" in bare or bare in ("{",) or bare.endswith(") const {"):
            block = r"(namespace|class|struct|enum|switch|if|for|while|else|do|extern)\b|[}]|case"
            if not re.match(block, bare):
                # A constructor's body ends below the line of its initializers.
                start[indent - 4 if bare.startswith(": ") else indent] = number
        elif bare.startswith("}") and indent in start:
            length = number - start.pop(indent) + 1
            if length > FUNCTION_LINES:
                yield (f"{name}:{number}: a function of {length} lines ends here; "
                       f"the limit is {FUNCTION_LINES}")


def check_words(name, code, text):
    for number, line in enumerate(code.split("\n"), 1):
        for identifier in re.findall(r"[A-Za-z_]\w*", line):
            words = {w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}
            for word in words & BANNED_WORDS:
                yield f"{name}:{number}: '{identifier}' says '{word}', which says nothing"
        for match in BANNED_IDENTIFIERS.finditer(line):
            yield f"{name}:{number}: '{match.group()}' is a banned name"
    for number, line in enumerate(text.split("\n"), 1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: unfinished: {line.strip()[:60]}"


def check_outside(name, code):
    if not name.startswith("src/") or name.startswith("src/env/") or name.endswith("_test.cc"):
        return
    for number, line in enumerate(code.split("\n"), 1):
        if line.startswith("#include"):
            if OUTSIDE_HEADERS.search(line):
                yield f"{name}:{number}: {line.strip()}: only src/env touches the outside world"
        elif match := OUTSIDE_WORLD.search(line):
            yield f"{name}:{number}: '{match.group()}': only src/env touches the outside world"


def layers(root):
    text = (root / "cmake" / "house.cmake").read_text()
    found = {}
    for block in re.findall(r"mote_layer\(([^)]*)\)", text):
        words = block.split()
        folder = words[words.index("FOLDER") + 1]
        uses = words[words.index("USES") + 1:] if "USES" in words else []
        found[words[words.index("NAME") + 1]] = (folder, uses)
    return found


def check_includes(name, text, house):
    if '#include "../' in text:
        yield f'{name}: includes by ".."'
    if not name.startswith("src/"):
        return
    folder = str(pathlib.PurePosixPath(name).parent)[len("src/"):]
    mine = [key for key, (path, _) in house.items() if path == folder]
    if not mine:
        yield f"{name}: {folder} is not a layer of cmake/house.cmake"
        return
    used = set(house[mine[0]][1])
    if name.endswith("_test.cc"):
        # A test may look at everything that its layer stands on.
        reached = set()
        while used - reached:
            key = (used - reached).pop()
            reached.add(key)
            used |= set(house[key][1]) if key in house else set()
    allowed = {folder} | {house[key][0] for key in used if key in house}
    if folder == "api":
        allowed.add("mote")  # the public headers, which it implements
    for include in re.findall(r'#include "([^"]+)"', text):
        target = str(pathlib.PurePosixPath(include).parent)
        if target not in allowed:
            yield f"{name}: layer {folder} includes {include}, which it does not use"


def check_folders(names):
    count = {}
    for name in names:
        if name.startswith("src/") and not name.endswith("_test.cc"):
            folder = str(pathlib.PurePosixPath(name).parent)
            count[folder] = count.get(folder, 0) + 1
    for folder, files in count.items():
        if files > 2 * FOLDER_FILES:
            yield f"{folder}: {files} files without tests; the limit is {FOLDER_FILES} pairs"


def check_guarantees(root, names):
    page = root / "docs" / "guarantees.md"
    if not page.exists():
        return
    tests = "\n".join((root / name).read_text(errors="replace") for name in names
                      if name.endswith("_test.cc") or name.startswith("tests/"))
    for suite, case in re.findall(r"`(\w+)\.(\w+)`", page.read_text()):
        if not re.search(rf"\(\s*{suite},\s*{case}\s*\)", tests):
            yield f"docs/guarantees.md: names the test {suite}.{case}, which does not exist"


def problems(root):
    house = layers(root)
    names = tracked(root)
    for name in names:
        if not name.endswith((".h", ".hpp", ".cc", ".c", ".py")) or name.startswith("build/"):
            continue
        text = (root / name).read_text(errors="replace")
        yield from check_size(name, text.removesuffix("\n").split("\n"))
        if name.endswith(".py"):
            continue
        code = without_comments(text)
        yield from check_functions(name, code)
        yield from check_words(name, code, text)
        yield from check_outside(name, code)
        yield from check_includes(name, text, house)
    yield from check_folders(names)
    yield from check_guarantees(root, names)


BAD = {
    "src/base/long.h": "int a;\n" * (HEADER_LINES + 1),
    "src/base/wide.cc": "int " + "a" * LINE_COLUMNS + ";\n",
    "src/base/blank.cc": "int a; \n",
    "src/base/body.cc": "void f() {\n" + "  g();\n" * FUNCTION_LINES + "}\n",
    "src/base/word.cc": "class TableManager;\n",
    "src/base/name.cc": "int fast_path;\n",
    "src/base/undone.cc": "// TO" "DO: all of it\n",
    "src/base/world.cc": "void f() { fsync(3); }\n",
    "src/base/thread.cc": "std::thread t;\n",
    "src/base/upward.cc": '#include "types/type.h"\n',
    "src/base/dots.cc": '#include "../types/type.h"\n',
    "docs/guarantees.md": "P1: `Nothing.ProvesThis`\n",
}


def self_test():
    """Each bad file must be reported by name, and good ones must not."""
    missed = []
    for name, text in BAD.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "cmake").mkdir()
            (root / "cmake" / "house.cmake").write_text(
                "mote_layer(NAME base FOLDER base)\n"
                "mote_layer(NAME types FOLDER types USES base)\n")
            (root / "src" / "base").mkdir(parents=True)
            (root / "src" / "base" / "good.h").write_text("// A good file.\nint process_id();\n")
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            found = list(problems(root))
            if not any(line.startswith(name) for line in found):
                missed.append(f"self-test: {name} is bad and was not found")
            missed += [f"self-test: wrong alarm: {line}" for line in found if "good.h" in line]
    return missed, len(BAD)


def main():
    missed, proven = self_test()
    found = missed + list(problems(ROOT))
    for line in found:
        print(line)
    print(f"{proven + 1 - min(len(found), 1)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
