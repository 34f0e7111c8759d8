// Times and spans as text, and calendar arithmetic.
#include <charconv>
#include <limits>

#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

int64_t floor_divide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

// Days since 1970-01-01 of a civil date, and back: Howard Hinnant, "chrono-Compatible Low-Level
// Date Algorithms".
int64_t days_from_civil(int64_t year, uint32_t month, uint32_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = floor_divide(year, 400);
  const auto year_of_era = static_cast<int64_t>(year - era * 400);
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void civil_from_days(int64_t days, int32_t* year, uint32_t* month, uint32_t* day) {
  days += 719468;
  const int64_t era = floor_divide(days, 146097);
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  *day = static_cast<uint32_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  *month = static_cast<uint32_t>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  *year = static_cast<int32_t>(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

uint32_t days_in_month(int64_t year, uint32_t month) {
  constexpr uint32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

Status bad_text(std::string_view text, const char* rule) {
  const std::string shown(text.substr(0, 40));
  return invalid_argument("'%s%s' %s", shown.c_str(), text.size() > 40 ? ".." : "", rule);
}

Result<int64_t> narrowed(__int128 nanoseconds) {
  if (nanoseconds < std::numeric_limits<int64_t>::min() ||
      nanoseconds > std::numeric_limits<int64_t>::max()) {
    return invalid_argument("time is outside 1677-09-21 .. 2262-04-11, the range of TIMESTAMP");
  }
  return static_cast<int64_t>(nanoseconds);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// Reads fixed pieces of a text from the left.
class PieceReader {
 public:
  explicit PieceReader(std::string_view text) : text_(text) {}
  bool at_end() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` decimal digits.
  bool take_digits(uint32_t digits, uint32_t* value) {
    if (text_.size() < digits) return false;
    *value = 0;
    for (uint32_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      *value = *value * 10 + static_cast<uint32_t>(text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  // One to nine digits behind a point, as nanoseconds; further digits must be zero.
  bool take_fraction(uint32_t* nanoseconds) {
    *nanoseconds = 0;
    uint32_t scale = 100'000'000;
    size_t at = 0;
    for (; at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; ++at) {
      const auto digit = static_cast<uint32_t>(text_[at] - '0');
      if (at >= 9 && digit != 0) return false;
      *nanoseconds += digit * scale;
      scale /= 10;
    }
    text_.remove_prefix(at);
    return at > 0;
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

// hh:mm[:ss[.fraction]]
bool take_clock(PieceReader& reader, CivilTime* civil) {
  if (!reader.take_digits(2, &civil->hour) || !reader.take(':') ||
      !reader.take_digits(2, &civil->minute)) {
    return false;
  }
  if (reader.take(':')) {
    if (!reader.take_digits(2, &civil->second)) return false;
    if ((reader.take('.') || reader.take(',')) && !reader.take_fraction(&civil->nanosecond)) {
      return false;
    }
  }
  return civil->hour < 24 && civil->minute < 60 && civil->second < 60;
}

// Z, +hh, +hhmm or +hh:mm, in minutes east of UTC.
bool take_zone(PieceReader& reader, int64_t* minutes_east) {
  *minutes_east = 0;
  if (reader.at_end() || reader.take('Z') || reader.take('z')) return true;
  const bool west = reader.take('-');
  if (!west && !reader.take('+')) return false;
  uint32_t hours = 0;
  uint32_t minutes = 0;
  if (!reader.take_digits(2, &hours)) return false;
  const bool colon = reader.take(':');
  if ((colon || !reader.at_end()) && !reader.take_digits(2, &minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  *minutes_east = (west ? -1 : 1) * static_cast<int64_t>(hours * 60 + minutes);
  return true;
}

bool is_integer(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

CivilTime civil_from_timestamp(int64_t nanoseconds) {
  CivilTime civil{};
  const int64_t days = floor_divide(nanoseconds, kDay);
  const int64_t rest = (nanoseconds % kDay + kDay) % kDay;
  civil_from_days(days, &civil.year, &civil.month, &civil.day);
  civil.hour = static_cast<uint32_t>(rest / kHour);
  civil.minute = static_cast<uint32_t>(rest / kMinute % 60);
  civil.second = static_cast<uint32_t>(rest / kSecond % 60);
  civil.nanosecond = static_cast<uint32_t>(rest % kSecond);
  return civil;
}

Result<int64_t> timestamp_from_civil(const CivilTime& civil) {
  const __int128 days = days_from_civil(civil.year, civil.month, civil.day);
  const __int128 rest = static_cast<__int128>(civil.hour) * kHour + civil.minute * kMinute +
                        civil.second * kSecond + civil.nanosecond;
  return narrowed(days * kDay + rest);
}

Result<int64_t> add_interval(int64_t timestamp, Interval interval) {
  __int128 result = timestamp;
  if (interval.months != 0) {
    const CivilTime civil = civil_from_timestamp(timestamp);
    const int64_t months = int64_t{civil.year} * 12 + civil.month - 1 + interval.months;
    const int64_t year = floor_divide(months, 12);
    const auto month = static_cast<uint32_t>(months - year * 12 + 1);
    const uint32_t day = std::min(civil.day, days_in_month(year, month));
    const int64_t moved =
        days_from_civil(year, month, day) - days_from_civil(civil.year, civil.month, civil.day);
    result += static_cast<__int128>(moved) * kDay;
  }
  result += static_cast<__int128>(interval.days) * kDay + interval.nanoseconds;
  return narrowed(result);
}

void append_timestamp(int64_t nanoseconds, std::string* out) {
  const CivilTime civil = civil_from_timestamp(nanoseconds);
  *out += format_text("%04d-%02u-%02uT%02u:%02u:%02u", civil.year, civil.month, civil.day,
                      civil.hour, civil.minute, civil.second);
  if (civil.nanosecond != 0) {
    std::string fraction = format_text(".%09u", civil.nanosecond);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    *out += fraction;
  }
  *out += 'Z';
}

Result<int64_t> parse_timestamp(std::string_view text) {
  const std::string_view whole = trimmed(text);
  if (is_integer(whole)) return parse_integer(whole);
  constexpr const char* kRule = "is not a TIMESTAMP like 2026-01-26T10:00:00.5Z";
  PieceReader reader(whole);
  CivilTime civil{};
  uint32_t year = 0;
  int64_t minutes_east = 0;
  const bool negative = reader.take('-');
  if (!reader.take_digits(4, &year) || !reader.take('-') || !reader.take_digits(2, &civil.month) ||
      !reader.take('-') || !reader.take_digits(2, &civil.day) || negative) {
    return bad_text(text, kRule);
  }
  civil.year = static_cast<int32_t>(year);
  if (!reader.at_end()) {
    if (!reader.take('T') && !reader.take('t') && !reader.take(' ')) return bad_text(text, kRule);
    if (!take_clock(reader, &civil) || !take_zone(reader, &minutes_east) || !reader.at_end()) {
      return bad_text(text, kRule);
    }
  }
  if (civil.month < 1 || civil.month > 12 || civil.day < 1 ||
      civil.day > days_in_month(year, civil.month)) {
    return bad_text(text, "names a day that is not in the calendar");
  }
  const __int128 days = days_from_civil(civil.year, civil.month, civil.day);
  const __int128 rest = static_cast<__int128>(civil.hour) * kHour + civil.minute * kMinute +
                        civil.second * kSecond + civil.nanosecond;
  return narrowed(days * kDay + rest - static_cast<__int128>(minutes_east) * kMinute);
}

void append_interval(Interval value, std::string* out) {
  const size_t before = out->size();
  const auto part = [&](int64_t count, const char* unit) {
    if (count == 0) return;
    if (out->size() > before) *out += ' ';
    *out += format_text("%lld %s%s", static_cast<long long>(count), unit,
                        count == 1 || count == -1 ? "" : "s");
  };
  part(value.months / 12, "year");
  part(value.months % 12, "month");
  part(value.days, "day");
  if (value.nanoseconds == 0 && out->size() > before) return;
  if (out->size() > before) *out += ' ';
  const bool negative = value.nanoseconds < 0;
  const uint64_t rest = negative ? 0 - static_cast<uint64_t>(value.nanoseconds)
                                 : static_cast<uint64_t>(value.nanoseconds);
  *out += format_text("%s%02llu:%02llu:%02llu", negative ? "-" : "",
                      static_cast<unsigned long long>(rest / kHour),
                      static_cast<unsigned long long>(rest / kMinute % 60),
                      static_cast<unsigned long long>(rest / kSecond % 60));
  if (rest % kSecond != 0) {
    std::string fraction = format_text(".%09llu", static_cast<unsigned long long>(rest % kSecond));
    fraction.erase(fraction.find_last_not_of('0') + 1);
    *out += fraction;
  }
}

namespace {

struct Unit {
  std::string_view name;
  int64_t months, days, nanoseconds;
};
constexpr Unit kUnits[] = {
    {"ns", 0, 0, 1},           {"nanosecond", 0, 0, 1},
    {"us", 0, 0, 1000},        {"microsecond", 0, 0, 1000},
    {"ms", 0, 0, 1'000'000},   {"millisecond", 0, 0, 1'000'000},
    {"s", 0, 0, kSecond},      {"sec", 0, 0, kSecond},
    {"second", 0, 0, kSecond}, {"min", 0, 0, kMinute},
    {"minute", 0, 0, kMinute}, {"h", 0, 0, kHour},
    {"hour", 0, 0, kHour},     {"d", 0, 1, 0},
    {"day", 0, 1, 0},          {"week", 0, 7, 0},
    {"month", 1, 0, 0},        {"year", 12, 0, 0},
};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (same_name(unit.name, name)) return &unit;
    if (name.size() == unit.name.size() + 1 && (name.back() == 's' || name.back() == 'S') &&
        same_name(unit.name, name.substr(0, unit.name.size()))) {
      return &unit;
    }
  }
  return nullptr;
}

// Sums the parts of an interval and refuses what does not fit.
struct IntervalSum {
  __int128 months = 0;
  __int128 days = 0;
  __int128 nanoseconds = 0;

  // count may have a fraction only where the unit is an exact time.
  bool add(double count, std::string_view digits, const Unit& unit) {
    int64_t whole = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
    if (error == std::errc() && end == digits.data() + digits.size()) {
      months += static_cast<__int128>(whole) * unit.months;
      days += static_cast<__int128>(whole) * unit.days;
      nanoseconds += static_cast<__int128>(whole) * unit.nanoseconds;
      return true;
    }
    if (unit.months != 0 || !(count > -1e15 && count < 1e15)) return false;
    const double length = static_cast<double>(unit.nanoseconds + unit.days * kDay);
    const double product = count * length;
    nanoseconds += static_cast<__int128>(product < 0 ? product - 0.5 : product + 0.5);
    return true;
  }
};

// [-]hh:mm[:ss[.fraction]]
bool add_clock(std::string_view word, IntervalSum* sum) {
  const bool negative = word.starts_with('-');
  if (negative) word.remove_prefix(1);
  const size_t colon = word.find(':');
  uint64_t hours = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + colon, hours);
  if (error != std::errc() || end != word.data() + colon || hours > 10'000'000) return false;
  PieceReader reader(word.substr(colon + 1));
  uint32_t minutes = 0;
  uint32_t seconds = 0;
  uint32_t nanoseconds = 0;
  if (!reader.take_digits(2, &minutes)) return false;
  if (reader.take(':') && !reader.take_digits(2, &seconds)) return false;
  if (reader.take('.') && !reader.take_fraction(&nanoseconds)) return false;
  if (!reader.at_end() || minutes > 59 || seconds > 59) return false;
  const __int128 length =
      static_cast<__int128>(hours) * kHour + minutes * kMinute + seconds * kSecond + nanoseconds;
  sum->nanoseconds += negative ? -length : length;
  return true;
}

}  // namespace

Result<Interval> parse_interval(std::string_view text) {
  constexpr const char* kRule = "is not an INTERVAL like '20 ms' or '1 day 02:30:00'";
  IntervalSum sum;
  std::string_view rest = trimmed(text);
  if (rest.empty()) return bad_text(text, kRule);
  const auto take_word = [&rest](std::string_view stop) {
    const size_t end = std::min(rest.find_first_of(stop), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    return word;
  };
  while (!rest.empty()) {
    const std::string_view until_blank = rest.substr(0, rest.find(' '));
    if (until_blank.find(':') != std::string_view::npos) {
      if (!add_clock(take_word(" "), &sum)) return bad_text(text, kRule);
      continue;
    }
    // A number, its unit attached or behind a blank. 'e' is no exponent here: 3e5 is not a usual
    // span.
    const size_t digits_end = std::min(rest.find_first_not_of("+-0123456789."), rest.size());
    std::string_view digits = rest.substr(0, digits_end);
    rest.remove_prefix(digits_end);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const Result<double> count = parse_float(digits);
    const Unit* const unit = find_unit(take_word(" +-0123456789"));
    if (!count.ok() || unit == nullptr || !sum.add(*count, digits, *unit)) {
      return bad_text(text, kRule);
    }
  }
  if (sum.months != static_cast<int32_t>(sum.months) ||
      sum.days != static_cast<int32_t>(sum.days) ||
      sum.nanoseconds != static_cast<int64_t>(sum.nanoseconds)) {
    return bad_text(text, "is longer than an INTERVAL can be");
  }
  return Interval{static_cast<int32_t>(sum.months), static_cast<int32_t>(sum.days),
                  static_cast<int64_t>(sum.nanoseconds)};
}

}  // namespace mote
