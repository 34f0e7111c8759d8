// The records of a commit group: any bytes as its payload.
#include <random>

#include "base/check.h"
#include "engine/record.h"
#include "fuzz_target.h"
#include "storage/rows_for_tests.h"

namespace mote::fuzz {

namespace {

class Reader : public RecordVisitor {
 public:
  std::shared_ptr<const Schema> schema_of(TableId table) override {
    return table == 9 ? nullptr : schema_of_all_types(table % 2 == 0);
  }
  Status rows(TableId, RowId, const RowBatch& batch) override {
    for (uint32_t c = 0; c < batch.rows.column_count(); ++c) {
      for (uint32_t row = 0; row < batch.rows.row_count(); ++row) {
        seen += batch.rows.column(c).value(row).to_text().size();
      }
    }
    return {};
  }
  Status deletes(TableId, RowSet rows) override {
    seen += rows.size() > 0;
    return {};
  }
  Status create_table(std::shared_ptr<const TableDefinition> table) override {
    seen += table->name.size();
    return {};
  }
  Status drop_table(TableId) override { return {}; }
  Status adopt_part(TableId, const PartDefinition& part) override {
    seen += part.row_count;
    return {};
  }
  Status end_commit() override { return {}; }
  uint64_t seen = 0;
};

}  // namespace

void take(std::span<const std::byte> input) {
  Reader reader;
  static_cast<void>(read_records(as_text(input), reader).ok());
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const uint32_t row_count : {1u, 30u}) {
    const auto schema = schema_of_all_types(false);
    std::mt19937_64 random(row_count);
    std::vector<Row> rows;
    for (uint32_t i = 0; i < row_count; ++i) rows.push_back(random_row(*schema, random));
    RowBatch batch;
    batch.rows = chunk_of(*schema, rows, 0, row_count);
    std::string payload;
    TableDefinition table;
    table.id = 1;
    table.name = "t";
    table.schema = *schema;
    append_create_record(table, &payload);
    append_rows_record(1, *schema, batch, &payload);
    append_end_record(&payload);
    RowSet deleted;
    deleted.add(3);
    deleted.add_range(10, 20);
    append_deletes_record(1, deleted, &payload);
    append_adopt_record(1, PartDefinition{3, 0, 100, 4096, 2048, 5}, &payload);
    append_drop_record(1, &payload);
    append_end_record(&payload);
    all.push_back(payload);
  }
  return all;
}

}  // namespace mote::fuzz
