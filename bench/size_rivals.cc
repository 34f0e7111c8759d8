#include "size_rivals.h"

#ifdef BENCH_WITH_ZSTD
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness.h"
#endif

namespace bench {

#ifdef BENCH_WITH_ZSTD

namespace {

constexpr size_t kPageBytes = 1u << 20;
constexpr int kLevel = 3;

uint64_t zstd_bytes(std::string_view page) {
  std::string out(ZSTD_compressBound(page.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), page.data(), page.size(), kLevel);
  if (ZSTD_isError(size)) fail("zstd: %s", ZSTD_getErrorName(size));
  // A page that does not get smaller is kept as it is.
  return std::min(size, page.size());
}

uint64_t plain_zstd_bytes(std::string_view bytes) {
  uint64_t total = 0;
  for (size_t at = 0; at < bytes.size(); at += kPageBytes) {
    total += zstd_bytes(bytes.substr(at, kPageBytes));
  }
  return total;
}

std::string bit_packed(const std::vector<uint32_t>& codes, uint32_t width) {
  std::string packed;
  uint64_t bits = 0;
  uint32_t held = 0;
  for (const uint32_t code : codes) {
    bits |= static_cast<uint64_t>(code) << held;
    held += width;
    for (; held >= 8; held -= 8, bits >>= 8) packed.push_back(static_cast<char>(bits));
  }
  if (held > 0) packed.push_back(static_cast<char>(bits));
  return packed;
}

}  // namespace

bool rivals_are_built_in() { return true; }

uint64_t byte_stream_split_zstd_bytes(const RivalColumn& column) {
  const size_t page_values = kPageBytes / column.width;
  uint64_t total = 0;
  for (size_t first = 0; first < column.count(); first += page_values) {
    const size_t count = std::min(page_values, column.count() - first);
    std::string page;
    for (size_t stream = 0; stream < column.width; ++stream) {
      for (size_t i = 0; i < count; ++i) {
        page.push_back(column.bytes[(first + i) * column.width + stream]);
      }
    }
    total += zstd_bytes(page);
  }
  return total;
}

uint64_t parquet_like_zstd_bytes(const RivalColumn& column) {
  std::unordered_map<std::string_view, uint32_t> places;
  std::string dictionary;
  std::vector<uint32_t> codes;
  const std::string_view bytes = column.bytes;
  for (size_t i = 0; i < column.count(); ++i) {
    const std::string_view value = bytes.substr(i * column.width, column.width);
    const auto [place, added] = places.emplace(value, static_cast<uint32_t>(places.size()));
    codes.push_back(place->second);
    if (!added) continue;
    dictionary += value;
    if (dictionary.size() > kPageBytes) return plain_zstd_bytes(bytes);
  }
  const size_t distinct = places.size();
  const auto width = static_cast<uint32_t>(std::bit_width(distinct - 1));
  uint64_t total = zstd_bytes(dictionary);
  const size_t page_values = kPageBytes / column.width;
  for (size_t first = 0; first < codes.size(); first += page_values) {
    const size_t count = std::min(page_values, codes.size() - first);
    const std::vector<uint32_t> page(codes.begin() + static_cast<ptrdiff_t>(first),
                                     codes.begin() + static_cast<ptrdiff_t>(first + count));
    total += zstd_bytes(bit_packed(page, width));
  }
  return total;
}

#else

bool rivals_are_built_in() { return false; }
uint64_t byte_stream_split_zstd_bytes(const RivalColumn&) { return 0; }
uint64_t parquet_like_zstd_bytes(const RivalColumn&) { return 0; }

#endif

}  // namespace bench
