// Words as ranks in the sorted list of the part's distinct words. Sensors and their drivers give
// few distinct numbers, and neighbours in time are neighbours in rank, so ranks pack far better
// than the bits of the numbers.

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "column/word_codec.h"

namespace mote {

namespace {

using Words = std::array<uint64_t, kChunkRows>;

// A dictionary must be this many times shorter than the column.
constexpr size_t kLeastRepetition = 2;
constexpr size_t kMaxDictionaryWords = size_t{1} << 18;

// Integers have the order of signed numbers, floats that of their ordered bits.
uint64_t order_key(LaneKind kind, uint64_t word) {
  const bool is_float = kind == LaneKind::kFloat32 || kind == LaneKind::kFloat64;
  return (is_float ? ordered_from_bits(kind, word) : word) ^ (1ull << 63);
}

// Words to ranks; open addressing, at most half full. Slots are small, so that most of the table
// stays in the processor's cache.
class RankTable {
 public:
  explicit RankTable(size_t capacity)
      : slots_(std::bit_ceil(std::max<size_t>(16, capacity * 2))),
        shift_(64 - static_cast<uint32_t>(std::countr_zero(slots_.size()))) {}

  // True when the word is met for the first time.
  bool add(uint64_t word) {
    uint32_t& slot = slots_[find(word)];
    if (slot != 0) return false;
    words_.push_back(word);
    slot = static_cast<uint32_t>(words_.size());
    return true;
  }
  // Gives every word its rank in `sorted`, which has the same words.
  void set_ranks(const std::vector<uint64_t>& sorted) {
    ranks_.resize(sorted.size());
    for (size_t rank = 0; rank < sorted.size(); ++rank) {
      ranks_[slots_[find(sorted[rank])] - 1] = static_cast<uint32_t>(rank);
    }
  }
  // Of a word that was added.
  uint32_t rank(uint64_t word) const { return ranks_[slots_[find(word)] - 1]; }
  const std::vector<uint64_t>& words() const { return words_; }

 private:
  size_t find(uint64_t word) const {
    size_t at = static_cast<size_t>(((word ^ (word >> 32)) * 0x9e3779b97f4a7c15ull) >> shift_);
    while (slots_[at] != 0 && words_[slots_[at] - 1] != word) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  std::vector<uint32_t> slots_;  // one more than the place in words_; zero is empty
  std::vector<uint64_t> words_;
  std::vector<uint32_t> ranks_;
  uint32_t shift_;
};

class DictionaryCodec : public WordCodec {
 public:
  DictionaryCodec(std::vector<uint64_t> words, std::string packed_words, IntegerStream ranks)
      : words_(std::move(words)),
        packed_words_(std::move(packed_words)),
        ranks_(std::move(ranks)) {}

  std::string name() const override { return "dictionary" + ranks_.name_suffix(); }
  void serialize(std::string* out) const override {
    ByteWriter writer(out);
    writer.fixed(WordEncoding::kDictionary);
    writer.varint(words_.size());
    writer.bytes(packed_words_);
    ranks_.serialize(out);
  }
  void encode(const uint64_t* words, uint32_t count, std::string* out) const override {
    Words ranks;
    for (uint32_t i = 0; i < count; ++i) ranks[i] = table_->rank(words[i]);
    ranks_.encode(ranks.data(), count, out);
  }
  Status decode(ByteReader& reader, uint32_t count, uint64_t* words) const override {
    MOTE_TRY(ranks_.decode(reader, count, words));
    uint64_t highest = 0;
    for (uint32_t i = 0; i < count; ++i) highest = std::max(highest, words[i]);
    MOTE_TRY(check_rank(highest));
    const uint64_t* const dictionary = words_.data();
    for (uint32_t i = 0; i < count; ++i) words[i] = dictionary[words[i]];
    return {};
  }
  Status decode_word(ByteReader& reader, uint32_t count, uint32_t at,
                     uint64_t* word) const override {
    MOTE_TRY(ranks_.decode_word(reader, count, at, word));
    MOTE_TRY(check_rank(*word));
    *word = words_[*word];
    return {};
  }
  double decode_ns() const override { return 0.7 + ranks_.decode_ns(); }
  size_t memory_bytes() const override {
    return sizeof(*this) + words_.capacity() * sizeof(uint64_t) + ranks_.memory_bytes();
  }
  void set_table(std::unique_ptr<const RankTable> table) { table_ = std::move(table); }

 private:
  Status check_rank(uint64_t rank) const {
    if (rank < words_.size()) return {};
    return corruption("rank %llu in a dictionary of %zu words",
                      static_cast<unsigned long long>(rank), words_.size());
  }

  const std::vector<uint64_t> words_;
  const std::string packed_words_;  // only while encoding, as the ranks' table
  const IntegerStream ranks_;
  std::unique_ptr<const RankTable> table_;
};

}  // namespace

double distinct_share(const WordSeries& series) {
  std::vector<uint64_t> all;
  for (const auto& block : series.sample) all.insert(all.end(), block.begin(), block.end());
  const size_t count = all.size();
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return static_cast<double>(all.size()) / static_cast<double>(count);
}

std::unique_ptr<WordCodec> plan_dictionary(const WordSeries& series) {
  if (series.kind == LaneKind::kBool) return nullptr;
  const size_t limit =
      std::min(kMaxDictionaryWords, std::max<size_t>(1, series.words.size() / kLeastRepetition));
  auto table = std::make_unique<RankTable>(limit);
  for (uint64_t word : series.words) {
    if (table->add(word) && table->words().size() > limit) return nullptr;
  }
  std::vector<uint64_t> words = table->words();
  std::sort(words.begin(), words.end(), [&](uint64_t a, uint64_t b) {
    return order_key(series.kind, a) < order_key(series.kind, b);
  });
  table->set_ranks(words);

  // Decoded once, when the column is opened.
  WordSeries nested = WordSeries::of(series.kind, words, Effort::kSmall);
  nested.may_nest = false;
  const std::unique_ptr<WordCodec> codec = choose_word_codec(nested);
  std::string packed;
  codec->serialize(&packed);
  for (size_t from = 0; from < words.size(); from += kChunkRows) {
    codec->encode(words.data() + from,
                  static_cast<uint32_t>(std::min<size_t>(kChunkRows, words.size() - from)),
                  &packed);
  }

  std::vector<std::vector<uint64_t>> ranks;
  SampleBlocks spans;
  for (const auto& block : series.sample) {
    std::vector<uint64_t> mapped;
    for (uint64_t word : block) mapped.push_back(table->rank(word));
    ranks.push_back(std::move(mapped));
  }
  for (const auto& block : ranks) spans.push_back(block);
  auto dictionary = std::make_unique<DictionaryCodec>(std::move(words), std::move(packed),
                                                      IntegerStream::train(spans, series.effort));
  dictionary->set_table(std::move(table));
  return dictionary;
}

WordCodecResult parse_dictionary_codec(LaneKind kind, ByteReader& reader) {
  const uint64_t count = reader.varint();
  if (reader.failed() || count == 0 || count > kMaxDictionaryWords) {
    return corruption("dictionary of %llu words; the limit is %zu",
                      static_cast<unsigned long long>(count), kMaxDictionaryWords);
  }
  MOTE_ASSIGN(std::unique_ptr<WordCodec> codec,
              parse_word_codec(kind, reader, Nesting::kDictionaryWords));
  std::vector<uint64_t> words;
  Words block;
  while (words.size() < count) {
    const uint64_t left = count - words.size();
    const uint32_t rows = static_cast<uint32_t>(std::min<uint64_t>(kChunkRows, left));
    MOTE_TRY(codec->decode(reader, rows, block.data()));
    words.insert(words.end(), block.begin(), block.begin() + rows);
  }
  MOTE_ASSIGN(IntegerStream ranks, IntegerStream::parse(reader));
  return std::unique_ptr<WordCodec>(
      new DictionaryCodec(std::move(words), std::string(), std::move(ranks)));
}

}  // namespace mote
