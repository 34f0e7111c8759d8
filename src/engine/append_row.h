// A row as it stands in an appender's ring.
//
// header (the ring's) | a bit for each column, set for a value, in words of 64 | the columns'
// places one behind the other | the bytes of TEXT, BLOB and VECTOR values. A place has the column's
// lanes, or of bytes their size and where they begin in the row (u32 each). So a value is stored
// with one write at a place known beforehand, and rows are taken out column by column.
//
// Threading: putting by one thread, decode by one other.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "catalog/catalog.h"
#include "types/chunk.h"

namespace mote {

class AppendRow {
 public:
  static constexpr uint32_t kHeaderBytes = 8;  // room in front for the ring's header

  // Rows have at most limit_bytes. Errors: kLimit when even one without bytes would have more.
  static Result<std::unique_ptr<AppendRow>> create(const TableDefinition& table,
                                                   size_t limit_bytes);

  void begin();
  void put_null();
  void put_boolean(bool value);
  void put_integer(int64_t value);
  void put_float(double value);
  void put_bytes(std::string_view value);
  void put_vector(std::span<const float> elements);
  void put_coordinates(TypeKind kind, const double* values, uint32_t count);
  void put_interval(Interval value);
  // Columns that were not put get their DEFAULT. Returns what was wrong with the row.
  Status end();
  char* bytes() { return row_.get(); }
  size_t size_bytes() const { return size_bytes_; }

  // Decodes rows that begin at `rows` into rows [at, at + count) of `chunk`.
  void decode(std::span<const char* const> rows, Chunk* chunk, uint32_t at) const;

 private:
  struct Place {
    uint32_t at;  // in the row
    TypeKind kind;
    LaneKind lane;
    uint8_t entry_bytes;  // of a lane
    uint8_t lane_count;
    bool not_null;
    bool has_default = false;
  };

  AppendRow(const TableDefinition& table, size_t limit_bytes)
      : table_(table), limit_bytes_(limit_bytes) {}
  bool is_present(const char* row, uint32_t column) const {
    return ((static_cast<uint8_t>(row[kHeaderBytes + column / 8]) >> (column % 8)) & 1) != 0;
  }
  const Place* next(const char* given);
  const Place* next_of(TypeKind kind, const char* given);
  const Place* wrong_type(const char* given);
  void mark();
  void fail(Status why);
  void store_bytes(const Place& place, std::string_view value);
  void put_default();

  const TableDefinition& table_;
  const size_t limit_bytes_;
  std::vector<Place> places_;
  std::vector<std::string> defaults_;  // a column: its lanes or its bytes
  size_t places_end_ = 0;
  std::unique_ptr<char[]> row_;
  size_t size_bytes_ = 0;
  uint32_t column_ = 0;  // the next to be put
  Status failure_;
};

}  // namespace mote
