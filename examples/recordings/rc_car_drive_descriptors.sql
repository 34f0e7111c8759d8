-- Beside each frame its descriptor of 384 numbers, computed from the image by tools/frame_descriptor. Run with --files
-- at the folder that holds its output, descriptors.csv.

CREATE TABLE descriptors (image TEXT PRIMARY KEY, descriptor VECTOR(384) NOT NULL);
COPY descriptors FROM 'descriptors.csv' (header = true);
