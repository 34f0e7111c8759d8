-- Questions to the flights.

-- name: imu
SELECT seq, count(*) AS imu_rows, epoch_ns(min(ts)) AS min_ns, epoch_ns(max(ts)) AS max_ns,
       sum(wx) AS wx, sum(wy) AS wy, sum(wz) AS wz, sum(ax) AS ax, sum(ay) AS ay, sum(az) AS az
FROM imu GROUP BY seq ORDER BY seq;

-- name: pose
SELECT seq, count(*) AS poses, epoch_ns(min(ts)) AS min_ns, epoch_ns(max(ts)) AS max_ns
FROM pose GROUP BY seq ORDER BY seq;

-- name: camera
SELECT seq, count(*) AS cameras FROM camera GROUP BY seq ORDER BY seq;

-- The pose at each camera time: the last one not later and at most 60 ms older.
-- name: pose_at_camera
SELECT c.seq, count(*) AS matched, sum(p.p_x) AS sum_p_x,
       sum(epoch_ns(c.ts) - epoch_ns(p.ts)) AS sum_lag_ns
FROM camera c ASOF JOIN pose p ON c.seq = p.seq AND c.ts >= p.ts TOLERANCE '60 ms'
GROUP BY c.seq ORDER BY c.seq;
