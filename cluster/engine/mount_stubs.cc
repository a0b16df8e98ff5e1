#include "cluster/engine/mount_stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "image/build/merged_tree.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// Where a descriptor points to, seen from the root it was looked up in.
Result<std::string> path_below(int root_fd, int fd) {
  std::array<std::array<char, PATH_MAX>, 2> text{};
  std::array<std::string, 2> paths;
  for (const auto& [place, each] : {std::pair{0U, root_fd}, std::pair{1U, fd}}) {
    const std::string link = fmt::format("/proc/self/fd/{}", each);
    const ssize_t size = ::readlink(link.c_str(), text[place].data(), text[place].size());
    if (size <= 0) return errno_error("readlink {}", link);
    paths[place].assign(text[place].data(), static_cast<size_t>(size));
  }
  if (paths[0] == "/") paths[0].clear();
  if (!paths[1].starts_with(paths[0])) return std::string("/");
  return paths[1] == paths[0] ? "/" : paths[1].substr(paths[0].size());
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Deeper paths first.
bool is_deeper(const std::string& a, const std::string& b) {
  const auto depth = [](const std::string& path) {
    return std::count(path.begin(), path.end(), '/');
  };
  return depth(a) != depth(b) ? depth(a) > depth(b) : a < b;
}

// An empty directory of the upper layer that is only a copy of the lower one.
bool is_plain_copy(int directory, unsigned mode, unsigned uid, unsigned gid) {
  struct stat status {};
  char opaque = 0;
  if (::fstat(directory, &status) != 0) return false;
  if (::fgetxattr(directory, "trusted.overlay.opaque", &opaque, 1) > 0) return false;
  return status.st_mode == mode && status.st_uid == uid && status.st_gid == gid;
}

}  // namespace

Result<MountStubs> MountStubs::find(const std::vector<std::string>& layers,
                                    std::vector<std::string> destinations,
                                    const std::string& mount_point) {
  for (const char* each :
       {"/proc", "/sys", "/dev", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname"}) {
    destinations.emplace_back(each);
  }
  MountStubs stubs;
  IK_LET(tree, open_merged(layers, mount_point));
  const int root = tree.fd();
  for (const std::string& destination : destinations) {
    // Goes up to the part that is there, whatever symlinks are on the way.
    std::vector<std::string> names;
    std::string known = destination;
    Result<UniqueFd> fd = open_in_root(root, known, O_PATH);
    while (!fd.has_value() && known != "/") {
      names.push_back(known.substr(known.rfind('/') + 1));
      known = parent_of(known);
      fd = open_in_root(root, known, O_PATH);
    }
    if (!fd.has_value() || names.empty()) continue;
    IK_LET(real, path_below(root, fd->get()));
    struct stat status {};
    if (::fstat(fd->get(), &status) != 0) return errno_error("stat {}", real);
    stubs.parents_.push_back(
        {.path = real, .mode = status.st_mode, .uid = status.st_uid, .gid = status.st_gid});
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      real = (real == "/" ? "" : real) + "/" + *name;
      stubs.missing_.push_back(real);
    }
  }
  std::sort(stubs.missing_.begin(), stubs.missing_.end(), is_deeper);
  std::sort(stubs.parents_.begin(), stubs.parents_.end(), [](const auto& a, const auto& b) {
    return is_deeper(a.path, b.path);
  });
  return stubs;
}

Result<void> MountStubs::remove_from(const std::string& upper) const {
  IK_LET(root, open_file(upper, O_RDONLY | O_DIRECTORY));
  const auto parent_fd = [&](const std::string& path) {
    const std::string parent = parent_of(path).substr(1);
    return open_beneath(root.get(), parent.empty() ? "." : parent, O_PATH | O_DIRECTORY);
  };
  for (const std::string& path : missing_) {
    const Result<UniqueFd> parent = parent_fd(path);
    if (!parent.has_value()) continue;
    const std::string name = path.substr(path.rfind('/') + 1);
    struct stat status {};
    if (::fstatat(parent->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && (!S_ISREG(status.st_mode) || status.st_size != 0)) continue;
    // A directory that the command put something into stays.
    ::unlinkat(parent->get(), name.c_str(), is_directory ? AT_REMOVEDIR : 0);
  }
  for (const CopiedDirectory& each : parents_) {
    if (each.path == "/") continue;
    const Result<UniqueFd> parent = parent_fd(each.path);
    if (!parent.has_value()) continue;
    const std::string name = each.path.substr(each.path.rfind('/') + 1);
    const Result<UniqueFd> directory =
        open_file_at(parent->get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.has_value()) continue;
    if (is_plain_copy(directory->get(), each.mode, each.uid, each.gid)) {
      ::unlinkat(parent->get(), name.c_str(), AT_REMOVEDIR);
    }
  }
  return {};
}

}  // namespace ikada
