// Records of a CSV file (RFC 4180): fields between separators, quoted where they hold separators,
// quotes or ends of lines. LF and CRLF end records; blank lines are left out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reader/line_buffer.h"

namespace mote {

struct CsvFormat {
  char separator = ',';  // a blank stands for any run of blanks
  std::optional<char> quote = '"';
  std::optional<char> comment;  // lines that begin with it are left out
};

struct CsvField {
  std::string_view text;  // unquoted; valid until the next record
  bool quoted = false;
};

class CsvRecords {
 public:
  CsvRecords(std::unique_ptr<ByteStream> stream, CsvFormat format, MemoryBudget& budget)
      : buffer_(std::move(stream), budget), format_(format) {}

  // Leaves out whole lines, whatever is on them.
  Status skip_lines(uint64_t count);
  // False at the end. Errors: kInvalidArgument for a quote that is not closed or has text behind
  // it, kLimit for a record longer than kMaxLineBytes or of more than kMaxColumns fields; messages
  // name the line.
  Result<bool> next();
  const std::vector<CsvField>& fields() const { return fields_; }
  // The line on which the record begins, from 1.
  uint64_t line() const { return line_; }

 private:
  // Splits the record at the start of the window. Nothing when its end is not in the window yet.
  Result<std::optional<size_t>> split(std::string_view window);
  Result<size_t> quoted_field(std::string_view window, size_t at, bool* cut);
  Status bad_line(const char* what) const;
  bool is_end(std::string_view window, size_t at, size_t* ending_bytes) const;

  LineBuffer buffer_;
  const CsvFormat format_;
  std::vector<CsvField> fields_;
  std::vector<std::unique_ptr<std::string>> unescaped_;  // of fields that hold quotes
  size_t unescaped_count_ = 0;
  uint64_t line_ = 0;
  uint64_t next_line_ = 1;
  size_t consumed_ = 0;  // of the window, by the current record
  bool begun_ = false;
};

}  // namespace mote
