"""Kills a writing program with SIGKILL at random moments and looks at what it left.

Nothing that was acknowledged may be missing, no transaction may be there in part, and CHECK must be
clean, round after round over the same database.

usage: kill_rounds.py WORKER [--rounds N] [--seed N]
"""

import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

ROUNDS_PER_DATABASE = 20


def last_of(lines, kind, before):
    numbers = [int(line.split()[1]) for line in lines if line.startswith(kind + " ")]
    return max(numbers + [before])


def kill_round(worker, folder, seed, mode, wait_s):
    """Runs the worker until it is killed; returns its lines and what it said of errors."""
    with subprocess.Popen([worker, "run", folder, str(seed), mode], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as child:
        timer = threading.Timer(wait_s, child.send_signal, [signal.SIGKILL])
        timer.start()
        out, err = child.communicate()
        timer.cancel()
    if child.returncode != -signal.SIGKILL:
        err += f"the worker ended by itself with {child.returncode}"
    whole = out[:out.rfind("\n") + 1]
    return whole.splitlines(), err


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("worker")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20261)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(f"seed {options.seed}")
    passed = failed = transactions = 0
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="mote-kill-"))
    for number in range(options.rounds):
        if number % ROUNDS_PER_DATABASE == 0:
            shutil.rmtree(scratch / "db", ignore_errors=True)
            seed = chance.randrange(1 << 32)
            acknowledged = sample = -1
        mode = chance.choice(["sync", "sync", "group", "async"])
        # Often soon, so that opening and recovery are hit too.
        wait_s = chance.choice([0.02, 0.1, 0.3, 0.6]) * chance.random() + 0.005
        lines, err = kill_round(options.worker, scratch / "db", seed, mode, wait_s)
        acknowledged = last_of(lines, "t", acknowledged)
        sample = last_of(lines, "s", sample)
        done = subprocess.run([options.worker, "verify", scratch / "db", str(seed),
                               str(acknowledged), str(sample)], capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode == 0 and not err:
            passed += 1
            transactions = int(done.stdout.split()[1])
            acknowledged = max(acknowledged, transactions)
            continue
        failed += 1
        kept = scratch.parent / f"{scratch.name}-failed-{number}"
        shutil.copytree(scratch / "db", kept, dirs_exist_ok=True)
        print(f"round {number}, seed {seed}, mode {mode}, {wait_s:.3f} s, acknowledged "
              f"{acknowledged} and {sample}; the database is kept in {kept}")
        print(err, done.stdout, done.stderr)
        break  # what follows would fail for the same reason
    shutil.rmtree(scratch, ignore_errors=True)
    print(f"{transactions} transactions in the last database")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
