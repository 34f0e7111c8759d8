#include "storage/part_keys.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"
#include "storage/key.h"

namespace mote {

namespace {

constexpr uint64_t kHashSeed = 0x6b65796b6579ull;
constexpr size_t kBucketEndBytes = sizeof(uint32_t);
constexpr size_t kEntryBytes = sizeof(uint32_t);

KeyPlace place_of(uint64_t hash, uint32_t page_count) {
  // The upper half spreads over pages, the lower gives bucket and fingerprint.
  return {static_cast<uint32_t>(((hash >> 32) * page_count) >> 32),
          static_cast<uint32_t>(hash % kKeyBuckets),
          static_cast<uint32_t>((hash >> 8) & ((1u << kFingerprintBits) - 1))};
}

// Of a key's first eight bytes.
uint64_t number_of(std::string_view key) {
  return __builtin_bswap64(load_fixed<uint64_t>(key.data()));
}

}  // namespace

KeyPlace key_place(std::string_view key, uint32_t page_count) {
  return place_of(checksum(key, kHashSeed), page_count);
}

std::string fence_prefix(std::string_view key) {
  std::string prefix(key.substr(0, KeyFence::kPrefixBytes));
  prefix.resize(KeyFence::kPrefixBytes, '\0');
  return prefix;
}

std::optional<uint32_t> spaced_row(const KeyFence& fence, std::string_view key) {
  const uint64_t above = number_of(key) - number_of(fence.prefix);
  if (above == 0) return fence.row;
  if (fence.distance == 0 || above % fence.distance != 0) return std::nullopt;
  const uint64_t step = above / fence.distance;
  if (step >= fence.spaced_rows) return std::nullopt;
  return fence.row + static_cast<uint32_t>(step);
}

void KeyCollector::add_to_fence(std::string_view key, uint32_t row) {
  const bool number = key.size() == kSpacedKeyBytes;
  if (fences_.empty() || fences_.back().row / kChunkRows != row / kChunkRows) {
    fences_.push_back({row, fence_prefix(key), number ? 1u : 0u, 0});
    return;
  }
  KeyFence& fence = fences_.back();
  if (fence.spaced_rows == 0) return;
  const bool follows = number && row == fence.row + fence.spaced_rows;
  const uint64_t distance = follows ? number_of(key) - number_of(last_) : 0;
  if (fence.spaced_rows == 1) fence.distance = distance;
  const bool spaced = follows && distance == fence.distance;
  fence.spaced_rows = spaced ? fence.spaced_rows + 1 : 0;
}

Status KeyCollector::add(std::string_view key, uint32_t row, MemoryBudget& budget) {
  if (count_ == 0) {
    least_ = greatest_ = key;
  } else {
    rising_ = rising_ && key > last_;
    if (key < least_) least_ = key;
    if (key > greatest_) greatest_ = key;
  }
  if (rising_) add_to_fence(key, row);
  if (rows_.size() == rows_.capacity()) {
    const size_t more = std::max<size_t>(rows_.size(), kChunkRows);
    MOTE_TRY(charge_.grow(budget, more * sizeof(HashedRow), "the keys of a part"));
    rows_.reserve(rows_.size() + more);
  }
  rows_.push_back({checksum(key, kHashSeed), row});
  last_ = key;
  ++count_;
  return {};
}

std::vector<std::string> KeyCollector::finish(PartFooter* footer) {
  footer->key_order = count_ == 0 ? KeyOrder::kNone
                      : rising_   ? KeyOrder::kRising
                                  : KeyOrder::kDirectory;
  footer->least_key = least_;
  footer->greatest_key = greatest_;
  if (footer->key_order == KeyOrder::kRising) footer->fences = fences_;
  if (footer->key_order != KeyOrder::kDirectory) return {};
  return make_pages();
}

std::vector<std::string> KeyCollector::make_pages() const {
  const auto page_count = static_cast<uint32_t>((rows_.size() + kKeysPerPage - 1) / kKeysPerPage);
  struct Entry {
    uint32_t bucket;
    uint32_t value;
  };
  std::vector<std::vector<Entry>> pages(page_count);
  for (const HashedRow& row : rows_) {
    const KeyPlace place = place_of(row.hash, page_count);
    pages[place.page].push_back({place.bucket, row.row << kFingerprintBits | place.fingerprint});
  }
  std::vector<std::string> out;
  for (std::vector<Entry>& entries : pages) {
    // Rows came in order and stay so within their bucket.
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.bucket < b.bucket; });
    std::string& page = out.emplace_back();
    ByteWriter writer(&page);
    size_t end = 0;
    for (uint32_t bucket = 0; bucket < kKeyBuckets; ++bucket) {
      while (end < entries.size() && entries[end].bucket == bucket) ++end;
      writer.fixed(static_cast<uint32_t>(end));
    }
    for (const Entry& entry : entries) writer.fixed(entry.value);
  }
  return out;
}

Result<bool> key_of_row(const Schema& schema, const Column* const* columns, uint32_t row,
                        std::string* out) {
  const size_t count = schema.primary_key.size();
  for (size_t i = 0; i < count; ++i) {
    if (columns[i]->is_null(row)) return false;
  }
  MOTE_TRY(append_key({columns, count}, row, out));
  return true;
}

Status candidates(std::string_view page, const KeyPlace& place, uint32_t row_count,
                  std::vector<uint32_t>* rows) {
  constexpr size_t kEntriesAt = kKeyBuckets * kBucketEndBytes;
  if (page.size() < kEntriesAt) return corruption("a page of the key directory is too short");
  const auto end_of = [&](uint32_t bucket) {
    return load_fixed<uint32_t>(page.data() + bucket * kBucketEndBytes);
  };
  const uint32_t begin = place.bucket == 0 ? 0 : end_of(place.bucket - 1);
  const uint32_t end = end_of(place.bucket);
  if (begin > end || end > (page.size() - kEntriesAt) / kEntryBytes) {
    return corruption("bucket %u of the key directory is entries %u to %u", place.bucket, begin,
                      end);
  }
  for (uint32_t i = begin; i < end; ++i) {
    const auto entry = load_fixed<uint32_t>(page.data() + kEntriesAt + i * kEntryBytes);
    if ((entry & ((1u << kFingerprintBits) - 1)) != place.fingerprint) continue;
    const uint32_t row = entry >> kFingerprintBits;
    if (row >= row_count) return corruption("the key directory names row %u", row);
    rows->push_back(row);
  }
  return {};
}

}  // namespace mote
