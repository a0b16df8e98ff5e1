#include <sys/socket.h>

#include "cmd/ikada-runtime/commands.h"
#include "cmd/ikada-runtime/create_options.h"
#include "cmd/ikada-runtime/foreground.h"
#include "runtime/container/sealed_self.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

Result<void> clean_up(const RuntimeContext& context, const ContainerState& state) {
  return delete_container(context.state_root, state.id, true);
}

Result<int> run_container(const RuntimeContext& context,
                          const CreateArguments& arguments,
                          const std::string& id) {
  IK_LET(options, arguments.options(context, id));
  SocketPair console;
  if (!arguments.detach) {
    block_forwarded_signals();
    IK_LET(pair, create_socket_pair(SOCK_STREAM));
    console = std::move(pair);
    if (options.console_socket.empty()) options.console_fd = console.theirs.get();
  }
  IK_LET(state, create_container(options));
  UniqueFd terminal;
  if (console.ours) {
    Result<UniqueFd> master = receive_descriptor(console.ours.get());
    if (master.has_value()) terminal = std::move(*master);
  }
  Result<void> started = start_container(context.state_root, id);
  if (!started.has_value()) {
    static_cast<void>(clean_up(context, state).has_value());
    return std::move(started.error());
  }
  if (arguments.detach) return 0;
  IK_LET(status, attend(state.pid, std::move(terminal), nullptr));
  if (!arguments.keep) IK_TRY(clean_up(context, state));
  return status.has_value() ? status->shell_status() : 0;
}

}  // namespace

Result<int> run_command(const RuntimeContext& context, Words words) {
  CreateArguments arguments;
  std::vector<Option> table = arguments.table();
  table.push_back({.name = "--detach", .letter = "-d", .flag = &arguments.detach});
  table.push_back({.name = "--keep", .letter = "", .flag = &arguments.keep});
  IK_LET(rest, parse_all(words, table));
  IK_LET(id, single_id(rest));
  IK_TRY(seal_self(const_cast<char**>(context.arguments.data())));
  Result<int> status = run_container(context, arguments, id);
  if (!status.has_value()) return name_container(std::move(status.error()), id);
  return *status;
}

}  // namespace ikada
