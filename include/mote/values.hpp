// Values that C++ has no type for. Part of mote.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote {
inline namespace client {

struct Timestamp {
  int64_t nanoseconds = 0;  // since 1970
};
struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanoseconds = 0;
};
struct Point {
  double x = 0, y = 0;
};
struct Point3d {
  double x = 0, y = 0, z = 0;
};
struct BlobView {  // bytes to bind as a BLOB
  std::span<const std::byte> bytes;
};

}  // namespace client
}  // namespace mote
