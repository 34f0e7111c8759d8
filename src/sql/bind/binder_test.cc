// The binder: what names and types come to mean, and what it says when they mean nothing.
#include "sql/bind/binder.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "sql/bind/fold.h"
#include "sql/parse/parser.h"

namespace mote {

namespace {

// imu(ts, ax, n), frame(id, ts, image, emb, pos), note(id, body)
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
                 {"n", Type::integer(), false, "7"}},
                {0});
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

// read_csv gives columns a INTEGER, b TEXT whatever the file; nothing else is there.
class TwoColumns final : public TableFunctions {
 public:
  Result<std::vector<Column>> describe(
      std::string_view name, std::span<const Value> arguments,
      std::span<const std::pair<std::string, Value>> options) override {
    last_arguments.assign(arguments.begin(), arguments.end());
    last_options.assign(options.begin(), options.end());
    if (name == "generate_series") return std::vector<Column>{{"value", Type::integer()}};
    if (name == "read_csv") {
      return std::vector<Column>{{"a", Type::integer()}, {"b", Type::text()}};
    }
    return not_found("no table function '%s'", std::string(name).c_str());
  }
  std::vector<Value> last_arguments;
  std::vector<std::pair<std::string, Value>> last_options;
};

Result<BoundStatement> bind_text(std::string_view sql, std::span<const Type> types = {}) {
  size_t consumed = 0;
  MOTE_ASSIGN(const ast::StatementPtr statement, parse_statement(sql, &consumed));
  TwoColumns functions;
  return bind_statement(*statement, *test_catalog(), functions, types);
}

std::string error_of(std::string_view sql) {
  const Result<BoundStatement> bound = bind_text(sql);
  if (bound.ok()) return "no error";
  return bound.status().message();
}

// The text at which the error stands, to the end of the statement.
std::string place_of_error(std::string_view sql) {
  const Result<BoundStatement> bound = bind_text(sql);
  if (bound.ok()) return "no error";
  const uint32_t offset = bound.status().offset();
  return offset > sql.size() ? "nowhere" : std::string(sql.substr(offset));
}

std::string result_types(std::string_view sql) {
  const Result<BoundStatement> bound = bind_text(sql);
  if (!bound.ok()) return bound.status().message();
  std::string text;
  for (const BoundColumn& column : bound->result) {
    if (!text.empty()) text += ", ";
    text += column.name + " " + column.type.name();
  }
  return text;
}

}  // namespace

TEST(Binder, NamesAreFoundInAnyCaseAndKeepTheTablesSpelling) {
  EXPECT_EQ(result_types("SELECT TS, I.Ax FROM Imu i"), "ts TIMESTAMP, ax FLOAT");
}

TEST(Binder, StarGivesAllColumnsInOrder) {
  EXPECT_EQ(result_types("SELECT * FROM imu"), "ts TIMESTAMP, ax FLOAT, n INTEGER");
  EXPECT_EQ(result_types("SELECT n.*, 1 AS one FROM imu i, note n"),
            "id INTEGER, body TEXT, one INTEGER");
}

TEST(Binder, UsingShowsTheColumnOnce) {
  EXPECT_EQ(result_types("SELECT * FROM note JOIN frame USING (id)"),
            "id INTEGER, body TEXT, ts TIMESTAMP, image BLOB, emb VECTOR(2), pos POINT");
}

TEST(Binder, UnknownNamesPointAtTheNearestAndTheirPlace) {
  EXPECT_EQ(error_of("SELECT axx FROM imu"), "no column 'axx'; did you mean 'ax'?");
  EXPECT_EQ(place_of_error("SELECT axx FROM imu"), "axx FROM imu");
  EXPECT_EQ(error_of("SELECT 1 FROM imuu"), "no table 'imuu'; did you mean 'imu'?");
  EXPECT_EQ(place_of_error("SELECT 1 FROM imuu"), "imuu");
  EXPECT_EQ(error_of("SELECT j.ax FROM imu i"), "no table 'j' in FROM");
  EXPECT_EQ(error_of("INSERT INTO imu (tz) VALUES (1)"),
            "table 'imu' has no column 'tz'; did you mean 'ts'?");
}

TEST(Binder, AmbiguousNamesNameBothTables) {
  EXPECT_EQ(error_of("SELECT ts FROM imu, frame"),
            "column 'ts' is ambiguous: it may be of 'imu' or of 'frame'");
  EXPECT_EQ(place_of_error("SELECT ts FROM imu, frame"), "ts FROM imu, frame");
}

TEST(Binder, OneNameTwiceInFromIsAnError) {
  EXPECT_EQ(error_of("SELECT 1 FROM imu, imu"),
            "'imu' stands twice in FROM; give one of them an alias");
}

TEST(Binder, TextLiteralsTakeTheTypeOfWhatTheyAreComparedWith) {
  const auto bound = bind_text("SELECT n FROM imu WHERE ts >= '2026-01-01'");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  const BoundExpression& literal = *bound->query->where->children[1];
  EXPECT_TRUE(literal.type.is(TypeKind::kTimestamp));
  EXPECT_EQ(error_of("SELECT n FROM imu WHERE n = 'abc'").substr(0, 20), "column 'n' (INTEGER)");
  EXPECT_EQ(place_of_error("SELECT n FROM imu WHERE n = 'abc'"), "'abc'");
}

TEST(Binder, IntegersAreNanosecondsBesideTimestamps) {
  const auto bound = bind_text("SELECT n FROM imu WHERE ts >= 1403638128940097024");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_EQ(bound->query->where->children[1]->constant, Value::timestamp(1403638128940097024));
}

TEST(Binder, WholeFloatsBesideIntegersBecomeIntegers) {
  const auto bound = bind_text("SELECT n FROM imu WHERE n > 5.0");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_EQ(bound->query->where->children[1]->constant, Value::integer(5));
}

TEST(Binder, TypesThatCanNotBeComparedAreNamedBoth) {
  EXPECT_EQ(error_of("SELECT 1 FROM imu WHERE ts = TRUE"),
            "column 'ts' (TIMESTAMP) and BOOLEAN can not be compared");
  EXPECT_EQ(error_of("SELECT 1 FROM frame WHERE image = id"),
            "column 'image' (BLOB) and column 'id' (INTEGER) can not be compared");
}

TEST(Binder, ConditionsMustBeBoolean) {
  EXPECT_EQ(error_of("SELECT 1 FROM imu WHERE n"),
            "a condition of WHERE must be BOOLEAN; this is column 'n' (INTEGER)");
}

TEST(Binder, ParametersTakeTheirTypeFromTheContext) {
  const auto bound = bind_text("SELECT n FROM imu WHERE ts = $t AND ax > ? LIMIT ?");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->parameters.size(), 3u);
  EXPECT_TRUE(bound->parameters[0].type.is(TypeKind::kTimestamp));
  EXPECT_TRUE(bound->parameters[1].type.is(TypeKind::kFloat));
  EXPECT_TRUE(bound->parameters[2].type.is(TypeKind::kInteger));
}

TEST(Binder, AParameterUsedBeforeItsTypeIsKnownIsBoundAgain) {
  const auto bound = bind_text("SELECT $a, n FROM imu WHERE n = $a");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_TRUE(bound->result[0].type.is(TypeKind::kInteger));
  EXPECT_FALSE(bound->parameters[0].given);
}

TEST(Binder, AGivenParameterTypeStands) {
  const Type text = Type::text();
  const auto bound = bind_text("SELECT n FROM imu WHERE ts = ?", {&text, 1});
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_TRUE(bound->parameters[0].type.is(TypeKind::kText));
  EXPECT_EQ(bound->query->where->children[1]->kind, BoundKind::kCast);
}

TEST(Binder, NothingTellsTheTypeOfABareParameter) {
  const auto bound = bind_text("SELECT ?");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_TRUE(bound->parameters[0].type.is(TypeKind::kNull));
}

TEST(Binder, InsertedValuesTakeTheColumnsTypes) {
  const auto bound = bind_text("INSERT INTO imu VALUES ('2026-01-01', 1, NULL)");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->query->values.size(), 3u);
  EXPECT_TRUE(bound->query->values[0]->type.is(TypeKind::kTimestamp));
  EXPECT_EQ(bound->query->values[1]->constant, Value::floating(1));
  EXPECT_TRUE(bound->query->values[2]->type.is(TypeKind::kInteger));
}

TEST(Binder, ColumnsThatAreNotNamedTakeTheirDefault) {
  const auto bound = bind_text("INSERT INTO imu (ts) VALUES (5)");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_TRUE(bound->query->values[1]->constant.is_null());
  EXPECT_EQ(bound->query->values[2]->constant, Value::integer(7));
}

TEST(Binder, InsertErrorsNameColumnAndBothTypes) {
  EXPECT_EQ(error_of("INSERT INTO imu VALUES (TRUE, 1, 2)"),
            "column 'imu.ts' is TIMESTAMP; BOOLEAN can not become that");
  EXPECT_EQ(place_of_error("INSERT INTO imu VALUES (TRUE, 1, 2)"), "TRUE, 1, 2)");
  EXPECT_EQ(error_of("INSERT INTO imu VALUES (1, 2)"), "table 'imu': 2 values for 3 columns");
  EXPECT_EQ(error_of("INSERT INTO imu (ts, ts) VALUES (1, 2)"), "column 'ts' is named twice");
  const std::string wrong = error_of("INSERT INTO frame (id, emb) VALUES (1, '[1,2,3]')");
  EXPECT_EQ(wrong.substr(0, 18), "column 'frame.emb'") << wrong;
}

TEST(Binder, VectorsComeFromTextAndFromArrays) {
  for (const char* literal : {"'[0.5, 1]'", "ARRAY[0.5, 1]"}) {
    const auto bound =
        bind_text(std::string("INSERT INTO frame (id, emb) VALUES (1, ") + literal + ")");
    ASSERT_TRUE(bound.ok()) << bound.status().message();
    EXPECT_EQ(bound->query->values[3]->constant.to_text(), "[0.5,1.0]");
  }
}

TEST(Binder, RowidIsThereUnlessAColumnHasItsName) {
  const auto bound = bind_text("SELECT rowid, f.rowid FROM frame f");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  const SlotId slot = bound->query->source->row_id_slot;
  EXPECT_EQ(bound->query->outputs[0].expression->slot, slot);
  EXPECT_EQ(bound->query->outputs[1].expression->slot, slot);
  EXPECT_EQ(error_of("SELECT rowid FROM frame f, imu i"),
            "column 'rowid' is ambiguous: it may be of 'f' or of 'i'");
  EXPECT_EQ(error_of("SELECT rowid FROM (SELECT id FROM frame) q"), "no column 'rowid'");
}

TEST(Binder, UpdateGivesTheRowIdAndTheWholeRow) {
  const auto bound = bind_text("UPDATE imu SET ax = ax + 1 WHERE n = 3 RETURNING ts, ax AS b");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->query->outputs.size(), 4u);
  EXPECT_EQ(bound->query->outputs[2].expression->to_text(), "ax + 1.0");
  ASSERT_EQ(bound->result.size(), 2u);
  EXPECT_EQ(bound->result[1].name, "b");
  EXPECT_TRUE(bound->writes);
}

TEST(Binder, GroupsMayBeNamedByColumnOrdinalAliasOrExpression) {
  for (const char* key : {"n % 10", "1", "k"}) {
    const auto bound =
        bind_text(std::string("SELECT n % 10 AS k, count(*) FROM imu GROUP BY ") + key);
    ASSERT_TRUE(bound.ok()) << key << ": " << bound.status().message();
    ASSERT_EQ(bound->query->groups.size(), 1u);
    EXPECT_EQ(bound->query->outputs[0].expression->slot, bound->query->groups[0].column.slot);
  }
}

TEST(Binder, UngroupedColumnsAreErrors) {
  EXPECT_EQ(error_of("SELECT ax, count(*) FROM imu"),
            "column 'ax' must stand in GROUP BY or inside an aggregate");
  EXPECT_EQ(place_of_error("SELECT n, ax + 1 FROM imu GROUP BY n"), "ax + 1 FROM imu GROUP BY n");
  EXPECT_EQ(error_of("SELECT rowid, count(*) FROM imu"),
            "column 'rowid' must stand in GROUP BY or inside an aggregate");
  EXPECT_EQ(error_of("SELECT count(*) FROM imu WHERE sum(n) > 1"),
            "aggregate sum() can not stand in WHERE");
  EXPECT_EQ(error_of("SELECT count(*) FROM imu GROUP BY 3"),
            "GROUP BY 3: the select list has 1 columns");
}

TEST(Binder, EqualAggregatesAreComputedOnce) {
  const auto bound =
      bind_text("SELECT sum(n), sum(n) + 1 FROM imu HAVING sum(n) > 2 ORDER BY sum(n)");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_EQ(bound->query->aggregates.size(), 1u);
}

TEST(Binder, OrderByOrdinalAliasAndExpression) {
  const auto bound = bind_text("SELECT n AS k, ax FROM imu ORDER BY 2, k DESC, ax * 2");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->query->order.size(), 3u);
  EXPECT_EQ(bound->query->order[0].column.slot, bound->query->outputs[1].column.slot);
  EXPECT_EQ(bound->query->order[1].column.slot, bound->query->outputs[0].column.slot);
  EXPECT_TRUE(bound->query->order[1].descending);
  EXPECT_EQ(bound->query->visible_count, 2u);
  EXPECT_EQ(bound->query->outputs.size(), 3u);
  EXPECT_EQ(error_of("SELECT DISTINCT n FROM imu ORDER BY ax"),
            "ORDER BY of a SELECT DISTINCT can only name what it selects");
}

TEST(Binder, CaseTakesTheTypeOfAllItsResults) {
  EXPECT_EQ(result_types("SELECT CASE WHEN n > 1 THEN 1 ELSE 2.5 END AS c FROM imu"), "c FLOAT");
  EXPECT_EQ(result_types("SELECT CASE n WHEN 1 THEN ts END AS c FROM imu"), "c TIMESTAMP");
  EXPECT_EQ(error_of("SELECT CASE WHEN n > 1 THEN ts ELSE TRUE END FROM imu"),
            "CASE: TIMESTAMP and BOOLEAN are not of one type");
}

TEST(Binder, DerivedTablesAndWithGiveTheirColumns) {
  EXPECT_EQ(result_types("SELECT a.k FROM (SELECT n + 1 AS k FROM imu) a"), "k INTEGER");
  EXPECT_EQ(result_types("WITH w(x) AS (SELECT ax FROM imu) SELECT x FROM w"), "x FLOAT");
  EXPECT_EQ(error_of("WITH RECURSIVE w AS (SELECT 1) SELECT * FROM w"),
            "WITH RECURSIVE is not supported");
}

TEST(Binder, AsofJoinTakesEqualitiesAndOneInequality) {
  const auto bound = bind_text(
      "SELECT 1 FROM frame f ASOF JOIN imu i ON f.id = i.n AND f.ts >= i.ts TOLERANCE '20 ms'");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  const BoundSource& join = *bound->query->source;
  EXPECT_EQ(join.kind, SourceKind::kAsofJoin);
  EXPECT_EQ(join.left_keys.size(), 1u);
  EXPECT_TRUE(join.backward);
  EXPECT_FALSE(join.strict);
  EXPECT_TRUE(join.tolerance->type.is(TypeKind::kInterval));
  EXPECT_EQ(error_of("SELECT 1 FROM frame f ASOF JOIN imu i ON f.id = i.n"),
            "ASOF JOIN needs one inequality of times, such as a.ts >= b.ts");
}

TEST(Binder, AsofInequalityMayBeWrittenEitherWay) {
  const auto bound = bind_text("SELECT 1 FROM frame f ASOF LEFT JOIN imu i ON i.ts < f.ts");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_TRUE(bound->query->source->backward);
  EXPECT_TRUE(bound->query->source->strict);
  EXPECT_EQ(bound->query->source->join, JoinType::kLeft);
  EXPECT_EQ(bound->query->source->left_time->to_text(), "ts");
}

TEST(Binder, TableFunctionsAreAskedForTheirColumns) {
  EXPECT_EQ(result_types("SELECT * FROM read_csv('a.csv', header = true)"), "a INTEGER, b TEXT");
  EXPECT_EQ(result_types("SELECT i FROM generate_series(1, 3) i"), "i INTEGER");
  EXPECT_EQ(error_of("SELECT * FROM read_cvs('a')"), "no table function 'read_cvs'");
}

TEST(Binder, CopyFromIsAnInsertOfTheFileByTheTablesTypes) {
  const auto bound = bind_text("COPY note FROM 'notes.csv.gz' WITH (header = true)");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_EQ(bound->kind, StatementKind::kInsert);
  const BoundSource& source = *bound->query->source->query->source;
  EXPECT_EQ(source.name, "read_csv");
  EXPECT_EQ(source.option_names, (std::vector<std::string>{"header", "types"}));
  EXPECT_EQ(error_of("COPY note FROM 'notes.xyz'"),
            "COPY: the name of 'notes.xyz' does not tell its format; say WITH (format = ..)");
}

TEST(Binder, ExistsIsFreedFromTheOuterQuery) {
  const auto bound = bind_text(
      "SELECT f.id FROM frame f WHERE EXISTS (SELECT 1 FROM imu i WHERE i.ax > 2 AND "
      "i.ts >= f.ts)");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->query->subqueries.size(), 1u);
  const BoundSubquery& subquery = bound->query->subqueries[0];
  EXPECT_EQ(subquery.join, JoinType::kSemi);
  EXPECT_TRUE(subquery.outer.empty());
  EXPECT_EQ(subquery.condition->to_text(), "ts >= ts");
  EXPECT_EQ(subquery.query->where->to_text(), "ax > 2.0");
  EXPECT_EQ(bound->query->where, nullptr);
}

TEST(Binder, ACorrelatedScalarSubqueryListsWhatItReadsFromOutside) {
  const auto bound =
      bind_text("SELECT (SELECT max(i.ax) FROM imu i WHERE i.ts <= f.ts) AS m FROM frame f");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->query->subqueries.size(), 1u);
  EXPECT_EQ(bound->query->subqueries[0].join, JoinType::kSingle);
  ASSERT_EQ(bound->query->subqueries[0].outer.size(), 1u);
  EXPECT_EQ(bound->query->subqueries[0].outer[0].name, "ts");
}

TEST(Binder, NotInIsAnAntiJoinThatMindsNull) {
  const auto bound = bind_text("SELECT 1 FROM imu WHERE n NOT IN (SELECT id FROM note)");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->query->subqueries.size(), 1u);
  EXPECT_EQ(bound->query->subqueries[0].join, JoinType::kAnti);
  EXPECT_TRUE(bound->query->subqueries[0].null_aware);
}

TEST(Binder, WindowsOfOnePartitionAndOrderShareAStage) {
  const auto bound = bind_text(
      "SELECT row_number() OVER w, lag(ax) OVER w, sum(ax) OVER (ORDER BY ts) FROM imu "
      "WINDOW w AS (PARTITION BY n ORDER BY ts)");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_EQ(bound->query->windows.size(), 2u);
  EXPECT_EQ(bound->query->windows[0].calls.size(), 2u);
  EXPECT_EQ(bound->query->windows[0].calls[1].aggregate.arguments.size(), 3u);
  EXPECT_EQ(error_of("SELECT 1 FROM imu WHERE row_number() OVER () = 1"),
            "window function row_number() can not stand in WHERE");
}

TEST(Binder, UnionArmsMeetInOneType) {
  EXPECT_EQ(result_types("SELECT n AS a FROM imu UNION ALL SELECT ax FROM imu"), "a FLOAT");
  EXPECT_EQ(result_types("SELECT NULL AS a UNION SELECT ts FROM imu"), "a TIMESTAMP");
  EXPECT_EQ(error_of("SELECT 1 UNION SELECT 1, 2"),
            "the sides give 1 and 2 columns; they must give as many");
  EXPECT_EQ(error_of("SELECT ts FROM imu UNION SELECT TRUE"),
            "column 1 is TIMESTAMP on one side and BOOLEAN on the other");
}

TEST(Binder, CreateTableMakesADefinition) {
  const auto bound = bind_text(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v VECTOR(3), name TEXT NOT NULL DEFAULT 'x')");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  ASSERT_NE(bound->create, nullptr);
  EXPECT_TRUE(bound->create->schema.columns[0].not_null);
  EXPECT_EQ(bound->create->schema.primary_key, (std::vector<uint32_t>{0}));
  EXPECT_EQ(bound->create->schema.columns[2].default_sql, "'x'");
  EXPECT_EQ(error_of("CREATE TABLE imu (a INTEGER)"), "table 'imu' is there already");
  EXPECT_TRUE(bind_text("CREATE TABLE IF NOT EXISTS imu (a INTEGER)")->exists);
  EXPECT_EQ(error_of("CREATE TABLE t (a INTEGER, PRIMARY KEY (b))"), "PRIMARY KEY: no column 'b'");
}

TEST(Binder, CreateTableAsTakesNamesAndTypesFromTheQuery) {
  const auto bound = bind_text("CREATE TABLE t AS SELECT ts, ax * 2 AS twice FROM imu");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  EXPECT_EQ(bound->kind, StatementKind::kCreateTableAs);
  EXPECT_EQ(bound->create->schema.columns[1].name, "twice");
  EXPECT_TRUE(bound->create->schema.columns[1].type.is(TypeKind::kFloat));
}

TEST(Binder, WhatIsNotSupportedSaysSoAtItsPlace) {
  EXPECT_EQ(error_of("SELECT 1 FROM imu FULL JOIN note ON TRUE"), "FULL JOIN is not supported");
  EXPECT_EQ(error_of("CREATE INDEX i ON imu (ts)"), "CREATE INDEX is not supported");
  EXPECT_EQ(error_of("CREATE VIEW v AS SELECT 1"), "CREATE VIEW is not supported");
  EXPECT_EQ(error_of("DROP VIEW IF EXISTS v"), "DROP VIEW is not supported");
}

// As deep as the parser lets it be: 1 MiB of stack is enough in a release build.
TEST(Binder, DeepExpressionsBind) {
  std::string sum = "n";
  std::string calls = "n";
  std::string cases = "n";
  for (uint32_t i = 1; i < kMaxExpressionDepth - 1; ++i) {
    sum += " + 1";
    calls = "coalesce(" + calls + ", 1)";
    if (i % 2 == 0) cases = "CASE WHEN TRUE THEN " + cases + " END";
  }
  for (const std::string& deep : {sum, calls, cases}) {
    const auto bound = bind_text("SELECT " + deep + " FROM imu");
    ASSERT_TRUE(bound.ok()) << bound.status().message();
  }
}

TEST(Fold, ConstantsBecomeTheirValueAndErrorsStay) {
  const auto bound =
      bind_text("SELECT 1 + 2 * 3, 9223372036854775807 + 1, TRUE AND n > 1 FROM imu");
  ASSERT_TRUE(bound.ok()) << bound.status().message();
  std::vector<std::string> texts;
  for (const BoundOutput& output : bound->query->outputs) {
    BoundExpressionPtr expression = output.expression->clone();
    fold(expression);
    texts.push_back(expression->to_text());
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"7", "9223372036854775807 + 1", "n > 1"}));
}

}  // namespace mote
