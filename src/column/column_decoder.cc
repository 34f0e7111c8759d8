#include <algorithm>
#include <cstring>

#include "column/lanes_codec.h"
#include "column/validity_block.h"

namespace mote {

void lane_of_words(const uint64_t* words, uint32_t lane, uint32_t row_count, Column& column) {
  switch (lane_kind(column.type().kind)) {
    case LaneKind::kBool: {
      bool* const entries = column.lane<bool>(lane);
      for (uint32_t row = 0; row < row_count; ++row) entries[row] = (words[row] & 1) != 0;
      break;
    }
    case LaneKind::kFloat32: {
      uint32_t* const entries = column.lane<uint32_t>(lane);
      for (uint32_t row = 0; row < row_count; ++row) {
        entries[row] = static_cast<uint32_t>(words[row]);
      }
      break;
    }
    default: std::memcpy(column.lane<uint64_t>(lane), words, row_count * sizeof(uint64_t));
  }
}

namespace {

// Entries of null rows are zero in memory, whatever stands for them in the block.
void clear_entry(Column& out, uint32_t lane, uint32_t row) {
  switch (lane_kind(out.type().kind)) {
    case LaneKind::kBytes: out.lane<std::string_view>(lane)[row] = {}; break;
    case LaneKind::kBool: out.lane<bool>(lane)[row] = false; break;
    case LaneKind::kFloat32: out.lane<uint32_t>(lane)[row] = 0; break;
    default: out.lane<uint64_t>(lane)[row] = 0;
  }
}

class LanesDecoder : public ColumnDecoder {
 public:
  explicit LanesDecoder(LanesCodec codec) : codec_(std::move(codec)) {}

  Status decode(std::string_view block, uint32_t row_count, Column& out,
                const std::shared_ptr<const ColumnDecoder>& self) const override {
    if (row_count == 0 || row_count > kChunkRows) {
      return corruption("block of %u rows; a block has 1 to %u", row_count, kChunkRows);
    }
    ByteReader reader(block);
    out.reset(codec_.type);
    uint32_t null_count = 0;
    MOTE_TRY(read_validity(reader, row_count, &out.validity(), &null_count));
    if (null_count == row_count) {
      clear_nulls(row_count, out);
      return check_end(reader);
    }
    if (codec_.is_bytes()) {
      bool borrowed = false;
      MOTE_TRY(codec_.bytes->decode(reader, row_count, out, &borrowed));
      if (borrowed) out.keep_alive(self);
    } else {
      for (uint32_t lane = 0; lane < lane_count(codec_.type.kind); ++lane) {
        MOTE_TRY(decode_lane(reader, lane, row_count, out));
      }
    }
    if (null_count > 0) clear_nulls(row_count, out);
    return check_end(reader);
  }

  Status decode_row(std::string_view block, uint32_t row_count, uint32_t row, Column& out,
                    uint32_t to,
                    const std::shared_ptr<const ColumnDecoder>& self) const override {
    if (row_count > kChunkRows || row >= row_count) {
      return corruption("row %u of a block of %u rows", row, row_count);
    }
    ByteReader reader(block);
    Validity validity;
    uint32_t null_count = 0;
    MOTE_TRY(read_validity(reader, row_count, &validity, &null_count));
    if (!validity.is_valid(row)) {
      out.validity().set_null(to);
      for (uint32_t lane = 0; lane < lane_count(codec_.type.kind); ++lane) {
        clear_entry(out, lane, to);
      }
      return {};
    }
    out.validity().set_valid(to);
    if (codec_.is_bytes()) {
      bool borrowed = false;
      MOTE_TRY(codec_.bytes->decode_row(reader, row_count, row, out, to, &borrowed));
      if (borrowed) out.keep_alive(self);
      return {};
    }
    for (uint32_t lane = 0; lane < lane_count(codec_.type.kind); ++lane) {
      uint64_t word = 0;
      MOTE_TRY(codec_.words[lane]->decode_word(reader, row_count, row, &word));
      switch (lane_kind(codec_.type.kind)) {
        case LaneKind::kBool: out.lane<bool>(lane)[to] = (word & 1) != 0; break;
        case LaneKind::kFloat32:
          out.lane<uint32_t>(lane)[to] = static_cast<uint32_t>(word);
          break;
        default: out.lane<uint64_t>(lane)[to] = word;
      }
    }
    return {};
  }

  size_t memory_bytes() const override {
    size_t size = sizeof(*this);
    if (codec_.bytes != nullptr) size += codec_.bytes->memory_bytes();
    for (const auto& words : codec_.words) {
      if (words != nullptr) size += words->memory_bytes();
    }
    return size;
  }

 private:
  Status decode_lane(ByteReader& reader, uint32_t lane, uint32_t row_count, Column& out) const {
    const LaneKind kind = lane_kind(codec_.type.kind);
    if (lane_entry_bytes(kind) == sizeof(uint64_t)) {
      return codec_.words[lane]->decode(reader, row_count, out.lane<uint64_t>(lane));
    }
    std::array<uint64_t, kChunkRows> words;
    MOTE_TRY(codec_.words[lane]->decode(reader, row_count, words.data()));
    lane_of_words(words.data(), lane, row_count, out);
    return {};
  }

  void clear_nulls(uint32_t row_count, Column& out) const {
    for (uint32_t lane = 0; lane < lane_count(codec_.type.kind); ++lane) {
      for (uint32_t row = 0; row < row_count; ++row) {
        if (out.is_null(row)) clear_entry(out, lane, row);
      }
    }
  }

  static Status check_end(const ByteReader& reader) {
    if (reader.remaining() == 0) return {};
    return corruption("%zu bytes behind the end of a block", reader.remaining());
  }

  const LanesCodec codec_;
};

}  // namespace

Result<std::unique_ptr<ColumnDecoder>> ColumnDecoder::open(Type type, std::string_view prelude) {
  LanesCodec codec;
  codec.type = type;
  ByteReader reader(prelude);
  if (codec.is_bytes()) {
    MOTE_ASSIGN(codec.bytes, parse_bytes_codec(type, reader));
  } else {
    for (uint32_t lane = 0; lane < lane_count(type.kind); ++lane) {
      MOTE_ASSIGN(codec.words[lane], parse_word_codec(lane_kind(type.kind), reader,
                                                      Nesting::kOutermost));
    }
  }
  if (reader.remaining() != 0) {
    return corruption("%zu bytes behind the end of a column's prelude", reader.remaining());
  }
  return std::unique_ptr<ColumnDecoder>(new LanesDecoder(std::move(codec)));
}

}  // namespace mote
