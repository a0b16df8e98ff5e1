// Runs a seccomp filter on a made-up system call, as the kernel would.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

namespace ikada {

struct FilterRun {
  std::uint32_t action = 0;
  unsigned steps = 0;
  bool valid = true;  // False: an instruction or jump the kernel would have refused.
};

FilterRun run_filter(std::span<const sock_filter> program, const seccomp_data& call);

}  // namespace ikada
