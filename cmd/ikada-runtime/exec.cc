#include <sys/socket.h>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "cmd/ikada-runtime/create_options.h"
#include "cmd/ikada-runtime/exec_process.h"
#include "cmd/ikada-runtime/foreground.h"
#include "runtime/container/join.h"
#include "runtime/container/sealed_self.h"
#include "runtime/container/state.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

struct ExecArguments {
  ExecWords words;
  std::string pid_file;
  std::string console_socket;
  std::string preserve_fds = "0";
  std::string detach_keys;
  bool detach = false;

  std::vector<Option> table() {
    return {
        {.name = "--process", .letter = "-p", .value = &words.process_file},
        {.name = "--cwd", .letter = "", .value = &words.cwd},
        {.name = "--env", .letter = "-e", .values = &words.env},
        {.name = "--user", .letter = "-u", .value = &words.user},
        {.name = "--additional-gids", .letter = "-g", .values = &words.additional_gids},
        {.name = "--cap", .letter = "-c", .values = &words.capabilities},
        {.name = "--tty", .letter = "-t", .flag = &words.terminal},
        {.name = "--no-new-privs", .letter = "", .flag = &words.no_new_privileges},
        {.name = "--apparmor", .letter = "", .value = &words.apparmor_profile},
        {.name = "--console-socket", .letter = "", .value = &console_socket},
        {.name = "--pid-file", .letter = "", .value = &pid_file},
        {.name = "--preserve-fds", .letter = "", .value = &preserve_fds},
        {.name = "--detach", .letter = "-d", .flag = &detach},
        {.name = "--detach-keys", .letter = "", .value = &detach_keys},
    };
  }
};

Result<int> exec_in_container(const RuntimeContext& context,
                              ExecArguments& arguments,
                              const std::string& id) {
  IK_LET(state, load_state(context.state_root, id));
  IK_LET(config, load_oci_config(state.bundle));
  IK_LET(process, plan_exec_process(arguments.words, config.process));
  JoinOptions options{.id = id,
                      .state_root = context.state_root,
                      .process = std::move(process),
                      .seccomp = std::move(config.linux_part.seccomp),
                      .pid_file = arguments.pid_file,
                      .console_socket = arguments.console_socket,
                      .shares_mounts = config.linux_part.joins_namespace(CLONE_NEWNS)};
  IK_LET(keys, DetachKeys::parse(arguments.detach_keys));
  IK_LET(count, parse_preserve_fds(arguments.preserve_fds));
  options.preserve_fds = count;
  SocketPair console;
  if (!arguments.detach) {
    block_forwarded_signals();
    IK_LET(pair, create_socket_pair(SOCK_STREAM));
    console = std::move(pair);
    if (options.console_socket.empty()) options.console_fd = console.theirs.get();
  }
  IK_LET(pid, join_container(options));
  if (arguments.detach) return 0;
  UniqueFd terminal;
  Result<UniqueFd> master = receive_descriptor(console.ours.get());
  if (master.has_value()) terminal = std::move(*master);
  DetachKeys* keys_or_none = arguments.detach_keys.empty() ? nullptr : &keys;
  IK_LET(status, attend(pid, std::move(terminal), keys_or_none));
  return status.has_value() ? status->shell_status() : 0;
}

}  // namespace

Result<int> exec_command(const RuntimeContext& context, Words words) {
  ExecArguments arguments;
  const std::vector<Option> table = arguments.table();
  // What stands behind the id is the program's own, whatever it looks like.
  IK_LET(rest, parse_options(words, table));
  if (rest.empty()) return make_error(ErrorKind::kInvalid, "expected a container id");
  const std::string id = rest.front();
  for (const char* each : rest.subspan(1)) arguments.words.args.emplace_back(each);
  IK_TRY(seal_self(const_cast<char**>(context.arguments.data())));
  Result<int> status = exec_in_container(context, arguments, id);
  if (!status.has_value()) return name_container(std::move(status.error()), id);
  return *status;
}

}  // namespace ikada
