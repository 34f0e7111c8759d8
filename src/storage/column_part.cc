#include "storage/column_part.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"
#include "storage/column_part_open.h"

namespace mote {

namespace {

// Descriptors are few and the process's, not the database's: parts beyond so many open their file
// for each page that they read.
constexpr uint32_t kMaxOpenFiles = 512;
std::atomic<uint32_t> open_files{0};

constexpr uint64_t kTruncateStepBytes = 8u << 20;

}  // namespace

ColumnPart::ColumnPart(const PartEnvironment& environment, std::shared_ptr<const Schema> schema,
                       PartDefinition definition)
    : environment_(environment), schema_(std::move(schema)), definition_(definition) {}

// An error in removing leaves an orphan, which recovery removes.
ColumnPart::~ColumnPart() {
  environment_.cache.remove_directory(*this);
  if (file_ != nullptr) open_files.fetch_sub(1, std::memory_order_relaxed);
  if (!remove_when_unused_.load(std::memory_order_relaxed)) return;
  environment_.cache.erase_file(definition_.file);
  // Freeing many blocks at once holds up other writes, so a large file is cut first.
  if (definition_.file_bytes > kTruncateStepBytes) {
    const auto file = environment_.env.open(path(), {OpenMode::kReadWrite, false});
    uint64_t left = file.ok() ? definition_.file_bytes : 0;
    while (left > kTruncateStepBytes) {
      left -= kTruncateStepBytes;
      if (!(*file)->truncate(left).ok()) break;
    }
  }
  static_cast<void>(environment_.env.remove(path()).ok());
}

void ColumnPart::remove_when_unused() {
  remove_when_unused_.store(true, std::memory_order_relaxed);
}

std::string ColumnPart::path() const {
  return environment_.directory + "/" + part_file_name(definition_.file);
}

// The same error, with the part named in front.
Status ColumnPart::bad(Status status, const char* what) const {
  return std::move(status).in(part_file_name(definition_.file) + ": " + what);
}

Status ColumnPart::bad_block(Status status, uint32_t block, uint32_t column) const {
  const BlockSpan span = this->block(block);
  const RowId first = definition_.base + span.first;
  return std::move(status).in(
      format_text("%s: column '%s', rows %llu to %llu", part_file_name(definition_.file).c_str(),
                  schema_->columns[column].name.c_str(), static_cast<unsigned long long>(first),
                  static_cast<unsigned long long>(first + span.row_count - 1)));
}

uint32_t ColumnPart::block_count() const {
  return (definition_.row_count + kChunkRows - 1) / kChunkRows;
}

BlockSpan ColumnPart::block(uint32_t block) const {
  MOTE_CHECK(block < block_count());
  const uint32_t first = block * kChunkRows;
  return {first, std::min(kChunkRows, definition_.row_count - first)};
}

uint32_t ColumnPart::block_of(RowId row) const {
  return static_cast<uint32_t>((row - definition_.base) / kChunkRows);
}

Result<std::shared_ptr<const ColumnPart::Open>> ColumnPart::open() const {
  mark_used();
  {
    MutexLock lock(mutex_);
    if (open_ != nullptr) return open_;
  }
  // Loaded without the lock, which holds nothing else; of two loaders the first wins.
  MOTE_ASSIGN(std::shared_ptr<const Open> loaded, load());
  {
    MutexLock lock(mutex_);
    if (open_ != nullptr) return open_;
    open_ = loaded;
  }
  environment_.cache.add_directory(*this, loaded->charge.size_bytes());
  return loaded;
}

void ColumnPart::unload() const {
  std::shared_ptr<const Open> unloaded;
  MutexLock lock(mutex_);
  unloaded.swap(open_);
}

Result<std::shared_ptr<const ColumnPart::Open>> ColumnPart::load() const {
  MOTE_TRY(hold_file());
  auto opened = std::make_shared<Open>();
  const uint64_t footer_end =
      definition_.file_bytes - std::min<uint64_t>(definition_.file_bytes, kPartTrailerBytes);
  const uint64_t footer_bytes = footer_end - std::min(footer_end, definition_.footer_offset);
  if (footer_bytes == 0 || footer_bytes > UINT32_MAX) {
    return corruption("%s: the manifest gives %llu bytes and a footer at %llu",
                      part_file_name(definition_.file).c_str(),
                      static_cast<unsigned long long>(definition_.file_bytes),
                      static_cast<unsigned long long>(definition_.footer_offset));
  }
  const Extent extent{definition_.footer_offset, static_cast<uint32_t>(footer_bytes),
                      definition_.footer_checksum};
  Result<std::string> bytes = read_extent(extent);
  if (!bytes.ok()) return bad(std::move(bytes).status(), "the footer");
  Result<PartFooter> footer = PartFooter::deserialize(*bytes, *schema_, definition_.footer_offset);
  if (!footer.ok()) return bad(std::move(footer).status(), "the footer");
  opened->footer = std::move(footer).value();
  if (opened->footer.row_count != definition_.row_count) {
    return corruption("%s: has %u rows, expected %u", part_file_name(definition_.file).c_str(),
                      opened->footer.row_count, definition_.row_count);
  }
  const size_t size =
      opened->footer.memory_bytes() + opened->footer.columns.size() * sizeof(Loaded);
  MOTE_TRY(opened->charge.grow(environment_.budget, size, "the directory of a column part"));
  opened->columns = std::make_unique<Loaded[]>(opened->footer.columns.size());
  return std::shared_ptr<const Open>(std::move(opened));
}

Result<std::shared_ptr<File>> ColumnPart::file() const {
  {
    MutexLock lock(mutex_);
    if (file_ != nullptr) return file_;
  }
  Result<std::unique_ptr<File>> opened = environment_.env.open(path(), {OpenMode::kRead, false});
  if (!opened.ok()) {
    if (opened.status().code() != Code::kNotFound) return std::move(opened).status();
    return corruption("%s: the file is missing", part_file_name(definition_.file).c_str());
  }
  std::shared_ptr<File> file = std::move(opened).value();
  MutexLock lock(mutex_);
  if (file_ != nullptr) return file_;
  if (open_files.load(std::memory_order_relaxed) < kMaxOpenFiles) {
    open_files.fetch_add(1, std::memory_order_relaxed);
    file_ = file;
  }
  return file;
}

Status ColumnPart::hold_file() const { return file().status(); }

Result<std::string> ColumnPart::read_extent(const Extent& extent) const {
  std::string bytes(extent.size_bytes, '\0');
  MOTE_ASSIGN(const std::shared_ptr<File> file, this->file());
  MOTE_TRY(file->read(extent.offset, std::as_writable_bytes(std::span(bytes))));
  const uint64_t found =
      checksum(bytes, part_seed(environment_.database_id, definition_.file, extent.offset));
  if (found == extent.checksum) return bytes;
  return corruption("%u bytes at offset %llu have checksum %016llx, expected %016llx",
                    extent.size_bytes, static_cast<unsigned long long>(extent.offset),
                    static_cast<unsigned long long>(found),
                    static_cast<unsigned long long>(extent.checksum));
}

Result<BlockCache::Page> ColumnPart::page(const Extent& extent, uint32_t page) const {
  return environment_.cache.get(definition_.file, page,
                                [this, &extent] { return read_extent(extent); });
}

Result<std::string_view> ColumnPart::block_bytes(const Open& open, const StoredColumn& stored,
                                                 uint32_t block, BlockCache::Page* keep) const {
  const auto above =
      std::upper_bound(stored.pages.begin(), stored.pages.end(), block,
                       [](uint32_t wanted, const Page& page) { return wanted < page.first_block; });
  const auto at = static_cast<uint32_t>(above - stored.pages.begin()) - 1;
  const Page& found = stored.pages[at];
  MOTE_ASSIGN(*keep, page(found.extent, stored.first_page + at));
  const std::string& bytes = **keep;
  const uint32_t end_block =
      above == stored.pages.end() ? open.footer.block_count() : above->first_block;
  const size_t first_at = (end_block - found.first_block) * sizeof(uint32_t);
  const uint32_t entry = block - found.first_block;
  if (bytes.size() < first_at) return corruption("a page of %zu bytes is too short", bytes.size());
  const size_t begin =
      entry == 0 ? first_at : load_fixed<uint32_t>(bytes.data() + (entry - 1) * sizeof(uint32_t));
  const size_t end = load_fixed<uint32_t>(bytes.data() + entry * sizeof(uint32_t));
  if (begin < first_at || begin > end || end > bytes.size()) {
    return corruption("a block is at bytes %zu to %zu of a page of %zu bytes", begin, end,
                      bytes.size());
  }
  return std::string_view(bytes).substr(begin, end - begin);
}

Result<const std::shared_ptr<const ColumnDecoder>*> ColumnPart::decoder(const Open& open,
                                                                        uint32_t column,
                                                                        bool references) const {
  const Lazy<Loaded::Decoder>& place =
      references ? open.columns[column].references : open.columns[column].values;
  if (const Loaded::Decoder* const loaded = place.get(); loaded != nullptr) {
    return &loaded->decoder;
  }
  const FooterColumn& stored = open.footer.columns[column];
  const Extent& extent = (references ? *stored.references : stored.values).prelude;
  MOTE_ASSIGN(const std::string prelude, read_extent(extent));
  auto loaded = std::make_unique<Loaded::Decoder>();
  MOTE_ASSIGN(loaded->decoder,
              ColumnDecoder::open(references ? Type::blob() : stored.type, prelude));
  MOTE_TRY(loaded->charge.grow(environment_.budget, loaded->decoder->memory_bytes(),
                               "the dictionaries of a column part"));
  const size_t size = loaded->charge.size_bytes();
  const Loaded::Decoder* kept = nullptr;
  {
    MutexLock lock(mutex_);
    kept = place.get();
    if (kept != nullptr) return &kept->decoder;
    kept = place.set(std::move(loaded));
  }
  environment_.cache.add_directory(*this, size);
  return &kept->decoder;
}

Status ColumnPart::read_stored(const Open& open, uint32_t block, uint32_t column, bool references,
                               Column& out) const {
  const FooterColumn& stored = open.footer.columns[column];
  MOTE_ASSIGN(const auto* const decoder, this->decoder(open, column, references));
  BlockCache::Page keep;
  MOTE_ASSIGN(const std::string_view bytes,
              block_bytes(open, references ? *stored.references : stored.values, block, &keep));
  return (*decoder)->decode(bytes, this->block(block).row_count, out, *decoder);
}

Status ColumnPart::read_stored_row(const Open& open, uint32_t row, uint32_t column, bool references,
                                   Column& out, uint32_t to) const {
  const FooterColumn& stored = open.footer.columns[column];
  const uint32_t block = row / kChunkRows;
  MOTE_ASSIGN(const auto* const decoder, this->decoder(open, column, references));
  BlockCache::Page keep;
  MOTE_ASSIGN(const std::string_view bytes,
              block_bytes(open, references ? *stored.references : stored.values, block, &keep));
  return (*decoder)->decode_row(bytes, this->block(block).row_count, row % kChunkRows, out, to,
                                *decoder);
}

Status ColumnPart::read_blob(std::string_view reference, Column& out, uint32_t to) const {
  MOTE_ASSIGN(const BlobReference parsed, BlobReference::deserialize(reference));
  char* const room = out.store_room(parsed.size_bytes);
  MOTE_TRY(environment_.blobs.read(parsed, room));
  out.validity().set_valid(to);
  out.lane<std::string_view>()[to] = {room, parsed.size_bytes};
  return {};
}

Status ColumnPart::read_inline(uint32_t block, uint32_t column, Column& out) const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  Status status = read_stored(*open, block, column, /*references=*/false, out);
  return status.ok() ? status : bad_block(std::move(status), block, column);
}

Status ColumnPart::read(uint32_t block, uint32_t column, Column& out) const {
  MOTE_TRY(read_inline(block, column, out));
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  if (!open->footer.columns[column].references.has_value()) return {};
  Column references;
  MOTE_TRY(read_references(block, column, references));
  for (uint32_t row = 0; row < this->block(block).row_count; ++row) {
    if (references.is_null(row)) continue;
    Status status = read_blob(references.lane<std::string_view>()[row], out, row);
    if (!status.ok()) return bad_block(std::move(status), block, column);
  }
  return {};
}

Status ColumnPart::read_references(uint32_t block, uint32_t column, Column& out) const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  if (!open->footer.columns[column].references.has_value()) {
    out.reset(Type::blob(), /*zeroed=*/true);
    out.validity().set_all_null();
    return {};
  }
  Status status = read_stored(*open, block, column, /*references=*/true, out);
  return status.ok() ? status : bad_block(std::move(status), block, column);
}

Status ColumnPart::read_row(RowId row, uint32_t column, Column& out, uint32_t to) const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  const auto ordinal = static_cast<uint32_t>(row - definition_.base);
  Status status = read_stored_row(*open, ordinal, column, /*references=*/false, out, to);
  if (status.ok() && out.is_null(to) && open->footer.columns[column].references.has_value()) {
    Column reference(Type::blob());
    status = read_stored_row(*open, ordinal, column, /*references=*/true, reference, 0);
    if (status.ok() && !reference.is_null(0)) {
      status = read_blob(reference.lane<std::string_view>()[0], out, to);
    }
  }
  return status.ok() ? status : bad_block(std::move(status), ordinal / kChunkRows, column);
}

Result<SharedStats> ColumnPart::range_stats(uint32_t column) const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  return SharedStats(open, &open->footer.columns[column].stats);
}

Result<SharedStats> ColumnPart::block_stats(uint32_t block, uint32_t column) const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  const Lazy<Loaded::Stats>& place = open->columns[column].stats;
  const Loaded::Stats* loaded = place.get();
  if (loaded == nullptr) {
    auto stats = std::make_unique<Loaded::Stats>();
    const size_t size = block_count() * sizeof(ColumnStats);
    const Status room = stats->charge.grow(environment_.budget, size, "block statistics");
    // Without room blocks are read that might have been left out: slower, not wrong.
    if (!room.ok()) return SharedStats();
    Status status = load_stats(*open, column, &stats->blocks);
    if (!status.ok()) return bad(std::move(status), "block statistics");
    bool first = false;
    {
      MutexLock lock(mutex_);
      loaded = place.get();
      first = loaded == nullptr;
      if (first) loaded = place.set(std::move(stats));
    }
    if (first) environment_.cache.add_directory(*this, size);
  }
  return SharedStats(open, &loaded->blocks[block]);
}

Status ColumnPart::load_stats(const Open& open, uint32_t column,
                              std::vector<ColumnStats>* stats) const {
  const FooterColumn& stored = open.footer.columns[column];
  MOTE_ASSIGN(const std::string bytes, read_extent(stored.block_stats));
  ByteReader reader(bytes);
  for (uint32_t b = 0; b < block_count(); ++b) {
    MOTE_ASSIGN(ColumnStats one, ColumnStats::deserialize(stored.type, reader));
    stats->push_back(std::move(one));
  }
  return {};
}

Result<std::vector<uint32_t>> ColumnPart::blob_files() const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  return open->footer.blob_files;
}

Result<std::vector<ColumnPart::ColumnSize>> ColumnPart::column_sizes() const {
  MOTE_ASSIGN(const std::shared_ptr<const Open> open, this->open());
  std::vector<ColumnSize> sizes;
  for (uint32_t c = 0; c < schema_->columns.size(); ++c) {
    const FooterColumn& stored = open->footer.columns[c];
    const std::string& name = schema_->columns[c].name;
    sizes.push_back({name, stored.values.encoding_names,
                     stored.values.size_bytes() + stored.block_stats.size_bytes});
    if (!stored.references.has_value()) continue;
    sizes.push_back({name + " (references)", stored.references->encoding_names,
                     stored.references->size_bytes()});
  }
  if (open->footer.key_order == KeyOrder::kDirectory) {
    uint64_t size = 0;
    for (const Page& page : open->footer.key_pages) size += page.extent.size_bytes;
    sizes.push_back({"(key directory)", "hashed", size});
  }
  return sizes;
}

}  // namespace mote
