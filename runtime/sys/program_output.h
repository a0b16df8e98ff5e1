// Running another program to its end for what it prints.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/sys/spawn.h"

namespace ikada {

struct ProgramOutput {
  ExitStatus status;
  std::string text;  // What it wrote to stdout.
};

// Starts `program` (an absolute path) with our environment and stderr, gives it `input` on stdin
// and waits for it. `input` must fit into a pipe, 64 KiB. kInvalid if it prints more than
// `max_bytes`; how it ended is the caller's to judge.
Result<ProgramOutput> run_program(const std::string& program,
                                  const std::vector<std::string>& arguments,
                                  std::string_view input = {},
                                  size_t max_bytes = size_t{1} << 20);

}  // namespace ikada
