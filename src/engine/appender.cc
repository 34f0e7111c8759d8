#include "engine/appender.h"

#include "engine/append_ring.h"
#include "engine/core.h"

namespace mote {

bool Ack::durable() const { return ring_ != nullptr && ring_->durable(row_); }

Status Ack::wait_for(int64_t timeout_ns) const {
  if (ring_ == nullptr) return invalid_argument("an Ack of no row");
  return ring_->wait_for(row_, timeout_ns);
}

Appender::Appender(std::shared_ptr<AppendRing> ring) : ring_(std::move(ring)) {
  ring_->row().begin();
}
Appender::~Appender() { ring_->detach(); }

const Schema& Appender::schema() const { return ring_->table().schema; }
void Appender::begin_row() { ring_->row().begin(); }
void Appender::put_null() { ring_->row().put_null(); }
void Appender::put_boolean(bool value) { ring_->row().put_boolean(value); }
void Appender::put_integer(int64_t value) { ring_->row().put_integer(value); }
void Appender::put_float(double value) { ring_->row().put_float(value); }
void Appender::put_bytes(std::string_view value) { ring_->row().put_bytes(value); }
void Appender::put_vector(std::span<const float> elements) { ring_->row().put_vector(elements); }
void Appender::put_point(double x, double y) {
  const double values[] = {x, y};
  ring_->row().put_coordinates(TypeKind::kPoint, values, 2);
}
void Appender::put_point3d(double x, double y, double z) {
  const double values[] = {x, y, z};
  ring_->row().put_coordinates(TypeKind::kPoint3d, values, 3);
}
void Appender::put_interval(Interval value) { ring_->row().put_interval(value); }

Result<Ack> Appender::end_row() {
  Result<uint64_t> number = ring_->end_row();
  if (!number.ok()) return std::move(number).status();
  return ack(*number);
}

Ack Appender::ack(uint64_t row_number) const {
  Ack named;
  named.ring_ = ring_;
  named.row_ = row_number;
  return named;
}

AppenderCounters Appender::counters() const { return ring_->counters(); }
Status Appender::flush(int64_t timeout_ns) { return ring_->flush(timeout_ns); }

}  // namespace mote
