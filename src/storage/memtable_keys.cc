// The skiplist of a memtable run: from encoded key to row.
#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/coding.h"
#include "storage/key.h"
#include "storage/memtable.h"

namespace mote {

// Followed in memory by `height` links and the key's bytes. Links are written once the node is
// complete, with release order, so whoever follows one sees all of it.
struct MemtableRun::KeyNode {
  uint64_t prefix;  // the key's first eight bytes as a number: most comparisons end here
  uint32_t row;
  uint16_t key_bytes;
  uint16_t height;

  std::atomic<KeyNode*>* links() { return reinterpret_cast<std::atomic<KeyNode*>*>(this + 1); }
  const std::atomic<KeyNode*>* links() const {
    return reinterpret_cast<const std::atomic<KeyNode*>*>(this + 1);
  }
  std::string_view key() const {
    return {reinterpret_cast<const char*>(links() + height), key_bytes};
  }
};

namespace {

uint64_t prefix_of(std::string_view key) {
  char bytes[sizeof(uint64_t)] = {};
  std::memcpy(bytes, key.data(), std::min(key.size(), sizeof bytes));
  return __builtin_bswap64(load_fixed<uint64_t>(bytes));
}

}  // namespace

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

// Equal keys lie in the order of their rows: a new row goes behind all that are not above it.
void MemtableRun::insert_key(std::string_view key, uint32_t row) {
  const uint64_t prefix = prefix_of(key);
  const auto above = [&](const KeyNode& node) {  // node's key > key
    return node.prefix != prefix ? node.prefix > prefix : node.key() > key;
  };
  KeyNode* before[kMaxHeight];  // null for the head
  if (tail_[0] == nullptr || !above(*tail_[0])) {
    std::copy(std::begin(tail_), std::end(tail_), before);
  } else {
    KeyNode* at = nullptr;
    for (uint32_t level = kMaxHeight; level-- > 0;) {
      for (;;) {
        std::atomic<KeyNode*>& link = at == nullptr ? head_[level] : at->links()[level];
        KeyNode* const next = link.load(std::memory_order_relaxed);
        if (next == nullptr || above(*next)) break;
        at = next;
      }
      before[level] = at;
    }
  }
  // One node in four is one higher: Pugh's p = 1/4.
  height_bits_ ^= height_bits_ << 13;
  height_bits_ ^= height_bits_ >> 7;
  height_bits_ ^= height_bits_ << 17;
  const auto height = std::min<uint32_t>(
      kMaxHeight, 1 + static_cast<uint32_t>(std::countr_zero(height_bits_ | (1ull << 60))) / 2);

  const size_t size = sizeof(KeyNode) + height * sizeof(std::atomic<KeyNode*>) + key.size();
  char* const room = memtable_.arena().allocate(size, alignof(KeyNode));
  auto* const node = new (room)
      KeyNode{prefix, row, static_cast<uint16_t>(key.size()), static_cast<uint16_t>(height)};
  std::memcpy(reinterpret_cast<char*>(node->links() + height), key.data(), key.size());
  for (uint32_t level = 0; level < height; ++level) {
    KeyNode* const at = before[level];
    std::atomic<KeyNode*>& link = at == nullptr ? head_[level] : at->links()[level];
    KeyNode* const next = link.load(std::memory_order_relaxed);
    new (node->links() + level) std::atomic<KeyNode*>(next);
    if (next == nullptr) tail_[level] = node;
    link.store(node, std::memory_order_release);
  }
}

const MemtableRun::KeyNode* MemtableRun::first_not_below(std::string_view key) const {
  const uint64_t prefix = prefix_of(key);
  const KeyNode* at = nullptr;
  const KeyNode* next = nullptr;
  for (uint32_t level = kMaxHeight; level-- > 0;) {
    for (;;) {
      const std::atomic<KeyNode*>& link = at == nullptr ? head_[level] : at->links()[level];
      next = link.load(std::memory_order_acquire);
      if (next == nullptr) break;
      const bool below = next->prefix != prefix ? next->prefix < prefix : next->key() < key;
      if (!below) break;
      at = next;
    }
  }
  return next;
}

Status MemtableRun::find_key(std::string_view key, std::vector<RowId>* rows) const {
  const uint64_t published = row_count();
  const KeyNode* node = first_not_below(key);
  for (; node != nullptr && node->key() == key;
       node = node->links()[0].load(std::memory_order_acquire)) {
    if (node->row >= published) break;  // equal keys lie in the order of their rows
    rows->push_back(base_ + node->row);
  }
  return {};
}

}  // namespace mote
