"""Builds moteDB and runs its tests in stages; closes with `N passed, N failed, N skipped`.

A stage is a build preset and the ctest labels to run in it. Each test program is counted by its
cases; one that crashes or times out counts as one failure more. As many run at once as there are
cores.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# (preset, label pattern, what it is); a stage without a test of its labels is left out.
USER_STAGES = [("release", "unit|tidy|sql|recordings|crash|api|shell", "release build")]
ALL_STAGES = USER_STAGES + [
    ("release", "long|concurrency", "long forms"),
    ("debug-asan", "unit|api|concurrency", "address and undefined-behaviour sanitizers"),
    ("tsan", "threads|concurrency", "thread sanitizer"),
    ("release", "bank", "bug bank"),
    ("release", "fuzz", "fuzzing"),
]
# What is built of a preset; of others everything.
TARGETS = {"tsan": ["env_test", "storage_test", "engine_test", "session_test", "process_test"]}
SMALL_LIMIT_BYTES = 2 * 1024 * 1024


class Totals:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.lock = threading.Lock()

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def tell(self, text, passed, failed, skipped):
        """What one of several tests that run at once has to say, in one piece."""
        with self.lock:
            self.add(passed, failed, skipped)
            print(text, flush=True)


def run(command, **options):
    return subprocess.run([str(word) for word in command], cwd=ROOT, **options)


def jobs():
    """Builds at once: one a core, and one for each 1.5 GB of memory."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(os.cpu_count() or 1, pages // (1536 << 20)))


def build(preset):
    started = time.monotonic()
    log = ROOT / "build" / f"{preset}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as out:
        for command in (["cmake", "--preset", preset],
                        ["cmake", "--build", "--preset", preset, "-j", jobs(),
                         *(["--target", *TARGETS[preset]] if preset in TARGETS else [])]):
            if run(command, stdout=out, stderr=subprocess.STDOUT).returncode != 0:
                out.flush()
                print("\n".join(log.read_text(errors="replace").splitlines()[-60:]))
                print(f"build {preset}: failed; the whole log is {log}")
                return False
    print(f"build {preset}: {time.monotonic() - started:.0f} s")
    return True


def tests_of(preset, labels):
    listed = run(["ctest", "--test-dir", f"build/{preset}", "-L", labels, "--show-only=json-v1"],
                 capture_output=True, text=True)
    if listed.returncode != 0:
        return []
    return json.loads(listed.stdout)["tests"]


def property_of(test, name, default):
    for entry in test.get("properties", []):
        if entry["name"] == name:
            return entry["value"]
    return default


def count_cases(report, output):
    """Cases from gtest's report, or from a closing line `N passed, N failed[, N skipped]`."""
    if report.exists() and report.stat().st_size > 0:
        passed = failed = skipped = 0
        for suite in json.loads(report.read_text())["testsuites"]:
            for case in suite["testsuite"]:
                if case.get("result") == "SKIPPED":
                    skipped += 1
                elif case.get("failures"):
                    failed += 1
                elif case.get("status") == "RUN":
                    passed += 1
        return passed, failed, skipped
    lines = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", output, re.M)
    if lines:
        passed, failed, skipped = lines[-1]
        return int(passed), int(failed), int(skipped or 0)
    return None


def run_test(test, environment, totals):
    command = test.get("command")
    if not command:
        totals.tell(f"  {test['name']}: has no program", 0, 1, 0)
        return
    timeout = float(property_of(test, "TIMEOUT", 600))
    report = pathlib.Path(tempfile.mkdtemp()) / "report.json"
    if "long" in property_of(test, "LABELS", []):
        environment = {**environment, "MOTE_TEST_LONG": "1"}
    started = time.monotonic()
    try:
        done = subprocess.run(command, env={**environment, "GTEST_OUTPUT": f"json:{report}"},
                              timeout=timeout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd=property_of(test, "WORKING_DIRECTORY", str(ROOT)))
        output, code = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), f"no end in {timeout:.0f} s"
    counts = count_cases(report, output)
    passed, failed, skipped = counts or ((1, 0, 0) if code == 0 else (0, 1, 0))
    if code != 0 and failed == 0:
        failed = 1  # it crashed, timed out or failed outside of its cases
    seconds = time.monotonic() - started
    text = [f"  {test['name']}: {passed} passed, {failed} failed, {skipped} skipped "
            f"({seconds:.1f} s)"]
    text += [f"    {line}" for line in re.findall(r"^SKIPPED: .*$", output, re.M)]
    if failed:
        text += output.splitlines()[-80:]
        text.append(f"  {test['name']}: exit {code}")
    totals.tell("\n".join(text), passed, failed, skipped)


def small_size(totals):
    """The small profile: a static, stripped shell of at most 2 MiB."""
    if not (ROOT / "tools" / "shell").exists():
        return
    if not build("small"):
        totals.add(0, 1, 0)
        return
    size = (ROOT / "build" / "small" / "mote").stat().st_size
    fits = size <= SMALL_LIMIT_BYTES
    print(f"  size of build/small/mote: {size} bytes of {SMALL_LIMIT_BYTES}")
    totals.add(1 if fits else 0, 0 if fits else 1, 0)


def main():
    parser = argparse.ArgumentParser(prog="tools/test")
    parser.add_argument("--all", action="store_true",
                        help="sanitizers, small build, long forms, bug bank, fuzzing")
    parser.add_argument("--only", help="one of the stages of --all, by a word of its name")
    parser.add_argument("--data", help="the folder of recordings")
    options = parser.parse_args()

    environment = dict(os.environ)
    data = pathlib.Path(options.data) if options.data else ROOT.parent / "shared" / "data"
    if not options.data and os.environ.get("MOTE_DATA"):
        data = pathlib.Path(os.environ["MOTE_DATA"])
    if data.is_dir():
        environment["MOTE_DATA"] = str(data.resolve())
        print(f"recordings: {data}")
    else:
        environment.pop("MOTE_DATA", None)
        print(f"recordings: no folder {data}; the simulated robot alone is tested")

    totals = Totals()
    built = {}
    stages = ALL_STAGES if options.all else USER_STAGES
    if options.only:
        stages = [stage for stage in ALL_STAGES if options.only in stage[2]]
    for preset, labels, what in stages:
        if preset not in built:
            built[preset] = build(preset)
            if not built[preset]:
                totals.add(0, 1, 0)
        if not built[preset]:
            continue
        tests = tests_of(preset, labels)
        if not tests:
            continue
        started = time.monotonic()
        print(f"{what}:")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(lambda test: run_test(test, environment, totals), tests))
        print(f"{what}: {time.monotonic() - started:.0f} s")
    if options.all:
        small_size(totals)
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 0 if totals.failed == 0 and totals.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
