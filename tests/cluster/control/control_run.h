// One run of the control plane's simulation (control_simulation.h). Apart, because who includes it
// is compiled without optimisation, and what a linker takes of that is slow.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ikada::control {

// What the program must never do, to see that it would be noticed.
struct ControlMistakes {
  bool forgets_fence = false;      // A leader's transactions do not compare its term.
  bool forgets_token = false;      // RunTask does not compare that its clientToken is new.
  bool forgets_instances = false;  // RunTask does not compare the records of its instances.
  bool trusts_disk = false;        // An agent goes on before its file of a task is durable.
  bool forgets_records = false;    // Nobody compares the records that are changed.
  bool forgets_orphans = false;    // An agent is not told that its tasks are all there are.
  bool forgets_proxies = false;    // A leader takes what its own proxy sees for everything.
  bool forgets_drain = false;      // A host is told to stop a task that is drained.
};

struct ControlOptions {
  // How long faults go on; nothing: as the seed says, as it says how many managers and hosts.
  std::chrono::milliseconds trouble{0};
  bool has_trace = false;  // Prints what happens.
  ControlMistakes mistakes = {};
};

struct ControlOutcome {
  std::string wrong;  // Empty if everything held.
  std::uint64_t events = 0;
  std::size_t tasks = 0;
  double seconds_to_settle = 0;
};

ControlOutcome run_control(std::uint64_t seed, const ControlOptions& options);

}  // namespace ikada::control
