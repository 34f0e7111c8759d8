#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "base/limits.h"
#include "storage/column_part.h"
#include "storage/manifest.h"
#include "storage/part_footer.h"
#include "storage/part_keys.h"
#include "storage/trim_allocator.h"

namespace mote {

namespace {

constexpr size_t kWriteBytes = 256 * 1024;
// Written bytes are made durable piece by piece, so that the kernel never has much to write back at
// once in front of the log.
constexpr uint64_t kSyncBytes = 1u << 20;

// Writes a file front to back in pieces, each announced to `pace`.
class PacedFile {
 public:
  PacedFile(File& file, const Pace& pace) : file_(file), pace_(pace) {
    waiting_.reserve(kWriteBytes);
  }

  uint64_t offset() const { return written_ + waiting_.size(); }

  Status append(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t count = std::min(bytes.size(), kWriteBytes - waiting_.size());
      waiting_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (waiting_.size() == kWriteBytes) MOTE_TRY(write());
    }
    return {};
  }
  Status finish() {
    MOTE_TRY(write());
    return file_.sync();
  }

 private:
  Status write() {
    if (waiting_.empty()) return {};
    if (pace_) MOTE_TRY(pace_(waiting_.size()));
    MOTE_TRY(file_.write(written_, as_bytes(waiting_)));
    written_ += waiting_.size();
    waiting_.clear();
    if (written_ - synced_ < kSyncBytes) return {};
    synced_ = written_;
    return file_.sync();
  }

  File& file_;
  const Pace& pace_;
  std::string waiting_;
  uint64_t written_ = 0;
  uint64_t synced_ = 0;
};

}  // namespace

struct PartWriter::State {
  State(const PartEnvironment& e, std::shared_ptr<const Schema> s, uint64_t number,
        EncodeOptions encode_options, Pace p)
      : environment(e),
        schema(std::move(s)),
        file(number),
        options(encode_options),
        pace(std::move(p)),
        values(schema->columns.size()),
        references(schema->columns.size()) {}

  const PartEnvironment& environment;
  const std::shared_ptr<const Schema> schema;
  const uint64_t file;
  const EncodeOptions options;
  const Pace pace;

  // By column, then by chunk. A column's references are there from the first chunk that has one;
  // earlier chunks then have an empty Column.
  std::vector<std::vector<Column>> values;
  std::vector<std::vector<Column>> references;
  std::vector<uint32_t> row_counts;  // of the chunks; all but the last are full
  uint64_t row_count = 0;
  MemoryCharge charge;
  size_t last_chunk_bytes = 0;  // charged for the chunk being filled
  bool created = false;
  bool finished = false;

  std::string path() const { return environment.directory + "/" + part_file_name(file); }
  Status start_chunk();
  void copy_column(uint32_t column, uint32_t to, const Column& from, const Column* from_references,
                   uint32_t first, uint32_t count);
  Status charge_values(const Chunk& rows, uint32_t first, uint32_t count);
  Status charge_chunk();

  Result<PartDefinition> write(File& out);
  Status write_extent(PacedFile& out, std::string_view bytes, Extent* extent) const;
  Status write_stored(PacedFile& out, const EncodedColumn& encoded, StoredColumn* stored) const;
  Status write_column(PacedFile& out, uint32_t column, FooterColumn* footer,
                      std::set<uint32_t>* blob_files);
  Result<EncodedColumn> encode(Type type, const std::vector<Column>& chunks) const;
  Status write_references(PacedFile& out, uint32_t column, FooterColumn* footer,
                          std::set<uint32_t>* blob_files);
  Result<std::vector<std::string>> collect_keys(PartFooter* footer) const;
};

std::string part_file_name(uint64_t file) {
  return format_text("part-%08llu", static_cast<unsigned long long>(file));
}

PartWriter::PartWriter(const PartEnvironment& environment, std::shared_ptr<const Schema> schema,
                       uint64_t file, EncodeOptions options, Pace pace)
    : state_(std::make_unique<State>(environment, std::move(schema), file, options,
                                     std::move(pace))) {}

PartWriter::~PartWriter() {
  if (!state_->created || state_->finished) return;
  // What can not be removed is an orphan, which recovery removes.
  static_cast<void>(state_->environment.env.remove(state_->path()).ok());
}

uint64_t PartWriter::row_count() const { return state_->row_count; }
size_t PartWriter::memory_bytes() const { return state_->charge.size_bytes(); }

Status PartWriter::State::start_chunk() {
  row_counts.push_back(0);
  last_chunk_bytes = 0;
  for (uint32_t c = 0; c < values.size(); ++c) {
    values[c].emplace_back(schema->columns[c].type);
    if (!references[c].empty()) references[c].emplace_back();
  }
  return charge_chunk();
}

Status PartWriter::State::charge_chunk() {
  size_t size = 0;
  for (uint32_t c = 0; c < values.size(); ++c) {
    size += values[c].back().memory_bytes();
    if (!references[c].empty()) size += references[c].back().memory_bytes();
  }
  if (size <= last_chunk_bytes) return {};
  MOTE_TRY(charge.grow(environment.budget, size - last_chunk_bytes, "the rows of a part"));
  last_chunk_bytes = size;
  return {};
}

// The values of variable size, before they are copied.
Status PartWriter::State::charge_values(const Chunk& rows, uint32_t first, uint32_t count) {
  size_t size = 0;
  for (const Column& column : rows.columns()) {
    if (lane_kind(column.type().kind) != LaneKind::kBytes) continue;
    const auto* const lane = column.lane<std::string_view>();
    for (uint32_t row = first; row < first + count; ++row) size += lane[row].size();
  }
  MOTE_TRY(charge.grow(environment.budget, size, "the rows of a part"));
  last_chunk_bytes += size;
  return {};
}

void PartWriter::State::copy_column(uint32_t column, uint32_t to, const Column& from,
                                    const Column* from_references, uint32_t first, uint32_t count) {
  Column& out = values[column].back();
  const auto is_reference = [&](uint32_t row) {
    return from_references != nullptr && !from_references->is_null(row);
  };
  bool any = false;
  for (uint32_t i = 0; i < count && !any; ++i) any = is_reference(first + i);
  if (!any) {
    out.copy_rows(to, from, first, count);
    return;
  }
  std::vector<Column>& kept = references[column];
  if (kept.empty()) kept.resize(row_counts.size());
  if (kept.back().type().is(TypeKind::kNull)) {
    kept.back().reset(Type::blob(), /*zeroed=*/true);
    kept.back().validity().set_all_null();
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (!is_reference(first + i)) {
      out.copy_rows(to + i, from, first + i, 1);
      continue;
    }
    out.set_null(to + i);
    kept.back().copy_rows(to + i, *from_references, first + i, 1);
  }
}

Status PartWriter::append(const Chunk& rows, std::span<const Column* const> references,
                          uint32_t first, uint32_t count) {
  State& s = *state_;
  MOTE_CHECK(!s.finished && rows.column_count() == s.values.size());
  MOTE_CHECK(first + count <= rows.row_count());
  if (s.row_count + count > kMaxPartRows) {
    return limit_exceeded("a part of %llu rows; the limit is %u",
                          static_cast<unsigned long long>(s.row_count + count), kMaxPartRows);
  }
  for (const uint32_t end = first + count; first < end;) {
    if (s.row_counts.empty() || s.row_counts.back() == kChunkRows) MOTE_TRY(s.start_chunk());
    uint32_t& filled = s.row_counts.back();
    const uint32_t copied = std::min(kChunkRows - filled, end - first);
    MOTE_TRY(s.charge_values(rows, first, copied));
    for (uint32_t c = 0; c < s.values.size(); ++c) {
      s.copy_column(c, filled, rows.column(c), references.empty() ? nullptr : references[c], first,
                    copied);
    }
    filled += copied;
    first += copied;
    s.row_count += copied;
    MOTE_TRY(s.charge_chunk());
  }
  return {};
}

Result<PartDefinition> PartWriter::finish() {
  State& s = *state_;
  MOTE_CHECK(!s.finished);
  if (s.row_count == 0) return invalid_argument("a part without rows");
  Env& env = s.environment.env;
  // A file that a crash left under this number was never named by the manifest.
  if (Status status = env.remove(s.path()); !status.ok() && status.code() != Code::kNotFound) {
    return status;
  }
  MOTE_ASSIGN(const auto file, env.open(s.path(), {OpenMode::kCreate, false}));
  s.created = true;
  const size_t gathered_bytes = memory_bytes();
  MOTE_ASSIGN(const PartDefinition definition, s.write(*file));
  MOTE_TRY(env.sync_directory(s.environment.directory));
  s.finished = true;
  if (gathered_bytes >= kLeastTrimBytes) trim_allocator();
  return definition;
}

Status PartWriter::State::write_extent(PacedFile& out, std::string_view bytes,
                                       Extent* extent) const {
  if (bytes.size() > UINT32_MAX) {
    return limit_exceeded("%s: a page of %zu bytes", part_file_name(file).c_str(), bytes.size());
  }
  extent->offset = out.offset();
  extent->size_bytes = static_cast<uint32_t>(bytes.size());
  extent->checksum = checksum(bytes, part_seed(environment.database_id, file, extent->offset));
  return out.append(bytes);
}

// Writes the prelude, then the blocks, as many a page as fit.
Status PartWriter::State::write_stored(PacedFile& out, const EncodedColumn& encoded,
                                       StoredColumn* stored) const {
  stored->encoding_names = encoded.encoding_names;
  MOTE_TRY(write_extent(out, encoded.prelude, &stored->prelude));
  const std::vector<EncodedBlock>& blocks = encoded.blocks;
  for (size_t first = 0; first < blocks.size();) {
    size_t last = first;
    size_t size = 0;
    while (last < blocks.size() && size < kLeastPageBytes &&
           (last == first || size + blocks[last].bytes.size() <= kFullPageBytes)) {
      size += blocks[last++].bytes.size() + sizeof(uint32_t);
    }
    std::string bytes;
    bytes.reserve(size);
    ByteWriter writer(&bytes);
    uint64_t end = (last - first) * sizeof(uint32_t);
    for (size_t b = first; b < last; ++b) {
      end += blocks[b].bytes.size();
      writer.fixed(static_cast<uint32_t>(end));  // write_extent refuses what does not fit
    }
    for (size_t b = first; b < last; ++b) writer.bytes(blocks[b].bytes);
    Page page;
    page.first_block = static_cast<uint32_t>(first);
    MOTE_TRY(write_extent(out, bytes, &page.extent));
    stored->pages.push_back(page);
    first = last;
  }
  return {};
}

Result<EncodedColumn> PartWriter::State::encode(Type type,
                                                const std::vector<Column>& chunks) const {
  std::vector<const Column*> columns;
  for (const Column& column : chunks) columns.push_back(&column);
  return encode_column(type, columns, row_counts, options);
}

// The references of all chunks, noting the blob files that they name.
Status PartWriter::State::write_references(PacedFile& out, uint32_t column, FooterColumn* footer,
                                           std::set<uint32_t>* blob_files) {
  std::vector<Column>& chunks = references[column];
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].type().is(TypeKind::kNull)) {
      chunks[i].reset(Type::blob(), /*zeroed=*/true);
      chunks[i].validity().set_all_null();
      continue;
    }
    for (uint32_t row = 0; row < row_counts[i]; ++row) {
      if (chunks[i].is_null(row)) continue;
      MOTE_ASSIGN(const BlobReference reference,
                  BlobReference::deserialize(chunks[i].lane<std::string_view>()[row]));
      blob_files->insert(reference.file);
    }
  }
  MOTE_ASSIGN(const EncodedColumn encoded, encode(Type::blob(), chunks));
  footer->references.emplace();
  return write_stored(out, encoded, &*footer->references);
}

Status PartWriter::State::write_column(PacedFile& out, uint32_t column, FooterColumn* footer,
                                       std::set<uint32_t>* blob_files) {
  footer->type = schema->columns[column].type;
  MOTE_ASSIGN(EncodedColumn encoded, encode(footer->type, values[column]));
  MOTE_TRY(write_stored(out, encoded, &footer->values));
  const std::vector<Column>& elsewhere = references[column];
  std::string bytes;
  for (size_t b = 0; b < encoded.blocks.size(); ++b) {
    ColumnStats& stats = encoded.blocks[b].stats;
    if (!elsewhere.empty() && !elsewhere[b].type().is(TypeKind::kNull)) {
      count_references(row_counts[b] - elsewhere[b].validity().null_count(row_counts[b]), &stats);
    }
    stats.serialize(footer->type, &bytes);
    footer->stats.append(stats);
  }
  MOTE_TRY(write_extent(out, bytes, &footer->block_stats));
  if (!elsewhere.empty()) MOTE_TRY(write_references(out, column, footer, blob_files));
  values[column].clear();
  references[column].clear();
  return {};
}

Result<std::vector<std::string>> PartWriter::State::collect_keys(PartFooter* footer) const {
  if (schema->primary_key.empty()) return std::vector<std::string>();
  KeyCollector keys;
  std::string key;
  for (size_t chunk = 0; chunk < row_counts.size(); ++chunk) {
    const Column* columns[kMaxKeyColumns];
    for (size_t i = 0; i < schema->primary_key.size(); ++i) {
      columns[i] = &values[schema->primary_key[i]][chunk];
    }
    for (uint32_t row = 0; row < row_counts[chunk]; ++row) {
      key.clear();
      MOTE_ASSIGN(const bool there, key_of_row(*schema, columns, row, &key));
      if (!there) continue;
      MOTE_TRY(keys.add(key, static_cast<uint32_t>(chunk * kChunkRows + row), environment.budget));
    }
  }
  return keys.finish(footer);
}

Result<PartDefinition> PartWriter::State::write(File& out_file) {
  PacedFile out(out_file, pace);
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.fixed(kPartMagic);
  writer.fixed(kFormatVersion);
  writer.fixed(uint32_t{0});
  writer.fixed(environment.database_id);
  writer.fixed(file);
  MOTE_CHECK(bytes.size() == kPartHeaderBytes);
  MOTE_TRY(out.append(bytes));

  PartFooter footer;
  footer.row_count = static_cast<uint32_t>(row_count);
  MOTE_ASSIGN(const std::vector<std::string> key_pages, collect_keys(&footer));
  std::set<uint32_t> blob_files;
  footer.columns.resize(values.size());
  for (uint32_t c = 0; c < values.size(); ++c) {
    MOTE_TRY(write_column(out, c, &footer.columns[c], &blob_files));
  }
  charge.reset();
  footer.blob_files.assign(blob_files.begin(), blob_files.end());
  for (const std::string& page : key_pages) {
    footer.key_pages.emplace_back();
    MOTE_TRY(write_extent(out, page, &footer.key_pages.back().extent));
  }

  bytes.clear();
  footer.serialize(&bytes);
  Extent extent;
  MOTE_TRY(write_extent(out, bytes, &extent));
  std::string trailer;
  ByteWriter trailer_writer(&trailer);
  trailer_writer.fixed(extent.offset);
  trailer_writer.fixed(static_cast<uint64_t>(extent.size_bytes));
  trailer_writer.fixed(extent.checksum);
  trailer_writer.fixed(kPartMagic);
  MOTE_CHECK(trailer.size() == kPartTrailerBytes);
  MOTE_TRY(out.append(trailer));
  MOTE_TRY(out.finish());
  return PartDefinition{file, 0, footer.row_count, out.offset(), extent.offset, extent.checksum};
}

}  // namespace mote
