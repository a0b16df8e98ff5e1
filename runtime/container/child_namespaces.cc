#include "runtime/container/child_namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

std::string_view proc_name(int flag) {
  switch (flag) {
    case CLONE_NEWNET:
      return "net";
    case CLONE_NEWPID:
      return "pid";
    case CLONE_NEWNS:
      return "mnt";
    default:
      return namespace_type(flag);
  }
}

Result<void> write_time_offsets(const std::vector<OciTimeOffset>& offsets) {
  std::string text;
  for (const OciTimeOffset& each : offsets) {
    text += fmt::format("{} {} {}\n", each.clock, each.seconds, each.nanoseconds);
  }
  if (text.empty()) return {};
  IK_LET(file, open_file("/proc/self/timens_offsets", O_WRONLY));
  return write_all(file.get(), text).context("time offsets");
}

Result<void> write_map(pid_t pid, const char* name, const std::vector<OciIdMapping>& mappings) {
  std::string text;
  for (const OciIdMapping& each : mappings) {
    text += fmt::format("{} {} {}\n", each.container_id, each.host_id, each.size);
  }
  IK_LET(file, open_file(fmt::format("/proc/{}/{}", pid, name), O_WRONLY));
  return write_all(file.get(), text).context("{}", name);
}

bool is_for_forerunner(int flag) { return flag == CLONE_NEWUSER || flag == CLONE_NEWNS; }

Result<UniqueFd> open_namespace(const OciNamespace& entry) {
  IK_LET(target, open_file(entry.path, O_RDONLY).context("namespace"));
  if (::ioctl(target.get(), NS_GET_NSTYPE) == entry.flag) return target;
  return make_error(ErrorKind::kInvalid,
                    "{} is not a namespace of type {}",
                    entry.path,
                    namespace_type(entry.flag));
}

Result<bool> is_our_own(const UniqueFd& target, int flag) {
  struct stat theirs {};
  struct stat ours {};
  const std::string own = fmt::format("/proc/self/ns/{}", proc_name(flag));
  if (::fstat(target.get(), &theirs) != 0) return errno_error("stat a namespace");
  if (::stat(own.c_str(), &ours) != 0) return errno_error("stat {}", own);
  return theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

}  // namespace

Result<void> ChildNamespaces::remember(int flag) {
  IK_LET(own, open_file(fmt::format("/proc/self/ns/{}", proc_name(flag)), O_RDONLY));
  entered_.push_back(Entered{.flag = flag, .own = std::move(own)});
  return {};
}

Result<ChildNamespaces> ChildNamespaces::enter(const OciLinux& linux_part) {
  ChildNamespaces guard;
  for (const OciNamespace& each : linux_part.namespaces) {
    if (each.path.empty() || is_for_forerunner(each.flag)) continue;
    IK_LET(target, open_namespace(each));
    IK_TRY(guard.remember(each.flag));
    if (::setns(target.get(), each.flag) != 0) return errno_error("join {}", each.path);
  }
  if (linux_part.has_new_namespace(CLONE_NEWTIME)) {
    IK_TRY(guard.remember(CLONE_NEWTIME).context("time namespace"));
    if (::unshare(CLONE_NEWTIME) != 0) return errno_error("unshare the time namespace");
    IK_TRY(write_time_offsets(linux_part.time_offsets));
  }
  return guard;
}

Result<void> ChildNamespaces::leave() {
  Result<void> result;
  for (const Entered& each : entered_) {
    if (::setns(each.own.get(), each.flag) != 0 && result.has_value()) {
      result = errno_error("leave a {} namespace", namespace_type(each.flag));
    }
  }
  entered_.clear();
  return result;
}

std::uint64_t clone_flags(const OciLinux& linux_part) {
  std::uint64_t flags = 0;
  for (const OciNamespace& each : linux_part.namespaces) {
    if (!each.path.empty() || each.flag == CLONE_NEWCGROUP || each.flag == CLONE_NEWTIME) continue;
    flags |= static_cast<std::uint64_t>(each.flag);
  }
  return flags;
}

Result<std::vector<JoinedNamespace>> open_joined_namespaces(const OciLinux& linux_part) {
  std::vector<JoinedNamespace> joined;
  for (const OciNamespace& each : linux_part.namespaces) {
    if (each.path.empty() || !is_for_forerunner(each.flag)) continue;
    IK_LET(target, open_namespace(each));
    IK_LET(own, is_our_own(target, each.flag));
    if (own) {
      return make_error(ErrorKind::kInvalid,
                        "{} is the runtime's own {} namespace",
                        each.path,
                        namespace_type(each.flag));
    }
    joined.push_back({.flag = each.flag, .path = each.path, .fd = std::move(target)});
  }
  return joined;
}

Result<bool> owns_joined_network(const OciLinux& linux_part) {
  if (!linux_part.joins_namespace(CLONE_NEWUSER) || !linux_part.joins_namespace(CLONE_NEWNET)) {
    return false;
  }
  IK_LET(user, open_namespace(*linux_part.find_namespace(CLONE_NEWUSER)));
  IK_LET(network, open_namespace(*linux_part.find_namespace(CLONE_NEWNET)));
  const UniqueFd owner(::ioctl(network.get(), NS_GET_USERNS));
  // One that we may not look at is above us.
  if (!owner) return false;
  struct stat wanted {};
  struct stat found {};
  if (::fstat(user.get(), &wanted) != 0 || ::fstat(owner.get(), &found) != 0) {
    return errno_error("stat a namespace");
  }
  return wanted.st_ino == found.st_ino && wanted.st_dev == found.st_dev;
}

Result<void> write_id_maps(pid_t pid, const OciLinux& linux_part) {
  IK_TRY(write_map(pid, "uid_map", linux_part.uid_mappings));
  return write_map(pid, "gid_map", linux_part.gid_mappings);
}

}  // namespace ikada
