-- EuRoC MAV: the 200 Hz IMU, the pose of the left camera and the camera's times, of seven flights.
-- Run with --files at the folder that holds euroc_mav.

CREATE TABLE imu (seq TEXT, ts TIMESTAMP, wx FLOAT, wy FLOAT, wz FLOAT, ax FLOAT, ay FLOAT, az FLOAT);
CREATE TABLE pose (seq TEXT, ts TIMESTAMP, p_x FLOAT, p_y FLOAT, p_z FLOAT,
                   q_w FLOAT, q_x FLOAT, q_y FLOAT, q_z FLOAT);
CREATE TABLE camera (seq TEXT, ts TIMESTAMP);

INSERT INTO imu SELECT 'V101', * FROM read_csv('euroc_mav/V101_imu0.csv.zst', header = true);
INSERT INTO pose SELECT 'V101', * FROM read_csv('euroc_mav/V101_leftcam_gt.csv.zst', header = true);
INSERT INTO camera SELECT 'V101', * FROM read_csv('euroc_mav/V101_cam_timestamps_ns.txt.zst', header = false);

INSERT INTO imu SELECT 'V102', * FROM read_csv('euroc_mav/V102_imu0.csv.zst', header = true);
INSERT INTO pose SELECT 'V102', * FROM read_csv('euroc_mav/V102_leftcam_gt.csv.zst', header = true);
INSERT INTO camera SELECT 'V102', * FROM read_csv('euroc_mav/V102_cam_timestamps_ns.txt.zst', header = false);

INSERT INTO imu SELECT 'V103', * FROM read_csv('euroc_mav/V103_imu0.csv.zst', header = true);
INSERT INTO pose SELECT 'V103', * FROM read_csv('euroc_mav/V103_leftcam_gt.csv.zst', header = true);
INSERT INTO camera SELECT 'V103', * FROM read_csv('euroc_mav/V103_cam_timestamps_ns.txt.zst', header = false);

INSERT INTO imu SELECT 'V201', * FROM read_csv('euroc_mav/V201_imu0.csv.zst', header = true);
INSERT INTO pose SELECT 'V201', * FROM read_csv('euroc_mav/V201_leftcam_gt.csv.zst', header = true);
INSERT INTO camera SELECT 'V201', * FROM read_csv('euroc_mav/V201_cam_timestamps_ns.txt.zst', header = false);

INSERT INTO imu SELECT 'V202', * FROM read_csv('euroc_mav/V202_imu0.csv.zst', header = true);
INSERT INTO pose SELECT 'V202', * FROM read_csv('euroc_mav/V202_leftcam_gt.csv.zst', header = true);
INSERT INTO camera SELECT 'V202', * FROM read_csv('euroc_mav/V202_cam_timestamps_ns.txt.zst', header = false);

INSERT INTO imu SELECT 'MH03', * FROM read_csv('euroc_mav/MH03_imu0.csv.zst', header = true);
INSERT INTO pose SELECT 'MH03', * FROM read_csv('euroc_mav/MH03_leftcam_gt.csv.zst', header = true);
INSERT INTO camera SELECT 'MH03', * FROM read_csv('euroc_mav/MH03_cam_timestamps_ns.txt.zst', header = false);

INSERT INTO imu SELECT 'MH04', * FROM read_csv('euroc_mav/MH04_imu0.csv.zst', header = true);
INSERT INTO pose SELECT 'MH04', * FROM read_csv('euroc_mav/MH04_leftcam_gt.csv.zst', header = true);
INSERT INTO camera SELECT 'MH04', * FROM read_csv('euroc_mav/MH04_cam_timestamps_ns.txt.zst', header = false);
