// Plans of the main shapes, as EXPLAIN shows them: what is pushed where, what is read when.
#include "sql/plan/planner.h"

#include <gtest/gtest.h>

#include "sql/bind/binder.h"
#include "sql/parse/parser.h"
#include "sql/plan/rewrite.h"

namespace mote {

namespace {

// imu(ts, ax, n): 100,000 rows; frame(id, ts, image, emb, pos): 1,000; note(id, body): 10.
std::shared_ptr<const Catalog> test_catalog() {
  const auto add = [](const std::shared_ptr<const Catalog>& catalog, TableId id, const char* name,
                      std::vector<ColumnDefinition> columns, std::vector<uint32_t> key) {
    auto table = std::make_shared<TableDefinition>();
    table->id = id;
    table->name = name;
    table->schema.columns = std::move(columns);
    table->schema.primary_key = std::move(key);
    return catalog->with_table(table).value();
  };
  auto catalog = std::make_shared<const Catalog>();
  catalog = add(catalog, 1, "imu",
                {{"ts", Type::timestamp(), true, ""},
                 {"ax", Type::floating(), false, ""},
                 {"n", Type::integer(), false, ""}},
                {0, 2});
  catalog = add(catalog, 2, "frame",
                {{"id", Type::integer(), true, ""},
                 {"ts", Type::timestamp(), false, ""},
                 {"image", Type::blob(), false, ""},
                 {"emb", Type::vector(2), false, ""},
                 {"pos", Type::of(TypeKind::kPoint), false, ""}},
                {0});
  catalog = add(catalog, 3, "note",
                {{"id", Type::integer(), false, ""}, {"body", Type::text(), false, ""}}, {});
  return catalog;
}

class NoFunctions final : public TableFunctions {
 public:
  Result<std::vector<Column>> describe(std::string_view, std::span<const Value>,
                                       std::span<const std::pair<std::string, Value>>) override {
    return std::vector<Column>{{"value", Type::integer()}};
  }
};

class Counts final : public TableStatistics {
 public:
  uint64_t row_count(TableId table) const override {
    return table == 1 ? 100000 : table == 2 ? 1000 : 10;
  }
};

Result<PlanPtr> plan_of(std::string_view sql) {
  size_t consumed = 0;
  MOTE_ASSIGN(const ast::StatementPtr statement, parse_statement(sql, &consumed));
  NoFunctions functions;
  const auto catalog = test_catalog();
  MOTE_ASSIGN(BoundStatement bound, bind_statement(*statement, *catalog, functions, {}));
  const Counts counts;
  return plan_statement(bound, *catalog, &counts);
}

// The plan without its estimates.
std::string text_of(std::string_view sql) {
  Result<PlanPtr> plan = plan_of(sql);
  if (!plan.ok()) return plan.status().message();
  std::string text = explain(**plan);
  for (size_t at = text.find(" (~"); at != std::string::npos; at = text.find(" (~")) {
    text.erase(at, text.find(')', at) + 1 - at);
  }
  return text;
}

// The columns of the chunks that a node gives, as the executor makes them of its children's.
std::vector<SlotId> given_slots(const PlanNode& node) {
  std::vector<SlotId> slots;
  for (const auto& child : node.children) {
    for (const SlotId slot : given_slots(*child)) slots.push_back(slot);
    const bool left_only = node.join == JoinType::kSemi || node.join == JoinType::kAnti ||
                           node.join == JoinType::kMark;
    if (left_only) break;
  }
  size_t added = 0;
  switch (node.kind) {
    case PlanKind::kFilter:
    case PlanKind::kSort:
    case PlanKind::kLimit:
    case PlanKind::kDistinct: break;
    case PlanKind::kHashJoin:
    case PlanKind::kLoopJoin:
    case PlanKind::kApply:
    case PlanKind::kAsofJoin: added = node.join == JoinType::kMark ? 1 : 0; break;
    case PlanKind::kTextScore: added = 1; break;
    case PlanKind::kFetch: added = node.columns.size(); break;
    case PlanKind::kWindow: added = node.windows.size(); break;
    default:
      slots.clear();
      added = node.outputs.size();
      break;
  }
  for (size_t i = node.outputs.size() - added; i < node.outputs.size(); ++i) {
    slots.push_back(node.outputs[i].slot);
  }
  return slots;
}

void expect_outputs_as_given(const PlanNode& node) {
  std::vector<SlotId> outputs;
  for (const OutputColumn& output : node.outputs) outputs.push_back(output.slot);
  EXPECT_EQ(outputs, given_slots(node)) << explain(node);
  for (const auto& child : node.children) expect_outputs_as_given(*child);
}

}  // namespace

TEST(Planner, AScanReadsOnlyWhatIsNeededAndPrunesByItsCondition) {
  EXPECT_EQ(text_of("SELECT ax FROM imu WHERE ts >= 100 AND ax < 2.5"),
            "Project [ax]\n"
            "  Scan imu columns=[ts, ax] condition=[(ts >= '1970-01-01T00:00:00.0000001Z') AND "
            "(ax < 2.5)] prune=[ts >= '1970-01-01T00:00:00.0000001Z', ax < 2.5]\n");
}

TEST(Planner, APlainSelectIsTheScanItself) {
  EXPECT_EQ(text_of("SELECT n, ts FROM imu"), "Scan imu columns=[n, ts]\n");
  EXPECT_EQ(text_of("SELECT n FROM imu WHERE n > 3"),
            "Scan imu columns=[n] condition=[n > 3] prune=[n > 3]\n");
}

TEST(Planner, TheWholePrimaryKeyIsAKeyLookup) {
  EXPECT_EQ(text_of("SELECT id, ts FROM frame WHERE id = ?"),
            "KeyLookup frame columns=[id, ts] key=[$1]\n");
  EXPECT_EQ(text_of("SELECT ax FROM imu WHERE n = 3 AND ts = $t AND ax > 1"),
            "KeyLookup imu columns=[ax] key=[$1, 3] condition=[ax > 1.0]\n");
  EXPECT_EQ(text_of("SELECT ax FROM imu WHERE ts = $t").substr(0, 7), "Project");
}

TEST(Planner, PredicatesGoThroughDerivedTablesAndBelowJoins) {
  EXPECT_EQ(text_of("SELECT k FROM (SELECT n + 1 AS k, ax FROM imu) d WHERE k > 5 AND ax > 0"),
            "Project [k]\n"
            "  Project [n + 1]\n"
            "    Scan imu columns=[ax, n] condition=[((n + 1) > 5) AND (ax > 0.0)] "
            "prune=[ax > 0.0]\n");
  EXPECT_EQ(text_of("SELECT i.ax, o.body FROM imu i, note o WHERE i.n = o.id AND i.ax > 1 AND "
                    "o.body = 'x'"),
            "Project [ax, body]\n"
            "  HashJoin inner keys=[n = id]\n"
            "    Scan imu columns=[ax, n] condition=[ax > 1.0] prune=[ax > 1.0]\n"
            "    Scan note columns=[id, body] condition=[body = 'x'] prune=[body = 'x']\n");
}

TEST(Planner, InnerJoinsFollowTheirEqualitiesInsteadOfMakingProducts) {
  EXPECT_EQ(text_of("SELECT o.body FROM note o, imu i, frame f WHERE i.n = f.id AND o.id = f.id"),
            "Project [body]\n"
            "  HashJoin inner keys=[n = id]\n"
            "    Scan imu columns=[n]\n"
            "    HashJoin inner keys=[id = id]\n"
            "      Scan frame columns=[id]\n"
            "      Scan note columns=[id, body]\n");
}

TEST(Planner, JoinsOfMoreThanTheLimitStayAsTheyAreWritten) {
  for (const size_t count :
       {kMaxOrderedRelations - 1, kMaxOrderedRelations, kMaxOrderedRelations + 1}) {
    SCOPED_TRACE(count);
    // The first note is tied to the first frame, which comes last.
    std::string sql = "SELECT 1 FROM note a";
    for (size_t i = 2; i < count; ++i) sql += format_text(", note o%zu", i);
    sql += ", frame f WHERE f.id = a.id";
    for (size_t i = 2; i < count; ++i) sql += format_text(" AND o%zu.id = f.ts::INTEGER", i);
    const std::string plan = text_of(sql);
    EXPECT_EQ(plan.find("LoopJoin") != std::string::npos, count > kMaxOrderedRelations) << plan;
  }
}

TEST(Planner, ALeftJoinKeepsConditionsOnItsRightSideAbove) {
  EXPECT_EQ(text_of("SELECT i.ax FROM imu i LEFT JOIN note o ON i.n = o.id AND o.body = 'x' WHERE "
                    "o.body IS NULL AND i.ax > 1"),
            "Project [ax]\n"
            "  Filter condition=[body IS NULL]\n"
            "    HashJoin left keys=[n = id]\n"
            "      Scan imu columns=[ax, n] condition=[ax > 1.0] prune=[ax > 1.0]\n"
            "      Scan note columns=[id, body] condition=[body = 'x'] prune=[body = 'x']\n");
}

TEST(Planner, TheHashTableIsOfTheFarSmallerSide) {
  EXPECT_EQ(text_of("SELECT o.id FROM note o JOIN imu i ON i.n = o.id"),
            "Project [id]\n"
            "  HashJoin inner keys=[n = id]\n"
            "    Scan imu columns=[n]\n"
            "    Scan note columns=[id]\n");
}

TEST(Planner, NumbersOfTwoKindsAreHashedAsFloatAndComparedAsTheyAre) {
  EXPECT_EQ(text_of("SELECT i.ax FROM imu i JOIN note o ON i.ax = o.id"),
            "Project [ax]\n"
            "  HashJoin inner keys=[ax = id::FLOAT] condition=[ax = id]\n"
            "    Scan imu columns=[ax]\n"
            "    Scan note columns=[id]\n");
}

TEST(Planner, ExistsByTimeIsASemiJoinOverABand) {
  EXPECT_EQ(text_of("SELECT f.id FROM frame f WHERE EXISTS (SELECT 1 FROM imu s WHERE s.ax > 0.5 "
                    "AND s.ts >= f.ts - INTERVAL '100 ms' AND s.ts <= f.ts + INTERVAL '100 ms')"),
            "Project [id]\n"
            "  LoopJoin semi band=[ts] low=[ts - '00:00:00.1'] high=[ts + '00:00:00.1'] "
            "condition=[(ts >= (ts - '00:00:00.1')) AND (ts <= (ts + '00:00:00.1'))]\n"
            "    Scan frame columns=[id, ts]\n"
            "    Project [ts]\n"
            "      Scan imu columns=[ts, ax] condition=[ax > 0.5] prune=[ax > 0.5]\n");
}

TEST(Planner, ARankingFetchesWideColumnsForTheSurvivors) {
  EXPECT_EQ(text_of("SELECT id, image FROM frame WHERE ts > 5 ORDER BY ts DESC, id LIMIT 10"),
            "Project [id, image]\n"
            "  Fetch frame columns=[image]\n"
            "    Sort order=[ts DESC, id] limit=[10]\n"
            "      Scan frame columns=[id, ts, rowid] condition=[ts > "
            "'1970-01-01T00:00:00.000000005Z'] prune=[ts > '1970-01-01T00:00:00.000000005Z']\n");
}

TEST(Planner, ALargeLimitReadsWideColumnsWithTheRest) {
  EXPECT_EQ(text_of("SELECT image FROM frame ORDER BY ts LIMIT 100000"),
            "Project [image]\n"
            "  Sort order=[ts] limit=[100000]\n"
            "    Scan frame columns=[ts, image]\n");
}

TEST(Planner, AggregatesReadTheirArgumentsOnly) {
  EXPECT_EQ(text_of("SELECT n, sum(ax) AS s FROM imu GROUP BY n HAVING count(*) > 2 AND n < 7"),
            "Project [n, sum(ax)]\n"
            "  Filter condition=[count(*) > 2]\n"
            "    Aggregate groups=[n] aggregates=[sum(ax), count(*)]\n"
            "      Scan imu columns=[ax, n] condition=[n < 7] prune=[n < 7]\n");
  EXPECT_EQ(text_of("SELECT count(*) FROM imu"),
            "Project [count(*)]\n"
            "  Aggregate aggregates=[count(*)]\n"
            "    Scan imu\n");
}

TEST(Planner, AsofJoinsKeepTheirTolerance) {
  EXPECT_EQ(text_of("SELECT f.id, i.ax FROM frame f ASOF JOIN imu i ON f.id = i.n AND f.ts >= i.ts "
                    "TOLERANCE '20 ms'"),
            "Project [id, ax]\n"
            "  AsofJoin inner keys=[id = n] time=[ts >= ts] tolerance=['00:00:00.02']\n"
            "    Scan frame columns=[id, ts]\n"
            "    Scan imu columns=[ts, ax, n]\n");
}

TEST(Planner, WindowsStandBelowTheProjection) {
  EXPECT_EQ(text_of("SELECT n, row_number() OVER (PARTITION BY n ORDER BY ts) AS r FROM imu"),
            "Project [n, row_number() OVER ( PARTITION BY n ORDER BY ts)]\n"
            "  Window partition=[n] calls=[row_number() OVER ( PARTITION BY n ORDER BY ts)] "
            "order=[ts]\n"
            "    Scan imu columns=[ts, n]\n");
}

TEST(Planner, SetOperationsAreUnionsAndGroups) {
  EXPECT_EQ(text_of("SELECT n FROM imu UNION SELECT id FROM note"),
            "Distinct\n"
            "  UnionAll\n"
            "    Scan imu columns=[n]\n"
            "    Scan note columns=[id]\n");
  EXPECT_EQ(text_of("SELECT n FROM imu EXCEPT SELECT id FROM note").substr(0, 11), "Project [n]");
}

TEST(Planner, ScalarSubqueriesAreSingleJoinsOrRunPerRow) {
  EXPECT_EQ(text_of("SELECT ax FROM imu WHERE ax > (SELECT avg(ax) FROM imu)"),
            "Project [ax]\n"
            "  Filter condition=[ax > avg(ax)]\n"
            "    LoopJoin single\n"
            "      Scan imu columns=[ax]\n"
            "      Project [avg(ax)]\n"
            "        Aggregate aggregates=[avg(ax)]\n"
            "          Scan imu columns=[ax]\n");
  EXPECT_EQ(text_of("SELECT (SELECT max(i.ax) FROM imu i WHERE i.ts <= f.ts) AS m FROM frame f"),
            "Project [max(i.ax)]\n"
            "  Apply single outer=[ts]\n"
            "    Scan frame columns=[ts]\n"
            "    Project [max(i.ax)]\n"
            "      Aggregate aggregates=[max(i.ax)]\n"
            "        Scan imu columns=[ts, ax] condition=[ts <= $1] prune=[ts <= $1]\n");
}

TEST(Planner, WritesGiveWholeRows) {
  EXPECT_EQ(text_of("UPDATE frame SET ts = 5 WHERE id = 3"),
            "Update frame\n"
            "  Project [rowid, id, '1970-01-01T00:00:00.000000005Z', image, emb, pos]\n"
            "    KeyLookup frame columns=[id, image, emb, pos, rowid] key=[3]\n");
  EXPECT_EQ(text_of("DELETE FROM imu WHERE ax > 1 RETURNING n"),
            "Project [n]\n"
            "  Delete imu\n"
            "    Scan imu columns=[rowid, ts, ax, n] condition=[ax > 1.0] prune=[ax > 1.0]\n");
  EXPECT_EQ(text_of("INSERT INTO note SELECT n, 'x' FROM imu"),
            "Insert note\n"
            "  Project [n, 'x']\n"
            "    Project [n, 'x']\n"
            "      Scan imu columns=[n]\n");
}

TEST(Planner, EveryColumnFindsItsPlace) {
  // Shapes that have gone through every rewrite at once; a column that is lost is an error here.
  for (const char* sql : {
           "SELECT DISTINCT n FROM (SELECT n, ax FROM imu ORDER BY ts LIMIT 5) d WHERE ax > 1",
           "SELECT f.image, i.ax FROM frame f JOIN imu i ON f.id = i.n ORDER BY i.ax LIMIT 3",
           "SELECT a.image, b.image FROM frame a JOIN frame b ON a.ts < b.ts ORDER BY a.id LIMIT 2",
           "SELECT n, count(*) FROM imu WHERE n IN (SELECT id FROM note) GROUP BY n "
           "ORDER BY count(*) DESC, n LIMIT 3",
           "SELECT n, lag(sum(ax)) OVER (ORDER BY n) FROM imu GROUP BY n",
           "SELECT n IN (SELECT id FROM note), NOT EXISTS (SELECT 1 FROM note o WHERE o.id = i.n) "
           "FROM imu i",
           "SELECT n, (SELECT count(*) FROM note o WHERE o.id < i.n) FROM imu i GROUP BY n",
           "SELECT n IN (SELECT id FROM note) AS m, count(*) FROM imu GROUP BY m",
           "SELECT o.body, f.ts, i.ax FROM note o JOIN imu i ON o.id = i.n JOIN frame f "
           "ON f.id = i.n WHERE f.ts = i.ts ORDER BY i.ax LIMIT 4",
           "SELECT count(*) FROM note o JOIN imu i ON o.id = i.n LEFT JOIN frame f ON f.ts > i.ts "
           "WHERE o.body > 'x' OR f.id IS NULL",
           "SELECT k FROM (SELECT n AS k FROM imu UNION ALL SELECT id FROM note) u WHERE k > 3",
           "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(x, y) WHERE x > 1 ORDER BY y LIMIT 1",
           "SELECT count(*) FROM (SELECT 1 FROM imu LIMIT 10) d",
           "SELECT * FROM imu a LEFT JOIN (SELECT id, body FROM note) b ON a.n = b.id "
           "WHERE b.id IS NULL",
           "CREATE TABLE t AS SELECT n, avg(ax) AS a FROM imu GROUP BY n ORDER BY n",
           "COPY (SELECT n FROM imu ORDER BY ts) TO 'x.csv'",
       }) {
    const Result<PlanPtr> plan = plan_of(sql);
    ASSERT_TRUE(plan.ok()) << sql << ": " << plan.status().message();
    expect_outputs_as_given(**plan);
  }
}

}  // namespace mote
