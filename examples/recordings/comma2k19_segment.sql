-- comma2k19: one minute of a car, its cameras' poses, CAN, IMU and GNSS, all on one clock (seconds since boot).
-- Run with --files at the folder that holds comma2k19_segment. `sample` is the place in the recorded array: times
-- repeat in some streams, so they are no keys.

CREATE TABLE frames AS
SELECT t.row AS frame, t.value AS t, g.c0 AS gps_week, g.c1 AS gps_second,
       point3d(p.c0, p.c1, p.c2) AS position, p.c0 AS x, p.c1 AS y, p.c2 AS z,
       v.c0 AS vx, v.c1 AS vy, v.c2 AS vz, q.c0 AS qw, q.c1 AS qx, q.c2 AS qy, q.c3 AS qz
FROM read_npy('comma2k19_segment/global_pose/frame_times.npy') t
JOIN read_npy('comma2k19_segment/global_pose/frame_gps_times.npy') g ON g.row = t.row
JOIN read_npy('comma2k19_segment/global_pose/frame_positions.npy') p ON p.row = t.row
JOIN read_npy('comma2k19_segment/global_pose/frame_velocities.npy') v ON v.row = t.row
JOIN read_npy('comma2k19_segment/global_pose/frame_orientations.npy') q ON q.row = t.row;

CREATE TABLE can AS
SELECT t.row AS sample, t.value AS t, s.value AS src, a.value AS address, d.value AS payload
FROM read_npy('comma2k19_segment/processed_log/CAN/raw_can/t.npy.zst') t
JOIN read_npy('comma2k19_segment/processed_log/CAN/raw_can/src.npy.zst') s ON s.row = t.row
JOIN read_npy('comma2k19_segment/processed_log/CAN/raw_can/address.npy.zst') a ON a.row = t.row
JOIN read_npy('comma2k19_segment/processed_log/CAN/raw_can/data.npy.zst') d ON d.row = t.row;

CREATE TABLE radar AS
SELECT t.row AS sample, t.value AS t, v.c0 AS forward, v.c1 AS lateral, v.c2 AS speed, v.c3 AS unused_1, v.c4 AS unused_2, v.c5 AS track, v.c6 AS is_fresh
FROM read_npy('comma2k19_segment/processed_log/CAN/radar/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/CAN/radar/value.npy') v ON v.row = t.row;

CREATE TABLE speed AS
SELECT t.row AS sample, t.value AS t, v.c0 AS speed
FROM read_npy('comma2k19_segment/processed_log/CAN/speed/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/CAN/speed/value.npy') v ON v.row = t.row;

CREATE TABLE wheel_speed AS
SELECT t.row AS sample, t.value AS t, v.c0 AS fl, v.c1 AS fr, v.c2 AS rl, v.c3 AS rr
FROM read_npy('comma2k19_segment/processed_log/CAN/wheel_speed/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/CAN/wheel_speed/value.npy') v ON v.row = t.row;

CREATE TABLE steering AS
SELECT t.row AS sample, t.value AS t, v.value AS angle
FROM read_npy('comma2k19_segment/processed_log/CAN/steering_angle/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/CAN/steering_angle/value.npy') v ON v.row = t.row;

CREATE TABLE gnss_ublox AS
SELECT t.row AS sample, t.value AS t, v.c0 AS lat, v.c1 AS lon, v.c2 AS speed, v.c3 AS utc_ms, v.c4 AS altitude, v.c5 AS bearing
FROM read_npy('comma2k19_segment/processed_log/GNSS/live_gnss_ublox/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/GNSS/live_gnss_ublox/value.npy') v ON v.row = t.row;

CREATE TABLE gnss_qcom AS
SELECT t.row AS sample, t.value AS t, v.c0 AS lat, v.c1 AS lon, v.c2 AS speed, v.c3 AS utc_ms, v.c4 AS altitude, v.c5 AS bearing
FROM read_npy('comma2k19_segment/processed_log/GNSS/live_gnss_qcom/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/GNSS/live_gnss_qcom/value.npy') v ON v.row = t.row;

CREATE TABLE raw_gnss_ublox AS
SELECT t.row AS sample, t.value AS t, v.c0 AS v0, v.c1 AS v1, v.c2 AS v2, v.c3 AS v3, v.c4 AS v4, v.c5 AS v5, v.c6 AS v6, v.c7 AS v7, v.c8 AS v8, v.c9 AS v9
FROM read_npy('comma2k19_segment/processed_log/GNSS/raw_gnss_ublox/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/GNSS/raw_gnss_ublox/value.npy') v ON v.row = t.row;

CREATE TABLE raw_gnss_qcom AS
SELECT t.row AS sample, t.value AS t, v.c0 AS v0, v.c1 AS v1, v.c2 AS v2, v.c3 AS v3, v.c4 AS v4, v.c5 AS v5, v.c6 AS v6, v.c7 AS v7, v.c8 AS v8, v.c9 AS v9
FROM read_npy('comma2k19_segment/processed_log/GNSS/raw_gnss_qcom/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/GNSS/raw_gnss_qcom/value.npy') v ON v.row = t.row;

CREATE TABLE accelerometer AS
SELECT t.row AS sample, t.value AS t, v.c0 AS forward, v.c1 AS rightward, v.c2 AS down
FROM read_npy('comma2k19_segment/processed_log/IMU/accelerometer/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/IMU/accelerometer/value.npy') v ON v.row = t.row;

CREATE TABLE gyro AS
SELECT t.row AS sample, t.value AS t, v.c0 AS forward, v.c1 AS rightward, v.c2 AS down
FROM read_npy('comma2k19_segment/processed_log/IMU/gyro/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/IMU/gyro/value.npy') v ON v.row = t.row;

CREATE TABLE gyro_bias AS
SELECT t.row AS sample, t.value AS t, v.c0 AS forward, v.c1 AS rightward, v.c2 AS down
FROM read_npy('comma2k19_segment/processed_log/IMU/gyro_bias/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/IMU/gyro_bias/value.npy') v ON v.row = t.row;

CREATE TABLE gyro_uncalibrated AS
SELECT t.row AS sample, t.value AS t, v.c0 AS forward, v.c1 AS rightward, v.c2 AS down
FROM read_npy('comma2k19_segment/processed_log/IMU/gyro_uncalibrated/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/IMU/gyro_uncalibrated/value.npy') v ON v.row = t.row;

CREATE TABLE magnetometer AS
SELECT t.row AS sample, t.value AS t, v.c0 AS forward, v.c1 AS rightward, v.c2 AS down
FROM read_npy('comma2k19_segment/processed_log/IMU/magnetometer/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/IMU/magnetometer/value.npy') v ON v.row = t.row;

CREATE TABLE magnetometer_uncalibrated AS
SELECT t.row AS sample, t.value AS t, v.c0 AS forward, v.c1 AS rightward, v.c2 AS down
FROM read_npy('comma2k19_segment/processed_log/IMU/magnetometer_uncalibrated/t.npy') t
JOIN read_npy('comma2k19_segment/processed_log/IMU/magnetometer_uncalibrated/value.npy') v ON v.row = t.row;
