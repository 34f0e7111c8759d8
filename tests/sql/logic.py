#!/usr/bin/env python3
"""Runs scripts of the sqllogictest format (https://sqlite.org/sqllogictest) through the C library.

A script is records separated by blank lines: `statement ok|error` + SQL, or `query TYPES
[nosort|rowsort|valuesort] [label]` + SQL + `----` + one value a line or `N values hashing to MD5`.
`skipif`/`onlyif ENGINE` guard the next record; this engine is both sqlite and mote. `reopen`, our
own record, closes the database and opens it again.

    logic.py LIBRARY [--sync sync|async] FILE.test|DIRECTORY ..

A record that needs what the message calls not supported is skipped, and so counted. Closes with
`N passed, N failed, N skipped`.
"""

import argparse
import collections
import ctypes
import hashlib
import pathlib
import re
import shutil
import sys
import tempfile

OK, ROW, DONE = 0, 100, 101
BOOLEAN, INTEGER, FLOAT4, FLOAT = 1, 2, 3, 4
ENGINES = ("sqlite", "mote")
OPTIONS_BYTES = 4096  # more than mote_options is long
SYNC_OFFSET_BYTES = 16  # of mote_options.sync: size_t, int, int before it
MAX_SHOWN = 20

Record = collections.namedtuple("Record", "line kind words sql expected")


class Database:
    def __init__(self, library, directory, sync):
        self.c = ctypes.CDLL(str(library))
        self.c.mote_column_text.restype = ctypes.c_void_p
        self.c.mote_error_message.restype = ctypes.c_char_p
        self.c.mote_column_integer.restype = ctypes.c_int64
        self.c.mote_column_float.restype = ctypes.c_double
        self.directory = str(directory).encode()
        self.sync = sync
        self.database = self.connection = None
        self.open()

    def message(self):
        return self.c.mote_error_message().decode(errors="replace")

    def open(self):
        options = ctypes.create_string_buffer(OPTIONS_BYTES)
        self.c.mote_options_init(options)
        sync = {"sync": 0, "async": 2}[self.sync]
        ctypes.c_int.from_buffer(options, SYNC_OFFSET_BYTES).value = sync
        self.database = ctypes.c_void_p()
        if self.c.mote_open(self.directory, options, ctypes.byref(self.database)) != OK:
            raise SystemExit(f"open {self.directory.decode()}: {self.message()}")
        self.connection = ctypes.c_void_p()
        if self.c.mote_connect(self.database, None, ctypes.byref(self.connection)) != OK:
            raise SystemExit(f"connect: {self.message()}")

    def close(self):
        self.c.mote_disconnect(self.connection)
        if self.c.mote_close(self.database) != OK:
            raise SystemExit(f"close: {self.message()}")
        self.c.mote_database_free(self.database)

    def run(self, sql, types=""):
        """(error or None, rows of texts)."""
        statement = ctypes.c_void_p()
        text = sql.encode()
        if self.c.mote_prepare(self.connection, text, ctypes.c_size_t(len(text)),
                               ctypes.byref(statement), None) != OK:
            return self.message(), []
        rows = []
        while (code := self.c.mote_step(statement)) == ROW:
            count = self.c.mote_column_count(statement)
            if not types:
                continue
            if count != len(types):
                self.c.mote_finalize(statement)
                return f"{count} columns, not the {len(types)} of '{types}'", []
            rows.append([self.value(statement, c, types[c]) for c in range(count)])
        error = None if code == DONE else self.message()
        self.c.mote_finalize(statement)
        return error, rows

    def value(self, statement, column, kind):
        if self.c.mote_column_is_null(statement, column):
            return "NULL"
        column_type = self.c.mote_column_type(statement, column)
        if kind == "T" or column_type > FLOAT:
            size = ctypes.c_size_t()
            at = self.c.mote_column_text(statement, column, ctypes.byref(size))
            text = ctypes.string_at(at, size.value).decode(errors="replace")
            if kind == "I":  # as printf's %d shows a text
                digits = re.match(r"\s*[+-]?\d+", text)
                return str(int(digits[0])) if digits else "0"
            return "".join(x if " " <= x <= "~" else "@" for x in text) if text else "(empty)"
        if column_type == BOOLEAN:
            number = self.c.mote_column_boolean(statement, column)
        elif column_type == INTEGER:
            number = self.c.mote_column_integer(statement, column)
        else:
            number = self.c.mote_column_float(statement, column)
        return f"{int(number)}" if kind == "I" else f"{number:.3f}"


def records_of(path):
    """The records that concern this engine."""
    block, first = [], 0
    lines = path.read_text(errors="replace").split("\n") + [""]
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if line.strip():
            if not block:
                first = number
            block.append(line)
            continue
        wanted = True
        while block and block[0].split()[0] in ("skipif", "onlyif", "hash-threshold"):
            words = block.pop(0).split()
            wanted &= words[0] != "skipif" or words[1] not in ENGINES
            wanted &= words[0] != "onlyif" or words[1] in ENGINES
        if block and block[0].split()[0] == "halt" and wanted:
            return
        if block and wanted:
            words = block[0].split()
            body = block[1:]
            bar = body.index("----") if "----" in body else len(body)
            yield Record(first, words[0], words[1:], "\n".join(body[:bar]), body[bar + 1:])
        block = []


def compare(record, rows, labels):
    """None, or what differs."""
    mode = record.words[1] if len(record.words) > 1 else "nosort"
    if mode == "rowsort":
        rows = sorted(rows)
    values = [value for row in rows for value in row]
    if mode == "valuesort":
        values.sort()
    digest = hashlib.md5("".join(value + "\n" for value in values).encode()).hexdigest()
    if len(record.words) > 2 and labels.setdefault(record.words[2], digest) != digest:
        return f"another answer than that of label {record.words[2]} before"
    if len(record.expected) == 1 and " values hashing to " in record.expected[0]:
        given = f"{len(values)} values hashing to {digest}"
        same = given == record.expected[0]
        return None if same else f"{given}, not {record.expected[0]}; first {values[:6]}"
    expected = [value for line in record.expected for value in
                (line.split("\t") if len(record.words[0]) > 1 and "\t" in line else [line])]
    return None if values == expected else f"{values[:12]}, not {expected[:12]}"


def run_script(path, library, sync, counts, show):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="mote-logic-"))
    database = Database(library, directory / "db", sync)
    labels = {}
    for record in records_of(path):
        if record.kind == "reopen":
            database.close()
            database.open()
            continue
        error, rows = database.run(record.sql, record.words[0] if record.kind == "query" else "")
        if record.kind == "statement":
            wrong = None if (error is None) == (record.words[0] == "ok") else error or "no error"
        else:
            wrong = error or compare(record, rows, labels)
        if error is not None and "not supported" in error and wrong is not None:
            counts["skipped"] += 1
            counts["skipped: " + error] += 1
        elif wrong is None:
            counts["passed"] += 1
        else:
            counts["failed"] += 1
            show(f"{path}:{record.line}: {wrong}\n    {record.sql[:400]}")
    database.close()
    shutil.rmtree(directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--sync", choices=("sync", "async"), action="append")
    parser.add_argument("--every", action="store_true", help="show every failure")
    parser.add_argument("paths", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    counts = collections.Counter()

    def show(text):
        if arguments.every or counts["failed"] <= MAX_SHOWN:
            print(text, flush=True)

    scripts = [script for path in arguments.paths
               for script in (sorted(path.rglob("*.test")) if path.is_dir() else [path])]
    for sync in arguments.sync or ("sync", "async"):
        for script in scripts:
            before = counts["failed"]
            run_script(script, arguments.library, sync, counts, show)
            if counts["failed"] > before:
                print(f"{script} ({sync}): {counts['failed'] - before} failed", flush=True)
    for reason, count in counts.most_common():
        if reason.startswith("skipped: "):
            print(f"{reason}: {count}")
    if not scripts:
        print("no scripts")
        counts["failed"] += 1
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
