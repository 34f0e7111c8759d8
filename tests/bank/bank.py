"""The bug bank: puts one fault at a time into a source and expects a test to fail.

The sources and the build stay as they are: the faulty source is compiled to an object of its own,
and a test program is linked that has it in the place of the sound one. A fault that no assertion
notices in time, or whose text does not stand in the source exactly once, is a failure: then the
tests, or faults.py, are to be mended. Faults are tried side by side, one a core.

usage: bank.py BUILD [--only WORD] [--no-build]      (BUILD: a build folder of Ninja)
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from faults import FAULTS

TEST_LIMIT_S = 240  # a test that does not end has noticed nothing
QUICKLY = " -O1"  # of one object: what is compiled once need not run fast


class Bank:
    def __init__(self, build):
        self.build = build
        cache = (build / "CMakeCache.txt").read_text()
        self.root = pathlib.Path(re.search(r"^CMAKE_HOME_DIRECTORY:\w+=(.*)$", cache, re.M)[1])
        listed = json.loads((build / "compile_commands.json").read_text())
        self.compiles = {entry["file"]: entry["command"] for entry in listed}
        self.links = {}
        self.lock = threading.Lock()

    def link_command(self, target):
        with self.lock:
            if target not in self.links:
                listed = subprocess.run(["ninja", "-C", self.build, "-t", "commands", target],
                                        capture_output=True, text=True, check=True)
                self.links[target] = listed.stdout.splitlines()[-1]
            return self.links[target]

    def run(self, command):
        """Runs a line of the build; returns what it says when it fails."""
        done = subprocess.run(command, shell=True, cwd=self.build, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout[-1500:] or "it fails"

    def faulty_program(self, file, text, target, folder):
        """Builds the target with `text` as the source's text; returns the program, complaint."""
        source = str(self.root / file)
        compile_command = self.compiles[source]
        sound_object = re.search(r" -o (\S+)", compile_command)[1]
        # The link names objects of layers with a dot in the path.
        linked = rf" {re.escape(sound_object).replace('/src/', '/(?:[.]/)?src/')} "
        link = self.link_command(target)
        if len(re.findall(linked, link)) != 1 or f" -o {target} " not in link:
            return None, f"{target} is not linked with {sound_object}"
        faulty = folder / pathlib.Path(file).name
        faulty.write_text(text)
        object_file, program = folder / "faulty.o", folder / "faulty_test"
        complaint = self.run(compile_command.replace(f" -o {sound_object}", f" -o {object_file}")
                             .replace(f" {source}", f" {faulty}") + QUICKLY)
        if not complaint:
            complaint = self.run(re.sub(linked, f" {object_file} ", link)
                                 .replace(f" -o {target} ", f" -o {program} "))
        return (None, complaint) if complaint else (program, "")


def run_test(program, cases):
    """Returns whether an assertion failed, and where, or what happened instead."""
    environment = {**os.environ}
    environment.pop("MOTE_TEST_LONG", None)
    environment.pop("GTEST_OUTPUT", None)
    try:
        done = subprocess.run([program, f"--gtest_filter={cases}", "--gtest_fail_fast"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=TEST_LIMIT_S, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return False, f"no end in {TEST_LIMIT_S} s"
    output = done.stdout.decode(errors="replace")
    running = re.findall(r"^\[ RUN      \] (\S+)", output, re.M)
    failed = re.search(r"^\[  FAILED  \] ([^\s,]+)", output, re.M)
    if not running:
        return False, f"no case matches {cases}"
    if failed:
        return True, failed[1]
    if done.returncode == -signal.SIGABRT:
        return True, f"a check in {running[-1]}"
    if done.returncode != 0:
        return False, f"{running[-1]} ended by {done.returncode}"
    return False, f"{len(running)} cases passed"


def try_fault(bank, fault):
    """Returns what caught the fault, or None and a complaint."""
    _, file, text, replacement, target, cases = fault
    original = (bank.root / file).read_text()
    if original.count(text) != 1:
        return None, f"the fault no longer applies: {original.count(text)} places in {file}"
    with tempfile.TemporaryDirectory() as folder:
        program, complaint = bank.faulty_program(file, original.replace(text, replacement), target,
                                                 pathlib.Path(folder))
        if complaint:
            return None, complaint
        failed, what = run_test(program, cases)
    return (what, "") if failed else (None, f"nothing in {target} noticed; {what}")


def report_of(bank, fault):
    started = time.monotonic()
    caught, complaint = try_fault(bank, fault)
    what = f"caught by {caught}" if caught else f"NOT CAUGHT: {complaint}"
    print(f"{fault[0]}: {what} ({time.monotonic() - started:.0f} s)", flush=True)
    return bool(caught)


def sound_report_of(build, target, cases):
    """The same cases must pass without a fault."""
    failed, what = run_test(build / target, cases)
    sound = not failed and what.endswith("passed")
    if not sound:
        print(f"{target} without a fault: {what}", flush=True)
    return sound


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--only", default="", help="faults whose name or file has this word")
    parser.add_argument("--no-build", action="store_true", help="the tests are built already")
    options = parser.parse_args()
    faults = [fault for fault in FAULTS if options.only in fault[0] + " " + fault[1]]
    targets = sorted({fault[4] for fault in faults})
    if not options.no_build:
        subprocess.run(["cmake", "--build", options.build, "--target", *targets], check=True,
                       stdout=subprocess.DEVNULL)
    bank = Bank(options.build)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        filters = sorted({fault[4:] for fault in faults})
        sound = list(pool.map(lambda what: sound_report_of(options.build, *what), filters))
        caught = list(pool.map(lambda fault: report_of(bank, fault), faults))
    failed = sound.count(False) + caught.count(False)
    print(f"{caught.count(True)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
