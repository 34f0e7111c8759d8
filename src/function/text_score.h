// Words of a text and their relevance to a query: BM25 (Robertson and Zaragoza, "The Probabilistic
// Relevance Framework: BM25 and Beyond", 2009) with k1 = 1.2 and b = 0.75.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mote {

// Cuts a text into terms: runs of letters and digits in lower case (see unicode.h for the scripts
// whose case is known); writing without blanks between words (Chinese, Japanese, Korean) as
// overlapping pairs, and a single such character between others by itself.
class Tokenizer {
 public:
  // What is behind this many bytes of a word is left out of its term.
  static constexpr size_t kMaxTermBytes = 255;

  explicit Tokenizer(std::string_view text) : rest_(text) {}
  // The next term, or false at the end.
  bool next(std::string* term);

 private:
  std::string_view rest_;
  uint32_t previous_ = 0;           // the last character of a run without blanks; 0 outside of one
  bool previous_is_alone_ = false;  // it has not been part of a pair
};

// A query and what must be known of all documents to score one. First add_document() for each, or
// set_statistics(), then score() for each. Not thread-safe.
class Bm25Query {
 public:
  static constexpr double kTermSaturation = 1.2;        // k1
  static constexpr double kLengthNormalisation = 0.75;  // b

  // Terms that the query repeats count once.
  explicit Bm25Query(std::string_view query);

  const std::vector<std::string>& terms() const { return terms_; }  // rising
  // Whether any term occurs.
  bool matches(std::string_view document);

  void add_document(std::string_view document);
  // document_frequency: in how many documents each of terms() occurs.
  void set_statistics(uint64_t document_count, uint64_t total_terms,
                      std::vector<uint64_t> document_frequency);
  uint64_t document_count() const { return document_count_; }
  uint64_t total_terms() const { return total_terms_; }
  const std::vector<uint64_t>& document_frequency() const { return document_frequency_; }

  // Zero when no term occurs, otherwise above zero.
  double score(std::string_view document);

 private:
  // Counts the document's terms into frequency_; returns how many terms it has in all.
  uint64_t count_terms(std::string_view document);

  std::vector<std::string> terms_;
  std::vector<uint64_t> document_frequency_;
  std::vector<uint32_t> frequency_;  // of each term in the document at hand
  uint64_t document_count_ = 0;
  uint64_t total_terms_ = 0;
  std::string term_;
};

}  // namespace mote
