// What the built-in aggregates share: loops over the rows that count, and values kept in states.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "function/lanes.h"

namespace mote {

inline void leave_zero(void*) {}

// add(state, row) for the rows whose arguments are all not null.
template <typename State, typename F>
void each_counted_row(Arguments arguments, uint32_t row_count, RowStates states, F add) {
  bool all_valid = true;
  for (const Column* const argument : arguments) all_valid &= argument->validity().all_valid();
  if (all_valid && states.only() != nullptr) {
    State& state = *static_cast<State*>(states.only());
    for (uint32_t i = 0; i < row_count; ++i) add(state, i);
    return;
  }
  if (all_valid) {
    for (uint32_t i = 0; i < row_count; ++i) add(*static_cast<State*>(states[i]), i);
    return;
  }
  for (uint32_t i = 0; i < row_count; ++i) {
    bool counts = true;
    for (const Column* const argument : arguments) counts &= !argument->is_null(i);
    if (counts) add(*static_cast<State*>(states[i]), i);
  }
}

// A value of any type inside a state. All zero stands for none.
struct KeptValue {
  enum class Presence : uint8_t { kNone = 0, kNull, kValue };
  union {
    int64_t whole[kMaxLanes];
    double number[kMaxLanes];
    float single;
    bool truth;
    struct {
      char* bytes;  // in the arena, room for `capacity`
      uint64_t size;
      uint64_t capacity;
    };
  };
  Presence presence;
  TypeKind kind;

  bool is_none() const { return presence == Presence::kNone; }
  std::string_view text() const { return {bytes, size}; }
};

void keep_row(const Column& column, uint32_t row, Arena& arena, KeptValue* to);
void keep_copy(const KeptValue& from, Arena& arena, KeptValue* to);
void put_kept(const KeptValue& from, Column& out, uint32_t row);
// Order of two values of one kind that are not NULL, as Value::compare has it.
int compare_kept(const KeptValue& a, const KeptValue& b);
// The row as a value that points into the column.
KeptValue look_at_row(const Column& column, uint32_t row);

}  // namespace mote
