// The process of `exec`: from a file, or the container's own with changes from the command line.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/spec/config.h"

namespace ikada {

struct ExecWords {
  std::string process_file;  // Empty: the container's own process is the pattern.
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;
  std::string user;  // UID[:GID]
  std::vector<std::string> additional_gids;
  std::vector<std::string> capabilities;
  std::string apparmor_profile;
  bool terminal = false;
  bool no_new_privileges = false;
};

// kInvalid for a user that is not numbers, an unknown capability, a missing program.
Result<OciProcess> plan_exec_process(const ExecWords& words, const OciProcess& pattern);

}  // namespace ikada
