#include "column/packed_bytes.h"

#include <lz4.h>

#include <cstring>

#include "column/encoding.h"

#ifdef MOTE_WITH_ZSTD
#include <zstd.h>
#endif

namespace mote {

namespace {

// Written to files.
enum Method : uint8_t { kPlain = 0, kLz4 = 1, kZstd = 2 };

constexpr size_t kLeastPackable = 32;
constexpr size_t kMostPackable = size_t{1} << 30;

[[maybe_unused]] constexpr int kZstdLevel = 3;

bool pack_zstd(std::string_view bytes, std::string* packed) {
#ifdef MOTE_WITH_ZSTD
  packed->resize(ZSTD_compressBound(bytes.size()));
  const size_t size =
      ZSTD_compress(packed->data(), packed->size(), bytes.data(), bytes.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) return false;
  packed->resize(size);
  return bytes.size() <= size * kMaxExpansion;
#else
  (void)bytes;
  (void)packed;
  return false;
#endif
}

bool pack_lz4(std::string_view bytes, std::string* packed) {
  const int size_bytes = static_cast<int>(bytes.size());
  packed->resize(static_cast<size_t>(LZ4_compressBound(size_bytes)));
  const int size = LZ4_compress_default(bytes.data(), packed->data(), size_bytes,
                                        static_cast<int>(packed->size()));
  if (size <= 0) return false;
  packed->resize(static_cast<size_t>(size));
  return true;
}

}  // namespace

bool has_zstd() {
#ifdef MOTE_WITH_ZSTD
  return true;
#else
  return false;
#endif
}

void write_packed_bytes(std::string_view bytes, bool strong, std::string* out) {
  ByteWriter writer(out);
  std::string packed;
  if (bytes.size() >= kLeastPackable && bytes.size() <= kMostPackable) {
    Method method = kZstd;
    bool done = strong && pack_zstd(bytes, &packed);
    if (!done) {
      method = kLz4;
      done = pack_lz4(bytes, &packed);
    }
    // Reading packed bytes costs time, so they must save some room.
    if (done && packed.size() < bytes.size() - bytes.size() / 16) {
      writer.fixed<uint8_t>(method);
      writer.varint(bytes.size());
      return writer.text(packed);
    }
  }
  writer.fixed<uint8_t>(kPlain);
  writer.text(bytes);
}

Status read_packed_bytes(ByteReader& reader, PackedBytes* packed) {
  packed->method = reader.fixed<uint8_t>();
  packed->size_bytes = packed->method == kPlain ? 0 : reader.varint();
  packed->packed = reader.text();
  if (packed->method == kPlain) packed->size_bytes = packed->packed.size();
  if (reader.failed()) return corruption("packed bytes end early");
  if (packed->method > kZstd) return corruption("unknown packing method %u", packed->method);
  if (packed->size_bytes > packed->packed.size() * kMaxExpansion + kExpansionSlack) {
    return corruption("%zu packed bytes claim to be %llu", packed->packed.size(),
                      static_cast<unsigned long long>(packed->size_bytes));
  }
  return {};
}

Status unpack_bytes(const PackedBytes& packed, char* out) {
  const std::string_view bytes = packed.packed;
  if (packed.method == kPlain) {
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    return {};
  }
  if (packed.method == kLz4) {
    if (bytes.size() > kMostPackable || packed.size_bytes > kMostPackable) {
      return corruption("LZ4 block of %zu bytes; the limit is %zu", bytes.size(), kMostPackable);
    }
    const int size = LZ4_decompress_safe(bytes.data(), out, static_cast<int>(bytes.size()),
                                         static_cast<int>(packed.size_bytes));
    if (size >= 0 && static_cast<uint64_t>(size) == packed.size_bytes) return {};
    return corruption("LZ4 block does not unpack to its %llu bytes",
                      static_cast<unsigned long long>(packed.size_bytes));
  }
#ifdef MOTE_WITH_ZSTD
  const size_t size = ZSTD_decompress(out, packed.size_bytes, bytes.data(), bytes.size());
  if (ZSTD_isError(size) == 0 && size == packed.size_bytes) return {};
  return corruption("zstd block does not unpack to its %llu bytes",
                    static_cast<unsigned long long>(packed.size_bytes));
#else
  return invalid_argument("this build can not read zstd blocks");
#endif
}

}  // namespace mote
