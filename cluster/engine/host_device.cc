#include "cluster/engine/host_device.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kMaxDepth = 16;

bool is_device(const struct stat& status) {
  return S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
}

HostDevice make_host_device(const DeviceSpec& wish, const struct stat& status) {
  return {.path = wish.container_path,
          .type = S_ISBLK(status.st_mode) ? 'b' : 'c',
          .major = major(status.st_rdev),
          .minor = minor(status.st_rdev),
          .mode = status.st_mode & 07777,
          .uid = status.st_uid,
          .gid = status.st_gid,
          .permissions = wish.permissions};
}

// What the container's own /dev has anyway, or must not get from the host.
bool is_private(std::string_view path) {
  constexpr std::array<std::string_view, 9> kPrivate = {"/dev/pts",
                                                        "/dev/shm",
                                                        "/dev/fd",
                                                        "/dev/mqueue",
                                                        "/dev/console",
                                                        "/dev/ptmx",
                                                        "/dev/.lxc",
                                                        "/dev/.lxd-mounts",
                                                        "/dev/.udev"};
  return std::find(kPrivate.begin(), kPrivate.end(), path) != kPrivate.end();
}

// The devices in a directory and below it. Anyone can ask for a directory that is no /dev, so what
// is looked at has a limit.
class DeviceSearch {
 public:
  explicit DeviceSearch(std::vector<HostDevice>& devices) : devices_(devices) {}

  Result<void> run(const DeviceSpec& wish, int depth = 0) {
    struct stat status {};
    if (depth > kMaxDepth || ::lstat(wish.host_path.c_str(), &status) != 0) return {};
    if (is_device(status)) devices_.push_back(make_host_device(wish, status));
    if (!S_ISDIR(status.st_mode)) return {};
    const Result<std::vector<std::string>> names = list_directory(wish.host_path);
    if (!names.has_value()) return {};
    seen_ += names->size();
    if (seen_ > kMaxFiles) {
      return make_error(ErrorKind::kInvalid, "it holds more than {} files", kMaxFiles);
    }
    for (const std::string& name : *names) {
      const DeviceSpec inner{.host_path = wish.host_path + "/" + name,
                             .container_path = wish.container_path + "/" + name,
                             .permissions = wish.permissions};
      if (!is_private(inner.host_path)) IK_TRY(run(inner, depth + 1));
    }
    return {};
  }

 private:
  static constexpr size_t kMaxFiles = 16384;

  std::vector<HostDevice>& devices_;
  size_t seen_ = 0;
};

}  // namespace

Result<std::vector<HostDevice>> find_host_devices(const ContainerSpec& spec) {
  std::vector<HostDevice> devices;
  for (const DeviceSpec& wish : spec.devices) {
    struct stat status {};
    if (::stat(wish.host_path.c_str(), &status) != 0) {
      return errno_error("error gathering device information while adding custom device \"{}\"",
                         wish.host_path);
    }
    const size_t before = devices.size();
    if (is_device(status)) {
      devices.push_back(make_host_device(wish, status));
    } else {
      IK_TRY(DeviceSearch(devices).run(wish).context(
          "error gathering device information while adding custom device \"{}\"", wish.host_path));
    }
    if (devices.size() == before) {
      return make_error(ErrorKind::kInvalid,
                        "error gathering device information while adding custom device \"{}\": "
                        "not a device node",
                        wish.host_path);
    }
  }
  if (spec.security.privileged) {
    IK_TRY(DeviceSearch(devices)
               .run({.host_path = "/dev", .container_path = "/dev"})
               .context("the devices in /dev"));
  }
  // The first mention of a path counts, so that --device can rename what --privileged finds.
  std::stable_sort(devices.begin(), devices.end(), [](const HostDevice& a, const HostDevice& b) {
    return a.path < b.path;
  });
  const auto repeated =
      std::unique(devices.begin(), devices.end(), [](const HostDevice& a, const HostDevice& b) {
        return a.path == b.path;
      });
  devices.erase(repeated, devices.end());
  return devices;
}

}  // namespace ikada
