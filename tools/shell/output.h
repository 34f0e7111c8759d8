// Rows as text: CSV, JSON lines, or a box for people.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mote/mote.h"

namespace shell {

enum class Format : uint8_t { kCsv, kJson, kBox };

// Writes the rows of one statement to a stream.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  // Before the first row, and when there is none.
  virtual void begin(mote_statement* statement) = 0;
  virtual void row(mote_statement* statement) = 0;
  virtual void end() = 0;
};

std::unique_ptr<RowWriter> make_writer(Format format, FILE* out);

// A value as the CSV has it, without quoting; nothing for NULL.
std::string value_text(mote_statement* statement, uint32_t column);
// Appends text in quotes, as JSON has it.
void append_json_text(std::string_view text, std::string* out);
// Columns that a terminal needs for the text.
size_t display_width(std::string_view text);

}  // namespace shell
