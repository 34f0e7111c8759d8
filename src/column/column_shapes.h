// Columns of every shape that an encoding is made for, and of none, for the tests of this folder.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "column/encoding.h"
#include "column/word_codec.h"

namespace mote {

// A column of a part, in chunks.
struct Rows {
  Type type;
  std::vector<Column> chunks;
  std::vector<uint32_t> row_counts;

  std::vector<const Column*> columns() const {
    std::vector<const Column*> pointers;
    for (const Column& chunk : chunks) pointers.push_back(&chunk);
    return pointers;
  }
};

// Writes row `row` of a zeroed column; the fourth argument is a seeded source of chance.
using Writer = void (*)(Column& column, uint32_t row, uint64_t ordinal, std::mt19937_64& random);

inline Rows make_rows(Type type, uint32_t row_count, uint64_t seed, uint32_t null_percent,
                      Writer write) {
  Rows rows{type, {}, {}};
  std::mt19937_64 random(seed);
  for (uint32_t from = 0; from < row_count; from += kChunkRows) {
    const uint32_t count = std::min(kChunkRows, row_count - from);
    Column column;
    column.reset(type, /*zeroed=*/true);
    for (uint32_t row = 0; row < count; ++row) {
      if (random() % 100 < null_percent) {
        column.set_null(row);
      } else {
        write(column, row, from + row, random);
      }
    }
    rows.chunks.push_back(std::move(column));
    rows.row_counts.push_back(count);
  }
  return rows;
}

template <typename T>
T any_bits(std::mt19937_64& random) {
  const uint64_t word = random();
  T value;
  std::memcpy(&value, &word, sizeof(T));
  return value;
}

inline constexpr int64_t kIntegerExtremes[] = {std::numeric_limits<int64_t>::min(),
                                               std::numeric_limits<int64_t>::max(), 0, -1, 1};

// Series of every shape that an encoding is made for, and of none.
struct Shape {
  const char* name;
  Type type;
  Writer write;
};

inline double special_double(uint64_t choice) {
  switch (choice % 8) {
    case 0: return std::numeric_limits<double>::infinity();
    case 1: return -std::numeric_limits<double>::infinity();
    case 2: return -0.0;
    case 3: return std::bit_cast<double>(0x7ff8000000000123ull);  // NaN with a payload
    case 4: return std::bit_cast<double>(0xfff4000000000001ull);  // signalling NaN
    case 5: return std::numeric_limits<double>::denorm_min();
    case 6: return std::numeric_limits<double>::max();
    default: return 0.0;
  }
}

inline std::string any_text(std::mt19937_64& random, uint32_t most) {
  std::string text(random() % (most + 1), 'a');
  for (char& c : text) c = static_cast<char>('a' + random() % 6);
  return text;
}

inline const Shape kShapes[] = {
    {"boolean", Type::boolean(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<bool>()[r] = random() % 3 == 0;
     }},
    {"constant", Type::integer(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64&) { c.lane<int64_t>()[r] = -77; }},
    {"sequence", Type::integer(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64&) {
       c.lane<int64_t>()[r] = static_cast<int64_t>(i) * 3 - 1000;
     }},
    {"clock", Type::timestamp(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       c.lane<int64_t>()[r] =
           static_cast<int64_t>(1'700'000'000'000'000'000 + i * 5'000'000 + random() % 20'000);
     }},
    {"quadratic", Type::integer(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       c.lane<int64_t>()[r] = static_cast<int64_t>(i * i * 1000 + random() % 8);
     }},
    {"runs", Type::integer(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64&) {
       c.lane<int64_t>()[r] = static_cast<int64_t>(i / 100 * 0x9e3779b97f4a7c15ull);
     }},
    {"shared factor", Type::integer(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<int64_t>()[r] = static_cast<int64_t>(random() % 1000) * 1'000'000 + 17;
     }},
    {"normal noise", Type::integer(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       int64_t sum = 0;
       for (int k = 0; k < 12; ++k) sum += static_cast<int64_t>(random() % 1000) - 500;
       c.lane<int64_t>()[r] = random() % 3 == 0 ? 0 : sum;
     }},
    {"outliers", Type::integer(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<int64_t>()[r] =
           random() % 50 == 0 ? any_bits<int64_t>(random) : static_cast<int64_t>(random() % 16);
     }},
    {"sensors in turn", Type::integer(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       const int64_t level = static_cast<int64_t>(i % 6 * 1'000'003);
       c.lane<int64_t>()[r] = level * level + static_cast<int64_t>(i + random() % 16);
     }},
    {"movements in turn", Type::floating(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       const double phase = static_cast<double>(i % 16);
       c.lane<double>()[r] = std::sin(static_cast<double>(i) / 3000 + phase) * (phase + 1) +
                             static_cast<double>(random() % 64) * 1e-9;
     }},
    {"any integer", Type::integer(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<int64_t>()[r] =
           random() % 4 == 0 ? kIntegerExtremes[random() % 5] : any_bits<int64_t>(random);
     }},
    {"least counts", Type::floating(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       const double count = std::round(9000 * std::sin(static_cast<double>(i) / 300)) +
                            static_cast<double>(random() % 16);
       c.lane<double>()[r] = count * (9.80665 / 16384);
     }},
    {"decimals", Type::floating(),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       c.lane<double>()[r] =
           std::round((static_cast<double>(i % 777) + static_cast<double>(random() % 100)) * 7.3) /
           1000;
     }},
    {"decimals and specials", Type::floating(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<double>()[r] = random() % 40 == 0 ? special_double(random())
                                                : static_cast<double>(random() % 9999) / 100;
     }},
    {"grid with an offset", Type::floating(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<double>()[r] = 0.0009810000123 * static_cast<double>(random() % 3000) - 0.7172880038;
     }},
    {"walk", Type::floating(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       const double step = static_cast<double>(random() % 2001) * 1e-7 * 1.0000001;
       c.lane<double>()[r] = (r > 0 ? c.lane<double>()[r - 1] : 0.5) + step - 1e-4;
     }},
    {"floats in doubles", Type::floating(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<double>()[r] =
           static_cast<double>(static_cast<float>(random() % 100000) * 0.01f - 300.0f);
     }},
    {"any double", Type::floating(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<double>()[r] =
           random() % 4 == 0 ? special_double(random()) : any_bits<double>(random);
     }},
    {"decimals in floats", Type::of(TypeKind::kFloat4),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<float>()[r] = static_cast<float>(static_cast<double>(random() % 5000) / 100 - 20);
     }},
    {"any float", Type::of(TypeKind::kFloat4),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<float>()[r] = random() % 4 == 0 ? -0.0f : any_bits<float>(random);
     }},
    {"interval", Type::interval(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<int64_t>(0)[r] = static_cast<int64_t>(random() % 30);
       c.lane<int64_t>(1)[r] = any_bits<int64_t>(random);
     }},
    {"point", Type::of(TypeKind::kPoint3d),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       c.lane<double>(0)[r] = std::sin(static_cast<double>(i));
       c.lane<double>(1)[r] = static_cast<double>(i) / 8;
       c.lane<double>(2)[r] = special_double(random());
     }},
    {"words", Type::text(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<std::string_view>()[r] = c.store(any_text(random, 2));
     }},
    {"texts", Type::text(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       c.lane<std::string_view>()[r] = c.store(any_text(random, 60));
     }},
    {"blobs", Type::blob(),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       std::string bytes(random() % 40, '\0');
       for (char& b : bytes) b = static_cast<char>(random());
       c.lane<std::string_view>()[r] = c.store(bytes);
     }},
    {"vectors", Type::vector(5),
     [](Column& c, uint32_t r, uint64_t i, std::mt19937_64& random) {
       float elements[5];
       for (float& element : elements) {
         element = static_cast<float>(i) + static_cast<float>(random() % 4);
       }
       c.lane<std::string_view>()[r] =
           c.store({reinterpret_cast<const char*>(elements), sizeof(elements)});
     }},
    {"short vectors", Type::vector(3, VectorElement::kI8),
     [](Column& c, uint32_t r, uint64_t, std::mt19937_64& random) {
       const char elements[3] = {static_cast<char>(random()), 0, 1};
       c.lane<std::string_view>()[r] = c.store({elements, 3});
     }},
};

// While it lives, lanes are encoded with the given encodings where they suit.
struct Force {
  Force(int word, int byte) {
    ForcedEncoding::word_encoding = word;
    ForcedEncoding::byte_encoding = byte;
  }
  ~Force() { ForcedEncoding::word_encoding = ForcedEncoding::byte_encoding = -1; }
};

}  // namespace mote
