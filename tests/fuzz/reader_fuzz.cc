// read_csv, read_json, read_npy: any bytes as the file. MOTE_READER names the function; the input's
// first byte chooses options.
#include "base/check.h"
#include "base/coding.h"
#include "env/simulated_env.h"
#include "fuzz_target.h"
#include "reader/row_source.h"

namespace mote::fuzz {

namespace {

constexpr std::string_view kFunction = MOTE_READER;
constexpr uint32_t kMostChunks = 64;

std::vector<SourceOption> options_of(uint8_t choice) {
  std::vector<SourceOption> options;
  if (kFunction == "read_npy") return options;
  if (choice & 1) options.push_back({"row_number", Value::boolean(true)});
  if (choice & 2) options.push_back({"sample_rows", Value::integer(2)});
  if (kFunction == "read_json") return options;
  if (choice & 4) options.push_back({"header", Value::boolean(false)});
  if (choice & 8) options.push_back({"separator", Value::text(choice & 16 ? " " : ";")});
  if (choice & 32) options.push_back({"comment", Value::text("#")});
  if (choice & 64) options.push_back({"all_text", Value::boolean(true)});
  if (choice & 128) options.push_back({"skip", Value::integer(1)});
  return options;
}

std::string npy(std::string_view header, size_t data_bytes) {
  std::string text(header);
  while ((10 + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  ByteWriter(&file).fixed(static_cast<uint16_t>(text.size()));
  file += text;
  for (size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i * 37);
  return file;
}

}  // namespace

void take(std::span<const std::byte> input) {
  if (input.empty()) return;
  SimulatedEnv env(1);
  MemoryBudget budget(16u << 20);
  MOTE_CHECK(env.create_directory("/files").ok());
  auto file = env.open("/files/x", {OpenMode::kCreate, false});
  MOTE_CHECK(file.ok());
  MOTE_CHECK((*file)->write(0, input.subspan(1)).ok());
  auto files = FileAccess::create(env, "/files");
  MOTE_CHECK(files.ok());
  const Value arguments[] = {Value::text("x")};
  const auto options = options_of(static_cast<uint8_t>(input[0]));
  auto source = open_source(env, *files, kFunction, arguments, options, budget);
  if (!source.ok()) return;
  const std::vector<SourceColumn> columns = (*source)->columns();
  Chunk chunk;
  for (uint32_t i = 0; i < kMostChunks; ++i) {
    const Result<bool> more = (*source)->next(chunk);
    if (!more.ok() || !*more) return;
    MOTE_CHECK(chunk.column_count() == columns.size());
    for (uint32_t c = 0; c < columns.size(); ++c) {
      MOTE_CHECK(chunk.column(c).type() == columns[c].type);
      const std::string first = chunk.column(c).value(0).to_text();
      MOTE_CHECK(first == chunk.column(c).value(0).to_text());
    }
  }
}

std::vector<std::string> seeds() {
  if (kFunction == "read_csv") {
    return {std::string(1, 0) + "a,b,c\n1,2.5,x\n-7,1e9,\"y \"\"z\"\"\n,,\n",
            "\x04"
            "1;2\n3;4\n",
            "\x08"
            "a;b\n2026-01-26T10:00:00Z;true\n1999-12-31 23:59:59;false\n",
            "\x18"
            "a  b c\n 1   2 3\n",
            std::string("\xa0#no\nt\n# c\n99999999999999999999\n"),
            "\x01v\n\"[1,2,3]\"\n\"[0.5,1,2]\"\r\n",
            "\x02\xef\xbb\xbfname\nJ\xc3\xbcrgen\n"};
  }
  if (kFunction == "read_json") {
    return {std::string(1, 0) + "{\"a\":1,\"b\":\"x\",\"c\":[1,2]}\n{\"a\":2.5,\"d\":null}\n",
            "\x01{\"t\":\"2026-01-26T10:00:00Z\",\"v\":true}\n\n{\"t\":\"x\"}\n",
            "\x02{\"o\":{\"k\":{\"z\":[]}},\"u\":\"\\u00e9\\ud83d\\ude00\"}\n", "\x01{}\n"};
  }
  return {"0" + npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", 32),
          "0" + npy("{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2), }", 12),
          "0" + npy("{'descr': '>u4', 'fortran_order': True, 'shape': (2, 2), }", 16),
          "0" + npy("{'descr': [('a', '<i4'), ('b', '<f4', (2,)), ('s', '|S5')], "
                    "'fortran_order': False, 'shape': (3,), }",
                    51),
          "0" + npy("{'descr': '<M8[us]', 'fortran_order': False, 'shape': (2,), }", 16),
          "0" + npy("{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }", 24)};
}

}  // namespace mote::fuzz
