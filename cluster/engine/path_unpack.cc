// `cp - CONTAINER:PATH`: a tar stream into a container's directory.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "cluster/engine/path_copy.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// "./a//b/" → "a/b"; empty for the target itself. kInvalid for a way up.
Result<std::string> clean_entry_path(const std::string& path) {
  std::string clean;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." || part.find('\0') != std::string_view::npos) {
      return make_error(ErrorKind::kInvalid, "archive: bad path {}", path);
    }
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  return clean;
}

class Unpacking {
 public:
  Unpacking(TarReader& archive, const CopyPlace& target, const CopyRules& rules)
      : archive_(archive), root_fd_(target.root_fd), base_(target.path), rules_(rules) {}

  Result<void> entry(const TarEntry& entry);
  std::uint64_t bytes() const { return bytes_; }

 private:
  // The directory that an entry's last component lies in. Symbolic links on the way are followed as
  // the container would follow them.
  Result<UniqueFd> parent_of(const std::string& path);
  Result<void> regular_file(int directory, const std::string& name, const TarEntry& entry);
  Result<void> hard_link(int directory, const std::string& name, const TarEntry& entry);
  Result<void> directory(int parent, const std::string& name, const TarEntry& entry);
  Result<void> set_attributes(int fd, const TarEntry& entry);
  Result<void> set_name_attributes(int parent, const std::string& name, const TarEntry& entry);
  CopyRules::Owner owner_of(const TarEntry& entry) const {
    return rules_.owner.value_or(CopyRules::Owner{.uid = entry.uid, .gid = entry.gid});
  }

  TarReader& archive_;
  int root_fd_;
  std::string base_;
  CopyRules rules_;
  std::uint64_t bytes_ = 0;
};

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Result<UniqueFd> Unpacking::parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
  return make_directories_in_root(root_fd_, fmt::format("{}/{}", base_, parent), 0755);
}

Result<void> Unpacking::set_attributes(int fd, const TarEntry& entry) {
  const CopyRules::Owner owner = owner_of(entry);
  if (::fchown(fd, owner.uid, owner.gid) != 0) return errno_error("chown {}", entry.path);
  if (::fchmod(fd, entry.mode & 07777) != 0) return errno_error("chmod {}", entry.path);
  for (const auto& [name, value] : entry.xattrs) {
    if (!name.starts_with("user.") && name != "security.capability") continue;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0 && errno != ENOTSUP) {
      return errno_error("set attribute {} of {}", name, entry.path);
    }
  }
  const std::array<timespec, 2> times = {entry.mtime, entry.mtime};
  if (::futimens(fd, times.data()) != 0) return errno_error("set times of {}", entry.path);
  return {};
}

Result<void> Unpacking::set_name_attributes(int parent,
                                            const std::string& name,
                                            const TarEntry& entry) {
  const CopyRules::Owner owner = owner_of(entry);
  if (::fchownat(parent, name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("chown {}", entry.path);
  }
  const std::array<timespec, 2> times = {entry.mtime, entry.mtime};
  if (::utimensat(parent, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("set times of {}", entry.path);
  }
  return {};
}

Result<void> Unpacking::regular_file(int directory,
                                     const std::string& name,
                                     const TarEntry& entry) {
  IK_LET(file, open_file_at(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  while (true) {
    IK_LET(block, archive_.next_block());
    if (!block.has_value()) break;
    std::string_view rest = block->bytes;
    auto offset = static_cast<off_t>(block->offset);
    while (!rest.empty()) {
      const ssize_t written = ::pwrite(file.get(), rest.data(), rest.size(), offset);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno_error("write {}", entry.path);
      rest.remove_prefix(static_cast<size_t>(written));
      offset += written;
    }
  }
  if (::ftruncate(file.get(), static_cast<off_t>(entry.size_bytes)) != 0) {
    return errno_error("truncate {}", entry.path);
  }
  bytes_ += entry.size_bytes;
  return set_attributes(file.get(), entry);
}

Result<void> Unpacking::hard_link(int directory, const std::string& name, const TarEntry& entry) {
  IK_LET(path, clean_entry_path(entry.link_target));
  IK_LET(parent, parent_of(path));
  const std::string existing(last_name(path));
  if (::linkat(parent.get(), existing.c_str(), directory, name.c_str(), 0) != 0) {
    return errno_error("link {} to {}", entry.path, entry.link_target);
  }
  return {};
}

Result<void> Unpacking::directory(int parent, const std::string& name, const TarEntry& entry) {
  if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return errno_error("mkdir {}", entry.path);
  }
  IK_LET(fd, open_file_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return set_attributes(fd.get(), entry);
}

Result<void> Unpacking::entry(const TarEntry& entry) {
  IK_LET(path, clean_entry_path(entry.path));
  if (path.empty()) return {};
  IK_LET(parent, parent_of(path));
  const std::string name(last_name(path));
  struct stat there {};
  if (::fstatat(parent.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
    const bool is_directory = S_ISDIR(entry.mode) && !entry.is_hard_link;
    if (S_ISDIR(there.st_mode) != is_directory) {
      return make_error(
          ErrorKind::kConflict, "cannot overwrite {} with something of another kind", entry.path);
    }
    if (!is_directory && ::unlinkat(parent.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return errno_error("remove {}", entry.path);
    }
  }
  if (entry.is_hard_link) return hard_link(parent.get(), name, entry);
  switch (entry.mode & S_IFMT) {
    case S_IFREG:
      return regular_file(parent.get(), name, entry);
    case S_IFDIR:
      return directory(parent.get(), name, entry);
    case S_IFLNK:
      if (::symlinkat(entry.link_target.c_str(), parent.get(), name.c_str()) != 0) {
        return errno_error("symlink {}", entry.path);
      }
      return set_name_attributes(parent.get(), name, entry);
    default: {
      const dev_t device = makedev(entry.device_major, entry.device_minor);
      if (::mknodat(parent.get(), name.c_str(), entry.mode, device) != 0) {
        return errno_error("mknod {}", entry.path);
      }
      return set_name_attributes(parent.get(), name, entry);
    }
  }
}

}  // namespace

Result<std::uint64_t> unpack_into(TarReader& archive,
                                  const CopyPlace& target,
                                  const CopyRules& rules) {
  const std::string path = clean_copy_path(target.path);
  const Result<UniqueFd> directory = open_in_root(target.root_fd, path, O_PATH | O_DIRECTORY);
  if (!directory.has_value()) {
    return make_error(ErrorKind::kInvalid, "destination \"{}\" must be a directory", target.path);
  }
  Unpacking unpacking(archive, {.root_fd = target.root_fd, .path = path}, rules);
  while (true) {
    IK_LET(entry, archive.next());
    if (entry == nullptr) return unpacking.bytes();
    IK_TRY(unpacking.entry(*entry));
  }
}

}  // namespace ikada
