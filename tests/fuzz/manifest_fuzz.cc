// The manifest: any bytes as its file, checksums apart (unchecked.cc).
#include "base/check.h"
#include "base/coding.h"
#include "env/simulated_env.h"
#include "fuzz_target.h"
#include "storage/manifest.h"
#include "storage/manifest_record.h"

namespace mote::fuzz {

namespace {

ManifestEdit example_edit(uint32_t table) {
  ManifestEdit edit;
  edit.epoch = 3 + table;
  edit.log_floor = 8192;
  edit.sequence = 17 + table;
  edit.next_file = 20 + 2 * table;
  edit.next_blob_file = 4;
  edit.next_table = table + 1;
  edit.put_tables.push_back({table, "definition"});
  edit.next_rows.push_back({table, 5000});
  edit.add_parts.push_back({table, PartDefinition{10 + table, 0, 2000, 70000, 60000, 99}});
  edit.deletes.push_back({table, 11, 77});
  return edit;
}

}  // namespace

void take(std::span<const std::byte> input) {
  SimulatedEnv env(1);
  MOTE_CHECK(env.create_directory("db").ok());
  auto file = env.open("db/MANIFEST", {OpenMode::kCreate, false});
  MOTE_CHECK(file.ok());
  MOTE_CHECK((*file)->write(0, input).ok());
  const auto read = Manifest::open(env, "db", /*writable=*/false);
  const auto opened = Manifest::open(env, "db", /*writable=*/true);
  MOTE_CHECK(!opened.ok() || read.ok());
  if (!opened.ok()) return;
  // What was read is written and read again as the same state.
  std::string bytes;
  serialize_state((*opened)->state(), &bytes);
  const auto again = deserialize_state(bytes);
  MOTE_CHECK(again.ok());
  std::string second;
  serialize_state(*again, &second);
  MOTE_CHECK(bytes == second);
  ManifestEdit edit;
  edit.sequence = (*opened)->state().sequence;
  if (!(*opened)->append(edit).ok()) return;
  MOTE_CHECK(Manifest::open(env, "db", /*writable=*/false).ok());
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (uint32_t tables = 0; tables < 4; ++tables) {
    SimulatedEnv env(1);
    MOTE_CHECK(env.create_directory("db").ok());
    auto manifest = Manifest::create(env, "db");
    MOTE_CHECK(manifest.ok());
    for (uint32_t table = 1; table <= tables; ++table) {
      MOTE_CHECK((*manifest)->append(example_edit(table)).ok());
    }
    // Without the zeros that wait for edits.
    all.push_back(env.file_bytes("db/MANIFEST")->substr(0, (*manifest)->size_bytes()));
  }
  return all;
}

}  // namespace mote::fuzz
