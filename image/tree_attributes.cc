#include "image/tree_attributes.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <utility>

#include "image/layer_xattr.h"

namespace ikada {
namespace {

constexpr std::string_view kOpaqueXattr = "trusted.overlay.opaque";

Result<std::string> read_xattr(int fd, const std::string& name, const std::string& path) {
  std::string value;
  while (true) {
    const ssize_t size = ::fgetxattr(fd, name.c_str(), nullptr, 0);
    if (size < 0) return errno_error("getxattr {} of {}", name, path);
    value.resize(static_cast<size_t>(size));
    const ssize_t got = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (got < 0 && errno == ERANGE) continue;
    if (got < 0) return errno_error("getxattr {} of {}", name, path);
    value.resize(static_cast<size_t>(got));
    return value;
  }
}

Result<std::string> list_xattrs(int fd, const std::string& path) {
  std::string names(size_t{1} << 10, '\0');
  while (true) {
    const ssize_t size = ::flistxattr(fd, names.data(), names.size());
    if (size < 0 && errno == ENOTSUP) return std::string();
    if (size < 0 && errno != ERANGE) return errno_error("listxattr {}", path);
    if (size >= 0) {
      names.resize(static_cast<size_t>(size));
      return names;
    }
    names.resize(names.size() * 8);
  }
}

}  // namespace

Result<TreeAttributes> read_tree_attributes(int fd, const std::string& path) {
  IK_LET(list, list_xattrs(fd, path));
  TreeAttributes attributes;
  for (size_t start = 0; start < list.size();) {
    const std::string name = list.c_str() + start;
    start += name.size() + 1;
    if (name == "trusted.overlay.redirect" || name == "trusted.overlay.metacopy") {
      return not_in_layer(path, "overlayfs has only a reference there (" + name + ")");
    }
    IK_LET(value, read_xattr(fd, name, path));
    IK_LET(is_kept, keeps_layer_xattr(name, value).context("{}", path));
    if (is_kept) {
      attributes.kept[name] = std::move(value);
    } else if (name == kOpaqueXattr && value == "y") {
      attributes.is_opaque = true;
    } else {
      attributes.dropped.push_back(name);
    }
  }
  return attributes;
}

Error not_in_layer(std::string_view path, std::string_view why) {
  return make_error(ErrorKind::kInvalid, "{} cannot be in a layer: {}", path, why);
}

bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

}  // namespace ikada
