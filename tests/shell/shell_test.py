"""The shell as a program sees it: formats, exit codes, messages, standard input, bad input.

usage: shell_test.py MOTE
"""

import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import unittest

MOTE = os.path.abspath(sys.argv.pop(1))


def run(*arguments, stdin="", folder=None, check=None, **options):
    done = subprocess.run([MOTE, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          cwd=folder, timeout=300, **options)
    if check is not None and done.returncode != check:
        raise AssertionError(f"{arguments}: exit {done.returncode}, not {check}: "
                             f"{done.stdout[-500:]} {done.stderr[-500:]}")
    return done


class Shell(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.db = self.folder / "db"

    def tearDown(self):
        self.scratch.cleanup()

    def sql(self, *statements, options=(), check=0):
        words = [word for text in statements for word in ("-c", text)]
        return run("--sync=async", *options, self.db, *words, check=check,
                   folder=self.folder)

    def rows(self, *statements, options=()):
        return self.sql(*statements, options=options).stdout

    def error(self, *statements, options=()):
        done = self.sql(*statements, options=options, check=1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr.removesuffix("\n")


class Formats(Shell):
    VALUES = ("CREATE TABLE v (b BOOLEAN, i INTEGER, f4 FLOAT4, f FLOAT, t TEXT, x BLOB, "
              "ts TIMESTAMP, v VECTOR(2), p POINT, p3 POINT3D)",
              "INSERT INTO v VALUES (true, 1, 0.5, 6, 'a,\"b\"', '\\x00ff', "
              "'2026-01-26T10:00:00.123456789Z', '[0.5,1]', '1 2', '1 2 3'), "
              "(false, -9223372036854775808, 1e30, 0.1, '', '\\x', '2026-01-26 10:00:00', "
              "'[0,-1]', '0 0', '0 0 0'), "
              "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")

    def test_csv_is_as_promised(self):
        self.sql(*self.VALUES)
        lines = self.rows("SELECT b, i, f4, f, t, x, ts, v FROM v").split("\n")
        self.assertEqual(lines[0], "b,i,f4,f,t,x,ts,v")
        self.assertEqual(lines[1], 'true,1,0.5,6.0,"a,""b""",\\x00ff,'
                                   '2026-01-26T10:00:00.123456789Z,"[0.5,1.0]"')
        self.assertEqual(lines[2], 'false,-9223372036854775808,1e+30,0.1,"",\\x,'
                                   '2026-01-26T10:00:00Z,"[0.0,-1.0]"')
        self.assertEqual(lines[3], ",,,,,,,")
        self.assertEqual(lines[4:], [""])

    def test_csv_has_its_header_without_rows(self):
        self.assertEqual(self.rows("CREATE TABLE t (a INTEGER)", "SELECT a, a + 1 AS b FROM t"),
                         "a,b\n")

    def test_json_is_an_object_a_line(self):
        self.sql(*self.VALUES)
        self.assertEqual(
            self.rows("SELECT b, i, f, t, x, ts, v FROM v WHERE i = 1", options=["--json"]),
            '{"b":true,"i":1,"f":6.0,"t":"a,\\"b\\"","x":"\\\\x00ff",'
            '"ts":"2026-01-26T10:00:00.123456789Z","v":[0.5,1.0]}\n')

    def test_box_frames_the_rows(self):
        self.assertEqual(self.rows("SELECT 1 AS n, 'x' AS t", options=["--box"]),
                         "┌───┬───┐\n│ n │ t │\n├───┼───┤\n│ 1 │ x │\n└───┴───┘\n1 row\n")

    def test_timer_writes_a_line_a_statement(self):
        done = self.sql("SELECT 1; SELECT 2", options=["--timer"])
        self.assertRegex(done.stderr, r"\Aelapsed_ms \d+\.\d{3}\nelapsed_ms \d+\.\d{3}\n\Z")


class Invocation(Shell):
    def test_usage_errors_are_2(self):
        for words in ([], ["--nothing", self.db], [self.db, self.db], ["--sync=later", self.db],
                      ["--memory=much", self.db], [self.db, "-c"]):
            done = run(*words, check=2)
            self.assertIn("usage: mote", done.stderr)

    def test_files_and_texts_run_in_order(self):
        script = self.folder / "a.sql"
        script.write_text("CREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES (1);\n")
        done = run(self.db, "-f", script, "-c", "SELECT a FROM t", check=0)
        self.assertEqual(done.stdout, "a\n1\n")

    def test_first_error_stops_and_has_its_place(self):
        done = self.sql("SELECT 1 AS a;\n\n  SELEC 2; SELECT 3", check=1)
        self.assertEqual(done.stdout, "a\n1\n")
        self.assertRegex(done.stderr, r"\Aerror: 3:3: .+\n\Z")

    def test_place_counts_characters_and_lines_of_standard_input(self):
        done = run(self.db, stdin="SELECT 'é' AS a;\nSELECT 'é' + nothing;\n", check=1)
        self.assertRegex(done.stderr, r"\Aerror: 2:14: .*nothing.*\n\Z")

    def test_standard_input_is_answered_statement_by_statement(self):
        with subprocess.Popen([MOTE, self.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, bufsize=1) as shell:
            for i in range(5):
                shell.stdin.write(f'SELECT {i} AS ";";\n')
                shell.stdin.flush()
                self.assertEqual(shell.stdout.readline(), ";\n")
                self.assertEqual(shell.stdout.readline(), f"{i}\n")
            shell.stdin.write("SELECT 9 AS last")
            shell.stdin.close()
            self.assertEqual(shell.stdout.read(), "last\n9\n")
            self.assertEqual(shell.wait(timeout=60), 0)

    def test_readonly_neither_makes_nor_writes(self):
        run("--readonly", self.db, "-c", "SELECT 1", check=1)
        self.assertFalse(self.db.exists())
        self.sql("CREATE TABLE t (a INTEGER)")
        self.assertIn("read-only", self.error("INSERT INTO t VALUES (1)", options=["--readonly"]))
        self.assertEqual(self.rows("SELECT count(*) AS n FROM t", options=["--readonly"]), "n\n0\n")

    def test_sync_modes_and_memory_are_taken(self):
        for option in ("--sync=sync", "--sync=group:5", "--sync=async", "--memory=16MB"):
            self.assertEqual(run(option, self.db, "-c", "SELECT 1 AS a", check=0).stdout, "a\n1\n")

    def test_output_that_can_not_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([MOTE, self.db, "-c", "SELECT 1"], stdout=full, check=False,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)


class Durability(Shell):
    def test_what_was_answered_survives_a_kill(self):
        self.sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        seen = -1
        for _ in range(3):
            with subprocess.Popen([MOTE, self.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True, bufsize=1) as shell:
                for i in range(seen + 1, seen + 40):
                    shell.stdin.write(f"INSERT INTO t VALUES ({i}) RETURNING id;\n")
                    shell.stdin.flush()
                    self.assertEqual(shell.stdout.readline(), "id\n")
                    seen = int(shell.stdout.readline())
                shell.send_signal(signal.SIGKILL)
            self.assertEqual(self.rows("SELECT count(*) AS n, max(id) AS m FROM t"),
                             f"n,m\n{seen + 1},{seen}\n")


class BadInput(Shell):
    def test_second_writer_is_told_the_first_ones_process(self):
        with subprocess.Popen([MOTE, self.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, bufsize=1) as shell:
            shell.stdin.write("SELECT 1 AS a;\n")
            shell.stdin.flush()
            shell.stdout.readline()
            self.assertIn(str(shell.pid), self.error("SELECT 1"))
            shell.stdin.close()
            shell.wait(timeout=60)
        self.assertEqual(self.rows("SELECT 1 AS a"), "a\n1\n")

    def test_values_that_do_not_fit(self):
        self.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, v VECTOR(3))",
                 "INSERT INTO t VALUES (1, 1, '[1,2,3]')")
        self.assertIn("n", self.error("INSERT INTO t VALUES (2, NULL, NULL)"))
        self.assertIn("1", self.error("INSERT INTO t VALUES (1, 5, NULL)"))
        self.assertIn("x", self.error("INSERT INTO t VALUES (2, 'x', NULL)"))
        dimension = self.error("INSERT INTO t VALUES (2, 1, '[1,2]')")
        self.assertTrue("2" in dimension and "3" in dimension, dimension)
        self.error("INSERT INTO t VALUES (2, 1, '[1,nan,2]')")
        self.assertEqual(self.rows("SELECT id, n FROM t"), "id,n\n1,1\n")

    def test_duplicate_key_after_many_rows_and_a_reopen(self):
        self.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)",
                 "INSERT INTO t SELECT n * 7, n FROM generate_series(0, 299999) AS s(n)")
        self.assertIn("2099993", self.error("INSERT INTO t VALUES (2099993, 0)"))
        self.assertIn("7", self.error("INSERT INTO t VALUES (7, 0)"))
        self.assertEqual(self.rows("INSERT INTO t VALUES (8, 0)", "SELECT count(*) AS n FROM t"),
                         "n\n300001\n")

    def test_statement_of_10_mb_and_10000_brackets(self):
        script = self.folder / "long.sql"
        script.write_text("SELECT '" + "a" * 10_000_000 + "'")
        done = run(self.db, "-f", script, check=1)
        self.assertIn("1000000", done.stderr)
        done = run(self.db, stdin=script.read_text(), check=1)
        self.assertIn("1000000", done.stderr)
        script.write_text("SELECT " + "(" * 10_000 + "1" + ")" * 10_000)
        self.assertIn("1000", run(self.db, "-f", script, check=1).stderr)
        self.assertEqual(self.rows("SELECT 1 AS a"), "a\n1\n")

    def test_files_outside_the_directory_are_refused(self):
        inside = self.folder / "inside"
        inside.mkdir()
        (self.folder / "secret.csv").write_text("a\n1\n")
        (inside / "link.csv").symlink_to(self.folder / "secret.csv")
        (inside / "good.csv").write_text("a\n1\n")
        for name in ("../secret.csv", "link.csv", str(self.folder / "secret.csv")):
            message = self.error(f"SELECT * FROM read_csv('{name}')",
                                 options=["--files", str(inside)])
            self.assertIn("outside", message)
        self.assertIn("outside", self.error("COPY (SELECT 1 AS a) TO '../out.csv'",
                                            options=["--files", str(inside)]))
        self.assertFalse((self.folder / "out.csv").exists())
        self.assertEqual(self.rows("SELECT a FROM read_csv('good.csv')",
                                   options=["--files", str(inside)]), "a\n1\n")

    def test_malformed_csv_names_file_line_and_column(self):
        (self.folder / "bad.csv").write_text("a,b\n1,2\n3,x\n")
        self.sql("CREATE TABLE t (a INTEGER, b INTEGER)")
        message = self.error("COPY t FROM 'bad.csv' (header = true)")
        for word in ("bad.csv", "line 3", "'b'", "'x'"):
            self.assertIn(word, message)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM t"), "n\n0\n")

    def test_foreign_and_damaged_files(self):
        foreign = self.folder / "foreign"
        foreign.mkdir()
        (foreign / "MANIFEST").write_bytes(b"this is not a database" * 1000)
        done = run(foreign, "-c", "SELECT 1", check=1)
        self.assertIn("MANIFEST", done.stderr)
        plain = self.folder / "plain"
        plain.write_text("hello")
        run(plain, "-c", "SELECT 1", check=1)
        self.assertEqual(plain.read_text(), "hello")

    def test_readonly_directory_is_told(self):
        if os.geteuid() == 0:
            # Root writes everywhere that is mounted for writing, /proc and /sys apart.
            done = run("/proc/mote-test", "-c", "SELECT 1", check=1)
        else:
            os.chmod(self.folder, 0o500)
            done = run(self.db, "-c", "SELECT 1", check=1)
            os.chmod(self.folder, 0o700)
        self.assertTrue(done.stderr.startswith("error: "), done.stderr)

    def test_full_file_size_limit_loses_nothing(self):
        """A disk that takes no more: what was committed stays, and the shell says what is wrong."""
        self.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
                 "INSERT INTO t VALUES (1, 'kept')")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))

        words = ["-c", "INSERT INTO t SELECT n + 2, CAST(random() AS TEXT) "
                       "FROM generate_series(0, 300000) AS s(n)"]
        done = run(self.db, *words, preexec_fn=limit)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        rows = self.rows("SELECT count(*) AS n, min(x) AS x FROM t")
        self.assertEqual(rows, "n,x\n1,kept\n")


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
