#include "runtime/container/create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <limits>
#include <memory>

#include "runtime/base/named_file.h"
#include "runtime/base/number.h"
#include "runtime/base/rollback.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/channel.h"
#include "runtime/container/child_namespaces.h"
#include "runtime/container/device_rules.h"
#include "runtime/container/hooks.h"
#include "runtime/container/init_plan.h"
#include "runtime/container/removal.h"
#include "runtime/container/state_directory.h"
#include "runtime/container/terminal.h"
#include "runtime/init/first_process.h"
#include "runtime/sys/clone.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

Result<std::string> resolve_bundle(const std::string& bundle) {
  const std::unique_ptr<char, decltype(&::free)> path(::realpath(bundle.c_str(), nullptr), &::free);
  if (path == nullptr) return errno_error("bundle {}", bundle);
  return std::string(path.get());
}

Result<Cgroup> create_cgroup(const std::string& path, const Resources& resources) {
  IK_LET(writes, plan_cgroup_writes(resources));
  Result<Cgroup> created = Cgroup::create(path, writes);
  if (!created.has_value() && created.error().kind == ErrorKind::kConflict) {
    // An empty one is the leftover of a container whose runtime was killed.
    IK_LET(old, Cgroup::open(path));
    IK_LET(populated, old.populated());
    if (populated) return std::move(created.error());
    IK_TRY(std::move(old).remove());
    created = Cgroup::create(path, writes);
  }
  IK_LET(cgroup, std::move(created));
  Rollback undo;
  undo.add([&cgroup] { return std::move(cgroup).remove(); });
  IK_TRY(cgroup.apply(writes));
  IK_LET(rules, plan_device_rules(resources.devices));
  IK_TRY(cgroup.apply_devices(rules));
  undo.commit();
  return cgroup;
}

Result<UniqueFd> listen_for_start(const std::string& path) {
  IK_LET(fd, listen_unix(path, SOCK_SEQPACKET));
  // The first process does nothing but wait here.
  if (::fcntl(fd.get(), F_SETFL, 0) != 0) return errno_error("fcntl");
  return fd;
}

struct Creation {
  const CreateOptions& options;
  const OciConfig& config;
  InitPlan plan;
  ContainerState state;
  UniqueFd sync;
  UniqueFd pidfd;
};

// Its pid in our pid namespace, from the kernel's description of the pidfd. It is a child of ours
// that nobody has waited for, so the number stays its own.
Result<pid_t> pid_of(int pidfd) {
  IK_LET(text, read_file(fmt::format("/proc/self/fdinfo/{}", pidfd), 4096));
  for (const std::string_view line : split(text, '\n')) {
    const Cut parts = cut(line, '\t');
    if (parts.before != "Pid:") continue;
    IK_LET(pid, parse_unsigned(parts.after, std::numeric_limits<pid_t>::max()));
    return static_cast<pid_t>(pid);
  }
  return make_error(ErrorKind::kSystem, "a pidfd without a pid");
}

// By way of a process that joins user and mount namespaces, which we could not leave again.
Result<ClonedProcess> clone_by_forerunner(const Creation& creation, const Cgroup& cgroup) {
  IK_LET(pair, create_socket_pair(SOCK_SEQPACKET));
  IK_LET(forerunner, clone_process({.cgroup_fd = cgroup.fd()}));
  if (forerunner.pid == 0) {
    run_forerunner(creation.plan, clone_flags(creation.config.linux_part), pair.theirs.get());
  }
  pair.theirs.reset();
  Result<ReportReply> reply = receive_report(pair.ours.get());
  static_cast<void>(wait_for_child(forerunner.pid).has_value());
  IK_LET(answer, std::move(reply));
  if (!answer.is_there) {
    return make_error(ErrorKind::kSystem, "the process that joins namespaces was killed");
  }
  const InitReport& report = answer.report;
  if (report.step == InitStep::kJoinNamespaces && report.item < creation.plan.joined.size()) {
    return errno_error_from(report.error, "join " + creation.plan.joined[report.item].path);
  }
  if (is_failure(report)) {
    return describe_failure(report, creation.plan, creation.config.process);
  }
  ClonedProcess child;
  IK_LET(pid, pid_of(answer.attached.get()));
  child.pid = pid;
  child.pidfd = std::move(answer.attached);
  return child;
}

Result<void> clone_first_process(Creation& creation, const Cgroup& cgroup, UniqueFd listening) {
  IK_LET(pair, create_socket_pair(SOCK_SEQPACKET));
  creation.plan.sync_fd = pair.theirs.get();
  creation.plan.listen_fd = listening.get();
  IK_LET(namespaces, ChildNamespaces::enter(creation.config.linux_part));
  Result<ClonedProcess> cloned =
      !creation.plan.joined.empty()
          ? clone_by_forerunner(creation, cgroup)
          : clone_process(
                {.flags = clone_flags(creation.config.linux_part), .cgroup_fd = cgroup.fd()});
  IK_LET(child, std::move(cloned));
  if (child.pid == 0) run_first_process(creation.plan);
  creation.state.pid = child.pid;
  creation.pidfd = std::move(child.pidfd);
  creation.sync = std::move(pair.ours);
  return namespaces.leave();
}

Result<void> write_oom_score_adj(pid_t pid, std::optional<std::int32_t> value) {
  if (!value.has_value()) return {};
  const std::string path = fmt::format("/proc/{}/oom_score_adj", pid);
  IK_LET(file, open_file(path, O_RDWR));
  IK_LET(old, read_fd(file.get(), 64));
  const std::string wanted = std::to_string(*value);
  // Writing the same value again needs no privilege that the host may not give.
  if (old == wanted + "\n") return {};
  return write_all(file.get(), wanted).context("oomScoreAdj {}", *value);
}

// What only the parent can do for the child, which waits for it.
Result<void> prepare_from_outside(Creation& creation) {
  const pid_t pid = creation.state.pid;
  const InitPlan& plan = creation.plan;
  if (creation.config.linux_part.has_new_namespace(CLONE_NEWUSER)) {
    IK_TRY(write_id_maps(pid, creation.config.linux_part));
  }
  IK_TRY(write_oom_score_adj(pid, creation.config.process.oom_score_adj));
  if (creation.options.attach_network) IK_TRY(creation.options.attach_network(pid));
  IK_TRY(run_runtime_hooks(creation.config.hooks.create_runtime,
                           creation.state,
                           ContainerStatus::kCreating,
                           "createRuntime"));
  if (plan.hook_state) {
    IK_TRY(write_hook_state(plan.hook_state.get(), creation.state, ContainerStatus::kCreated));
  }
  if (!plan.wait_after_clone) return {};
  return send_go(creation.sync.get());
}

Result<void> wait_until_set_up(Creation& creation) {
  IK_LET(reply, receive_report(creation.sync.get()));
  if (!reply.is_there) {
    return make_error(ErrorKind::kSystem, "the container's first process was killed");
  }
  if (is_failure(reply.report)) {
    return describe_failure(reply.report, creation.plan, creation.config.process);
  }
  return hand_over_terminal(
      creation.options.console_fd, creation.options.console_socket, reply.attached);
}

Result<void> kill_and_reap(const Creation& creation) {
  static_cast<void>(send_signal(creation.pidfd.get(), SIGKILL).has_value());
  static_cast<void>(wait_for_child(creation.state.pid).has_value());
  return {};
}

Result<void> write_pid_file(const CreateOptions& options, pid_t pid) {
  if (options.pid_file.empty()) return {};
  return write_named_file(options.pid_file, std::to_string(pid), 0644);
}

}  // namespace

Result<ContainerState> create_container(const CreateOptions& options) {
  IK_TRY(check_container_id(options.id));
  IK_LET(bundle, resolve_bundle(options.bundle));
  IK_LET(config, load_oci_config(bundle));
  IK_TRY(check_console(config.process.terminal, options.console_fd, options.console_socket));
  IK_LET(cgroup_path,
         plan_cgroup_path(config.linux_part.cgroups_path, options.id, options.systemd_cgroup));
  IK_LET(plan, build_init_plan(config, options, bundle));
  Creation creation{.options = options,
                    .config = config,
                    .plan = std::move(plan),
                    .state = {},
                    .sync = {},
                    .pidfd = {}};
  creation.state.id = options.id;
  creation.state.bundle = bundle;
  creation.state.cgroup_path = cgroup_path;
  creation.state.created = unix_now();
  creation.state.has_poststart_hooks = !config.hooks.poststart.empty();
  creation.state.has_poststop_hooks = !config.hooks.poststop.empty();
  creation.state.annotations = config.annotations;
  creation.state.rootfs = creation.plan.root.path;

  IK_LET(directory, StateDirectory::create(options.state_root, options.id));
  Rollback undo;
  undo.add([&directory] { return directory.remove(); });
  // Recorded before it is made, so that a killed command leaves nothing unknown.
  IK_TRY(directory.save(creation.state));
  IK_LET(cgroup, create_cgroup(cgroup_path, config.linux_part.resources));
  undo.add([&creation] { return remove_remains(creation.state); });
  IK_LET(listening, listen_for_start(directory.start_socket()));
  IK_TRY(clone_first_process(creation, cgroup, std::move(listening)));
  undo.add([&creation] { return kill_and_reap(creation); });
  IK_TRY(prepare_from_outside(creation));
  IK_TRY(wait_until_set_up(creation));
  IK_LET(start_time, process_start_time(creation.state.pid));
  creation.state.pid_start_time = start_time;
  IK_TRY(write_pid_file(options, creation.state.pid));
  IK_TRY(directory.save(creation.state));
  undo.commit();
  return creation.state;
}

}  // namespace ikada
