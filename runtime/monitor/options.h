// What `ikada-runtime monitor` is told, and what it tells.
//
//   ikada-runtime monitor --options FILE --ready-fd N [--attach-fd N] [--hold-fd N]...
//
// FILE is MonitorOptions as JSON. The monitor creates and starts the container, then writes one
// line of JSON to ready-fd and closes it: {"pid": 123} or {"error": "…", "kind": "not_found",
// "exit_code": 127}. exit_code is what `ikada run` should end with: 126 not executable, 127 not
// found, 125 anything else. attach-fd is an already connected socket of the protocol in protocol.h,
// so that not one byte of output is missed. hold-fd descriptors are kept open for as long as the
// container lives. The program's name is argv[0] of messages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct MonitorOptions {
  std::string id;
  std::string bundle;               // Directory with config.json.
  std::string state_root;           // Where the runtime keeps its state: "/run/ikada/runtime".
  std::string log_path;             // Lines as log_line.h describes them.
  std::uint64_t log_max_bytes = 0;  // Rotate to log_path.1, .2 … beyond this; 0: never.
  std::uint32_t log_max_files = 1;
  std::string attach_socket;  // Path of the listening socket; 0600.
  std::string exit_path;      // ExitRecord as JSON when the container has ended; see exit_file.h.
  bool terminal = false;      // The process gets a pty.
  bool open_stdin = false;    // stdin is a pipe held open (-i); otherwise /dev/null.
  bool stdin_once = false;    // Close stdin when the first client that sent some has gone.
  Json network;               // net/attachment.h's JSON, or null: no interface but lo.
  // Run when the container has ended, unless a client of the first socket (attach-fd) took the
  // clean-up upon itself. The monitor waits for it and keeps the hold-fd descriptors until then:
  // one of them is the lock that says somebody looks after the container.
  std::vector<std::string> cleanup_command;
};

Json to_json(const MonitorOptions& options);
Result<MonitorOptions> parse_monitor_options(const Json& json);

// How a container ended.
struct ExitRecord {
  int exit_code = 0;  // 128 + n if a signal killed it.
  int signal = 0;
  bool oom_killed = false;  // memory.events' oom_kill rose.
  UnixNanos finished_at = 0;
};

Json to_json(const ExitRecord& record);
Result<ExitRecord> parse_exit_record(const Json& json);

}  // namespace ikada
