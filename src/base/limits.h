// Every limit that a user, a file or a statement can meet, by name. Each has a test at n-1, n and
// n+1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote {

// Rows and tables.
inline constexpr uint32_t kChunkRows = 1024;  // rows in a Chunk; the decode and zone-map unit

inline constexpr uint32_t kMaxTables = 65535;  // a log record names its table in 16 bits
inline constexpr uint32_t kMaxColumns = 2000;
inline constexpr uint32_t kMaxNameBytes = 255;
inline constexpr uint32_t kMaxKeyColumns = 16;
inline constexpr uint32_t kMaxKeyBytes = 4096;             // one encoded PRIMARY KEY value
inline constexpr uint64_t kMaxValueBytes = 1'000'000'000;  // TEXT or BLOB
inline constexpr uint32_t kMaxVectorDimension = 16384;

// SQL.
inline constexpr size_t kMaxStatementBytes = 1'000'000;
inline constexpr uint32_t kMaxExpressionDepth = 1000;  // brackets and levels of the tree
inline constexpr uint32_t kMaxQueryDepth = 32;  // subqueries, FILTER and OVER inside one another
inline constexpr uint32_t kMaxParameters = 32766;
inline constexpr uint32_t kMaxJoins = 64;
inline constexpr size_t kMaxLikePatternBytes = 50'000;
inline constexpr uint32_t kMaxSavepoints = 1000;

// The log.
inline constexpr uint32_t kLogBlockBytes = 4096;  // groups start on this boundary
inline constexpr uint32_t kMaxGroupPayloadBytes =
    1u << 20;  // a larger transaction writes parts first and its group adopts them

// Files and decoding.
inline constexpr uint32_t kMaxPartRows = 1u << 20;  // rows in one column part
inline constexpr size_t kMaxLineBytes = 64u << 20;  // one line of a CSV or JSON file

}  // namespace mote
