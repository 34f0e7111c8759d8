// Records of a commit group read back as they were written, and reject everything else.
#include "engine/record.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/engine_for_tests.h"

namespace mote {
namespace {

class Collector : public RecordVisitor {
 public:
  explicit Collector(Schema schema) : schema_(std::make_shared<const Schema>(std::move(schema))) {}
  std::shared_ptr<const Schema> schema_of(TableId) override { return schema_; }
  Status rows(TableId table, RowId first, const RowBatch& batch) override {
    text += format_text("rows %u %llu:", table, static_cast<unsigned long long>(first));
    for (uint32_t row = 0; row < batch.rows.row_count(); ++row) {
      for (uint32_t c = 0; c < batch.rows.column_count(); ++c) {
        text += " " + batch.rows.column(c).value(row).to_text();
        if (c < batch.references.size() && batch.references[c].type().is(TypeKind::kBlob) &&
            !batch.references[c].is_null(row)) {
          text += "@" + std::string(batch.references[c].lane<std::string_view>()[row]);
        }
      }
    }
    text += "\n";
    return {};
  }
  Status deletes(TableId table, RowSet rows) override {
    text += format_text("deletes %u %zu\n", table, rows.to_vector().size());
    return {};
  }
  Status create_table(std::shared_ptr<const TableDefinition> table) override {
    text += "create " + table->name + "\n";
    return {};
  }
  Status drop_table(TableId table) override {
    text += format_text("drop %u\n", table);
    return {};
  }
  Status adopt_part(TableId table, const PartDefinition& part) override {
    text += format_text("adopt %u %llu %u\n", table, static_cast<unsigned long long>(part.base),
                        part.row_count);
    return {};
  }
  Status end_commit() override {
    text += "end\n";
    return {};
  }
  std::string text;

 private:
  const std::shared_ptr<const Schema> schema_;
};

std::string example() {
  std::string payload;
  TableDefinition table;
  table.id = 3;
  table.name = "t";
  table.schema = numbers_schema();
  append_create_record(table, &payload);
  RowBatch batch;
  batch.rows = chunk_of({{1, "one"}, {2, ""}, {-5, "minus"}});
  batch.rows.column(1).set_null(1);
  batch.references.resize(2);
  batch.references[1].reset(Type::blob(), /*zeroed=*/true);
  batch.references[1].validity().set_all_null();
  batch.references[1].lane<std::string_view>()[2] = "0123456789012345678901234567";
  batch.references[1].validity().set_valid(2);
  const size_t at = append_rows_record(3, table.schema, batch, &payload);
  store_fixed(payload.data() + at, uint64_t{77});
  RowSet rows;
  rows.add_range(10, 15);
  append_deletes_record(3, rows, &payload);
  PartDefinition part;
  part.file = 4;
  part.row_count = 9;
  part.file_bytes = 8192;
  part.footer_offset = 4096;
  const size_t base_at = append_adopt_record(3, part, &payload);
  store_fixed(payload.data() + base_at, uint64_t{80});
  append_drop_record(3, &payload);
  append_end_record(&payload);
  return payload;
}

TEST(Record, ReadsBackWhatWasWritten) {
  Collector collector(numbers_schema());
  ASSERT_OK(read_records(example(), collector));
  EXPECT_EQ(collector.text,
            "create t\n"
            "rows 3 77: -5 minus 1  2 @0123456789012345678901234567\n"
            "deletes 3 5\n"
            "adopt 3 80 9\n"
            "drop 3\n"
            "end\n");
}

TEST(Record, RejectsEveryCutInsideARecord) {
  const std::string payload = example();
  Collector whole(numbers_schema());
  ASSERT_OK(read_records(payload, whole));
  uint32_t refused = 0;
  for (size_t size = 0; size < payload.size(); ++size) {
    SCOPED_TRACE(size);
    Collector collector(numbers_schema());
    const Status status = read_records(std::string_view(payload).substr(0, size), collector);
    // A cut between two records leaves a prefix of what was there.
    if (status.ok()) {
      EXPECT_EQ(whole.text.find(collector.text), 0u);
    } else {
      EXPECT_EQ(status.code(), Code::kCorruption);
      ++refused;
    }
  }
  EXPECT_GT(refused, payload.size() - 8);
}

// Any change of bytes gives an error or other values, never an access out of bounds.
TEST(Record, SurvivesChangedBytes) {
  const std::string payload = example();
  std::mt19937 random(1);
  for (uint32_t round = 0; round < 20'000; ++round) {
    std::string changed = payload;
    for (uint32_t i = 0; i < 1 + round % 3; ++i) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    Collector collector(numbers_schema());
    static_cast<void>(read_records(changed, collector).ok());
  }
}

}  // namespace
}  // namespace mote
