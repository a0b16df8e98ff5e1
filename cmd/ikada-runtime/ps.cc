#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/state.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// The command line with spaces for the NUL bytes; empty for a process that has gone.
std::string command_line(pid_t pid) {
  Result<std::string> text = read_file(fmt::format("/proc/{}/cmdline", pid), size_t{1} << 16);
  if (!text.has_value()) return {};
  std::string line = std::move(*text);
  for (char& c : line) {
    // Control characters would speak to the reader's terminal.
    if (c == '\0' || static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return std::string(trim(line));
}

}  // namespace

Result<int> ps_command(const RuntimeContext& context, Words words) {
  std::string format = "table";
  const Option table[] = {{.name = "--format", .letter = "-f", .value = &format}};
  IK_LET(arguments, parse_all(words, table));
  if (arguments.empty()) return make_error(ErrorKind::kInvalid, "expected a container id");
  IK_LET(state, load_state(context.state_root, arguments[0]));
  IK_LET(cgroup, Cgroup::open(state.cgroup_path));
  IK_LET(processes, cgroup.processes());
  if (format == "json") {
    IK_TRY(print(Json(processes).dump() + "\n"));
    return 0;
  }
  if (format != "table") {
    return make_error(ErrorKind::kInvalid, "--format: expected table or json");
  }
  std::string text = "PID      COMMAND\n";
  for (const pid_t pid : processes) text += fmt::format("{:<8} {}\n", pid, command_line(pid));
  IK_TRY(print(text));
  return 0;
}

}  // namespace ikada
