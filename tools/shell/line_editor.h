// Standard input: raw pieces from a pipe or file, edited lines with history from a terminal.
#pragma once

#include <string>

namespace shell {

class LineEditor {
 public:
  explicit LineEditor(bool interactive);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // The next piece of text, as soon as there is some. at_start chooses the prompt. False at the end
  // or after a failure.
  bool read(bool at_start, std::string* text);
  // Adds a statement to the history.
  void remember(const std::string& statement);
  bool failed() const { return failed_; }

 private:
  struct Terminal;
  Terminal* terminal_ = nullptr;
  bool interactive_;
  bool failed_ = false;
};

}  // namespace shell
