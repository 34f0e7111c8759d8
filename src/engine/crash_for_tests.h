// Crash enumeration: one recorded run gives a machine for each call at which power may fail, under
// each of the policies; each must open to a state of the run that has all that was acknowledged.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/program_for_tests.h"

namespace mote {

// A run of a program: the states it went through and when.
struct RecordedRun {
  explicit RecordedRun(uint64_t seed) : env(seed) {}
  SimulatedEnv env;
  std::vector<Model> states;          // states[i]: after i steps
  std::vector<uint64_t> calls;        // of the environment, after i steps
  std::vector<size_t> durable_steps;  // after i steps, how many of them are surely durable
};

inline void record_run(const Program& program, const DatabaseOptions& options, RecordedRun* run) {
  ProgramRunner runner(run->env, options);
  ASSERT_OK(runner.open());
  const auto note = [&](bool durable) {
    run->states.push_back(runner.model());
    run->calls.push_back(run->env.call_count());
    const size_t steps = run->states.size() - 1;
    run->durable_steps.push_back(durable || steps == 0 ? steps : run->durable_steps.back());
  };
  note(true);
  for (const Step& step : program) {
    ASSERT_OK(runner.run(step));
    // Whatever was written since an asynchronous commit took it along; a step that wrote nothing
    // tells nothing.
    Database& db = runner.db();
    note(db.durable_sequence() == (*db.begin())->sequence());
  }
  // What a close would write is part of the run: power may fail there too.
  ASSERT_OK(runner.db().close());
  note(true);
  runner.forget();
}

// The state that `env` opens to must be one of states[from .. to]. Returns its number.
inline void expect_recovered(SimulatedEnv& env, const DatabaseOptions& options,
                             const RecordedRun& run, size_t from, size_t to) {
  Result<std::unique_ptr<Database>> db = Database::open(env, "db", options);
  ASSERT_EQ(shown(db.status()), "OK");
  Result<Model> model = read_model(**db);
  ASSERT_EQ(shown(model.status()), "OK");
  size_t found = from;
  while (found <= to && !(run.states[found] == *model)) ++found;
  ASSERT_LE(found, to) << "no state of steps " << from << " to " << to;
  std::vector<std::string> problems;
  ASSERT_OK((*db)->check(&problems));
  ASSERT_EQ(problems, std::vector<std::string>());
}

// Cuts power during each call from `first_call` on. every: of how many calls one is tried.
inline uint64_t enumerate_crashes(const RecordedRun& run, const DatabaseOptions& options,
                                  uint32_t every, uint64_t seed) {
  uint64_t images = 0;
  const uint64_t last_call = run.env.call_count();
  for (uint64_t call = run.calls[0] + 1 + seed % every; call <= last_call; call += every) {
    // Steps that had ended before the call.
    const auto behind = std::lower_bound(run.calls.begin(), run.calls.end(), call);
    const auto ended = static_cast<size_t>(behind - run.calls.begin()) - 1;
    const size_t from = run.durable_steps[ended];
    const size_t to = std::min(ended + 1, run.states.size() - 1);
    for (uint32_t policy = 0; policy < kPowerLossCount; ++policy) {
      SCOPED_TRACE("power fails in call " + std::to_string(call) + ", policy " +
                   std::to_string(policy));
      auto image = run.env.crash_image_during(call, static_cast<PowerLoss>(policy),
                                              seed + call * 8 + policy);
      expect_recovered(*image, options, run, from, to);
      ++images;
      if (::testing::Test::HasFatalFailure()) return images;
    }
  }
  return images;
}

}  // namespace mote
