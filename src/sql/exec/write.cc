// Operators that change tables: INSERT, UPDATE, DELETE, CREATE TABLE AS. All do their work in
// start(), so that the session may commit before the first row of RETURNING is given.
#include "sql/exec/operators.h"
#include "sql/exec/row_store.h"

namespace mote {

namespace {

bool reads_table(const PlanNode& plan, TableId table) {
  const bool reads = plan.kind == PlanKind::kScan || plan.kind == PlanKind::kKeyLookup ||
                     plan.kind == PlanKind::kFetch || plan.kind == PlanKind::kTextScore;
  if (reads && plan.table == table) return true;
  for (const auto& child : plan.children) {
    if (reads_table(*child, table)) return true;
  }
  return false;
}

// What the writing operators share: rows that are kept, and given again for RETURNING.
class Write : public Operator {
 public:
  using Operator::Operator;

 protected:
  Result<bool> produce(Chunk& out) override {
    if (!plan().returning || kept_ == nullptr || given_ == kept_->chunk_count()) return false;
    const Chunk& rows = kept_->chunk(given_++);
    out.columns().resize(rows.column_count());
    for (uint32_t c = 0; c < rows.column_count(); ++c) {
      out.column(c) = rows.column(c);
      out.column(c).keep_alive(kept_);
    }
    out.set_row_count(rows.row_count());
    return true;
  }

  void finish() override {
    // Rows that someone else still holds stay as they are.
    if (kept_.use_count() > 1) kept_.reset();
    if (kept_ != nullptr) kept_->clear();
  }

  void begin_keeping(std::span<const Type> types) {
    given_ = 0;
    if (kept_ == nullptr) kept_ = std::make_shared<RowStore>(types, *context().budget, "write");
    kept_->draw_on(*context().budget);
  }

  // Inserts what is kept.
  Status insert_kept(TableId table) {
    for (uint32_t i = 0; i < kept_->chunk_count(); ++i) {
      MOTE_TRY(context().check());
      MOTE_TRY(context().transaction->insert(table, kept_->chunk(i)));
    }
    return {};
  }

  // The ids of the rows to write, chunk by chunk: one long array would be held twice while it
  // grows.
  struct CollectedIds {
    std::vector<std::vector<RowId>> chunks;
    uint64_t count = 0;
    MemoryCharge charge;
  };

  Status erase(TableId table, const CollectedIds& ids) {
    for (const std::vector<RowId>& rows : ids.chunks) {
      MOTE_TRY(context().check());
      MOTE_TRY(context().transaction->erase(table, rows));
    }
    return {};
  }

  // Appends the row ids of a chunk's first column.
  Status collect_ids(const Chunk& rows, CollectedIds* ids) {
    const uint32_t count = rows.row_count();
    const size_t size = count * sizeof(RowId) + sizeof(std::vector<RowId>);
    MOTE_TRY(ids->charge.grow(*context().budget, size, "write"));
    const auto* const values = rows.column(0).lane<int64_t>();
    ids->chunks.emplace_back(values, values + count);
    ids->count += count;
    return {};
  }

  std::shared_ptr<RowStore> kept_;

 private:
  uint32_t given_ = 0;
};

class Insert : public Write {
 public:
  using Write::Write;

 protected:
  Status start() override {
    // A statement must not see the rows it inserts itself, so it reads to the end first when it
    // reads from the same table.
    const PlanNode& source = *plan().children[0];
    const bool keeps = plan().returning || reads_table(source, plan().table);
    if (keeps) begin_keeping(types_of(source.outputs));
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(rows_));
      if (!more) break;
      context().rows_affected += rows_.row_count();
      if (keeps) {
        MOTE_TRY(kept_->append(rows_));
      } else {
        MOTE_TRY(context().transaction->insert(plan().table, rows_));
      }
    }
    child().close();
    return keeps ? insert_kept(plan().table) : Status();
  }

 private:
  Chunk rows_;
};

class Update : public Write {
 public:
  using Write::Write;

 protected:
  Status start() override {
    std::vector<Type> types = types_of(plan().children[0]->outputs);
    types.erase(types.begin());
    begin_keeping(types);
    CollectedIds ids;
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(rows_));
      if (!more) break;
      MOTE_TRY(collect_ids(rows_, &ids));
      MOTE_TRY(kept_->append(std::span(rows_.columns()).subspan(1), rows_.row_count()));
    }
    child().close();
    MOTE_TRY(erase(plan().table, ids));
    MOTE_TRY(insert_kept(plan().table));
    context().rows_affected += ids.count;
    return {};
  }

 private:
  Chunk rows_;
};

class Delete : public Write {
 public:
  using Write::Write;

 protected:
  Status start() override {
    if (plan().returning) {
      std::vector<Type> types = types_of(plan().children[0]->outputs);
      types.erase(types.begin());
      begin_keeping(types);
    }
    CollectedIds ids;
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(rows_));
      if (!more) break;
      MOTE_TRY(collect_ids(rows_, &ids));
      if (!plan().returning) continue;
      MOTE_TRY(kept_->append(std::span(rows_.columns()).subspan(1), rows_.row_count()));
    }
    child().close();
    MOTE_TRY(erase(plan().table, ids));
    context().rows_affected += ids.count;
    return {};
  }

 private:
  Chunk rows_;
};

class CreateTableAs : public Write {
 public:
  using Write::Write;

 protected:
  Status start() override {
    const TableDefinition& table = *plan().create;
    if (plan().if_not_exists && context().transaction->catalog().find(table.name) != nullptr) {
      return {};
    }
    MOTE_ASSIGN(const TableId id, context().transaction->create_table(table.name, table.schema));
    while (true) {
      MOTE_ASSIGN(const bool more, child().next(rows_));
      if (!more) break;
      MOTE_TRY(context().transaction->insert(id, rows_));
      context().rows_affected += rows_.row_count();
    }
    return {};
  }

 private:
  Chunk rows_;
};

}  // namespace

std::unique_ptr<Operator> make_insert(const PlanNode& plan) {
  return std::make_unique<Insert>(plan);
}
std::unique_ptr<Operator> make_update(const PlanNode& plan) {
  return std::make_unique<Update>(plan);
}
std::unique_ptr<Operator> make_delete(const PlanNode& plan) {
  return std::make_unique<Delete>(plan);
}
std::unique_ptr<Operator> make_create_table_as(const PlanNode& plan) {
  return std::make_unique<CreateTableAs>(plan);
}

}  // namespace mote
