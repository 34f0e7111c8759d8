// The ring between one producer and the log thread.
//
// Rows lie one behind the other, each with a header of 8 bytes and aligned to 8; a row that does
// not fit before the end of the ring begins at its start again. The producer owns `tail`, the
// consumer `head`. While the consumer copies rows out it has claimed the head, so that a producer
// that drops the oldest row for a new one never pulls it away under the copy; it then refuses its
// new row instead.
//
// A row number counts the accepted rows. A row is settled when it is known what became of it; a gap
// in the numbers that the consumer sees are rows that were pushed out.
//
// Threading: row() and end_row by one thread; take, settle, reject by one thread at a time (the
// drain lock); the rest by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "catalog/catalog.h"
#include "engine/append_row.h"
#include "engine/appender.h"
#include "engine/options.h"
#include "engine/record.h"
#include "env/sync.h"

namespace mote {

struct Core;

class AppendRing {
 public:
  static Result<std::shared_ptr<AppendRing>> create(std::shared_ptr<Core> core,
                                                    std::shared_ptr<const TableDefinition> table,
                                                    const AppenderOptions& options);
  ~AppendRing();

  // --- the producer
  const TableDefinition& table() const { return *table_; }
  AppendRow& row() { return *row_; }  // the one that is being put
  Result<uint64_t> end_row();         // the row's number; 0 when it was dropped at once
  void detach() { detached_.store(true, std::memory_order_release); }

  // --- any thread
  AppenderCounters counters() const;
  bool durable(uint64_t row) const;
  Status wait_for(uint64_t row, int64_t timeout_ns) const;
  Status flush(int64_t timeout_ns) const;
  bool empty() const;
  // Rows are in the ring, or a call is under way that may put one there.
  bool has_rows() const { return in_call_.load() || !empty(); }
  // No row is accepted any more; waits for a call that is under way.
  void refuse_rows();
  // Rows that are open now stay so for ever.
  void close(Status why);

  // --- the consumer
  bool detached() const { return detached_.load(std::memory_order_acquire); }
  // Moves rows from the ring into `batch`, up to kChunkRows and about `limit_bytes`. Returns how
  // many; *numbers has their numbers.
  uint32_t take(size_t limit_bytes, Chunk* rows, std::vector<uint64_t>* numbers);
  // It is known what became of the rows up to `number`; durable_count of them are on the medium.
  void settle(uint64_t number, uint64_t durable_count);
  // The row will never be on the medium. Rows are rejected in the order of their numbers, and
  // before they are settled.
  void reject(uint64_t number, const Status& why);
  std::shared_ptr<const TableDefinition> share_table() const { return table_; }

  // Rows that were taken and could not be committed for want of room; tried again.
  struct Stalled {
    RowBatch batch;
    std::vector<uint64_t> numbers;
    bool has_blobs = false;  // counted among the core's blob_writers
  };
  std::optional<Stalled> stalled;

 private:
  AppendRing(std::shared_ptr<Core> core, std::shared_ptr<const TableDefinition> table,
             const AppenderOptions& options);

  static constexpr uint32_t kSkip = UINT32_MAX;  // in a header: the next row is at the ring's start
  static constexpr size_t kMaxLostRanges = 65536;
  struct Header {
    uint32_t size_bytes;  // of header and row, a multiple of 8
    uint32_t number;      // the low bits of the row's number
  };
  static_assert(sizeof(Header) == AppendRow::kHeaderBytes);
  struct LostRange {
    uint64_t first;
    uint64_t last;
    bool rejected;  // by the table, not pushed out
  };

  bool place(size_t size_bytes);
  bool push_out_oldest();
  Result<uint64_t> put_row();
  Result<uint64_t> refuse(size_t size_bytes);
  bool wait_for_space(size_t size_bytes);
  void lose(LostRange range);
  const LostRange* lost(uint64_t row) const;
  // Under mutex_: what became of the row; nothing while it is open.
  std::optional<Status> outcome(uint64_t row) const;

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<const TableDefinition> table_;
  const AppenderOptions options_;
  const uint64_t capacity_;
  MemoryCharge charge_;
  std::unique_ptr<char[]> bytes_;
  std::unique_ptr<AppendRow> row_;  // at most half the ring

  // Of the producer.
  alignas(64) std::atomic<uint64_t> tail_{0};
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> pushed_out_{0};

  // The oldest row's place, times two, plus one while it is claimed.
  alignas(64) std::atomic<uint64_t> head_{0};
  uint64_t taken_number_ = 0;  // of the last row taken
  std::string piece_;          // bytes copied out of the ring
  std::vector<const char*> piece_rows_;

  std::atomic<bool> detached_{false};
  std::atomic<bool> in_call_{false};  // the producer is in end_row
  std::atomic<bool> refusing_{false};
  std::atomic<bool> closed_{false};
  mutable std::atomic<uint32_t> waiting_{0};
  mutable Mutex mutex_{LockRank::kLeaf};  // what follows
  mutable CondVar changed_;
  Status closed_why_;
  Status rejected_why_;
  uint64_t settled_number_ = 0;  // rows up to this one are settled
  std::vector<LostRange> lost_;  // of those, the rows that are not durable; rising
  std::atomic<uint64_t> durable_{0};
  std::atomic<uint64_t> rejected_{0};
};

}  // namespace mote
