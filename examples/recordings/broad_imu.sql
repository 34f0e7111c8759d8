-- BROAD: a nine-axis IMU at 285.7 Hz, twelve trials. There is no column of times: a sample is 3.5 ms.
-- Run with --files at the folder that holds broad_imu.

CREATE TABLE broad (trial TEXT, sample INTEGER, gyr_x FLOAT, gyr_y FLOAT, gyr_z FLOAT,
                    acc_x FLOAT, acc_y FLOAT, acc_z FLOAT, mag_x FLOAT, mag_y FLOAT, mag_z FLOAT,
                    movement INTEGER);
CREATE TABLE broad_reference (trial TEXT, sample INTEGER, quat_w FLOAT, quat_x FLOAT, quat_y FLOAT,
                              quat_z FLOAT, pos_x FLOAT, pos_y FLOAT, pos_z FLOAT);

INSERT INTO broad
SELECT '02', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/02_undisturbed_slow_rotation_B.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '03', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/03_undisturbed_slow_rotation_C.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '05', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/05_undisturbed_slow_rotation_with_breaks_B.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '07', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/07_undisturbed_fast_rotation_B.csv.zst', header = true, row_number = true);
INSERT INTO broad_reference
SELECT '07', row, opt_quat_w, opt_quat_x, opt_quat_y, opt_quat_z, opt_pos_x, opt_pos_y, opt_pos_z
FROM read_csv('broad_imu/07_undisturbed_fast_rotation_B.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '09', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/09_undisturbed_fast_rotation_with_breaks_B.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '11', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/11_undisturbed_slow_translation_B.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '12', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/12_undisturbed_slow_translation_C.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '15', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/15_undisturbed_fast_translation_A.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '18', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/18_undisturbed_fast_translation_with_breaks_B.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '24', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/24_disturbed_tapping_A.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '30', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/30_disturbed_stationary_magnet_C.imu.csv.zst', header = true, row_number = true);

INSERT INTO broad
SELECT '33', row, imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z,
       imu_mag_x, imu_mag_y, imu_mag_z, movement
FROM read_csv('broad_imu/33_disturbed_attached_magnet_2cm.imu.csv.zst', header = true, row_number = true);
