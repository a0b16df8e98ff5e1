// The limits that `update` is told: by options, by a file, or by both.
//
// Source: the command line of runc(8), update.
#pragma once

#include <string>
#include <vector>

#include "cmd/ikada-runtime/arguments.h"
#include "runtime/base/json.h"

namespace ikada {

struct UpdateWords {
  std::string resources_file;  // "-": stdin. linux.resources as in config.json.
  std::string memory;
  std::string memory_reservation;
  std::string memory_swap;
  std::string cpu_share;
  std::string cpu_quota;
  std::string cpu_period;
  std::string cpu_burst;
  std::string cpu_idle;
  std::string cpuset_cpus;
  std::string cpuset_mems;
  std::string pids_limit;
  std::string blkio_weight;

  std::vector<Option> table();
};

// linux.resources: `file`, or null, with what the options say in place of what it says. kInvalid
// for words that are no numbers, and if there is nothing at all to change.
Result<Json> plan_update(const UpdateWords& words, const Json& file);

}  // namespace ikada
