#include "peers.h"

#include <sys/stat.h>

#include <cstring>

#ifdef BENCH_WITH_SQLITE
#include <sqlite3.h>
#endif
#ifdef BENCH_WITH_ROCKSDB
#include <rocksdb/c.h>
#include <rocksdb/version.h>
#endif
#ifdef BENCH_WITH_LMDB
#include <lmdb.h>
#endif

namespace bench {

namespace {

// Keys whose order as bytes is that of the numbers.
struct Key {
  char bytes[9];
};

[[maybe_unused]] Key key_of(char space, int64_t number) {
  Key key;
  key.bytes[0] = space;
  for (int i = 0; i < 8; ++i) {
    key.bytes[1 + i] = static_cast<char>(static_cast<uint64_t>(number) >> (56 - 8 * i));
  }
  return key;
}

[[maybe_unused]] double first_value(const void* bytes) {
  double value = 0;
  std::memcpy(&value, static_cast<const char*>(bytes) + offsetof(Reading, values), sizeof value);
  return value;
}

#ifdef BENCH_WITH_SQLITE
class SqlitePeer : public Peer {
 public:
  SqlitePeer(const std::string& directory, uint32_t value_count) : value_count_(value_count) {
    const std::string path = directory + "/sqlite.db";
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) broken("open");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    std::string columns = "ts INTEGER, sensor INTEGER, seq INTEGER";
    std::string marks = "?, ?, ?";
    for (uint32_t i = 0; i < value_count; ++i) {
      columns += ", v" + std::to_string(i) + " REAL";
      marks += ", ?";
    }
    run("CREATE TABLE IF NOT EXISTS readings (" + columns + ")");
    run("CREATE TABLE IF NOT EXISTS blobs (id INTEGER PRIMARY KEY, bytes BLOB)");
    insert_ = prepare("INSERT INTO readings VALUES (" + marks + ")");
    blob_ = prepare("INSERT INTO blobs VALUES (?, ?)");
    begin_ = prepare("BEGIN");
    commit_ = prepare("COMMIT");
    read_ = prepare("SELECT v0 FROM readings WHERE rowid = ?");
    sum_ = prepare("SELECT sum(v0) FROM readings WHERE rowid BETWEEN ? AND ?");
  }
  ~SqlitePeer() override {
    for (sqlite3_stmt* statement : {insert_, blob_, begin_, commit_, read_, sum_}) {
      sqlite3_finalize(statement);
    }
    sqlite3_close(database_);
  }
  std::string name() const override { return "SQLite"; }
  std::string version() const override {
    return std::string(sqlite3_libversion()) + " WAL synchronous=FULL";
  }
  void insert(const Reading& reading) override {
    sqlite3_bind_int64(insert_, 1, reading.ts);
    sqlite3_bind_int64(insert_, 2, reading.sensor);
    sqlite3_bind_int64(insert_, 3, reading.seq);
    for (uint32_t i = 0; i < value_count_; ++i) {
      sqlite3_bind_double(insert_, static_cast<int>(4 + i), reading.values[i]);
    }
    step(insert_);
  }
  void insert_batch(std::span<const Reading> readings) override {
    step(begin_);
    for (const Reading& reading : readings) insert(reading);
    step(commit_);
  }
  void insert_blob(int64_t key, std::string_view bytes) override {
    sqlite3_bind_int64(blob_, 1, key);
    sqlite3_bind_blob64(blob_, 2, bytes.data(), bytes.size(), SQLITE_STATIC);
    step(blob_);
  }
  double read(int64_t key) override {
    sqlite3_bind_int64(read_, 1, key);
    return number(read_);
  }
  double sum(int64_t first, int64_t last) override {
    sqlite3_bind_int64(sum_, 1, first);
    sqlite3_bind_int64(sum_, 2, last);
    return number(sum_);
  }

 private:
  [[noreturn]] void broken(const char* what) {
    fail("SQLite: %s: %s", what, sqlite3_errmsg(database_));
  }
  void run(const std::string& sql) {
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      broken(sql.c_str());
    }
  }
  sqlite3_stmt* prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(database_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           nullptr) != SQLITE_OK) {
      broken(sql.c_str());
    }
    return statement;
  }
  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) broken("step");
    sqlite3_reset(statement);
  }
  double number(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_ROW) broken("no row");
    const double value = sqlite3_column_double(statement, 0);
    sqlite3_reset(statement);
    return value;
  }

  uint32_t value_count_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* blob_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* read_ = nullptr;
  sqlite3_stmt* sum_ = nullptr;
};
#endif

#ifdef BENCH_WITH_ROCKSDB
class RocksPeer : public Peer {
 public:
  RocksPeer(const std::string& directory, uint32_t value_count) : value_count_(value_count) {
    options_ = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(options_, 1);
    rocksdb_options_set_enable_blob_files(options_, 1);
    rocksdb_options_set_min_blob_size(options_, 4096);
    sync_ = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(sync_, 1);
    read_ = rocksdb_readoptions_create();
    char* error = nullptr;
    database_ = rocksdb_open(options_, (directory + "/rocksdb").c_str(), &error);
    check(error);
  }
  ~RocksPeer() override {
    rocksdb_close(database_);
    rocksdb_readoptions_destroy(read_);
    rocksdb_writeoptions_destroy(sync_);
    rocksdb_options_destroy(options_);
  }
  std::string name() const override { return "RocksDB"; }
  std::string version() const override {
    return std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) + "." +
           std::to_string(ROCKSDB_PATCH) + " WriteOptions.sync blob files from 4 KiB";
  }
  void insert(const Reading& reading) override { insert_batch({&reading, 1}); }
  void insert_batch(std::span<const Reading> readings) override {
    rocksdb_writebatch_t* batch = rocksdb_writebatch_create();
    for (const Reading& reading : readings) {
      const Key key = key_of('r', ++rows_);
      rocksdb_writebatch_put(batch, key.bytes, sizeof key.bytes,
                             reinterpret_cast<const char*>(&reading),
                             Reading::bytes_of(value_count_));
    }
    write(batch);
  }
  void insert_blob(int64_t number, std::string_view bytes) override {
    rocksdb_writebatch_t* batch = rocksdb_writebatch_create();
    const Key key = key_of('b', number);
    rocksdb_writebatch_put(batch, key.bytes, sizeof key.bytes, bytes.data(), bytes.size());
    write(batch);
  }
  double read(int64_t number) override {
    const Key key = key_of('r', number);
    char* error = nullptr;
    rocksdb_pinnableslice_t* found =
        rocksdb_get_pinned(database_, read_, key.bytes, sizeof key.bytes, &error);
    check(error);
    if (found == nullptr) fail("RocksDB: key %lld is not there", (long long)number);
    size_t size = 0;
    const double value = first_value(rocksdb_pinnableslice_value(found, &size));
    rocksdb_pinnableslice_destroy(found);
    return value;
  }
  double sum(int64_t first, int64_t last) override {
    rocksdb_iterator_t* at = rocksdb_create_iterator(database_, read_);
    const Key from = key_of('r', first);
    const Key to = key_of('r', last);
    double total = 0;
    for (rocksdb_iter_seek(at, from.bytes, sizeof from.bytes); rocksdb_iter_valid(at);
         rocksdb_iter_next(at)) {
      size_t size = 0;
      if (std::memcmp(rocksdb_iter_key(at, &size), to.bytes, sizeof to.bytes) > 0) break;
      total += first_value(rocksdb_iter_value(at, &size));
    }
    rocksdb_iter_destroy(at);
    return total;
  }

 private:
  void check(char* error) {
    if (error != nullptr) fail("RocksDB: %s", error);
  }
  void write(rocksdb_writebatch_t* batch) {
    char* error = nullptr;
    rocksdb_write(database_, sync_, batch, &error);
    check(error);
    rocksdb_writebatch_destroy(batch);
  }

  uint32_t value_count_;
  rocksdb_options_t* options_ = nullptr;
  rocksdb_writeoptions_t* sync_ = nullptr;
  rocksdb_readoptions_t* read_ = nullptr;
  rocksdb_t* database_ = nullptr;
  int64_t rows_ = 0;
};
#endif

#ifdef BENCH_WITH_LMDB
class LmdbPeer : public Peer {
 public:
  LmdbPeer(const std::string& directory, uint32_t value_count) : value_count_(value_count) {
    constexpr size_t kMapBytes = 32ull << 30;
    check(mdb_env_create(&environment_));
    check(mdb_env_set_mapsize(environment_, kMapBytes));
    check(mdb_env_open(environment_, (directory + "/lmdb.db").c_str(), MDB_NOSUBDIR, 0644));
    MDB_txn* transaction = begin(0);
    check(mdb_dbi_open(transaction, nullptr, 0, &table_));
    check(mdb_txn_commit(transaction));
  }
  ~LmdbPeer() override { mdb_env_close(environment_); }
  std::string name() const override { return "LMDB"; }
  std::string version() const override {
    return std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) + "." +
           std::to_string(MDB_VERSION_PATCH) + " default sync";
  }
  void insert(const Reading& reading) override { insert_batch({&reading, 1}); }
  void insert_batch(std::span<const Reading> readings) override {
    MDB_txn* transaction = begin(0);
    for (const Reading& reading : readings) {
      put(transaction, key_of('r', ++rows_), &reading, Reading::bytes_of(value_count_));
    }
    check(mdb_txn_commit(transaction));
  }
  void insert_blob(int64_t number, std::string_view bytes) override {
    MDB_txn* transaction = begin(0);
    put(transaction, key_of('b', number), bytes.data(), bytes.size());
    check(mdb_txn_commit(transaction));
  }
  double read(int64_t number) override {
    MDB_txn* transaction = begin(MDB_RDONLY);
    Key key = key_of('r', number);
    MDB_val name{sizeof key.bytes, key.bytes};
    MDB_val found{};
    check(mdb_get(transaction, table_, &name, &found));
    const double value = first_value(found.mv_data);
    mdb_txn_abort(transaction);
    return value;
  }
  double sum(int64_t first, int64_t last) override {
    MDB_txn* transaction = begin(MDB_RDONLY);
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(transaction, table_, &cursor));
    Key from = key_of('r', first);
    const Key to = key_of('r', last);
    MDB_val name{sizeof from.bytes, from.bytes};
    MDB_val found{};
    double total = 0;
    int code = mdb_cursor_get(cursor, &name, &found, MDB_SET_RANGE);
    while (code == 0 && std::memcmp(name.mv_data, to.bytes, sizeof to.bytes) <= 0) {
      total += first_value(found.mv_data);
      code = mdb_cursor_get(cursor, &name, &found, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    return total;
  }

 private:
  static void check(int code) {
    if (code != 0) fail("LMDB: %s", mdb_strerror(code));
  }
  MDB_txn* begin(unsigned flags) {
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, flags, &transaction));
    return transaction;
  }
  void put(MDB_txn* transaction, Key key, const void* bytes, size_t size_bytes) {
    MDB_val name{sizeof key.bytes, key.bytes};
    MDB_val value{size_bytes, const_cast<void*>(bytes)};
    check(mdb_put(transaction, table_, &name, &value, 0));
  }

  uint32_t value_count_;
  MDB_env* environment_ = nullptr;
  MDB_dbi table_ = 0;
  int64_t rows_ = 0;
};
#endif

}  // namespace

std::unique_ptr<Peer> open_peer(std::string_view name, const std::string& directory,
                                uint32_t value_count) {
  (void)::mkdir(directory.c_str(), 0755);
#ifdef BENCH_WITH_SQLITE
  if (name == "SQLite") return std::make_unique<SqlitePeer>(directory, value_count);
#endif
#ifdef BENCH_WITH_ROCKSDB
  if (name == "RocksDB") return std::make_unique<RocksPeer>(directory, value_count);
#endif
#ifdef BENCH_WITH_LMDB
  if (name == "LMDB") return std::make_unique<LmdbPeer>(directory, value_count);
#endif
  return nullptr;
}

std::vector<std::unique_ptr<Peer>> open_peers(const std::string& directory, uint32_t value_count) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (const char* name : {"SQLite", "RocksDB", "LMDB"}) {
    std::unique_ptr<Peer> peer = open_peer(name, directory, value_count);
    if (peer != nullptr) peers.push_back(std::move(peer));
  }
  return peers;
}

void print_peers(std::string_view case_name, const std::vector<std::unique_ptr<Peer>>& peers) {
  Row(case_name, "peers").value(static_cast<double>(peers.size()), "databases").samples(1).print();
  for (const std::unique_ptr<Peer>& peer : peers) {
    Row(case_name, "takes_part")
        .value(1, "")
        .samples(1)
        .peer(peer->name(), peer->version())
        .print();
  }
}

}  // namespace bench
