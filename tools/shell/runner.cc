#include "runner.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "line_editor.h"
#include "statement_splitter.h"

namespace shell {

namespace {

// What an unfinished statement on standard input may grow to before it is handed on, to be refused.
constexpr size_t kMaxPendingBytes = 16u << 20;

double monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Place {
  uint64_t line;
  uint64_t column;
};

// Columns count code points, from 1.
Place place_of(std::string_view text, size_t offset, uint64_t first_line) {
  Place place{first_line, 1};
  for (size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

uint64_t line_ends(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Runner::Runner(mote_connection* connection, Format format, bool timer)
    : connection_(connection), writer_(make_writer(format, stdout)), timer_(timer) {}

// The failure stands at mote_error_offset() of sql, or is about the statement as a whole.
bool Runner::fail(std::string_view sql, uint64_t first_line) {
  const std::string message = mote_error_message();
  const int64_t offset = mote_error_offset();
  std::fflush(stdout);
  const size_t start = std::min(sql.find_first_not_of(" \t\r\n"), sql.size());
  const size_t at = offset < 0 ? start : static_cast<size_t>(offset);
  const Place place = place_of(sql, at, first_line);
  std::fprintf(stderr, "error: %llu:%llu: %s\n", static_cast<unsigned long long>(place.line),
               static_cast<unsigned long long>(place.column), message.c_str());
  return false;
}

bool Runner::run_one(mote_statement* statement, std::string_view sql, uint64_t first_line) {
  bool begun = false;
  for (;;) {
    const mote_code code = mote_step(statement);
    if (code != MOTE_ROW && code != MOTE_DONE) return fail(sql, first_line);
    if (!begun && mote_column_count(statement) > 0) {
      writer_->begin(statement);
      begun = true;
    }
    if (code == MOTE_DONE) break;
    if (begun) writer_->row(statement);
  }
  if (begun) writer_->end();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  std::fprintf(stderr, "error: standard output: %s\n", strerror(errno));
  return false;
}

bool Runner::run(std::string_view sql, uint64_t first_line) {
  while (!sql.empty()) {
    const double started = monotonic_ms();
    mote_statement* statement = nullptr;
    size_t consumed = 0;
    const mote_code code = mote_prepare(connection_, sql.data(), sql.size(), &statement, &consumed);
    if (code != MOTE_OK) return fail(sql, first_line);
    if (statement != nullptr) {
      const bool good = run_one(statement, sql, first_line);
      mote_finalize(statement);
      if (!good) return false;
      if (timer_) std::fprintf(stderr, "elapsed_ms %.3f\n", monotonic_ms() - started);
    }
    if (consumed == 0) break;
    first_line += line_ends(sql.substr(0, consumed));
    sql.remove_prefix(consumed);
  }
  return true;
}

bool Runner::run_input(bool interactive) {
  StatementSplitter splitter;
  LineEditor editor(interactive);
  uint64_t line = 1;
  std::string statement, text;
  const auto answer = [&](const std::string& sql) {
    const bool good = run(sql, line);
    line += line_ends(sql);
    return good || interactive;
  };
  while (editor.read(splitter.at_start(), &text)) {
    splitter.add(text);
    while (splitter.next(&statement)) {
      if (!answer(statement)) return false;
      editor.remember(statement);
    }
    if (splitter.pending_bytes() > kMaxPendingBytes) return answer(splitter.rest());
  }
  if (editor.failed()) {
    std::fprintf(stderr, "error: standard input: %s\n", strerror(errno));
    return false;
  }
  return answer(splitter.rest());
}

}  // namespace shell
