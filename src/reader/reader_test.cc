#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <bit>
#include <cstring>
#include <random>

#include "base/coding.h"
#include "env/simulated_env.h"
#include "reader/blob_source.h"
#include "reader/npy_header.h"
#include "reader/row_source.h"

namespace mote {
namespace {

class Reader : public testing::Test {
 protected:
  Reader() { EXPECT_TRUE(env_.create_directory("/files").ok()); }

  void write(const std::string& name, std::string_view bytes) {
    auto file = env_.open("/files/" + name, {.mode = OpenMode::kCreateOrOpen});
    ASSERT_TRUE(file.ok()) << file.status().message();
    ASSERT_TRUE((*file)->truncate(0).ok());
    ASSERT_TRUE((*file)->write(0, as_bytes(bytes)).ok());
  }

  Result<std::unique_ptr<RowSource>> open(std::string_view function, const std::string& name,
                                          std::vector<SourceOption> options = {}) {
    MOTE_ASSIGN(const FileAccess files, FileAccess::create(env_, "/files"));
    const Value arguments[] = {Value::text(name)};
    return open_source(env_, files, function, arguments, options, budget_);
  }

  // All rows as texts, the first line naming the columns with their types; or the error's message.
  std::string show(std::string_view function, const std::string& name,
                   std::vector<SourceOption> options = {}) {
    auto source = open(function, name, std::move(options));
    if (!source.ok()) return "error: " + source.status().message();
    std::string text;
    for (const SourceColumn& column : (*source)->columns()) {
      text += (text.empty() ? "" : "|") + column.name + " " + column.type.name();
    }
    text += "\n";
    Chunk chunk;
    for (;;) {
      Result<bool> more = (*source)->next(chunk);
      if (!more.ok()) return "error: " + more.status().message();
      if (!*more) return text;
      for (uint32_t row = 0; row < chunk.row_count(); ++row) {
        for (uint32_t i = 0; i < chunk.column_count(); ++i) {
          const Column& column = chunk.column(i);
          text += (i > 0 ? "|" : "");
          text += column.is_null(row) ? "NULL" : column.value(row).to_text();
        }
        text += "\n";
      }
    }
  }

  SimulatedEnv env_{1};
  MemoryBudget budget_{64u << 20};
};

SourceOption option(const char* name, Value value) { return {name, std::move(value)}; }

TEST_F(Reader, CsvFindsTypesByLookingAtAllRows) {
  write("a.csv",
        "b,i,f,t,text,exact,whole,empty\n"
        "true,1,1,2026-01-26,x,1403638128940097024.0000000000,1.0,\n"
        "false,-9223372036854775808,nan,2026-01-26T10:00:00.5Z,1,1403638128940097025.0,2.0,\n"
        ",,-1e3,,\"\",,,\n");
  EXPECT_EQ(
      show("read_csv", "a.csv"),
      "b BOOLEAN|i INTEGER|f FLOAT|t TIMESTAMP|text TEXT|exact INTEGER|whole FLOAT|empty TEXT\n"
      "true|1|1.0|2026-01-26T00:00:00Z|x|1403638128940097024|1.0|NULL\n"
      "false|-9223372036854775808|nan|2026-01-26T10:00:00.5Z|1|1403638128940097025|2.0|NULL\n"
      "NULL|NULL|-1000.0|NULL||NULL|NULL|NULL\n");
}

TEST_F(Reader, CsvOptionsDo) {
  write("a.txt", "junk\n# note\n 1  2.5\t\n3 4\n");
  EXPECT_EQ(show("read_csv", "a.txt",
                 {option("header", Value::boolean(false)), option("skip", Value::integer(1)),
                  option("comment", Value::text("#")), option("separator", Value::text(" ")),
                  option("names", Value::text("x, y")), option("row_number", Value::boolean(true)),
                  option("types", Value::text("INTEGER, TEXT"))}),
            "row INTEGER|x INTEGER|y TEXT\n0|1|2.5\t\n1|3|4\n");
  write("v.csv", "v;p\n[1,2];1 2\nNA;NA\n");
  EXPECT_EQ(
      show("read_csv", "v.csv",
           {option("separator", Value::text(";")), option("null", Value::text("NA")),
            option("types", Value::text("VECTOR(2, f16), POINT"))}),
      "v VECTOR(2, f16)|p POINT\n[1.0,2.0]|" + Value::point(1, 2).to_text() + "\nNULL|NULL\n");
  EXPECT_EQ(show("read_csv", "v.csv", {option("hedder", Value::boolean(true))}),
            "error: read_csv has no option 'hedder'; it has: header, names, types, all_text, "
            "row_number, sample_rows, skip, null, separator, quote, comment");
}

TEST_F(Reader, CsvFindsSeparatorAndHeaderWhereTheStatementDoesNotSay) {
  write("tab.tsv", "a\tb, c\n1\tx\n");
  EXPECT_EQ(show("read_csv", "tab.tsv"), "a INTEGER|b, c TEXT\n1|x\n");
  write("semicolon.csv", "a;b\n1,5;x\n2,5;y\n");
  EXPECT_EQ(show("read_csv", "semicolon.csv"), "a TEXT|b TEXT\n1,5|x\n2,5|y\n");
  write("bar.csv", "a|b\n1|2\n");
  EXPECT_EQ(show("read_csv", "bar.csv"), "a INTEGER|b INTEGER\n1|2\n");
  write("poses.txt", "0.1 1  2e-3\n0.2 3 4\n");
  EXPECT_EQ(show("read_csv", "poses.txt"),
            "c0 FLOAT|c1 INTEGER|c2 FLOAT\n0.1|1|0.002\n0.2|3|4.0\n");
  write("words.txt", "two words\nmore words\n");
  EXPECT_EQ(show("read_csv", "words.txt"), "two words TEXT\nmore words\n");
  write("times.txt", "0\n0.5\n");
  EXPECT_EQ(show("read_csv", "times.txt"), "c0 FLOAT\n0.0\n0.5\n");
  EXPECT_EQ(show("read_csv", "times.txt", {option("header", Value::boolean(true))}),
            "0 FLOAT\n0.5\n");
  EXPECT_EQ(show("read_csv", "poses.txt", {option("separator", Value::text(","))}),
            "0.1 1  2e-3 TEXT\n0.2 3 4\n");
  // What fits none of them is read with commas, and reading says what is wrong.
  write("uneven.csv", "a,b\n1\n");
  EXPECT_EQ(show("read_csv", "uneven.csv"),
            "error: file 'uneven.csv', line 2: has 1 fields; the file has 2 columns");
}

TEST_F(Reader, CsvErrorsNameFileLineAndColumn) {
  write("a.csv", "x,y\n1,2\n\n3,\"a\nb\"\n4\n");
  EXPECT_EQ(show("read_csv", "a.csv"),
            "error: file 'a.csv', line 6: has 1 fields; the file has 2 columns");
  write("b.csv", "x,y\n1,\"2\n3,4\n");
  EXPECT_EQ(show("read_csv", "b.csv"), "error: file 'b.csv': line 2: a quoted field is not closed");
  write("c.csv", "x,y\n1,\"2\"3\n");
  EXPECT_EQ(show("read_csv", "c.csv"),
            "error: file 'c.csv': line 2: there is text behind a closing quote");
  write("d.csv", "x\n1\nmany\n");
  EXPECT_EQ(show("read_csv", "d.csv", {option("types", Value::text("INTEGER"))}),
            "error: file 'd.csv', line 3, column 'x': 'many' is not an INTEGER");
  EXPECT_EQ(show("read_csv", "d.csv", {option("sample_rows", Value::integer(1))}),
            "error: file 'd.csv', line 3, column 'x': 'many' is not an INTEGER");
  write("e.csv", "x,X\n1,2\n");
  EXPECT_EQ(show("read_csv", "e.csv"),
            "error: file 'e.csv': two columns are named 'X'; option 'names' renames");
  write("f.csv", "x\n\xff\n");
  EXPECT_EQ(show("read_csv", "f.csv"),
            "error: file 'f.csv', line 2, column 'x': the text is not UTF-8");
  write("empty.csv", "");
  EXPECT_EQ(show("read_csv", "empty.csv"),
            "error: file 'empty.csv': is empty, so it has no columns");
}

std::string quoted(const std::string& text, std::mt19937_64& random) {
  const bool must = text.empty() || text.find_first_of(",\"\r\n") != std::string::npos;
  if (!must && random() % 4 != 0) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

// Random tables written by the rules of RFC 4180 must be read back field by field, whatever is in
// the fields, whichever line ends are used, and over the edges of the buffer.
TEST_F(Reader, CsvReadsWhatIsWritten) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const size_t columns = 1 + random() % 5;
    const size_t rows = seed % 10 == 0 ? 3000 : random() % 40;
    const std::string end = random() % 2 == 0 ? "\n" : "\r\n";
    std::string file, expected;
    for (size_t i = 0; i < columns; ++i) file += (i > 0 ? ",n" : "n") + std::to_string(i);
    for (size_t i = 0; i < columns; ++i)
      expected += (i > 0 ? "|n" : "n") + std::to_string(i) + " TEXT";
    expected += "\n";
    for (size_t row = 0; row < rows; ++row) {
      file += end;
      for (size_t i = 0; i < columns; ++i) {
        std::string field;
        const size_t size = random() % (seed % 10 == 0 ? 60 : 6);
        for (size_t k = 0; k < size; ++k) field += "ab ,\"\n\r;\xc3\xa9"[random() % 8];
        file += (i > 0 ? "," : "") + quoted(field, random);
        expected += (i > 0 ? "|" : "") + field;
      }
      expected += "\n";
    }
    if (random() % 2 == 0) file += end;
    write("t.csv", file);
    EXPECT_EQ(show("read_csv", "t.csv", {option("all_text", Value::boolean(true))}), expected);
  }
}

TEST_F(Reader, CsvLineAtTheLimitIsRead) {
  budget_.~MemoryBudget();
  new (&budget_) MemoryBudget(256u << 20);
  for (const size_t size : {kMaxLineBytes - 2, kMaxLineBytes - 1}) {
    write("long.csv", "x\n" + std::string(size, 'a') + "\n");
    auto source = open("read_csv", "long.csv", {option("all_text", Value::boolean(true))});
    ASSERT_TRUE(source.ok());
    Chunk chunk;
    const Result<bool> more = (*source)->next(chunk);
    ASSERT_TRUE(more.ok()) << more.status().message();
    EXPECT_EQ(chunk.column(0).lane<std::string_view>()[0].size(), size);
  }
  write("long.csv", "x\n" + std::string(kMaxLineBytes, 'a') + "\n");
  EXPECT_EQ(show("read_csv", "long.csv"),
            "error: file 'long.csv': line 2: a line of more than 67108864 bytes");
}

TEST_F(Reader, CsvHasUpToTheLimitOfColumns) {
  for (const uint32_t columns : {kMaxColumns - 1, kMaxColumns, kMaxColumns + 1}) {
    std::string line = "1";
    for (uint32_t i = 1; i < columns; ++i) line += ",1";
    write("wide.csv", line + "\n");
    auto source = open("read_csv", "wide.csv", {option("header", Value::boolean(false))});
    EXPECT_EQ(source.ok(), columns <= kMaxColumns);
    if (!source.ok()) EXPECT_EQ(source.status().code(), Code::kLimit);
  }
}

TEST_F(Reader, JsonLinesBecomeRows) {
  write("a.jsonl",
        "{\"i\": 1, \"f\": 1, \"s\": \"x\", \"t\": \"2026-01-26\", \"n\": [1, {\"a\": 2}], \"m\": "
        "1}\n"
        "\n"
        "{\"f\": 2.5, \"i\": 9223372036854775807, \"b\": true, \"m\": \"1\", \"s\": "
        "\"\\u00e9\\n\"}\r\n"
        "{\"n\": {\"k\": []}, \"i\": null}");
  EXPECT_EQ(show("read_json", "a.jsonl"),
            "i INTEGER|f FLOAT|s TEXT|t TIMESTAMP|n TEXT|m TEXT|b BOOLEAN\n"
            "1|1.0|x|2026-01-26T00:00:00Z|[1, {\"a\": 2}]|1|NULL\n"
            "9223372036854775807|2.5|\xc3\xa9\n|NULL|NULL|1|true\n"
            "NULL|NULL|NULL|NULL|{\"k\": []}|NULL|NULL\n");
}

// Looking at some of the file for types must not move where its rows begin.
TEST_F(Reader, JsonRowsAreTheSameWhateverTheSample) {
  write("a.jsonl", "{\"a\":1}\n{\"a\":22}\n\n{\"a\":333}\n");
  const std::string all = show("read_json", "a.jsonl");
  for (int64_t rows = 1; rows < 6; ++rows) {
    SCOPED_TRACE(rows);
    EXPECT_EQ(show("read_json", "a.jsonl", {option("sample_rows", Value::integer(rows))}), all);
  }
}

TEST_F(Reader, JsonErrorsNameTheLine) {
  write("a.jsonl", "{\"a\": 1}\n[1]\n");
  EXPECT_EQ(show("read_json", "a.jsonl"),
            "error: file 'a.jsonl', line 2: column 1: a line must be a JSON object");
  write("b.jsonl", "{\"a\": 1}\n{\"a\": }\n");
  EXPECT_EQ(show("read_json", "b.jsonl"),
            "error: file 'b.jsonl', line 2: column 7: Invalid value.");
  const std::string deep(100000, '[');
  write("c.jsonl", "{\"a\": " + deep + "\n");
  EXPECT_TRUE(show("read_json", "c.jsonl").starts_with("error: file 'c.jsonl', line 1"));
}

std::string npy(const std::string& header, std::string_view body) {
  std::string file("\x93NUMPY\x01\x00", 8);
  ByteWriter(&file).fixed(static_cast<uint16_t>(header.size()));
  return file + header + std::string(body);
}

// An array of doubles is written in both orders and must be read as the same rows.
TEST_F(Reader, NpyOrderDoesNotMatter) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const size_t rows = random() % 3000, a = 1 + random() % 4, b = 1 + random() % 3;
    std::vector<double> values(rows * a * b);
    for (double& value : values) value = static_cast<double>(random() % 1000) / 8;
    std::string c_order, f_order;
    for (const double value : values) ByteWriter(&c_order).fixed(value);
    for (size_t k = 0; k < b; ++k) {
      for (size_t j = 0; j < a; ++j) {
        for (size_t i = 0; i < rows; ++i) {
          ByteWriter(&f_order).fixed(values[(i * a + j) * b + k]);
        }
      }
    }
    const auto header = [&](const char* order) {
      return "{'descr': '<f8', 'fortran_order': " + std::string(order) + ", 'shape': (" +
             std::to_string(rows) + ", " + std::to_string(a) + ", " + std::to_string(b) + "), }\n";
    };
    write("c.npy", npy(header("False"), c_order));
    write("f.npy", npy(header("True"), f_order));
    const std::string shown = show("read_npy", "c.npy");
    EXPECT_EQ(show("read_npy", "f.npy"), shown);
    EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), static_cast<long>(rows) + 1);
    if (rows > 0) {
      EXPECT_NE(shown.find("\n" + std::to_string(rows - 1) + "|"), std::string::npos);
    }
  }
}

TEST_F(Reader, NpyTypesBecomeSqlTypes) {
  std::string body;
  ByteWriter writer(&body);
  writer.bytes(std::string("\x01", 1));
  writer.bytes(std::string("\xff\xfe", 2));  // >i2
  writer.fixed(uint16_t{0x3c00});            // half 1.0
  writer.bytes(std::string("ab\0", 3));
  writer.fixed(uint32_t{0xe9});
  writer.fixed(uint32_t{0});
  writer.fixed(int64_t{1500});  // ms
  writer.fixed(1.5f);
  writer.fixed(2.5f);
  write("s.npy", npy("{'descr': [('b', '|b1'), ('i', '>i2'), ('h', '<f2'), ('s', '|S3'), "
                     "('u', '<U2'), ('t', '<M8[ms]'), ('v', '<f4', (2,))], "
                     "'fortran_order': False, 'shape': (1,), }\n",
                     body));
  EXPECT_EQ(show("read_npy", "s.npy"),
            "row INTEGER|b BOOLEAN|i INTEGER|h FLOAT4|s BLOB|u TEXT|t TIMESTAMP|v_0 FLOAT4|"
            "v_1 FLOAT4\n0|true|-2|1.0|\\x616200|\xc3\xa9|1970-01-01T00:00:01.5Z|1.5|2.5\n");
  write("big.npy",
        npy("{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", std::string(8, '\xff')));
  EXPECT_EQ(show("read_npy", "big.npy"),
            "error: file 'big.npy': row 0: 18446744073709551615 does not fit INTEGER");
  write("short.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", "12345678"));
  EXPECT_EQ(show("read_npy", "short.npy"), "error: file 'short.npy': the array ends too early");
  write("c.npy", npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "12345678"));
  EXPECT_EQ(show("read_npy", "c.npy"), "error: file 'c.npy': the .npy type 'c8' has no SQL type");
}

std::string gzip(const std::string& text) {
  z_stream encoder{};
  EXPECT_EQ(deflateInit2(&encoder, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&encoder, text.size()) + 64, '\0');
  encoder.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  encoder.avail_in = static_cast<uInt>(text.size());
  encoder.next_out = reinterpret_cast<Bytef*>(out.data());
  encoder.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&encoder, Z_FINISH), Z_STREAM_END);
  out.resize(encoder.total_out);
  deflateEnd(&encoder);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

// Members one after another are one text; every cut inside is an error, never a shorter table.
TEST_F(Reader, CompressedFilesAreReadThroughAndCutsAreFound) {
  std::string text = "x\n";
  for (int i = 0; i < 100000; ++i) text += std::to_string(i * 7919 % 100003) + "\n";
  write("plain.csv", text);
  const std::string expected = show("read_csv", "plain.csv");
  const size_t half = text.size() / 2;
  for (const auto& compress : {gzip, zstd}) {
    const std::string file = compress(text.substr(0, half)) + compress(text.substr(half));
    write("packed.csv", file);
    EXPECT_EQ(show("read_csv", "packed.csv"), expected);
    for (size_t cut = file.size() - 40; cut < file.size(); ++cut) {
      write("cut.csv", file.substr(0, cut));
      EXPECT_TRUE(show("read_csv", "cut.csv").starts_with("error: ")) << cut;
    }
  }
  write("false.csv.gz", text);
  EXPECT_EQ(show("read_csv", "false.csv.gz"),
            "error: file 'false.csv.gz' is named as compressed, but its bytes are not");
}

TEST_F(Reader, BlobsComeByPatternInOrder) {
  ASSERT_TRUE(env_.create_directory("/files/a").ok());
  ASSERT_TRUE(env_.create_directory("/files/b").ok());
  write("a/2.jpg", "two");
  write("a/1.jpg", "one");
  write("b/1.jpg", "");
  write("b/1.png", "no");
  EXPECT_EQ(show("read_blob", "*/?.jpg"),
            "filename TEXT|content BLOB\na/1.jpg|\\x6f6e65\na/2.jpg|\\x74776f\nb/1.jpg|\\x\n");
  EXPECT_EQ(show("read_blob", "a/1.jpg"), "filename TEXT|content BLOB\na/1.jpg|\\x6f6e65\n");
  EXPECT_EQ(show("read_blob", "c/*.jpg"), "filename TEXT|content BLOB\n");
  EXPECT_TRUE(show("read_blob", "../*").starts_with("error: file '../' lies outside"));
}

bool matches_by_recursion(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') {
    return matches_by_recursion(pattern.substr(1), name) ||
           (!name.empty() && matches_by_recursion(pattern, name.substr(1)));
  }
  return !name.empty() && (pattern[0] == '?' || pattern[0] == name[0]) &&
         matches_by_recursion(pattern.substr(1), name.substr(1));
}

TEST(Glob, MatchesAsTheDefinitionSays) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string pattern, name;
    for (size_t i = random() % 7; i > 0; --i) pattern += "ab*?"[random() % 4];
    for (size_t i = random() % 7; i > 0; --i) name += "ab"[random() % 2];
    EXPECT_EQ(matches_glob(pattern, name), matches_by_recursion(pattern, name))
        << pattern << " " << name;
  }
}

// Damaged files of every kind: an answer or an error, never a crash.
TEST_F(Reader, DamagedFilesNeverCrash) {
  const std::pair<const char*, std::string> files[] = {
      {"read_csv", "a,b\n1,\"x\"\"y\"\n2.5,z\n"},
      {"read_json", "{\"a\": [1, {\"b\": \"c\"}], \"d\": -1e3}\n{\"a\": null}\n"},
      {"read_npy", npy("{'descr': [('a', '<f4', (2,)), ('b', '<U1')], 'fortran_order': False, "
                       "'shape': (2,), }",
                       std::string(24, '\x40'))},
      {"read_npy",
       npy("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }", std::string(24, '\x01'))},
      {"read_csv", gzip("a,b\n1,2\n")},
      {"read_csv", zstd("a,b\n1,2\n")}};
  for (const auto& [function, good] : files) {
    ASSERT_FALSE(good.empty());
    for (uint64_t seed = 0; seed < 3000; ++seed) {
      SCOPED_TRACE(seed);
      std::mt19937_64 random(seed);
      std::string bad = good;
      for (uint64_t i = 0; i <= random() % 3; ++i) {
        const size_t at = random() % bad.size();
        switch (random() % 4) {
          case 0: bad[at] = static_cast<char>(random()); break;
          case 1: bad.insert(at, 1, "'\"(),[]{}\n19"[random() % 12]); break;
          case 2: bad.erase(at, 1 + random() % 3); break;
          default: bad.resize(at + 1); break;
        }
        if (bad.empty()) bad = "x";
      }
      write("bad", bad);
      EXPECT_FALSE(show(function, "bad").empty());
    }
  }
}

}  // namespace
}  // namespace mote
