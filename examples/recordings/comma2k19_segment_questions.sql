-- Questions to the drive.

-- name: frames_near_steering
SELECT f.frame FROM frames f
WHERE EXISTS (SELECT 1 FROM steering s WHERE abs(s.t - f.t) <= 0.1 AND s.angle > 2.0)
ORDER BY f.frame;

-- name: speed_at_frame
SELECT count(*) AS frames_with_speed, sum(s.speed) AS speed
FROM frames f ASOF JOIN speed s ON f.t >= s.t;

-- Frames within 200 m of frame 600 while the wheel was turned, nearest first.
-- name: frames_near_place
SELECT f.frame
FROM frames f JOIN frames here ON here.frame = 600
WHERE st_dwithin(f.position, here.position, 200.0)
  AND EXISTS (SELECT 1 FROM steering s WHERE abs(s.t - f.t) <= 0.1 AND s.angle > 1.0)
ORDER BY f.position <-> here.position, f.frame
LIMIT 20;
