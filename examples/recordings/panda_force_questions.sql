-- Questions to the arm.

-- name: rows
SELECT recording, count(*) AS samples FROM panda GROUP BY recording ORDER BY recording;

-- A contact is a maximal run of at least 50 consecutive samples of one recording with a force above
-- 2 N. Each such sample looks back for the last sample that is not one: those of one run share it.
-- name: contacts
SELECT pressed.recording, min(pressed.sample) AS first_sample, max(pressed.sample) AS last_sample,
       max(pressed.force) AS peak
FROM (SELECT recording, sample,
             sqrt(force_x * force_x + force_y * force_y + force_z * force_z) AS force
      FROM panda
      WHERE sqrt(force_x * force_x + force_y * force_y + force_z * force_z) > 2.0) pressed
ASOF LEFT JOIN (SELECT recording, sample FROM panda
      WHERE sqrt(force_x * force_x + force_y * force_y + force_z * force_z) <= 2.0) free
  ON pressed.recording = free.recording AND pressed.sample > free.sample
GROUP BY pressed.recording, free.sample
HAVING count(*) >= 50
ORDER BY pressed.recording, first_sample;
