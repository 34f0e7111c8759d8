// Checks all of a column part against itself.
#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"
#include "storage/column_part_open.h"
#include "storage/manifest.h"
#include "storage/part_keys.h"

namespace mote {

namespace {

std::string bytes_of(const ColumnStats& stats, Type type) {
  std::string bytes;
  stats.serialize(type, &bytes);
  return bytes;
}

// Damage is a problem to report; only what is not damage ends the check.
Status note(Status status, std::vector<std::string>* problems) {
  if (status.ok()) return status;
  if (status.code() != Code::kCorruption && status.code() != Code::kLimit) return status;
  problems->push_back(status.message());
  return {};
}

}  // namespace

Status ColumnPart::verify(std::vector<std::string>* problems) const {
  Result<std::shared_ptr<const Open>> open = this->open();
  if (!open.ok()) return note(std::move(open).status(), problems);
  MOTE_TRY(verify_ends(**open, problems));
  const size_t before = problems->size();
  for (uint32_t c = 0; c < schema_->columns.size(); ++c) {
    MOTE_TRY(verify_column(**open, c, problems));
  }
  // Keys are made of the columns: with those damaged, each row would be a problem.
  if (problems->size() != before) return {};
  return note(verify_keys(**open, problems), problems);
}

Status ColumnPart::verify_ends(const Open& open, std::vector<std::string>* problems) const {
  std::string expected;
  ByteWriter header(&expected);
  header.fixed(kPartMagic);
  header.fixed(kFormatVersion);
  header.fixed(uint32_t{0});
  header.fixed(environment_.database_id);
  header.fixed(definition_.file);
  header.fixed(definition_.footer_offset);
  header.fixed(definition_.file_bytes - kPartTrailerBytes - definition_.footer_offset);
  header.fixed(definition_.footer_checksum);
  header.fixed(kPartMagic);
  std::string found(kPartHeaderBytes + kPartTrailerBytes, '\0');
  const std::span<std::byte> room = std::as_writable_bytes(std::span(found));
  MOTE_ASSIGN(const auto file, environment_.env.open(path(), {OpenMode::kRead, false}));
  MOTE_TRY(note(file->read(0, room.first(kPartHeaderBytes)), problems));
  MOTE_TRY(
      note(file->read(definition_.file_bytes - kPartTrailerBytes, room.subspan(kPartHeaderBytes)),
           problems));
  if (found != expected) {
    problems->push_back(part_file_name(definition_.file) +
                        ": header or trailer are not those of this part");
  }
  MOTE_ASSIGN(const uint64_t size_bytes, file->size());
  if (size_bytes != definition_.file_bytes) {
    problems->push_back(format_text("%s: has %llu bytes, expected %llu",
                                    part_file_name(definition_.file).c_str(),
                                    static_cast<unsigned long long>(size_bytes),
                                    static_cast<unsigned long long>(definition_.file_bytes)));
  }
  // Pages are read from the cache below, which has checked them when it got them; here they are
  // read from the file.
  for (uint32_t c = 0; c < open.footer.columns.size(); ++c) {
    const FooterColumn& column = open.footer.columns[c];
    for (const StoredColumn* stored :
         {&column.values, column.references.has_value() ? &*column.references : nullptr}) {
      if (stored == nullptr) continue;
      for (const Page& page : stored->pages) {
        Result<std::string> bytes = read_extent(page.extent);
        if (bytes.ok()) continue;
        MOTE_TRY(note(bad(std::move(bytes).status(), schema_->columns[c].name.c_str()), problems));
      }
    }
  }
  for (const Page& page : open.footer.key_pages) {
    Result<std::string> bytes = read_extent(page.extent);
    if (!bytes.ok()) MOTE_TRY(note(bad(std::move(bytes).status(), "key directory"), problems));
  }
  return {};
}

Status ColumnPart::verify_column(const Open& open, uint32_t column,
                                 std::vector<std::string>* problems) const {
  const FooterColumn& stored = open.footer.columns[column];
  ColumnStats all;
  Column values, references;
  bool complete = true;
  for (uint32_t b = 0; b < block_count(); ++b) {
    const uint32_t row_count = block(b).row_count;
    const size_t before = problems->size();
    MOTE_TRY(note(read_inline(b, column, values), problems));
    MOTE_TRY(note(read_references(b, column, references), problems));
    if (problems->size() != before) {
      complete = false;
      continue;
    }
    ColumnStats stats = stats_of(values, row_count);
    count_references(row_count - references.validity().null_count(row_count), &stats);
    all.append(stats);
    for (uint32_t row = 0; row < row_count; ++row) {
      if (references.is_null(row)) continue;
      Column one(stored.type);
      Status status = read_blob(references.lane<std::string_view>()[row], one, 0);
      if (!status.ok()) MOTE_TRY(note(bad_block(std::move(status), b, column), problems));
    }
    Result<SharedStats> kept = block_stats(b, column);
    if (!kept.ok()) {
      MOTE_TRY(note(std::move(kept).status(), problems));
    } else if (*kept != nullptr && bytes_of(**kept, stored.type) != bytes_of(stats, stored.type)) {
      MOTE_TRY(note(bad_block(corruption("statistics are not those of the values"), b, column),
                    problems));
    }
  }
  if (complete && bytes_of(all, stored.type) != bytes_of(stored.stats, stored.type)) {
    MOTE_TRY(note(bad(corruption("statistics of all rows are not those of the values"),
                      schema_->columns[column].name.c_str()),
                  problems));
  }
  return {};
}

Status ColumnPart::verify_keys(const Open& open, std::vector<std::string>* problems) const {
  const PartFooter& footer = open.footer;
  if (schema_->primary_key.empty()) return {};
  std::vector<Column> columns(schema_->primary_key.size());
  std::vector<const Column*> pointers;
  for (const Column& column : columns) pointers.push_back(&column);
  std::string key, least, greatest;
  std::vector<RowId> found;
  uint32_t keys = 0;
  for (uint32_t b = 0; b < block_count(); ++b) {
    for (size_t i = 0; i < columns.size(); ++i) {
      MOTE_TRY(read_inline(b, schema_->primary_key[i], columns[i]));
    }
    const BlockSpan span = block(b);
    for (uint32_t row = 0; row < span.row_count; ++row) {
      key.clear();
      MOTE_ASSIGN(const bool there, key_of_row(*schema_, pointers.data(), row, &key));
      if (!there) continue;
      if (keys == 0 || key < least) least = key;
      if (keys == 0 || key > greatest) greatest = key;
      ++keys;
      found.clear();
      MOTE_TRY(find_key(key, &found));
      const RowId id = definition_.base + span.first + row;
      if (std::find(found.begin(), found.end(), id) != found.end()) continue;
      problems->push_back(format_text("%s: row %llu is not found by its PRIMARY KEY",
                                      part_file_name(definition_.file).c_str(),
                                      static_cast<unsigned long long>(id)));
    }
  }
  if ((keys == 0) != (footer.key_order == KeyOrder::kNone) || least != footer.least_key ||
      greatest != footer.greatest_key) {
    problems->push_back(part_file_name(definition_.file) +
                        ": the bounds of the PRIMARY KEY are not those of the values");
  }
  return {};
}

}  // namespace mote
