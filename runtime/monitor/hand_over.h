// The monitor's change from the process that created the container to the small one that stays
// beside it.
//
// Creating needs the configuration, a sealed copy of the program and much of its code; waiting
// needs little. So the monitor executes the program anew, from the file on disk whose pages all
// monitors share. It stays the same process: the container's first process is still its child, and
// the descriptors stay open. What has to be known goes along in a memfd.
//
// Source: execveat(2), memfd_create(2).
#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/monitor/loop.h"
#include "runtime/monitor/options.h"

namespace ikada {

struct HandOver {
  MonitorOptions options;
  RunningContainer container;
  std::vector<UniqueFd> held;  // See options.h, hold-fd.
};

// Writes everything down and lets its descriptors survive an exec. The descriptors stay the
// caller's.
Result<UniqueFd> save_hand_over(const HandOver& state);

// Takes over what was written to `fd`; its descriptors are close-on-exec from then on.
Result<HandOver> load_hand_over(UniqueFd fd);

// Becomes `program` (an O_PATH descriptor) with the arguments: returns only if that fails.
Error execute_program(int program_fd, const std::vector<std::string>& arguments);

}  // namespace ikada
