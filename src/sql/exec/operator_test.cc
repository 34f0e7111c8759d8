// Operators against loops over all rows that are too simple to be wrong.
#include "sql/exec/operator.h"

#include <map>
#include <optional>

#include "sql/exec/plans_for_test.h"

namespace mote {
namespace {

using namespace testing;

TEST(Operator, LimitGivesTheRowsBetween) {
  std::mt19937 random(1);
  const Rows rows = random_rows(random, 3000, {1000});
  for (const auto& [limit, skipped] : {std::pair{0, 0}, {1, 0}, {1023, 1}, {1024, 1024}, {5000, 10},
                                       {10, 2995}, {10, 3000}}) {
    SCOPED_TRACE(limit);
    PlanPtr top = above(PlanKind::kLimit, values(integers(1), rows));
    top->limit = number(limit);
    top->row_offset = number(skipped);
    Rows expected;
    for (int i = skipped; i < 3000 && i < skipped + limit; ++i) expected.push_back(rows[i]);
    expect_same(Runner().run(*top), expected);
  }
}

TEST(Operator, FilterProjectUnionAndDistinct) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Rows rows = random_rows(random, random() % 3000, {40, 10});
    PlanPtr filter = above(PlanKind::kFilter, values(integers(2), rows));
    filter->condition = less(column(0, Type::integer()), column(1, Type::integer()));
    PlanPtr project = plan(PlanKind::kProject, integers(2));
    project->expressions.push_back(column(1, Type::integer()));
    project->expressions.push_back(column(0, Type::integer()));
    project->children.push_back(std::move(filter));
    PlanPtr both = plan(PlanKind::kUnionAll, integers(2));
    both->children.push_back(std::move(project));
    both->children.push_back(values(integers(2), rows));
    const PlanPtr distinct = above(PlanKind::kDistinct, std::move(both));
    Rows expected;
    for (const Row& row : rows) {
      const bool known = !row[0].is_null() && !row[1].is_null();
      if (known && row[0].integer() < row[1].integer()) expected.push_back({row[1], row[0]});
    }
    expected.insert(expected.end(), rows.begin(), rows.end());
    std::sort(expected.begin(), expected.end(), row_less);
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    expect_same_in_any_order(Runner().run(*distinct), expected);
  }
}

// Both with and without a limit, with many equal keys: rows that are equal keep their order.
TEST(Operator, SortIsAStableSort) {
  for (uint32_t seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Rows rows = random_rows(random, seed < 20 ? random() % 4000 : 20000, {7, 20});
    for (size_t i = 0; i < rows.size(); ++i) rows[i].push_back(Value::integer(int64_t(i)));
    const bool descending = seed % 2 != 0;
    const bool nulls_first = seed % 4 < 2;
    PlanPtr sort = above(PlanKind::kSort, values(integers(3), rows));
    for (const uint32_t key : {0u, 1u}) {
      SortKey& each = sort->sort_keys.emplace_back();
      // The second key is computed.
      each.expression = column(key, Type::integer());
      if (key == 1) {
        each.expression =
            call(kDivide, Type::integer(), column(1, Type::integer()), number(2));
      }
      each.descending = descending != (key == 1);
      each.nulls_first = nulls_first;
    }
    const size_t limit = seed % 3 == 0 ? rows.size() : random() % (rows.size() + 10);
    if (seed % 3 != 0) sort->limit = number(int64_t(limit));
    const size_t skipped = seed % 5 == 0 ? random() % 1500 : 0;
    if (seed % 5 == 0) sort->row_offset = number(int64_t(skipped));
    Rows expected = rows;
    std::stable_sort(expected.begin(), expected.end(), [&](const Row& a, const Row& b) {
      for (const uint32_t key : {0u, 1u}) {
        if (a[key].is_null() || b[key].is_null()) {
          if (a[key].is_null() == b[key].is_null()) continue;
          return a[key].is_null() == nulls_first;
        }
        const int64_t divisor = key == 0 ? 1 : 2;
        const int64_t left = a[key].integer() / divisor;
        const int64_t right = b[key].integer() / divisor;
        if (left != right) return (left < right) != (descending != (key == 1));
      }
      return false;
    });
    expected.erase(expected.begin(),
                   expected.begin() + int64_t(std::min(expected.size(), skipped)));
    expected.resize(std::min(expected.size(), limit));
    expect_same(Runner().run(*sort), expected);
  }
}

TEST(Operator, SortOrdersEveryTypeAsValuesCompare) {
  const Rows rows = {{Value::floating(1.5), Value::text("abcdefghij")},
                     {Value::floating(std::nan("")), Value::text("abcdefgh")},
                     {Value::floating(-0.0), Value::text("")},
                     {Value::floating(-1e300), Value::text("\xff")},
                     {Value::floating(0.0), Value::text("abcdefghia")},
                     {Value::floating(-HUGE_VAL), Value::text("b")}};
  const Type types[] = {Type::floating(), Type::text()};
  for (const uint32_t key : {0u, 1u}) {
    for (const bool descending : {false, true}) {
      PlanPtr sort = above(PlanKind::kSort, values(types, rows));
      sort->sort_keys.push_back({column(key, types[key]), descending, false});
      Rows expected = rows;
      std::stable_sort(expected.begin(), expected.end(), [&](const Row& a, const Row& b) {
        const int order = a[key].compare(b[key]);
        return descending ? order > 0 : order < 0;
      });
      expect_same(Runner().run(*sort), expected);
    }
  }
}

TEST(Operator, AggregateGroupsAsAMapDoes) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Rows rows = random_rows(random, random() % 5000, {2000, 5});
    PlanPtr aggregate = plan(PlanKind::kAggregate, integers(4));
    aggregate->groups.push_back(column(0, Type::integer()));
    aggregate->aggregates.push_back(sum_of(column(1, Type::integer())));
    aggregate->aggregates.push_back(sum_of(column(1, Type::integer())));
    aggregate->aggregates.back().filter = less(column(1, Type::integer()), number(2));
    aggregate->aggregates.push_back(sum_of(column(1, Type::integer())));
    aggregate->aggregates.back().distinct = true;
    aggregate->children.push_back(values(integers(2), rows));
    std::map<int64_t, std::vector<int64_t>> groups;  // -1 for NULL
    for (const Row& row : rows) {
      auto& group = groups[row[0].is_null() ? -1 : row[0].integer()];
      if (!row[1].is_null()) group.push_back(row[1].integer());
    }
    const auto sum = [](const std::vector<int64_t>& of) {
      int64_t result = 0;
      for (const int64_t each : of) result += each;
      return of.empty() ? Value::null(Type::integer()) : Value::integer(result);
    };
    Rows expected;
    for (auto& [key, members] : groups) {
      Row& row = expected.emplace_back();
      row.push_back(key < 0 ? Value::null(Type::integer()) : Value::integer(key));
      row.push_back(sum(members));
      std::vector<int64_t> small = members;
      std::erase_if(small, [](int64_t each) { return each >= 2; });
      row.push_back(sum(small));
      std::sort(members.begin(), members.end());
      members.erase(std::unique(members.begin(), members.end()), members.end());
      row.push_back(sum(members));
    }
    expect_same_in_any_order(Runner().run(*aggregate), expected);
  }
}

TEST(Operator, AggregateWithoutGroupsGivesOneRowOfNothing) {
  PlanPtr aggregate = plan(PlanKind::kAggregate, integers(1));
  aggregate->aggregates.push_back(sum_of(column(0, Type::integer())));
  aggregate->children.push_back(values(integers(1), {}));
  expect_same(Runner().run(*aggregate), {{Value::null(Type::integer())}});
}

// Windows.

struct Frame {
  bool rows;
  FrameBound start;
  int64_t start_distance;
  FrameBound end;
  int64_t end_distance;
};

// The rows of the frame of row `at`, all of one partition sorted by column 1.
std::vector<size_t> frame_rows(const Rows& sorted, size_t at, const Frame& frame) {
  std::vector<size_t> result;
  const auto beyond = [&](size_t i, FrameBound bound, int64_t distance, bool start) {
    // Whether row i is outside this bound.
    const int64_t own = frame.rows ? int64_t(at) : sorted[at][1].integer();
    const int64_t other = frame.rows ? int64_t(i) : sorted[i][1].integer();
    int64_t limit = own;
    switch (bound) {
      case FrameBound::kUnboundedPreceding:
      case FrameBound::kUnboundedFollowing: return false;
      case FrameBound::kPreceding: limit = own - distance; break;
      case FrameBound::kFollowing: limit = own + distance; break;
      case FrameBound::kCurrentRow: break;
    }
    return start ? other < limit : other > limit;
  };
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (!beyond(i, frame.start, frame.start_distance, true) &&
        !beyond(i, frame.end, frame.end_distance, false)) {
      result.push_back(i);
    }
  }
  return result;
}

BoundWindowCall window_call(WindowFunction kind, std::vector<BoundExpressionPtr> arguments,
                            const Frame& frame) {
  BoundWindowCall call;
  call.kind = kind;
  call.aggregate.arguments = std::move(arguments);
  call.aggregate.type = Type::integer();
  if (kind == WindowFunction::kAggregate) call.aggregate.function = &kSum;
  call.rows = frame.rows;
  call.start = frame.start;
  call.end = frame.end;
  call.start_distance = number(frame.start_distance);
  call.end_distance = number(frame.end_distance);
  return call;
}

TEST(Operator, WindowAggregatesAddUpTheirFrames) {
  using enum FrameBound;
  const Frame frames[] = {{true, kUnboundedPreceding, 0, kCurrentRow, 0},
                          {false, kUnboundedPreceding, 0, kCurrentRow, 0},
                          {true, kPreceding, 3, kFollowing, 1},
                          {false, kPreceding, 3, kFollowing, 1},
                          {true, kFollowing, 2, kUnboundedFollowing, 0},
                          {true, kPreceding, 1, kPreceding, 5},
                          {false, kCurrentRow, 0, kCurrentRow, 0}};
  for (uint32_t seed = 0; seed < 21; ++seed) {
    SCOPED_TRACE(seed);
    const Frame& frame = frames[seed % 7];
    std::mt19937 random(seed);
    Rows rows = random_rows(random, 1 + random() % 400, {3, 30}, /*null_share=*/0);
    for (Row& row : rows) row.push_back(random_integer(random, 100));
    PlanPtr window = plan(PlanKind::kWindow, integers(5));
    window->children.push_back(values(integers(3), rows));
    window->groups.push_back(column(0, Type::integer()));
    window->sort_keys.push_back({column(1, Type::integer()), false, false});
    for (const WindowFunction kind : {WindowFunction::kAggregate, WindowFunction::kLastValue}) {
      std::vector<BoundExpressionPtr> arguments;
      arguments.push_back(column(2, Type::integer()));
      window->windows.push_back(window_call(kind, std::move(arguments), frame));
    }
    Rows expected;
    for (int64_t partition = 0; partition < 3; ++partition) {
      Rows sorted;
      for (const Row& row : rows) {
        if (row[0].integer() == partition) sorted.push_back(row);
      }
      std::stable_sort(sorted.begin(), sorted.end(), [](const Row& a, const Row& b) {
        return a[1].integer() < b[1].integer();
      });
      for (size_t i = 0; i < sorted.size(); ++i) {
        Value sum = Value::null(Type::integer());
        Value last = Value::null(Type::integer());
        for (const size_t member : frame_rows(sorted, i, frame)) {
          last = sorted[member][2];
          if (last.is_null()) continue;
          sum = Value::integer((sum.is_null() ? 0 : sum.integer()) + last.integer());
        }
        Row row = sorted[i];
        row.push_back(sum);
        row.push_back(last);
        expected.push_back(row);
      }
    }
    expect_same(Runner().run(*window), expected);
  }
}

TEST(Operator, WindowRanksAndShifts) {
  const Rows rows = {{Value::integer(10)}, {Value::integer(20)}, {Value::integer(20)},
                     {Value::integer(30)}, {Value::null(Type::integer())}};
  PlanPtr window = plan(PlanKind::kWindow, integers(7));
  window->children.push_back(values(integers(1), rows));
  window->sort_keys.push_back({column(0, Type::integer()), false, false});
  const Frame frame = {false, FrameBound::kUnboundedPreceding, 0, FrameBound::kCurrentRow, 0};
  using enum WindowFunction;
  for (const WindowFunction kind : {kRowNumber, kRank, kDenseRank}) {
    window->windows.push_back(window_call(kind, {}, frame));
  }
  std::vector<BoundExpressionPtr> buckets;
  buckets.push_back(number(3));
  window->windows.push_back(window_call(kNtile, std::move(buckets), frame));
  for (const WindowFunction kind : {kLag, kLead}) {
    std::vector<BoundExpressionPtr> arguments;
    arguments.push_back(column(0, Type::integer()));
    arguments.push_back(number(2));
    arguments.push_back(number(-1));
    window->windows.push_back(window_call(kind, std::move(arguments), frame));
  }
  const Result<Rows> found = Runner().run(*window);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(text_of(*found),
            "10 1 1 1 1 -1 20 \n"
            "20 2 2 2 1 -1 30 \n"
            "20 3 2 2 2 10 NULL \n"
            "30 4 4 3 2 20 -1 \n"
            "NULL 5 5 4 3 20 -1 \n");
}

// Limits.

PlanPtr large_sort() {
  std::mt19937 random(7);
  PlanPtr sort =
      above(PlanKind::kSort, values(integers(2), random_rows(random, 20000, {1000, 1000})));
  sort->sort_keys.push_back({column(0, Type::integer()), false, false});
  return sort;
}

TEST(Operator, RefusesWhatDoesNotFitTheBudget) {
  Runner runner(100'000);
  const Result<Rows> found = runner.run(*large_sort());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().code(), Code::kOutOfMemory);
  EXPECT_NE(found.status().message().find("ORDER BY"), std::string::npos);
  EXPECT_EQ(runner.budget.used_bytes(), 0u);
}

TEST(Operator, GivesTheBudgetBackWhenItIsClosed) {
  Runner runner;
  ASSERT_TRUE(runner.run(*large_sort()).ok());
  EXPECT_GT(runner.budget.peak_bytes(), 300'000u);
  EXPECT_EQ(runner.budget.used_bytes(), 0u);
}

TEST(Operator, EndsWhenItIsCancelled) {
  Runner runner;
  runner.cancelled = true;
  const Result<Rows> found = runner.run(*large_sort());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().code(), Code::kCancelled);
}

TEST(Operator, EndsAtItsDeadline) {
  Runner runner;
  runner.context.deadline_ns = runner.context.env->monotonic_ns() - 1;
  const Result<Rows> found = runner.run(*large_sort());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().code(), Code::kCancelled);
}

TEST(Operator, RunsAgainAsIfItWereNew) {
  const PlanPtr sort = large_sort();
  Result<std::unique_ptr<Operator>> root = make_operator(*sort);
  ASSERT_TRUE(root.ok());
  Runner runner;
  const Result<Rows> first = runner.run(**root);
  ASSERT_TRUE(first.ok());
  expect_same(runner.run(**root), *first);
}

}  // namespace
}  // namespace mote
