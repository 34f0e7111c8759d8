"""The bug bank: puts one fault at a time into a source and expects a test to fail.

The sources and the build stay as they are: the faulty source is compiled to an object of its own,
and a test program is linked that has it in the place of the sound one. A fault that no test
notices, or whose text does not stand in the source exactly once, is a failure: then the tests, or
faults.py, are to be mended.

usage: bank.py BUILD [--only WORD] [--no-build]      (BUILD: a build folder of Ninja)
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from faults import FAULTS

TEST_LIMIT_S = 120  # a fault may also show as a test that does not end


class Bank:
    def __init__(self, build, scratch):
        self.build = build
        self.scratch = scratch
        cache = (build / "CMakeCache.txt").read_text()
        self.root = pathlib.Path(re.search(r"^CMAKE_HOME_DIRECTORY:\w+=(.*)$", cache, re.M)[1])
        listed = json.loads((build / "compile_commands.json").read_text())
        self.compiles = {entry["file"]: entry["command"] for entry in listed}
        self.links = {}

    def link_command(self, target):
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

    def faulty_program(self, file, text, target):
        """Builds the target with `text` as the source's text; returns the program, complaint."""
        source = str(self.root / file)
        compile_command = self.compiles[source]
        sound_object = re.search(r" -o (\S+)", compile_command)[1]
        # The link names objects of layers with a dot in the path.
        linked = rf" {re.escape(sound_object).replace('/src/', '/(?:[.]/)?src/')} "
        link = self.link_command(target)
        if len(re.findall(linked, link)) != 1 or f" -o {target} " not in link:
            return None, f"{target} is not linked with {sound_object}"
        faulty = self.scratch / pathlib.Path(file).name
        faulty.write_text(text)
        object_file, program = self.scratch / "faulty.o", self.scratch / "faulty_test"
        complaint = self.run(compile_command.replace(f" -o {sound_object}", f" -o {object_file}")
                             .replace(f" {source}", f" {faulty}"))
        if not complaint:
            complaint = self.run(re.sub(linked, f" {object_file} ", link)
                                 .replace(f" -o {target} ", f" -o {program} "))
        return (None, complaint) if complaint else (program, "")


def run_test(program, cases):
    """Returns whether the test failed, and the first case that did."""
    environment = {**os.environ}
    environment.pop("MOTE_TEST_LONG", None)
    environment.pop("GTEST_OUTPUT", None)
    try:
        done = subprocess.run([program, f"--gtest_filter={cases}", "--gtest_fail_fast"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=TEST_LIMIT_S, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return True, f"no end in {TEST_LIMIT_S} s"
    output = done.stdout.decode(errors="replace")
    running = re.findall(r"^\[ RUN      \] (\S+)", output, re.M)
    failed = re.search(r"^\[  FAILED  \] ([^\s,]+)", output, re.M)
    if not running:
        return False, f"no case matches {cases}"
    if done.returncode != 0:
        return True, failed[1] if failed else f"{running[-1]}, which ended the program"
    return False, f"{len(running)} cases passed"


def try_fault(bank, fault):
    """Returns what caught the fault, or None and a complaint."""
    _, file, text, replacement, target, cases = fault
    original = (bank.root / file).read_text()
    if original.count(text) != 1:
        return None, f"the fault no longer applies: {original.count(text)} places in {file}"
    program, complaint = bank.faulty_program(file, original.replace(text, replacement), target)
    if complaint:
        return None, complaint
    failed, what = run_test(program, cases)
    return (what, "") if failed else (None, f"nothing in {target} noticed; {what}")


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
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        bank = Bank(options.build, pathlib.Path(scratch))
        for target, cases in sorted({fault[4:] for fault in faults}):
            broken, what = run_test(options.build / target, cases)
            if broken or not what.endswith("passed"):
                failed += 1
                print(f"{target} without a fault: {what}")
        for fault in faults:
            started = time.monotonic()
            caught, complaint = try_fault(bank, fault)
            seconds = time.monotonic() - started
            if caught:
                passed += 1
                print(f"{fault[0]}: caught by {caught} ({seconds:.0f} s)", flush=True)
            else:
                failed += 1
                print(f"{fault[0]}: NOT CAUGHT: {complaint} ({seconds:.0f} s)", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
