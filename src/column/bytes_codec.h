// How values of variable size (TEXT, BLOB) and vectors become blocks of bytes and back: a
// dictionary of sorted distinct values with ranks; sizes and bytes, compressed with LZ4 or zstd;
// vectors as fixed strides or byte planes.
//
// Immutable after planning or parsing, hence thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "base/status.h"
#include "types/chunk.h"
#include "types/type.h"

namespace mote {

// Written to files.
enum class ByteEncoding : uint8_t {
  kDictionary = 0,
  kPlain = 1,        // sizes, then all bytes, compressed when it pays
  kStride = 2,       // values of one size, as they are
  kStridePlanes = 3  // values of one size by byte planes of their elements, compressed
};
inline constexpr uint8_t kByteEncodingCount = 4;

class BytesCodec {
 public:
  virtual ~BytesCodec() = default;
  virtual std::string name() const = 0;
  virtual void serialize(std::string* out) const = 0;
  // count in [1, kChunkRows]; null rows are empty.
  virtual void encode(const std::string_view* values, uint32_t count, std::string* out) const = 0;
  // Fills rows [0, count) of out's lane. Bytes go to out's heap, unless they are this codec's: then
  // *borrowed becomes true and whoever calls keeps this codec alive.
  virtual Status decode(ByteReader& reader, uint32_t count, Column& out, bool* borrowed) const = 0;
  virtual Status decode_row(ByteReader& reader, uint32_t count, uint32_t row, Column& out,
                            uint32_t to, bool* borrowed) const = 0;
  virtual size_t memory_bytes() const = 0;
};

// type is TEXT, BLOB or VECTOR.
std::unique_ptr<BytesCodec> choose_bytes_codec(Type type, std::span<const std::string_view> values,
                                               bool strong_compression);
Result<std::unique_ptr<BytesCodec>> parse_bytes_codec(Type type, ByteReader& reader);

}  // namespace mote
