#include "base/row_set.h"

#include <algorithm>
#include <functional>

#include "base/coding.h"

namespace mote {

namespace {

constexpr uint32_t kWords = RowSet::kContainerRows / 64;

uint32_t count_bits(std::span<const uint64_t> words) {
  uint32_t count = 0;
  for (const uint64_t word : words) count += static_cast<uint32_t>(std::popcount(word));
  return count;
}

}  // namespace

size_t RowSet::lower_bound(uint64_t high) const {
  const auto at = std::lower_bound(containers_.begin(), containers_.end(), high,
                                   [](const Slot& slot, uint64_t h) { return slot.high < h; });
  return static_cast<size_t>(at - containers_.begin());
}

bool RowSet::add(RowId row) {
  if (contains(row)) return false;
  add_range(row, row + 1);
  return true;
}

namespace {

// Fills bits [first, last) of a container's bitmap.
void set_bits(std::vector<uint64_t>& bits, uint32_t first, uint32_t last) {
  for (uint32_t row = first; row < last;) {
    const uint32_t from = row % 64;
    const uint32_t to = std::min(64u, from + (last - row));
    const uint64_t mask = (to == 64 ? ~0ull : (1ull << to) - 1) & ~((1ull << from) - 1);
    bits[row / 64] |= mask;
    row += to - from;
  }
}

std::vector<uint64_t> bits_of(std::span<const uint16_t> array) {
  std::vector<uint64_t> bits(kWords);
  for (const uint16_t low : array) bits[low / 64] |= 1ull << (low % 64);
  return bits;
}

std::vector<uint16_t> array_of(std::span<const uint64_t> bits) {
  std::vector<uint16_t> array;
  for (uint32_t w = 0; w < bits.size(); ++w) {
    for (uint64_t word = bits[w]; word != 0; word &= word - 1) {
      array.push_back(static_cast<uint16_t>(w * 64 + std::countr_zero(word)));
    }
  }
  return array;
}

}  // namespace

void RowSet::add_all(std::span<const RowId> rows) {
  while (!rows.empty()) {
    const uint64_t high = rows.front() / kContainerRows;
    size_t count = 1;
    while (count < rows.size() && rows[count] / kContainerRows == high) ++count;
    if (count == 1) {
      add(rows.front());
      rows = rows.subspan(1);
      continue;
    }
    const size_t at = lower_bound(high);
    if (at == containers_.size() || containers_[at].high != high) {
      containers_.insert(containers_.begin() + static_cast<ptrdiff_t>(at), Slot{high, nullptr});
    }
    auto changed = std::make_shared<Container>();
    if (const Container* const before = containers_[at].container.get(); before != nullptr) {
      changed->bits = before->bits.empty() ? bits_of(before->array) : before->bits;
    } else {
      changed->bits.resize(kWords);
    }
    for (const RowId row : rows.first(count)) {
      const auto low = static_cast<uint32_t>(row % kContainerRows);
      changed->bits[low / 64] |= 1ull << (low % 64);
    }
    changed->count = count_bits(changed->bits);
    if (changed->count <= kMaxArray) {
      changed->array = array_of(changed->bits);
      changed->bits = {};
    }
    containers_[at].container = std::move(changed);
    rows = rows.subspan(count);
  }
}

void RowSet::add_range(RowId first, RowId last) {
  while (first < last) {
    const uint64_t high = first / kContainerRows;
    const RowId end = std::min<RowId>(last, (high + 1) * kContainerRows);
    const size_t at = lower_bound(high);
    const bool there = at < containers_.size() && containers_[at].high == high;
    auto changed = there ? std::make_shared<Container>(*containers_[at].container)
                         : std::make_shared<Container>();
    const auto low_first = static_cast<uint32_t>(first % kContainerRows);
    const uint32_t count = static_cast<uint32_t>(end - first);
    if (changed->bits.empty() && count == 1 && changed->count < kMaxArray) {
      const auto low = static_cast<uint16_t>(low_first);
      const auto place = std::lower_bound(changed->array.begin(), changed->array.end(), low);
      if (place == changed->array.end() || *place != low) changed->array.insert(place, low);
      changed->count = static_cast<uint32_t>(changed->array.size());
    } else {
      if (changed->bits.empty()) changed->bits = bits_of(changed->array);
      set_bits(changed->bits, low_first, low_first + count);
      changed->count = count_bits(changed->bits);
      changed->array.clear();
      if (changed->count <= kMaxArray) {
        changed->array = array_of(changed->bits);
        changed->bits.clear();
      }
    }
    if (there) {
      containers_[at].container = std::move(changed);
    } else {
      containers_.insert(containers_.begin() + static_cast<ptrdiff_t>(at),
                         Slot{high, std::move(changed)});
    }
    first = end;
  }
}

bool RowSet::contains(RowId row) const {
  const uint64_t high = row / kContainerRows;
  const size_t at = lower_bound(high);
  if (at == containers_.size() || containers_[at].high != high) return false;
  const Container& container = *containers_[at].container;
  const auto low = static_cast<uint16_t>(row % kContainerRows);
  if (!container.bits.empty()) return ((container.bits[low / 64] >> (low % 64)) & 1) != 0;
  return std::binary_search(container.array.begin(), container.array.end(), low);
}

uint64_t RowSet::size() const {
  uint64_t size = 0;
  for (const Slot& slot : containers_) size += slot.container->count;
  return size;
}

uint64_t RowSet::count_range(RowId first, RowId last) const {
  uint64_t count = 0;
  for (size_t at = lower_bound(first / kContainerRows); at < containers_.size(); ++at) {
    const RowId base = containers_[at].high * kContainerRows;
    if (base >= last) break;
    const Container& container = *containers_[at].container;
    if (first <= base && base + kContainerRows <= last) {
      count += container.count;
      continue;
    }
    const auto from = static_cast<uint32_t>(first > base ? first - base : 0);
    const auto to = static_cast<uint32_t>(std::min<RowId>(last - base, kContainerRows));
    if (container.bits.empty()) {
      const auto& array = container.array;
      count += static_cast<uint64_t>(std::lower_bound(array.begin(), array.end(), to) -
                                     std::lower_bound(array.begin(), array.end(), from));
      continue;
    }
    for (uint32_t row = from; row < to;) {
      const uint32_t end = std::min(to, (row / 64 + 1) * 64);
      const uint64_t word = container.bits[row / 64] >> (row % 64);
      const uint64_t mask = end - row == 64 ? ~0ull : (1ull << (end - row)) - 1;
      count += static_cast<uint64_t>(std::popcount(word & mask));
      row = end;
    }
  }
  return count;
}

uint32_t RowSet::clear_rows(RowId first, uint32_t row_count, std::span<uint64_t> words) const {
  uint32_t cleared = 0;
  const auto clear = [&](RowId row) {
    const RowId bit = row - first;
    const uint64_t mask = 1ull << (bit % 64);
    cleared += (words[bit / 64] & mask) != 0 ? 1 : 0;
    words[bit / 64] &= ~mask;
  };
  const RowId last = first + row_count;
  for (size_t at = lower_bound(first / kContainerRows); at < containers_.size(); ++at) {
    const RowId base = containers_[at].high * kContainerRows;
    if (base >= last) break;
    const Container& container = *containers_[at].container;
    const auto from = static_cast<uint32_t>(first > base ? first - base : 0);
    const auto to = static_cast<uint32_t>(std::min<RowId>(last - base, kContainerRows));
    if (container.bits.empty()) {
      auto low = std::lower_bound(container.array.begin(), container.array.end(), from);
      for (; low != container.array.end() && *low < to; ++low) clear(base + *low);
      continue;
    }
    for (uint32_t w = from / 64; w <= (to - 1) / 64; ++w) {
      for (uint64_t word = container.bits[w]; word != 0; word &= word - 1) {
        const uint32_t low = w * 64 + static_cast<uint32_t>(std::countr_zero(word));
        if (low >= from && low < to) clear(base + low);
      }
    }
  }
  return cleared;
}

RowSet RowSet::united_with(const RowSet& other) const {
  RowSet result;
  size_t a = 0;
  size_t b = 0;
  while (a < containers_.size() || b < other.containers_.size()) {
    if (b == other.containers_.size() ||
        (a < containers_.size() && containers_[a].high < other.containers_[b].high)) {
      result.containers_.push_back(containers_[a++]);
    } else if (a == containers_.size() || other.containers_[b].high < containers_[a].high) {
      result.containers_.push_back(other.containers_[b++]);
    } else {
      const Container& left = *containers_[a].container;
      const Container& right = *other.containers_[b].container;
      auto both = std::make_shared<Container>();
      both->bits = left.bits.empty() ? bits_of(left.array) : left.bits;
      const std::vector<uint64_t> more = right.bits.empty() ? bits_of(right.array) : right.bits;
      for (uint32_t w = 0; w < kWords; ++w) both->bits[w] |= more[w];
      both->count = count_bits(both->bits);
      if (both->count <= kMaxArray) {
        both->array = array_of(both->bits);
        both->bits.clear();
      }
      result.containers_.push_back(Slot{containers_[a].high, std::move(both)});
      ++a;
      ++b;
    }
  }
  return result;
}

RowSet RowSet::intersected_with(const RowSet& other) const {
  RowSet result;
  for (const Slot& slot : containers_) {
    const size_t at = other.lower_bound(slot.high);
    if (at == other.containers_.size() || other.containers_[at].high != slot.high) continue;
    const Container& right = *other.containers_[at].container;
    auto both = std::make_shared<Container>();
    both->bits =
        slot.container->bits.empty() ? bits_of(slot.container->array) : slot.container->bits;
    const std::vector<uint64_t> more = right.bits.empty() ? bits_of(right.array) : right.bits;
    for (uint32_t w = 0; w < kWords; ++w) both->bits[w] &= more[w];
    both->count = count_bits(both->bits);
    if (both->count == 0) continue;
    if (both->count <= kMaxArray) {
      both->array = array_of(both->bits);
      both->bits.clear();
    }
    result.containers_.push_back(Slot{slot.high, std::move(both)});
  }
  return result;
}

void RowSet::keep_range(RowId first, RowId last) {
  std::erase_if(containers_, [first, last](const Slot& slot) {
    const RowId base = slot.high * kContainerRows;
    return first >= last || base + kContainerRows <= first || base >= last;
  });
  // Only the outermost containers can lie across an end.
  const auto cut = [&](size_t at) {
    const RowId base = containers_[at].high * kContainerRows;
    if (base >= first && base + kContainerRows <= last) return;
    RowSet range;
    range.add_range(std::max(first, base), std::min(last, base + kContainerRows));
    RowSet container;
    container.containers_.push_back(containers_[at]);
    container = container.intersected_with(range);
    const auto place = containers_.begin() + static_cast<ptrdiff_t>(at);
    if (container.containers_.empty()) {
      containers_.erase(place);
    } else {
      *place = container.containers_.front();
    }
  };
  if (!containers_.empty()) cut(containers_.size() - 1);
  if (!containers_.empty()) cut(0);
}

std::vector<RowId> RowSet::to_vector() const {
  std::vector<RowId> rows;
  rows.reserve(size());
  for (const Slot& slot : containers_) {
    const RowId base = slot.high * kContainerRows;
    const Container& container = *slot.container;
    if (container.bits.empty()) {
      for (const uint16_t low : container.array) rows.push_back(base + low);
    } else {
      for (const uint16_t low : array_of(container.bits)) rows.push_back(base + low);
    }
  }
  return rows;
}

bool RowSet::operator==(const RowSet& other) const {
  if (containers_.size() != other.containers_.size()) return false;
  for (size_t i = 0; i < containers_.size(); ++i) {
    const Slot& a = containers_[i];
    const Slot& b = other.containers_[i];
    if (a.high != b.high || a.container->count != b.container->count) return false;
    if (a.container == b.container) continue;
    if (a.container->array != b.container->array || a.container->bits != b.container->bits) {
      return false;
    }
  }
  return true;
}

// varint container count, then for each: varint high, varint count, and count times u16 or the
// bitmap.
void RowSet::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.varint(containers_.size());
  for (const Slot& slot : containers_) {
    const Container& container = *slot.container;
    writer.varint(slot.high);
    writer.varint(container.count);
    if (container.bits.empty()) {
      for (const uint16_t low : container.array) writer.fixed(low);
    } else {
      for (const uint64_t word : container.bits) writer.fixed(word);
    }
  }
}

Result<RowSet> RowSet::deserialize(std::string_view bytes) {
  RowSet set;
  ByteReader reader(bytes);
  const uint64_t containers = reader.count(4);
  for (uint64_t i = 0; i < containers; ++i) {
    auto container = std::make_shared<Container>();
    const uint64_t high = reader.varint();
    const uint64_t count = reader.varint();
    if (reader.failed() || count == 0 || count > kContainerRows ||
        high > kMaxRowId / kContainerRows ||
        (!set.containers_.empty() && high <= set.containers_.back().high)) {
      return corruption("row set: container %llu is malformed", static_cast<unsigned long long>(i));
    }
    container->count = static_cast<uint32_t>(count);
    if (count <= kMaxArray) {
      for (uint64_t j = 0; j < count; ++j) container->array.push_back(reader.fixed<uint16_t>());
      const auto& array = container->array;
      if (std::adjacent_find(array.begin(), array.end(), std::greater_equal<>()) != array.end()) {
        return corruption("row set: container %llu is not sorted",
                          static_cast<unsigned long long>(i));
      }
    } else {
      for (uint32_t w = 0; w < kWords; ++w) container->bits.push_back(reader.fixed<uint64_t>());
      if (count_bits(container->bits) != count) {
        return corruption("row set: container %llu does not hold the %llu rows it says",
                          static_cast<unsigned long long>(i),
                          static_cast<unsigned long long>(count));
      }
    }
    if (reader.failed()) return corruption("row set: cut short");
    set.containers_.push_back(Slot{high, std::move(container)});
  }
  if (reader.failed() || reader.remaining() != 0) {
    return corruption("row set: %zu bytes do not belong", reader.remaining());
  }
  return set;
}

size_t RowSet::memory_bytes() const {
  size_t size = containers_.capacity() * sizeof(Slot);
  for (const Slot& slot : containers_) {
    size += sizeof(Container) + slot.container->array.capacity() * 2 +
            slot.container->bits.capacity() * 8;
  }
  return size;
}

}  // namespace mote
