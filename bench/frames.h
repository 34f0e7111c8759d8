// Camera frames: made up, and stored by moteDB.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "harness.h"
#include "readings.h"

namespace bench {

// Frames of 200 KB +- 30 % whose bytes can not be made smaller, as of a JPEG. A frame is a view
// that lives as long as its source.
class FrameSource {
 public:
  static constexpr size_t kMeanBytes = 200'000;
  static constexpr size_t kMostBytes = kMeanBytes * 13 / 10;

  explicit FrameSource(uint64_t seed) : random_(seed) {
    bytes_.resize(2 * kMostBytes);
    for (char& byte : bytes_) byte = static_cast<char>(random_.next());
  }
  std::string_view next() {
    const size_t size = kMeanBytes * 7 / 10 + random_.below(kMeanBytes * 6 / 10);
    return std::string_view(bytes_).substr(random_.below(kMostBytes), size);
  }

 private:
  Random random_;
  std::string bytes_;
};

// The table `frames (ts, camera, image)`, written by one thread.
class FrameStore {
 public:
  explicit FrameStore(mote::Database& database)
      : connection_(need(database.connect(), "connect")), insert_(prepare(connection_)) {}
  // One durable commit.
  void insert(std::string_view image) {
    need(insert_.bind(1, mote::Timestamp{mote::now_ns()}), "bind");
    need(insert_.bind(2, ++frames_ % 2), "bind");
    const auto bytes = std::as_bytes(std::span(image.data(), image.size()));
    need(insert_.bind(3, mote::BlobView{bytes}), "bind");
    need(insert_.run(), "insert frame");
  }

 private:
  static mote::Statement prepare(mote::Connection& connection) {
    need(connection.execute("CREATE TABLE IF NOT EXISTS frames"
                            " (ts TIMESTAMP NOT NULL, camera INTEGER NOT NULL, image BLOB)"),
         "create table");
    return need(connection.prepare("INSERT INTO frames VALUES (?, ?, ?)"), "prepare");
  }

  mote::Connection connection_;
  mote::Statement insert_;
  int64_t frames_ = 0;
};

}  // namespace bench
