#!/usr/bin/env python3
"""Runs the benchmarks of the release build and writes docs/benchmarks.md from what they print.

    run_benchmarks.py [--full] [--data DIRECTORY] [--only NAME ..] [--out FILE]

Nothing else may run meanwhile: the benchmarks void what their own controls say was disturbed.
"""

import argparse
import datetime
import json
import pathlib
import platform
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCHES = ("latency", "ingest", "scan", "size", "recovery", "mixed", "footprint")
LIMIT_S = 1800  # one benchmark
SKIPPED_KEYS = ("case", "metric", "value", "unit", "samples", "goal", "pass", "peer", "version")


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    cores = sum(line.startswith("processor") for line in open("/proc/cpuinfo"))
    kib = int(next(line.split()[1] for line in open("/proc/meminfo")
                   if line.startswith("MemTotal")))
    return f"{model}, {cores} cores, {kib / 2**20:.0f} GiB, Linux {platform.release()}"


def run(name, arguments):
    program = ROOT / "build" / "release" / "bench" / name
    words = [str(program)] + ([] if arguments.full else ["--quick"])
    if arguments.data:
        words += ["--data", arguments.data]
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as directory:
        try:
            done = subprocess.run(words + ["--dir", directory], capture_output=True, text=True,
                                  timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return [], f"ran for more than {LIMIT_S} s"
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0:
        return rows, ""
    return rows, f"ended with {done.returncode}: {done.stderr[-300:]}"


def line_of(row):
    if "goal" in row:
        verdict = {True: "met", False: "**missed**"}.get(row.get("pass"), "void")
        goal = f"{row['goal']:g}"
    else:
        goal = verdict = ""
    name = row["metric"]
    if "peer" in row:
        name += f" ({row['peer']} {row.get('version', '')})".replace(" )", ")")
    more = ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                     for key, value in row.items() if key not in SKIPPED_KEYS)
    value = f"{row['value']:.4g} {row.get('unit', '')}"
    return f"| {row['case']} | {name} | {value} | {goal} | {verdict} | {more} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--data", help="recordings for bench/size")
    parser.add_argument("--only", nargs="*", default=BENCHES, choices=BENCHES)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    commit = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%h"], capture_output=True,
                            text=True, check=False).stdout.strip()
    form = "full" if arguments.full else "quick"
    text = ["# Benchmarks", "",
            f"The {form} forms, as `tools/run_benchmarks.py` took them on {datetime.date.today()} "
            f"at commit {commit}: {machine()}. A ratio compares with the peer or raw limit of the "
            "same interleaved run; absolute times hold for this machine alone. A run that its own "
            "control found disturbed is void.", ""]
    failed = False
    for name in arguments.only:
        rows, problem = run(name, arguments)
        text += [f"## bench/{name}", ""]
        if problem:
            failed = True
            text += [f"Problem: {problem.strip()}", ""]
        if rows:
            text += ["| case | metric | value | goal | | more |", "|---|---|---|---|---|---|"]
            text += [line_of(row) for row in rows] + [""]
        print(f"{name}: {len(rows)} rows{', ' + problem if problem else ''}", flush=True)
    arguments.out.write_text("\n".join(text))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
