// What each form of the language becomes. Trees are compared as s-expressions; every text is also
// printed and parsed again, which must give the same tree.

#include "sql/parse/parser.h"

#include <gtest/gtest.h>

#include "sql/parse/print.h"
#include "sql/parse/tree_text_for_tests.h"

namespace mote {
namespace {

struct Example {
  const char* sql;
  const char* tree;
};

std::string statement_tree(std::string_view sql) {
  size_t consumed = 0;
  const Result<ast::StatementPtr> parsed = parse_statement(sql, &consumed);
  if (!parsed.ok()) return parsed.status().message();
  return *parsed == nullptr ? "nothing" : tree_text(**parsed);
}

std::string expression_tree(std::string_view sql) {
  const Result<ast::ExpressionPtr> parsed = parse_expression(sql);
  return parsed.ok() ? tree_text(**parsed) : parsed.status().message();
}

void expect_expressions(const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    SCOPED_TRACE(example.sql);
    const Result<ast::ExpressionPtr> parsed = parse_expression(example.sql);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(tree_text(**parsed), example.tree);
    EXPECT_EQ(expression_tree(to_sql(**parsed)), example.tree) << to_sql(**parsed);
  }
}

void expect_statements(const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    SCOPED_TRACE(example.sql);
    size_t consumed = 0;
    const Result<ast::StatementPtr> parsed = parse_statement(example.sql, &consumed);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(tree_text(**parsed), example.tree);
    EXPECT_EQ(statement_tree(to_sql(**parsed)), example.tree) << to_sql(**parsed);
  }
}

TEST(Expressions, Literals) {
  expect_expressions({
      {"1", "1"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775807", "9223372036854775807"},
      {"0x7f", "127"},
      {"'it''s'", "'it's'"},
      {"''", "''"},
      {"'\xc3\xa4\xe2\x82\xac'", "'\xc3\xa4\xe2\x82\xac'"},
      {"x'00ff'", "\\x00ff"},
      {"TRUE", "true"},
      {"null", "null"},
      {"TIMESTAMP '2026-01-26'", "(cast '2026-01-26' TIMESTAMP)"},
      {"DATE '2026-01-26'", "(cast '2026-01-26' TIMESTAMP)"},
      {"INTERVAL '20 ms'", "(cast '20 ms' INTERVAL)"},
      {"ARRAY[1, 2]", "(array 1 2)"},
      {"ARRAY[]", "(array)"},
      {"(1, 2)", "(row 1 2)"},
  });
}

TEST(Expressions, FloatsAreTheNearestDouble) {
  for (const char* text : {"1.5", ".5", "1.", "1e3", "2.5E-3", "9223372036854775808", "1e308"}) {
    SCOPED_TRACE(text);
    const Result<ast::ExpressionPtr> parsed = parse_expression(text);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE((*parsed)->type.is(TypeKind::kFloat));
    EXPECT_EQ((*parsed)->floating, strtod(text, nullptr));
  }
}

TEST(Expressions, NamesAndParameters) {
  expect_expressions({
      {"a", "a"},
      {"\"Select\"", "Select"},
      {"\"a\"\"b\"", "a\"b"},
      {"t.x", "t.x"},
      {"t.order", "t.order"},
      {"timestamp", "timestamp"},
      {"match", "match"},
      {"\xc3\xa4", "\xc3\xa4"},
      {"? + ?", "(+ ?0 ?1)"},
      {"?3 + ?", "(+ ?2 ?3)"},
      {"$2 + $1", "(+ ?1 ?0)"},
      {"$q + :here + @q", "(+ (+ ?0q ?1here) ?0q)"},
  });
}

TEST(Expressions, ParametersAreNamedInTheOrderOfTheirNumbers) {
  size_t consumed = 0;
  const Result<ast::StatementPtr> parsed = parse_statement("SELECT ?2, $a, :b, $a", &consumed);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ((*parsed)->parameter_names, (std::vector<std::string>{"", "", "a", "b"}));
}

// Each pair of neighbours in the table of parser.h, from both sides.
TEST(Expressions, Precedence) {
  expect_expressions({
      {"a OR b AND c OR d", "(or a (and b c) d)"},
      {"NOT a AND b", "(and (not a) b)"},
      {"NOT a = b", "(not (= a b))"},
      {"NOT NOT a", "(not (not a))"},
      {"a = b < c", "(= a (< b c))"},
      {"a < b = c", "(= (< a b) c)"},
      {"a < b <-> c", "(< a (<-> b c))"},
      {"a <-> b < c", "(< (<-> a b) c)"},
      {"a <=> b + c", "(<=> a (+ b c))"},
      {"a + b <#> c", "(<#> (+ a b) c)"},
      {"a & b + c | d << e >> f", "(>> (<< (| (& a (+ b c)) d) e) f)"},
      {"a + b * c - d", "(- (+ a (* b c)) d)"},
      {"a * b || c / d % e", "(% (/ (* a (|| b c)) d) e)"},
      {"-a || b", "(|| (neg a) b)"},
      {"- - a", "(neg (neg a))"},
      {"-(5)", "(neg 5)"},
      {"a - -5", "(- a -5)"},
      {"~a + +b", "(+ (~ a) (pos b))"},
      {"-a::TEXT", "(neg (cast a TEXT))"},
      {"a::INTEGER::TEXT", "(cast (cast a INTEGER) TEXT)"},
      {"(a OR b) AND c", "(and (or a b) c)"},
      {"a AND (b AND c)", "(and a (and b c))"},
      {"(a AND b) AND c", "(and (and a b) c)"},
      {"a - (b - c)", "(- a (- b c))"},
      {"((((a))))", "a"},
      {"a == b != c", "(<> (= a b) c)"},
      {"a >= b > c <= d", "(<= (> (>= a b) c) d)"},
      {"a = NOT b AND c", "(and (= a (not b)) c)"},
  });
}

TEST(Expressions, TestsAndPatterns) {
  expect_expressions({
      {"a IS NULL", "(isnull a)"},
      {"a IS NOT NULL AND b NOTNULL", "(and (!isnull a) (!isnull b))"},
      {"a NOT NULL", "(!isnull a)"},
      {"a + 1 ISNULL", "(isnull (+ a 1))"},
      {"a IS TRUE OR b IS NOT FALSE", "(or (istrue a) (!isfalse b))"},
      {"a IS DISTINCT FROM b", "(isdist a b)"},
      {"a IS NOT DISTINCT FROM b", "(!isdist a b)"},
      {"a IS b", "(!isdist a b)"},
      {"a IS NOT b", "(isdist a b)"},
      {"a BETWEEN 1 AND 2 AND b", "(and (between a 1 2) b)"},
      {"a NOT BETWEEN 1 + 1 AND b OR c", "(or (!between a (+ 1 1) b) c)"},
      {"a BETWEEN b BETWEEN c AND d AND e", "(between a (between b c d) e)"},
      {"a IN (1, 2)", "(in a 1 2)"},
      {"a NOT IN (1)", "(!in a 1)"},
      {"a IN ()", "(in a)"},
      {"a IN (SELECT b FROM t)", "(in a (select b from t))"},
      {"a IN t", "(in a (select * from t))"},
      {"(a, b) IN (VALUES (1, 2))", "(in (row a b) (values ( 1 2)))"},
      {"a LIKE 'x%'", "(like a 'x%')"},
      {"a NOT LIKE b || 'x' ESCAPE '\\' AND c", "(and (!like a (|| b 'x') '\\') c)"},
      {"a ILIKE b", "(ilike a b)"},
      {"a NOT GLOB b", "(!glob a b)"},
      {"body MATCH 'red cup'", "(match body 'red cup')"},
      {"EXISTS (SELECT 1)", "(exists (select 1))"},
      {"NOT EXISTS (SELECT 1)", "(not (exists (select 1)))"},
      {"(SELECT max(a) FROM t) + 1", "(+ (query (select (max() a) from t)) 1)"},
  });
}

TEST(Expressions, CaseCastAndCalls) {
  expect_expressions({
      {"CASE WHEN a THEN 1 WHEN b THEN 2 END", "(case a 1 b 2)"},
      {"CASE a WHEN 1 THEN 'x' ELSE 'y' END || 'z'", "(|| (case of a 1 'x' 'y' else) 'z')"},
      {"CASE CASE WHEN a THEN b END WHEN 1 THEN 2 END", "(case of (case a b) 1 2)"},
      {"CAST(a + 1 AS VECTOR(3, f16))", "(cast (+ a 1) VECTOR(3, f16))"},
      {"CAST(a AS DOUBLE PRECISION)", "(cast a FLOAT)"},
      {"CAST(a AS VARCHAR(30))", "(cast a TEXT)"},
      {"now()", "(now())"},
      {"CURRENT_TIMESTAMP", "(now())"},
      {"count(*)", "(count() *)"},
      {"count(DISTINCT a)", "(count() distinct a)"},
      {"sum(ALL a)", "(sum() a)"},
      {"f(a, g(b), 1 + 2)", "(f() a (g() b) (+ 1 2))"},
      {"left(a, 2) || right(a, 2)", "(|| (left() a 2) (right() a 2))"},
      {"match(body, 'q')", "(match() body 'q')"},
      {"\"cast\"(a)", "(cast() a)"},
      {"EXTRACT(year FROM t.at)", "(EXTRACT() 'year' t.at)"},
      {"SUBSTRING(a FROM 2 FOR 3)", "(SUBSTRING() a 2 3)"},
      {"POSITION('a' || b IN c)", "(strpos() c (|| 'a' b))"},
      {"trim(a)", "(trim() a)"},
      {"TRIM(LEADING 'x' FROM a)", "(ltrim() a 'x')"},
      {"TRIM(BOTH FROM a)", "(TRIM() a)"},
      {"TRIM('x' FROM a)", "(TRIM() a 'x')"},
      {"group_concat(a, ',' ORDER BY b DESC NULLS LAST)",
       "(group_concat() a ',' (by b desc last))"},
      {"count(*) FILTER (WHERE a > 1)", "(count() * filter (> a 1))"},
      {"sum(a) OVER w", "(sum() a over (window w partition))"},
      {"lag(a) OVER (PARTITION BY b, c ORDER BY d ROWS BETWEEN 3 PRECEDING AND CURRENT ROW "
       "EXCLUDE TIES)",
       "(lag() a over (window  partition b c (by d) frame 0 1 3 2 - 3))"},
      {"sum(a) OVER (RANGE UNBOUNDED PRECEDING)",
       "(sum() a over (window  partition frame 1 0 - 2 - 0))"},
  });
}

TEST(Queries, Clauses) {
  expect_statements({
      {"SELECT 1", "(select 1)"},
      {"select distinct a, b as x, c y, t.*, * from t",
       "(select distinct a b as x c as y t.* * from t)"},
      {"SELECT a FROM t WHERE b GROUP BY a, 2 HAVING count(*) > 1 ORDER BY 1 DESC, a NULLS FIRST "
       "LIMIT 10 OFFSET 5",
       "(select a from t where b group a 2 having (> (count() *) 1) (by 1 desc) (by a first) "
       "limit 10 offset 5)"},
      {"SELECT a FROM t LIMIT 5, 10", "(select a from t limit 10 offset 5)"},
      {"SELECT a FROM t LIMIT ALL OFFSET 5", "(select a from t offset 5)"},
      {"VALUES (1, 2), (3, 4)", "(values ( 1 2) ( 3 4))"},
      {"SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY b)",
       "(select (sum() a over (window w partition)) from t window w(window  partition b))"},
      {"SELECT a AS select FROM t", "(select a as select from t)"},
      {"EXPLAIN SELECT 1", "explain (select 1)"},
      {"EXPLAIN ANALYZE SELECT 1", "explain-analyze (select 1)"},
      {"EXPLAIN QUERY PLAN SELECT 1", "explain (select 1)"},
  });
}

TEST(Queries, Compounds) {
  expect_statements({
      {"SELECT 1 UNION SELECT 2 UNION ALL SELECT 3 ORDER BY 1",
       "(union-all (union (select 1) (select 2)) (select 3) (by 1))"},
      {"SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4",
       "(except (union (select 1) (intersect (select 2) (select 3))) (select 4))"},
      {"(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3",
       "(intersect (union (select 1) (select 2)) (select 3))"},
      {"SELECT 1 UNION (SELECT 2 ORDER BY 1 LIMIT 1)",
       "(union (select 1) (select 2 (by 1) limit 1))"},
      {"SELECT 1 EXCEPT (SELECT 2 EXCEPT SELECT 3)",
       "(except (select 1) (except (select 2) (select 3)))"},
      {"SELECT ((SELECT 1)) UNION SELECT ((SELECT 2) UNION SELECT 3), ((SELECT 4) + 5)",
       "(union (select (query (select 1))) (select (query (union (select 2) (select 3))) "
       "(+ (query (select 4)) 5)))"},
      {"SELECT * FROM (((SELECT 1)) UNION SELECT 2), ((SELECT 3) a JOIN b USING (c))",
       "(select * from (cross (union (select 1) (select 2)) (inner (select 3) as a b using "
       "[c;])))"},
      {"(SELECT 1 LIMIT 1) LIMIT 2", "(select * from (select 1 limit 1) limit 2)"},
      {"WITH a AS (SELECT 1), b(x, y) AS (SELECT 2, 3) SELECT * FROM a, b",
       "(with a (select 1) with b[x;y;] (select 2 3) select * from (cross a b))"},
      {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
       "(with-recursive n[i;] (union-all (select 1) (select (+ i 1) from n)) select i from n)"},
  });
}

TEST(Queries, From) {
  expect_statements({
      {"SELECT * FROM a JOIN b ON a.k = b.k", "(select * from (inner a b on (= a.k b.k)))"},
      {"SELECT * FROM a x LEFT OUTER JOIN b AS y USING (k, l)",
       "(select * from (left a as x b as y using [k;l;]))"},
      {"SELECT * FROM a, b CROSS JOIN c", "(select * from (cross (cross a b) c))"},
      {"SELECT * FROM a NATURAL LEFT JOIN b", "(select * from (natural-left a b))"},
      {"SELECT * FROM a JOIN (b RIGHT JOIN c ON 1) ON 2",
       "(select * from (inner a (right b c on 1) on 2))"},
      {"SELECT * FROM a ASOF JOIN b ON a.k = b.k AND a.ts >= b.ts TOLERANCE '20 ms' WHERE c",
       "(select * from (asof a b on (and (= a.k b.k) (>= a.ts b.ts)) tolerance '20 ms') where c)"},
      {"SELECT * FROM a ASOF LEFT JOIN b USING (ts)",
       "(select * from (asof-left a b using [ts;]))"},
      {"SELECT * FROM asof asof ASOF JOIN tolerance USING (t)",
       "(select * from (asof asof as asof tolerance using [t;]))"},
      {"SELECT * FROM (SELECT 1 AS a) AS s (b)", "(select * from (select 1 as a) as s[b;])"},
      {"SELECT * FROM generate_series(1, 10, 2) AS g(i)",
       "(select * from (generate_series() 1 10 2) as g[i;])"},
      {"SELECT * FROM read_csv('imu.csv', header = true, delimiter => ';') imu",
       "(select * from (read_csv() 'imu.csv' header:true delimiter:';') as imu)"},
      {"SELECT * FROM f((a = b))", "(select * from (f() (= a b)))"},
  });
}

TEST(Statements, Changes) {
  expect_statements({
      {"INSERT INTO t VALUES (1, NULL), (-2, 'x')", "insert t (values ( 1 null) ( -2 'x'))"},
      {"INSERT INTO t (a, b) SELECT 1, 2 RETURNING *",
       "insert t[a;b;] (select 1 2) returning *"},
      {"INSERT INTO t (SELECT 1)", "insert t (select 1)"},
      {"INSERT INTO t DEFAULT VALUES RETURNING a + 1 AS b",
       "insert t default returning (+ a 1) as b"},
      {"INSERT OR REPLACE INTO t VALUES (1)", "insert t (values ( 1)) conflict 2[] where -"},
      {"REPLACE INTO t VALUES (1)", "insert t (values ( 1)) conflict 2[] where -"},
      {"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2, c = excluded.c WHERE d",
       "insert t (values ( 1)) conflict 3[a;] b:=2 c:=excluded.c where d"},
      {"INSERT INTO t SELECT * FROM u ON CONFLICT DO NOTHING",
       "insert t (select * from u) conflict 1[] where -"},
      {"UPDATE t SET a = a + 1, b = DEFAULT_ WHERE c = ? RETURNING a",
       "update t  a:=(+ a 1) b:=DEFAULT_ where (= c ?0) a"},
      {"UPDATE t AS x SET a = 1 FROM u WHERE x.k = u.k",
       "update t x a:=1 from u where (= x.k u.k)"},
      {"DELETE FROM t", "delete t  where -"},
      {"DELETE FROM t x WHERE x.a RETURNING *", "delete t x where x.a *"},
      {"EXPLAIN DELETE FROM t", "explain delete t  where -"},
  });
}

TEST(Statements, Tables) {
  expect_statements({
      {"CREATE TABLE imu (t TIMESTAMP_NS NOT NULL, ax DOUBLE DEFAULT 0.5 + 1 NOT NULL, e "
       "VECTOR(384, i8), id BIGINT PRIMARY KEY, TIME KEY (t))",
       "create imu (t TIMESTAMP not-null) (ax FLOAT not-null default (+ 4602678819172646912f0.5 "
       "1)) (e VECTOR(384, i8)) (id INTEGER key) time [t;]"},
      {"CREATE TABLE IF NOT EXISTS t (a INT, b TEXT, CONSTRAINT k PRIMARY KEY (a, b), UNIQUE (b)) "
       "WITH (retention = '7 days', compact)",
       "create t if-not-exists (a INTEGER) (b TEXT) key [a;b;] unique [b;] retention:'7 days' "
       "compact:true"},
      {"CREATE TABLE t AS SELECT 1 AS a", "create t as (select 1 as a)"},
      {"CREATE TABLE t (time TIMESTAMP, key TEXT, match TEXT, value FLOAT, type TEXT)",
       "create t (time TIMESTAMP) (key TEXT) (match TEXT) (value FLOAT) (type TEXT)"},
      {"CREATE UNIQUE INDEX IF NOT EXISTS i ON t USING vector (e, lower(a) DESC) WITH (metric = "
       "cosine) WHERE b",
       "unique-index i if-not-exists t vector (by e) (by (lower() a) desc) metric:'cosine' where "
       "b"},
      {"CREATE VIEW v (a) AS SELECT 1", "view v [a;](select 1)"},
      {"DROP TABLE IF EXISTS t", "drop-table t if-exists"},
      {"DROP INDEX i", "drop-index i"},
  });
}

TEST(Statements, TheRest) {
  expect_statements({
      {"BEGIN IMMEDIATE TRANSACTION", "begin"},
      {"START TRANSACTION", "begin"},
      {"COMMIT WORK", "commit"},
      {"END", "commit"},
      {"ROLLBACK", "rollback"},
      {"SAVEPOINT a", "savepoint a"},
      {"ROLLBACK TO SAVEPOINT a", "rollback-to a"},
      {"RELEASE a", "release a"},
      {"CHECKPOINT", "checkpoint"},
      {"VACUUM", "vacuum"},
      {"CHECK", "check"},
      {"PRAGMA integrity_check", "check"},
      {"SHOW TABLES", "show-tables"},
      {"DESCRIBE t", "describe t"},
      {"SET memory = 64", "set memory 64"},
      {"SET sync TO async", "set sync 'async'"},
      {"PRAGMA sync", "set sync"},
      {"COPY t FROM 'a.csv'", "copy t[] from a.csv"},
      {"COPY t (a, b) FROM 'a.csv' WITH (HEADER, DELIMITER ';', format csv)",
       "copy t[a;b;] from a.csv HEADER:true DELIMITER:';' format:'csv'"},
      {"COPY (SELECT a FROM t) TO 'a.csv' (header = false)",
       "copy [](select a from t) to a.csv header:false"},
  });
}

TEST(Statements, AreTakenOneAtATime) {
  std::string_view script =
      "; -- a comment; with a semicolon\nSELECT ';' /* ; */ ;\n\nSELECT \";\";SELECT 3 ; -- end";
  std::vector<std::string> trees;
  while (!script.empty()) {
    size_t consumed = 0;
    const Result<ast::StatementPtr> parsed = parse_statement(script, &consumed);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    ASSERT_GT(consumed, 0u);
    script.remove_prefix(consumed);
    if (*parsed != nullptr) trees.push_back(tree_text(**parsed));
  }
  EXPECT_EQ(trees, (std::vector<std::string>{"(select ';')", "(select ;)", "(select 3)"}));
}

TEST(Statements, AfterAnErrorTheNextOneIsFound) {
  for (const std::string bad : {"SELEC 1;", "SELECT ! ;", "SELECT x'0';", "SELECT '\xff';"}) {
    SCOPED_TRACE(bad);
    size_t consumed = 0;
    EXPECT_FALSE(parse_statement(bad + "SELECT 2", &consumed).ok());
    EXPECT_EQ(consumed, bad.size());
  }
}

TEST(Statements, TheirEndIsSeenThroughQuotationsAndComments) {
  const struct {
    const char* text;
    size_t complete;
    bool is_inside;
  } examples[] = {
      {"", 0, false},
      {" -- a;\n", 0, false},
      {"SELECT 1", 0, true},
      {"SELECT 1;", 9, false},
      {"SELECT 1; ", 9, false},
      {"SELECT 1; SELECT", 9, true},
      {"SELECT ';", 0, true},
      {"SELECT ';';", 11, false},
      {"SELECT \";", 0, true},
      {"SELECT 1; /* ;", 9, true},
      {"SELECT 1; /* ; */", 9, false},
      {"SELECT 1 -- ;", 0, true},
      {"SELECT ! ;", 10, false},
  };
  for (const auto& example : examples) {
    SCOPED_TRACE(example.text);
    EXPECT_EQ(complete_statements_bytes(example.text), example.complete);
    EXPECT_EQ(ends_inside_statement(example.text), example.is_inside);
  }
}

TEST(Positions, NodesKnowWhereTheyBegin) {
  size_t consumed = 0;
  const Result<ast::StatementPtr> parsed =
      parse_statement("SELECT a + f(b), c FROM t JOIN u ON x", &consumed);
  ASSERT_TRUE(parsed.ok());
  const ast::Select& select = *(*parsed)->select;
  const ast::Expression& sum = *select.items[0].expression;
  EXPECT_EQ(sum.offset, 7u);
  EXPECT_EQ(sum.children[1]->offset, 11u);
  EXPECT_EQ(sum.children[1]->children[0]->offset, 13u);
  EXPECT_EQ(select.items[0].text, "a + f(b)");
  EXPECT_EQ(select.items[1].text, "c");
  EXPECT_EQ(select.from->left->offset, 24u);
  EXPECT_EQ(select.from->on->offset, 36u);
}

struct ErrorExample {
  const char* sql;
  uint32_t offset;
  const char* message;
};

TEST(Errors, NameTheTokenThePlaceAndWhatIsExpected) {
  const ErrorExample examples[] = {
      {"SELECT a FORM t", 9, "syntax error at 'FORM': expected FROM"},
      {"SELCT 1", 0, "syntax error at 'SELCT': expected a statement; did you mean SELECT?"},
      {"SELECT", 6, "syntax error at the end of the statement: expected an expression"},
      {"SELECT 1 +", 10, "syntax error at the end of the statement: expected an expression"},
      {"SELECT (1", 9, "syntax error at the end of the statement: expected ')' or an operator"},
      {"SELECT 1)", 8, "syntax error at ')': expected the end of the statement"},
      {"SELECT f(1", 10, "syntax error at the end of the statement: expected ',' or ')'"},
      {"SELECT CASE WHEN 1 END", 19, "syntax error at 'END': expected THEN"},
      {"SELECT a BETWEEN 1 OR 2", 19, "syntax error at 'OR': expected AND"},
      {"SELECT * FROM a JOIN b", 22,
       "syntax error at the end of the statement: expected ON or USING"},
      {"SELECT a FROM left", 14,
       "syntax error at 'left': expected a table; LEFT is a keyword and must be written \"left\" "
       "to be a name"},
      {"CREATE TABLE t (a FOO)", 18,
       "there is no type 'FOO'; there are BOOLEAN, INTEGER, FLOAT, FLOAT4, TEXT, BLOB, TIMESTAMP, "
       "INTERVAL, VECTOR(n), POINT and POINT3D"},
      {"CREATE TABLE t (a VECTOR(0))", 25, "a VECTOR has 1 to 16384 dimensions, not 0"},
      {"CREATE TABLE t (a VECTOR)", 24,
       "syntax error at ')': expected '(' and the number of dimensions"},
      {"CREATE TABLE t (a INT(4))", 21, "INTEGER takes no arguments"},
      {"VALUES (1, 2), (3)", 15, "row 2 of VALUES has 1 values; the first has 2"},
      {"INSERT t VALUES (1)", 7, "syntax error at 't': expected INTO"},
      {"SELECT 'abc", 7, "the quotation that begins here is not closed by '"},
      {"SELECT 1 /* x", 9, "the comment that begins here is not closed by */"},
      {"SELECT 1 # 2", 9, "'#' has no meaning in a statement"},
      {"SELECT 1a", 7, "'1a' is neither a number nor a name"},
      {"SELECT 1e999", 7, nullptr},
      {"SELECT x'1'", 7, "x'1': a blob is x'..' with two hexadecimal digits a byte"},
      {"SELECT x'1g'", 7, "x'1g': a blob is x'..' with two hexadecimal digits a byte"},
      {"SELECT 'a\xff'", 9, "byte 0xff is not UTF-8"},
      {"SELECT /* \xc3 */ 1", 10, "byte 0xc3 is not UTF-8"},
      {"EXPLAIN VACUUM", 0,
       "EXPLAIN is for SELECT, INSERT, UPDATE, DELETE and CREATE TABLE .. AS"},
      {"SELECT f(a = 1, x = 2) FROM read_csv(header = true, 'x')", 52, nullptr},
      {"ROLLBACK TO", 11, "syntax error at the end of the statement: expected a name"},
  };
  for (const ErrorExample& example : examples) {
    SCOPED_TRACE(example.sql);
    size_t consumed = 0;
    const Result<ast::StatementPtr> parsed = parse_statement(example.sql, &consumed);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(parsed.status().offset(), example.offset);
    if (example.message != nullptr) EXPECT_EQ(parsed.status().message(), example.message);
  }
}

TEST(Errors, OfAnExpressionAloneAreErrorsToo) {
  EXPECT_EQ(expression_tree(""),
            "syntax error at the end of the statement: expected an expression");
  EXPECT_EQ(expression_tree("1 2"), "syntax error at '2': expected the end of the statement");
  EXPECT_EQ(expression_tree("1; 2"), "an expression ends at ';'");
}

}  // namespace
}  // namespace mote
