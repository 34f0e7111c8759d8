#include "reader/npy_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/coding.h"
#include "reader/byte_stream.h"
#include "reader/npy_header.h"
#include "reader/source_options.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

Type type_of(const NpyField& field) {
  switch (field.kind) {
    case 'b': return Type::boolean();
    case 'i':
    case 'u': return Type::integer();
    case 'f': return field.size_bytes == 8 ? Type::floating() : Type::of(TypeKind::kFloat4);
    case 'U': return Type::text();
    case 'M': return Type::timestamp();
    case 'm': return Type::interval();
    default: return Type::blob();
  }
}

// The item's bytes as an unsigned number.
uint64_t load_bits(const NpyField& field, const char* item) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < field.size_bytes; ++i) {
    const uint32_t place = field.big_endian ? field.size_bytes - 1 - i : i;
    bits |= uint64_t{static_cast<uint8_t>(item[place])} << (8 * i);
  }
  return bits;
}

int64_t load_signed(const NpyField& field, const char* item) {
  const uint32_t shift = 64 - 8 * field.size_bytes;
  return static_cast<int64_t>(load_bits(field, item) << shift) >> shift;
}

void append_utf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | ((code >> 18) & 0x07)));
    out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

Status put_characters(const NpyField& field, const char* item, uint32_t row, Column& out) {
  std::string text;
  NpyField character = field;
  character.size_bytes = 4;
  size_t last = 0;
  for (uint32_t at = 0; at < field.size_bytes; at += 4) {
    const uint64_t code = load_bits(character, item + at);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      return invalid_argument("%llu is not a character", static_cast<unsigned long long>(code));
    }
    append_utf8(static_cast<uint32_t>(code), &text);
    if (code != 0) last = text.size();
  }
  text.resize(last);  // NumPy pads with zeros
  out.lane<std::string_view>()[row] = out.store(text);
  return {};
}

Status put_time(const NpyField& field, const char* item, uint32_t row, Column& out) {
  const int64_t count = load_signed(field, item);
  int64_t nanoseconds = 0;
  if (count == INT64_MIN) {
    out.set_null(row);
    return {};
  }
  if (__builtin_mul_overflow(count, field.tick_ns, &nanoseconds)) {
    return invalid_argument("the time is outside 1677-09-21 .. 2262-04-11");
  }
  if (field.kind == 'M') {
    out.lane<int64_t>()[row] = nanoseconds;
  } else {
    out.set_value(row, Value::interval({0, 0, nanoseconds}));
  }
  return {};
}

Status put_item(const NpyField& field, const char* item, uint32_t row, Column& out) {
  switch (field.kind) {
    case 'b': out.lane<bool>()[row] = item[0] != 0; return {};
    case 'i': out.lane<int64_t>()[row] = load_signed(field, item); return {};
    case 'u': {
      const uint64_t value = load_bits(field, item);
      if (value > INT64_MAX) {
        return invalid_argument("%llu does not fit INTEGER",
                                static_cast<unsigned long long>(value));
      }
      out.lane<int64_t>()[row] = static_cast<int64_t>(value);
      return {};
    }
    case 'f': {
      const uint64_t bits = load_bits(field, item);
      if (field.size_bytes == 8) {
        out.lane<double>()[row] = std::bit_cast<double>(bits);
      } else if (field.size_bytes == 4) {
        out.lane<float>()[row] = std::bit_cast<float>(static_cast<uint32_t>(bits));
      } else {
        out.lane<float>()[row] = float_from_half(static_cast<uint16_t>(bits));
      }
      return {};
    }
    case 'U': return put_characters(field, item, row, out);
    case 'M':
    case 'm': return put_time(field, item, row, out);
    default: out.lane<std::string_view>()[row] = out.store({item, field.size_bytes}); return {};
  }
}

class NpySource : public RowSource {
 public:
  explicit NpySource(std::string file) : file_(std::move(file)) {}

  Status open(Env& env, const FileAccess& files, MemoryBudget& budget) {
    MOTE_ASSIGN(const std::string path, files.resolve(file_));
    MOTE_ASSIGN(stream_, open_byte_stream(env, path, file_, budget));
    MOTE_TRY(in_file(read_header()));
    MOTE_TRY(in_file(name_columns()));
    if (!header_.fortran_order || header_.column_offsets.size() == 1) {
      const uint64_t row_bytes = header_.element_bytes * header_.column_offsets.size();
      rows_a_piece_ = std::clamp<uint64_t>(kPieceBytes / row_bytes, 1, kChunkRows);
      MOTE_TRY(charge_.grow(budget, rows_a_piece_ * row_bytes, "rows of an array"));
      piece_.resize(rows_a_piece_ * row_bytes);
      return {};
    }
    return hold_all(env, path, budget);
  }

  const std::vector<SourceColumn>& columns() const override { return columns_; }

  Result<bool> next(Chunk& out) override {
    std::vector<Type> types;
    for (const SourceColumn& column : columns_) types.push_back(column.type);
    out.reset(types);
    const uint64_t left = header_.row_count - row_;
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(left, rows_a_piece_));
    if (count == 0) return false;
    MOTE_TRY(load_rows(count));
    for (uint32_t row = 0; row < count; ++row) {
      out.column(0).lane<int64_t>()[row] = static_cast<int64_t>(row_ + row);
    }
    uint32_t position = 1;
    for (uint32_t column = 0; column < header_.column_offsets.size(); ++column) {
      for (const NpyField& field : header_.fields) {
        for (uint32_t item = 0; item < field.item_count; ++item, ++position) {
          MOTE_TRY(put_column(field, column, item, count, out.column(position)));
        }
      }
    }
    row_ += count;
    out.set_row_count(count);
    return true;
  }

 private:
  static constexpr size_t kPieceBytes = 1u << 20;

  Status in_file(Status status) const {
    if (status.ok()) return status;
    return std::move(status).in("file '" + file_ + "'");
  }

  Status read_exactly(std::span<char> out) {
    size_t done = 0;
    while (done < out.size()) {
      MOTE_ASSIGN(const size_t got, stream_->read(out.subspan(done)));
      if (got == 0) return corruption("the array ends too early");
      done += got;
    }
    return {};
  }

  Status read_header() {
    char start[8];
    MOTE_TRY(read_exactly(start));
    if (std::string_view(start, kMagic.size()) != kMagic) {
      return invalid_argument("is not a NumPy array: it does not begin with \\x93NUMPY");
    }
    const uint8_t version = static_cast<uint8_t>(start[6]);
    if (version < 1 || version > 3) {
      return invalid_argument("is of .npy version %u; 1 to 3 are read", version);
    }
    char size_bytes[4] = {};
    const size_t width = version == 1 ? 2 : 4;
    MOTE_TRY(read_exactly({size_bytes, width}));
    const uint32_t size = load_fixed<uint32_t>(size_bytes);
    if (size > kMaxNpyHeaderBytes) {
      return invalid_argument("its header has %u bytes; the limit is %u", size, kMaxNpyHeaderBytes);
    }
    std::string text(size, '\0');
    MOTE_TRY(read_exactly(text));
    MOTE_ASSIGN(header_, parse_npy_header(text));
    begin_ = 8 + width + size;
    return {};
  }

  Status name_columns() {
    columns_.push_back({"row", Type::integer()});
    for (size_t column = 0; column < header_.column_offsets.size(); ++column) {
      std::string name = header_.one_dimensional ? "value" : "c" + std::to_string(column);
      for (const NpyField& field : header_.fields) {
        if (header_.structured) {
          name = field.name + (header_.one_dimensional ? "" : "_" + std::to_string(column));
        }
        for (uint32_t item = 0; item < field.item_count; ++item) {
          const std::string suffix = field.item_count > 1 ? "_" + std::to_string(item) : "";
          MOTE_TRY(add_column(name + suffix, type_of(field)));
        }
      }
    }
    return {};
  }

  Status add_column(std::string name, Type type) {
    for (const SourceColumn& other : columns_) {
      if (same_name(other.name, name)) {
        return invalid_argument("two of its columns are named '%s'", name.c_str());
      }
    }
    if (name.empty() || name.size() > kMaxNameBytes || !is_utf8(name)) {
      return invalid_argument("the name of a field is empty, too long or not UTF-8");
    }
    if (columns_.size() == kMaxColumns) {
      return invalid_argument("has more than %u columns", kMaxColumns);
    }
    columns_.push_back({std::move(name), type});
    return {};
  }

  // A Fortran-ordered array lies column by column: read in place from a plain file, else held in
  // memory, since a compressed file has no places.
  Status hold_all(Env& env, const std::string& path, MemoryBudget& budget) {
    const uint64_t columns = header_.column_offsets.size();
    rows_a_piece_ =
        std::clamp<uint64_t>(kPieceBytes / (header_.element_bytes * columns), 1, kChunkRows);
    if (!stream_->is_compressed()) {
      MOTE_ASSIGN(plain_, env.open(path, {}));
      MOTE_TRY(charge_.grow(budget, rows_a_piece_ * header_.element_bytes * columns,
                            "rows of an array"));
      piece_.resize(rows_a_piece_ * header_.element_bytes * columns);
      return {};
    }
    const uint64_t size = header_.row_count * columns * header_.element_bytes;
    MOTE_TRY(charge_.grow(budget, size, "a compressed array in Fortran order"));
    piece_.resize(size);
    holds_all_ = true;
    return in_file(read_exactly(piece_));
  }

  Status load_rows(uint32_t count) {
    if (holds_all_) return {};
    const uint64_t columns = header_.column_offsets.size();
    if (plain_ == nullptr) {
      return in_file(read_exactly({piece_.data(), count * columns * header_.element_bytes}));
    }
    for (uint64_t column = 0; column < columns; ++column) {
      const uint64_t from = (header_.column_offsets[column] + row_) * header_.element_bytes;
      const std::span<char> room(piece_.data() + column * rows_a_piece_ * header_.element_bytes,
                                 count * header_.element_bytes);
      MOTE_TRY(in_file(plain_->read(begin_ + from, std::as_writable_bytes(room))));
    }
    return {};
  }

  Status put_column(const NpyField& field, uint32_t column, uint32_t item, uint32_t count,
                    Column& out) const {
    const char* at = piece_.data() + field.offset + uint64_t{item} * field.size_bytes;
    uint64_t stride = header_.element_bytes;
    if (holds_all_) {
      at += (header_.column_offsets[column] + row_) * header_.element_bytes;
    } else if (plain_ != nullptr) {
      at += column * rows_a_piece_ * header_.element_bytes;
    } else {
      at += column * header_.element_bytes;
      stride *= header_.column_offsets.size();
    }
    for (uint32_t row = 0; row < count; ++row, at += stride) {
      Status status = put_item(field, at, row, out);
      if (!status.ok()) {
        return in_file(std::move(status).in("row " + std::to_string(row_ + row)));
      }
    }
    return {};
  }

  const std::string file_;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<File> plain_;  // for reading in places
  NpyHeader header_;
  std::vector<SourceColumn> columns_;
  MemoryCharge charge_;
  std::string piece_;  // the current rows, or all of the array when holds_all_
  uint64_t rows_a_piece_ = 1;
  uint64_t begin_ = 0;  // where the elements begin in the file
  uint64_t row_ = 0;
  bool holds_all_ = false;
};

}  // namespace

Result<std::unique_ptr<RowSource>> open_npy(Env& env, const FileAccess& files,
                                            const std::string& file,
                                            std::span<const SourceOption> options,
                                            MemoryBudget& budget) {
  MOTE_TRY(SourceOptions(options).finish("read_npy"));
  auto source = std::make_unique<NpySource>(file);
  MOTE_TRY(source->open(env, files, budget));
  return std::unique_ptr<RowSource>(std::move(source));
}

}  // namespace mote
