#include "storage/part_footer.h"

#include "base/checksum.h"
#include "base/coding.h"
#include "base/limits.h"
#include "storage/manifest.h"

namespace mote {

uint64_t part_seed(uint64_t database_id, uint64_t file, uint64_t offset) {
  return mix64(mix64(database_id ^ mix64(file)) ^ offset);
}

void count_references(uint32_t reference_count, ColumnStats* stats) {
  if (reference_count == 0) return;
  stats->null_count -= reference_count;
  stats->minimum = Value();
  stats->maximum = Value();
}

uint64_t StoredColumn::size_bytes() const {
  uint64_t size = prelude.size_bytes;
  for (const Page& page : pages) size += page.extent.size_bytes;
  return size;
}

size_t PartFooter::memory_bytes() const {
  size_t size = sizeof(PartFooter) + columns.size() * sizeof(FooterColumn);
  for (const FooterColumn& column : columns) {
    size += column.values.pages.size() * sizeof(Page) + column.values.encoding_names.size();
    if (column.references.has_value()) size += column.references->pages.size() * sizeof(Page);
  }
  size += fences.size() * (sizeof(KeyFence) + KeyFence::kPrefixBytes);
  return size + key_pages.size() * sizeof(Page) + blob_files.size() * sizeof(uint32_t);
}

namespace {

void put_extent(ByteWriter& writer, const Extent& extent) {
  writer.varint(extent.offset);
  writer.varint(extent.size_bytes);
  writer.fixed(extent.checksum);
}

void put_pages(ByteWriter& writer, const std::vector<Page>& pages) {
  writer.varint(pages.size());
  for (const Page& page : pages) {
    put_extent(writer, page.extent);
    writer.varint(page.first_block);
  }
}

void put_stored(ByteWriter& writer, const StoredColumn& stored) {
  writer.text(stored.encoding_names);
  put_extent(writer, stored.prelude);
  put_pages(writer, stored.pages);
}

// Reads a footer and checks that what it names lies within the file.
class FooterReader {
 public:
  FooterReader(std::string_view bytes, uint64_t footer_offset)
      : reader_(bytes), footer_offset_(footer_offset) {}

  ByteReader& reader() { return reader_; }

  uint32_t number() {
    const uint64_t value = reader_.varint();
    if (value > UINT32_MAX) reader_.fail();
    return static_cast<uint32_t>(value);
  }

  Extent extent() {
    Extent extent;
    extent.offset = reader_.varint();
    extent.size_bytes = number();
    extent.checksum = reader_.fixed<uint64_t>();
    if (extent.offset > footer_offset_ || extent.size_bytes > footer_offset_ - extent.offset) {
      reader_.fail();
    }
    return extent;
  }

  std::vector<Page> pages(uint32_t* page_count) {
    constexpr size_t kLeastPageEntryBytes = 11;
    std::vector<Page> pages(reader_.count(kLeastPageEntryBytes));
    for (Page& page : pages) {
      page.extent = extent();
      page.first_block = number();
    }
    *page_count += static_cast<uint32_t>(pages.size());
    return pages;
  }

  StoredColumn stored(uint32_t block_count, uint32_t* page_count) {
    StoredColumn stored;
    stored.encoding_names = reader_.text();
    stored.prelude = extent();
    stored.first_page = *page_count;
    stored.pages = pages(page_count);
    // Each page holds a block at least.
    uint32_t next = 0;
    for (const Page& page : stored.pages) {
      if (page.first_block >= block_count || page.first_block < next) reader_.fail();
      next = page.first_block + 1;
    }
    if (stored.pages.empty() || stored.pages.front().first_block != 0) reader_.fail();
    return stored;
  }

  Type type() {
    Type type;
    const auto kind = reader_.fixed<uint8_t>();
    const auto element = reader_.fixed<uint8_t>();
    type.dimension = number();
    if (kind >= kTypeKindCount || element > static_cast<uint8_t>(VectorElement::kI8)) {
      reader_.fail();
    }
    type.kind = static_cast<TypeKind>(kind);
    type.element = static_cast<VectorElement>(element);
    return type;
  }

  std::vector<KeyFence> fences(uint32_t row_count) {
    std::vector<KeyFence> fences(reader_.count(3 + KeyFence::kPrefixBytes));
    uint32_t next = 0;
    for (KeyFence& fence : fences) {
      fence.row = number();
      fence.prefix = reader_.bytes(KeyFence::kPrefixBytes);
      fence.spaced_rows = number();
      fence.distance = reader_.varint();
      if (fence.row < next || fence.row >= row_count) reader_.fail();
      if (fence.spaced_rows > row_count - fence.row) reader_.fail();
      if (fence.spaced_rows > 1 && fence.distance == 0) reader_.fail();
      next = fence.row + 1;
    }
    return fences;
  }

 private:
  ByteReader reader_;
  const uint64_t footer_offset_;
};

}  // namespace

void PartFooter::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.fixed(kFormatVersion);
  writer.varint(row_count);
  writer.varint(columns.size());
  for (const FooterColumn& column : columns) {
    writer.fixed(column.type.kind);
    writer.fixed(column.type.element);
    writer.varint(column.type.dimension);
    put_stored(writer, column.values);
    column.stats.serialize(column.type, out);
    put_extent(writer, column.block_stats);
    writer.fixed(static_cast<uint8_t>(column.references.has_value()));
    if (column.references.has_value()) put_stored(writer, *column.references);
  }
  writer.varint(blob_files.size());
  for (const uint32_t file : blob_files) writer.varint(file);
  writer.fixed(key_order);
  if (key_order == KeyOrder::kNone) return;
  writer.text(least_key);
  writer.text(greatest_key);
  if (key_order == KeyOrder::kDirectory) {
    put_pages(writer, key_pages);
    return;
  }
  writer.varint(fences.size());
  for (const KeyFence& fence : fences) {
    writer.varint(fence.row);
    writer.bytes(fence.prefix);
    writer.varint(fence.spaced_rows);
    writer.varint(fence.distance);
  }
}

Result<PartFooter> PartFooter::deserialize(std::string_view bytes, const Schema& schema,
                                           uint64_t footer_offset) {
  FooterReader from(bytes, footer_offset);
  ByteReader& reader = from.reader();
  PartFooter footer;
  const auto version = reader.fixed<uint32_t>();
  if (version != kFormatVersion) {
    return corruption("the part has format version %u; this program knows version %u", version,
                      kFormatVersion);
  }
  footer.row_count = from.number();
  if (footer.row_count == 0 || footer.row_count > kMaxPartRows) reader.fail();
  const uint32_t column_count = from.number();
  if (reader.failed() || column_count != schema.columns.size()) {
    return corruption("the part has %u rows and %u columns; the table has %zu columns",
                      footer.row_count, column_count, schema.columns.size());
  }
  footer.columns.resize(column_count);
  for (uint32_t c = 0; c < column_count; ++c) {
    FooterColumn& column = footer.columns[c];
    column.type = from.type();
    if (column.type != schema.columns[c].type) {
      return corruption("column '%s' is of type %s in the part, %s in the table",
                        schema.columns[c].name.c_str(), column.type.name().c_str(),
                        schema.columns[c].type.name().c_str());
    }
    column.values = from.stored(footer.block_count(), &footer.page_count);
    MOTE_ASSIGN(column.stats, ColumnStats::deserialize(column.type, reader));
    column.block_stats = from.extent();
    if (reader.fixed<uint8_t>() != 0) {
      column.references = from.stored(footer.block_count(), &footer.page_count);
    }
  }
  footer.blob_files.resize(reader.count(1));
  for (uint32_t& file : footer.blob_files) file = from.number();
  footer.key_order = reader.fixed<KeyOrder>();
  if (footer.key_order > KeyOrder::kDirectory) reader.fail();
  if (footer.key_order != KeyOrder::kNone) {
    footer.least_key = reader.text();
    footer.greatest_key = reader.text();
    if (footer.key_order == KeyOrder::kDirectory) {
      footer.first_key_page = footer.page_count;
      footer.key_pages = from.pages(&footer.page_count);
      if (footer.key_pages.empty()) reader.fail();
    } else {
      footer.fences = from.fences(footer.row_count);
      if (footer.fences.empty()) reader.fail();
    }
  }
  if (reader.failed() || reader.remaining() != 0) {
    return corruption("the footer of %zu bytes is malformed", bytes.size());
  }
  return footer;
}

}  // namespace mote
