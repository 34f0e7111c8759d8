#include "statement_splitter.h"

#include <algorithm>
#include <utility>

namespace shell {

bool StatementSplitter::next(std::string* out) {
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    const bool last = at_ + 1 == text_.size();
    const char following = last ? '\0' : text_[at_ + 1];
    switch (state_) {
      case State::kPlain:
        if (c == ';') {
          *out = text_.substr(0, at_ + 1);
          text_.erase(0, at_ + 1);
          at_ = 0;
          return true;
        }
        if (c == '\'') state_ = State::kText;
        if (c == '"') state_ = State::kName;
        if (c == '-' || c == '/') {
          if (last) return false;  // what it begins, the next byte tells
          if (c == '-' && following == '-') state_ = State::kLineComment;
          if (c == '/' && following == '*') {
            state_ = State::kComment;
            ++at_;
          }
        }
        break;
      case State::kText:
        if (c == '\'') state_ = State::kPlain;  // a doubled quote begins again at once
        break;
      case State::kName:
        if (c == '"') state_ = State::kPlain;
        break;
      case State::kLineComment:
        if (c == '\n') state_ = State::kPlain;
        break;
      case State::kComment:
        if (c != '*') break;
        if (last) return false;
        if (following == '/') {
          state_ = State::kPlain;
          ++at_;
        }
        break;
    }
  }
  return false;
}

std::string StatementSplitter::rest() {
  at_ = 0;
  state_ = State::kPlain;
  return std::exchange(text_, {});
}

bool StatementSplitter::at_start() const {
  return text_.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace shell
