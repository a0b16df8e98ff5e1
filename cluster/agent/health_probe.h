// One run of a container's health check: a command in the container, by `ikada-runtime exec`.
//
// begin() waits for the program to be spawned only; then exit_fd() becomes readable when the
// command has ended, and passed() reaps it. kill() ends a command that takes too long, in the
// container as well. Whoever begins a probe calls passed() at last.
//
// Source: docker-run(1), --health-cmd; pidfd_open(2).
#pragma once

#include <string>
#include <vector>

#include "cluster/agent/container_actions.h"

namespace ikada {

class HealthProbe {
 public:
  // kConflict if the container does not run.
  static Result<HealthProbe> begin(const EngineLayout& layout,
                                   const std::string& runtime_program,
                                   const std::string& container_id,
                                   const std::vector<std::string>& command);

  int exit_fd() const { return exit_fd_.get(); }

  void kill();

  // Waits for the end: true for exit status 0.
  bool passed();

 private:
  HealthProbe(pid_t pid, UniqueFd exit_fd, std::string pid_file)
      : pid_(pid), exit_fd_(std::move(exit_fd)), pid_file_(std::move(pid_file)) {}

  pid_t pid_;
  UniqueFd exit_fd_;
  std::string pid_file_;  // Of the command in the container.
};

}  // namespace ikada
