"""Fails or kills the shell at its K-th system call of a kind, and looks at what it left.

strace injects EIO or SIGKILL into the shipped program; a session of statements runs until it
ends or is refused. Afterwards the database opens without it, holds a prefix of its transactions
that contains every one that was answered, and CHECK is clean.

usage: system_calls.py MOTE [--points N] [--seed N]
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

# System call and how many of the first are tried.
CALLS = [("pwrite64", 60), ("pwritev", 6), ("fdatasync", 12), ("fsync", 8), ("openat", 40),
         ("rename", 2), ("ftruncate", 8), ("fallocate", 6), ("unlink", 6), ("pread64", 12)]
TRANSACTIONS = 24


def session():
    """A script; transaction n leaves the marks 0..n, two rows each, and is answered with n."""
    lines = ["CREATE TABLE marks (n INTEGER PRIMARY KEY);",
             "CREATE TABLE rows (n INTEGER, x BLOB);"]
    for n in range(TRANSACTIONS):
        size = 20000 if n % 5 == 0 else 30
        lines += ["BEGIN;", f"INSERT INTO rows VALUES ({n}, CAST(repeat('x', {size}) AS BLOB));",
                  f"INSERT INTO rows VALUES ({n}, NULL);", f"INSERT INTO marks VALUES ({n});",
                  "COMMIT;", f"SELECT {n} AS done;"]
        if n % 8 == 5:
            lines.append("CHECKPOINT;")
        if n % 8 == 7:
            lines.append("VACUUM;")
    return "\n".join(lines) + "\n"


def strace_works():
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", "trace=pwrite64",
                           "-e", "inject=pwrite64:error=EIO:when=1", "true"],
                          capture_output=True, check=False).returncode == 0


def fault_point(mote, folder, script, call, which, how):
    """Returns a complaint, or ''."""
    database = folder / "db"
    shutil.rmtree(database, ignore_errors=True)
    subprocess.run([mote, database, "-c", "SELECT 1"], capture_output=True, check=True, timeout=60)
    broken = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}",
         "-e", f"inject={call}:{how}:when={which}", mote, "--sync=sync", database],
        input=script, capture_output=True, text=True, timeout=120, check=False)
    answered = [int(word) for word in broken.stdout.split() if word.isdigit()]
    least = max(answered, default=-1)
    if "error=" in how and broken.returncode == 1 and not broken.stderr.startswith("error: "):
        return f"told nothing of the error: {broken.stderr[-300:]}"
    if "error=" in how and broken.returncode not in (0, 1) and call != "openat":
        return f"ended with {broken.returncode}: {broken.stderr[-300:]}"
    after = subprocess.run(
        [mote, database, "-c", "CHECK", "-c",
         "CREATE TABLE IF NOT EXISTS marks (n INTEGER PRIMARY KEY);"
         "CREATE TABLE IF NOT EXISTS rows (n INTEGER, x BLOB);"
         "SELECT count(*) AS c, coalesce(max(n), -1) AS m FROM marks;"
         "SELECT count(*) AS c, count(x) AS f FROM rows;"
         "SELECT n FROM marks WHERE n = 0;"
         "INSERT INTO marks VALUES (1000) RETURNING n"],
        capture_output=True, text=True, timeout=120, check=False)
    if after.returncode != 0:
        return f"opened again: {after.stderr} {after.stdout}"
    lines = after.stdout.splitlines()
    if lines[0] != "problem" or lines[1] != "c,m":
        return f"CHECK: {after.stdout}"
    count, last = map(int, lines[2].split(","))
    rows = lines[4]
    if last < least or count != last + 1 or rows != f"{2 * count},{count}":
        return f"answered up to {least}; there are {count} marks up to {last} and {rows} rows"
    return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mote")
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20262)
    options = parser.parse_args()
    if not strace_works():
        print("SKIPPED: system calls: strace is not there or may not trace")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    print(f"seed {options.seed}")
    every = [(call, which, how) for call, most in CALLS for which in range(1, most + 1)
             for how in ("error=EIO", "signal=SIGKILL", "error=ENOSPC")
             if how != "error=ENOSPC" or call in ("pwrite64", "fallocate", "openat")]
    points = random.Random(options.seed).sample(every, min(options.points, len(every)))
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for call, which, how in points:
            complaint = fault_point(options.mote, pathlib.Path(scratch), session(), call, which,
                                    how)
            if complaint:
                failed += 1
                print(f"{call} {which} {how}: {complaint}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
