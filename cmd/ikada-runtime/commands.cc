#include "cmd/ikada-runtime/commands.h"

#include <errno.h>
#include <unistd.h>

#include <array>

#include "runtime/init/report.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kFailed = 1;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

constexpr std::array<RuntimeCommand, 17> kCommands = {{
    {"create",
     "[-b BUNDLE] [--console-socket PATH] [--pid-file FILE] [--no-pivot] [--no-new-keyring] "
     "[--preserve-fds N] ID",
     "set up a container, without running its program",
     &create_command},
    {"start", "ID", "run the program of a created container", &start_command},
    {"run",
     "[-b BUNDLE] [-d] [--console-socket PATH] [--pid-file FILE] [--no-pivot] [--no-new-keyring] "
     "[--preserve-fds N] [--keep] ID",
     "create and start a container, and wait for it",
     &run_command},
    {"exec",
     "[-p PROCESS.json] [-t] [-d] [--cwd DIR] [-e NAME=VALUE]... [-u UID[:GID]] "
     "[-g GID]... [-c CAPABILITY]... [--no-new-privs] [--console-socket PATH] [--pid-file FILE] "
     "[--preserve-fds N] ID [PROGRAM [ARGUMENT]...]",
     "run a further program in a running container",
     &exec_command},
    {"state", "ID", "print the state of a container as JSON", &state_command},
    {"kill", "[-a] ID [SIGNAL]", "send a signal to a container (SIGTERM)", &kill_command},
    {"delete", "[-f] ID", "remove what a stopped container has left", &delete_command},
    {"pause", "ID", "freeze all processes of a container", &pause_command},
    {"resume", "ID", "let a paused container go on", &resume_command},
    {"update",
     "[-r FILE] [-m BYTES] [--memory-reservation BYTES] [--memory-swap BYTES] [--cpu-share N] "
     "[--cpu-quota US] [--cpu-period US] [--cpu-burst US] [--cpu-idle 0|1] [--cpuset-cpus LIST] "
     "[--cpuset-mems LIST] [--pids-limit N] [--blkio-weight N] ID",
     "change the limits of a container",
     &update_command},
    {"events",
     "[--stats] [--interval SECONDS] ID",
     "print what a container uses as JSON, again and again",
     &events_command},
    {"ps", "[-f table|json] ID", "list the processes of a container", &ps_command},
    {"list", "[-q] [-f table|json]", "list containers", &list_command},
    {"spec", "[-b BUNDLE]", "write a config.json to begin with", &spec_command},
    {"features", "", "print what this runtime can do as JSON", &features_command},
    {"init-process",
     "[--] [PROGRAM [ARGUMENT]...]",
     "run a program, pass signals on to it and reap orphans; without one, wait for SIGTERM",
     &init_process_command},
    {"task-endpoint",
     "[--pid PID] --socket FD ADDRESS PORT",
     "listen in a network namespace for ikadad, and send it the descriptors",
     &task_endpoint_command},
}};

}  // namespace

std::span<const RuntimeCommand> runtime_commands() { return kCommands; }

int exit_status(const Error& error) {
  if (error.code != kExecErrorCode) return kFailed;
  return error.errno_value == ENOENT || error.errno_value == ENOTDIR ? kNotFound : kNotExecutable;
}

Error name_container(Error error, std::string_view id) {
  if (!error.message.starts_with("container ")) {
    error.message = fmt::format("container {}: {}", id, error.message);
  }
  return error;
}

Result<std::string> single_id(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1) return arguments.front();
  return make_error(
      ErrorKind::kInvalid, "expected one container id, not {} arguments", arguments.size());
}

Result<void> print(std::string_view text) { return write_all(STDOUT_FILENO, text); }

}  // namespace ikada
