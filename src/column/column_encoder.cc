#include <cstring>

#include "column/lanes_codec.h"
#include "column/validity_block.h"

namespace mote {

size_t EncodedColumn::size_bytes() const {
  size_t size = prelude.size();
  for (const EncodedBlock& block : blocks) size += block.bytes.size();
  return size;
}

void words_of_lane(const Column& column, uint32_t lane, uint32_t row_count, uint64_t* before,
                   uint64_t* words) {
  const LaneKind kind = lane_kind(column.type().kind);
  switch (kind) {
    case LaneKind::kBool: {
      const bool* const entries = column.lane<bool>(lane);
      for (uint32_t row = 0; row < row_count; ++row) words[row] = entries[row] ? 1 : 0;
      break;
    }
    case LaneKind::kFloat32: {
      const uint32_t* const entries = column.lane<uint32_t>(lane);
      for (uint32_t row = 0; row < row_count; ++row) words[row] = entries[row];
      break;
    }
    default: std::memcpy(words, column.lane<uint64_t>(lane), row_count * sizeof(uint64_t));
  }
  if (column.validity().all_valid()) {
    *before = words[row_count - 1];
    return;
  }
  for (uint32_t row = 0; row < row_count; ++row) {
    if (column.is_null(row)) {
      words[row] = *before;
    } else {
      *before = words[row];
    }
  }
}

namespace {

// The values of the column that is encoded, lane by lane.
struct Gathered {
  std::array<std::vector<uint64_t>, kMaxLanes> words;
  std::vector<std::string_view> bytes;
};

Gathered gather(Type type, std::span<const Column* const> columns,
                std::span<const uint32_t> row_counts, size_t row_count) {
  Gathered gathered;
  if (lane_kind(type.kind) == LaneKind::kBytes) {
    gathered.bytes.reserve(row_count);
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string_view* const lane = columns[i]->lane<std::string_view>();
      for (uint32_t row = 0; row < row_counts[i]; ++row) {
        gathered.bytes.push_back(columns[i]->is_null(row) ? std::string_view() : lane[row]);
      }
    }
    return gathered;
  }
  for (uint32_t lane = 0; lane < lane_count(type.kind); ++lane) {
    std::vector<uint64_t>& words = gathered.words[lane];
    words.resize(row_count);
    uint64_t before = 0;
    size_t at = 0;
    for (size_t i = 0; i < columns.size(); ++i) {
      words_of_lane(*columns[i], lane, row_counts[i], &before, words.data() + at);
      at += row_counts[i];
    }
  }
  return gathered;
}

LanesCodec plan_lanes(Type type, const Gathered& gathered, const EncodeOptions& options) {
  LanesCodec codec;
  codec.type = type;
  if (codec.is_bytes()) {
    codec.bytes = choose_bytes_codec(type, gathered.bytes, options.strong_compression);
    return codec;
  }
  for (uint32_t lane = 0; lane < lane_count(type.kind); ++lane) {
    const Effort effort = options.strong_compression ? Effort::kSmall : Effort::kFast;
    const WordSeries series =
        WordSeries::of(lane_kind(type.kind), gathered.words[lane], effort);
    if (ForcedEncoding::word_encoding >= 0) {
      codec.words[lane] =
          plan_word_codec(static_cast<WordEncoding>(ForcedEncoding::word_encoding), series);
    }
    if (codec.words[lane] == nullptr) codec.words[lane] = choose_word_codec(series);
  }
  return codec;
}

void write_prelude(const LanesCodec& codec, EncodedColumn* encoded) {
  if (codec.is_bytes()) {
    codec.bytes->serialize(&encoded->prelude);
    encoded->encoding_names = codec.bytes->name();
    return;
  }
  for (uint32_t lane = 0; lane < lane_count(codec.type.kind); ++lane) {
    codec.words[lane]->serialize(&encoded->prelude);
    if (lane > 0) encoded->encoding_names += ", ";
    encoded->encoding_names += codec.words[lane]->name();
  }
}

// The entry at `row` is the same in both columns, bit for bit.
bool same_entry(const Column& a, const Column& b, uint32_t lane, uint32_t row) {
  switch (lane_kind(a.type().kind)) {
    case LaneKind::kBytes:
      return a.lane<std::string_view>(lane)[row] == b.lane<std::string_view>(lane)[row];
    case LaneKind::kBool: return a.lane<bool>(lane)[row] == b.lane<bool>(lane)[row];
    case LaneKind::kFloat32: return a.lane<uint32_t>(lane)[row] == b.lane<uint32_t>(lane)[row];
    default: return a.lane<uint64_t>(lane)[row] == b.lane<uint64_t>(lane)[row];
  }
}

// A block that can not be read back is never handed out: what the decoder makes of it must be what
// was encoded.
Status check_block(const std::shared_ptr<const ColumnDecoder>& decoder, const std::string& bytes,
                   const Column& column, uint32_t row_count, Column& decoded) {
  MOTE_TRY(decoder->decode(bytes, row_count, decoded, decoder));
  const LaneKind kind = lane_kind(column.type().kind);
  if (kind != LaneKind::kBytes && column.validity().all_valid() &&
      decoded.validity().all_valid()) {
    for (uint32_t lane = 0; lane < lane_count(column.type().kind); ++lane) {
      const size_t size_bytes = static_cast<size_t>(row_count) * lane_entry_bytes(kind);
      if (std::memcmp(column.lane<char>(lane), decoded.lane<char>(lane), size_bytes) != 0) {
        return corruption("lane %u of an encoded block decodes to other values", lane);
      }
    }
    return {};
  }
  for (uint32_t row = 0; row < row_count; ++row) {
    bool same = column.is_null(row) == decoded.is_null(row);
    for (uint32_t lane = 0; same && lane < lane_count(column.type().kind); ++lane) {
      same = column.is_null(row) || same_entry(column, decoded, lane, row);
    }
    if (!same) return corruption("row %u of an encoded block decodes to another value", row);
  }
  return {};
}

}  // namespace

Result<EncodedColumn> encode_column(Type type, std::span<const Column* const> columns,
                                    std::span<const uint32_t> row_counts,
                                    const EncodeOptions& options) {
  uint64_t row_count = 0;
  MOTE_CHECK(columns.size() == row_counts.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    MOTE_CHECK(row_counts[i] == kChunkRows || (i + 1 == columns.size() && row_counts[i] > 0));
    row_count += row_counts[i];
  }
  if (row_count > kMaxPartRows) {
    return invalid_argument("column of %llu rows; the limit of a part is %u",
                            static_cast<unsigned long long>(row_count), kMaxPartRows);
  }
  EncodedColumn encoded;
  if (row_count == 0) return encoded;
  const Gathered gathered = gather(type, columns, row_counts, row_count);
  const LanesCodec codec = plan_lanes(type, gathered, options);
  write_prelude(codec, &encoded);
  MOTE_ASSIGN(std::shared_ptr<const ColumnDecoder> decoder,
              ColumnDecoder::open(type, encoded.prelude));
  Column decoded;
  size_t from = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint32_t rows = row_counts[i];
    EncodedBlock block;
    block.stats = stats_of(*columns[i], rows);
    write_validity(columns[i]->validity(), rows, &block.bytes);
    if (block.stats.null_count < rows) {
      if (codec.is_bytes()) {
        codec.bytes->encode(gathered.bytes.data() + from, rows, &block.bytes);
      } else {
        for (uint32_t lane = 0; lane < lane_count(type.kind); ++lane) {
          codec.words[lane]->encode(gathered.words[lane].data() + from, rows, &block.bytes);
        }
      }
    }
    MOTE_TRY(check_block(decoder, block.bytes, *columns[i], rows, decoded));
    encoded.blocks.push_back(std::move(block));
    from += rows;
  }
  return encoded;
}

}  // namespace mote
