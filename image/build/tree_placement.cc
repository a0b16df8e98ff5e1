#include "image/build/tree_placement.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "image/layer_xattr.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr mode_t kDirectoryMode = 0755;

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string below(std::string directory, const std::string& name) {
  if (directory.empty() || directory.back() != '/') directory += '/';
  return directory + name;
}

Result<void> copy_attributes(int from, int to) {
  std::vector<char> names(size_t{64} << 10);
  const ssize_t size = ::flistxattr(from, names.data(), names.size());
  if (size <= 0) return {};
  std::vector<char> value(size_t{64} << 10);
  for (const std::string_view name : split({names.data(), static_cast<size_t>(size)}, '\0')) {
    if (name.empty()) continue;
    const std::string key(name);
    const ssize_t length = ::fgetxattr(from, key.c_str(), value.data(), value.size());
    if (length < 0) continue;
    const std::string_view content(value.data(), static_cast<size_t>(length));
    if (!keeps_layer_xattr(name, content).value_or(false)) continue;
    if (::fsetxattr(to, key.c_str(), content.data(), content.size(), 0) != 0 && errno != ENOTSUP) {
      return errno_error("set attribute {}", key);
    }
  }
  return {};
}

}  // namespace

FileOwner TreePlacement::owner_of(const struct stat& status) const {
  return options_.owner.value_or(FileOwner{.uid = status.st_uid, .gid = status.st_gid});
}

Result<void> TreePlacement::remember_times(const std::string& path, int fd) {
  if (made_.contains(path) || times_.contains(path)) return {};
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("stat {}", path);
  times_.emplace(path, status.st_mtim);
  return {};
}

// The directory with all that is missing of it, valid until the next call.
Result<int> TreePlacement::open_directory(const std::string& path) {
  if (last_ && path == last_path_) return last_.get();
  IK_LET(current, open_in_root(root_fd_, "/", O_PATH | O_DIRECTORY));
  std::string prefix;
  std::string known = "/";
  const FileOwner owner = options_.owner.value_or(FileOwner{});
  for (const std::string_view part : split(path, '/')) {
    if (part.empty()) continue;
    prefix.append("/").append(part);
    Result<UniqueFd> next = open_in_root(root_fd_, prefix, O_PATH | O_DIRECTORY);
    if (!next.has_value() && next.error().errno_value == ENOENT) {
      IK_TRY(remember_times(known, current.get()));
      const std::string name(part);
      if (::mkdirat(current.get(), name.c_str(), kDirectoryMode) != 0) {
        return errno_error("mkdir {}", prefix);
      }
      IK_LET(made, open_file_at(current.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      if (::fchown(made.get(), owner.uid, owner.gid) != 0) return errno_error("chown {}", prefix);
      if (::fchmod(made.get(), kDirectoryMode) != 0) return errno_error("chmod {}", prefix);
      made_.insert(prefix);
      next = std::move(made);
    }
    if (!next.has_value()) return std::move(next.error());
    current = std::move(*next);
    known = prefix;
  }
  IK_TRY(remember_times(known, current.get()));
  last_ = std::move(current);
  last_path_ = path;
  return last_.get();
}

Result<void> TreePlacement::make_directory(const std::string& path) {
  return open_directory(path).map([](int) {});
}

Result<TreePlacement::Place> TreePlacement::place_file(const std::string& name,
                                                       const std::string& destination) {
  std::string target = destination;
  const bool is_directory =
      target.ends_with('/') || open_in_root(root_fd_, target, O_PATH | O_DIRECTORY).has_value();
  if (is_directory) target = below(target, name);
  IK_LET(directory, open_directory(parent_of(target)));
  return Place{.directory = directory, .name = last_name(target)};
}

// Takes away what is in a file's place; a directory is not given up for a file.
Result<void> TreePlacement::clear(const Place& place) {
  if (::unlinkat(place.directory, place.name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EISDIR) {
    return make_error(ErrorKind::kConflict, "cannot copy a file over the directory {}", place.name);
  }
  return errno_error("unlink {}", place.name);
}

Result<void> TreePlacement::set_owner(const Place& place, const struct stat& status) const {
  const FileOwner owner = owner_of(status);
  const char* name = place.name.c_str();
  if (::fchownat(place.directory, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("chown {}", place.name);
  }
  if (!S_ISLNK(status.st_mode)) {
    const mode_t mode = options_.mode_for(status.st_mode, S_ISDIR(status.st_mode));
    if (::fchmodat(place.directory, name, mode, 0) != 0) {
      return errno_error("chmod {}", place.name);
    }
  }
  const std::array<timespec, 2> times = {status.st_mtim, status.st_mtim};
  if (::utimensat(place.directory, name, times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("set times of {}", place.name);
  }
  return {};
}

Result<void> TreePlacement::add_file(const SourceTree& tree,
                                     const SourceEntry& entry,
                                     const Place& place,
                                     const std::string& target) {
  IK_TRY(clear(place));
  const struct stat& status = entry.status;
  const bool linked = status.st_nlink > 1 && !entry.path.empty();
  if (linked) {
    const auto [first, is_new] = links_.emplace(std::pair(status.st_dev, status.st_ino), target);
    if (!is_new) {
      IK_LET(other, open_in_root(root_fd_, parent_of(first->second), O_PATH | O_DIRECTORY));
      const std::string other_name = last_name(first->second);
      if (::linkat(other.get(), other_name.c_str(), place.directory, place.name.c_str(), 0) == 0) {
        return {};
      }
      return errno_error("link {}", target);
    }
  }
  IK_LET(from, tree.open(entry));
  struct stat now {};
  if (::fstat(from.get(), &now) != 0) return errno_error("stat {}", entry.path);
  if (!S_ISREG(now.st_mode)) return make_error(ErrorKind::kConflict, "{} changed", entry.path);
  IK_LET(to,
         open_file_at(place.directory, place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  IK_TRY(copy_file_content(from.get(), to.get()));
  const FileOwner owner = owner_of(status);
  if (::fchown(to.get(), owner.uid, owner.gid) != 0) return errno_error("chown");
  const mode_t mode = options_.mode_for(status.st_mode, false);
  if (::fchmod(to.get(), mode) != 0) return errno_error("chmod");
  IK_TRY(copy_attributes(from.get(), to.get()));
  const std::array<timespec, 2> times = {status.st_mtim, status.st_mtim};
  if (::futimens(to.get(), times.data()) != 0) return errno_error("set times");
  return {};
}

Result<void> TreePlacement::add_directory(const SourceEntry& entry, const std::string& target) {
  // What is there stays as it is, also a symlink to a directory.
  if (open_in_root(root_fd_, target, O_PATH | O_DIRECTORY).has_value()) return {};
  IK_LET(parent, open_directory(parent_of(target)));
  const Place place{.directory = parent, .name = last_name(target)};
  if (::mkdirat(place.directory, place.name.c_str(), 0700) != 0) {
    if (errno == EEXIST) {
      return make_error(ErrorKind::kConflict, "cannot copy a directory over the file {}", target);
    }
    return errno_error("mkdir {}", target);
  }
  made_.insert(target);
  // Its time is set at the end, after its content.
  times_.emplace(target, entry.status.st_mtim);
  return set_owner(place, entry.status);
}

Result<void> TreePlacement::add(const SourceTree& tree,
                                const SourceEntry& entry,
                                const std::string& target) {
  if (S_ISDIR(entry.status.st_mode)) return add_directory(entry, target);
  IK_LET(directory, open_directory(parent_of(target)));
  const Place place{.directory = directory, .name = last_name(target)};
  if (S_ISREG(entry.status.st_mode)) return add_file(tree, entry, place, target);
  IK_TRY(clear(place));
  if (S_ISLNK(entry.status.st_mode)) {
    if (::symlinkat(entry.link.c_str(), place.directory, place.name.c_str()) != 0) {
      return errno_error("symlink {}", target);
    }
  } else if (::mknodat(
                 place.directory, place.name.c_str(), entry.status.st_mode, entry.status.st_rdev) !=
             0) {
    return errno_error("mknod {}", target);
  }
  return set_owner(place, entry.status);
}

Result<void> TreePlacement::copy(const SourceTree& tree, const std::string& destination) {
  if (!tree.is_directory()) {
    IK_LET(place, place_file(tree.name, destination));
    return add_file(tree, tree.entries[0], place, destination).context("{}", tree.path);
  }
  IK_TRY(make_directory(destination));
  for (const SourceEntry& entry : tree.entries) {
    if (entry.path.empty()) continue;
    IK_TRY(add(tree, entry, below(destination, entry.path)).context("{}", entry.path));
  }
  return {};
}

Result<void> TreePlacement::write(const std::string& name,
                                  std::string_view content,
                                  const std::string& destination) {
  IK_LET(place, place_file(name, destination));
  IK_TRY(clear(place));
  IK_LET(to,
         open_file_at(place.directory, place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  IK_TRY(write_all(to.get(), content));
  const FileOwner owner = options_.owner.value_or(FileOwner{});
  if (::fchown(to.get(), owner.uid, owner.gid) != 0) return errno_error("chown {}", name);
  if (::fchmod(to.get(), options_.mode_for(0644, false)) != 0) return errno_error("chmod {}", name);
  return {};
}

Result<void> TreePlacement::finish() {
  for (const auto& [path, time] : times_) {
    IK_LET(fd, open_in_root(root_fd_, path, O_RDONLY | O_DIRECTORY));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", path);
    if (status.st_mtim.tv_sec == time.tv_sec && status.st_mtim.tv_nsec == time.tv_nsec) continue;
    const std::array<timespec, 2> times = {status.st_atim, time};
    if (::futimens(fd.get(), times.data()) != 0) return errno_error("set times of {}", path);
  }
  return {};
}

}  // namespace ikada
