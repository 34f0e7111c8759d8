-- Questions to the drive. $frame is the frame that others are compared with.

-- name: totals
SELECT count(*) AS frames, sum(angle) AS sum_angle, sum(throttle) AS sum_throttle,
       epoch_ns(min(ts)) / 1000000 AS min_ms, epoch_ns(max(ts)) / 1000000 AS max_ms,
       sum(length(jpeg)) AS jpeg_bytes, count(*) FILTER (WHERE angle > 0.5) AS turning
FROM drive;

-- name: frames_near_turning
SELECT count(*) AS frames FROM drive f
WHERE EXISTS (SELECT 1 FROM drive s WHERE s.angle > 0.5 AND s.ts >= f.ts - INTERVAL '100 ms'
                                      AND s.ts <= f.ts + INTERVAL '100 ms');

-- name: most_similar
SELECT f.frame, d.descriptor <-> q.descriptor AS distance
FROM drive f
JOIN descriptors d ON d.image = f.image
JOIN drive asked ON asked.frame = $frame
JOIN descriptors q ON q.image = asked.image
WHERE EXISTS (SELECT 1 FROM drive s WHERE s.angle > 0.5 AND s.ts >= f.ts - INTERVAL '100 ms'
                                      AND s.ts <= f.ts + INTERVAL '100 ms')
ORDER BY distance, f.ts
LIMIT 10;
