// The table functions that read files, by name.
#include "reader/blob_source.h"
#include "reader/csv_source.h"
#include "reader/json_source.h"
#include "reader/npy_source.h"
#include "reader/row_source.h"
#include "types/schema.h"

namespace mote {

namespace {

using Open = Result<std::unique_ptr<RowSource>> (*)(Env&, const FileAccess&, const std::string&,
                                                    std::span<const SourceOption>, MemoryBudget&);

struct Reader {
  std::string_view name;
  Open open;
};

constexpr Reader kReaders[] = {{"read_blob", open_blobs},
                               {"read_csv", open_csv},
                               {"read_json", open_json},
                               {"read_npy", open_npy}};

const Reader* find_reader(std::string_view function) {
  for (const Reader& reader : kReaders) {
    if (same_name(reader.name, function)) return &reader;
  }
  return nullptr;
}

}  // namespace

bool is_source(std::string_view function) { return find_reader(function) != nullptr; }

Result<std::unique_ptr<RowSource>> open_source(Env& env, const FileAccess& files,
                                               std::string_view function,
                                               std::span<const Value> arguments,
                                               std::span<const SourceOption> options,
                                               MemoryBudget& budget) {
  const Reader* reader = find_reader(function);
  if (reader == nullptr) {
    return not_found(
        "no table function '%.*s'; files are read by read_csv, read_json, read_npy "
        "and read_blob",
        static_cast<int>(function.size()), function.data());
  }
  if (arguments.size() != 1 || !arguments[0].type().is(TypeKind::kText) || arguments[0].is_null()) {
    return invalid_argument("%s takes one argument, the file's name as TEXT; the rest is named",
                            std::string(reader->name).c_str());
  }
  return reader->open(env, files, arguments[0].bytes(), options, budget);
}

}  // namespace mote
