#include "engine/append_row.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "types/text_format.h"

namespace mote {

namespace {

// Elements as the column stores them. Errors: kConstraint for one that is not finite or out of
// range.
Status store_vector(std::span<const float> elements, VectorElement kind, char* out) {
  for (size_t i = 0; i < elements.size(); ++i) {
    const float element = elements[i];
    if (!std::isfinite(element)) return constraint("vector element %zu is not finite", i + 1);
    switch (kind) {
      case VectorElement::kF32: store_fixed(out + i * 4, element); break;
      case VectorElement::kF16: {
        const uint16_t half = half_from_float(element);
        if (!std::isfinite(float_from_half(half))) {
          return constraint("vector element %zu, %g, is too large for f16", i + 1,
                            static_cast<double>(element));
        }
        store_fixed(out + i * 2, half);
        break;
      }
      case VectorElement::kI8:
        if (std::nearbyint(element) < -128 || std::nearbyint(element) > 127) {
          return constraint("vector element %zu, %g, is not in [-128, 127]", i + 1,
                            static_cast<double>(element));
        }
        out[i] = static_cast<char>(static_cast<int8_t>(std::nearbyint(element)));
        break;
    }
  }
  return {};
}

// A DEFAULT that is a literal as lanes or bytes; nothing for NULL and for what is none.
std::optional<std::string> constant_default(const ColumnDefinition& column) {
  std::string text = column.default_sql;
  const bool quoted = text.size() >= 2 && text.front() == '\'' && text.back() == '\'';
  if (quoted) {
    std::string inner;
    for (size_t i = 1; i + 1 < text.size(); ++i) {
      inner += text[i];
      if (text[i] == '\'' && text[i + 1] == '\'') ++i;
    }
    text = inner;
  } else if (text.empty() || column.type.is(TypeKind::kText) || column.type.is(TypeKind::kBlob)) {
    return std::nullopt;
  }
  const Result<Value> value = cast_value(Value::text(text), column.type, CastMode::kImplicit);
  if (!value.ok() || value->is_null()) return std::nullopt;
  Column one(column.type);
  one.set_value(0, *value);
  const LaneKind kind = lane_kind(column.type.kind);
  if (kind == LaneKind::kBytes) return std::string(one.lane<std::string_view>()[0]);
  std::string bytes;
  for (uint32_t lane = 0; lane < lane_count(column.type.kind); ++lane) {
    bytes.append(one.lane<char>(lane), lane_entry_bytes(kind));
  }
  return bytes;
}

template <typename T>
void decode_lane(std::span<const char* const> rows, uint32_t place, T* out) {
  for (const char* const row : rows) *out++ = load_fixed<T>(row + place);
}

}  // namespace

Result<std::unique_ptr<AppendRow>> AppendRow::create(const TableDefinition& table,
                                                     size_t limit_bytes) {
  std::unique_ptr<AppendRow> row(new AppendRow(table, limit_bytes));
  const auto& columns = table.schema.columns;
  const auto& key = table.schema.primary_key;
  size_t at = kHeaderBytes + (columns.size() + 63) / 64 * 8;
  for (uint32_t c = 0; c < columns.size(); ++c) {
    const TypeKind kind = columns[c].type.kind;
    Place place{};
    place.at = static_cast<uint32_t>(at);
    place.kind = kind;
    place.lane = lane_kind(kind);
    const bool is_bytes = place.lane == LaneKind::kBytes;
    place.entry_bytes = static_cast<uint8_t>(is_bytes ? 8 : lane_entry_bytes(place.lane));
    place.lane_count = static_cast<uint8_t>(lane_count(kind));
    place.not_null = columns[c].not_null || std::find(key.begin(), key.end(), c) != key.end();
    std::optional<std::string> value = constant_default(columns[c]);
    place.has_default = value.has_value();
    row->defaults_.push_back(std::move(value).value_or(std::string()));
    row->places_.push_back(place);
    at += size_t{place.entry_bytes} * place.lane_count;
  }
  if (at > limit_bytes) {
    return limit_exceeded(
        "table '%s': its rows have %zu bytes and more; half the ring, %zu, is "
        "the limit",
        table.name.c_str(), at, limit_bytes);
  }
  row->places_end_ = at;
  row->row_ = std::make_unique<char[]>(limit_bytes);
  row->begin();
  return row;
}

void AppendRow::begin() {
  std::memset(row_.get() + kHeaderBytes, 0, (places_.size() + 63) / 64 * 8);
  size_bytes_ = places_end_;
  column_ = 0;
  if (!failure_.ok()) failure_ = Status();
}

void AppendRow::fail(Status why) {
  if (failure_.ok()) failure_ = std::move(why);
}

const AppendRow::Place* AppendRow::next(const char* given) {
  if (column_ < places_.size()) return &places_[column_++];
  fail(invalid_argument("table '%s' has %zu columns; a further %s was put", table_.name.c_str(),
                        places_.size(), given));
  return nullptr;
}

// Of the column just taken.
const AppendRow::Place* AppendRow::wrong_type(const char* given) {
  const ColumnDefinition& column = table_.schema.columns[column_ - 1];
  fail(constraint("table '%s', column '%s' is %s; %s was put", table_.name.c_str(),
                  column.name.c_str(), column.type.name().c_str(), given));
  return nullptr;
}

const AppendRow::Place* AppendRow::next_of(TypeKind kind, const char* given) {
  const Place* const place = next(given);
  return place == nullptr || place->kind == kind ? place : wrong_type(given);
}

void AppendRow::mark() {
  const uint32_t column = column_ - 1;
  char& bits = row_[kHeaderBytes + column / 8];
  bits = static_cast<char>(static_cast<uint8_t>(bits) | 1u << (column % 8));
}

void AppendRow::put_null() {
  const Place* const place = next("NULL");
  if (place == nullptr || !place->not_null) return;
  fail(constraint("table '%s', column '%s': NULL; the column is NOT NULL", table_.name.c_str(),
                  table_.schema.columns[column_ - 1].name.c_str()));
}

void AppendRow::put_default() {
  if (!places_[column_].has_default) return put_null();
  const std::string& value = defaults_[column_];
  const Place& place = places_[column_++];
  if (place.lane == LaneKind::kBytes) return store_bytes(place, value);
  std::memcpy(row_.get() + place.at, value.data(), value.size());
  mark();
}

void AppendRow::put_boolean(bool value) {
  const Place* const place = next_of(TypeKind::kBoolean, "BOOLEAN");
  if (place == nullptr) return;
  store_fixed(row_.get() + place->at, uint8_t{value});
  mark();
}

void AppendRow::put_integer(int64_t value) {
  const Place* const place = next("INTEGER");
  if (place == nullptr) return;
  char* const to = row_.get() + place->at;
  switch (place->kind) {
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: store_fixed(to, value); break;
    case TypeKind::kFloat: store_fixed(to, static_cast<double>(value)); break;
    case TypeKind::kFloat4: store_fixed(to, static_cast<float>(value)); break;
    default: wrong_type("INTEGER"); return;
  }
  mark();
}

void AppendRow::put_float(double value) {
  const Place* const place = next("FLOAT");
  if (place == nullptr) return;
  if (place->kind == TypeKind::kFloat) {
    store_fixed(row_.get() + place->at, value);
  } else if (place->kind == TypeKind::kFloat4) {
    store_fixed(row_.get() + place->at, static_cast<float>(value));
  } else {
    wrong_type("FLOAT");
    return;
  }
  mark();
}

void AppendRow::store_bytes(const Place& place, std::string_view value) {
  if (value.size() > limit_bytes_ - size_bytes_) {
    return fail(
        limit_exceeded("table '%s': a row of more than %zu bytes; half the ring is the limit",
                       table_.name.c_str(), limit_bytes_));
  }
  char* const to = row_.get() + place.at;
  store_fixed(to, static_cast<uint32_t>(value.size()));
  store_fixed(to + 4, static_cast<uint32_t>(size_bytes_));
  if (!value.empty()) std::memcpy(row_.get() + size_bytes_, value.data(), value.size());
  size_bytes_ += value.size();
  mark();
}

void AppendRow::put_bytes(std::string_view value) {
  const Place* const place = next("TEXT or BLOB");
  if (place == nullptr) return;
  if (place->kind != TypeKind::kText && place->kind != TypeKind::kBlob) {
    wrong_type("TEXT or BLOB");
    return;
  }
  store_bytes(*place, value);
}

void AppendRow::put_vector(std::span<const float> elements) {
  const Place* const place = next_of(TypeKind::kVector, "VECTOR");
  if (place == nullptr) return;
  const ColumnDefinition& column = table_.schema.columns[column_ - 1];
  const Type& type = column.type;
  if (elements.size() != type.dimension) {
    return fail(constraint("table '%s', column '%s': vector of %zu elements; it is %s",
                           table_.name.c_str(), column.name.c_str(), elements.size(),
                           type.name().c_str()));
  }
  const size_t size = size_t{type.dimension} * element_bytes(type.element);
  if (size > limit_bytes_ - size_bytes_) {
    return store_bytes(*place, {reinterpret_cast<const char*>(elements.data()), size});
  }
  char* const to = row_.get() + place->at;
  store_fixed(to, static_cast<uint32_t>(size));
  store_fixed(to + 4, static_cast<uint32_t>(size_bytes_));
  Status stored = store_vector(elements, type.element, row_.get() + size_bytes_);
  if (!stored.ok()) {
    return fail(std::move(stored).in("table '" + table_.name + "', column '" + column.name + "'"));
  }
  size_bytes_ += size;
  mark();
}

void AppendRow::put_coordinates(TypeKind kind, const double* values, uint32_t count) {
  const Place* const place = next_of(kind, kind == TypeKind::kPoint ? "POINT" : "POINT3D");
  if (place == nullptr) return;
  std::memcpy(row_.get() + place->at, values, count * sizeof(double));
  mark();
}

void AppendRow::put_interval(Interval value) {
  const Place* const place = next_of(TypeKind::kInterval, "INTERVAL");
  if (place == nullptr) return;
  store_fixed(row_.get() + place->at, value.calendar_lane());
  store_fixed(row_.get() + place->at + 8, value.nanoseconds);
  mark();
}

Status AppendRow::end() {
  while (column_ < places_.size()) put_default();
  return std::move(failure_);
}

void AppendRow::decode(std::span<const char* const> rows, Chunk* chunk, uint32_t at) const {
  const auto count = static_cast<uint32_t>(rows.size());
  for (uint32_t c = 0; c < places_.size(); ++c) {
    const Place& place = places_[c];
    Column& column = chunk->column(c);
    if (place.lane == LaneKind::kBytes) {
      auto* const out = column.lane<std::string_view>() + at;
      for (uint32_t i = 0; i < count; ++i) {
        if (!is_present(rows[i], c)) continue;
        const char* const from = rows[i] + place.at;
        out[i] =
            column.store({rows[i] + load_fixed<uint32_t>(from + 4), load_fixed<uint32_t>(from)});
      }
    }
    for (uint32_t lane = 0; lane < place.lane_count && place.lane != LaneKind::kBytes; ++lane) {
      const uint32_t from = place.at + lane * place.entry_bytes;
      switch (place.entry_bytes) {
        case 1: decode_lane(rows, from, column.lane<uint8_t>(lane) + at); break;
        case 4: decode_lane(rows, from, column.lane<uint32_t>(lane) + at); break;
        default: decode_lane(rows, from, column.lane<uint64_t>(lane) + at); break;
      }
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (!is_present(rows[i], c)) column.set_null(at + i);
    }
  }
}

}  // namespace mote
