// Text functions against models: SQLite where it agrees, backtracking matchers, plain recounting.
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/limits.h"
#include "function/pattern.h"
#include "function/test_call.h"
#include "function/text_score.h"
#include "function/unicode.h"

namespace mote {
namespace {

// Short texts over few characters, one of them of two bytes.
std::string random_text(std::mt19937_64& random, const std::vector<const char*>& alphabet,
                        uint64_t most) {
  std::string text;
  for (uint64_t left = random() % (most + 1); left > 0; --left) {
    text += alphabet[random() % alphabet.size()];
  }
  return text;
}

std::vector<std::string> code_points_of(std::string_view text) {
  std::vector<std::string> all;
  for (size_t at = 0; at < text.size();) {
    const size_t size = code_point_bytes(text, at);
    all.emplace_back(text.substr(at, size));
    at += size;
  }
  return all;
}

bool like_by_backtracking(const std::vector<std::string>& pattern, size_t p,
                          const std::vector<std::string>& text, size_t t) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == "%") {
    for (size_t skip = t; skip <= text.size(); ++skip) {
      if (like_by_backtracking(pattern, p + 1, text, skip)) return true;
    }
    return false;
  }
  if (t == text.size()) return false;
  if (pattern[p] == "\\") {
    return pattern[p + 1] == text[t] && like_by_backtracking(pattern, p + 2, text, t + 1);
  }
  return (pattern[p] == "_" || pattern[p] == text[t]) &&
         like_by_backtracking(pattern, p + 1, text, t + 1);
}

TEST(Like, AgreesWithBacktracking) {
  uint32_t hits = 0;
  for (uint32_t seed = 0; seed < 50'000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::string subject = random_text(random, {"a", "b", "é"}, 8);
    std::string pattern = random_text(random, {"a", "b", "é", "%", "%", "_"}, 7);
    if (random() % 4 == 0) pattern += random() % 2 == 0 ? "\\%" : "\\a";
    LikePattern compiled;
    ASSERT_TRUE(compiled.compile(pattern, "\\", LikePattern::Case::kExact).ok());
    const bool expected =
        like_by_backtracking(code_points_of(pattern), 0, code_points_of(subject), 0);
    hits += expected ? 1 : 0;
    ASSERT_EQ(compiled.matches(subject), expected) << pattern << " of " << subject;
  }
  EXPECT_GT(hits, 5000u);
}

TEST(Like, KnownAnswers) {
  EXPECT_EQ(call_text("like", {text("Abc"), text("a%")}), "false");
  EXPECT_EQ(call_text("ilike", {text("ABC"), text("a_C")}), "true");
  EXPECT_EQ(call_text("ilike", {text("ÉCOLE"), text("é%")}), "true");
  EXPECT_EQ(call_text("like", {text("5%"), text("5!%"), text("!")}), "true");
  EXPECT_EQ(call_text("like", {text("55"), text("5!%"), text("!")}), "false");
  EXPECT_EQ(call_text("like", {text(""), text("%")}), "true");
  EXPECT_EQ(call_text("like", {text("a"), text("a!"), text("!")}),
            "error: LIKE pattern 'a!' ends with its escape");
  EXPECT_EQ(call_text("like", {text("a"), text("a"), text("ab")}),
            "error: ESCAPE 'ab' is longer than one character");
}

TEST(Like, PatternsHaveALimit) {
  for (const size_t size : {kMaxLikePatternBytes - 1, kMaxLikePatternBytes}) {
    EXPECT_TRUE(call("like", {text("a"), text(std::string(size, 'a'))}).ok());
    EXPECT_TRUE(call("glob", {text("a"), text(std::string(size, 'a'))}).ok());
  }
  const Value long_pattern = text(std::string(kMaxLikePatternBytes + 1, 'a'));
  EXPECT_EQ(call("like", {text("a"), long_pattern}).status().code(), Code::kLimit);
  EXPECT_EQ(call("glob", {text("a"), long_pattern}).status().code(), Code::kLimit);
}

// What makes a backtracking matcher take ages.
TEST(Like, IsLinearInHostileCases) {
  std::string pattern;
  for (int i = 0; i < 10'000; ++i) pattern += "%a";
  const std::string subject(1'000'000, 'a');
  EXPECT_EQ(call_text("like", {text(subject), text(pattern + "%b")}), "false");
  EXPECT_EQ(call_text("like", {text(subject), text("%" + std::string(20'000, 'a') + "b%")}),
            "false");
}

class Sqlite {
 public:
  Sqlite() { EXPECT_EQ(sqlite3_open(":memory:", &database_), SQLITE_OK); }
  ~Sqlite() { sqlite3_close(database_); }

  // NULL, or the result as text.
  std::string evaluate(const std::string& expression) {
    sqlite3_stmt* statement = nullptr;
    const std::string sql = "SELECT " + expression;
    EXPECT_EQ(sqlite3_prepare(database_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(database_);
    std::string result = "error";
    if (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      result = bytes == nullptr ? "NULL" : bytes;
    }
    sqlite3_finalize(statement);
    return result;
  }

 private:
  sqlite3* database_ = nullptr;
};

std::string literal(const std::string& bytes) { return call("quote", {text(bytes)})->bytes(); }

std::string as_sqlite(const Result<Value>& value) {
  if (value.ok() && !value->is_null() && value->type().is(TypeKind::kBoolean)) {
    return value->boolean() ? "1" : "0";
  }
  return shown(value);
}

TEST(Text, AgreesWithSqlite) {
  Sqlite sqlite;
  for (uint32_t seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::string a = random_text(random, {"a", "b", "é", " "}, 8);
    const std::string b = random_text(random, {"a", "b", "é"}, 2);
    const std::string c = random_text(random, {"x", "é"}, 2);
    const auto m = static_cast<int64_t>(random() % 25) - 12;
    const auto n = static_cast<int64_t>(random() % 25) - 12;
    const std::string numbers = std::to_string(m) + "," + std::to_string(n) + ")";
    const auto expect = [&](const std::string& sql, const Result<Value>& value) {
      EXPECT_EQ(as_sqlite(value), sqlite.evaluate(sql)) << sql;
    };
    expect("substr(" + literal(a) + "," + numbers,
           call("substr", {text(a), integer(m), integer(n)}));
    expect("substr(" + literal(a) + "," + std::to_string(m) + ")",
           call("substr", {text(a), integer(m)}));
    if (seed % 8 != 0) continue;
    const std::string blob = "CAST(" + literal(a) + " AS BLOB)";
    expect("hex(substr(" + blob + "," + numbers + ")",
           call("hex", {*call("substr", {Value::blob(a), integer(m), integer(n)})}));
    const std::string two = "(" + literal(a) + "," + literal(b) + ")";
    expect("instr" + two, call("instr", {text(a), text(b)}));
    expect("trim" + two, call("trim", {text(a), text(b)}));
    expect("ltrim" + two, call("ltrim", {text(a), text(b)}));
    expect("rtrim" + two, call("rtrim", {text(a), text(b)}));
    expect("trim(" + literal(a) + ")", call("trim", {text(a)}));
    expect("replace(" + literal(a) + "," + literal(b) + "," + literal(c) + ")",
           call("replace", {text(a), text(b), text(c)}));
    expect("length(" + literal(a) + ")", call("length", {text(a)}));
    expect("unicode(" + literal(b) + ")", call("unicode", {text(b)}));
    expect("hex(" + literal(a) + ")", call("hex", {text(a)}));
    expect(literal(a) + "||" + literal(b), call("||", {text(a), text(b)}));
  }
}

TEST(Glob, AgreesWithSqlite) {
  Sqlite sqlite;
  uint32_t hits = 0;
  for (uint32_t seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::string subject = random_text(random, {"a", "b", "é", "-", "]"}, 6);
    const std::string pattern =
        random_text(random, {"a", "b", "é", "*", "?", "[ab]", "[^a]", "[a-z]", "[]a]", "[^]]"}, 5);
    const Result<Value> result = call("glob", {text(subject), text(pattern)});
    const std::string expected = sqlite.evaluate(literal(subject) + " GLOB " + literal(pattern));
    ASSERT_EQ(as_sqlite(result), expected) << pattern << " of " << subject;
    hits += expected == "1" ? 1 : 0;
  }
  EXPECT_GT(hits, 1000u);
  EXPECT_FALSE(call("glob", {text("a"), text("[a")}).ok());
  EXPECT_FALSE(call("glob", {text("a"), text("[]")}).ok());
}

TEST(Arithmetic, AgreesWithSqlite) {
  Sqlite sqlite;
  std::mt19937_64 random(9);
  for (int round = 0; round < 3000; ++round) {
    const auto a = static_cast<int64_t>(random() % 41) - 20;
    const auto b = static_cast<int64_t>(random() % 11) - 5;
    for (const char* const op : {"+", "-", "*", "/", "%", "&", "|", "<<", ">>", "=", "<", ">="}) {
      const std::string sql = "(" + std::to_string(a) + ")" + op + "(" + std::to_string(b) + ")";
      ASSERT_EQ(as_sqlite(call(op, {integer(a), integer(b)})), sqlite.evaluate(sql)) << sql;
    }
  }
}

// Every code point there is, and every single byte, come back as they were.
TEST(Unicode, CodePointsComeBack) {
  for (uint32_t code = 1; code <= 0x10ffff; ++code) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    std::string bytes;
    append_code_point(code, &bytes);
    ASSERT_TRUE(is_utf8(bytes)) << code;
    std::string_view rest = bytes;
    ASSERT_EQ(take_code_point(&rest), code);
    ASSERT_TRUE(rest.empty());
  }
  std::mt19937_64 random(1);
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes;
    for (int i = 0; i < 5; ++i) bytes += static_cast<char>(random());
    std::string again;
    for (std::string_view rest = bytes; !rest.empty();) {
      append_code_point(take_code_point(&rest), &again);
    }
    ASSERT_EQ(again, bytes);
  }
}

// Upper case is undone by lower case wherever there is one, and nothing is moved twice.
TEST(Unicode, CaseGoesBothWays) {
  uint32_t pairs = 0;
  for (uint32_t code = 1; code < 0x3000; ++code) {
    const uint32_t lower = lower_code_point(code);
    ASSERT_EQ(lower_code_point(lower), lower) << code;
    if (lower == code) continue;
    ++pairs;
    ASSERT_EQ(upper_code_point(lower), code) << code;
  }
  EXPECT_GT(pairs, 250u);
}

std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms;
  std::string term;
  Tokenizer tokenizer(text);
  while (tokenizer.next(&term)) terms.push_back(term);
  return terms;
}

TEST(Tokenizer, CutsTexts) {
  using Terms = std::vector<std::string>;
  EXPECT_EQ(terms_of("The robot's GRIPPER, v2.0!"),
            (Terms{"the", "robot", "s", "gripper", "v2", "0"}));
  EXPECT_EQ(terms_of("Größe — ЁЖИК, «Ωμέγα»"), (Terms{"größe", "ёжик", "ωμέγα"}));
  EXPECT_EQ(terms_of("机器人abc抓 取x"), (Terms{"机器", "器人", "abc", "抓", "取", "x"}));
  EXPECT_EQ(terms_of("ロボット。腕"), (Terms{"ロボ", "ボッ", "ット", "腕"}));
  EXPECT_EQ(terms_of(""), Terms{});
  EXPECT_EQ(terms_of(" .,;\xff "), Terms{});
  EXPECT_EQ(terms_of("🤖 ok"), (Terms{"ok"}));
}

TEST(Tokenizer, LongWordsAreCut) {
  for (const size_t size :
       {Tokenizer::kMaxTermBytes - 1, Tokenizer::kMaxTermBytes, Tokenizer::kMaxTermBytes + 1}) {
    const auto terms = terms_of(std::string(size, 'a') + " b");
    ASSERT_EQ(terms.size(), 2u);
    EXPECT_EQ(terms[0].size(), std::min(size, Tokenizer::kMaxTermBytes));
  }
}

// The formula written out over maps of counts.
TEST(Bm25, AgreesWithANaiveRecomputation) {
  const std::vector<const char*> words = {"arm ", "leg ", "Motor ", "motor ", "the ", "the ", "x "};
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<std::string> documents;
    for (int i = 0; i < 30; ++i) documents.push_back(random_text(random, words, 12));
    const std::string query_text = random_text(random, {"arm ", "motor ", "none ", "the "}, 4);
    Bm25Query query(query_text);
    double total = 0;
    for (const std::string& document : documents) {
      query.add_document(document);
      total += static_cast<double>(terms_of(document).size());
    }
    const auto query_terms = terms_of(query_text);
    const std::set<std::string> wanted(query_terms.begin(), query_terms.end());
    for (const std::string& document : documents) {
      std::map<std::string, double> counts;
      for (const std::string& term : terms_of(document)) ++counts[term];
      const double length = static_cast<double>(terms_of(document).size());
      double expected = 0;
      for (const std::string& term : wanted) {
        double with_term = 0;
        for (const std::string& other : documents) {
          const auto terms = terms_of(other);
          with_term += std::count(terms.begin(), terms.end(), term) > 0 ? 1 : 0;
        }
        const double f = counts[term];
        expected += std::log(1 + (30 - with_term + 0.5) / (with_term + 0.5)) * f * 2.2 /
                    (f + 1.2 * (0.25 + 0.75 * length / (total / 30)));
      }
      const double score = query.score(document);
      ASSERT_NEAR(score, expected, 1e-12);
      ASSERT_EQ(score > 0, query.matches(document));
    }
  }
}

TEST(Bm25, StatisticsMayBeGiven) {
  Bm25Query counted("arm leg");
  for (const char* const document : {"arm", "leg leg", "head"}) counted.add_document(document);
  Bm25Query given("leg ARM");
  given.set_statistics(3, 4, {1, 1});
  EXPECT_EQ(counted.score("an arm and a leg"), given.score("an arm and a leg"));
  EXPECT_EQ(given.terms(), (std::vector<std::string>{"arm", "leg"}));
}

TEST(Match, IsTrueWhenAnyTermOccurs) {
  EXPECT_EQ(call_text("match", {text("The gripper slipped."), text("arm GRIPPER")}), "true");
  EXPECT_EQ(call_text("match", {text("The gripper slipped."), text("grip")}), "false");
  EXPECT_EQ(call_text("match", {text("anything"), text("")}), "false");
}

TEST(Aggregates, JoinTexts) {
  const Column texts =
      column_of(Type::text(), {text("a"), Value::null(Type::text()), text(""), text("bc")});
  const Column dashes = column_of(Type::text(), std::vector<Value>(4, text("-")));
  EXPECT_EQ(shown(aggregate("string_agg", {texts, dashes}, 4)), "a--bc");
  EXPECT_EQ(shown(aggregate("group_concat", {texts}, 4)), "a,,bc");
  EXPECT_EQ(shown(aggregate("group_concat", Type::integer(), {integer(1), integer(2)})), "1,2");
  EXPECT_EQ(shown(aggregate("group_concat", Type::text(), {})), "NULL");
}

// Merged parts give what one part gives; growth passes several blocks.
TEST(Aggregates, MergedTextsAndQuantilesAreThoseOfAllRows) {
  std::mt19937_64 random(4);
  std::vector<double> sorted;
  std::string joined;
  const std::vector<Type> text_types = {Type::text(), Type::text()};
  const std::vector<Type> number_types = {Type::floating(), Type::floating()};
  const auto join = *resolve_aggregate("string_agg", text_types);
  const auto quantile = *resolve_aggregate("quantile_cont", number_types);
  AggregateStates all_texts(join, 1);
  AggregateStates all_numbers(quantile, 1);
  for (int part = 0; part < 5; ++part) {
    AggregateStates texts(join, 1);
    AggregateStates numbers(quantile, 1);
    for (int round = 0; round < 4; ++round) {
      std::vector<Value> words;
      std::vector<Value> values;
      for (int i = 0; i < 300; ++i) {
        words.push_back(text(std::to_string(random() % 1000)));
        joined += joined.empty() ? words.back().bytes() : ";" + words.back().bytes();
        sorted.push_back(static_cast<double>(random() % 1000));
        values.push_back(floating(sorted.back()));
      }
      const std::vector<uint32_t> groups(300, 0);
      const std::vector<Value> separators(300, text(";"));
      const std::vector<Value> quantiles(300, floating(0.9));
      ASSERT_TRUE(
          texts
              .update({column_of(Type::text(), words), column_of(Type::text(), separators)}, groups)
              .ok());
      ASSERT_TRUE(
          numbers
              .update({column_of(Type::floating(), values), column_of(Type::floating(), quantiles)},
                      groups)
              .ok());
    }
    ASSERT_TRUE(all_texts.merge(texts).ok());
    ASSERT_TRUE(all_numbers.merge(numbers).ok());
  }
  EXPECT_EQ((*all_texts.finish())[0].bytes(), joined);
  std::sort(sorted.begin(), sorted.end());
  const double place = 0.9 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const double expected =
      sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
  EXPECT_NEAR((*all_numbers.finish())[0].floating(), expected, 1e-9);
}

TEST(Aggregates, MediansAndQuantiles) {
  const auto numbers = [](std::vector<double> values) {
    std::vector<Value> all;
    for (const double value : values) all.push_back(floating(value));
    return all;
  };
  EXPECT_EQ(shown(aggregate("median", Type::floating(), numbers({3, 1, 2}))), "2.0");
  EXPECT_EQ(shown(aggregate("median", Type::floating(), numbers({4, 1, 2, 3}))), "2.5");
  EXPECT_EQ(shown(aggregate("median", Type::floating(), numbers({NAN, 1}))), "nan");
  EXPECT_EQ(shown(aggregate("median", Type::floating(), numbers({INFINITY, INFINITY}))), "inf");
  EXPECT_EQ(shown(aggregate("median", Type::integer(), {integer(5)})), "5.0");
  EXPECT_EQ(shown(aggregate("median", Type::floating(), {})), "NULL");
  const Column values = column_of(Type::floating(), numbers({1, 2, 3, 4, 5}));
  const auto at = [&](double quantile) {
    const Column quantiles = column_of(Type::floating(), numbers(std::vector<double>(5, quantile)));
    return shown(aggregate("quantile_cont", {values, quantiles}, 5));
  };
  EXPECT_EQ(at(0), "1.0");
  EXPECT_EQ(at(1), "5.0");
  EXPECT_EQ(at(0.25), "2.0");
  EXPECT_EQ(at(1.5), "error: a quantile is between 0 and 1, not 1.5");
}

TEST(Functions, ATextThatTheBudgetHasNoRoomForIsRefusedBeforeItIsMade) {
  struct Case {
    const char* name;
    std::vector<Value> arguments;
  };
  const std::string half(40'000, 'x');
  const std::vector<Case> cases = {
      {"repeat", {text("abc"), integer(300'000'000)}},
      {"lpad", {text("abc"), integer(900'000'000)}},
      {"rpad", {text("abc"), integer(900'000'000), text("yz")}},
      {"replace", {text(half), text("x"), text(half.substr(0, 1000))}},
      {"||", {text(half), text(half)}},
      {"concat", {text(half), text(half)}},
      {"concat_ws", {text(half), text(half), text(half)}},
      {"upper", {text(half)}},
      {"lower", {text(half)}},
      {"reverse", {text(half)}},
      {"hex", {Value::blob(half)}},
      {"quote", {text(half)}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    std::vector<Column> columns;
    for (const Value& argument : one.arguments) {
      columns.push_back(column_of(argument.type(), {argument}));
    }
    const MemoryBudget budget(50'000);
    FunctionContext context;
    context.budget = &budget;
    EXPECT_EQ(call_columns(one.name, columns, 1, context).status().code(), Code::kOutOfMemory);
  }
}

TEST(Functions, ALongCallAsksWhetherTheStatementIsToEnd) {
  const std::string words(2'000, 'x');
  const Column column = column_of(Type::text(), std::vector<Value>(100, text(words)));
  int asked = 0;
  FunctionContext context;
  context.statement = &asked;
  context.check = [](const void* statement) -> Status {
    int& count = *static_cast<int*>(const_cast<void*>(statement));
    return ++count == 7 ? cancelled("enough") : Status();
  };
  EXPECT_EQ(call_columns("upper", {column}, 100, context).status().code(), Code::kCancelled);
  EXPECT_EQ(asked, 7);
}

}  // namespace
}  // namespace mote
