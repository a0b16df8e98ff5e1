#include "runtime/mount/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/mount/rooted.h"

namespace ikada {
namespace {

constexpr mode_t kDefaultMode = S_IFCHR | 0666;
constexpr unsigned kMemMajor = 1;
constexpr unsigned kTtyMajor = 5;
constexpr unsigned kNullMinor = 3;

struct DefaultNode {
  const char* name;
  unsigned major;
  unsigned minor;
};

constexpr std::array<DefaultNode, 6> kDefaultNodes = {{{"null", kMemMajor, kNullMinor},
                                                       {"zero", kMemMajor, 5},
                                                       {"full", kMemMajor, 7},
                                                       {"random", kMemMajor, 8},
                                                       {"urandom", kMemMajor, 9},
                                                       {"tty", kTtyMajor, 0}}};

constexpr std::array<DeviceLink, 5> kDefaultLinks = {{{"fd", "/proc/self/fd"},
                                                      {"stdin", "/proc/self/fd/0"},
                                                      {"stdout", "/proc/self/fd/1"},
                                                      {"stderr", "/proc/self/fd/2"},
                                                      {"ptmx", "pts/ptmx"}}};

bool has_own_dev(const MountPlan& mounts) {
  return std::none_of(
      mounts.operations.begin(), mounts.operations.end(), [](const MountOperation& each) {
        return each.destination == "/dev" && each.kind == MountKind::kBind;
      });
}

DeviceNode node_of(const OciDevice& device) {
  const size_t slash = device.path.rfind('/');
  return DeviceNode{.directory = slash == 0 ? "/" : device.path.substr(0, slash),
                    .name = device.path.substr(slash + 1),
                    .mode = device.mode,
                    .device = makedev(device.major, device.minor),
                    .uid = device.uid,
                    .gid = device.gid,
                    .host_node = {}};
}

bool is_same_node(int dir_fd, const DeviceNode& node) {
  struct stat status {};
  if (::fstatat(dir_fd, node.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return (status.st_mode & S_IFMT) == (node.mode & S_IFMT) && status.st_rdev == node.device;
}

int bind_host_node(int dir_fd, const DeviceNode& node) {
  const int file = ::openat(
      dir_fd, node.name.c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (file < 0) return -errno;
  const int result = attach_tree(node.host_node.get(), file);
  ::close(file);
  return result;
}

int make_node(int dir_fd, const DeviceNode& node) {
  if (node.host_node) return bind_host_node(dir_fd, node);
  if (::mknodat(dir_fd, node.name.c_str(), node.mode, node.device) != 0) {
    if (errno != EEXIST) return -errno;
    return is_same_node(dir_fd, node) ? 0 : -EEXIST;
  }
  if (node.uid == 0 && node.gid == 0) return 0;
  return ::fchownat(dir_fd, node.name.c_str(), node.uid, node.gid, AT_SYMLINK_NOFOLLOW) == 0
             ? 0
             : -errno;
}

constexpr int kDirectory = O_PATH | O_DIRECTORY;

}  // namespace

DevicePlan plan_devices(const OciConfig& config, const MountPlan& mounts) {
  DevicePlan plan;
  if (!has_own_dev(mounts)) return plan;
  for (const DefaultNode& each : kDefaultNodes) {
    plan.nodes.push_back(DeviceNode{.directory = "/dev",
                                    .name = each.name,
                                    .mode = kDefaultMode,
                                    .device = makedev(each.major, each.minor),
                                    .host_node = {}});
  }
  for (const OciDevice& each : config.linux_part.devices) {
    DeviceNode node = node_of(each);
    // The config may give a default node another mode or owner.
    std::erase_if(plan.nodes, [&](const DeviceNode& other) {
      return other.directory == node.directory && other.name == node.name;
    });
    plan.nodes.push_back(std::move(node));
  }
  plan.links.assign(kDefaultLinks.begin(), kDefaultLinks.end());
  if (::access("/proc/kcore", F_OK) == 0) plan.links.push_back({"core", "/proc/kcore"});
  return plan;
}

Result<void> open_host_nodes(DevicePlan& plan) {
  for (DeviceNode& each : plan.nodes) {
    const std::string path = each.directory + "/" + each.name;
    const int fd = ::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0) return errno_error("device {}", path);
    each.host_node.reset(fd);
    struct stat status {};
    if (::fstat(fd, &status) != 0) return errno_error("device {}", path);
    if ((status.st_mode & S_IFMT) == (each.mode & S_IFMT) && status.st_rdev == each.device) {
      continue;
    }
    return make_error(ErrorKind::kInvalid, "device {}: the host has another one there", path);
  }
  return {};
}

int make_device_nodes(const DevicePlan& plan, int root_fd, unsigned& item) {
  int dir_fd = -1;
  const std::string* directory = nullptr;
  for (item = 0; item < plan.nodes.size(); ++item) {
    const DeviceNode& node = plan.nodes[item];
    if (directory == nullptr || *directory != node.directory) {
      if (dir_fd >= 0) ::close(dir_fd);
      dir_fd = open_or_make_directory(root_fd, node.directory.c_str(), RESOLVE_NO_SYMLINKS, 0755);
      if (dir_fd < 0) return dir_fd;
      directory = &node.directory;
    }
    const int result = make_node(dir_fd, node);
    if (result < 0) return result;
  }
  if (dir_fd >= 0) ::close(dir_fd);
  return 0;
}

int make_device_links(const DevicePlan& plan, int root_fd, unsigned& item) {
  item = 0;
  if (plan.links.empty()) return 0;
  const int dir_fd = open_rooted(root_fd, "/dev", kDirectory, RESOLVE_NO_SYMLINKS);
  if (dir_fd < 0) return dir_fd;
  for (; item < plan.links.size(); ++item) {
    const DeviceLink& link = plan.links[item];
    if (::symlinkat(link.target, dir_fd, link.name) != 0 && errno != EEXIST) return -errno;
  }
  ::close(dir_fd);
  return 0;
}

int open_null_device(int root_fd) {
  const int fd = open_rooted(root_fd, "/dev/null", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
  if (fd < 0) return fd;
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
      status.st_rdev == makedev(kMemMajor, kNullMinor)) {
    return fd;
  }
  ::close(fd);
  return -ENODEV;
}

}  // namespace ikada
