#include "column/entropy_model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/integer_series.h"

namespace mote {

namespace {

using Shape = EntropyModel::Shape;
using Split = EntropyModel::Split;
using Words = std::array<uint64_t, kChunkRows>;

constexpr uint32_t kStates = 4;
constexpr uint32_t kLeastState = 1u << 16;
constexpr uint32_t kStateWordBits = 16;
constexpr uint32_t kMaxClassBits = 4;
constexpr size_t kLeastSample = 2 * kChunkRows;
constexpr size_t kShapeSample = 2048;  // residuals on which shapes are compared
constexpr double kEscapeBits = 76;     // 12 for the symbol and 64 plain ones

struct Piece {
  uint64_t symbol;
  uint32_t bits;
  uint64_t plain;
};

// residual: less the centre.
Piece split_residual(const Shape& shape, uint64_t residual) {
  if (shape.split == Split::kTop) {
    const uint32_t cut = shape.parameter;
    return {static_cast<uint64_t>(static_cast<int64_t>(residual) >> cut), cut,
            residual & ((1ull << cut) - 1)};
  }
  const uint64_t value = zigzag(static_cast<int64_t>(residual));
  const uint32_t width = static_cast<uint32_t>(std::bit_width(value));
  const uint32_t kept = shape.parameter + 1;
  if (width <= kept) return {value, 0, 0};
  const uint32_t bits = width - kept;
  return {(static_cast<uint64_t>(bits) << shape.parameter) + (value >> bits), bits,
          value & ((1ull << bits) - 1)};
}

// The inverse, for a symbol: false when no residual has it.
bool expand_symbol(const Shape& shape, uint64_t symbol, uint64_t* base, uint8_t* bits) {
  if (shape.split == Split::kTop) {
    *bits = static_cast<uint8_t>(shape.parameter);
    *base = symbol << shape.parameter;
    return true;
  }
  const uint64_t size_class = symbol >> shape.parameter;
  const uint64_t plain_bits = size_class > 1 ? size_class - 1 : 0;
  if (plain_bits + shape.parameter > 63) return false;
  *bits = static_cast<uint8_t>(plain_bits);
  *base = (symbol - (plain_bits << shape.parameter)) << plain_bits;
  return true;
}

// The residuals of a block, from index shape.order on; words before that are written apart.
void residuals_of(const Shape& shape, const uint64_t* words, uint32_t count, uint64_t* out) {
  std::memcpy(out, words, count * sizeof(uint64_t));
  if (shape.order > 0) take_differences(out, count, out);
  if (shape.order > 1) take_differences(out + 1, count - 1, out + 1);
  for (uint32_t i = shape.order; i < count; ++i) out[i] -= static_cast<uint64_t>(shape.centre);
}

// Residuals of all blocks of a sample, without centre.
std::vector<uint64_t> sample_residuals(const SampleBlocks& sample, uint32_t order, size_t limit) {
  std::vector<uint64_t> residuals;
  Words block;
  const size_t share = std::max<size_t>(64, limit / sample.size());
  for (const auto& words : sample) {
    if (words.size() <= order) continue;
    const uint32_t count = static_cast<uint32_t>(std::min(words.size(), share));
    residuals_of({.order = order}, words.data(), count, block.data());
    residuals.insert(residuals.end(), block.begin() + std::min(order, count),
                     block.begin() + count);
  }
  return residuals;
}

// The logarithm to within 0.009, which is enough to compare shapes: exponent and a parabola.
double rough_log2(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const uint64_t fraction = bits & 0xfffffffffffffull;
  const double mantissa = std::bit_cast<double>(fraction | 0x3ff0000000000000ull);
  const double exponent = static_cast<double>(static_cast<int64_t>(bits >> 52) - 1023);
  return exponent + (mantissa - 1) * (2.344 - 0.344 * mantissa) - 0.008;
}

double code_bits(size_t count, size_t total) {
  return static_cast<double>(count) *
         rough_log2(static_cast<double>(total) / static_cast<double>(count));
}

// Bits that the residuals take when they are split into size classes.
double class_cost(const Shape& shape, const std::vector<uint64_t>& residuals) {
  std::array<uint32_t, (64u << kMaxClassBits) + 64> counts{};
  double bits = 0;
  for (uint64_t residual : residuals) {
    const Piece piece = split_residual(shape, residual - static_cast<uint64_t>(shape.centre));
    ++counts[piece.symbol];
    bits += piece.bits;
  }
  constexpr double kSymbolBits = 16;  // in the prelude
  for (uint32_t count : counts) {
    if (count > 0) bits += code_bits(count, residuals.size()) + kSymbolBits;
  }
  return bits;
}

// The same for top bits; the residuals are sorted as signed numbers.
double top_cost(uint32_t cut, const std::vector<uint64_t>& sorted, size_t* distinct) {
  std::vector<uint32_t> counts;
  for (size_t from = 0, to = 0; from < sorted.size(); from = to) {
    const int64_t top = static_cast<int64_t>(sorted[from]) >> cut;
    while (to < sorted.size() && static_cast<int64_t>(sorted[to]) >> cut == top) ++to;
    counts.push_back(static_cast<uint32_t>(to - from));
  }
  *distinct = counts.size();
  const size_t known = EntropyModel::kMaxSymbols - 1;
  if (counts.size() > known) {
    std::nth_element(counts.begin(), counts.begin() + known, counts.end(), std::greater<>());
  }
  constexpr double kSymbolBits = 16;
  double bits = static_cast<double>(sorted.size()) * cut;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (i >= known) {
      bits += static_cast<double>(counts[i]) * kEscapeBits;
    } else {
      bits += code_bits(counts[i], sorted.size()) + kSymbolBits;
    }
  }
  return bits;
}

void try_top(uint32_t order, std::vector<uint64_t>& residuals, Shape* best, double* best_bits) {
  std::sort(residuals.begin(), residuals.end(), [](uint64_t a, uint64_t b) {
    return static_cast<int64_t>(a) < static_cast<int64_t>(b);
  });
  const uint64_t spread = residuals.back() - residuals.front();
  const uint32_t width = static_cast<uint32_t>(std::bit_width(spread));
  // From the coarsest cut that leaves a few symbols down to where most residuals would escape, or
  // where it has become worse for a while.
  double least = std::numeric_limits<double>::infinity();
  uint32_t worse = 0;
  for (uint32_t kept = 2; kept <= width + 1 && worse < 3; ++kept) {
    const uint32_t cut = width + 1 - kept;
    if (cut > 62) continue;
    size_t distinct = 0;
    const double bits = top_cost(cut, residuals, &distinct);
    worse = bits < least ? 0 : worse + 1;
    least = std::min(least, bits);
    if (bits < *best_bits) {
      *best_bits = bits;
      *best = {order, Split::kTop, cut, 0};
    }
    if (distinct > 4 * EntropyModel::kMaxSymbols) break;
  }
}

Shape choose_shape(const SampleBlocks& sample) {
  Shape best;
  double best_bits = std::numeric_limits<double>::infinity();
  for (uint32_t order = 0; order < 3; ++order) {
    std::vector<uint64_t> residuals = sample_residuals(sample, order, kShapeSample);
    if (residuals.empty()) continue;
    try_top(order, residuals, &best, &best_bits);  // sorts
    const int64_t centre = static_cast<int64_t>(residuals[residuals.size() / 2]);
    for (uint32_t bits = 0; bits <= kMaxClassBits; ++bits) {
      const Shape shape{order, Split::kClasses, bits, centre};
      const double cost = class_cost(shape, residuals);
      if (cost < best_bits) {
        best_bits = cost;
        best = shape;
      }
    }
  }
  return best;
}

// Frequencies that sum to kSlots, none zero; less one.
std::vector<uint16_t> slot_shares(const std::vector<uint64_t>& counts) {
  uint64_t total = 0;
  for (uint64_t count : counts) total += count;
  std::vector<uint32_t> shares;
  uint32_t used = 0;
  for (uint64_t count : counts) {
    const uint64_t share = (count * EntropyModel::kSlots + total / 2) / total;
    shares.push_back(std::max<uint32_t>(1, static_cast<uint32_t>(share)));
    used += shares.back();
  }
  // What rounding gave or took is settled with those that have most.
  while (used != EntropyModel::kSlots) {
    auto most = std::max_element(shares.begin(), shares.end());
    if (used < EntropyModel::kSlots) {
      *most += EntropyModel::kSlots - used;
      used = EntropyModel::kSlots;
    } else {
      const uint32_t taken = std::min(used - EntropyModel::kSlots, (*most + 7) / 8);
      *most -= taken;
      used -= taken;
    }
  }
  std::vector<uint16_t> less_one;
  for (uint32_t share : shares) less_one.push_back(static_cast<uint16_t>(share - 1));
  return less_one;
}

bool signed_less(uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) < static_cast<int64_t>(b);
}

// Plain bits, first bit lowest.
class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}
  void add(uint64_t value, uint32_t bits) {
    if (bits == 0) return;
    open_ |= value << filled_;
    if (filled_ + bits < 64) {
      filled_ += bits;
      return;
    }
    ByteWriter(out_).fixed(open_);
    open_ = filled_ == 0 ? 0 : value >> (64 - filled_);
    filled_ = filled_ + bits - 64;
    if (filled_ == 0) open_ = 0;
  }
  void finish() {
    out_->append(reinterpret_cast<const char*>(&open_), (filled_ + 7) / 8);
  }

 private:
  std::string* out_;
  uint64_t open_ = 0;
  uint32_t filled_ = 0;
};

}  // namespace

EntropyModel::EntropyModel(Shape shape, std::vector<uint64_t> symbols,
                           std::vector<uint16_t> less_one)
    : shape_(shape), symbols_(std::move(symbols)), less_one_(std::move(less_one)) {
  bases_.fill(0);
  bits_.fill(64);  // the escape's
  for (size_t i = 0; i < symbols_.size(); ++i) {
    MOTE_CHECK(expand_symbol(shape_, symbols_[i], &bases_[i], &bits_[i]));
  }
  for (uint32_t i = 0; i < kMaxSymbols; ++i) {
    masks_[i] = bits_[i] == 64 ? ~0ull : (1ull << bits_[i]) - 1;
  }
  uint32_t start = 0;
  for (uint32_t i = 0; i < less_one_.size(); ++i) {
    starts_[i] = static_cast<uint16_t>(start);
    for (uint32_t k = 0; k <= less_one_[i]; ++k) {
      slots_[start++] = i | static_cast<uint32_t>(less_one_[i]) << 8 | k << 20;
    }
  }
  MOTE_CHECK(start == kSlots);
}

std::unique_ptr<EntropyModel> EntropyModel::train(const SampleBlocks& sample) {
  size_t count = 0;
  for (const auto& block : sample) count += block.size();
  if (count < kLeastSample) return nullptr;
  const Shape shape = choose_shape(sample);
  std::vector<uint64_t> seen;
  for (uint64_t residual : sample_residuals(sample, shape.order, count)) {
    seen.push_back(split_residual(shape, residual - static_cast<uint64_t>(shape.centre)).symbol);
  }
  std::sort(seen.begin(), seen.end(), signed_less);
  struct Count {
    uint64_t symbol;
    uint64_t count;
  };
  std::vector<Count> counts;
  for (size_t from = 0, to = 0; from < seen.size(); from = to) {
    while (to < seen.size() && seen[to] == seen[from]) ++to;
    counts.push_back({seen[from], to - from});
  }
  uint64_t escaped = 1;
  if (counts.size() > kMaxSymbols - 1) {
    std::sort(counts.begin(), counts.end(),
              [](const Count& a, const Count& b) { return a.count > b.count; });
    for (size_t i = kMaxSymbols - 1; i < counts.size(); ++i) escaped += counts[i].count;
    counts.resize(kMaxSymbols - 1);
    std::sort(counts.begin(), counts.end(), [](const Count& a, const Count& b) {
      return signed_less(a.symbol, b.symbol);
    });
  }
  std::vector<uint64_t> symbols;
  std::vector<uint64_t> frequencies;
  for (const Count& known : counts) {
    symbols.push_back(known.symbol);
    frequencies.push_back(known.count);
  }
  frequencies.push_back(escaped);
  std::unique_ptr<EntropyModel> model(
      new EntropyModel(shape, std::move(symbols), slot_shares(frequencies)));
  model->index_symbols();
  return model;
}

void EntropyModel::serialize(std::string* out) const {
  ByteWriter writer(out);
  writer.fixed(static_cast<uint8_t>(shape_.order));
  writer.fixed(shape_.split);
  writer.fixed(static_cast<uint8_t>(shape_.parameter));
  writer.signed_varint(shape_.centre);
  writer.varint(symbols_.size());
  uint64_t before = 0;
  for (size_t i = 0; i < symbols_.size(); ++i) {
    writer.signed_varint(static_cast<int64_t>(symbols_[i] - before));
    before = symbols_[i];
    writer.varint(less_one_[i]);
  }
}

Result<std::unique_ptr<EntropyModel>> EntropyModel::parse(ByteReader& reader) {
  Shape shape;
  shape.order = reader.fixed<uint8_t>();
  const uint8_t split = reader.fixed<uint8_t>();
  shape.parameter = reader.fixed<uint8_t>();
  shape.centre = reader.signed_varint();
  const uint64_t count = reader.count(2);
  const uint32_t limit = split == 0 ? kMaxClassBits : 63;
  if (reader.failed() || shape.order > 2 || split > 1 || shape.parameter > limit ||
      count > kMaxSymbols - 1) {
    return corruption("entropy model of order %u, split %u, parameter %u and %llu symbols",
                      shape.order, split, shape.parameter,
                      static_cast<unsigned long long>(count));
  }
  shape.split = static_cast<Split>(split);
  std::vector<uint64_t> symbols;
  std::vector<uint16_t> less_one;
  uint64_t before = 0;
  uint64_t used = 0;
  for (uint64_t i = 0; i < count; ++i) {
    before += static_cast<uint64_t>(reader.signed_varint());
    const uint64_t share = reader.varint();
    uint64_t base = 0;
    uint8_t bits = 0;
    used += share + 1;
    if (reader.failed() || share >= kSlots || used >= kSlots ||
        !expand_symbol(shape, before, &base, &bits)) {
      return corruption("symbol %llu of an entropy model is out of range",
                        static_cast<unsigned long long>(i));
    }
    symbols.push_back(before);
    less_one.push_back(static_cast<uint16_t>(share));
  }
  less_one.push_back(static_cast<uint16_t>(kSlots - used - 1));
  return std::unique_ptr<EntropyModel>(
      new EntropyModel(shape, std::move(symbols), std::move(less_one)));
}

void EntropyModel::index_symbols() {
  constexpr uint64_t kMostDirect = 1u << 12;
  const uint64_t spread = symbols_.empty() ? 0 : symbols_.back() - symbols_.front();
  if (symbols_.empty() || spread >= kMostDirect) return;
  direct_.assign(spread + 1, static_cast<uint8_t>(symbols_.size()));
  for (size_t i = 0; i < symbols_.size(); ++i) {
    direct_[symbols_[i] - symbols_.front()] = static_cast<uint8_t>(i);
  }
}

uint32_t EntropyModel::symbol_index(uint64_t symbol) const {
  if (!direct_.empty()) {
    const uint64_t at = symbol - symbols_.front();
    return at < direct_.size() ? direct_[at] : static_cast<uint32_t>(symbols_.size());
  }
  const auto at = std::lower_bound(symbols_.begin(), symbols_.end(), symbol, signed_less);
  const bool known = at != symbols_.end() && *at == symbol;
  return static_cast<uint32_t>(known ? at - symbols_.begin()
                                     : static_cast<std::ptrdiff_t>(symbols_.size()));
}

void EntropyModel::encode(const uint64_t* words, uint32_t count, std::string* out) const {
  ByteWriter writer(out);
  Words residuals;
  residuals_of(shape_, words, count, residuals.data());
  if (shape_.order > 0) writer.signed_varint(static_cast<int64_t>(words[0]));
  if (shape_.order > 1) {
    writer.signed_varint(count > 1 ? static_cast<int64_t>(words[1] - words[0]) : 0);
  }
  std::string plain;
  BitWriter bits(&plain);
  std::array<uint8_t, kChunkRows> symbols;
  for (uint32_t i = shape_.order; i < count; ++i) {
    const Piece piece = split_residual(shape_, residuals[i]);
    symbols[i] = static_cast<uint8_t>(symbol_index(piece.symbol));
    if (symbols[i] == symbols_.size()) {
      bits.add(shape_.split == Split::kTop ? residuals[i]
                                           : zigzag(static_cast<int64_t>(residuals[i])),
               64);
    } else {
      bits.add(piece.plain, piece.bits);
    }
  }
  bits.finish();

  // The coder works like a stack: the last symbol goes in first, so that it comes out last.
  std::array<uint32_t, kStates> states;
  states.fill(kLeastState);
  std::array<uint16_t, kChunkRows> stack;
  uint32_t pushed = 0;
  for (uint32_t i = count; i-- > std::min(count, shape_.order);) {
    const uint32_t symbol = symbols[i];
    const uint32_t share = less_one_[symbol] + 1u;
    uint32_t state = states[i % kStates];
    if (state >= static_cast<uint64_t>(share) << (32 - kSlotBits)) {
      stack[pushed++] = static_cast<uint16_t>(state);
      state >>= kStateWordBits;
    }
    states[i % kStates] = ((state / share) << kSlotBits) + state % share + starts_[symbol];
  }
  for (uint32_t state : states) writer.fixed(state);
  writer.varint(pushed);
  while (pushed > 0) writer.fixed(stack[--pushed]);
  writer.bytes(plain);
}

// The next symbol; the state takes a word when it has become small.
inline uint8_t EntropyModel::pop(uint32_t& state, const uint16_t*& next) const {
  const uint32_t slot = slots_[state & (kSlots - 1)];
  state = (((slot >> 8) & (kSlots - 1)) + 1) * (state >> kSlotBits) + (slot >> 20);
  const bool small = state < kLeastState;
  const uint32_t refilled = (state << kStateWordBits) | *next;
  state = small ? refilled : state;
  next += small ? 1 : 0;
  return static_cast<uint8_t>(slot);
}

Status EntropyModel::decode_symbols(ByteReader& reader, uint32_t count, uint8_t* symbols) const {
  std::array<uint32_t, kStates> states;
  for (uint32_t& state : states) state = reader.fixed<uint32_t>();
  const uint64_t word_count = reader.varint();
  if (reader.failed() || word_count > count) return corruption("entropy-coded block ends early");
  const std::string_view bytes = reader.bytes(word_count * sizeof(uint16_t));
  if (reader.failed()) return corruption("entropy-coded block ends early");
  // Each symbol takes at most one word, so the zeros behind them can not run out.
  std::array<uint16_t, kChunkRows> words{};
  if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  const uint16_t* next = words.data();
  uint32_t i = shape_.order;
  for (; i < count && i % kStates != 0; ++i) symbols[i] = pop(states[i % kStates], next);
  // Four states in registers: their chains of loads and multiplications run side by side.
  uint32_t state0 = states[0];
  uint32_t state1 = states[1];
  uint32_t state2 = states[2];
  uint32_t state3 = states[3];
  for (; i + kStates <= count; i += kStates) {
    symbols[i] = pop(state0, next);
    symbols[i + 1] = pop(state1, next);
    symbols[i + 2] = pop(state2, next);
    symbols[i + 3] = pop(state3, next);
  }
  states = {state0, state1, state2, state3};
  for (; i < count; ++i) symbols[i] = pop(states[i % kStates], next);
  bool whole = static_cast<uint64_t>(next - words.data()) == word_count;
  for (uint32_t state : states) whole = whole && state == kLeastState;
  return whole ? Status() : corruption("entropy-coded block does not end where it began");
}

Status EntropyModel::decode_residuals(ByteReader& reader, uint32_t count, const uint8_t* symbols,
                                      uint64_t* words) const {
  size_t total = 0;
  for (uint32_t i = shape_.order; i < count; ++i) total += bits_[symbols[i]];
  const std::string_view bytes = reader.bytes((total + 7) / 8);
  if (reader.failed()) return corruption("plain bits of an entropy-coded block end early");
  // Copied, so that whole words can be read past the end.
  std::array<char, kChunkRows * 8 + 16> padded;
  if (!bytes.empty()) std::memcpy(padded.data(), bytes.data(), bytes.size());
  std::memset(padded.data() + bytes.size(), 0, 16);
  size_t at = 0;
  for (uint32_t i = shape_.order; i < count; ++i) {
    const uint32_t symbol = symbols[i];
    const uint32_t bits = bits_[symbol];
    const uint32_t shift = at % 8;
    uint64_t plain = load_fixed<uint64_t>(padded.data() + at / 8) >> shift;
    // Without branches: the widths of neighbours are hard to foretell.
    plain |= load_fixed<uint64_t>(padded.data() + at / 8 + 8) << 1 << (63 - shift);
    words[i] = bases_[symbol] + (plain & masks_[symbol]);
    at += bits;
  }
  return {};
}

Status EntropyModel::decode(ByteReader& reader, uint32_t count, uint64_t* words) const {
  const uint64_t first = shape_.order > 0 ? static_cast<uint64_t>(reader.signed_varint()) : 0;
  const uint64_t second = shape_.order > 1 ? static_cast<uint64_t>(reader.signed_varint()) : 0;
  std::array<uint8_t, kChunkRows> symbols;
  MOTE_TRY(decode_symbols(reader, count, symbols.data()));
  MOTE_TRY(decode_residuals(reader, count, symbols.data(), words));
  const uint64_t centre = static_cast<uint64_t>(shape_.centre);
  if (shape_.split == Split::kClasses) {
    for (uint32_t i = shape_.order; i < count; ++i) {
      words[i] = static_cast<uint64_t>(unzigzag(words[i])) + centre;
    }
  } else if (centre != 0) {
    for (uint32_t i = shape_.order; i < count; ++i) words[i] += centre;
  }
  if (shape_.order > 1 && count > 1) sum_differences(words + 1, count - 1, second);
  if (shape_.order > 0) sum_differences(words, count, first);
  return {};
}

}  // namespace mote
