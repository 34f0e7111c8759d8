#include "reader/line_buffer.h"

#include <cstring>

namespace mote {

Result<bool> LineBuffer::more() {
  if (at_end_) return false;
  const size_t held = end_ - begin_;
  if (held >= kMaxLineBytes) {
    return limit_exceeded("a line of more than %zu bytes", kMaxLineBytes);
  }
  if (begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  if (end_ == bytes_.size()) {
    const size_t wanted = bytes_.empty() ? kFirstBytes : std::min(bytes_.size() * 2, kMaxLineBytes);
    MOTE_TRY(charge_.grow(budget_, wanted - bytes_.size(), "a line of a file"));
    bytes_.resize(wanted);
  }
  MOTE_ASSIGN(const size_t got, stream_->read({bytes_.data() + end_, bytes_.size() - end_}));
  end_ += got;
  at_end_ = got == 0;
  return got > 0;
}

}  // namespace mote
