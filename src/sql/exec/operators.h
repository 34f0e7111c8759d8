// The kinds of operators, one maker each. Only make_operator() calls them.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "sql/exec/operator.h"

namespace mote {

std::unique_ptr<Operator> make_scan(const PlanNode& plan);
std::unique_ptr<Operator> make_key_lookup(const PlanNode& plan);
std::unique_ptr<Operator> make_fetch(const PlanNode& plan);
std::unique_ptr<Operator> make_text_score(const PlanNode& plan);
std::unique_ptr<Operator> make_table_function(const PlanNode& plan);

std::unique_ptr<Operator> make_values(const PlanNode& plan);
std::unique_ptr<Operator> make_filter(const PlanNode& plan);
std::unique_ptr<Operator> make_project(const PlanNode& plan);
std::unique_ptr<Operator> make_limit(const PlanNode& plan);
std::unique_ptr<Operator> make_union_all(const PlanNode& plan);
std::unique_ptr<Operator> make_distinct(const PlanNode& plan);

std::unique_ptr<Operator> make_hash_join(const PlanNode& plan);
std::unique_ptr<Operator> make_loop_join(const PlanNode& plan);
std::unique_ptr<Operator> make_apply(const PlanNode& plan);
std::unique_ptr<Operator> make_asof_join(const PlanNode& plan);

std::unique_ptr<Operator> make_aggregate(const PlanNode& plan);
std::unique_ptr<Operator> make_window(const PlanNode& plan);
std::unique_ptr<Operator> make_sort(const PlanNode& plan);

std::unique_ptr<Operator> make_insert(const PlanNode& plan);
std::unique_ptr<Operator> make_update(const PlanNode& plan);
std::unique_ptr<Operator> make_delete(const PlanNode& plan);
std::unique_ptr<Operator> make_create_table_as(const PlanNode& plan);
std::unique_ptr<Operator> make_copy_to(const PlanNode& plan);

// Sorts by `less`, a total order, in steps between which the statement can be cancelled: runs, then
// merges. Charges what merging needs.
template <typename T, typename Less>
Status sort_in_steps(QueryContext& context, std::vector<T>& values, Less less) {
  constexpr size_t kStep = 4096;
  const size_t size = values.size();
  if (std::is_sorted(values.begin(), values.end(), less)) return {};
  for (size_t from = 0; from < size; from += kStep) {
    MOTE_TRY(context.check());
    std::sort(values.begin() + static_cast<ptrdiff_t>(from),
              values.begin() + static_cast<ptrdiff_t>(std::min(size, from + kStep)), less);
  }
  if (size <= kStep) return {};
  MemoryCharge charge;
  MOTE_TRY(charge.grow(*context.budget, size * sizeof(T), "sort"));
  std::vector<T> merged(size);
  for (size_t width = kStep; width < size; width *= 2) {
    for (size_t from = 0; from < size; from += 2 * width) {
      const size_t middle = std::min(size, from + width);
      const size_t end = std::min(size, from + 2 * width);
      size_t left = from;
      size_t right = middle;
      for (size_t to = from; to < end; ++to) {
        if (to % kStep == 0) MOTE_TRY(context.check());
        const bool take_right =
            left == middle || (right < end && less(values[right], values[left]));
        merged[to] = values[take_right ? right++ : left++];
      }
    }
    values.swap(merged);
  }
  return {};
}

}  // namespace mote
