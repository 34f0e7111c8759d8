"""A disk that is really full: a small file system in memory, mounted for this program alone.

The database is filled until it is refused, read, made smaller, filled again and opened again; what
was committed is there each time.

usage: full_disk.py MOTE
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SIZE_MB = 40


class Disk:
    def __init__(self, mote, folder):
        self.mote = mote
        self.folder = folder
        self.filler = folder / "filler"
        self.passed = self.failed = 0

    def run(self, *statements, options=()):
        words = [word for text in statements for word in ("-c", text)]
        return subprocess.run([self.mote, *options, self.folder / "db", *words], text=True,
                              capture_output=True, timeout=240, check=False)

    def expect(self, what, holds, done=None):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}", *(done.stdout[-300:], done.stderr[-300:]) if done else ())

    def free_bytes(self):
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    def fill(self, leave_bytes):
        with self.filler.open("wb") as out:
            out.write(b"\0" * max(0, self.free_bytes() - leave_bytes))

    def insert_until_refused(self, first):
        """Transactions of 500 rows of some KB over standard input; returns how many were answered
        and what the last said."""
        script = "".join(
            f"INSERT INTO t SELECT i, {n}, repeat(CAST(i * 7919 AS TEXT), 200) FROM "
            f"generate_series({n * 500}, {n * 500 + 499}) AS s(i); SELECT {n} AS done;\n"
            for n in range(first, first + 400))
        done = subprocess.run([self.mote, self.folder / "db"], input=script, text=True,
                              capture_output=True, timeout=240, check=False)
        answered = [int(word) for word in done.stdout.split() if word.isdigit()]
        return max(answered, default=first - 1) + 1, done

    def count(self):
        done = self.run("SELECT count(*) AS c, count(DISTINCT n) AS d FROM t")
        return tuple(map(int, done.stdout.split()[1].split(","))) if done.returncode == 0 else done

    def scenario(self):
        done = self.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, x TEXT)",
                        "CREATE TABLE kept (a INTEGER)", "INSERT INTO kept VALUES (1)")
        self.expect("a database is made", done.returncode == 0, done)
        self.fill(leave_bytes=14 << 20)
        answered, done = self.insert_until_refused(0)
        self.expect("the full disk is told", done.returncode == 1 and
                    re.search("full|space", done.stderr) is not None, done)
        count = self.count()
        self.expect(f"all {answered} transactions are whole: {count}",
                    count in ((answered * 500, answered), (answered * 500 + 500, answered + 1)))
        check = self.run("CHECK")
        self.expect("CHECK is clean on the full disk",
                    check.returncode == 0 and check.stdout == "problem\n", check)
        self.filler.unlink(missing_ok=True)
        deleted = self.run("DELETE FROM t WHERE n % 2 = 0", "VACUUM", "SELECT 1 AS a")
        self.expect("rows are deleted when there is room", deleted.returncode == 0, deleted)
        left = self.count()
        half = count[1] // 2
        self.expect(f"the other half is left: {left} of {count}", left == (half * 500, half))
        more, done = self.insert_until_refused(answered + 1)
        self.expect("writing goes on", more > answered + 1, done)
        kept = self.run("SELECT a FROM kept", "CHECK")
        self.expect("the small table is as it was", kept.stdout == "a\n1\nproblem\n", kept)

    def session_goes_on(self):
        """In one session: refused while there is no room, accepted when there is."""
        database = self.folder / "db"
        shutil.rmtree(database, ignore_errors=True)
        self.filler.unlink(missing_ok=True)
        self.run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)")
        with subprocess.Popen([sys.executable, "-c", FEEDER, self.mote, str(database),
                               str(self.filler)], stdout=subprocess.PIPE, text=True) as feeder:
            out = feeder.communicate(timeout=240)[0]
        self.expect(f"the disk is filled and freed below a reader: {out}", "read 1" in out)


# A reader goes on while the disk is full.
FEEDER = """
import os, subprocess, sys
mote, database, filler = sys.argv[1:]
with subprocess.Popen([mote, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                      bufsize=1) as shell:
    def ask(sql, lines):
        shell.stdin.write(sql + "\\n")
        shell.stdin.flush()
        return [shell.stdout.readline().strip() for _ in range(lines)]
    ask("INSERT INTO t VALUES (1, 'a') RETURNING id;", 2)
    state = os.statvfs(os.path.dirname(database))
    with open(filler, "wb") as out:
        try:
            out.write(b"x" * (state.f_bavail * state.f_frsize + 4096))
        except OSError:
            pass
    print("read", ask("SELECT id FROM t WHERE x = 'a';", 2)[1])
    os.unlink(filler)
    shell.stdin.close()
"""


def main():
    mote = pathlib.Path(sys.argv[1]).resolve()
    if len(sys.argv) == 3:  # inside of the mount namespace
        folder = pathlib.Path(sys.argv[2])
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", folder],
                       check=True)
        disk = Disk(mote, folder)
        disk.scenario()
        disk.session_goes_on()
        print(f"{disk.passed} passed, {disk.failed} failed")
        return 1 if disk.failed else 0
    with tempfile.TemporaryDirectory() as scratch:
        possible = os.geteuid() == 0 and subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", scratch],
            capture_output=True, check=False).returncode == 0
        if not possible:
            print("SKIPPED: full disk: no file system may be mounted here")
            print("0 passed, 0 failed, 1 skipped")
            return 0
        return subprocess.run(["unshare", "-m", sys.executable, __file__, mote, scratch],
                              check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
