// Appenders: rows from a control loop.
#include <algorithm>
#include <cstring>
#include <utility>

#include "api/objects.h"

namespace {

using mote::report;

mote::Status open_appender(mote_database* database, const char* table,
                           const mote_appender_options* given, mote_appender** out) {
  mote_appender_options options;
  mote_appender_options_init(&options);
  if (given != nullptr) {
    std::memcpy(&options, given, std::min(given->struct_size, sizeof options));
  }
  if (options.on_full < MOTE_FAIL || options.on_full > MOTE_BLOCK) {
    return mote::invalid_argument("%d is not a mote_on_full", options.on_full);
  }
  mote::AppenderOptions wanted;
  wanted.on_full = static_cast<mote::FullPolicy>(options.on_full);
  wanted.block_timeout_ms = options.block_timeout_ms;
  wanted.ring_bytes = options.ring_bytes;
  const std::string_view name = mote::text_of(table, MOTE_ZERO_TERMINATED);
  MOTE_ASSIGN(auto transaction, database->database->begin());
  const mote::TableDefinition* definition = transaction->catalog().find(name);
  if (definition == nullptr) return transaction->catalog().no_such_table(name);
  MOTE_ASSIGN(auto appender, database->database->appender(definition->id, wanted));
  *out = new mote_appender{database->database, std::move(appender)};
  return {};
}

}  // namespace

void mote_appender_options_init(mote_appender_options* options) {
  const mote::AppenderOptions defaults;
  options->struct_size = sizeof *options;
  options->on_full = static_cast<int>(defaults.on_full);
  options->block_timeout_ms = defaults.block_timeout_ms;
  options->ring_bytes = defaults.ring_bytes;
}

mote_code mote_appender_open(mote_database* database, const char* table,
                             const mote_appender_options* options, mote_appender** appender) {
  *appender = nullptr;
  return report(open_appender(database, table, options, appender));
}

void mote_appender_close(mote_appender* appender) { delete appender; }

void mote_append_begin(mote_appender* appender) { appender->appender->begin_row(); }
void mote_append_null(mote_appender* appender) { appender->appender->put_null(); }
void mote_append_boolean(mote_appender* appender, int value) {
  appender->appender->put_boolean(value != 0);
}
void mote_append_integer(mote_appender* appender, int64_t value) {
  appender->appender->put_integer(value);
}
void mote_append_float(mote_appender* appender, double value) {
  appender->appender->put_float(value);
}
void mote_append_bytes(mote_appender* appender, const void* bytes, size_t size_bytes) {
  appender->appender->put_bytes({static_cast<const char*>(bytes), size_bytes});
}
void mote_append_vector(mote_appender* appender, const float* elements, uint32_t dimension) {
  appender->appender->put_vector({elements, dimension});
}
void mote_append_point(mote_appender* appender, double x, double y) {
  appender->appender->put_point(x, y);
}
void mote_append_point3d(mote_appender* appender, double x, double y, double z) {
  appender->appender->put_point3d(x, y, z);
}
void mote_append_interval(mote_appender* appender, int32_t months, int32_t days,
                          int64_t nanoseconds) {
  appender->appender->put_interval({months, days, nanoseconds});
}

mote_code mote_append_end(mote_appender* appender, mote_ack* ack) {
  mote::Result<mote::Ack> accepted = appender->appender->end_row();
  if (!accepted.ok()) return report(accepted.status());
  if (ack != nullptr) *ack = accepted->row_number();
  return MOTE_OK;
}

int mote_ack_durable(mote_appender* appender, mote_ack ack) {
  return appender->appender->ack(ack).durable() ? 1 : 0;
}

mote_code mote_ack_wait(mote_appender* appender, mote_ack ack, int64_t timeout_ns) {
  return report(appender->appender->ack(ack).wait_for(timeout_ns));
}

mote_code mote_appender_flush(mote_appender* appender, int64_t timeout_ns) {
  return report(appender->appender->flush(timeout_ns));
}

mote_code mote_appender_get_counters(mote_appender* appender, mote_appender_counters* counters) {
  const mote::AppenderCounters now = appender->appender->counters();
  if (counters->struct_size < sizeof *counters) {
    return mote::report_invalid("mote_appender_counters.struct_size is not set");
  }
  counters->accepted = now.accepted;
  counters->dropped = now.dropped;
  counters->durable = now.durable;
  return MOTE_OK;
}
