// Functions of the calendar, in UTC: date_part and its short names, date_trunc, strftime.
#include "function/lanes.h"
#include "function/registry.h"
#include "function/signature.h"
#include "types/schema.h"
#include "types/text_format.h"

namespace mote {

namespace {

using enum TypeKind;

constexpr int64_t kMicrosecondNs = 1000;
constexpr int64_t kMillisecondNs = 1000 * kMicrosecondNs;
constexpr int64_t kSecondNs = 1000 * kMillisecondNs;
constexpr int64_t kDayNs = 86'400 * kSecondNs;

enum class Field : uint8_t {
  kNanosecond,
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kDayOfWeek,     // Sunday is 0
  kIsoDayOfWeek,  // Monday is 1, Sunday 7
  kDayOfYear,
  kIsoYear,
  kEpoch,
};

struct FieldName {
  std::string_view name;
  Field field;
};

constexpr FieldName kFieldNames[] = {
    {"nanosecond", Field::kNanosecond},
    {"nanoseconds", Field::kNanosecond},
    {"ns", Field::kNanosecond},
    {"microsecond", Field::kMicrosecond},
    {"microseconds", Field::kMicrosecond},
    {"us", Field::kMicrosecond},
    {"millisecond", Field::kMillisecond},
    {"milliseconds", Field::kMillisecond},
    {"ms", Field::kMillisecond},
    {"second", Field::kSecond},
    {"seconds", Field::kSecond},
    {"s", Field::kSecond},
    {"minute", Field::kMinute},
    {"minutes", Field::kMinute},
    {"hour", Field::kHour},
    {"hours", Field::kHour},
    {"day", Field::kDay},
    {"days", Field::kDay},
    {"week", Field::kWeek},
    {"weeks", Field::kWeek},
    {"month", Field::kMonth},
    {"months", Field::kMonth},
    {"quarter", Field::kQuarter},
    {"year", Field::kYear},
    {"years", Field::kYear},
    {"decade", Field::kDecade},
    {"century", Field::kCentury},
    {"dow", Field::kDayOfWeek},
    {"isodow", Field::kIsoDayOfWeek},
    {"doy", Field::kDayOfYear},
    {"isoyear", Field::kIsoYear},
    {"epoch", Field::kEpoch},
};

Result<Field> field_named(std::string_view name) {
  for (const FieldName& known : kFieldNames) {
    if (same_name(known.name, name)) return known.field;
  }
  return invalid_argument(
      "%s is no part of a TIMESTAMP: nanosecond, microsecond, millisecond, second, minute, hour, "
      "day, week, month, quarter, year, decade, century, dow, isodow, doy, isoyear, epoch",
      quoted(name).c_str());
}

int64_t floor_divide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

int64_t days_of(int64_t time) { return floor_divide(time, kDayNs); }

// 1970-01-01 was a Thursday.
int64_t iso_day_of_week(int64_t days) { return (days % 7 + 10) % 7 + 1; }

int64_t start_of_year(int32_t year) {
  // Years 1677 to 2262 begin within the range, but for the first.
  const Result<int64_t> start = timestamp_from_civil({year, 1, 1, 0, 0, 0, 0});
  return start.ok() ? days_of(*start) : days_of(INT64_MIN) - 263;
}

int64_t day_of_year(int64_t days, int32_t year) { return days - start_of_year(year) + 1; }

struct IsoWeek {
  int32_t year;
  int64_t week;
};

// The week of a day is in the year of its Thursday.
IsoWeek iso_week(int64_t time) {
  const int64_t days = days_of(time);
  const int64_t thursday = days + 4 - iso_day_of_week(days);
  int32_t year = civil_from_timestamp(time).year;
  if (thursday < start_of_year(year)) --year;
  if (year < 2262 && thursday >= start_of_year(year + 1)) ++year;
  return {year, (thursday - start_of_year(year)) / 7 + 1};
}

int64_t part_of(Field field, int64_t time) {
  const CivilTime civil = civil_from_timestamp(time);
  const int64_t since_minute = int64_t{civil.second} * kSecondNs + civil.nanosecond;
  switch (field) {
    case Field::kNanosecond: return since_minute;
    case Field::kMicrosecond: return since_minute / kMicrosecondNs;
    case Field::kMillisecond: return since_minute / kMillisecondNs;
    case Field::kSecond: return civil.second;
    case Field::kMinute: return civil.minute;
    case Field::kHour: return civil.hour;
    case Field::kDay: return civil.day;
    case Field::kWeek: return iso_week(time).week;
    case Field::kMonth: return civil.month;
    case Field::kQuarter: return (civil.month - 1) / 3 + 1;
    case Field::kYear: return civil.year;
    case Field::kDecade: return civil.year / 10;
    case Field::kCentury: return (civil.year - 1) / 100 + 1;
    case Field::kDayOfWeek: return iso_day_of_week(days_of(time)) % 7;
    case Field::kIsoDayOfWeek: return iso_day_of_week(days_of(time));
    case Field::kDayOfYear: return day_of_year(days_of(time), civil.year);
    case Field::kIsoYear: return iso_week(time).year;
    case Field::kEpoch: break;
  }
  return floor_divide(time, kSecondNs);
}

// Looks a field up once for each run of equal names.
class FieldReader {
 public:
  explicit FieldReader(const Column& names) : names_(names.lane<std::string_view>()) {}
  Result<Field> field(uint32_t row) {
    const std::string_view name = names_[row];
    if (name != last_name_) {
      MOTE_ASSIGN(last_field_, field_named(name));
      last_name_ = name;
    }
    return last_field_;
  }

 private:
  const std::string_view* names_;
  std::string_view last_name_ = "epoch";
  Field last_field_ = Field::kEpoch;
};

Status date_part(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const times = arguments[1]->lane<int64_t>();
  FieldReader reader(*arguments[0]);
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    MOTE_ASSIGN(const Field field, reader.field(i));
    out.lane<int64_t>()[i] = part_of(field, times[i]);
    return {};
  });
}

template <Field kField>
Status one_part(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const times = arguments[0]->lane<int64_t>();
  return fill_valid_rows(row_count, out,
                         [&](uint32_t i) { out.lane<int64_t>()[i] = part_of(kField, times[i]); });
}

Result<int64_t> truncated(Field field, int64_t time) {
  CivilTime civil = civil_from_timestamp(time);
  const auto back = [time](int64_t unit) -> Result<int64_t> {
    const int64_t rest = (time % unit + unit) % unit;
    int64_t start = 0;
    if (!__builtin_sub_overflow(time, rest, &start)) return start;
    return invalid_argument("date_trunc would leave the range of TIMESTAMP");
  };
  switch (field) {
    case Field::kNanosecond: return time;
    case Field::kMicrosecond: return back(kMicrosecondNs);
    case Field::kMillisecond: return back(kMillisecondNs);
    case Field::kSecond: return back(kSecondNs);
    case Field::kMinute: return back(60 * kSecondNs);
    case Field::kHour: return back(3600 * kSecondNs);
    case Field::kDay: return back(kDayNs);
    case Field::kWeek: {
      MOTE_ASSIGN(const int64_t day, back(kDayNs));
      return add_interval(day, {0, static_cast<int32_t>(1 - iso_day_of_week(days_of(time))), 0});
    }
    case Field::kMonth: break;
    case Field::kQuarter: civil.month = (civil.month - 1) / 3 * 3 + 1; break;
    case Field::kYear: civil.month = 1; break;
    case Field::kDecade:
      civil.month = 1;
      civil.year = civil.year / 10 * 10;
      break;
    case Field::kCentury:
      civil.month = 1;
      civil.year = (civil.year - 1) / 100 * 100 + 1;
      break;
    default:
      return invalid_argument("date_trunc takes nanosecond .. century, not a number in a cycle");
  }
  return timestamp_from_civil({civil.year, civil.month, 1, 0, 0, 0, 0});
}

Status date_trunc(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const times = arguments[1]->lane<int64_t>();
  FieldReader reader(*arguments[0]);
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    MOTE_ASSIGN(const Field field, reader.field(i));
    MOTE_ASSIGN(out.lane<int64_t>()[i], truncated(field, times[i]));
    return {};
  });
}

constexpr const char* kDayNames[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};
constexpr const char* kMonthNames[] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};

// Appends what %`letter` stands for; false when it stands for nothing.
bool append_directive(char letter, int64_t time, const CivilTime& civil, std::string* to) {
  const char* const day_name = kDayNames[iso_day_of_week(days_of(time)) % 7];
  const char* const month_name = kMonthNames[civil.month - 1];
  switch (letter) {
    case 'Y': *to += format_text("%04d", civil.year); return true;
    case 'y': *to += format_text("%02d", civil.year % 100); return true;
    case 'm': *to += format_text("%02u", civil.month); return true;
    case 'd': *to += format_text("%02u", civil.day); return true;
    case 'H': *to += format_text("%02u", civil.hour); return true;
    case 'I': *to += format_text("%02u", (civil.hour + 11) % 12 + 1); return true;
    case 'p': *to += civil.hour < 12 ? "AM" : "PM"; return true;
    case 'M': *to += format_text("%02u", civil.minute); return true;
    case 'S': *to += format_text("%02u", civil.second); return true;
    case 'g': *to += format_text("%03u", civil.nanosecond / 1'000'000); return true;
    case 'f': *to += format_text("%06u", civil.nanosecond / 1'000); return true;
    case 'n': *to += format_text("%09u", civil.nanosecond); return true;
    case 'j':
      *to += format_text("%03lld", static_cast<long long>(part_of(Field::kDayOfYear, time)));
      return true;
    case 'V':
      *to += format_text("%02lld", static_cast<long long>(iso_week(time).week));
      return true;
    case 'G': *to += format_text("%04d", iso_week(time).year); return true;
    case 'u':
    case 'w':
      *to +=
          format_text("%lld", static_cast<long long>(part_of(
                                  letter == 'u' ? Field::kIsoDayOfWeek : Field::kDayOfWeek, time)));
      return true;
    case 's': *to += std::to_string(floor_divide(time, kSecondNs)); return true;
    case 'a': to->append(day_name, 3); return true;
    case 'A': *to += day_name; return true;
    case 'b': to->append(month_name, 3); return true;
    case 'B': *to += month_name; return true;
    case 'F': *to += format_text("%04d-%02u-%02u", civil.year, civil.month, civil.day); return true;
    case 'T':
      *to += format_text("%02u:%02u:%02u", civil.hour, civil.minute, civil.second);
      return true;
    case '%': *to += '%'; return true;
    default: return false;
  }
}

Status append_formatted(std::string_view format, int64_t time, std::string* to) {
  const CivilTime civil = civil_from_timestamp(time);
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      *to += format[i];
      continue;
    }
    const char letter = ++i < format.size() ? format[i] : ' ';
    if (append_directive(letter, time, civil, to)) continue;
    return invalid_argument(
        "strftime knows %%Y %%y %%m %%d %%H %%I %%p %%M %%S %%g %%f %%n %%j %%V %%G %%u %%w %%s "
        "%%a %%A %%b %%B %%F %%T and %%%%, not what is in %s",
        quoted(format).c_str());
  }
  return {};
}

// kFormat: which argument is the format.
template <size_t kFormat>
Status strftime(const FunctionContext&, Arguments arguments, uint32_t row_count, Column& out) {
  const auto* const formats = arguments[kFormat]->lane<std::string_view>();
  const auto* const times = arguments[1 - kFormat]->lane<int64_t>();
  std::string text;
  return each_valid_row(row_count, out, [&](uint32_t i) -> Status {
    text.clear();
    MOTE_TRY(append_formatted(formats[i], times[i], &text));
    out.lane<std::string_view>()[i] = out.store(text);
    return {};
  });
}

template <Field kField>
constexpr ScalarFunction part(std::string_view name) {
  return passing(name, "(TIMESTAMP)", takes<kInteger, kTimestamp>, one_part<kField>, 1);
}

constexpr std::string_view kFieldAndTime = "('field', TIMESTAMP)";

constexpr ScalarFunction kTable[] = {
    passing("date_part", kFieldAndTime, takes<kInteger, kText, kTimestamp>, date_part, 2),
    passing("extract", kFieldAndTime, takes<kInteger, kText, kTimestamp>, date_part, 2),
    passing("date_trunc", kFieldAndTime, takes<kTimestamp, kText, kTimestamp>, date_trunc, 2),
    passing("strftime", "('format', TIMESTAMP)", takes<kText, kText, kTimestamp>, strftime<0>, 2),
    passing("strftime", "(TIMESTAMP, 'format')", takes<kText, kTimestamp, kText>, strftime<1>, 2),
    part<Field::kYear>("year"),
    part<Field::kMonth>("month"),
    part<Field::kDay>("day"),
    part<Field::kHour>("hour"),
    part<Field::kMinute>("minute"),
    part<Field::kSecond>("second"),
    part<Field::kDayOfWeek>("dayofweek"),
    part<Field::kDayOfYear>("dayofyear"),
};

}  // namespace

std::span<const ScalarFunction> calendar_functions() { return kTable; }

}  // namespace mote
