// Cuts a stream of SQL text into statements, so that each can be answered before more is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace shell {

// Knows only what can hide a semicolon: quotes and comments.
class StatementSplitter {
 public:
  // Takes more text. Must not be called while a statement is waiting to be taken.
  void add(std::string_view text) { text_ += text; }
  // Moves the next whole statement, semicolon included, to `out`; false when more text is needed.
  bool next(std::string* out);
  // What is left at the end of the stream.
  std::string rest();
  size_t pending_bytes() const { return text_.size(); }
  // True while nothing but blanks has come since the last statement.
  bool at_start() const;

 private:
  enum class State : uint8_t { kPlain, kText, kName, kLineComment, kComment };
  std::string text_;
  size_t at_ = 0;  // looked at so far
  State state_ = State::kPlain;
};

}  // namespace shell
