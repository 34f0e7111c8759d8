"""Imports the recordings by the scripts of examples/recordings and compares what SQL says of them
with expected/answers.json: counts, minima, maxima and integers exactly, sums to a relative 1e-9,
distances to 1e-4.

usage: recordings.py MOTE FRAME_DESCRIPTOR; MOTE_DATA in the environment names the recordings.
"""

import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "examples" / "recordings"
SUM_TOLERANCE = 1e-9
DISTANCE_TOLERANCE = 1e-4
QUERY_FRAMES = "nearest_of_those"


class Checker:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, found, expected, tolerance=0.0):
        if isinstance(expected, float) and isinstance(found, (int, float)) and tolerance:
            good = math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)
        else:
            good = found == expected
        self.passed += good
        self.failed += not good
        if not good:
            print(f"{name}: found {str(found)[:200]}, expected {str(expected)[:200]}")


class Database:
    def __init__(self, mote, path):
        self.mote = mote
        self.path = path

    def run(self, arguments, files):
        done = subprocess.run([self.mote, "--json", "--sync=async", "--files", files, self.path,
                               *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def import_script(self, name, files):
        self.run(["-f", str(SCRIPTS / name)], files)

    def ask(self, sql):
        return self.run(["-c", sql], ".")


def questions(name):
    """The statements of a script by the names that `-- name:` gives them."""
    text = (SCRIPTS / name).read_text()
    pieces = re.split(r"^-- name: (\w+)$", text, flags=re.M)[1:]
    return dict(zip(pieces[::2], pieces[1::2]))


def column_sums(database, checker, table, where, columns, expected):
    """Per column the sum of what is not NaN, and the number of NaN."""
    parts = []
    for i, column in enumerate(columns):
        parts.append(f"sum(CASE WHEN isnan({column}) THEN 0.0 ELSE {column} END) AS s{i}")
        parts.append(f"count(CASE WHEN isnan({column}) THEN 1 END) AS n{i}")
    row = database.ask(f"SELECT count(*) AS row_count, {', '.join(parts)} FROM {table} {where}")[0]
    for i, (column, want) in enumerate(zip(columns, expected)):
        checker.check(f"{table} {where} sum({column})", float(row[f"s{i}"]), want["sum"],
                      SUM_TOLERANCE)
        checker.check(f"{table} {where} nan({column})", row[f"n{i}"], want["nan"])
    return row["row_count"]


COMMA_TABLES = {
    "radar": "CAN/radar", "speed": "CAN/speed", "wheel_speed": "CAN/wheel_speed",
    "steering": "CAN/steering_angle", "gnss_ublox": "GNSS/live_gnss_ublox",
    "gnss_qcom": "GNSS/live_gnss_qcom", "raw_gnss_ublox": "GNSS/raw_gnss_ublox",
    "raw_gnss_qcom": "GNSS/raw_gnss_qcom", "accelerometer": "IMU/accelerometer",
    "gyro": "IMU/gyro", "gyro_bias": "IMU/gyro_bias", "gyro_uncalibrated": "IMU/gyro_uncalibrated",
    "magnetometer": "IMU/magnetometer",
    "magnetometer_uncalibrated": "IMU/magnetometer_uncalibrated"}


def columns_of(database, table):
    return list(database.ask(f"SELECT * FROM {table} LIMIT 1")[0])


def check_time(database, checker, table, expected):
    row = database.ask(f"SELECT min(t) AS low, max(t) AS high FROM {table}")[0]
    checker.check(f"{table}: least time", row["low"], expected["min"])
    checker.check(f"{table}: greatest time", row["high"], expected["max"])
    same = database.ask(f"SELECT count(*) AS same FROM {table} a JOIN {table} b "
                        "ON b.sample = a.sample + 1 WHERE a.t = b.t")[0]["same"]
    checker.check(f"{table}: equal neighbours", same, expected["equal_neighbours"])


def comma(database, checker, data, expected):
    database.import_script("comma2k19_segment.sql", data)
    files = expected["files"]
    for table, folder in COMMA_TABLES.items():
        time = files[f"processed_log/{folder}/t.npy"]
        value = files[f"processed_log/{folder}/value.npy"]
        names = columns_of(database, table)
        checker.check(f"{table}: columns", len(names) - 2, (value["shape"] + [1])[1])
        rows = column_sums(database, checker, table, "", names[1:],
                           time["columns"] + value["columns"])
        checker.check(f"{table}: rows", rows, time["shape"][0])
        check_time(database, checker, table, time)
    can = "processed_log/CAN/raw_can/"
    rows = column_sums(database, checker, "can", "", ["t"], files[can + "t.npy.zst"]["columns"])
    checker.check("can: rows", rows, files[can + "t.npy.zst"]["shape"][0])
    check_time(database, checker, "can", files[can + "t.npy.zst"])
    row = database.ask("SELECT sum(src) AS src, sum(address) AS address, "
                       "min(length(payload)) AS least, max(length(payload)) AS most FROM can")[0]
    for name in ("src", "address"):
        total = files[f"{can}{name}.npy.zst"]["columns"][0]["sum"]
        checker.check(f"can: sum({name})", row[name], int(total))
    checker.check("can: payload bytes", (row["least"], row["most"]), (8, 8))
    for file, names in {"frame_times": ["t"], "frame_gps_times": ["gps_week", "gps_second"],
                        "frame_positions": ["x", "y", "z"], "frame_velocities": ["vx", "vy", "vz"],
                        "frame_orientations": ["qw", "qx", "qy", "qz"]}.items():
        want = files[f"global_pose/{file}.npy"]
        rows = column_sums(database, checker, "frames", "", names, want["columns"])
        checker.check(f"frames: rows of {file}", rows, want["shape"][0])
    ask = questions("comma2k19_segment_questions.sql")
    checker.check("frames within 100 ms of a steering angle above 2 degrees",
                  [row["frame"] for row in database.ask(ask["frames_near_steering"])],
                  expected["frames_within_100ms_of_steering_above_2deg"])
    row = database.ask(ask["speed_at_frame"])[0]
    checker.check("frames with a speed", row["frames_with_speed"],
                  expected["speed_at_frame_asof"]["frames_with_speed"])
    checker.check("speed at frames", row["speed"], expected["speed_at_frame_asof"]["sum"],
                  SUM_TOLERANCE)
    checker.check(
        "frames near frame 600 while steering",
        [row["frame"] for row in database.ask(ask["frames_near_place"])],
        expected["frames_within_200m_of_frame_600_and_100ms_of_steering_above_1deg_nearest_first"])


def rc_car(database, checker, data, expected, descriptor_tool):
    database.import_script("rc_car_drive.sql", data)
    folder = pathlib.Path(data) / "rc_car_drive" / "images"
    images = sorted(str(path) for path in folder.glob("*.jpg"))
    with tempfile.TemporaryDirectory() as output:
        with open(os.path.join(output, "descriptors.csv"), "wb") as out:
            subprocess.run([descriptor_tool, *images], stdout=out, check=True)
        database.import_script("rc_car_drive_descriptors.sql", output)
    ask = questions("rc_car_drive_questions.sql")
    row = database.ask(ask["totals"])[0]
    for name, want in {"frames": expected["rows"], "min_ms": expected["min_ms"],
                       "max_ms": expected["max_ms"], "jpeg_bytes": expected["jpeg_bytes"],
                       "turning": expected["angle_above_0.5"]}.items():
        checker.check(f"drive: {name}", row[name], want)
    for name in ("sum_angle", "sum_throttle"):
        checker.check(f"drive: {name}", row[name], expected[name], SUM_TOLERANCE)
    near = database.ask(ask["frames_near_turning"])[0]["frames"]
    checker.check("frames within 100 ms of a turn", near,
                  expected["frames_within_100ms_of_angle_above_0.5"])
    first = database.ask("SELECT d.descriptor AS descriptor FROM drive f "
                         "JOIN descriptors d ON d.image = f.image ORDER BY f.frame LIMIT 1")[0]
    elements = first["descriptor"]
    elements = json.loads(elements) if isinstance(elements, str) else elements
    for i, want in enumerate(expected["descriptor_0"]):
        checker.check(f"descriptor of the first frame, element {i}",
                      abs(elements[i] - want) <= DISTANCE_TOLERANCE, True)
    for query in expected[QUERY_FRAMES]:
        found = database.ask(ask["most_similar"].replace("$frame", str(query["query_index"])))
        check_neighbours(checker, f"frames like {query['query_index']}", found, query["nearest"])


def check_neighbours(checker, name, found, expected):
    """Neighbours whose distances differ by less than the tolerance may swap."""
    checker.check(f"{name}: count", len(found), len(expected))
    for position, (row, want) in enumerate(zip(found, expected)):
        close = abs(row["distance"] - want["distance"]) <= DISTANCE_TOLERANCE
        checker.check(f"{name}: distance {position}", close, True)
        alike = {other["index"] for other in expected
                 if abs(other["distance"] - row["distance"]) <= DISTANCE_TOLERANCE}
        last = abs(expected[-1]["distance"] - row["distance"]) <= DISTANCE_TOLERANCE
        checker.check(f"{name}: frame {position}", row["frame"] in alike or last, True)


def broad(database, checker, data, expected):
    database.import_script("broad_imu.sql", data)
    imu = [f"{kind}_{axis}" for kind in ("gyr", "acc", "mag") for axis in "xyz"]
    reference = [f"quat_{axis}" for axis in "wxyz"] + [f"pos_{axis}" for axis in "xyz"]
    for file, want in expected.items():
        where = f"WHERE trial = '{file[:2]}'"
        rows = column_sums(database, checker, "broad", where, imu + ["CAST(movement AS FLOAT)"],
                           want["columns"][:9] + want["columns"][-1:])
        checker.check(f"{file}: rows", rows, want["rows"])
        if len(want["columns"]) > 10:
            rows = column_sums(database, checker, "broad_reference", where, reference,
                               want["columns"][9:16])
            checker.check(f"{file}: rows of the reference", rows, want["rows"])


def panda(database, checker, data, expected):
    database.import_script("panda_force.sql", data)
    names = [f"CAST({name} AS FLOAT)" for name in columns_of(database, "panda")]
    rows = column_sums(database, checker, "panda", "", names, expected["columns"])
    checker.check("panda: rows", rows, expected["rows"])
    ask = questions("panda_force_questions.sql")
    checker.check("panda: rows of each recording",
                  [row["samples"] for row in database.ask(ask["rows"])],
                  expected["rows_per_recording"])
    found = database.ask(ask["contacts"])
    wanted = expected["contacts_above_2N_for_50_samples"]
    checker.check("panda: contacts", len(found), len(wanted))
    for row, want in zip(found, wanted):
        name = f"contact at {want['recording']}/{want['first_sample']}"
        checker.check(name, {key: row[key] for key in ("recording", "first_sample", "last_sample")},
                      {key: want[key] for key in ("recording", "first_sample", "last_sample")})
        checker.check(f"{name}: peak", row["peak"], want["peak"], SUM_TOLERANCE)


def euroc(database, checker, data, expected):
    database.import_script("euroc_mav.sql", data)
    ask = questions("euroc_mav_questions.sql")
    answers = {name: {row["seq"]: row for row in database.ask(sql)} for name, sql in ask.items()}
    for flight, want in expected.items():
        imu, pose = answers["imu"][flight], answers["pose"][flight]
        at_camera = answers["pose_at_camera"][flight]
        exact = {"imu_rows": imu["imu_rows"], "imu_min_ns": imu["min_ns"],
                 "imu_max_ns": imu["max_ns"], "poses": pose["poses"], "pose_min_ns": pose["min_ns"],
                 "pose_max_ns": pose["max_ns"], "cameras": answers["camera"][flight]["cameras"]}
        for name, found in exact.items():
            checker.check(f"{flight}: {name}", found, want[name])
        for name, column in zip(("wx", "wy", "wz", "ax", "ay", "az"), want["imu_columns"]):
            checker.check(f"{flight}: sum({name})", imu[name], column["sum"], SUM_TOLERANCE)
        asof = want["camera_asof_pose_60ms"]
        checker.check(f"{flight}: matched", at_camera["matched"], asof["matched"])
        checker.check(f"{flight}: sum_lag_ns", at_camera["sum_lag_ns"], asof["sum_lag_ns"])
        checker.check(f"{flight}: sum_p_x", at_camera["sum_p_x"], asof["sum_p_x"], SUM_TOLERANCE)


def main():
    mote, descriptor_tool = sys.argv[1:3]
    data = os.environ.get("MOTE_DATA")
    if not data:
        print("SKIPPED: no folder of recordings (MOTE_DATA)")
        print("0 passed, 0 failed, 5 skipped")
        return 0
    expected = json.loads((pathlib.Path(data) / "expected" / "answers.json").read_text())
    checker = Checker()
    skipped = 0
    imports = {"comma2k19_segment": comma, "rc_car_drive": rc_car, "broad_imu": broad,
               "panda_force": panda, "euroc_mav": euroc}
    for name, importer in imports.items():
        if not (pathlib.Path(data) / name).is_dir() or name not in expected:
            print(f"SKIPPED: {name} is not in {data}")
            skipped += 1
            continue
        with tempfile.TemporaryDirectory() as folder:
            database = Database(mote, os.path.join(folder, "recording.mote"))
            extra = [descriptor_tool] if importer is rc_car else []
            try:
                importer(database, checker, data, expected[name], *extra)
            except (RuntimeError, KeyError, IndexError, subprocess.CalledProcessError) as error:
                checker.check(name, f"{type(error).__name__}: {error}", "no error")
    print(f"{checker.passed} passed, {checker.failed} failed, {skipped} skipped")
    return 1 if checker.failed else 0


if __name__ == "__main__":
    sys.exit(main())
