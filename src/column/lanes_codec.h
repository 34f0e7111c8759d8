// The codecs of all lanes of one column, and its blocks: validity, then each lane.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "column/bytes_codec.h"
#include "column/encoding.h"
#include "column/word_codec.h"

namespace mote {

// A column's codec; encoder and decoder are the same object. A lane of bytes has `bytes`, every
// other lane its own in `words`.
struct LanesCodec {
  Type type;
  std::array<std::unique_ptr<WordCodec>, kMaxLanes> words;
  std::unique_ptr<BytesCodec> bytes;

  bool is_bytes() const { return lane_kind(type.kind) == LaneKind::kBytes; }
};

// Lane entries as words and back. Entries of null rows take the value of the row before, so that
// they cost next to nothing; *before is the last valid word, carried from block to block.
void words_of_lane(const Column& column, uint32_t lane, uint32_t row_count, uint64_t* before,
                   uint64_t* words);
void lane_of_words(const uint64_t* words, uint32_t lane, uint32_t row_count, Column& column);

}  // namespace mote
