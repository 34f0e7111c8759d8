// Camera frames with their embeddings in one commit, and the frames most like another one.
//
// usage: frames DIRECTORY
#include <mote/mote.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr uint32_t kDimension = 8;

// Stands for a camera and a network.
std::vector<float> embedding_of(int frame) {
  std::vector<float> embedding(kDimension);
  for (uint32_t i = 0; i < kDimension; ++i) {
    embedding[i] = static_cast<float>((frame * 7 + static_cast<int>(i) * 3) % 11) / 11.0f;
  }
  return embedding;
}

mote::Result<void> record(mote::Database& database) {
  auto created = database.execute(
      "CREATE TABLE IF NOT EXISTS frames"
      " (ts TIMESTAMP, camera TEXT, image BLOB, embedding VECTOR(8))");
  if (!created) return created;
  auto insert = database.prepare("INSERT INTO frames VALUES (?, ?, ?, ?)");
  if (!insert) return insert.error();
  for (int frame = 0; frame < 50; ++frame) {
    const std::string image(40'000, static_cast<char>(frame));
    const std::vector<float> embedding = embedding_of(frame);
    auto bound = insert->bind_all(mote::Timestamp{frame * 50'000'000LL}, "front",
                                  mote::BlobView{std::as_bytes(std::span(image))},
                                  std::span<const float>(embedding));
    if (!bound) return bound;
    // Durable when this returns: row, image and embedding together, or nothing of them.
    if (auto done = insert->run(); !done) return done;
  }
  return {};
}

mote::Result<void> ask(mote::Database& database) {
  const std::vector<float> wanted = embedding_of(7);
  auto frames = database.query(
      "SELECT ts, length(image), embedding <-> ? AS distance FROM frames"
      " ORDER BY distance, ts LIMIT 3",
      std::span<const float>(wanted));
  if (!frames) return frames.error();
  for (;;) {
    auto more = frames->step();
    if (!more) return more.error();
    if (!*more) return {};
    std::printf("%s %lld bytes, distance %.3f\n", std::string(frames->text(0)).c_str(),
                static_cast<long long>(frames->integer(1)), frames->number(2));
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::fprintf(stderr, "usage: frames DIRECTORY\n");
    return 2;
  }
  auto database = mote::Database::open(arguments[1]);
  if (!database) {
    std::fprintf(stderr, "frames: %s\n", database.error().message.c_str());
    return 1;
  }
  mote::Result<void> done = record(*database);
  if (done) done = ask(*database);
  if (done) done = database->close();
  if (!done) std::fprintf(stderr, "frames: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
