#include "runtime/init/report.h"

#include <errno.h>

namespace ikada {
namespace {

// The words for steps that are about nothing in particular.
std::string_view step_words(InitStep step) {
  switch (step) {
    case InitStep::kParentGone:
      return "the runtime was interrupted";
    case InitStep::kSession:
      return "setsid";
    case InitStep::kBecomeRoot:
      return "become root of the user namespace";
    case InitStep::kCgroupNamespace:
      return "unshare the cgroup namespace";
    case InitStep::kJoinNamespaces:
      return "join the container's namespaces";
    case InitStep::kCloneSibling:
      return "clone3";
    case InitStep::kLoopback:
      return "bring up lo";
    case InitStep::kApparmorOpen:
      return "AppArmor is not available";
    case InitStep::kHostPropagation:
      return "make the host's mounts private";
    case InitStep::kTerminal:
      return "open a terminal in /dev/pts";
    case InitStep::kConsole:
      return "bind /dev/console";
    case InitStep::kRootPropagation:
      return "set the propagation of the root filesystem";
    case InitStep::kPivot:
      return "pivot_root";
    case InitStep::kRootReadonly:
      return "make the root filesystem read-only";
    case InitStep::kStdio:
      return "set up stdin, stdout and stderr";
    case InitStep::kKeyring:
      return "join a session keyring";
    case InitStep::kBounding:
      return "drop capabilities from the bounding set";
    case InitStep::kGroups:
      return "setgroups";
    case InitStep::kCapabilities:
      return "set capabilities";
    case InitStep::kNoNewPrivileges:
      return "set no_new_privs";
    case InitStep::kSeccomp:
      return "load the seccomp filter";
    case InitStep::kCloseFds:
      return "close descriptors";
    default:
      return "set up the container";
  }
}

std::string at(const std::vector<std::string>& list, size_t index) {
  return index < list.size() ? list[index] : std::string();
}

Error hook_error(const InitReport& report, std::string_view kind) {
  if (report.error != 0) {
    return errno_error_from(report.error, fmt::format("{} hook {}", kind, report.item));
  }
  return make_error(
      ErrorKind::kSystem, "{} hook {} ended with status {}", kind, report.item, report.detail);
}

Error exec_error(const InitReport& report, const OciProcess& process) {
  Error error = errno_error_from(report.error, "exec " + process.args.front());
  error.code = kExecErrorCode;
  return error;
}

Error mount_error(const InitReport& report, const InitPlan& plan) {
  const auto step = static_cast<MountStep>(report.detail);
  const std::string what = describe_mount(plan.mounts.operations[report.item], step);
  if (step != MountStep::kNotPlain && step != MountStep::kOverProc) {
    return errno_error_from(report.error, what);
  }
  return make_error(ErrorKind::kInvalid, "{}", what);
}

Error device_error(const InitReport& report, const InitPlan& plan) {
  if (report.item >= plan.devices.nodes.size()) return errno_error_from(report.error, "device");
  const DeviceNode& node = plan.devices.nodes[report.item];
  return errno_error_from(report.error, fmt::format("device {}/{}", node.directory, node.name));
}

}  // namespace

Error describe_program_failure(const InitReport& report, const OciProcess& process) {
  switch (report.step) {
    case InitStep::kStartContainerHook:
      return hook_error(report, "startContainer");
    case InitStep::kResourceLimit:
      return errno_error_from(report.error,
                              fmt::format("set {}", rlimit_name(static_cast<int>(report.item))));
    case InitStep::kGid:
      return errno_error_from(report.error, fmt::format("setgid {}", process.user.gid));
    case InitStep::kUid:
      return errno_error_from(report.error, fmt::format("setuid {}", process.user.uid));
    case InitStep::kApparmor:
      return errno_error_from(report.error, "AppArmor profile " + process.apparmor_profile);
    case InitStep::kCwd:
      return errno_error_from(report.error, "working directory " + process.cwd);
    case InitStep::kExec:
      return exec_error(report, process);
    default:
      return errno_error_from(report.error, step_words(report.step));
  }
}

Error describe_failure(const InitReport& report, const InitPlan& plan, const OciProcess& process) {
  switch (report.step) {
    case InitStep::kMount:
      return mount_error(report, plan);
    case InitStep::kRootMount:
      return errno_error_from(report.error, "mount the root filesystem " + plan.root.path);
    case InitStep::kNetwork:
      return errno_error_from(report.error,
                              fmt::format("set up the network: message {}", report.detail));
    case InitStep::kSysctl:
      return errno_error_from(
          report.error,
          "sysctl " + (report.item < plan.sysctls.size() ? plan.sysctls[report.item].path
                                                         : std::string("procfs")));
    case InitStep::kDevice:
      return device_error(report, plan);
    case InitStep::kDeviceLink:
      return errno_error_from(
          report.error,
          fmt::format(
              "link /dev/{}",
              report.item < plan.devices.links.size() ? plan.devices.links[report.item].name : ""));
    case InitStep::kCreateContainerHook:
      return hook_error(report, "createContainer");
    case InitStep::kMask:
      return errno_error_from(report.error, "mask " + at(plan.masked_paths, report.item));
    case InitStep::kReadonlyPath:
      return errno_error_from(report.error,
                              "make read-only " + at(plan.readonly_paths, report.item));
    case InitStep::kHostname:
      return errno_error_from(report.error, "set the host name " + plan.hostname);
    case InitStep::kDomainname:
      return errno_error_from(report.error, "set the domain name " + plan.domainname);
    default:
      return describe_program_failure(report, process);
  }
}

}  // namespace ikada
