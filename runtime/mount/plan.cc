#include "runtime/mount/plan.h"

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "runtime/base/text.h"

namespace ikada {
namespace {

// Files of /proc that engines replace to tell a container its limits.
constexpr std::array<std::string_view, 12> kCoverableProcFiles = {"/proc/cpuinfo",
                                                                  "/proc/diskstats",
                                                                  "/proc/loadavg",
                                                                  "/proc/meminfo",
                                                                  "/proc/net/dev",
                                                                  "/proc/slabinfo",
                                                                  "/proc/stat",
                                                                  "/proc/swaps",
                                                                  "/proc/sys/crypto/fips_enabled",
                                                                  "/proc/sys/kernel/ns_last_pid",
                                                                  "/proc/uptime",
                                                                  "/proc/version"};

// The path without empty, "." and ".." parts, as seen from a root.
std::string clean_path(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(part);
  }
  std::string clean;
  for (const std::string_view part : parts) clean.append("/").append(part);
  return clean.empty() ? "/" : clean;
}

bool is_below(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  return path == directory || is_below(path, directory);
}

void add_parameters(MountOperation& operation) {
  for (const std::string& word : operation.options.data) {
    const Cut parts = cut(word, '=');
    operation.parameters.emplace_back(parts.before, parts.after);
  }
}

constexpr std::string_view kLowerOption = "lowerdir=";

// Backslashes in front of colons are only for the list as a whole.
Result<void> split_layers(MountOperation& operation) {
  Overlay& overlay = operation.overlay;
  if (!operation.source.empty()) overlay.parameters.emplace_back("source", operation.source);
  for (const std::string& word : operation.options.data) {
    const Cut parts = cut(word, '=');
    if (!word.starts_with(kLowerOption)) {
      overlay.parameters.emplace_back(parts.before, parts.after);
      continue;
    }
    if (parts.after.find('\\') != std::string_view::npos) {
      return make_error(ErrorKind::kInvalid, "options are longer than a page");
    }
    for (const std::string_view layer : split(parts.after, ':')) {
      overlay.lowers.emplace_back(layer);
    }
  }
  if (overlay.lowers.size() <= kMaxOverlayLowers) return {};
  return make_error(ErrorKind::kInvalid,
                    "{} layers are more than the {} that an overlay may have",
                    overlay.lowers.size(),
                    kMaxOverlayLowers);
}

Result<void> plan_overlay(MountOperation& operation) {
  operation.kind = MountKind::kOverlay;
  operation.data = join(operation.options.data, ",");
  if (operation.data.size() <= kMaxMountData) return {};
  IK_TRY(split_layers(operation).context("mount {} at {}", operation.type, operation.destination));
  std::vector<std::string> words = operation.options.data;
  for (std::string& word : words) {
    if (!word.starts_with(kLowerOption)) continue;
    word = kLowerOption;
    for (size_t i = 0; i < operation.overlay.lowers.size(); ++i) {
      word += fmt::format("{}/proc/self/fd/{}", i == 0 ? "" : ":", kFirstLayerFd + i);
    }
  }
  operation.data = join(words, ",");
  if (operation.data.size() > kMaxMountData) operation.data.clear();
  return {};
}

void turn_into_bind(MountOperation& operation, const std::string& source) {
  operation.kind = MountKind::kBind;
  operation.source = source;
  operation.options.bind = true;
  operation.options.recursive = true;
  operation.options.data.clear();
  operation.options.subtree_set |= MOUNT_ATTR_RDONLY;
}

// A container without a cgroup namespace of its own sees the host's cgroups, read-only; one whose
// user namespace does not own the network namespace may not mount a sysfs.
void replace_host_views(MountOperation& operation, const OciConfig& config, const HostView& host) {
  const OciLinux& linux_part = config.linux_part;
  if (operation.type == "cgroup") operation.type = "cgroup2";
  if (operation.type == "cgroup2" && linux_part.find_namespace(CLONE_NEWCGROUP) == nullptr) {
    turn_into_bind(operation, host.cgroup2_mount);
  }
  const bool owns_network = linux_part.has_new_namespace(CLONE_NEWNET) || host.owns_joined_network;
  if (operation.type == "sysfs" && linux_part.find_namespace(CLONE_NEWUSER) != nullptr &&
      !owns_network) {
    turn_into_bind(operation, "/sys");
  }
}

Result<void> check_destination(MountOperation& operation) {
  const std::string& destination = operation.destination;
  if (is_below(destination, "/proc")) {
    if (std::find(kCoverableProcFiles.begin(), kCoverableProcFiles.end(), destination) ==
        kCoverableProcFiles.end()) {
      return make_error(ErrorKind::kInvalid, "mount at {}: inside /proc", destination);
    }
    operation.may_cover_proc = true;
  }
  if (destination == "/proc") {
    operation.is_proc_root = true;
    if (operation.type != "proc" && operation.kind != MountKind::kBind) {
      return make_error(
          ErrorKind::kInvalid, "mount {} at /proc: only a procfs may be there", operation.type);
    }
  }
  for (const std::string_view top : {"/proc", "/sys", "/dev"}) {
    if (is_at_or_below(destination, top)) operation.plain_destination = true;
  }
  return {};
}

Result<MountOperation> plan_mount(const OciMount& mount,
                                  const OciConfig& config,
                                  const std::string& bundle,
                                  const HostView& host) {
  MountOperation operation;
  operation.destination = clean_path(mount.destination);
  operation.type = mount.type;
  operation.source = mount.source;
  IK_LET(options, parse_mount_options(mount.options).context("mount at {}", operation.destination));
  operation.options = std::move(options);
  if (mount.type == "bind" || mount.type == "rbind") {
    operation.options.bind = true;
    operation.options.recursive = operation.options.recursive || mount.type == "rbind";
  }
  if (operation.options.bind) {
    operation.kind = MountKind::kBind;
    if (mount.source.empty()) {
      return make_error(ErrorKind::kInvalid, "mount at {}: no source", operation.destination);
    }
    if (!mount.source.starts_with('/')) operation.source = bundle + "/" + mount.source;
  } else if (mount.type.empty() || mount.type == "none") {
    return make_error(ErrorKind::kInvalid, "mount at {}: no type", operation.destination);
  } else if (mount.type == "overlay") {
    IK_TRY(plan_overlay(operation));
  } else {
    replace_host_views(operation, config, host);
    add_parameters(operation);
    operation.keeps_mode = std::any_of(operation.parameters.begin(),
                                       operation.parameters.end(),
                                       [](const auto& each) { return each.first == "mode"; });
  }
  if (operation.options.copy_up && operation.type != "tmpfs") {
    return make_error(
        ErrorKind::kInvalid, "mount at {}: tmpcopyup is for a tmpfs", operation.destination);
  }
  IK_TRY(check_destination(operation));
  return operation;
}

}  // namespace

Result<MountPlan> plan_mounts(const OciConfig& config,
                              const std::string& bundle,
                              const HostView& host) {
  MountPlan plan;
  for (const OciMount& each : config.mounts) {
    IK_LET(operation, plan_mount(each, config, bundle, host));
    if (operation.destination == "/") {
      if (!plan.operations.empty() || operation.kind != MountKind::kOverlay) {
        return make_error(ErrorKind::kInvalid, "mount at /: only an overlay as the first mount");
      }
      plan.root_is_overlay = true;
    }
    plan.operations.push_back(std::move(operation));
  }
  return plan;
}

}  // namespace ikada
