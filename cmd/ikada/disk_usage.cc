#include "cmd/ikada/disk_usage.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>
#include <utility>

#include "cluster/engine/volumes.h"
#include "image/placed_layer.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

class TreeSum {
 public:
  void add(int directory) {
    const auto names = list_directory("/proc/self/fd/" + std::to_string(directory));
    if (!names.has_value()) return;
    for (const std::string& name : *names) {
      struct stat status {};
      if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISDIR(status.st_mode)) {
        const auto fd = open_file_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd.has_value()) add(fd->get());
      } else if (status.st_nlink == 1 || linked_.emplace(status.st_dev, status.st_ino).second) {
        bytes_ += static_cast<std::uint64_t>(status.st_size);
      }
    }
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t bytes_ = 0;
  std::set<std::pair<dev_t, ino_t>> linked_;
};

}  // namespace

std::uint64_t tree_bytes(const std::string& path) {
  const auto fd = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd.has_value()) return 0;
  TreeSum sum;
  sum.add(fd->get());
  return sum.bytes();
}

Result<std::map<std::string, std::uint64_t>> list_layer_bytes(const ImageStore& store) {
  std::map<std::string, std::uint64_t> sizes;
  IK_LET(names, list_directory(store.root() + "/layers/sha256"));
  for (const std::string& hex : names) {
    const Result<Digest> blob = Digest::parse("sha256:" + hex);
    if (!blob.has_value()) continue;
    // Another command may take it away just now.
    const auto bytes = layer_content_bytes(store, *blob);
    if (bytes.has_value()) sizes[blob->text()] = *bytes;
  }
  return sizes;
}

Result<std::map<std::string, std::uint64_t>> list_volume_bytes(const EngineLayout& layout) {
  std::map<std::string, std::uint64_t> sizes;
  const auto names = list_directory(layout.volumes());
  if (!names.has_value() && names.error().kind == ErrorKind::kNotFound) return sizes;
  if (!names.has_value()) return names.error();
  for (const std::string& name : *names) {
    if (!check_volume_name(name).has_value()) continue;  // A lock beside them.
    sizes[name] = tree_bytes(layout.volumes() + "/" + name + "/_data");
  }
  return sizes;
}

}  // namespace ikada
