-- An RC car driven by hand: 2,500 camera frames as JPEG with steering and throttle, 20 Hz.
-- Run with --files at the folder that holds rc_car_drive.

CREATE TABLE drive (frame INTEGER PRIMARY KEY, session TEXT, ts TIMESTAMP, angle FLOAT, throttle FLOAT,
                    mode TEXT, image TEXT, jpeg BLOB);

INSERT INTO drive
SELECT c._index, c._session_id, make_timestamp_ns(c._timestamp_ms * 1000000), c."user/angle",
       c."user/throttle", c."user/mode", c."cam/image_array", b.content
FROM read_json('rc_car_drive/catalog.jsonl') c
JOIN read_blob('rc_car_drive/images/*.jpg') b
  ON b.filename = 'rc_car_drive/images/' || c."cam/image_array"
ORDER BY c._index;
