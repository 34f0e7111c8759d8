// A program to be killed: random transactions, appended rows and maintenance over one database.
//
// What transaction number t does follows from the seed and t alone, and transactions are committed
// in order, so the state after the first n of them can be computed again. The program writes
// `t N` when transaction N is acknowledged and `s N` when sample N is on the medium; `verify` opens
// what a kill left and compares all of it with the state after n transactions, where n is the
// acknowledged number or one more.
//
// usage: worker run DIRECTORY SEED sync|group|async
//        worker verify DIRECTORY SEED TRANSACTIONS SAMPLES   (the acknowledged counts)
#include <unistd.h>

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "mote/mote.hpp"

namespace {

uint64_t mix(uint64_t seed, uint64_t number) {
  uint64_t x = seed * 0x9e3779b97f4a7c15u + number + 0x632be59bd9b4e019u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::string blob_of(uint64_t seed, int64_t id) {
  const uint64_t draw = mix(seed ^ 1, static_cast<uint64_t>(id));
  // One in eight lies in a blob file.
  const size_t size = draw % 8 == 0 ? 17'000 + draw / 8 % 60'000 : draw / 8 % 300;
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(draw >> (i % 7 * 8) ^ i);
  return bytes;
}

// What transaction t does.
struct Step {
  int64_t number;
  uint32_t rows;      // inserted into each of both tables, with ids 8 t, 8 t + 1, ..
  bool rolls_back;    // and leaves nothing
  int64_t deleted;    // the transaction whose rows it deletes, or -1
  int64_t increased;  // the transaction whose rows of b it changes, or -1

  Step(uint64_t seed, int64_t t) : number(t) {
    const uint64_t draw = mix(seed, static_cast<uint64_t>(t));
    rows = static_cast<uint32_t>(1 + draw % 5);
    rolls_back = draw / 8 % 11 == 0;
    deleted = draw / 128 % 3 == 0 ? t - 1 - static_cast<int64_t>(draw / 512 % 20) : -1;
    increased = draw / 32768 % 3 == 0 ? t - 1 - static_cast<int64_t>(draw / 131072 % 20) : -1;
  }
};

struct Expected {
  std::map<int64_t, int64_t> a;  // id: transaction
  std::map<int64_t, int64_t> b;  // id: n
  int64_t last = -1;
};

// The state after transactions 0 .. count - 1.
Expected state_after(uint64_t seed, int64_t count) {
  Expected state;
  for (int64_t t = 0; t < count; ++t) {
    const Step step(seed, t);
    if (step.rolls_back) continue;
    state.last = t;
    for (uint32_t i = 0; i < step.rows; ++i) {
      state.a[t * 8 + i] = t;
      state.b[t * 8 + i] = t % 1000;
    }
    for (int64_t i = 0; i < 8; ++i) {
      if (step.increased >= 0 && state.b.count(step.increased * 8 + i) != 0) {
        ++state.b[step.increased * 8 + i];
      }
      if (step.deleted >= 0) state.a.erase(step.deleted * 8 + i);
      if (step.deleted >= 0) state.b.erase(step.deleted * 8 + i);
    }
  }
  return state;
}

void say(char kind, int64_t number) {
  char line[32];
  const int size = std::snprintf(line, sizeof line, "%c %" PRId64 "\n", kind, number);
  if (::write(STDOUT_FILENO, line, static_cast<size_t>(size)) != size) std::exit(3);
}

int64_t number_of(mote::Connection& connection, const char* sql) {
  mote::Statement statement = connection.query(sql).value();
  return statement.step().value() && !statement.is_null(0) ? statement.integer(0) : -1;
}

mote::Options options_of(const std::string& mode) {
  mote::Options options;
  options.memory_bytes = 16u << 20;
  options.log_limit_bytes = 32u << 20;
  if (mode == "group") options.sync = mote::Sync::group(std::chrono::milliseconds(2));
  if (mode == "async") options.sync = mote::Sync::async();
  return options;
}

void create_tables(mote::Connection& connection) {
  connection
      .execute(
          "BEGIN;"
          "CREATE TABLE IF NOT EXISTS a (id INTEGER PRIMARY KEY, txn INTEGER, x BLOB);"
          "CREATE TABLE IF NOT EXISTS b (id INTEGER PRIMARY KEY, txn INTEGER, n INTEGER);"
          "CREATE TABLE IF NOT EXISTS marks (txn INTEGER);"
          "CREATE TABLE IF NOT EXISTS samples (seq INTEGER, value FLOAT, note TEXT);"
          "COMMIT")
      .value();
}

void commit_step(mote::Connection& connection, uint64_t seed, const Step& step) {
  connection.execute("BEGIN").value();
  mote::Statement into_a = connection.prepare("INSERT INTO a VALUES (?, ?, ?)").value();
  mote::Statement into_b = connection.prepare("INSERT INTO b VALUES (?, ?, ?)").value();
  for (uint32_t i = 0; i < step.rows; ++i) {
    const int64_t id = step.number * 8 + i;
    const std::string bytes = blob_of(seed, id);
    into_a
        .bind_all(id, step.number,
                  mote::BlobView{std::as_bytes(std::span(bytes.data(), bytes.size()))})
        .value();
    into_a.run().value();
    into_b.bind_all(id, step.number, step.number % 1000).value();
    into_b.run().value();
  }
  if (step.increased >= 0) {
    mote::Statement increase = connection.prepare("UPDATE b SET n = n + 1 WHERE txn = ?").value();
    increase.bind(1, step.increased).value();
    increase.run().value();
  }
  for (const char* sql : {"DELETE FROM a WHERE txn = ?", "DELETE FROM b WHERE txn = ?"}) {
    if (step.deleted < 0) break;
    mote::Statement erase = connection.prepare(sql).value();
    erase.bind(1, step.deleted).value();
    erase.run().value();
  }
  if (step.rolls_back) return connection.execute("ROLLBACK").value();
  mote::Statement mark = connection.prepare("INSERT INTO marks VALUES (?)").value();
  mark.bind(1, step.number).value();
  mark.run().value();
  connection.execute("COMMIT").value();
}

// The next transaction's number: behind the last mark, and behind the ones that rolled back.
int64_t first_step(mote::Connection& connection) {
  return number_of(connection, "SELECT max(txn) FROM marks") + 1;
}

void append_samples(mote::Database& database, int64_t first) {
  mote::AppenderOptions options;
  options.on_full = mote::OnFull::block(std::chrono::milliseconds(10'000));
  options.ring_bytes = 1u << 16;
  mote::Appender appender = database.appender("samples", options).value();
  for (int64_t seq = first;; ++seq) {
    const mote::Ack ack =
        appender.append(seq, static_cast<double>(seq) * 0.25, std::string_view("sample")).value();
    if (seq % 64 == 0 && ack.wait_for(std::chrono::seconds(20))) say('s', seq);
  }
}

int run(const std::string& directory, uint64_t seed, const std::string& mode) {
  mote::Database database = mote::Database::open(directory, options_of(mode)).value();
  create_tables(database.connection());
  const int64_t first = first_step(database.connection());
  const int64_t first_sample = number_of(database.connection(), "SELECT max(seq) FROM samples") + 1;
  std::thread samples([&] { append_samples(database, first_sample); });
  std::thread maintenance([&] {
    for (uint64_t i = 0;; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + mix(seed, i) % 60));
      if (i % 3 == 2) {
        database.vacuum().value();
      } else {
        database.checkpoint().value();
      }
    }
  });
  for (int64_t t = first;; ++t) {
    const Step step(seed, t);
    commit_step(database.connection(), seed, step);
    if (step.rolls_back) continue;
    if (mode == "async") {
      if (t % 8 != 0) continue;
      database.wait_durable(std::chrono::seconds(20)).value();
    }
    say('t', t);
  }
}

class Verifier {
 public:
  Verifier(mote::Database& database, uint64_t seed) : database_(database), seed_(seed) {}

  // Returns how many transactions the state holds.
  int64_t verify(int64_t acknowledged, int64_t samples) {
    mote::Connection& connection = database_.connection();
    for (const std::string& problem : database_.check().value()) fail("CHECK: " + problem);
    const int64_t last = number_of(connection, "SELECT max(txn) FROM marks");
    if (last < acknowledged) {
      fail("transaction " + std::to_string(acknowledged) + " was acknowledged; the last is " +
           std::to_string(last));
    }
    compare(connection, state_after(seed_, last + 1));
    const int64_t count = number_of(connection, "SELECT count(*) FROM samples");
    if (count <= samples)
      fail("sample " + std::to_string(samples) + " was acknowledged; there are " +
           std::to_string(count));
    mote::Statement rows = connection.query("SELECT seq, value, note FROM samples").value();
    for (int64_t seq = 0; rows.step().value(); ++seq) {
      if (rows.integer(0) != seq || rows.number(1) != static_cast<double>(seq) * 0.25 ||
          rows.text(2) != "sample") {
        fail("samples: sequence " + std::to_string(rows.integer(0)) + " stands at " +
             std::to_string(seq));
        break;
      }
    }
    return last;
  }
  int failures() const { return failures_; }

 private:
  void compare(mote::Connection& connection, const Expected& expected) {
    mote::Statement a = connection.query("SELECT id, txn, x FROM a ORDER BY id").value();
    auto want = expected.a.begin();
    for (; a.step().value(); ++want) {
      if (want == expected.a.end() || want->first != a.integer(0) || want->second != a.integer(1)) {
        return fail("a: row " + std::to_string(a.integer(0)) + " is not expected here; " +
                    (want == expected.a.end() ? "the end" : std::to_string(want->first)) + " is");
      }
      const std::string bytes = blob_of(seed_, want->first);
      const auto blob = a.blob(2);
      if (blob.size() != bytes.size() ||
          std::memcmp(blob.data(), bytes.data(), bytes.size()) != 0) {
        return fail("a: row " + std::to_string(want->first) + " has other bytes");
      }
    }
    if (want != expected.a.end()) fail("a: row " + std::to_string(want->first) + " is not there");
    mote::Statement b = connection.query("SELECT id, n FROM b ORDER BY id").value();
    want = expected.b.begin();
    for (; b.step().value(); ++want) {
      if (want == expected.b.end() || want->first != b.integer(0) || want->second != b.integer(1)) {
        return fail("b: row " + std::to_string(b.integer(0)) + " with " +
                    std::to_string(b.integer(1)) + " is not expected");
      }
    }
    if (want != expected.b.end()) fail("b: row " + std::to_string(want->first) + " is not there");
    if (expected.a.empty()) return;
    // The same through the key.
    const int64_t key = expected.a.rbegin()->first;
    mote::Statement one = connection.query("SELECT txn FROM a WHERE id = ?", key).value();
    if (!one.step().value() || one.integer(0) != expected.a.rbegin()->second) {
      fail("a: row " + std::to_string(key) + " is not found by its key");
    }
  }
  void fail(const std::string& what) {
    std::printf("FAILED: %s\n", what.c_str());
    ++failures_;
  }

  mote::Database& database_;
  const uint64_t seed_;
  int failures_ = 0;
};

int verify(const std::string& directory, uint64_t seed, int64_t acknowledged, int64_t samples) {
  int64_t first_time = -1;
  for (int round = 0; round < 2; ++round) {
    mote::Options options = options_of("sync");
    options.memory_bytes = 256u << 20;  // for sorting all that the rounds have left
    mote::Database database = mote::Database::open(directory, options).value();
    create_tables(database.connection());
    Verifier verifier(database, seed);
    const int64_t last = verifier.verify(acknowledged, samples);
    if (round == 1 && last != first_time) {
      std::printf("FAILED: opened again, the last transaction is %" PRId64 ", not %" PRId64 "\n",
                  last, first_time);
      return 1;
    }
    if (verifier.failures() > 0) return 1;
    first_time = last;
    database.close().value();
  }
  std::printf("last %" PRId64 "\n", first_time);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 5 && std::strcmp(words[1], "run") == 0) {
    return run(words[2], std::strtoull(words[3], nullptr, 10), words[4]);
  }
  if (count == 6 && std::strcmp(words[1], "verify") == 0) {
    return verify(words[2], std::strtoull(words[3], nullptr, 10),
                  std::strtoll(words[4], nullptr, 10), std::strtoll(words[5], nullptr, 10));
  }
  std::fprintf(stderr, "usage: worker run DIRECTORY SEED MODE | verify DIRECTORY SEED N N\n");
  return 2;
}
