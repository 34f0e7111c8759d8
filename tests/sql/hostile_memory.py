"""Statements that ask for far more memory than there is: each ends with a right answer or says that
the budget is used up, and the process never takes much more than its budget.

usage: hostile_memory.py MOTE
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

MOTE = os.path.abspath(sys.argv.pop(1))
BUDGET_MB = 16
MOST_BESIDE_MB = 8
SECONDS = 60

# A statement, and its answer when it has one. None: it must run out of memory. ANY: both are right,
# since how much fits is nobody's promise.
ANY = object()
STATEMENTS = [
    ("SELECT length(lpad('x', 20000000)) FROM generate_series(1, 30)", ANY),
    ("SELECT sum(length(lpad('x', 4000000 + i))) FROM generate_series(1, 30) i", None),
    ("SELECT sum(length(repeat('abc', 1000000 + i))) FROM generate_series(1, 1000) i", None),
    ("SELECT sum(length(replace(repeat('a', 100000 + i), 'a', 'bcdefghijk'))) "
     "FROM generate_series(1, 100) i", None),
    ("SELECT length(replace(repeat('a', 100000), 'a', repeat('b', 10000)))", None),
    ("SELECT length(repeat('x', 900000000))", None),
    ("SELECT length(rpad('x', 900000000, 'yz'))", None),
    ("SELECT length(a || a || a || a || a || a || a || a) "
     "FROM (SELECT repeat('x', 1000000 + i) AS a FROM generate_series(1, 10) i)", None),
    ("SELECT length(concat(a, a, a, a, a, a, a, a)) "
     "FROM (SELECT repeat('x', 1000000 + i) AS a FROM generate_series(1, 4) i)", None),
    ("SELECT length(concat_ws(a, a, a, a, a, a)) "
     "FROM (SELECT repeat('x', 1000000 + i) AS a FROM generate_series(1, 4) i)", None),
    ("SELECT sum(length(upper(reverse(hex(repeat('x', 500000 + i)))))) "
     "FROM generate_series(1, 100) i", None),
    ("SELECT sum(length(quote(repeat('x', 500000 + i)))) FROM generate_series(1, 100) i", None),
    ("SELECT sum(length(CASE WHEN i % 2 = 0 THEN repeat('x', 400000 + i) ELSE repeat('y', "
     "400000 + i) END)) FROM generate_series(1, 100) i", None),
    ("SELECT sum(length(CAST(repeat('x', 400000 + i) AS BLOB))) FROM generate_series(1, 100) i",
     None),
    ("SELECT i FROM generate_series(1, 1000000000000) i ORDER BY i DESC", None),
    ("SELECT i FROM generate_series(1, 3000000) i ORDER BY -i LIMIT 2", "3000000\n2999999"),
    ("SELECT count(*) FROM (SELECT i, count(*) FROM generate_series(1, 10000000) i GROUP BY i)",
     None),
    ("SELECT count(DISTINCT i) FROM generate_series(1, 10000000) i", None),
    ("SELECT count(*) FROM (SELECT DISTINCT i FROM generate_series(1, 10000000) i)", None),
    ("SELECT count(*) FROM generate_series(1, 3000) a, generate_series(1, 3000) b", "9000000"),
    ("SELECT count(*) FROM generate_series(1, 10) a JOIN (SELECT x AS k FROM "
     "generate_series(1, 100000) x, generate_series(1, 1000) y) b ON a = b.k", ANY),
    ("SELECT length(string_agg(CAST(i AS TEXT), ',')) FROM generate_series(1, 10000000) i", None),
    ("SELECT max(length(s)) FROM (SELECT string_agg(repeat('x', 1000), ',') AS s "
     "FROM generate_series(1, 100000) i GROUP BY i % 10)", None),
    ("SELECT max(repeat('x', 300000 + i)) = 'x' FROM generate_series(1, 1000) i", None),
    ("SELECT sum(n) FROM (SELECT row_number() OVER (ORDER BY i DESC) AS n "
     "FROM generate_series(1, 10000000) i)", None),
    ("SELECT sum(n) FROM (SELECT sum(i) OVER (PARTITION BY i % 3 ORDER BY i) AS n "
     "FROM generate_series(1, 10000000) i)", None),
    ("SELECT median(i) FROM generate_series(1, 10000000) i", None),
    ("SELECT median(i) FROM generate_series(1, 700000) i", ANY),
    ("SELECT quantile_cont(i, 0.3) FROM generate_series(1, 10000000) i", None),
    ("CREATE TABLE copy AS SELECT repeat('x', 5000 + i % 7) AS t FROM generate_series(1, 20000) "
     "i", ANY),
    ("CREATE TABLE t AS SELECT i AS a, i * 7919 % 100003 AS b, i * 0.37 AS c "
     "FROM generate_series(1, 2000000) i; "
     "SELECT count(*) FROM t WHERE b > 50000; "
     "DELETE FROM t WHERE b > 50000; VACUUM", "1000009"),
    # Rows that share one constant's bytes take them once here and each for itself in the parts.
    ("CREATE TABLE copy AS SELECT repeat('x', 5000) AS t FROM generate_series(1, 20000); "
     "SELECT sum(length(t)) FROM copy", "100000000"),
    ("COPY (SELECT repeat('x', 300000 + i) FROM generate_series(1, 100) i) TO 'out.csv'", None),
]


def measured(*arguments, folder, seconds=SECONDS):
    """Exit code, output and peak memory in MB of a run of the shell."""
    with open(folder / "out", "w+") as out, open(folder / "err", "w+") as err:
        child = subprocess.Popen([MOTE, *map(str, arguments)], stdout=out, stderr=err, cwd=folder)
        until = time.monotonic() + seconds
        peak_kb = 0
        while True:
            try:
                status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
                for line in status.splitlines():
                    if line.startswith("VmHWM"):
                        peak_kb = max(peak_kb, int(line.split()[1]))
            except OSError:
                pass
            if child.poll() is not None:
                break
            if time.monotonic() > until:
                child.kill()
                child.wait()
                raise AssertionError(f"{arguments}: it runs longer than {seconds} s")
            time.sleep(0.001)
        out.seek(0)
        err.seek(0)
        return child.returncode, out.read(), err.read(), peak_kb / 1024


class HostileMemory(unittest.TestCase):
    def test_budget_holds(self):
        for sql, answer in STATEMENTS:
            with self.subTest(sql=sql), tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                code, out, err, peak_mb = measured(
                    "--sync=async", f"--memory={BUDGET_MB}MB", "--csv", folder / "db",
                    "-c", sql, folder=folder)
                if os.environ.get("MOTE_TEST_SHOW"):
                    print(f"{peak_mb:6.1f} MB  {code}  {out[-30:].strip()!r} {err[:110].strip()}"
                          f"  {sql[:90]}", file=sys.stderr)
                if code != 0:
                    self.assertIn("budget", err)
                    self.assertIn(answer, (None, ANY))
                else:
                    self.assertIsNot(answer, None, out[-200:])
                    if answer is not ANY:
                        self.assertEqual(out.split("\n", 1)[-1].strip(), answer)
                self.assertLessEqual(peak_mb, BUDGET_MB + MOST_BESIDE_MB)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(suite)
    failed = len({test.id() for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
