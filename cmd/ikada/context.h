// What every command is given: where things are, and how it ends.
#pragma once

#include <string>

#include "runtime/base/printable.h"
#include "runtime/base/result.h"

namespace ikada {

struct Context {
  std::string root = "/var/lib/ikada";  // --root or IKADA_ROOT: images, containers, volumes.
  std::string run_root =
      "/run/ikada";  // --run-root or IKADA_RUN_ROOT: state that no reboot survives.
  std::string config_path = "/etc/ikada/config.yaml";  // --config or IKADA_CONFIG.
  std::string command;                                 // "run", "image inspect"; for messages.
  int exit_status = 0;

  // Prints "ikada COMMAND: MESSAGE" on stderr and sets the exit status to `status` if the result is
  // an error.
  void finish(const Result<void>& result, int status = 1);

  // Prints "ikada COMMAND: MESSAGE" on stderr, for a command that goes on with its next argument.
  void report(const Error& error) const;

  // Ends with the container's status.
  void finish_with(int status) { exit_status = status; }
};

}  // namespace ikada
