#include "engine/append_ring.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/core.h"
#include "types/text_format.h"

namespace mote {

namespace {

// Bytes copied in one claim: short, since meanwhile the oldest rows can not be pushed out.
constexpr size_t kPieceBytes = 64 * 1024;

// Elements as the column stores them. Errors: kConstraint for one that is not finite or out of
// range.
Status store_vector(std::span<const float> elements, VectorElement kind, char* out) {
  for (size_t i = 0; i < elements.size(); ++i) {
    const float element = elements[i];
    if (!std::isfinite(element)) return constraint("vector element %zu is not finite", i + 1);
    switch (kind) {
      case VectorElement::kF32: store_fixed(out + i * 4, element); break;
      case VectorElement::kF16: {
        const uint16_t half = half_from_float(element);
        if (!std::isfinite(float_from_half(half))) {
          return constraint("vector element %zu, %g, is too large for f16", i + 1,
                            static_cast<double>(element));
        }
        store_fixed(out + i * 2, half);
        break;
      }
      case VectorElement::kI8:
        if (std::nearbyint(element) < -128 || std::nearbyint(element) > 127) {
          return constraint("vector element %zu, %g, is not in [-128, 127]", i + 1,
                            static_cast<double>(element));
        }
        out[i] = static_cast<char>(static_cast<int8_t>(std::nearbyint(element)));
        break;
    }
  }
  return {};
}

uint64_t aligned(uint64_t size) { return (size + 7) & ~uint64_t{7}; }

// A DEFAULT that is a literal, as it stands in a row; empty for NULL and for what is none.
std::string constant_default(const ColumnDefinition& column) {
  std::string text = column.default_sql;
  const bool quoted = text.size() >= 2 && text.front() == '\'' && text.back() == '\'';
  if (quoted) {
    std::string inner;
    for (size_t i = 1; i + 1 < text.size(); ++i) {
      inner += text[i];
      if (text[i] == '\'' && text[i + 1] == '\'') ++i;
    }
    text = inner;
  } else if (text.empty() || column.type.is(TypeKind::kText) || column.type.is(TypeKind::kBlob)) {
    return {};
  }
  const Result<Value> value = cast_value(Value::text(text), column.type, CastMode::kImplicit);
  if (!value.ok() || value->is_null()) return {};
  Column one(column.type);
  one.set_value(0, *value);
  std::string bytes(1, '\x01');
  const LaneKind kind = lane_kind(column.type.kind);
  if (kind == LaneKind::kBytes) {
    const std::string_view view = one.lane<std::string_view>()[0];
    ByteWriter(&bytes).fixed(static_cast<uint32_t>(view.size()));
    return bytes.append(view);
  }
  for (uint32_t lane = 0; lane < lane_count(column.type.kind); ++lane) {
    bytes.append(one.lane<char>(lane), lane_entry_bytes(kind));
  }
  return bytes;
}

}  // namespace

AppendRing::AppendRing(std::shared_ptr<Core> core, std::shared_ptr<const TableDefinition> table,
                       const AppenderOptions& options)
    : core_(std::move(core)),
      table_(std::move(table)),
      options_(options),
      capacity_(options.ring_bytes) {}

AppendRing::~AppendRing() = default;

Result<std::shared_ptr<AppendRing>> AppendRing::create(std::shared_ptr<Core> core,
                                                       std::shared_ptr<const TableDefinition> table,
                                                       const AppenderOptions& options) {
  const uint64_t capacity = options.ring_bytes;
  if (capacity < kMinRingBytes || capacity > kMaxRingBytes || (capacity & (capacity - 1)) != 0) {
    return invalid_argument("a ring of %llu bytes; it is a power of two from %llu to %llu",
                            static_cast<unsigned long long>(capacity),
                            static_cast<unsigned long long>(kMinRingBytes),
                            static_cast<unsigned long long>(kMaxRingBytes));
  }
  std::shared_ptr<AppendRing> ring(new AppendRing(core, std::move(table), options));
  for (const ColumnDefinition& column : ring->table_->schema.columns) {
    ring->defaults_.push_back(constant_default(column));
  }
  const size_t size = capacity + capacity / 2;
  MOTE_TRY(ring->charge_.grow(core->budget, size, "an appender's ring"));
  // Value-initialised, so every page is there before the first row.
  ring->bytes_ = std::make_unique<char[]>(capacity);
  ring->row_ = std::make_unique<char[]>(capacity / 2);
  return ring;
}

void AppendRing::begin_row() {
  row_bytes_ = kHeaderBytes;
  column_ = 0;
  row_failure_ = Status();
}

void AppendRing::fail_row(Status why) {
  if (row_failure_.ok()) row_failure_ = std::move(why);
}

void AppendRing::write(const void* bytes, size_t size_bytes) {
  if (row_bytes_ + size_bytes > capacity_ / 2) {
    fail_row(limit_exceeded("table '%s': a row of more than %llu bytes; half the ring is the limit",
                            table_->name.c_str(), static_cast<unsigned long long>(capacity_ / 2)));
    return;
  }
  if (size_bytes > 0) std::memcpy(row_.get() + row_bytes_, bytes, size_bytes);
  row_bytes_ += size_bytes;
}

const ColumnDefinition* AppendRing::next_column(const char* given) {
  if (column_ >= table_->schema.columns.size()) {
    fail_row(invalid_argument("table '%s' has %zu columns; a further %s was put",
                              table_->name.c_str(), table_->schema.columns.size(), given));
    return nullptr;
  }
  return &table_->schema.columns[column_++];
}

namespace {

Status wrong_type(const TableDefinition& table, const ColumnDefinition& column, const char* given) {
  return constraint("table '%s', column '%s' is %s; %s was put", table.name.c_str(),
                    column.name.c_str(), column.type.name().c_str(), given);
}

}  // namespace

void AppendRing::put_null() {
  const ColumnDefinition* const column = next_column("NULL");
  if (column == nullptr) return;
  const auto& key = table_->schema.primary_key;
  if (column->not_null || std::find(key.begin(), key.end(), column_ - 1) != key.end()) {
    fail_row(constraint("table '%s', column '%s': NULL; the column is NOT NULL",
                        table_->name.c_str(), column->name.c_str()));
  }
  const uint8_t present = 0;
  write(&present, 1);
}

void AppendRing::put_default() {
  const std::string& bytes = defaults_[column_];
  if (bytes.empty()) return put_null();
  ++column_;
  write(bytes.data(), bytes.size());
}

void AppendRing::put_boolean(bool value) {
  const ColumnDefinition* const column = next_column("BOOLEAN");
  if (column == nullptr) return;
  if (!column->type.is(TypeKind::kBoolean))
    return fail_row(wrong_type(*table_, *column, "BOOLEAN"));
  const uint8_t bytes[2] = {1, value};
  write(bytes, 2);
}

void AppendRing::put_integer(int64_t value) {
  const ColumnDefinition* const column = next_column("INTEGER");
  if (column == nullptr) return;
  const uint8_t present = 1;
  write(&present, 1);
  switch (column->type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kTimestamp: return write(&value, sizeof value);
    case TypeKind::kFloat: {
      const auto number = static_cast<double>(value);
      return write(&number, sizeof number);
    }
    case TypeKind::kFloat4: {
      const auto number = static_cast<float>(value);
      return write(&number, sizeof number);
    }
    default: return fail_row(wrong_type(*table_, *column, "INTEGER"));
  }
}

void AppendRing::put_float(double value) {
  const ColumnDefinition* const column = next_column("FLOAT");
  if (column == nullptr) return;
  const uint8_t present = 1;
  write(&present, 1);
  if (column->type.is(TypeKind::kFloat)) return write(&value, sizeof value);
  if (column->type.is(TypeKind::kFloat4)) {
    const auto number = static_cast<float>(value);
    return write(&number, sizeof number);
  }
  fail_row(wrong_type(*table_, *column, "FLOAT"));
}

void AppendRing::put_bytes(std::string_view value) {
  const ColumnDefinition* const column = next_column("TEXT or BLOB");
  if (column == nullptr) return;
  if (!column->type.is(TypeKind::kText) && !column->type.is(TypeKind::kBlob)) {
    return fail_row(wrong_type(*table_, *column, "TEXT or BLOB"));
  }
  const uint8_t present = 1;
  const auto size = static_cast<uint32_t>(std::min<size_t>(value.size(), UINT32_MAX));
  write(&present, 1);
  write(&size, sizeof size);
  write(value.data(), value.size());
}

void AppendRing::put_vector(std::span<const float> elements) {
  const ColumnDefinition* const column = next_column("VECTOR");
  if (column == nullptr) return;
  const Type& type = column->type;
  if (!type.is(TypeKind::kVector)) return fail_row(wrong_type(*table_, *column, "VECTOR"));
  if (elements.size() != type.dimension) {
    return fail_row(constraint("table '%s', column '%s': vector of %zu elements; it is %s",
                               table_->name.c_str(), column->name.c_str(), elements.size(),
                               type.name().c_str()));
  }
  const uint8_t present = 1;
  const uint32_t size = type.dimension * element_bytes(type.element);
  write(&present, 1);
  write(&size, sizeof size);
  if (row_bytes_ + size > capacity_ / 2) return write(elements.data(), capacity_);
  if (Status stored = store_vector(elements, type.element, row_.get() + row_bytes_); !stored.ok()) {
    return fail_row(
        std::move(stored).in("table '" + table_->name + "', column '" + column->name + "'"));
  }
  row_bytes_ += size;
}

void AppendRing::put_coordinates(TypeKind kind, const double* values, uint32_t count) {
  const char* const given = kind == TypeKind::kPoint ? "POINT" : "POINT3D";
  const ColumnDefinition* const column = next_column(given);
  if (column == nullptr) return;
  if (!column->type.is(kind)) return fail_row(wrong_type(*table_, *column, given));
  const uint8_t present = 1;
  write(&present, 1);
  write(values, count * sizeof(double));
}

void AppendRing::put_interval(Interval value) {
  const ColumnDefinition* const column = next_column("INTERVAL");
  if (column == nullptr) return;
  if (!column->type.is(TypeKind::kInterval)) {
    return fail_row(wrong_type(*table_, *column, "INTERVAL"));
  }
  const uint8_t present = 1;
  const int64_t lanes[2] = {value.calendar_lane(), value.nanoseconds};
  write(&present, 1);
  write(lanes, sizeof lanes);
}

// Puts the row into the ring if there is room for it.
bool AppendRing::place(size_t size_bytes) {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  const uint64_t head = head_.load(std::memory_order_acquire) >> 1;
  const uint64_t at = tail & (capacity_ - 1);
  const uint64_t skipped = capacity_ - at < size_bytes ? capacity_ - at : 0;
  if (capacity_ - (tail - head) < skipped + size_bytes) return false;
  const uint64_t number = accepted_.load(std::memory_order_relaxed) + 1;
  if (skipped > 0) store_fixed(bytes_.get() + at, Header{kSkip, 0});
  store_fixed(row_.get(), Header{static_cast<uint32_t>(size_bytes), static_cast<uint32_t>(number)});
  std::memcpy(bytes_.get() + ((tail + skipped) & (capacity_ - 1)), row_.get(), size_bytes);
  accepted_.store(number, std::memory_order_relaxed);
  tail_.store(tail + skipped + size_bytes, std::memory_order_release);
  return true;
}

bool AppendRing::push_out_oldest() {
  uint64_t head = head_.load(std::memory_order_acquire);
  if ((head & 1) != 0) return false;  // it is being copied out
  uint64_t at = head >> 1;
  if (at == tail_.load(std::memory_order_relaxed)) return false;
  Header header = load_fixed<Header>(bytes_.get() + (at & (capacity_ - 1)));
  if (header.size_bytes == kSkip) {
    at += capacity_ - (at & (capacity_ - 1));
    header = load_fixed<Header>(bytes_.get() + (at & (capacity_ - 1)));
  }
  at += header.size_bytes;
  if (head_.compare_exchange_strong(head, at << 1, std::memory_order_acq_rel)) {
    pushed_out_.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

Result<uint64_t> AppendRing::refuse(size_t size_bytes) {
  switch (options_.on_full) {
    case FullPolicy::kDropOldest:
      while (push_out_oldest()) {
        if (place(size_bytes)) return accepted_.load(std::memory_order_relaxed);
      }
      if (place(size_bytes)) return accepted_.load(std::memory_order_relaxed);
      break;
    case FullPolicy::kBlock:
      if (wait_for_space(size_bytes)) return accepted_.load(std::memory_order_relaxed);
      break;
    case FullPolicy::kFail:
    case FullPolicy::kDropNewest: break;
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  if (options_.on_full == FullPolicy::kFail || options_.on_full == FullPolicy::kBlock) {
    if (refusing_.load()) return core_->closed_status();
    return ring_full("table '%s': the appender's ring of %llu bytes is full", table_->name.c_str(),
                     static_cast<unsigned long long>(capacity_));
  }
  return uint64_t{0};
}

bool AppendRing::wait_for_space(size_t size_bytes) {
  const int64_t deadline =
      core_->env.monotonic_ns() + int64_t{options_.block_timeout_ms} * 1'000'000;
  waiting_.fetch_add(1);
  bool placed = false;
  while (!(placed = place(size_bytes)) && !refusing_.load()) {
    const int64_t left = deadline - core_->env.monotonic_ns();
    if (left <= 0) break;
    if (!core_->threaded) {
      // Nobody else empties the ring.
      const Status written = core_->drain_and_write();
      if (!written.ok() || !(placed = place(size_bytes))) break;
      break;
    }
    core_->wake_log_thread(/*at_once=*/true);
    MutexLock lock(mutex_);
    changed_.wait_for(mutex_, std::min<int64_t>(left, 1'000'000));
  }
  waiting_.fetch_sub(1);
  return placed;
}

Result<uint64_t> AppendRing::put_row() {
  if (refusing_.load()) return core_->closed_status();
  if (core_->env.process_id() != core_->process_id) return core_->check_open();
  if (core_->poisoned.load(std::memory_order_acquire)) return core_->check_writable();
  const uint64_t size_bytes = aligned(row_bytes_);
  if (size_bytes > capacity_ / 2) {
    return limit_exceeded("table '%s': a row of %llu bytes; half the ring, %llu, is the limit",
                          table_->name.c_str(), static_cast<unsigned long long>(size_bytes),
                          static_cast<unsigned long long>(capacity_ / 2));
  }
  if (place(size_bytes)) return accepted_.load(std::memory_order_relaxed);
  return refuse(size_bytes);
}

Result<uint64_t> AppendRing::end_row() {
  while (column_ < table_->schema.columns.size()) put_default();
  if (!row_failure_.ok()) return std::move(row_failure_);
  // Either this call sees that rows are refused, or who refuses them sees this call.
  in_call_.store(true);
  Result<uint64_t> number = put_row();
  in_call_.store(false, std::memory_order_release);
  return number;
}

void AppendRing::refuse_rows() {
  refusing_.store(true);
  MutexLock lock(mutex_);
  while (in_call_.load()) changed_.wait_for(mutex_, 100'000);
}

bool AppendRing::empty() const {
  return (head_.load(std::memory_order_acquire) >> 1) == tail_.load(std::memory_order_acquire);
}

AppenderCounters AppendRing::counters() const {
  AppenderCounters counters;
  counters.durable = durable_.load(std::memory_order_acquire);
  counters.dropped = refused_.load(std::memory_order_relaxed) +
                     pushed_out_.load(std::memory_order_relaxed) +
                     rejected_.load(std::memory_order_relaxed);
  counters.accepted = accepted_.load(std::memory_order_relaxed);
  return counters;
}

void AppendRing::close(Status why) {
  MutexLock lock(mutex_);
  if (closed_.load()) return;
  closed_why_ = std::move(why);
  closed_.store(true, std::memory_order_release);
  changed_.notify_all();
}

const AppendRing::LostRange* AppendRing::lost(uint64_t row) const {
  const auto behind = std::upper_bound(lost_.begin(), lost_.end(), row,
                                       [](uint64_t r, const LostRange& l) { return r < l.first; });
  return behind != lost_.begin() && row <= (behind - 1)->last ? &*(behind - 1) : nullptr;
}

std::optional<Status> AppendRing::outcome(uint64_t row) const {
  if (row <= settled_number_) {
    const LostRange* const range = lost(row);
    if (range == nullptr) return Status();
    if (range->rejected) return rejected_why_;
    return ring_full("table '%s': the row was pushed out of the appender's ring",
                     table_->name.c_str());
  }
  if (closed_.load()) return closed_why_;
  if (core_->poisoned.load()) {
    return read_only("table '%s': the log failed before the row was written", table_->name.c_str());
  }
  return std::nullopt;
}

bool AppendRing::durable(uint64_t row) const {
  MutexLock lock(mutex_);
  return row > 0 && row <= settled_number_ && lost(row) == nullptr;
}

Status AppendRing::wait_for(uint64_t row, int64_t timeout_ns) const {
  if (row == 0) return ring_full("table '%s': the row was dropped", table_->name.c_str());
  if (core_->env.process_id() != core_->process_id) return core_->check_open();
  const int64_t deadline = core_->env.monotonic_ns() + timeout_ns;
  waiting_.fetch_add(1);
  Status result;
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (std::optional<Status> status = outcome(row); status.has_value()) {
        result = std::move(*status);
        break;
      }
      const int64_t left = deadline - core_->env.monotonic_ns();
      if (left <= 0) {
        result = cancelled("table '%s': row %llu is not durable yet", table_->name.c_str(),
                           static_cast<unsigned long long>(row));
        break;
      }
      if (core_->threaded) {
        changed_.wait_for(mutex_, std::min<int64_t>(left, 100'000'000));
        continue;
      }
    }
    result = core_->drain_and_write();
    if (!result.ok()) break;
  }
  waiting_.fetch_sub(1);
  return result;
}

Status AppendRing::flush(int64_t timeout_ns) const {
  const uint64_t last = accepted_.load();
  if (last == 0) return {};
  core_->wake_log_thread(/*at_once=*/true);
  Status status = wait_for(last, timeout_ns);
  // That the last row was pushed out says nothing of the others: all are settled.
  if (status.code() == Code::kFull) return {};
  return status;
}

void AppendRing::lose(LostRange range) {
  if (!lost_.empty() && lost_.back().last + 1 == range.first &&
      lost_.back().rejected == range.rejected) {
    lost_.back().last = range.last;
  } else {
    lost_.push_back(range);
  }
  // What is so long ago is not told apart any more: all counts as lost up to the second range.
  if (lost_.size() > kMaxLostRanges) {
    lost_[1].first = lost_[0].first;
    lost_.erase(lost_.begin());
  }
}

uint32_t AppendRing::take(size_t limit_bytes, Chunk* rows, std::vector<uint64_t>* numbers) {
  numbers->clear();
  rows->reset(table_->schema.types());
  uint32_t count = 0;
  size_t taken_bytes = 0;
  while (count < kChunkRows && taken_bytes < limit_bytes) {
    uint64_t head = head_.load(std::memory_order_relaxed);
    while (!head_.compare_exchange_weak(head, head | 1, std::memory_order_acq_rel)) {
    }
    const uint64_t begin = head >> 1;
    const uint64_t tail = tail_.load(std::memory_order_acquire);
    piece_.clear();
    uint64_t at = begin;
    for (uint32_t in_piece = 0; at < tail && count + in_piece < kChunkRows;) {
      const uint64_t place = at & (capacity_ - 1);
      const auto header = load_fixed<Header>(bytes_.get() + place);
      if (header.size_bytes == kSkip) {
        at += capacity_ - place;
        continue;
      }
      if (!piece_.empty() && piece_.size() + header.size_bytes > kPieceBytes) break;
      piece_.append(bytes_.get() + place, header.size_bytes);
      at += header.size_bytes;
      ++in_piece;
    }
    head_.store(at << 1, std::memory_order_release);
    if (piece_.empty()) break;
    for (size_t offset = 0; offset < piece_.size();) {
      const auto header = load_fixed<Header>(piece_.data() + offset);
      const uint64_t number =
          taken_number_ + 1 +
          static_cast<uint32_t>(header.number - static_cast<uint32_t>(taken_number_ + 1));
      if (number > taken_number_ + 1) {
        MutexLock lock(mutex_);
        lose({taken_number_ + 1, number - 1, /*rejected=*/false});
      }
      taken_number_ = number;
      MOTE_CHECK(decode_row(
          {piece_.data() + offset + kHeaderBytes, header.size_bytes - kHeaderBytes}, rows, count));
      numbers->push_back(number);
      ++count;
      offset += header.size_bytes;
    }
    taken_bytes += piece_.size();
  }
  rows->set_row_count(count);
  if (count > 0 && waiting_.load() > 0) {
    MutexLock lock(mutex_);
    changed_.notify_all();
  }
  return count;
}

bool AppendRing::decode_row(std::string_view row, Chunk* rows, uint32_t at) const {
  ByteReader reader(row);
  for (uint32_t c = 0; c < rows->column_count(); ++c) {
    Column& column = rows->column(c);
    if (reader.fixed<uint8_t>() == 0) {
      column.set_null(at);
      continue;
    }
    const TypeKind kind = column.type().kind;
    const LaneKind lane = lane_kind(kind);
    if (lane == LaneKind::kBytes) {
      column.lane<std::string_view>()[at] = column.store(reader.bytes(reader.fixed<uint32_t>()));
      continue;
    }
    const uint32_t size = lane_entry_bytes(lane);
    for (uint32_t i = 0; i < lane_count(kind); ++i) {
      const std::string_view bytes = reader.bytes(size);
      if (reader.failed()) return false;
      std::memcpy(column.lane<char>(i) + static_cast<size_t>(at) * size, bytes.data(), size);
    }
  }
  return !reader.failed();
}

void AppendRing::settle(uint64_t number, uint64_t durable_count) {
  MutexLock lock(mutex_);
  settled_number_ = std::max(settled_number_, number);
  durable_.fetch_add(durable_count, std::memory_order_release);
  if (waiting_.load() > 0) changed_.notify_all();
}

void AppendRing::reject(uint64_t number, const Status& why) {
  MutexLock lock(mutex_);
  lose({number, number, /*rejected=*/true});
  rejected_why_ = why;
  rejected_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace mote
