#include "reader/csv_records.h"

#include <algorithm>
#include <cstring>

namespace mote {

namespace {

uint64_t count_line_ends(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Status CsvRecords::bad_line(const char* what) const {
  return invalid_argument("line %llu: %s", static_cast<unsigned long long>(line_), what);
}

Status CsvRecords::skip_lines(uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    size_t end;
    while ((end = buffer_.window().find('\n')) == std::string_view::npos) {
      MOTE_ASSIGN(const bool more, buffer_.more());
      if (!more) {
        buffer_.consume(buffer_.window().size());
        return {};
      }
    }
    buffer_.consume(end + 1);
    ++next_line_;
  }
  begun_ = begun_ || count > 0;
  return {};
}

// True when a record ends at `at`; the end of the window counts only at the end of the file.
bool CsvRecords::is_end(std::string_view window, size_t at, size_t* ending_bytes) const {
  if (at == window.size()) {
    *ending_bytes = 0;
    return true;
  }
  if (window[at] == '\n') {
    *ending_bytes = 1;
    return true;
  }
  if (window[at] == '\r' && at + 1 < window.size() && window[at + 1] == '\n') {
    *ending_bytes = 2;
    return true;
  }
  if (window[at] == '\r' && at + 1 == window.size() && buffer_.at_end()) {
    *ending_bytes = 1;
    return true;
  }
  return false;
}

// Takes the quoted field whose opening quote is at `at`; returns where it ends. `cut` is set when
// the window ends before.
Result<size_t> CsvRecords::quoted_field(std::string_view window, size_t at, bool* cut) {
  const char quote = *format_.quote;
  size_t begin = at + 1;
  size_t i = begin;
  std::string* unescaped = nullptr;
  for (;;) {
    const size_t found = window.find(quote, i);
    if (found == std::string_view::npos || (found + 1 == window.size() && !buffer_.at_end())) {
      if (buffer_.at_end()) return bad_line("a quoted field is not closed");
      *cut = true;
      return at;
    }
    i = found;
    if (i + 1 == window.size() || window[i + 1] != quote) break;
    if (unescaped == nullptr) {
      if (unescaped_count_ == unescaped_.size()) {
        unescaped_.push_back(std::make_unique<std::string>());
      }
      unescaped = unescaped_[unescaped_count_++].get();
      unescaped->clear();
    }
    unescaped->append(window.substr(begin, i + 1 - begin));
    i += 2;
    begin = i;
  }
  const std::string_view rest = window.substr(begin, i - begin);
  if (unescaped != nullptr) {
    unescaped->append(rest);
    fields_.push_back({*unescaped, true});
  } else {
    fields_.push_back({rest, true});
  }
  return i + 1;
}

Result<std::optional<size_t>> CsvRecords::split(std::string_view window) {
  fields_.clear();
  unescaped_count_ = 0;
  const bool blanks = format_.separator == ' ';
  size_t at = 0;
  for (;;) {
    while (blanks && at < window.size() && window[at] == ' ') ++at;
    size_t ending = 0;
    if (blanks && !fields_.empty() && is_end(window, at, &ending)) {
      if (at == window.size() && !buffer_.at_end()) return std::optional<size_t>();
      return std::optional<size_t>(at + ending);
    }
    if (fields_.size() == kMaxColumns) {
      return limit_exceeded("line %llu: more than %u fields",
                            static_cast<unsigned long long>(line_), kMaxColumns);
    }
    if (format_.quote.has_value() && at < window.size() && window[at] == *format_.quote) {
      bool cut = false;
      MOTE_ASSIGN(at, quoted_field(window, at, &cut));
      if (cut) return std::optional<size_t>();
    } else {
      const size_t begin = at;
      while (at < window.size() && window[at] != format_.separator && window[at] != '\n') ++at;
      size_t end = at;
      if (end > begin && window[end - 1] == '\r' && (at == window.size() || window[at] == '\n')) {
        --end;
      }
      fields_.push_back({window.substr(begin, end - begin), false});
    }
    if (at == window.size() && !buffer_.at_end()) return std::optional<size_t>();
    if (at < window.size() && window[at] == format_.separator) {
      ++at;
      continue;
    }
    if (is_end(window, at, &ending)) return std::optional<size_t>(at + ending);
    if (at + 1 == window.size() && !buffer_.at_end()) return std::optional<size_t>();
    return bad_line("there is text behind a closing quote");
  }
}

Result<bool> CsvRecords::next() {
  buffer_.consume(consumed_);
  consumed_ = 0;
  if (!begun_) {
    begun_ = true;
    while (buffer_.window().size() < 3) {
      MOTE_ASSIGN(const bool more, buffer_.more());
      if (!more) break;
    }
    if (buffer_.window().starts_with("\xef\xbb\xbf")) buffer_.consume(3);
  }
  for (;;) {
    line_ = next_line_;
    const std::string_view window = buffer_.window();
    if (window.empty() && buffer_.at_end()) return false;
    std::optional<size_t> size;
    if (!window.empty()) {
      MOTE_ASSIGN(size, split(window));
    }
    if (!size.has_value()) {
      Result<bool> more = buffer_.more();
      if (!more.ok()) {
        return std::move(more).status().in("line " + std::to_string(line_));
      }
      continue;
    }
    next_line_ += count_line_ends(window.substr(0, *size));
    const bool blank = fields_.size() == 1 && fields_[0].text.empty() && !fields_[0].quoted;
    const bool comment = format_.comment.has_value() && window[0] == *format_.comment;
    if (!blank && !comment) {
      consumed_ = *size;
      return true;
    }
    buffer_.consume(*size);
  }
}

}  // namespace mote
