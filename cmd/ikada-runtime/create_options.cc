#include "cmd/ikada-runtime/create_options.h"

#include "runtime/base/number.h"

namespace ikada {

std::vector<Option> CreateArguments::table() {
  return {
      {.name = "--bundle", .letter = "-b", .value = &bundle},
      {.name = "--console-socket", .letter = "", .value = &console_socket},
      {.name = "--pid-file", .letter = "", .value = &pid_file},
      {.name = "--preserve-fds", .letter = "", .value = &preserve_fds},
      {.name = "--no-pivot", .letter = "", .flag = &no_pivot},
      {.name = "--no-new-keyring", .letter = "", .flag = &no_new_keyring},
  };
}

Result<int> parse_preserve_fds(const std::string& text) {
  constexpr std::uint64_t kMax = 256;
  IK_LET(count, parse_unsigned(text, kMax).context("--preserve-fds"));
  return static_cast<int>(count);
}

Result<CreateOptions> CreateArguments::options(const RuntimeContext& context,
                                               const std::string& id) const {
  CreateOptions create;
  create.id = id;
  create.bundle = bundle;
  create.state_root = context.state_root;
  create.pid_file = pid_file;
  create.console_socket = console_socket;
  create.no_pivot = no_pivot;
  create.no_new_keyring = no_new_keyring;
  create.systemd_cgroup = context.systemd_cgroup;
  IK_LET(count, parse_preserve_fds(preserve_fds));
  create.preserve_fds = count;
  return create;
}

}  // namespace ikada
