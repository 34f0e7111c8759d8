// Hostile statements: too long, too deep, too many, damaged. Each limit stands at n and not at
// n + 1, on a thread whose stack is small.

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

#include "base/limits.h"
#include "sql/parse/parser.h"
#include "sql/parse/print.h"
#include "sql/parse/tree_text_for_tests.h"

namespace mote {
namespace {

constexpr size_t kSmallStackBytes = 256 * 1024;

void* run(void* work) {
  (*static_cast<std::function<void()>*>(work))();
  return nullptr;
}

void on_small_stack(std::function<void()> work) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, kSmallStackBytes), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &work), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

std::string repeated(std::string_view piece, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += piece;
  return out;
}

// The code of parsing `sql`, on a small stack; the tree is also destroyed there.
Code parse_code(const std::string& sql) {
  Code code = Code::kOk;
  on_small_stack([&] {
    size_t consumed = 0;
    code = parse_statement(sql, &consumed).status().code();
    EXPECT_EQ(consumed, sql.size());
  });
  return code;
}

struct Nesting {
  const char* before;
  const char* middle;
  const char* after;
  uint32_t levels;  // of the middle, and of what does not repeat around it
};

TEST(Limits, ExpressionDepth) {
  const Nesting nestings[] = {
      {"(", "1", ")", 0},
      {"f(", "1", ")", 2},
      {"- ", "a", "", 2},
      {"NOT ", "a", "", 2},
      {"", "1", " + 1", 2},
      {"", "1", " || 1", 2},
      {"", "a", "::TEXT", 2},
      {"", "a", " IS NULL", 2},
      {"CASE WHEN a THEN ", "1", " END", 2},
      {"CAST(", "1", " AS TEXT)", 2},
      {"a IN (", "1", ")", 2},
      {"ARRAY[", "1", "]", 2},
      {"a BETWEEN ", "1", " AND 2", 2},
      {"a + (", "1", ")", 2},
      {"(1, ", "1", ")", 2},
  };
  for (const Nesting& nesting : nestings) {
    SCOPED_TRACE(nesting.before + std::string(nesting.after));
    for (const uint32_t levels : {kMaxExpressionDepth - 1, kMaxExpressionDepth}) {
      const uint32_t times = levels - nesting.levels;
      EXPECT_EQ(parse_code("SELECT " + repeated(nesting.before, times) + nesting.middle +
                           repeated(nesting.after, times)),
                Code::kOk);
    }
    for (const uint32_t times : {kMaxExpressionDepth + 1 - nesting.levels, 10'000u, 40'000u}) {
      EXPECT_EQ(parse_code("SELECT " + repeated(nesting.before, times) + nesting.middle +
                           repeated(nesting.after, times)),
                Code::kLimit);
    }
  }
}

TEST(Limits, OpenBracketsWithoutEnd) {
  for (const char* piece : {"(", "f(", "CASE ", "a IN (", "- ", "a AND (", "CAST(", "ARRAY["}) {
    SCOPED_TRACE(piece);
    EXPECT_NE(parse_code("SELECT " + repeated(piece, 10'000)), Code::kOk);
  }
}

// AND and OR are one level however long.
TEST(Limits, ChainsOfAndAndOrAreFlat) {
  for (const char* piece : {" AND a", " OR a"}) {
    size_t consumed = 0;
    const Result<ast::StatementPtr> parsed =
        parse_statement("SELECT a" + repeated(piece, 100'000), &consumed);
    ASSERT_TRUE(parsed.ok());
    const ast::Expression& chain = *(*parsed)->select->items[0].expression;
    EXPECT_EQ(chain.children.size(), 100'001u);
    EXPECT_EQ(chain.depth, 2u);
  }
}

TEST(Limits, QueryDepth) {
  const struct {
    const char* before;
    const char* after;
  } nestings[] = {
      {"SELECT (", ")"},
      {"SELECT a IN (", ")"},
      {"SELECT EXISTS (", ")"},
      {"SELECT * FROM (", ")"},
      {"WITH a AS (", ") SELECT 1"},
      {"(", ")"},
      {"SELECT 1 UNION (", ")"},
      {"SELECT f(a) FILTER (WHERE (", "))"},
  };
  for (const auto& nesting : nestings) {
    SCOPED_TRACE(nesting.before);
    const uint32_t per_level = std::string_view(nesting.before).find("FILTER") == SIZE_MAX ? 1 : 2;
    const auto code_of = [&](uint32_t times) {
      return parse_code(repeated(nesting.before, times) + "SELECT 1" +
                        repeated(nesting.after, times));
    };
    const uint32_t most = (kMaxQueryDepth - 1) / per_level;
    EXPECT_EQ(code_of(most - 1), Code::kOk);
    EXPECT_EQ(code_of(most), Code::kOk);
    EXPECT_EQ(code_of(most + 1), Code::kLimit);
    EXPECT_EQ(code_of(10'000), Code::kLimit);
  }
  EXPECT_EQ(parse_code("SELECT * FROM " + repeated("(", 10'000)), Code::kLimit);
}

// Deep expressions inside deep queries add up.
TEST(Limits, DepthCountsThroughQueries) {
  const std::string deep = repeated("- ", 600);
  EXPECT_EQ(parse_code("SELECT " + deep + "(SELECT a)"), Code::kOk);
  EXPECT_EQ(parse_code("SELECT " + deep + "(SELECT " + deep + "a)"), Code::kLimit);
  EXPECT_EQ(parse_code("SELECT f(a) FILTER (WHERE " + deep + "a)"), Code::kOk);
  EXPECT_EQ(parse_code("SELECT " + deep + "f(a) FILTER (WHERE " + deep + "a)"), Code::kLimit);
}

TEST(Limits, TermsOfACompound) {
  for (const char* piece : {" UNION ALL SELECT 1", " INTERSECT SELECT 1"}) {
    SCOPED_TRACE(piece);
    EXPECT_EQ(parse_code("SELECT 1" + repeated(piece, kMaxExpressionDepth - 2)), Code::kOk);
    EXPECT_EQ(parse_code("SELECT 1" + repeated(piece, kMaxExpressionDepth - 1)), Code::kLimit);
    EXPECT_EQ(parse_code("SELECT 1" + repeated(piece, 10'000)), Code::kLimit);
  }
}

TEST(Limits, StatementBytes) {
  for (const size_t size : {kMaxStatementBytes - 1, kMaxStatementBytes, kMaxStatementBytes + 1,
                            size_t{10'000'000}}) {
    SCOPED_TRACE(size);
    const std::string sql = "SELECT '" + std::string(size - 9, 'x') + "'";
    ASSERT_EQ(sql.size(), size);
    const Code expected = size <= kMaxStatementBytes ? Code::kOk : Code::kLimit;
    EXPECT_EQ(parse_code(sql), expected);
    EXPECT_EQ(parse_code("  -- not of the statement\n" + sql + " ;"), expected);
  }
}

TEST(Limits, AScriptMayBeLongerThanAStatement) {
  std::string script = repeated("SELECT 1;", 200'000);
  size_t count = 0;
  std::string_view rest = script;
  for (size_t consumed = 0; !rest.empty(); rest.remove_prefix(consumed)) {
    ASSERT_TRUE(parse_statement(rest, &consumed).ok());
    ++count;
  }
  EXPECT_EQ(count, 200'000u);
}

TEST(Limits, Parameters) {
  const auto code_of = [](uint32_t number) {
    return parse_code("SELECT ?" + std::to_string(number));
  };
  EXPECT_EQ(code_of(0), Code::kLimit);
  EXPECT_EQ(code_of(kMaxParameters - 1), Code::kOk);
  EXPECT_EQ(code_of(kMaxParameters), Code::kOk);
  EXPECT_EQ(code_of(kMaxParameters + 1), Code::kLimit);
  EXPECT_EQ(parse_code("SELECT ?99999999999999999999"), Code::kLimit);
  EXPECT_EQ(parse_code("SELECT ?" + repeated(",?", kMaxParameters - 1)), Code::kOk);
  EXPECT_EQ(parse_code("SELECT ?" + repeated(",?", kMaxParameters)), Code::kLimit);
}

TEST(Limits, Joins) {
  for (const char* piece : {", t", " JOIN t USING (a)"}) {
    EXPECT_EQ(parse_code("SELECT 1 FROM t" + repeated(piece, kMaxJoins - 1)), Code::kOk);
    EXPECT_EQ(parse_code("SELECT 1 FROM t" + repeated(piece, kMaxJoins)), Code::kOk);
    EXPECT_EQ(parse_code("SELECT 1 FROM t" + repeated(piece, kMaxJoins + 1)), Code::kLimit);
  }
}

TEST(Limits, VectorDimensions) {
  const auto code_of = [](uint32_t dimension) {
    return parse_code("CREATE TABLE t (a VECTOR(" + std::to_string(dimension) + "))");
  };
  EXPECT_EQ(code_of(1), Code::kOk);
  EXPECT_EQ(code_of(kMaxVectorDimension - 1), Code::kOk);
  EXPECT_EQ(code_of(kMaxVectorDimension), Code::kOk);
  EXPECT_EQ(code_of(kMaxVectorDimension + 1), Code::kInvalidArgument);
}

const char* const kValid[] = {
    "SELECT DISTINCT a, t.b AS \"x y\", count(*) FILTER (WHERE c > 1.5e3) OVER (PARTITION BY d "
    "ORDER BY e DESC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t ASOF LEFT JOIN u "
    "ON t.k = u.k AND t.ts >= u.ts TOLERANCE '20 ms' WHERE a NOT LIKE 'x''%' ESCAPE '!' AND b "
    "BETWEEN -1 AND 0x7f OR c IN (SELECT 1 UNION ALL VALUES (2)) GROUP BY a HAVING NOT d IS NULL "
    "ORDER BY emb <=> $q, f(x)::VECTOR(3, f16) LIMIT 10 OFFSET ?2;",
    "WITH RECURSIVE n(i) AS (SELECT 1 EXCEPT SELECT CASE i WHEN 2 THEN x'00ff' ELSE ~i END FROM n) "
    "SELECT EXTRACT(year FROM at), TRIM(BOTH 'x' FROM y) /* c */ FROM read_csv('f', header = true)",
    "INSERT INTO \"t\" (a, b) VALUES (1, NULL), (-9223372036854775808, ARRAY[1, 2]) ON CONFLICT "
    "(a) DO UPDATE SET b = excluded.b WHERE a -- c\n RETURNING *",
    "CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x' || 'y', c "
    "VECTOR(384, i8), UNIQUE (b)) WITH (retention = '7 days', compact)",
    "COPY (SELECT a FROM t) TO 'a.csv' (header false, format csv); BEGIN; ROLLBACK TO s;",
};

// Bytes changed, taken out, doubled, or moved: an error or a tree, which then prints and comes
// back, but never a crash.
TEST(Damage, NeverCrashes) {
  const uint32_t seeds = std::getenv("MOTE_TEST_LONG") != nullptr ? 2'000'000 : 15'000;
  for (uint32_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string sql = kValid[random() % std::size(kValid)];
    for (uint32_t edits = 1 + random() % 4; edits > 0 && !sql.empty(); --edits) {
      const size_t at = random() % sql.size();
      const size_t count = std::min<size_t>(random() % 12, sql.size() - at);
      switch (random() % 4) {
        case 0: sql[at] = static_cast<char>(random()); break;
        case 1: sql.erase(at, count); break;
        case 2: sql.insert(at, sql.substr(at, count)); break;
        default: sql.insert(random() % sql.size(), sql.substr(at, count)); break;
      }
    }
    size_t consumed = 0;
    const Result<ast::StatementPtr> parsed = parse_statement(sql, &consumed);
    ASSERT_LE(consumed, sql.size());
    complete_statements_bytes(sql);
    ends_inside_statement(sql);
    if (!parsed.ok()) {
      ASSERT_LE(parsed.status().offset(), sql.size()) << sql;
      continue;
    }
    if (*parsed == nullptr) continue;
    const std::string printed = to_sql(**parsed);
    const Result<ast::StatementPtr> again = parse_statement(printed, &consumed);
    ASSERT_TRUE(again.ok()) << again.status().message() << "\n" << sql << "\n" << printed;
    ASSERT_EQ(to_sql(**again), printed) << sql;
  }
}

// Every beginning of a valid statement is an error or a statement.
TEST(Damage, CutAnywhere) {
  for (const std::string_view sql : kValid) {
    for (size_t size = 0; size <= sql.size(); ++size) {
      size_t consumed = 0;
      const Result<ast::StatementPtr> parsed = parse_statement(sql.substr(0, size), &consumed);
      ASSERT_LE(consumed, size);
      if (!parsed.ok()) ASSERT_LE(parsed.status().offset(), size);
    }
  }
}

}  // namespace
}  // namespace mote
