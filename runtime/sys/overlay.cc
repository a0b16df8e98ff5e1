#include "runtime/sys/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "runtime/sys/fd_path.h"

namespace ikada {
namespace {

constexpr size_t kMaxValue = 255;  // fsconfig(2).

int set_string(int context, const char* name, const char* value) {
  return ::fsconfig(context, FSCONFIG_SET_STRING, name, value, 0) == 0 ? 0 : -errno;
}

// A directory whose path is too long for a value goes by its descriptor: the kernel looks it up at
// once.
int set_directory(int context, const char* name, const std::string& path) {
  if (path.size() <= kMaxValue) return set_string(context, name, path.c_str());
  const int fd = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  const int result = set_string(context, name, FdPath(fd).c_str());
  ::close(fd);
  return result;
}

int set_parameter(int context, const std::string& name, const std::string& value) {
  if (!value.empty()) return set_directory(context, name.c_str(), value);
  return ::fsconfig(context, FSCONFIG_SET_FLAG, name.c_str(), nullptr, 0) == 0 ? 0 : -errno;
}

int configure(int context, const Overlay& overlay) {
  for (const std::string& lower : overlay.lowers) {
    const int result = set_directory(context, "lowerdir+", lower);
    if (result < 0) return result;
  }
  for (const auto& [name, value] : overlay.parameters) {
    const int result = set_parameter(context, name, value);
    if (result < 0) return result;
  }
  return ::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0 ? 0 : -errno;
}

}  // namespace

int create_overlay(const Overlay& overlay, unsigned attributes) {
  const int context = ::fsopen("overlay", FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  int result = configure(context, overlay);
  if (result == 0) {
    result = ::fsmount(context, FSMOUNT_CLOEXEC, attributes);
    if (result < 0) result = -errno;
  }
  ::close(context);
  return result;
}

}  // namespace ikada
