// A container in the foreground: `run`, `start -a` and `attach`.
#pragma once

#include <string>
#include <vector>

#include "cluster/engine/engine.h"
#include "runtime/base/result.h"

namespace ikada {

struct ForegroundOptions {
  bool attach_stdin = false;
  bool attach_stdout = true;
  bool attach_stderr = true;
  bool forward_signals = true;
  std::string detach_keys;  // Empty: docker's ctrl-p,ctrl-q.
};

// Starts the container, connected from its first byte, and stays until it ends or the person
// detaches. Cleans up after it. The container's exit status, 0 after detaching. A failure to start
// is an error; the container is then as it was.
Result<int> start_in_foreground(Engine& engine,
                                const ContainerRecord& record,
                                ActiveMark& mark,
                                const ForegroundOptions& options);

// Connects to a container that runs already, and stays likewise. Its monitor cleans up after it.
// kNotFound if it has just ended.
Result<int> attach_to_running(const Engine& engine,
                              const ContainerRecord& record,
                              const ForegroundOptions& options);

// kInvalid in docker's words if the container gets a terminal and our stdin is none.
Result<void> check_terminal(bool attach_stdin, bool terminal);

}  // namespace ikada
