/* A robot's IMU in C: a table, rows from a loop that never waits, and a question at the end.
 *
 * usage: imu DIRECTORY
 */
#include <mote/mote.h>
#include <stdio.h>
#include <stdlib.h>

static void check(mote_code code, const char* what) {
  if (code == MOTE_OK) return;
  fprintf(stderr, "%s: %s: %s\n", what, mote_code_name(code), mote_error_message());
  exit(1);
}

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    fprintf(stderr, "usage: imu DIRECTORY\n");
    return 2;
  }
  mote_database* database = NULL;
  mote_connection* connection = NULL;
  check(mote_open(arguments[1], NULL, &database), "open");
  check(mote_connect(database, NULL, &connection), "connect");
  check(mote_execute(connection,
                     "CREATE TABLE IF NOT EXISTS imu (ts TIMESTAMP, ax FLOAT, ay FLOAT, az FLOAT)",
                     MOTE_ZERO_TERMINATED),
        "create");

  mote_appender_options options;
  mote_appender_options_init(&options);
  options.on_full = MOTE_DROP_OLDEST; /* the loop never waits */
  mote_appender* imu = NULL;
  check(mote_appender_open(database, "imu", &options, &imu), "appender");
  mote_ack last = 0;
  for (int i = 0; i < 1000; ++i) {
    mote_append_begin(imu);
    mote_append_integer(imu, mote_now_ns());
    mote_append_float(imu, 0.01 * i);
    mote_append_float(imu, 0.0);
    mote_append_float(imu, 9.81);
    check(mote_append_end(imu, &last), "append");
  }
  check(mote_ack_wait(imu, last, 1000000000), "wait"); /* durable, not merely taken */
  mote_appender_close(imu);

  mote_statement* statement = NULL;
  check(mote_prepare(connection, "SELECT count(*), max(ax) FROM imu WHERE az > ?",
                     MOTE_ZERO_TERMINATED, &statement, NULL),
        "prepare");
  check(mote_bind_float(statement, 1, 9.0), "bind");
  mote_code code;
  while ((code = mote_step(statement)) == MOTE_ROW) {
    printf("%lld rows, greatest ax %.2f\n", (long long)mote_column_integer(statement, 0),
           mote_column_float(statement, 1));
  }
  if (code != MOTE_DONE) check(code, "step");
  mote_finalize(statement);
  mote_disconnect(connection);
  check(mote_close(database), "close");
  mote_database_free(database);
  return 0;
}
