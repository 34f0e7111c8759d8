// The keys of a memtable run: from encoded key to the rows that have it.
#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/checksum.h"
#include "base/limits.h"
#include "storage/key.h"
#include "storage/memtable.h"

namespace mote {

namespace {
constexpr uint64_t kHashSeed = 0x6d656d6b6579ull;
constexpr uint32_t kLeastHeads = 256;
constexpr uint32_t kMostHeads = 32 * 1024;  // clearing more at once would hold up a commit
constexpr size_t kArenaShare = 32;          // a table takes at most this part of the arena
}  // namespace

// Followed in memory by the key's bytes. Never changes once it is linked.
struct MemtableRun::KeyNode {
  const KeyNode* next;  // of the same bucket: an older row
  uint32_t hash;        // the upper half: most other keys differ here
  uint32_t row;
  uint32_t key_bytes;
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_bytes}; }
};

// A hash table that is full once it has as many nodes as buckets; the next is twice as large, as
// far as the arena allows. Nothing moves from one to the other, so no append pays for others.
// Followed in memory by the heads of the buckets, of which the first node is the newest.
struct MemtableRun::KeyTable {
  const KeyTable* older;
  uint32_t heads;  // a power of two
  uint32_t nodes;  // the writer's

  std::atomic<const KeyNode*>& head(uint64_t hash) const {
    auto* const first =
        reinterpret_cast<std::atomic<const KeyNode*>*>(const_cast<KeyTable*>(this) + 1);
    return first[hash & (heads - 1)];
  }
};

// Besides the keys' bytes. Of one table of the least size: a larger one is made only where there is
// room for it.
size_t MemtableRun::key_bytes_bound(uint32_t row_count) {
  const size_t table_bytes = sizeof(KeyTable) + kLeastHeads * sizeof(std::atomic<const KeyNode*>);
  return row_count * (sizeof(KeyNode) + alignof(KeyNode)) + table_bytes + alignof(KeyTable);
}

Status MemtableRun::encode_keys(const Chunk& rows) {
  key_bytes_.clear();
  key_ends_.clear();
  const Column* columns[kMaxKeyColumns];
  const size_t column_count = schema_->primary_key.size();
  MOTE_CHECK(column_count <= kMaxKeyColumns);
  for (size_t i = 0; i < column_count; ++i) columns[i] = &rows.column(schema_->primary_key[i]);
  for (uint32_t row = 0; row < rows.row_count(); ++row) {
    MOTE_TRY(append_key({columns, column_count}, row, &key_bytes_));
    key_ends_.push_back(static_cast<uint32_t>(key_bytes_.size()));
  }
  return {};
}

// Makes a table when the last one has no place for the rows, as large as the arena has room for
// besides what they take.
void MemtableRun::make_key_room(const Chunk& rows) {
  const uint32_t row_count = rows.row_count();
  const KeyTable* const older = keys_.load(std::memory_order_relaxed);
  if (older != nullptr && older->nodes + row_count <= older->heads) return;
  MemtableArena& arena = memtable_.arena();
  constexpr size_t kHeadBytes = sizeof(std::atomic<const KeyNode*>);
  const size_t left_bytes = arena.left_bytes();
  const size_t spare_bytes = left_bytes - std::min(left_bytes, append_bytes(*schema_, rows));
  const size_t most_bytes = std::min(spare_bytes, arena.size_bytes() / kArenaShare);
  uint32_t heads = kLeastHeads;
  const uint32_t wanted = std::max(row_count, older == nullptr ? 0 : older->heads * 2);
  while (heads < std::min(wanted, kMostHeads) && heads * 2 * kHeadBytes <= most_bytes) heads *= 2;
  char* const room = arena.allocate(sizeof(KeyTable) + heads * kHeadBytes, alignof(KeyTable));
  auto* const table = new (room) KeyTable{older, heads, 0};
  for (uint32_t i = 0; i < heads; ++i) {
    new (&table->head(i)) std::atomic<const KeyNode*>(nullptr);
  }
  keys_.store(table, std::memory_order_release);
}

void MemtableRun::insert_key(std::string_view key, uint32_t row) {
  KeyTable* const table = keys_.load(std::memory_order_relaxed);
  const uint64_t hash = checksum(key, kHashSeed);
  std::atomic<const KeyNode*>& head = table->head(hash);
  char* const room = memtable_.arena().allocate(sizeof(KeyNode) + key.size(), alignof(KeyNode));
  auto* const node =
      new (room) KeyNode{head.load(std::memory_order_relaxed), static_cast<uint32_t>(hash >> 32),
                         row, static_cast<uint32_t>(key.size())};
  std::memcpy(static_cast<void*>(node + 1), key.data(), key.size());
  ++table->nodes;
  head.store(node, std::memory_order_release);
}

// Calls visit(row) for the rows of a key, the newest first, until it returns false.
template <typename Visit>
void MemtableRun::visit_key(std::string_view key, const Visit& visit) const {
  const uint64_t hash = checksum(key, kHashSeed);
  for (const KeyTable* table = keys_.load(std::memory_order_acquire); table != nullptr;
       table = table->older) {
    const KeyNode* node = table->head(hash).load(std::memory_order_acquire);
    for (; node != nullptr; node = node->next) {
      if (node->hash != static_cast<uint32_t>(hash >> 32) || node->key() != key) continue;
      if (!visit(node->row)) return;
    }
  }
}

Status MemtableRun::find_key(std::string_view key, std::vector<RowId>* rows) const {
  const uint64_t published = row_count();
  const auto begin = static_cast<int64_t>(rows->size());
  visit_key(key, [&](uint32_t row) {
    if (row < published) rows->push_back(base_ + row);
    return true;
  });
  std::reverse(rows->begin() + begin, rows->end());
  return {};
}

Result<std::optional<RowId>> MemtableRun::find_newest(std::string_view key,
                                                      uint64_t rows_end) const {
  const uint64_t end = std::min(rows_end, row_count());
  std::optional<RowId> found;
  visit_key(key, [&](uint32_t row) {
    if (row >= end) return true;
    found = base_ + row;
    return false;
  });
  return found;
}

}  // namespace mote
