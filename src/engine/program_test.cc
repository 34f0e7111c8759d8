// Random programs against std::maps, and power cuts during them.
#include <cstdlib>

#include "engine/crash_for_tests.h"
#include "env/faulty_env.h"

namespace mote {
namespace {

bool is_long() { return std::getenv("MOTE_TEST_LONG") != nullptr; }

TEST(Program, LeavesWhatAModelHas) {
  const uint32_t seeds = is_long() ? 400 : 12;
  for (uint32_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedEnv env(seed);
    ProgramRunner runner(env, small_options());
    ASSERT_OK(runner.open());
    const Program program = random_program(seed, 60);
    for (const Step& step : program) {
      SCOPED_TRACE(name_of(step.act));
      ASSERT_OK(runner.run(step));
      Result<Model> model = read_model(runner.db());
      ASSERT_EQ(shown(model.status()), "OK");
      ASSERT_TRUE(*model == runner.model());
    }
    expect_state(runner.db(), runner.model());
    ASSERT_OK(runner.run({Act::kReopen, 0}));
    expect_state(runner.db(), runner.model());
  }
}

// Every program of one act behind a little data, every call, every policy.
TEST(Crash, EveryCallOfEachActLeavesAPrefix) {
  uint64_t images = 0;
  for (uint32_t act = 0; act < kActs; ++act) {
    const Program program = {{Act::kInsert, 7}, {static_cast<Act>(act), 4}};
    SCOPED_TRACE(text_of(program));
    RecordedRun run(act);
    record_run(program, small_options(), &run);
    images += enumerate_crashes(run, small_options(), is_long() ? 1 : 2, act);
    if (HasFatalFailure()) return;
  }
  printf("%llu crash images\n", static_cast<unsigned long long>(images));
}

TEST(Crash, EveryProgramOfThreeActsLeavesAPrefix) {
  // All of them in the long form; in the short one a sample, with a sample of the calls.
  std::mt19937 random(1);
  uint64_t images = 0;
  const uint32_t programs = kActs * kActs * kActs;
  for (uint32_t number = 0; number < programs; ++number) {
    if (!is_long() && random() % 100 != 0) continue;
    const Program program = {{static_cast<Act>(number % kActs), number % 7},
                             {static_cast<Act>(number / kActs % kActs), number % 11},
                             {static_cast<Act>(number / kActs / kActs), number % 13}};
    SCOPED_TRACE(text_of(program));
    RecordedRun run(number);
    record_run(program, small_options(), &run);
    images += enumerate_crashes(run, small_options(), is_long() ? 1 : 7, number);
    if (HasFatalFailure()) return;
  }
  printf("%llu crash images\n", static_cast<unsigned long long>(images));
}

// What programs of three acts are too short for.
void expect_prefixes(const Program& program, uint32_t every) {
  SCOPED_TRACE(text_of(program));
  RecordedRun run(program.size());
  record_run(program, small_options(), &run);
  enumerate_crashes(run, small_options(), every, 1);
}

TEST(Crash, AReplacedDeleteSetLeavesAPrefix) {
  expect_prefixes({{Act::kInsert, 20},
                   {Act::kErase, 0},
                   {Act::kCheckpoint, 0},
                   {Act::kErase, 2},
                   {Act::kCheckpoint, 0},
                   {Act::kErase, 4},
                   {Act::kVacuum, 0}},
                  1);
}

TEST(Crash, AnAsynchronousCommitThatIsFlushedLeavesAPrefix) {
  expect_prefixes({{Act::kInsert, 4}, {Act::kAsync, 4}, {Act::kCheckpoint, 0}, {Act::kInsert, 2}},
                  1);
}

// Log files are filled, released and used again, and a replay fills memtables.
TEST(Crash, ReusedLogFilesLeaveAPrefix) {
  Program program;
  for (uint32_t round = 0; round < 3; ++round) {
    for (uint32_t i = 0; i < 9; ++i) program.push_back({Act::kWide, round + i});
    program.push_back({Act::kErase, round});
    program.push_back({Act::kCheckpoint, 0});
  }
  expect_prefixes(program, is_long() ? 1 : 17);
}

TEST(Crash, LongRandomProgramsLeaveAPrefix) {
  const uint32_t seeds = is_long() ? 200 : 4;
  for (uint32_t seed = 100; seed < 100 + seeds; ++seed) {
    const Program program = random_program(seed, 30);
    SCOPED_TRACE(std::to_string(seed) + ": " + text_of(program));
    RecordedRun run(seed);
    record_run(program, small_options(), &run);
    enumerate_crashes(run, small_options(), is_long() ? 3 : 41, seed);
    if (HasFatalFailure()) return;
  }
}

// Power fails in the first call of the program's last step, again during recovery, at each of its
// calls, and then once more.
void cut_recovery_short(const Program& program, uint64_t most_cuts) {
  SCOPED_TRACE(text_of(program));
  RecordedRun run(3);
  record_run(program, small_options(), &run);
  const size_t steps = program.size();
  const auto torn =
      run.env.crash_image_during(run.calls[steps - 1] + 1, PowerLoss::kTornSectors, 5);
  for (uint64_t cut = 1; cut < most_cuts; ++cut) {
    SCOPED_TRACE(cut);
    auto again = torn->crash_image(PowerLoss::kKeepAll, cut);
    again->cut_power_at(cut);
    {
      Result<std::unique_ptr<Database>> db = Database::open(*again, "db", small_options());
      if (db.ok() && !again->power_is_off()) return;
    }
    for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
      SCOPED_TRACE(policy);
      auto image = again->crash_image(static_cast<PowerLoss>(policy), cut);
      expect_recovered(*image, small_options(), run, steps - 1, steps);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
  FAIL() << "recovery takes more calls than " << most_cuts;
}

TEST(Crash, RecoveryMayBeCutShortAgainAndAgain) {
  cut_recovery_short({{Act::kInsert, 7},
                      {Act::kCheckpoint, 0},
                      {Act::kUpdate, 1},
                      {Act::kLarge, 2},
                      {Act::kDrop, 2}},
                     200);
}

TEST(Crash, RecoveryThatFillsMemtablesMayBeCutShort) {
  Program program(7, {Act::kWide, 1});
  program.push_back({Act::kInsert, 3});
  cut_recovery_short(program, 400);
}

// The n-th call fails, once or for ever: errors come back as such, what was acknowledged is there
// after a reopen, and what was refused is there wholly or not at all.
void run_with_fault(const Program& program, uint64_t call, Fault fault, bool for_ever,
                    bool* fired) {
  SimulatedEnv machine(call);
  FaultyEnv env(machine);
  ProgramRunner runner(env, small_options());
  ASSERT_OK(runner.open());
  env.arm(call, fault, for_ever);
  std::vector<Model> allowed;
  allowed.push_back(runner.model());
  for (const Step& step : program) {
    const Status status = runner.run(step);
    if (!status.ok()) allowed.push_back(runner.if_done());
    if (status.ok()) allowed.assign(1, runner.model());
    if (!runner.is_open()) break;
    if (status.code() == Code::kReadOnly || status.code() == Code::kIoError) break;
  }
  *fired = env.fired();
  env.disarm();
  runner.forget();
  Result<std::unique_ptr<Database>> db = Database::open(env, "db", small_options());
  ASSERT_EQ(shown(db.status()), "OK");
  Result<Model> model = read_model(**db);
  ASSERT_EQ(shown(model.status()), "OK");
  const bool found = std::find(allowed.begin(), allowed.end(), *model) != allowed.end();
  ASSERT_TRUE(found);
  std::vector<std::string> problems;
  ASSERT_OK((*db)->check(&problems));
  ASSERT_EQ(problems, std::vector<std::string>());
}

TEST(Faults, AFailedCallLosesNothingAcknowledged) {
  const Program program = {{Act::kInsert, 7}, {Act::kBlob, 3},   {Act::kCheckpoint, 0},
                           {Act::kUpdate, 1}, {Act::kLarge, 2},  {Act::kVacuum, 0},
                           {Act::kDrop, 4},   {Act::kReopen, 0}, {Act::kInsert, 9}};
  const uint64_t step = is_long() ? 1 : 3;
  for (const Fault fault : {Fault::kIoError, Fault::kDiskFull, Fault::kShortWrite}) {
    for (const bool for_ever : {false, true}) {
      bool fired = true;
      for (uint64_t call = 1; fired; call += step) {
        SCOPED_TRACE("fault " + std::to_string(static_cast<int>(fault)) +
                     (for_ever ? " for ever" : " once") + " from call " + std::to_string(call));
        run_with_fault(program, call, fault, for_ever, &fired);
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace mote
