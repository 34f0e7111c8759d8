#include "types/chunk.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "base/checksum.h"

namespace mote {

namespace {

constexpr size_t kLaneAlignment = 64;

std::shared_ptr<char[]> allocate_lane(size_t size_bytes) {
  char* const lane =
      static_cast<char*>(::operator new (size_bytes, std::align_val_t{kLaneAlignment}));
  return std::shared_ptr<char[]>(
      lane, [](char* p) { ::operator delete (p, std::align_val_t{kLaneAlignment}); });
}

size_t lane_bytes(TypeKind kind) {
  return static_cast<size_t>(lane_entry_bytes(lane_kind(kind))) * kChunkRows;
}

}  // namespace

void Validity::intersect(const Validity& other) {
  if (other.all_valid_) return;
  for (uint32_t w = 0; w < kWords; ++w) set_word(w, word(w) & other.words_[w]);
}

uint32_t Validity::null_count(uint32_t row_count) const {
  if (all_valid_) return 0;
  uint32_t valid = 0;
  for (uint32_t w = 0; w * 64 < row_count; ++w) {
    const uint32_t rows = std::min(64u, row_count - w * 64);
    const uint64_t mask = rows == 64 ? ~0ull : (1ull << rows) - 1;
    valid += static_cast<uint32_t>(std::popcount(words_[w] & mask));
  }
  return row_count - valid;
}

void Column::reset(Type type, bool zeroed) {
  const size_t size_bytes = lane_bytes(type.kind);
  const uint32_t lanes = lane_count(type.kind);
  const bool fits = lanes_[0] != nullptr && lane_bytes(type_.kind) >= size_bytes;
  for (uint32_t lane = lanes; lane < kMaxLanes; ++lane) {
    if (lanes_[lane] != nullptr) lanes_[lane].reset();
  }
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    if (!fits || lanes_[lane] == nullptr || lanes_[lane].use_count() != 1) {
      lanes_[lane] = allocate_lane(size_bytes);
    }
    if (zeroed) std::memset(lanes_[lane].get(), 0, size_bytes);
  }
  type_ = type;
  validity_.set_all_valid();
  if (!kept_alive_.empty()) kept_alive_.clear();
  if (heap_ == nullptr) return;
  if (heap_.use_count() == 1) {
    heap_->clear();
  } else {
    heap_.reset();
  }
}

void Column::borrow_lane(uint32_t lane, std::shared_ptr<char[]> entries) {
  lanes_[lane] = std::move(entries);
}

std::string_view Column::store(std::string_view bytes) {
  if (bytes.empty()) return {};
  char* const room = store_room(bytes.size());
  std::memcpy(room, bytes.data(), bytes.size());
  return {room, bytes.size()};
}

char* Column::store_room(size_t size) {
  if (heap_ == nullptr || heap_.use_count() != 1) {
    if (heap_ != nullptr) keep_alive(heap_);
    heap_ = std::make_shared<Arena>();
  }
  return heap_->allocate(size, 1);
}

void Column::keep_alive(std::shared_ptr<const void> owner) {
  if (owner == nullptr) return;
  for (const auto& kept : kept_alive_) {
    if (kept == owner) return;
  }
  kept_alive_.push_back(std::move(owner));
}

void Column::keep_alive_with(const Column& other) {
  if (other.heap_ != nullptr && other.heap_ != heap_) keep_alive(other.heap_);
  for (const auto& kept : other.kept_alive_) keep_alive(kept);
}

void Column::set_null(uint32_t row) {
  validity_.set_null(row);
  const LaneKind kind = lane_kind(type_.kind);
  for (uint32_t lane_at = 0; lane_at < lane_count(type_.kind); ++lane_at) {
    if (kind == LaneKind::kBytes) {
      lane<std::string_view>(lane_at)[row] = {};
    } else {
      const uint32_t size = lane_entry_bytes(kind);
      std::memset(lane<char>(lane_at) + static_cast<size_t>(row) * size, 0, size);
    }
  }
}

void Column::set_value(uint32_t row, const Value& value) {
  if (value.is_null()) {
    set_null(row);
    return;
  }
  MOTE_CHECK(value.type() == type_);
  validity_.set_valid(row);
  switch (type_.kind) {
    case TypeKind::kNull: break;
    case TypeKind::kBoolean: lane<bool>()[row] = value.boolean(); break;
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: lane<int64_t>()[row] = value.integer(); break;
    case TypeKind::kFloat4: lane<float>()[row] = value.float4(); break;
    case TypeKind::kFloat: lane<double>()[row] = value.floating(); break;
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kVector: lane<std::string_view>()[row] = store(value.bytes()); break;
    case TypeKind::kInterval:
      lane<int64_t>(0)[row] = value.interval().calendar_lane();
      lane<int64_t>(1)[row] = value.interval().nanoseconds;
      break;
    case TypeKind::kPoint:
    case TypeKind::kPoint3d:
      for (uint32_t axis = 0; axis < lane_count(type_.kind); ++axis) {
        lane<double>(axis)[row] = value.coordinate(axis);
      }
      break;
  }
}

Value Column::value(uint32_t row) const {
  if (is_null(row)) return Value::null(type_);
  switch (type_.kind) {
    case TypeKind::kNull: break;
    case TypeKind::kBoolean: return Value::boolean(lane<bool>()[row]);
    case TypeKind::kInteger: return Value::integer(lane<int64_t>()[row]);
    case TypeKind::kTimestamp: return Value::timestamp(lane<int64_t>()[row]);
    case TypeKind::kFloat4: return Value::float4(lane<float>()[row]);
    case TypeKind::kFloat: return Value::floating(lane<double>()[row]);
    case TypeKind::kText: return Value::text(std::string(lane<std::string_view>()[row]));
    case TypeKind::kBlob: return Value::blob(std::string(lane<std::string_view>()[row]));
    case TypeKind::kVector: return Value::vector(type_, std::string(lane<std::string_view>()[row]));
    case TypeKind::kInterval:
      return Value::interval(Interval::from_lanes(lane<int64_t>(0)[row], lane<int64_t>(1)[row]));
    case TypeKind::kPoint: return Value::point(lane<double>(0)[row], lane<double>(1)[row]);
    case TypeKind::kPoint3d:
      return Value::point3d(lane<double>(0)[row], lane<double>(1)[row], lane<double>(2)[row]);
  }
  return Value::null(type_);
}

void Column::copy_row(uint32_t to, const Column& other, uint32_t from) {
  if (other.is_null(from)) {
    set_null(to);
    return;
  }
  validity_.set_valid(to);
  const uint32_t size = lane_entry_bytes(lane_kind(type_.kind));
  for (uint32_t lane_at = 0; lane_at < lane_count(type_.kind); ++lane_at) {
    std::memcpy(lane<char>(lane_at) + static_cast<size_t>(to) * size,
                other.lane<char>(lane_at) + static_cast<size_t>(from) * size, size);
  }
}

void Column::copy_rows(uint32_t to, const Column& other, uint32_t from, uint32_t count) {
  const LaneKind kind = lane_kind(type_.kind);
  const uint32_t size = lane_entry_bytes(kind);
  for (uint32_t lane_at = 0; lane_at < lane_count(type_.kind); ++lane_at) {
    if (kind == LaneKind::kBytes) {
      const auto* const values = other.lane<std::string_view>(lane_at);
      for (uint32_t i = 0; i < count; ++i) {
        lane<std::string_view>(lane_at)[to + i] = store(values[from + i]);
      }
    } else {
      std::memcpy(lane<char>(lane_at) + static_cast<size_t>(to) * size,
                  other.lane<char>(lane_at) + static_cast<size_t>(from) * size,
                  static_cast<size_t>(count) * size);
    }
  }
  if (other.validity_.all_valid() && validity_.all_valid()) return;
  for (uint32_t i = 0; i < count; ++i) {
    if (other.is_null(from + i)) {
      validity_.set_null(to + i);
    } else {
      validity_.set_valid(to + i);
    }
  }
}

namespace {

template <typename T>
void gather(const T* from, const Selection& selection, T* to) {
  for (uint32_t i = 0; i < selection.count; ++i) to[i] = from[selection.rows[i]];
}

}  // namespace

Column Column::selected(const Selection& selection) const {
  Column result(type_);
  for (uint32_t lane_at = 0; lane_at < lane_count(type_.kind); ++lane_at) {
    switch (lane_kind(type_.kind)) {
      case LaneKind::kBool:
        gather(lane<bool>(lane_at), selection, result.lane<bool>(lane_at));
        break;
      case LaneKind::kInt64:
      case LaneKind::kFloat64:
        gather(lane<int64_t>(lane_at), selection, result.lane<int64_t>(lane_at));
        break;
      case LaneKind::kFloat32:
        gather(lane<float>(lane_at), selection, result.lane<float>(lane_at));
        break;
      case LaneKind::kBytes:
        gather(lane<std::string_view>(lane_at), selection, result.lane<std::string_view>(lane_at));
        break;
    }
  }
  if (!validity_.all_valid()) {
    for (uint32_t i = 0; i < selection.count; ++i) {
      if (is_null(selection.rows[i])) result.validity_.set_null(i);
    }
  }
  result.keep_alive_with(*this);
  return result;
}

namespace {

template <typename T>
int compare_entries(const Column& a, uint32_t row, const Column& b, uint32_t other_row) {
  const T left = a.lane<T>()[row];
  const T right = b.lane<T>()[other_row];
  return left < right ? -1 : right < left ? 1 : 0;
}

int compare_floats(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

// The bits that stand for all numbers equal to `value`.
uint64_t float_identity(double value) {
  if (std::isnan(value)) return 0x7ff8000000000000ull;
  return std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
}

}  // namespace

int Column::compare_rows(uint32_t row, const Column& other, uint32_t other_row) const {
  const bool null_here = is_null(row);
  const bool null_there = other.is_null(other_row);
  if (null_here || null_there) return static_cast<int>(null_there) - static_cast<int>(null_here);
  switch (type_.kind) {
    case TypeKind::kNull: return 0;
    case TypeKind::kBoolean: return compare_entries<bool>(*this, row, other, other_row);
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: return compare_entries<int64_t>(*this, row, other, other_row);
    case TypeKind::kFloat4:
      return compare_floats(lane<float>()[row], other.lane<float>()[other_row]);
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kVector: return compare_entries<std::string_view>(*this, row, other, other_row);
    case TypeKind::kInterval:
      return compare_intervals(Interval::from_lanes(lane<int64_t>(0)[row], lane<int64_t>(1)[row]),
                               Interval::from_lanes(other.lane<int64_t>(0)[other_row],
                                                    other.lane<int64_t>(1)[other_row]));
    case TypeKind::kFloat:
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: break;
  }
  for (uint32_t axis = 0; axis < lane_count(type_.kind); ++axis) {
    const int order = compare_floats(lane<double>(axis)[row], other.lane<double>(axis)[other_row]);
    if (order != 0) return order;
  }
  return 0;
}

uint64_t Column::hash_row(uint32_t row, uint64_t seed) const {
  if (is_null(row)) return mix64(seed ^ 0x6e756c6cull);
  switch (type_.kind) {
    case TypeKind::kNull: return mix64(seed);
    case TypeKind::kBoolean: return mix64(seed ^ (lane<bool>()[row] ? 1 : 2));
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: return mix64(seed ^ static_cast<uint64_t>(lane<int64_t>()[row]));
    case TypeKind::kFloat4: return mix64(seed ^ float_identity(lane<float>()[row]));
    case TypeKind::kText:
    case TypeKind::kBlob:
    case TypeKind::kVector: return checksum(lane<std::string_view>()[row], seed);
    case TypeKind::kInterval: {
      const Interval value = Interval::from_lanes(lane<int64_t>(0)[row], lane<int64_t>(1)[row]);
      constexpr __int128 kDay = 86'400'000'000'000;
      const __int128 length =
          (static_cast<__int128>(value.months) * 30 + value.days) * kDay + value.nanoseconds;
      return mix64(seed ^ static_cast<uint64_t>(length) ^ static_cast<uint64_t>(length >> 64));
    }
    case TypeKind::kFloat:
    case TypeKind::kPoint:
    case TypeKind::kPoint3d: break;
  }
  uint64_t hash = seed;
  for (uint32_t axis = 0; axis < lane_count(type_.kind); ++axis) {
    hash = mix64(hash ^ float_identity(lane<double>(axis)[row]));
  }
  return hash;
}

size_t Column::memory_bytes() const {
  size_t size = heap_ != nullptr ? heap_->memory_bytes() : 0;
  if (lanes_[0] != nullptr) size += lane_bytes(type_.kind) * lane_count(type_.kind);
  return size;
}

void Chunk::reset(std::span<const Type> types) {
  columns_.resize(types.size());
  for (size_t i = 0; i < types.size(); ++i) columns_[i].reset(types[i]);
  row_count_ = 0;
}

void Chunk::keep(const Selection& selection) {
  if (selection.count == row_count_) return;
  for (Column& column : columns_) column = column.selected(selection);
  row_count_ = selection.count;
}

size_t Chunk::memory_bytes() const {
  size_t size = 0;
  for (const Column& column : columns_) size += column.memory_bytes();
  return size;
}

}  // namespace mote
