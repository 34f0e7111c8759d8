// Values read piece by piece.
#include "api/objects.h"
#include "engine/blob_reader.h"

struct mote_blob {
  std::shared_ptr<mote::Database> database;
  std::unique_ptr<mote::BlobReader> reader;
};

mote_code mote_blob_open(mote_connection* connection, const char* table, const char* column,
                         int64_t row_id, mote_blob** blob) {
  *blob = nullptr;
  if (row_id < 0) return mote::report_invalid("a rowid is not negative");
  auto reader = connection->connection->open_blob(mote::text_of(table, MOTE_ZERO_TERMINATED),
                                                  mote::text_of(column, MOTE_ZERO_TERMINATED),
                                                  static_cast<mote::RowId>(row_id));
  if (!reader.ok()) return mote::report(reader.status());
  *blob = new mote_blob{connection->database, std::move(reader).value()};
  return MOTE_OK;
}

uint64_t mote_blob_size(mote_blob* blob) { return blob->reader->size_bytes(); }

mote_code mote_blob_read(mote_blob* blob, uint64_t offset, void* out, size_t size_bytes) {
  return mote::report(blob->reader->read(offset, {static_cast<char*>(out), size_bytes}));
}

void mote_blob_close(mote_blob* blob) { delete blob; }
