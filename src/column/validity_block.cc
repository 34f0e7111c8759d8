#include "column/validity_block.h"

#include <algorithm>

namespace mote {

namespace {

// Written to files.
enum Form : uint8_t { kNoneNull = 0, kAllNull = 1, kBitmap = 2, kRuns = 3 };

// Lengths of runs of equal validity, valid rows first (that run may be empty).
std::string runs_of(const Validity& validity, uint32_t row_count) {
  std::string runs;
  ByteWriter writer(&runs);
  bool valid = true;
  uint32_t from = 0;
  for (uint32_t row = 0; row < row_count; ++row) {
    if (validity.is_valid(row) == valid) continue;
    writer.varint(row - from);
    from = row;
    valid = !valid;
  }
  writer.varint(row_count - from);
  return runs;
}

Status read_runs(std::string_view runs, uint32_t row_count, Validity* validity) {
  ByteReader reader(runs);
  bool valid = true;
  uint32_t row = 0;
  while (row < row_count) {
    const uint64_t size = reader.varint();
    if (reader.failed() || size > row_count - row) {
      return corruption("runs of nulls do not cover the %u rows", row_count);
    }
    const uint32_t end = row + static_cast<uint32_t>(size);
    for (; row < end; ++row) {
      if (!valid) validity->set_null(row);
    }
    valid = !valid;
  }
  return {};
}

}  // namespace

void write_validity(const Validity& validity, uint32_t row_count, std::string* out) {
  ByteWriter writer(out);
  const uint32_t null_count = validity.null_count(row_count);
  if (null_count == 0) return writer.fixed<uint8_t>(kNoneNull);
  if (null_count == row_count) return writer.fixed<uint8_t>(kAllNull);
  const std::string runs = runs_of(validity, row_count);
  const size_t bitmap_bytes = (row_count + 7) / 8;
  if (runs.size() + 1 < bitmap_bytes) {
    writer.fixed<uint8_t>(kRuns);
    return writer.text(runs);
  }
  writer.fixed<uint8_t>(kBitmap);
  for (uint32_t byte = 0; byte < bitmap_bytes; ++byte) {
    writer.fixed(static_cast<uint8_t>(validity.word(byte / 8) >> (byte % 8 * 8)));
  }
}

Status read_validity(ByteReader& reader, uint32_t row_count, Validity* validity,
                     uint32_t* null_count) {
  const uint8_t form = reader.fixed<uint8_t>();
  validity->set_all_valid();
  *null_count = 0;
  if (reader.failed()) return corruption("block of a column ends early");
  if (form == kNoneNull) return {};
  if (form == kAllNull) {
    validity->set_all_null();
    *null_count = row_count;
    return {};
  }
  if (form == kRuns) {
    const std::string_view runs = reader.text();
    if (reader.failed()) return corruption("runs of nulls end early");
    MOTE_TRY(read_runs(runs, row_count, validity));
  } else if (form == kBitmap) {
    const std::string_view bitmap = reader.bytes((row_count + 7) / 8);
    if (reader.failed()) return corruption("bitmap of nulls ends early");
    for (uint32_t row = 0; row < row_count; ++row) {
      if (((static_cast<uint8_t>(bitmap[row / 8]) >> (row % 8)) & 1) == 0) validity->set_null(row);
    }
  } else {
    return corruption("unknown form %u of nulls", form);
  }
  *null_count = validity->null_count(row_count);
  return {};
}

}  // namespace mote
