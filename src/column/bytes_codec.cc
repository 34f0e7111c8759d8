#include "column/bytes_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "column/integer_stream.h"
#include "column/packed_bytes.h"
#include "column/word_codec.h"

namespace mote {

namespace {

using Words = std::array<uint64_t, kChunkRows>;

// The sum of sizes, which come from outside: false when it is not `total`.
bool sizes_sum_to(const uint64_t* sizes, uint32_t count, uint64_t total) {
  uint64_t left = total;
  for (uint32_t i = 0; i < count; ++i) {
    if (sizes[i] > left) return false;
    left -= sizes[i];
  }
  return left == 0;
}

Status sizes_disagree(uint64_t total) {
  return corruption("sizes of the values do not sum to the %llu bytes of the block",
                    static_cast<unsigned long long>(total));
}

IntegerStream train_on(std::span<const uint64_t> words) {
  const WordSeries series = WordSeries::of(LaneKind::kInt64, words, Effort::kFast);
  return IntegerStream::train(series.sample, series.effort);
}

void encode_sized(const IntegerStream& sizes, const std::string_view* values, uint32_t count,
                  bool strong, std::string* out) {
  Words words;
  std::string bytes;
  for (uint32_t i = 0; i < count; ++i) {
    words[i] = values[i].size();
    bytes += values[i];
  }
  sizes.encode(words.data(), count, out);
  write_packed_bytes(bytes, strong, out);
}

// Sizes and bytes of each block.
class PlainCodec : public BytesCodec {
 public:
  PlainCodec(IntegerStream sizes, bool strong) : sizes_(std::move(sizes)), strong_(strong) {}

  std::string name() const override { return "plain"; }
  void serialize(std::string* out) const override {
    ByteWriter(out).fixed(ByteEncoding::kPlain);
    sizes_.serialize(out);
  }
  void encode(const std::string_view* values, uint32_t count, std::string* out) const override {
    encode_sized(sizes_, values, count, strong_, out);
  }
  Status decode(ByteReader& reader, uint32_t count, Column& out, bool*) const override {
    Words sizes;
    PackedBytes packed;
    MOTE_TRY(read_sizes(reader, count, sizes, &packed));
    char* at = packed.size_bytes > 0 ? out.store_room(packed.size_bytes) : nullptr;
    MOTE_TRY(unpack_bytes(packed, at));
    std::string_view* const lane = out.lane<std::string_view>();
    for (uint32_t i = 0; i < count; ++i) {
      lane[i] = sizes[i] == 0 ? std::string_view() : std::string_view(at, sizes[i]);
      at += sizes[i];
    }
    return {};
  }
  Status decode_row(ByteReader& reader, uint32_t count, uint32_t row, Column& out, uint32_t to,
                    bool*) const override {
    Words sizes;
    PackedBytes packed;
    MOTE_TRY(read_sizes(reader, count, sizes, &packed));
    uint64_t from = 0;
    for (uint32_t i = 0; i < row; ++i) from += sizes[i];
    std::string unpacked;
    std::string_view bytes = packed.packed;
    if (packed.method != 0) {
      unpacked.resize(packed.size_bytes);
      MOTE_TRY(unpack_bytes(packed, unpacked.data()));
      bytes = unpacked;
    }
    out.lane<std::string_view>()[to] = out.store(bytes.substr(from, sizes[row]));
    return {};
  }
  size_t memory_bytes() const override { return sizeof(*this) + sizes_.memory_bytes(); }

 private:
  Status read_sizes(ByteReader& reader, uint32_t count, Words& sizes, PackedBytes* packed) const {
    MOTE_TRY(sizes_.decode(reader, count, sizes.data()));
    MOTE_TRY(read_packed_bytes(reader, packed));
    if (!sizes_sum_to(sizes.data(), count, packed->size_bytes)) {
      return sizes_disagree(packed->size_bytes);
    }
    return {};
  }

  const IntegerStream sizes_;
  const bool strong_;
};

// Ranks in the sorted list of distinct values. The list is written front-coded (the number of bytes
// shared with the value before, the number of bytes that follow, those bytes) and compressed.
class BytesDictionary : public BytesCodec {
 public:
  static constexpr size_t kMaxValues = size_t{1} << 16;
  static constexpr size_t kMaxBytes = size_t{8} << 20;

  std::string name() const override {
    return "dictionary" + ranks_.name_suffix();
  }
  void serialize(std::string* out) const override {
    ByteWriter writer(out);
    writer.fixed(ByteEncoding::kDictionary);
    std::string list;
    ByteWriter list_writer(&list);
    std::string_view before;
    for (std::string_view value : values_) {
      const size_t limit = std::min(before.size(), value.size());
      size_t shared = 0;
      while (shared < limit && before[shared] == value[shared]) ++shared;
      list_writer.varint(shared);
      list_writer.text(value.substr(shared));
      before = value;
    }
    writer.varint(values_.size());
    writer.varint(bytes_.size());
    write_packed_bytes(list, /*strong=*/false, out);
    ranks_.serialize(out);
  }
  void encode(const std::string_view* values, uint32_t count, std::string* out) const override {
    Words ranks;
    for (uint32_t i = 0; i < count; ++i) ranks[i] = rank_of(values[i]);
    ranks_.encode(ranks.data(), count, out);
  }
  Status decode(ByteReader& reader, uint32_t count, Column& out, bool* borrowed) const override {
    Words ranks;
    MOTE_TRY(ranks_.decode(reader, count, ranks.data()));
    std::string_view* const lane = out.lane<std::string_view>();
    for (uint32_t i = 0; i < count; ++i) {
      if (ranks[i] >= values_.size()) return bad_rank(ranks[i]);
      lane[i] = values_[ranks[i]];
    }
    *borrowed = true;
    return {};
  }
  Status decode_row(ByteReader& reader, uint32_t count, uint32_t row, Column& out, uint32_t to,
                    bool* borrowed) const override {
    uint64_t rank = 0;
    MOTE_TRY(ranks_.decode_word(reader, count, row, &rank));
    if (rank >= values_.size()) return bad_rank(rank);
    out.lane<std::string_view>()[to] = values_[rank];
    *borrowed = true;
    return {};
  }
  size_t memory_bytes() const override {
    return sizeof(*this) + bytes_.capacity() + values_.capacity() * sizeof(std::string_view) +
           ranks_.memory_bytes();
  }

  static std::unique_ptr<BytesCodec> plan(std::span<const std::string_view> values);
  static Result<std::unique_ptr<BytesCodec>> parse(ByteReader& reader);

 private:
  uint64_t rank_of(std::string_view value) const { return rank_of_.at(value); }
  Status bad_rank(uint64_t rank) const {
    return corruption("rank %llu in a dictionary of %zu values",
                      static_cast<unsigned long long>(rank), values_.size());
  }
  Status unfold(std::string_view list, uint64_t count);

  std::string bytes_;                     // of all values, when parsed
  std::vector<std::string_view> values_;  // sorted; of bytes_, or of the column that is encoded
  std::unordered_map<std::string_view, uint32_t> rank_of_;  // only while encoding
  IntegerStream ranks_;
};

std::unique_ptr<BytesCodec> BytesDictionary::plan(std::span<const std::string_view> values) {
  const size_t limit = std::min(kMaxValues, std::max<size_t>(1, values.size() / 2));
  auto codec = std::make_unique<BytesDictionary>();
  size_t bytes = 0;
  for (std::string_view value : values) {
    if (!codec->rank_of_.try_emplace(value, 0).second) continue;
    codec->values_.push_back(value);
    bytes += value.size();
    if (codec->values_.size() > limit || bytes > kMaxBytes) return nullptr;
  }
  codec->bytes_.resize(bytes);  // the reader is told how much room it needs
  std::sort(codec->values_.begin(), codec->values_.end());
  for (size_t rank = 0; rank < codec->values_.size(); ++rank) {
    codec->rank_of_[codec->values_[rank]] = static_cast<uint32_t>(rank);
  }
  std::vector<uint64_t> ranks;
  ranks.reserve(values.size());
  for (std::string_view value : values) ranks.push_back(codec->rank_of(value));
  codec->ranks_ = train_on(ranks);
  return codec;
}

Status BytesDictionary::unfold(std::string_view list, uint64_t count) {
  ByteReader reader(list);
  std::string_view before;
  size_t used = 0;
  values_.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t shared = reader.varint();
    const std::string_view rest = reader.text();
    if (reader.failed() || shared > before.size() ||
        bytes_.size() - used < shared + rest.size()) {
      return corruption("value %llu of a dictionary does not fit",
                        static_cast<unsigned long long>(i));
    }
    char* const at = bytes_.data() + used;
    if (shared > 0) std::memcpy(at, before.data(), shared);
    if (!rest.empty()) std::memcpy(at + shared, rest.data(), rest.size());
    before = std::string_view(at, shared + rest.size());
    used += before.size();
    values_.push_back(before);
  }
  return {};
}

Result<std::unique_ptr<BytesCodec>> BytesDictionary::parse(ByteReader& reader) {
  auto codec = std::make_unique<BytesDictionary>();
  const uint64_t count = reader.varint();
  const uint64_t bytes = reader.varint();
  PackedBytes packed;
  MOTE_TRY(read_packed_bytes(reader, &packed));
  if (count == 0 || count > kMaxValues || bytes > kMaxBytes || count > packed.size_bytes) {
    return corruption("dictionary of %llu values and %llu bytes; the limits are %zu and %zu",
                      static_cast<unsigned long long>(count),
                      static_cast<unsigned long long>(bytes), kMaxValues, kMaxBytes);
  }
  std::string list(packed.size_bytes, '\0');
  MOTE_TRY(unpack_bytes(packed, list.data()));
  codec->bytes_.resize(bytes);
  MOTE_TRY(codec->unfold(list, count));
  MOTE_ASSIGN(codec->ranks_, IntegerStream::parse(reader));
  return std::unique_ptr<BytesCodec>(std::move(codec));
}

// Values of one size, or empty where the row is null. A null row takes the room of a value, so that
// any row is found by multiplication.
class StrideCodec : public BytesCodec {
 public:
  StrideCodec(uint32_t stride, uint32_t element_bytes, bool planes, bool strong)
      : stride_(stride), element_bytes_(element_bytes), planes_(planes), strong_(strong) {}

  std::string name() const override { return planes_ ? "stride planes" : "stride"; }
  void serialize(std::string* out) const override {
    ByteWriter(out).fixed(planes_ ? ByteEncoding::kStridePlanes : ByteEncoding::kStride);
  }
  void encode(const std::string_view* values, uint32_t count, std::string* out) const override {
    std::string bytes(static_cast<size_t>(count) * stride_, '\0');
    for (uint32_t i = 0; i < count; ++i) {
      if (!values[i].empty()) std::memcpy(&bytes[static_cast<size_t>(i) * stride_],
                                          values[i].data(), stride_);
    }
    if (!planes_) {
      out->append(bytes);
      return;
    }
    std::string plane(bytes.size() / element_bytes_, '\0');
    for (uint32_t byte = 0; byte < element_bytes_; ++byte) {
      for (size_t i = 0; i < plane.size(); ++i) plane[i] = bytes[i * element_bytes_ + byte];
      write_packed_bytes(plane, strong_, out);
    }
  }
  Status decode(ByteReader& reader, uint32_t count, Column& out, bool*) const override {
    const size_t size_bytes = static_cast<size_t>(count) * stride_;
    char* room = nullptr;
    if (!planes_) {
      const std::string_view bytes = reader.bytes(size_bytes);
      if (reader.failed()) return corruption("block of %u vectors ends early", count);
      room = out.store_room(size_bytes);
      std::memcpy(room, bytes.data(), size_bytes);
    } else {
      MOTE_TRY(decode_planes(reader, size_bytes, out, &room));
    }
    std::string_view* const lane = out.lane<std::string_view>();
    for (uint32_t i = 0; i < count; ++i) {
      lane[i] = std::string_view(room + static_cast<size_t>(i) * stride_, stride_);
    }
    return {};
  }
  Status decode_row(ByteReader& reader, uint32_t count, uint32_t row, Column& out, uint32_t to,
                    bool* borrowed) const override {
    if (planes_) {
      Column all(out.type());
      MOTE_TRY(decode(reader, count, all, borrowed));
      out.lane<std::string_view>()[to] = out.store(all.lane<std::string_view>()[row]);
      return {};
    }
    const std::string_view bytes = reader.bytes(static_cast<size_t>(count) * stride_);
    if (reader.failed()) return corruption("block of %u vectors ends early", count);
    out.lane<std::string_view>()[to] =
        out.store(bytes.substr(static_cast<size_t>(row) * stride_, stride_));
    return {};
  }
  size_t memory_bytes() const override { return sizeof(*this); }

 private:
  Status decode_planes(ByteReader& reader, size_t size_bytes, Column& out, char** room) const {
    const size_t plane_bytes = size_bytes / element_bytes_;
    std::string plane;
    for (uint32_t byte = 0; byte < element_bytes_; ++byte) {
      PackedBytes packed;
      MOTE_TRY(read_packed_bytes(reader, &packed));
      if (packed.size_bytes != plane_bytes) {
        return corruption("byte plane of %llu bytes; the vectors have %zu",
                          static_cast<unsigned long long>(packed.size_bytes), plane_bytes);
      }
      plane.resize(plane_bytes);
      MOTE_TRY(unpack_bytes(packed, plane.data()));
      if (byte == 0) *room = out.store_room(size_bytes);
      char* const at = *room + byte;
      for (size_t i = 0; i < plane_bytes; ++i) at[i * element_bytes_] = plane[i];
    }
    return {};
  }

  const uint32_t stride_;
  const uint32_t element_bytes_;
  const bool planes_;
  const bool strong_;
};

// Bytes that a codec makes of a sample of blocks, scaled to all values, its prelude included.
uint64_t estimated_bytes(const BytesCodec& codec, std::span<const std::string_view> values) {
  constexpr size_t kSampled = 6;
  const size_t blocks = (values.size() + kChunkRows - 1) / kChunkRows;
  const size_t taken = std::min(blocks, kSampled);
  std::string encoded;
  size_t sampled = 0;
  for (size_t i = 0; i < taken; ++i) {
    const size_t from = (taken == blocks ? i : i * (blocks - 1) / (taken - 1)) * kChunkRows;
    const size_t count = std::min<size_t>(kChunkRows, values.size() - from);
    codec.encode(values.data() + from, static_cast<uint32_t>(count), &encoded);
    sampled += count;
  }
  std::string prelude;
  codec.serialize(&prelude);
  return prelude.size() + encoded.size() * values.size() / sampled;
}

std::unique_ptr<BytesCodec> plan_plain(std::span<const std::string_view> values, bool strong) {
  std::vector<uint64_t> sizes;
  sizes.reserve(values.size());
  for (std::string_view value : values) sizes.push_back(value.size());
  return std::make_unique<PlainCodec>(
      train_on(sizes), strong);
}

std::unique_ptr<BytesCodec> cheaper(std::unique_ptr<BytesCodec> a, std::unique_ptr<BytesCodec> b,
                                    uint64_t b_gain,
                                    std::span<const std::string_view> values) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  return estimated_bytes(*b, values) * 1000 < estimated_bytes(*a, values) * b_gain ? std::move(b)
                                                                                   : std::move(a);
}

}  // namespace

std::unique_ptr<BytesCodec> choose_bytes_codec(Type type, std::span<const std::string_view> values,
                                               bool strong_compression) {
  const int forced = ForcedEncoding::byte_encoding;
  if (type.is(TypeKind::kVector)) {
    const uint32_t element = element_bytes(type.element);
    const uint32_t stride = type.dimension * element;
    auto plain = std::make_unique<StrideCodec>(stride, element, false, false);
    auto planes = std::make_unique<StrideCodec>(stride, element, true, strong_compression);
    if (forced == static_cast<int>(ByteEncoding::kStride)) return plain;
    if (forced == static_cast<int>(ByteEncoding::kStridePlanes)) return planes;
    // Vectors are read one by one by index searches, so planes must save much.
    constexpr uint64_t kPlanesGain = 850;
    return cheaper(std::move(plain), std::move(planes), kPlanesGain, values);
  }
  auto plain = plan_plain(values, strong_compression);
  if (forced == static_cast<int>(ByteEncoding::kPlain)) return plain;
  auto dictionary = BytesDictionary::plan(values);
  if (forced == static_cast<int>(ByteEncoding::kDictionary) && dictionary) return dictionary;
  constexpr uint64_t kPlainGain = 850;  // a dictionary has random access and costs less to decode
  return cheaper(std::move(dictionary), std::move(plain), kPlainGain, values);
}

Result<std::unique_ptr<BytesCodec>> parse_bytes_codec(Type type, ByteReader& reader) {
  const uint8_t encoding = reader.fixed<uint8_t>();
  if (reader.failed()) return corruption("prelude of a column ends early");
  const bool vector = type.is(TypeKind::kVector);
  const uint32_t element = vector ? element_bytes(type.element) : 1;
  switch (static_cast<ByteEncoding>(encoding)) {
    case ByteEncoding::kDictionary:
      if (vector) break;
      return BytesDictionary::parse(reader);
    case ByteEncoding::kPlain: {
      if (vector) break;
      MOTE_ASSIGN(IntegerStream sizes, IntegerStream::parse(reader));
      return std::unique_ptr<BytesCodec>(new PlainCodec(std::move(sizes), false));
    }
    case ByteEncoding::kStride:
    case ByteEncoding::kStridePlanes:
      if (!vector) break;
      return std::unique_ptr<BytesCodec>(
          new StrideCodec(type.dimension * element, element,
                          static_cast<ByteEncoding>(encoding) == ByteEncoding::kStridePlanes,
                          false));
  }
  return corruption("unknown encoding %u of a lane of bytes", encoding);
}

}  // namespace mote
