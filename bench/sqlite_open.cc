// The peer of `mote DB -c 'SELECT 1'`: opens a SQLite database in WAL mode, prints one row, ends.
#include <sqlite3.h>

#include <cstdio>

namespace {

int print_row(void*, int columns, char** values, char**) {
  for (int i = 0; i < columns; ++i) std::printf("%s\n", values[i]);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  sqlite3* database = nullptr;
  if (count != 2 || sqlite3_open(arguments[1], &database) != SQLITE_OK) return 1;
  const bool done = sqlite3_exec(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
                                 nullptr, nullptr, nullptr) == SQLITE_OK &&
                    sqlite3_exec(database, "CREATE TABLE IF NOT EXISTS t (a); SELECT 1", print_row,
                                 nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(database);
  return done ? 0 : 1;
}
