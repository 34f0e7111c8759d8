"""Builds the fuzz targets and runs each for some seconds, from examples that the targets make.

Inputs that found a fault are kept in build/fuzz/found/TARGET; `build/fuzz/tests/fuzz/fuzz_TARGET
FILE` runs one again.

usage: fuzz.py [--seconds N] [--seed N] [TARGET..]
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "fuzz"
TARGETS = ["log", "manifest", "part", "column", "record", "csv", "json", "npy", "sql"]
MAX_BYTES = {"log": 200_000, "part": 100_000, "sql": 2000, "manifest": 40_000}
LIMITS = ["-malloc_limit_mb=512", "-rss_limit_mb=1536", "-timeout=20"]
# The schedule by entropy counts every rare feature of an input; with a program as large as the SQL
# rooms that takes more time than the inputs.
OPTIONS = {"sql": ["-entropic=0"]}


def jobs():
    """Builds at once: one a core, and one for each 1.5 GB of memory."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return str(max(1, min(os.cpu_count() or 1, pages // (1536 << 20))))


def build(targets):
    for command in (["cmake", "--preset", "fuzz"],
                    ["cmake", "--build", BUILD, "-j", jobs(), "--target",
                     *(f"fuzz_{target}" for target in targets)]):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        if done.returncode != 0:
            print("\n".join(done.stdout.splitlines()[-60:]))
            return False
    return True


def fuzz(target, seconds, seed):
    """Returns what went wrong, or ''."""
    program = BUILD / "tests" / "fuzz" / f"fuzz_{target}"
    found = BUILD / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        subprocess.run([program, "--seeds", corpus], check=True)
        command = [program, corpus, f"-max_total_time={seconds}", f"-seed={seed}",
                   f"-max_len={MAX_BYTES.get(target, 8000)}", f"-artifact_prefix={found}/",
                   "-print_final_stats=1", "-reload=0", *LIMITS, *OPTIONS.get(target, [])]
        words = pathlib.Path(__file__).with_name(f"{target}.dict")
        if words.exists():
            command.append(f"-dict={words}")
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds * 4 + 120, check=False)
    output = done.stdout.decode(errors="replace")
    runs = re.search(r"number_of_executed_units: *(\d+)", output)
    coverage = re.findall(r"cov: (\d+)", output)
    print(f"{target}: {runs.group(1) if runs else 0} runs, "
          f"{coverage[-1] if coverage else 0} places reached", flush=True)
    return "" if done.returncode == 0 else output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20, help="of each target")
    parser.add_argument("--seed", type=int, default=20263)
    parser.add_argument("targets", nargs="*", default=TARGETS)
    options = parser.parse_args()
    if shutil.which("clang++-14") is None:
        print("SKIPPED: fuzzing: clang++-14 is not there")
        print(f"0 passed, 0 failed, {len(options.targets)} skipped")
        return 0
    started = time.monotonic()
    if not build(options.targets):
        print(f"0 passed, {len(options.targets)} failed")
        return 1
    print(f"built in {time.monotonic() - started:.0f} s; seed {options.seed}, "
          f"{options.seconds} s each", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        complaints = list(pool.map(lambda target: fuzz(target, options.seconds, options.seed),
                                   options.targets))
    for complaint in filter(None, complaints):
        print("\n".join(complaint.splitlines()[-45:]))
    failed = len(complaints) - complaints.count("")
    print(f"{complaints.count('')} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
