// Chunks of values as bytes and back. Pure functions: no files, no state.
//
// A column of a part is encoded in two steps. A ColumnEncoder sees all values of the column (up to
// kMaxPartRows), lane by lane, picks the cheapest encoding for each lane, and writes: a prelude
// (what blocks share: a dictionary, a scale, LZ4 or zstd marker), and one block for every
// kChunkRows values. A ColumnDecoder is opened on the prelude and decodes any block on its own.
// Every block is decoded and compared by the encoder before it is handed out, so a part that can
// not be read back is never written.
//
// Encodings of a lane: constant; frame of reference (FOR) and bit packing; delta and delta-of-delta
// with FOR; run length; dictionary over the whole part with packed rank codes (sorted distinct
// values, themselves encoded: integers and bit patterns of sorted doubles as delta-FOR, bytes as a
// front-coded, LZ4-packed list); scaled integer (value == integer * step or integer / divisor,
// exactly); ALP (Afroozeh, Kuffo, Boncz: ALP, SIGMOD 2024); byte-stream split with LZ4 or zstd; LZ4
// of raw bytes; raw. Null bitmaps: none, all, bitmap, run length.
//
// Bytes from disk are never trusted: decoders check every length, code and width, and return
// kCorruption.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/status.h"
#include "types/chunk.h"
#include "types/type.h"
#include "types/value.h"

namespace mote {

// What is known of a run of values without decoding them.
struct ColumnStats {
  uint32_t row_count = 0;
  uint32_t null_count = 0;
  uint32_t nan_count = 0;  // of FLOAT and FLOAT4; NaN is in neither minimum, maximum nor sum
  // Types with an order of their own that prunes (BOOLEAN, INTEGER, FLOAT4, FLOAT, TIMESTAMP,
  // TEXT); NULL for others and when there is no value. TEXT bounds are cut to kBoundBytes: minimum
  // down, maximum up (NULL if it can not).
  Value minimum;
  Value maximum;
  double sum = 0;            // of FLOAT and FLOAT4, in row order
  __int128 integer_sum = 0;  // of INTEGER
  // POINT and POINT3D: the box, NaN coordinates left out; minimum > maximum when there is none.
  std::array<double, 3> box_minimum{};
  std::array<double, 3> box_maximum{};

  static constexpr size_t kBoundBytes = 32;
  // The stats of both runs, `other` following.
  void append(const ColumnStats& other);
  void serialize(Type type, std::string* out) const;
  static Result<ColumnStats> deserialize(Type type, ByteReader& reader);
};
ColumnStats stats_of(const Column& column, uint32_t row_count);

struct EncodedBlock {
  std::string bytes;
  ColumnStats stats;
};

struct EncodedColumn {
  std::string prelude;
  std::vector<EncodedBlock> blocks;  // one for every kChunkRows rows, the last may be shorter
  std::string encoding_names;        // for `inspect` and tests: one name a lane, comma between
  size_t size_bytes() const;
};

struct EncodeOptions {
  bool strong_compression = false;  // zstd where LZ4 would be used, when it is built in
};

// Encodes the chunks' columns at `position`, all but the last chunk full. type is the column's.
// Errors: kOutOfMemory never; kInvalidArgument for more than kMaxPartRows rows.
Result<EncodedColumn> encode_column(Type type, std::span<const Column* const> columns,
                                    std::span<const uint32_t> row_counts,
                                    const EncodeOptions& options);

// True when this build can read and write zstd blocks.
bool has_zstd();

class ColumnDecoder {
 public:
  // Copies what it needs of the prelude (dictionaries are decoded once, here). Thread-safe
  // afterwards.
  static Result<std::unique_ptr<ColumnDecoder>> open(Type type, std::string_view prelude);
  virtual ~ColumnDecoder() = default;

  // Decodes a block of row_count values (<= kChunkRows) into `out`, which is reset to the type.
  // Bytes of variable size are copied into out's heap, or point into this decoder's dictionary:
  // then out keeps `self` alive.
  virtual Status decode(std::string_view block, uint32_t row_count, Column& out,
                        const std::shared_ptr<const ColumnDecoder>& self) const = 0;
  // Decodes one row of a block to out's row `to` (out has the type and room); random access where
  // the encoding has it (constant, FOR, dictionary, raw, scaled), else a whole block's decode.
  virtual Status decode_row(std::string_view block, uint32_t row_count, uint32_t row, Column& out,
                            uint32_t to,
                            const std::shared_ptr<const ColumnDecoder>& self) const = 0;
  virtual size_t memory_bytes() const = 0;
};

}  // namespace mote
