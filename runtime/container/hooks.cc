#include "runtime/container/hooks.h"

#include <sys/mman.h>
#include <unistd.h>

#include "runtime/init/child.h"
#include "runtime/sys/file.h"

namespace ikada {

std::vector<HookProgram> plan_hooks(const std::vector<OciHook>& hooks) {
  std::vector<HookProgram> programs;
  programs.reserve(hooks.size());
  for (const OciHook& each : hooks) {
    programs.push_back(HookProgram{.path = each.path,
                                   .args = ExecStrings(each.args),
                                   .env = ExecStrings(each.env),
                                   .timeout_s = each.timeout_s});
  }
  return programs;
}

Result<UniqueFd> create_hook_state() {
  UniqueFd fd(::memfd_create("ikada-hook-state", MFD_CLOEXEC));
  if (!fd) return errno_error("memfd_create");
  return fd;
}

Result<void> write_hook_state(int fd, const ContainerState& state, ContainerStatus status) {
  return write_all(fd,
                   oci_state(state, status).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<void> run_runtime_hooks(const std::vector<OciHook>& hooks,
                               const ContainerState& state,
                               ContainerStatus status,
                               std::string_view kind) {
  if (hooks.empty()) return {};
  IK_LET(input, create_hook_state());
  IK_TRY(write_hook_state(input.get(), state, status));
  const std::vector<HookProgram> programs = plan_hooks(hooks);
  const InitReport report = run_hooks(programs, input.get(), InitStep::kCreateContainerHook);
  if (!is_failure(report)) return {};
  if (report.error != 0) {
    return errno_error_from(report.error, fmt::format("{} hook {}", kind, report.item));
  }
  return make_error(ErrorKind::kSystem,
                    "{} hook {} ended with status {}",
                    kind,
                    programs[report.item].path,
                    report.detail);
}

Result<void> run_poststop_hooks(const ContainerState& state) {
  if (!state.has_poststop_hooks) return {};
  const Result<OciConfig> config = load_oci_config(state.bundle);
  if (!config.has_value()) return {};
  return run_runtime_hooks(config->hooks.poststop, state, ContainerStatus::kStopped, "poststop");
}

}  // namespace ikada
