#include "reader/blob_source.h"

#include <utility>

#include "reader/source_options.h"

namespace mote {

namespace {

constexpr size_t kChunkBytes = 4u << 20;  // a chunk ends once it holds this much

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

// Appends the files that match components[from..] below `directory`, spelled with `prefix`.
Status expand(Env& env, const FileAccess& files, const std::vector<std::string>& components,
              std::vector<std::string>* found) {
  std::vector<std::string> prefixes{""};
  for (size_t i = 0; i < components.size(); ++i) {
    const std::string& component = components[i];
    const std::string end = i + 1 < components.size() ? "/" : "";
    std::vector<std::string> longer;
    for (const std::string& prefix : prefixes) {
      if (!has_wildcard(component)) {
        longer.push_back(prefix + component + end);
        continue;
      }
      const Result<std::string> directory = files.resolve(prefix.empty() ? "." : prefix);
      if (!directory.ok()) {
        if (directory.status().code() == Code::kNotFound) continue;
        return directory.status();
      }
      MOTE_ASSIGN(const std::vector<std::string> names, env.list(*directory));
      for (const std::string& name : names) {
        if (name.starts_with('.') && !component.starts_with('.')) continue;
        if (matches_glob(component, name)) longer.push_back(prefix + name + end);
        if (longer.size() > kMaxGlobFiles) {
          return limit_exceeded("the pattern matches more than %u files", kMaxGlobFiles);
        }
      }
    }
    prefixes = std::move(longer);
  }
  *found = std::move(prefixes);
  return {};
}

std::vector<std::string> split_path(const std::string& pattern) {
  std::vector<std::string> components;
  size_t begin = 0;
  for (size_t slash; (slash = pattern.find('/', begin)) != std::string::npos; begin = slash + 1) {
    components.push_back(pattern.substr(begin, slash - begin));
  }
  components.push_back(pattern.substr(begin));
  return components;
}

class BlobSource : public RowSource {
 public:
  BlobSource(Env& env, const FileAccess& files, MemoryBudget& budget)
      : env_(env), files_(files), budget_(budget) {}

  Status open(const std::string& pattern) {
    if (!has_wildcard(pattern)) {
      MOTE_TRY(files_.resolve(pattern).status());
      names_.push_back(pattern);
      return {};
    }
    return expand(env_, files_, split_path(pattern), &names_);
  }

  const std::vector<SourceColumn>& columns() const override { return columns_; }

  Result<bool> next(Chunk& out) override {
    const Type types[] = {Type::text(), Type::blob()};
    out.reset(types);
    charge_.reset();
    uint32_t row = 0;
    size_t held = 0;
    while (row < kChunkRows && held < kChunkBytes && next_ < names_.size()) {
      const std::string& name = names_[next_++];
      MOTE_ASSIGN(const std::string path, files_.resolve(name));
      MOTE_ASSIGN(const FileStat stat, env_.stat(path));
      if (stat.is_directory) continue;
      if (stat.size_bytes > kMaxValueBytes) {
        return limit_exceeded("file '%s' has %llu bytes; a value may have %llu", name.c_str(),
                              static_cast<unsigned long long>(stat.size_bytes),
                              static_cast<unsigned long long>(kMaxValueBytes));
      }
      MOTE_TRY(charge_.grow(budget_, stat.size_bytes, "the content of a file"));
      MOTE_ASSIGN(auto file, env_.open(path, {}));
      char* room = out.column(1).store_room(stat.size_bytes);
      MOTE_TRY(file->read(0, {reinterpret_cast<std::byte*>(room), stat.size_bytes}));
      out.column(0).lane<std::string_view>()[row] = out.column(0).store(name);
      out.column(1).lane<std::string_view>()[row] = {room, stat.size_bytes};
      held += stat.size_bytes;
      ++row;
    }
    out.set_row_count(row);
    return row > 0;
  }

 private:
  Env& env_;
  const FileAccess files_;
  MemoryBudget& budget_;
  MemoryCharge charge_;
  const std::vector<SourceColumn> columns_{{"filename", Type::text()}, {"content", Type::blob()}};
  std::vector<std::string> names_;
  size_t next_ = 0;
};

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view name) {
  // After a mismatch behind a *, the * takes one character more: no recursion, no blow-up.
  size_t p = 0, n = 0, star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::unique_ptr<RowSource>> open_blobs(Env& env, const FileAccess& files,
                                              const std::string& pattern,
                                              std::span<const SourceOption> options,
                                              MemoryBudget& budget) {
  MOTE_TRY(SourceOptions(options).finish("read_blob"));
  auto source = std::make_unique<BlobSource>(env, files, budget);
  MOTE_TRY(source->open(pattern));
  return std::unique_ptr<RowSource>(std::move(source));
}

}  // namespace mote
