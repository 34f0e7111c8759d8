// What the bytes of a column are in other formats, computed here: nothing of theirs is linked but
// zstd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

struct RivalColumn {
  std::string name;
  size_t width = 8;   // bytes a value
  std::string bytes;  // the values, one after the other

  void append(const void* value) { bytes.append(static_cast<const char*>(value), width); }
  size_t count() const { return bytes.size() / width; }
};

// False when zstd was not there at build time; the others then give 0.
bool rivals_are_built_in();

// Each byte of the values in a stream of its own, in pages of 1 MiB, zstd level 3.
uint64_t byte_stream_split_zstd_bytes(const RivalColumn& column);

// As a Parquet writer does by default: a dictionary of at most 1 MiB and bit-packed codes in pages
// of 1 MiB of values, else plain values; zstd level 3 on each page. Page headers, statistics and
// the footer are left out, in the rival's favour.
uint64_t parquet_like_zstd_bytes(const RivalColumn& column);

}  // namespace bench
