-- A Franka Panda arm with a wrist force sensor, led by hand along a symbol: six recordings at about 1 kHz.
-- Run with --files at the folder that holds panda_force.

CREATE TABLE panda AS SELECT * FROM read_csv('panda_force/symbol17.csv.zst', header = true);
