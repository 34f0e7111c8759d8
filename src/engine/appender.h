// Rows from a control loop, without waiting.
//
// Each appender owns a ring of bytes, allocated and touched when it is made. Putting a row encodes
// it in place and publishes it with one release store: no lock, no allocation, no system call. The
// log thread takes what all rings have published once per window, in one commit group. When no
// appender has given a row for 100 windows it sleeps; the row that ends such a pause wakes it,
// which is one system call. Who waits for an Ack does not wait for the end of the window. One
// thread uses an Appender; its counters and acks may be read by any.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "catalog/catalog.h"
#include "engine/options.h"
#include "types/value.h"

namespace mote {

class Database;
class AppendRing;

// Names one appended row. Plain data; outlives the appender.
class Ack {
 public:
  Ack() = default;
  // True once the row is on the medium. False for a row that was pushed out, and for good after a
  // failed log.
  bool durable() const;
  // Waits until the row is durable or can not be any more; writes it, and what else there is, at
  // once. Errors: kCancelled after timeout_ns;
  // kFull when the row was pushed out of the ring; kReadOnly or kIoError when the log failed before
  // it was written; kClosed.
  Status wait_for(int64_t timeout_ns) const;
  uint64_t row_number() const { return row_; }

 private:
  friend class Appender;
  std::shared_ptr<AppendRing> ring_;
  uint64_t row_ = 0;  // counts accepted rows of the ring from 1
};

class Appender {
 public:
  ~Appender();  // rows already accepted are still written
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  const Schema& schema() const;

  // A row is begun, its values put in column order, and ended. Columns that are not put are NULL
  // (or their constant DEFAULT). A value of the wrong type, a NULL in a NOT NULL column, a vector
  // of the wrong dimension or with NaN makes end_row fail with kConstraint or kInvalidArgument and
  // the row is not accepted. None of these blocks, allocates or makes a system call, errors,
  // FullPolicy::kBlock and the first row after a long pause apart.
  void begin_row();
  void put_null();
  void put_boolean(bool value);
  void put_integer(int64_t value);         // INTEGER, TIMESTAMP (nanoseconds), FLOAT
  void put_float(double value);            // FLOAT, FLOAT4
  void put_bytes(std::string_view value);  // TEXT, BLOB
  void put_vector(std::span<const float> elements);
  void put_point(double x, double y);
  void put_point3d(double x, double y, double z);
  void put_interval(Interval value);
  // Errors: kFull (policy kFail, or kBlock after its timeout; kDropNewest and kDropOldest return OK
  // and count), kLimit for a row larger than half the ring, kReadOnly after a failed log, kClosed.
  Result<Ack> end_row();
  // The Ack of an accepted row, by its number.
  Ack ack(uint64_t row_number) const;

  AppenderCounters counters() const;
  // Asks the log thread for what is in the ring and waits for it.
  Status flush(int64_t timeout_ns);

 private:
  friend class Database;
  explicit Appender(std::shared_ptr<AppendRing> ring);
  std::shared_ptr<AppendRing> ring_;
};

}  // namespace mote
