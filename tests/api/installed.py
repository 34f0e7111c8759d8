"""Installs the build into a new folder, builds the examples against what is there, and runs them:
by CMake's package, shared and static, and by pkg-config.

usage: installed.py BUILD_FOLDER
"""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                           f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def example(program, folder, expected, environment):
    with tempfile.TemporaryDirectory(dir=folder) as database:
        output = run(program, os.path.join(database, "db"), env=environment)
    if output != expected:
        raise RuntimeError(f"{program}: printed {output!r}, expected {expected!r}")


IMU = "1000 rows, greatest ax 9.99\n"
FRAMES = ("1970-01-01T00:00:00.35Z 40000 bytes, distance 0.000\n"
          "1970-01-01T00:00:00.9Z 40000 bytes, distance 0.000\n"
          "1970-01-01T00:00:01.45Z 40000 bytes, distance 0.000\n")


def main():
    build = pathlib.Path(sys.argv[1])
    failed = 0
    passed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = folder / "installed"
        run("cmake", "--install", build, "--prefix", prefix)
        package = next(prefix.rglob("motedb.pc")).parent
        environment = {**os.environ, "LD_LIBRARY_PATH": str(package.parent),
                       "PKG_CONFIG_PATH": str(package)}
        run("cmake", "-S", ROOT / "examples", "-B", folder / "examples",
            f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
        run("cmake", "--build", folder / "examples")
        flags = run("pkg-config", "--cflags", "--libs", "motedb", env=environment).split()
        run("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", folder / "imu_pkg",
            ROOT / "examples" / "c" / "imu.c", *flags)
        for program, expected in ((folder / "examples" / "imu", IMU),
                                  (folder / "examples" / "frames", FRAMES),
                                  (folder / "examples" / "frames_static", FRAMES),
                                  (folder / "imu_pkg", IMU)):
            try:
                example(program, folder, expected, environment)
                passed += 1
            except RuntimeError as error:
                print(error)
                failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
