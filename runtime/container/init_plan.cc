#include "runtime/container/init_plan.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/child_namespaces.h"
#include "runtime/container/hooks.h"
#include "runtime/security/seccomp.h"

namespace ikada {
namespace {

constexpr const char* kSeccompCache = "/run/ikada/seccomp";

Result<void> plan_root(const OciConfig& config, const std::string& bundle, RootPlan& root) {
  root.path =
      config.root_path.starts_with('/') ? config.root_path : bundle + "/" + config.root_path;
  root.is_readonly = config.root_readonly;
  const std::uint64_t wish = config.linux_part.rootfs_propagation;
  const bool follows_host = (wish & (MS_SLAVE | MS_SHARED)) != 0;
  root.host_propagation = MS_REC | (follows_host ? MS_SLAVE : MS_PRIVATE);
  root.propagation = wish;
  return {};
}

Result<std::vector<SysctlWrite>> plan_container_sysctls(const OciLinux& linux_part) {
  const OwnNamespaces own{.network = linux_part.find_namespace(CLONE_NEWNET) != nullptr,
                          .ipc = linux_part.find_namespace(CLONE_NEWIPC) != nullptr,
                          .uts = linux_part.find_namespace(CLONE_NEWUTS) != nullptr};
  IK_LET(writes, plan_sysctls(linux_part.sysctls, own));
  // As seen from the root of a procfs.
  for (SysctlWrite& each : writes) each.path.insert(0, "sys/");
  return writes;
}

Result<void> check_preserved(int count) {
  for (int fd = 3; fd < 3 + count; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) return errno_error("descriptor {} to preserve", fd);
  }
  return {};
}

// What is done by path in the first process would be done on other files there.
Result<void> check_shared_mounts(const InitPlan& plan) {
  constexpr std::string_view kWhat = "linux.namespaces: joining a mount namespace";
  for (const MountOperation& each : plan.mounts.operations) {
    if (each.kind != MountKind::kOverlay) continue;
    return make_error(
        ErrorKind::kInvalid, "{} excludes the overlay at {}", kWhat, each.destination);
  }
  if (plan.program.apparmor.empty()) return {};
  return make_error(ErrorKind::kInvalid, "{} excludes process.apparmorProfile", kWhat);
}

}  // namespace

Result<ProgramPlan> build_program_plan(const OciProcess& process, const Json& seccomp) {
  SeccompProgram filter;
  if (!seccomp.is_null()) {
    IK_LET(loaded, load_or_compile_seccomp(seccomp, kSeccompCache).context("seccomp"));
    filter = std::move(loaded);
  }
  return ProgramPlan{
      .candidates = find_candidates(process),
      .args = ExecStrings(process.args),
      .env = ExecStrings(process.env),
      .cwd = process.cwd,
      .uid = process.user.uid,
      .gid = process.user.gid,
      .additional_gids = {process.user.additional_gids.begin(), process.user.additional_gids.end()},
      .umask = process.user.umask.value_or(0022),
      .rlimits = process.rlimits,
      .capabilities = process.capabilities,
      .no_new_privileges = process.no_new_privileges,
      .seccomp = std::move(filter.instructions),
      .seccomp_flags = filter.flags,
      .apparmor = process.apparmor_profile.empty() ? "" : "exec " + process.apparmor_profile,
      .terminal = process.terminal,
      .console_rows = process.console_rows,
      .console_columns = process.console_columns,
      .keyring = {},
  };
}

Result<InitPlan> build_init_plan(const OciConfig& config,
                                 const CreateOptions& options,
                                 const std::string& bundle) {
  const OciLinux& linux_part = config.linux_part;
  IK_LET(program, build_program_plan(config.process, linux_part.seccomp));
  InitPlan plan;
  plan.program = std::move(program);
  for (size_t i = 0; i < plan.program.stdio.size(); ++i) plan.program.stdio[i] = options.stdio[i];
  plan.program.preserve_fds = options.preserve_fds;
  plan.program.dies_with_parent = options.die_with_parent;
  IK_TRY(check_preserved(options.preserve_fds));
  if (!options.no_new_keyring) plan.program.keyring = "ikada-" + options.id.substr(0, 64);

  IK_LET(cgroup2_mount, find_cgroup2_mount());
  IK_LET(owns_network, owns_joined_network(linux_part));
  IK_LET(
      mounts,
      plan_mounts(
          config, bundle, {.cgroup2_mount = cgroup2_mount, .owns_joined_network = owns_network}));
  plan.mounts = std::move(mounts);
  IK_TRY(open_bind_sources(plan.mounts));
  IK_TRY(plan_root(config, bundle, plan.root));
  plan.root.is_unpivoted = options.no_pivot;
  plan.root.is_joined = linux_part.joins_namespace(CLONE_NEWNS);
  IK_LET(joined, open_joined_namespaces(linux_part));
  plan.joined = std::move(joined);
  if (plan.root.is_joined) IK_TRY(check_shared_mounts(plan));
  if (!plan.mounts.root_is_overlay) {
    IK_LET(tree, open_root_tree(plan.root.path, plan.root.host_propagation));
    plan.root.tree = std::move(tree);
  }
  plan.devices = plan_devices(config, plan.mounts);
  plan.become_root = linux_part.find_namespace(CLONE_NEWUSER) != nullptr;
  if (plan.become_root) IK_TRY(open_host_nodes(plan.devices));
  plan.network.bring_up_loopback =
      linux_part.has_new_namespace(CLONE_NEWNET) && options.network_message_count == 0;
  plan.network.messages = options.network_messages;
  plan.network.message_count = options.network_message_count;
  IK_LET(sysctls, plan_container_sysctls(linux_part));
  plan.sysctls = std::move(sysctls);
  plan.masked_paths = linux_part.masked_paths;
  plan.readonly_paths = linux_part.readonly_paths;
  plan.hostname = config.hostname;
  plan.domainname = config.domainname;
  plan.unshare_cgroup = linux_part.has_new_namespace(CLONE_NEWCGROUP);
  plan.create_container_hooks = plan_hooks(config.hooks.create_container);
  plan.start_container_hooks = plan_hooks(config.hooks.start_container);
  const bool has_own_hooks =
      !plan.create_container_hooks.empty() || !plan.start_container_hooks.empty();
  if (has_own_hooks) {
    IK_LET(state, create_hook_state());
    plan.hook_state = std::move(state);
  }
  plan.wait_after_clone = linux_part.has_new_namespace(CLONE_NEWUSER) || has_own_hooks ||
                          options.attach_network || !config.hooks.create_runtime.empty();
  return plan;
}

Result<std::string> plan_cgroup_path(const std::string& cgroups_path,
                                     const std::string& id,
                                     bool systemd_cgroup) {
  if (cgroups_path.empty()) return "/ikada/" + id;
  if (!systemd_cgroup) {
    return cgroups_path.starts_with('/') ? cgroups_path : "/" + cgroups_path;
  }
  const std::vector<std::string_view> parts = split(cgroups_path, ':');
  if (parts.size() != 3 || parts[2].empty()) {
    return make_error(
        ErrorKind::kInvalid, "linux.cgroupsPath: expected slice:prefix:name, not {}", cgroups_path);
  }
  const std::string_view slice = parts[0].empty() ? "system.slice" : parts[0];
  return fmt::format("/{}/{}-{}.scope", slice, parts[1], parts[2]);
}

}  // namespace ikada
