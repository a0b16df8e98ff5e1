#include "cluster/engine/container_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <utility>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

Result<std::vector<std::string>> names_in(int fd) {
  IK_LET(names, list_directory("/proc/self/fd/" + std::to_string(fd)));
  std::sort(names.begin(), names.end());
  return names;
}

bool is_opaque(int fd) {
  char value = 0;
  return ::fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

bool is_same_directory(const struct stat& a, const struct stat& b) {
  return a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

class ChangeWalk {
 public:
  Result<void> walk(int upper, int lower, const std::string& prefix) {
    IK_LET(names, names_in(upper));
    for (const std::string& name : names) IK_TRY(look(upper, lower, name, prefix + name));
    if (lower < 0 || !is_opaque(upper)) return {};
    IK_LET(hidden, names_in(lower));
    for (const std::string& name : hidden) {
      if (!std::binary_search(names.begin(), names.end(), name)) add('D', prefix + name);
    }
    return {};
  }

  std::vector<PathChange> take() {
    std::sort(changes_.begin(), changes_.end(), [](const PathChange& a, const PathChange& b) {
      return a.path < b.path;
    });
    return std::move(changes_);
  }

 private:
  void add(char kind, const std::string& path) { changes_.push_back({kind, path}); }

  Result<void> look(int upper, int lower, const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(upper, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return {};  // Gone since the directory was read.
      return errno_error("stat {}", path);
    }
    struct stat below {};
    const bool existed =
        lower >= 0 && ::fstatat(lower, name.c_str(), &below, AT_SYMLINK_NOFOLLOW) == 0;
    if (is_whiteout(status)) {
      if (existed) add('D', path);
      return {};
    }
    if (S_ISDIR(status.st_mode)) return look_into(upper, lower, name, path, status, below, existed);
    const bool is_stub = !existed && status.st_size == 0 && mount_stubs().contains(path.substr(1));
    if (!is_stub) add(existed ? 'C' : 'A', path);
    return {};
  }

  Result<void> look_into(int upper,
                         int lower,
                         const std::string& name,
                         const std::string& path,
                         const struct stat& status,
                         const struct stat& below,
                         bool existed) {
    IK_LET(directory, open_file_at(upper, name, kOpenDirectory));
    UniqueFd other;
    if (existed && S_ISDIR(below.st_mode)) {
      IK_LET(fd, open_file_at(lower, name, kOpenDirectory));
      other = std::move(fd);
    }
    const size_t before = changes_.size();
    IK_TRY(walk(directory.get(), other ? other.get() : -1, path + "/"));
    const bool has_changes = changes_.size() > before;
    const bool is_stub = !existed && !has_changes && mount_stubs().contains(path.substr(1));
    const bool is_same = existed && is_same_directory(status, below);
    if (has_changes || (!is_stub && !is_same)) add(existed ? 'C' : 'A', path);
    return {};
  }

  std::vector<PathChange> changes_;
};

std::vector<std::string> with_upper(std::vector<std::string> layers, std::string upper) {
  layers.push_back(std::move(upper));
  return layers;
}

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

const std::set<std::string>& mount_stubs() {
  static const std::set<std::string> stubs = {
      "dev", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "sys"};
  return stubs;
}

Result<std::vector<PathChange>> list_changes(int upper_fd, int lower_fd) {
  ChangeWalk walk;
  IK_TRY(walk.walk(upper_fd, lower_fd, "/"));
  return walk.take();
}

ContainerTree::ContainerTree(StoredImage image,
                             UniqueFd upper,
                             const std::vector<std::string>& layers)
    : image_(std::move(image)),
      upper_(std::move(upper)),
      lower_(layers),
      merged_(with_upper(layers, path_of(upper_.get()))),
      has_layers_(!layers.empty()) {}

Result<ContainerTree> ContainerTree::open(const ImageStore& store,
                                          const EngineLayout& layout,
                                          const std::string& container) {
  IK_LET(image, store.held_image(container));
  IK_LET(layers, store.layer_directories(image));
  IK_LET(upper, open_file(layout.container_file(container, "upper"), kOpenDirectory));
  return ContainerTree(std::move(image), std::move(upper), layers);
}

Result<std::vector<PathChange>> ContainerTree::changes() {
  if (!has_layers_) return list_changes(upper_.get(), -1);
  IK_LET(lower, lower_.root());
  return list_changes(upper_.get(), lower);
}

}  // namespace ikada
