// Operators: plan nodes that run. Each pulls chunks from its children and gives chunks.
//
// An operator is made once for a plan and may be opened again and again; it keeps its buffers
// between executions, so a prepared statement that is executed anew allocates little. Writing
// operators do all their work in open() and give RETURNING's rows from memory.
//
// Used by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "sql/exec/query_context.h"
#include "sql/plan/plan.h"
#include "types/chunk.h"

namespace mote {

class Operator {
 public:
  explicit Operator(const PlanNode& plan) : plan_(&plan) {}
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  // Begins an execution, children included. `context` must live until close() or the next open().
  Status open(QueryContext& context);
  // Gives the next rows, never none: false at the end. `out` gets the columns of plan().outputs; it
  // should be the same chunk each time, so that its memory is used again. Errors: kCancelled, and
  // whatever functions, storage and budget refuse.
  Result<bool> next(Chunk& out);
  // Gives back what the execution held: budget, files, snapshots. Harmless when repeated.
  void close();

  const PlanNode& plan() const { return *plan_; }
  const std::vector<std::unique_ptr<Operator>>& children() const { return children_; }
  // What EXPLAIN ANALYZE shows; children's time is included.
  uint64_t measured_rows() const { return measured_rows_; }
  int64_t measured_ns() const { return measured_ns_; }

 protected:
  // Children are open already when this is called; an operator that opens them itself, or later,
  // overrides opens_children().
  virtual Status start() = 0;
  virtual Result<bool> produce(Chunk& out) = 0;
  virtual void finish() {}
  virtual bool opens_children() const { return false; }

  Operator& child(size_t position = 0) { return *children_[position]; }
  QueryContext& context() { return *context_; }

 private:
  friend Result<std::unique_ptr<Operator>> make_operator(const PlanNode& plan);
  const PlanNode* plan_;
  QueryContext* context_ = nullptr;
  std::vector<std::unique_ptr<Operator>> children_;
  uint64_t measured_rows_ = 0;
  int64_t measured_ns_ = 0;
};

// The operators of a whole plan, which must outlive them. Errors: kInvalidArgument for a plan that
// can not be run.
Result<std::unique_ptr<Operator>> make_operator(const PlanNode& plan);

// The plan as explain() has it, each line followed by what was measured.
std::string explain_measured(const Operator& root);

}  // namespace mote
