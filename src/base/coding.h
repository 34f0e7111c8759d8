// Bytes in files and in the log: little-endian fixed integers, LEB128 varints, and a reader that
// can not run past its end. Every length that comes from outside goes through ByteReader.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/status.h"

namespace mote {

static_assert(std::endian::native == std::endian::little,
              "files are little-endian and read in place");

inline constexpr uint32_t kMaxVarintBytes = 10;

template <typename T>
requires std::is_trivially_copyable_v<T>
void store_fixed(void* out, T value) { std::memcpy(out, &value, sizeof(T)); }

template <typename T>
requires std::is_trivially_copyable_v<T> T load_fixed(const void* in) {
  T value;
  std::memcpy(&value, in, sizeof(T));
  return value;
}

inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1)));
}

// Appends to a growing byte string.
class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(out) {}

  template <typename T>
  void fixed(T value) {
    char bytes[sizeof(T)];
    store_fixed(bytes, value);
    out_->append(bytes, sizeof(T));
  }
  void varint(uint64_t value) {
    while (value >= 0x80) {
      out_->push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_->push_back(static_cast<char>(value));
  }
  void signed_varint(int64_t value) { varint(zigzag(value)); }
  void bytes(std::string_view text) { out_->append(text); }
  // A varint length and the bytes.
  void text(std::string_view text) {
    varint(text.size());
    bytes(text);
  }
  size_t size() const { return out_->size(); }

 private:
  std::string* out_;
};

// Reads what ByteWriter wrote. A read past the end or a malformed varint gives zero or empty and
// makes failed() true for good, so a parser may read a whole structure and check once.
class ByteReader {
 public:
  ByteReader(const void* data, size_t size)
      : begin_(static_cast<const char*>(data)), at_(begin_), end_(begin_ + size) {}
  explicit ByteReader(std::string_view data) : ByteReader(data.data(), data.size()) {}

  template <typename T>
  T fixed() {
    if (remaining() < sizeof(T)) {
      fail();
      return T{};
    }
    T value = load_fixed<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  uint64_t varint();
  int64_t signed_varint() { return unzigzag(varint()); }
  std::string_view bytes(uint64_t size) {
    if (remaining() < size) {
      fail();
      return {};
    }
    std::string_view view(at_, size);
    at_ += size;
    return view;
  }
  std::string_view text() { return bytes(varint()); }
  // A count of things that take at least `least_bytes` each: bounded by what is left, so that it
  // may be used to reserve memory.
  uint64_t count(size_t least_bytes);

  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  bool failed() const { return failed_; }
  void fail() {
    failed_ = true;
    at_ = end_;
  }

 private:
  const char* begin_;
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace mote
