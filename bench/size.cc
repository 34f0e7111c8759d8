// Bytes a row of stored parts: of made-up sensors against what Parquet would take, and of real
// recordings against the best that was measured of Parquet and DuckDB.
#include <algorithm>
#include <string>
#include <vector>

#include "harness.h"
#include "readings.h"
#include "size_rivals.h"

namespace bench {

namespace {

constexpr uint32_t kValues = 6;
constexpr uint64_t kRows = 1u << 20;
constexpr uint64_t kSeed = 20261125;
constexpr uint64_t kBatchRows = 8'192;

double bytes_a_row(const std::string& directory, uint64_t rows) {
  return static_cast<double>(bytes_below(directory, "part-")) / static_cast<double>(rows);
}

// The same rows column by column.
std::vector<RivalColumn> columns_of(const std::vector<Reading>& rows) {
  std::vector<RivalColumn> columns;
  RivalColumn ts{"ts", 8, {}};
  RivalColumn sensor{"sensor", 4, {}};
  RivalColumn seq{"seq", 4, {}};
  for (const Reading& row : rows) {
    ts.append(&row.ts);
    sensor.append(&row.sensor);
    seq.append(&row.seq);
  }
  columns.push_back(std::move(ts));
  columns.push_back(std::move(sensor));
  columns.push_back(std::move(seq));
  for (uint32_t i = 0; i < kValues; ++i) {
    RivalColumn value{"v" + std::to_string(i), 8, {}};
    for (const Reading& row : rows) value.append(&row.values[i]);
    columns.push_back(std::move(value));
  }
  return columns;
}

struct Bars {
  double of_parquet = 0;
  double of_split = 0;
};

void report_ratio(const std::string& name, const char* metric, const char* rival, double ours,
                  double theirs, double goal) {
  Row row(name, metric);
  row.text("against", rival);
  row.value(ours / theirs, "x").samples(kRows).number("rival_bytes_per_row", theirs);
  if (goal > 0) row.at_most(goal);
  row.print();
}

void run_generated(const Arguments& arguments, const std::string& name, Signal signal, Bars bars) {
  const Scratch scratch(arguments.directory);
  ReadingSource source(signal, kSeed, kValues);
  std::vector<Reading> rows(kRows);
  for (Reading& row : rows) row = source.next();
  const std::string directory = scratch / "mote";
  {
    MoteStore store(directory, kValues, mote::Options{});
    for (uint64_t done = 0; done < kRows; done += kBatchRows) {
      store.append_batch(std::span(rows).subspan(done, kBatchRows));
    }
    need(store.database().checkpoint(), "checkpoint");
    need(store.database().vacuum(), "vacuum");
    store.close();
  }
  const double ours = bytes_a_row(directory, kRows);
  Row(name, "bytes_per_row")
      .value(ours, "bytes")
      .samples(kRows)
      .number("raw_bytes_per_row", 64)
      .number("parts", static_cast<double>(files_below(directory, "part-")))
      .print();
  if (!rivals_are_built_in()) {
    print_skipped(name, "libzstd is not installed: there is nothing to compare with");
    return;
  }
  const std::vector<RivalColumn> columns = columns_of(rows);
  double split = 0;
  double parquet = 0;
  for (const RivalColumn& column : columns) {
    split += static_cast<double>(byte_stream_split_zstd_bytes(column));
    parquet += static_cast<double>(parquet_like_zstd_bytes(column));
  }
  const auto count = static_cast<double>(kRows);
  report_ratio(name, "against_parquet_like", "Parquet-like pages computed here by libzstd -3", ours,
               parquet / count, bars.of_parquet);
  report_ratio(name, "against_byte_stream_split", "byte-stream split computed here by libzstd -3",
               ours, split / count, bars.of_split);
}

struct Recording {
  const char* name;
  const char* folder;
  const char* ending;
  const char* create;  // empty: the table is made from the only file
  const char* table;
  const char* columns;
  double raw_bytes_per_row;
  double goal;
};

constexpr Recording kRecordings[] = {
    {"panda_force", "panda_force", "symbol17.csv.zst", "", "panda", "*", 88, 54.0},
    {"euroc_imu", "euroc_mav", "_imu0.csv.zst",
     "CREATE TABLE imu (ts TIMESTAMP, wx FLOAT, wy FLOAT, wz FLOAT, ax FLOAT, ay FLOAT, az FLOAT)",
     "imu", "*", 56, 11.7},
    {"broad_imu", "broad_imu", ".csv.zst",
     "CREATE TABLE broad (gyr_x FLOAT, gyr_y FLOAT, gyr_z FLOAT, acc_x FLOAT, acc_y FLOAT,"
     " acc_z FLOAT, mag_x FLOAT, mag_y FLOAT, mag_z FLOAT, movement INTEGER)",
     "broad",
     "imu_gyr_x, imu_gyr_y, imu_gyr_z, imu_acc_x, imu_acc_y, imu_acc_z, imu_mag_x,"
     "imu_mag_y, imu_mag_z, movement",
     80, 13.9},
};

uint64_t import(const std::string& directory, const std::string& data, const Recording& recording) {
  mote::Options options;
  options.files_directory = data;
  mote::Database database = need(mote::Database::open(directory, options), "open");
  if (*recording.create != '\0') need(database.execute(recording.create), "create table");
  for (const std::string& path : files_named(data + "/" + recording.folder, "")) {
    if (!path.ends_with(recording.ending)) continue;
    const std::string file = path.substr(data.size() + 1);
    const std::string rows = std::string("SELECT ") + recording.columns + " FROM read_csv('" +
                             file + "', header = true)";
    const std::string sql = *recording.create == '\0'
                                ? std::string("CREATE TABLE ") + recording.table + " AS " + rows
                                : std::string("INSERT INTO ") + recording.table + " " + rows;
    need(database.execute(sql), sql.c_str());
  }
  need(database.checkpoint(), "checkpoint");
  need(database.vacuum(), "vacuum");
  uint64_t rows = 0;
  {
    mote::Statement count =
        need(database.query(std::string("SELECT count(*) FROM ") + recording.table), "count");
    if (!need(count.step(), "count")) fail("mote: no count");
    rows = static_cast<uint64_t>(count.integer(0));
  }
  need(database.close(), "close");
  return rows;
}

void run_recording(const Arguments& arguments, const Recording& recording) {
  if (arguments.data.empty() || files_below(arguments.data + "/" + recording.folder) == 0) {
    print_skipped(recording.name,
                  "the recording is not there: --data or MOTE_DATA names its folder");
    return;
  }
  const Scratch scratch(arguments.directory);
  const int64_t begin = now_ns();
  const uint64_t rows = import(scratch / "mote", arguments.data, recording);
  const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
  const double ours = bytes_a_row(scratch / "mote", rows);
  Row(recording.name, "bytes_per_row")
      .value(ours, "bytes")
      .samples(rows)
      .number("raw_bytes_per_row", recording.raw_bytes_per_row)
      .number("import_seconds", seconds)
      .number("parts", static_cast<double>(files_below(scratch / "mote", "part-")))
      .at_most(recording.goal)
      .print();
  Row(recording.name, "bytes_per_row")
      .value(recording.goal, "bytes")
      .samples(rows)
      .peer("best of Parquet and DuckDB, measured 2026-11-23", "pyarrow 26, DuckDB 2.0.0")
      .print();
  Row(recording.name, "against_best")
      .value(ours / recording.goal, "x")
      .samples(rows)
      .at_most(1.0)
      .number("stretch", 0.85)
      .print();
}

}  // namespace

}  // namespace bench

int main(int count, char** values) {
  using namespace bench;
  const Arguments arguments = Arguments::parse(count, values);
  print_machine(arguments.directory, "normal");
  const struct {
    const char* name;
    Signal signal;
    Bars bars;
  } sets[] = {{"generated_imu", Signal::kImu, {0.75, 0}},
              {"generated_decimal", Signal::kDecimal, {0.75, 0}},
              {"generated_ekf", Signal::kEkf, {0, 1.02}}};
  for (const auto& set : sets) {
    if (arguments.wants(set.name)) run_generated(arguments, set.name, set.signal, set.bars);
  }
  for (const Recording& recording : kRecordings) {
    if (arguments.wants(recording.name)) run_recording(arguments, recording);
  }
  return 0;
}
