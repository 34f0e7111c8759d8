#include "function/text_score.h"

#include <algorithm>
#include <cmath>

#include "function/unicode.h"

namespace mote {

bool Tokenizer::next(std::string* term) {
  term->clear();
  while (!rest_.empty()) {
    std::string_view behind = rest_;
    const uint32_t code = take_code_point(&behind);
    if (is_cjk_code_point(code)) {
      rest_ = behind;
      const uint32_t before = previous_;
      previous_ = code;
      previous_is_alone_ = before == 0;
      if (before == 0) continue;
      append_code_point(before, term);
      append_code_point(code, term);
      return true;
    }
    const bool ends_alone = previous_ != 0 && previous_is_alone_;
    if (ends_alone) append_code_point(previous_, term);
    previous_ = 0;
    if (ends_alone) return true;
    rest_ = behind;
    if (!is_word_code_point(code)) continue;
    append_code_point(lower_code_point(code), term);
    while (!rest_.empty()) {
      behind = rest_;
      const uint32_t following = take_code_point(&behind);
      if (!is_word_code_point(following) || is_cjk_code_point(following)) break;
      rest_ = behind;
      const size_t size = term->size();
      append_code_point(lower_code_point(following), term);
      if (term->size() > kMaxTermBytes) term->resize(size);
    }
    return true;
  }
  if (previous_ == 0 || !previous_is_alone_) return false;
  append_code_point(previous_, term);
  previous_ = 0;
  return true;
}

Bm25Query::Bm25Query(std::string_view query) {
  Tokenizer tokenizer(query);
  while (tokenizer.next(&term_)) terms_.push_back(term_);
  std::sort(terms_.begin(), terms_.end());
  terms_.erase(std::unique(terms_.begin(), terms_.end()), terms_.end());
  document_frequency_.assign(terms_.size(), 0);
  frequency_.assign(terms_.size(), 0);
}

bool Bm25Query::matches(std::string_view document) {
  Tokenizer tokenizer(document);
  while (tokenizer.next(&term_)) {
    if (std::binary_search(terms_.begin(), terms_.end(), term_)) return true;
  }
  return false;
}

uint64_t Bm25Query::count_terms(std::string_view document) {
  std::fill(frequency_.begin(), frequency_.end(), 0);
  uint64_t count = 0;
  Tokenizer tokenizer(document);
  while (tokenizer.next(&term_)) {
    ++count;
    const auto found = std::lower_bound(terms_.begin(), terms_.end(), term_);
    if (found != terms_.end() && *found == term_) {
      ++frequency_[static_cast<size_t>(found - terms_.begin())];
    }
  }
  return count;
}

void Bm25Query::add_document(std::string_view document) {
  total_terms_ += count_terms(document);
  ++document_count_;
  for (size_t i = 0; i < terms_.size(); ++i) document_frequency_[i] += frequency_[i] > 0 ? 1 : 0;
}

void Bm25Query::set_statistics(uint64_t document_count, uint64_t total_terms,
                               std::vector<uint64_t> document_frequency) {
  document_count_ = document_count;
  total_terms_ = total_terms;
  document_frequency_ = std::move(document_frequency);
}

double Bm25Query::score(std::string_view document) {
  const auto terms_here = static_cast<double>(count_terms(document));
  const auto documents = static_cast<double>(document_count_);
  const double average =
      document_count_ == 0 || total_terms_ == 0 ? 1 : static_cast<double>(total_terms_) / documents;
  const double saturation =
      kTermSaturation * (1 - kLengthNormalisation + kLengthNormalisation * terms_here / average);
  double score = 0;
  for (size_t i = 0; i < terms_.size(); ++i) {
    if (frequency_[i] == 0) continue;
    const double with_term = std::min(static_cast<double>(document_frequency_[i]), documents);
    // The 1 keeps the weight of a term above zero that is in most documents.
    const double weight = std::log(1 + (documents - with_term + 0.5) / (with_term + 0.5));
    const double frequency = frequency_[i];
    score += weight * frequency * (kTermSaturation + 1) / (frequency + saturation);
  }
  return score;
}

}  // namespace mote
