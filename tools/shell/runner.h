// Runs SQL texts against a database and writes what they give.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mote/mote.h"
#include "output.h"

namespace shell {

class Runner {
 public:
  Runner(mote_connection* connection, Format format, bool timer);

  // Runs all statements of the text, each flushed before the next begins. False at the first error,
  // which is written to standard error with its place; first_line is the text's first line.
  bool run(std::string_view sql, uint64_t first_line = 1);
  // Reads standard input statement by statement, answering each before reading on. When it is a
  // terminal, prompts, and goes on after errors.
  bool run_input(bool interactive);

 private:
  bool run_one(mote_statement* statement, std::string_view sql, uint64_t first_line);
  bool fail(std::string_view sql, uint64_t first_line);

  mote_connection* const connection_;
  const std::unique_ptr<RowWriter> writer_;
  const bool timer_;
};

}  // namespace shell
