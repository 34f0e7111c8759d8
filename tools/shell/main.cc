// mote, the shell: SQL in, rows out. `mote --help` says how.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "demo.h"
#include "mote/mote.h"
#include "runner.h"

namespace {

constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

constexpr char kUsage[] =
    "usage: mote [options] DB [-c SQL].. [-f FILE]..\n"
    "       mote demo [DIRECTORY]\n"
    "\n"
    "Runs SQL against the database in directory DB, which is made when it is not there. Without "
    "-c\n"
    "and -f, reads standard input, statement by statement.\n"
    "\n"
    "  -c SQL            run this text\n"
    "  -f FILE           run this file; - is standard input\n"
    "  --readonly        open for reading only\n"
    "  --sync=MODE       when a commit is acknowledged: sync (default), group:MS or async\n"
    "  --memory=SIZE     the budget of memory, such as 64MB (default)\n"
    "  --files DIR       the directory that read_csv, COPY and the like may reach (default: .)\n"
    "  --csv --json --box  how rows are written; default: box on a terminal, else CSV\n"
    "  --timer           write the time that each statement took to standard error\n"
    "  --version         what this build is\n";

struct Work {
  bool is_file = false;
  std::string text;  // SQL, or a file's name
};

struct Arguments {
  mote_options options;
  std::string files_directory = ".";
  std::optional<shell::Format> format;
  bool timer = false;
  std::string database;
  std::vector<Work> work;
};

int usage_error(const std::string& message) {
  std::fprintf(stderr, "mote: %s\n%s", message.c_str(), kUsage);
  return kExitUsage;
}

bool parse_number(std::string_view text, uint64_t* value, std::string_view* rest) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error != std::errc()) return false;
  *rest = text.substr(static_cast<size_t>(end - text.data()));
  return true;
}

bool parse_sync(std::string_view text, mote_options* options) {
  if (text == "sync") {
    options->sync = MOTE_SYNC;
  } else if (text == "async") {
    options->sync = MOTE_SYNC_ASYNC;
  } else if (text.substr(0, 6) == "group:") {
    uint64_t ms = 0;
    std::string_view rest;
    if (!parse_number(text.substr(6), &ms, &rest) || !rest.empty() || ms == 0 || ms > 60'000) {
      return false;
    }
    options->sync = MOTE_SYNC_GROUP;
    options->group_ms = static_cast<uint32_t>(ms);
  } else {
    return false;
  }
  return true;
}

// 64MB, 512KB, 1GB, 65536; all powers of two.
bool parse_size(std::string_view text, uint64_t* size) {
  std::string_view unit;
  if (!parse_number(text, size, &unit)) return false;
  const struct {
    const char* name;
    int shift;
  } units[] = {{"", 0},    {"B", 0},    {"K", 10}, {"KB", 10}, {"KiB", 10}, {"M", 20},
               {"MB", 20}, {"MiB", 20}, {"G", 30}, {"GB", 30}, {"GiB", 30}};
  for (const auto& known : units) {
    if (unit != known.name) continue;
    if (*size > (UINT64_MAX >> known.shift)) return false;
    *size <<= known.shift;
    return true;
  }
  return false;
}

// Returns an exit code when the program is to end here.
std::optional<int> parse_arguments(int count, char** values, Arguments* out) {
  enum { kReadonly = 256, kSync, kMemory, kFiles, kCsv, kJson, kBox, kTimer, kVersion, kHelp };
  const option known[] = {{"readonly", no_argument, nullptr, kReadonly},
                          {"sync", required_argument, nullptr, kSync},
                          {"memory", required_argument, nullptr, kMemory},
                          {"files", required_argument, nullptr, kFiles},
                          {"csv", no_argument, nullptr, kCsv},
                          {"json", no_argument, nullptr, kJson},
                          {"box", no_argument, nullptr, kBox},
                          {"timer", no_argument, nullptr, kTimer},
                          {"version", no_argument, nullptr, kVersion},
                          {"help", no_argument, nullptr, kHelp},
                          {nullptr, 0, nullptr, 0}};
  opterr = 0;
  for (int letter; (letter = getopt_long(count, values, ":c:f:h", known, nullptr)) != -1;) {
    switch (letter) {
      case 'c': out->work.push_back({false, optarg}); break;
      case 'f': out->work.push_back({true, optarg}); break;
      case kReadonly: out->options.read_only = 1; break;
      case kSync:
        if (!parse_sync(optarg, &out->options)) {
          return usage_error(std::string("--sync=") + optarg + " is not sync, group:MS or async");
        }
        break;
      case kMemory:
        if (!parse_size(optarg, &out->options.memory_bytes)) {
          return usage_error(std::string("--memory=") + optarg + " is not a size such as 64MB");
        }
        break;
      case kFiles: out->files_directory = optarg; break;
      case kCsv: out->format = shell::Format::kCsv; break;
      case kJson: out->format = shell::Format::kJson; break;
      case kBox: out->format = shell::Format::kBox; break;
      case kTimer: out->timer = true; break;
      case kVersion: std::printf("mote %s (%s)\n", mote_version(), mote_build_features()); return 0;
      case 'h':
      case kHelp: std::fputs(kUsage, stdout); return 0;
      case ':': return usage_error(std::string(values[optind - 1]) + " needs a value");
      default: return usage_error(std::string("unknown option ") + values[optind - 1]);
    }
  }
  if (optind == count) return usage_error("the database is not named");
  out->database = values[optind++];
  if (optind != count) return usage_error(std::string("unexpected argument ") + values[optind]);
  out->options.files_directory = out->files_directory.c_str();
  return std::nullopt;
}

bool read_file(const std::string& name, std::string* text) {
  FILE* file = name == "-" ? stdin : std::fopen(name.c_str(), "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "error: file '%s': %s\n", name.c_str(), strerror(errno));
    return false;
  }
  char piece[64 * 1024];
  size_t size;
  while ((size = std::fread(piece, 1, sizeof piece, file)) > 0) text->append(piece, size);
  const bool good = std::ferror(file) == 0;
  if (!good) std::fprintf(stderr, "error: file '%s': %s\n", name.c_str(), strerror(errno));
  if (file != stdin) std::fclose(file);
  return good;
}

mote_connection* interrupted_connection = nullptr;

// An interrupt at the terminal ends the statement, not the shell.
void take_interrupts(mote_connection* connection) {
  interrupted_connection = connection;
  struct sigaction action {};
  action.sa_handler = [](int) { mote_interrupt(interrupted_connection); };
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

bool run_work(const Arguments& arguments, mote_connection* connection) {
  const bool output_is_terminal = isatty(STDOUT_FILENO) == 1;
  const shell::Format format =
      arguments.format.value_or(output_is_terminal ? shell::Format::kBox : shell::Format::kCsv);
  shell::Runner runner(connection, format, arguments.timer);
  if (arguments.work.empty()) {
    const bool interactive = isatty(STDIN_FILENO) == 1;
    if (interactive) take_interrupts(connection);
    return runner.run_input(interactive);
  }
  for (const Work& work : arguments.work) {
    std::string text;
    if (work.is_file && !read_file(work.text, &text)) return false;
    if (!runner.run(work.is_file ? text : work.text)) return false;
  }
  return true;
}

int report_failure(const std::string& about) {
  std::fprintf(stderr, "error: %s%s\n", about.c_str(), mote_error_message());
  return kExitError;
}

int run_shell(const Arguments& arguments) {
  mote_database* database = nullptr;
  if (mote_open(arguments.database.c_str(), &arguments.options, &database) != MOTE_OK) {
    return report_failure("");
  }
  mote_connection* connection = nullptr;
  int code = kExitError;
  if (mote_connect(database, nullptr, &connection) != MOTE_OK) {
    code = report_failure("");
  } else {
    code = run_work(arguments, connection) ? 0 : kExitError;
    mote_disconnect(connection);
  }
  if (mote_close(database) != MOTE_OK && code == 0) code = report_failure("close: ");
  mote_database_free(database);
  return code;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count >= 2 && strncmp(arguments[1], "demo", 4) == 0) {
    if (std::optional<int> code = shell::run_demo(argument_count - 1, arguments + 1)) return *code;
  }
  Arguments parsed;
  mote_options_init(&parsed.options);
  if (const std::optional<int> code = parse_arguments(argument_count, arguments, &parsed)) {
    return *code;
  }
  return run_shell(parsed);
}
