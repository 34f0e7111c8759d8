// The BM25 score of a text column against a query, as one more column.
//
// What makes scores comparable, how many documents there are and in how many of them each term
// occurs, is counted over all rows of the snapshot before the first row is scored, whatever the
// other conditions of the statement leave of them.
#include <array>
#include <optional>

#include "function/text_score.h"
#include "sql/exec/evaluator.h"
#include "sql/exec/operators.h"

namespace mote {

namespace {

class TextScore : public Operator {
 public:
  explicit TextScore(const PlanNode& plan) : Operator(plan), text_(*plan.expressions[0]) {}

 protected:
  Status start() override {
    query_.reset();
    counted_ = false;
    MOTE_TRY(text_.prepare(context()));
    const BoundExpression& query = *plan().expressions[1];
    std::vector<uint32_t> columns;
    collect_columns(query, &columns);
    if (!columns.empty()) {
      return invalid_argument("the query of a text search must be the same for all rows")
          .at(query.offset);
    }
    MOTE_ASSIGN(const Value value, evaluate_once(query, context()));
    if (!value.is_null()) query_.emplace(value.bytes());
    return {};
  }

  Result<bool> produce(Chunk& out) override {
    if (!counted_ && query_.has_value()) MOTE_TRY(count_documents());
    counted_ = true;
    MOTE_ASSIGN(const bool more, child().next(out));
    if (!more) return false;
    MOTE_ASSIGN(const Column* const evaluated, text_.evaluate(out));
    const Column texts = *evaluated;
    Column& scores = out.columns().emplace_back(Type::floating());
    for (uint32_t row = 0; row < out.row_count(); ++row) {
      if (row % kRowsBetweenChecks == 0) MOTE_TRY(context().check());
      if (!query_.has_value() || texts.is_null(row)) {
        scores.set_null(row);
      } else {
        scores.lane<double>()[row] = query_->score(texts.lane<std::string_view>()[row]);
      }
    }
    return true;
  }

  void finish() override { query_.reset(); }

 private:
  // Documents may be long, so a chunk of them is more than a millisecond's work.
  static constexpr uint32_t kRowsBetweenChecks = 16;

  Status count_documents() {
    MOTE_ASSIGN(const TableView view, context().transaction->table(plan().table));
    for (uint32_t i = 0; i < view.range_count(); ++i) {
      const RowRange& range = view.range(i);
      for (uint32_t block = 0; block < range.block_count(); ++block) {
        std::array<uint64_t, Validity::kWords> visible;
        if (view.visible_in_block(i, block, visible) == 0) continue;
        MOTE_TRY(range.read(block, plan().text_column, texts_));
        for (uint32_t row = 0; row < range.block(block).row_count; ++row) {
          if (row % kRowsBetweenChecks == 0) MOTE_TRY(context().check());
          const bool seen = ((visible[row / 64] >> (row % 64)) & 1) != 0;
          if (!seen || texts_.is_null(row)) continue;
          query_->add_document(texts_.lane<std::string_view>()[row]);
        }
      }
    }
    texts_ = Column();
    return {};
  }

  Evaluator text_;
  std::optional<Bm25Query> query_;  // nothing: a NULL query, whose scores are NULL
  bool counted_ = false;
  Column texts_;
};

}  // namespace

std::unique_ptr<Operator> make_text_score(const PlanNode& plan) {
  return std::make_unique<TextScore>(plan);
}

}  // namespace mote
