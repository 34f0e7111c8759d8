// Random statements on random tables, answered by SQLite too. Rows are compared as multisets, or in
// order where the statement gives one.
//
// The dialect is what both mean alike: INTEGER, FLOAT and TEXT columns whose values are few and
// small, so that keys meet, NULLs are common, and sums of FLOATs are exact.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/database.h"
#include "env/simulated_env.h"
#include "session/connection.h"

namespace mote {
namespace {

using Lines = std::vector<std::string>;

class Sqlite {
 public:
  Sqlite() { EXPECT_EQ(sqlite3_open(":memory:", &handle_), SQLITE_OK); }
  ~Sqlite() { sqlite3_close(handle_); }

  // False when SQLite refuses.
  bool run(const std::string& sql, Lines* lines) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      ADD_FAILURE() << sqlite3_errmsg(handle_) << "\n" << sql;
      return false;
    }
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
      std::string line;
      for (int c = 0; c < sqlite3_column_count(statement); ++c) {
        switch (sqlite3_column_type(statement, c)) {
          case SQLITE_NULL: line += "NULL "; break;
          case SQLITE_INTEGER:
            line += std::to_string(sqlite3_column_int64(statement, c)) + " ";
            break;
          case SQLITE_FLOAT:
            line += format_text("%.12g ", sqlite3_column_double(statement, c));
            break;
          default:
            line += reinterpret_cast<const char*>(sqlite3_column_text(statement, c));
            line += " ";
        }
      }
      lines->push_back(line);
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
  }

 private:
  sqlite3* handle_ = nullptr;
};

class Mote {
 public:
  Mote() : env_(1) {
    DatabaseOptions options;
    options.background_thread = false;
    Result<std::unique_ptr<Database>> opened = Database::open(env_, "/db", options);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    database_ = std::move(opened).value();
    connection_ = Connection::create(*database_, {}).value();
  }

  Status run(const std::string& sql, Lines* lines) {
    MOTE_ASSIGN(Statement statement, connection_->prepare(sql));
    while (true) {
      MOTE_ASSIGN(const Chunk* const rows, statement.next());
      if (rows == nullptr) return {};
      for (uint32_t row = 0; row < rows->row_count(); ++row) {
        std::string line;
        for (const Column& column : rows->columns()) line += text_of(column.value(row)) + " ";
        lines->push_back(line);
      }
    }
  }

 private:
  static std::string text_of(const Value& value) {
    if (value.is_null()) return "NULL";
    if (value.type().is(TypeKind::kFloat)) return format_text("%.12g", value.floating());
    return value.to_text();
  }

  SimulatedEnv env_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

// Random SQL over tables t0, t1, t2, each with id (unique), a, b INTEGER, c FLOAT, d TEXT.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  int pick(int n) { return std::uniform_int_distribution<>(0, n - 1)(random_); }
  bool chance(int percent) { return pick(100) < percent; }

  std::string literal_row(int id) {
    return "(" + std::to_string(id) + ", " + (chance(12) ? "NULL" : std::to_string(pick(8))) +
           ", " + (chance(12) ? "NULL" : std::to_string(pick(30) - 10)) + ", " +
           (chance(12) ? "NULL" : format_text("%.2f", pick(40) * 0.25 - 4)) + ", " +
           (chance(12) ? "NULL" : text()) + ")";
  }

  std::string text() {
    static const char* const kTexts[] = {"''", "'a'", "'b'", "'ab'", "'B'", "'\xc3\xa4'"};
    return kTexts[pick(6)];
  }
  std::string table() { return "t" + std::to_string(pick(3)); }
  std::string small_table() { return "t" + std::to_string(1 + pick(2)); }
  std::string name() { return names_[static_cast<size_t>(pick(static_cast<int>(names_.size())))]; }
  std::string integer_column() { return name() + (chance(50) ? ".a" : ".b"); }

  std::string integer(int depth) {
    switch (depth == 0 ? pick(2) : pick(7)) {
      case 0: return integer_column();
      case 1: return std::to_string(pick(12) - 2);
      case 2: return "(" + integer(depth - 1) + " + " + integer(depth - 1) + ")";
      case 3: return "(" + integer(depth - 1) + " - " + integer(depth - 1) + ")";
      case 4: return "(" + integer(depth - 1) + " * " + std::to_string(pick(4)) + ")";
      case 5: return "coalesce(" + integer(depth - 1) + ", " + std::to_string(pick(9)) + ")";
      default:
        return "CASE WHEN " + condition(depth - 1) + " THEN " + integer(depth - 1) + " ELSE " +
               integer(depth - 1) + " END";
    }
  }

  std::string comparison() {
    static const char* const kOperators[] = {"=", "<>", "<", "<=", ">", ">="};
    return std::string(" ") + kOperators[pick(6)] + " ";
  }

  std::string condition(int depth) {
    switch (depth == 0 ? 3 + pick(6) : pick(10)) {
      case 0: return "(" + condition(depth - 1) + " AND " + condition(depth - 1) + ")";
      case 1: return "(" + condition(depth - 1) + " OR " + condition(depth - 1) + ")";
      case 2: return "(NOT " + condition(depth - 1) + ")";
      case 3: return integer_column() + (chance(50) ? " IS NULL" : " IS NOT NULL");
      case 4: return name() + ".d" + comparison() + text();
      case 5: return name() + ".c" + comparison() + format_text("%.2f", pick(30) * 0.25 - 3);
      case 6: {
        std::string list = std::to_string(pick(9));
        const int more = pick(12);
        for (int i = 0; i < more; ++i) {
          list += ", " + (chance(5) ? "NULL" : std::to_string(pick(12)));
        }
        return integer_column() + (chance(25) ? " NOT IN (" : " IN (") + list + ")";
      }
      case 7:
        return integer_column() + " BETWEEN " + std::to_string(pick(6)) + " AND " +
               std::to_string(pick(12));
      case 8: return integer_column() + comparison() + integer_column();
      default: return integer(depth - 1) + comparison() + integer(depth - 1);
    }
  }

  std::string subquery_condition() {
    const std::string inner = small_table();
    const std::string outer = integer_column();
    switch (pick(4)) {
      case 0:
        return outer + (chance(40) ? " NOT IN " : " IN ") + "(SELECT q.a FROM " + inner +
               " q WHERE q.b > " + std::to_string(pick(20) - 5) + ")";
      case 1:
        return std::string(chance(40) ? "NOT " : "") + "EXISTS (SELECT 1 FROM " + inner +
               " q WHERE q.a = " + outer + " AND q.b < " + std::to_string(pick(20) - 5) + ")";
      case 2:
        return outer + comparison() + "(SELECT max(q.a) FROM " + inner +
               " q WHERE q.b = " + integer_column() + ")";
      default: return outer + comparison() + "(SELECT count(*) FROM " + inner + " q WHERE q.a = 3)";
    }
  }

  std::string from() {
    names_ = {"x"};
    // The large table is joined to small ones only: keys are few, so it would meet itself in
    // hundreds of thousands of rows.
    std::string text = table() + " x";
    if (chance(20)) text = "(SELECT id, a + 1 AS a, b, c, d FROM " + table() + " WHERE b > 0) x";
    const int joins = pick(3);
    for (int i = 0; i < joins; ++i) {
      const std::string alias = i == 0 ? "y" : "z";
      const std::string key = name() + (chance(70) ? ".a" : ".b");
      names_.push_back(alias);
      text += (chance(50) ? " JOIN " : " LEFT JOIN ") + small_table() + " " + alias + " ON " + key +
              " = " + alias + ".a";
      if (chance(50)) text += " AND " + condition(1);
    }
    return text;
  }

  std::string where() {
    std::string text;
    if (chance(70)) text = " WHERE " + condition(2);
    if (chance(25)) text += (text.empty() ? " WHERE " : " AND ") + subquery_condition();
    return text;
  }

  std::string aggregate() {
    switch (pick(8)) {
      case 0: return "count(*)";
      case 1: return "count(" + integer_column() + ")";
      case 2: return "sum(" + integer(1) + ")";
      case 3: return "sum(" + name() + ".c)";
      case 4: return "min(" + name() + (chance(50) ? ".c)" : ".d)");
      case 5: return "max(" + integer(1) + ")";
      case 6: return "avg(" + integer_column() + ")";
      default: return "count(DISTINCT " + integer_column() + ")";
    }
  }

  // Sets *ordered when the order of the rows is given.
  std::string query(bool* ordered) {
    *ordered = false;
    const std::string source = from();
    switch (pick(5)) {
      case 0: {
        std::string keys = integer_column();
        if (chance(40)) keys += ", " + name() + ".d";
        std::string sql = "SELECT " + keys + ", " + aggregate() + ", " + aggregate() + " FROM " +
                          source + where() + " GROUP BY " + keys;
        if (chance(40)) sql += " HAVING count(*) > " + std::to_string(pick(4));
        return sql;
      }
      case 1: return "SELECT " + aggregate() + ", " + aggregate() + " FROM " + source + where();
      case 2:
        return "SELECT DISTINCT " + integer(1) + ", " + name() + ".d FROM " + source + where();
      case 3: {
        *ordered = true;
        std::string sql = "SELECT " + integer(1) + " AS p, " + name() + ".c AS q, " + name() +
                          ".d AS r FROM " + source + where() + " ORDER BY p" + direction() + ", q" +
                          direction() + ", r" + direction();
        if (chance(40)) return sql;
        sql += " LIMIT " + std::to_string(pick(40));
        if (chance(40)) sql += " OFFSET " + std::to_string(pick(10));
        return sql;
      }
      default: {
        std::string sql =
            "SELECT " + integer(2) + ", " + name() + ".c, x.id FROM " + source + where();
        if (!chance(25)) return sql;
        sql += chance(50) ? " UNION ALL " : " UNION ";
        const std::string other = from();
        return sql + "SELECT " + integer(1) + ", x.c, x.id FROM " + other + where();
      }
    }
  }

  std::string change() {
    const std::string target = table();
    names_ = {target};
    switch (pick(3)) {
      case 0: return "UPDATE " + target + " SET a = " + integer(1) + " WHERE " + condition(1);
      case 1: return "DELETE FROM " + target + " WHERE " + condition(1) + " AND id % 3 = 0";
      default:
        first_free_id_ += 10'000;
        return "INSERT INTO " + target + " SELECT id + " + std::to_string(first_free_id_) +
               ", b, a, c, d FROM " + table() + " WHERE id < 20 AND " +
               "id % 5 = " + std::to_string(pick(5));
    }
  }

 private:
  std::string direction() { return chance(40) ? " DESC" : ""; }

  std::mt19937 random_;
  std::vector<std::string> names_;  // of the tables at hand
  int first_free_id_ = 0;
};

void compare(Sqlite& sqlite, Mote& mote, const std::string& sql, bool ordered) {
  SCOPED_TRACE(sql);
  Lines expected;
  Lines found;
  if (!sqlite.run(sql, &expected)) return;
  const Status status = mote.run(sql, &found);
  ASSERT_TRUE(status.ok()) << status.message();
  if (!ordered) {
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
  }
  ASSERT_EQ(found, expected);
}

TEST(Differential, AnswersAsSqliteDoes) {
  const bool is_long = std::getenv("MOTE_TEST_LONG") != nullptr;
  const uint32_t databases = is_long ? 200 : 12;
  for (uint32_t seed = 0; seed < databases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    Sqlite sqlite;
    Mote mote;
    for (int table = 0; table < 3; ++table) {
      const std::string name = "t" + std::to_string(table);
      // One table is larger than a chunk.
      const int rows = table == 0 ? 1500 : generator.pick(40);
      std::string insert = "INSERT INTO " + name + " VALUES ";
      for (int id = 0; id <= rows; ++id) insert += (id > 0 ? ", " : "") + generator.literal_row(id);
      Lines none;
      for (const std::string& sql :
           {"CREATE TABLE " + name +
                "(id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c FLOAT, d TEXT)",
            insert}) {
        ASSERT_TRUE(sqlite.run(sql, &none));
        ASSERT_TRUE(mote.run(sql, &none).ok());
      }
    }
    for (int i = 0; i < 150; ++i) {
      if (i % 10 == 9) {
        const std::string sql = generator.change();
        compare(sqlite, mote, sql, false);
        Lines none;
        if (i % 30 == 29) ASSERT_TRUE(mote.run("CHECKPOINT", &none).ok());
        if (i % 60 == 59) ASSERT_TRUE(mote.run("VACUUM", &none).ok());
        for (const char* table : {"t0", "t1", "t2"}) {
          compare(sqlite, mote, std::string("SELECT * FROM ") + table, false);
        }
      }
      bool ordered = false;
      const std::string sql = generator.query(&ordered);
      compare(sqlite, mote, sql, ordered);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace mote
