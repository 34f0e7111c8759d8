// What a column part holds once it is used. Not for use outside this layer.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "column/encoding.h"
#include "env/env.h"
#include "storage/column_part.h"
#include "storage/part_footer.h"

namespace mote {

// Something that is loaded once, under the part's lock, and from then on read without it.
template <typename T>
class Lazy {
 public:
  const T* get() const { return loaded_.load(std::memory_order_acquire); }
  const T* set(std::unique_ptr<const T> loaded) const {
    owned_ = std::move(loaded);
    loaded_.store(owned_.get(), std::memory_order_release);
    return owned_.get();
  }

 private:
  mutable std::unique_ptr<const T> owned_;
  mutable std::atomic<const T*> loaded_{nullptr};
};

struct ColumnPart::Loaded {
  struct Decoder {
    std::shared_ptr<const ColumnDecoder> decoder;
    MemoryCharge charge;
  };
  struct Stats {
    std::vector<ColumnStats> blocks;
    MemoryCharge charge;
  };
  Lazy<Decoder> values;
  Lazy<Decoder> references;
  Lazy<Stats> stats;
};

struct ColumnPart::Open {
  PartFooter footer;
  MemoryCharge charge;
  std::unique_ptr<Loaded[]> columns;
};

}  // namespace mote
