#include "image/layer_tree.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "image/layer_xattr.h"
#include "image/tree_attributes.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kPathDirectory = O_PATH | O_DIRECTORY;
constexpr mode_t kPermissions = 07777;
constexpr mode_t kSetIds = S_ISUID | S_ISGID;

Error refused_entry(std::string_view code, const std::string& path, std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "layer entry \"{}\": {}", path, what);
  error.code = code;
  return error;
}

// An error of looking up a parent: the layer's fault for everything that a name can cause.
Error lookup_error(const Error& error, const std::string& path) {
  switch (error.errno_value) {
    case ELOOP:
      return refused_entry("LAYER_PATH_ESCAPE", path, "too many symlinks on the way");
    case ENOENT:
      return refused_entry("LAYER_PATH_ESCAPE", path, "a symlink on the way leads to nothing");
    case ENOTDIR:
      return refused_entry("LAYER_PATH_INVALID", path, "its parent is not a directory");
    case ENAMETOOLONG:
      return refused_entry("LAYER_PATH_INVALID", path, "name too long");
    default:
      return error;
  }
}

// An error of looking up a hard link's target, likewise.
Error link_error(const Error& error, const std::string& path) {
  const int number = error.errno_value;
  const bool is_layers_fault =
      number == ENOENT || number == ENOTDIR || number == ELOOP || number == ENAMETOOLONG;
  if (!is_layers_fault) return error;
  return refused_entry("LAYER_LINK_INVALID", path, "hard link to nothing");
}

Result<void> set_owner(int parent, const char* name, const TarEntry& entry) {
  if (entry.uid == 0 && entry.gid == 0) return {};  // As it was made.
  if (::fchownat(parent, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("chown {}", name);
  }
  return {};
}

Result<void> set_times(int parent, const char* name, const TarEntry& entry) {
  const timespec times[2] = {entry.mtime, entry.mtime};
  if (::utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("utimensat {}", name);
  }
  return {};
}

Result<void> set_xattrs(int fd, const TarEntry& entry) {
  for (const auto& [name, value] : entry.xattrs) {
    IK_LET(kept, keeps_layer_xattr(name, value));
    if (!kept) continue;
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    // A file system without attributes of this kind holds the layer without them, as docker does.
    if (errno == ENOTSUP) continue;
    return errno_error("setxattr {} of {}", name, entry.path);
  }
  return {};
}

Result<void> write_at(int fd, TarBlock block) {
  while (!block.bytes.empty()) {
    const ssize_t written =
        ::pwrite(fd, block.bytes.data(), block.bytes.size(), static_cast<off_t>(block.offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write");
    block.bytes.remove_prefix(static_cast<size_t>(written));
    block.offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> write_content(int fd, const TarEntry& entry, const LayerTree::Blocks& blocks) {
  std::uint64_t end = 0;
  while (true) {
    IK_LET(block, blocks());
    if (!block.has_value()) break;
    if (block->offset > entry.size_bytes ||
        block->bytes.size() > entry.size_bytes - block->offset) {
      return refused_entry("LAYER_TAR_INVALID", entry.path, "content beyond its size");
    }
    if (block->bytes.empty()) continue;
    IK_TRY(write_at(fd, *block).context("{}", entry.path));
    end = block->offset + block->bytes.size();
  }
  if (end < entry.size_bytes && ::ftruncate(fd, static_cast<off_t>(entry.size_bytes)) != 0) {
    return errno_error("truncate {}", entry.path);
  }
  return {};
}

}  // namespace

Result<void> mark_opaque(int directory) {
  if (::fsetxattr(directory, "trusted.overlay.opaque", "y", 1, 0) != 0) {
    return errno_error("setxattr trusted.overlay.opaque");
  }
  return {};
}

LayerTree::LayerTree(UniqueFd root, LayerLimits limits, MarkOpaque mark)
    : root_(std::move(root)), limits_(limits), mark_opaque_(std::move(mark)) {}

Result<void> LayerTree::spend(std::uint64_t bytes, const TarEntry& entry) {
  if (bytes > limits_.max_bytes) {
    return refused_entry("LAYER_TOO_LARGE", entry.path, "file larger than a layer may be");
  }
  if (++entries_ > limits_.max_entries) {
    return refused_entry("LAYER_BUDGET_EXCEEDED", entry.path, "too many entries in the layer");
  }
  content_bytes_ += bytes;
  if (content_bytes_ > limits_.max_bytes) {
    return refused_entry("LAYER_BUDGET_EXCEEDED", entry.path, "layer too large");
  }
  return {};
}

Result<UniqueFd> LayerTree::make_parents(const std::string& path) {
  // The longest part of the way that is there. Found from its end, because a hostile layer has ways
  // of hundreds of directories where only the last is missing.
  size_t present = path.size();
  Result<UniqueFd> current = open_in_root(root_.get(), path, kPathDirectory);
  while (!current.has_value() && present > 0) {
    const size_t slash = path.rfind('/', present - 1);
    present = slash == std::string::npos ? 0 : slash;
    current = open_in_root(root_.get(), path.substr(0, present), kPathDirectory);
  }
  if (!current.has_value()) return lookup_error(current.error(), path);
  while (present < path.size()) {
    const size_t begin = present == 0 ? 0 : present + 1;
    present = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, present - begin);
    IK_TRY(make_parent(current->get(), name, path.substr(0, present), path));
    current = open_in_root(root_.get(), path.substr(0, present), kPathDirectory);
    if (!current.has_value()) return lookup_error(current.error(), path);
  }
  return current;
}

// A directory that a tar uses but does not list: `name` in `directory`, which is `done` on `path`.
Result<void> LayerTree::make_parent(int directory,
                                    const std::string& name,
                                    const std::string& done,
                                    const std::string& path) {
  struct stat status {};
  const bool hidden = ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (hidden && !is_whiteout(status)) {
    // A symlink that leads to nothing or in a circle, or what is no directory.
    const Result<UniqueFd> next = open_in_root(root_.get(), done, kPathDirectory);
    return next.has_value() ? Result<void>() : lookup_error(next.error(), path);
  }
  if (hidden && ::unlinkat(directory, name.c_str(), 0) != 0) return errno_error("unlink");
  if (++entries_ > limits_.max_entries) {
    return refused_entry("LAYER_BUDGET_EXCEEDED", path, "too many entries in the layer");
  }
  if (::mkdirat(directory, name.c_str(), 0755) != 0) return errno_error("mkdir {}", done);
  return hidden ? set_opaque(done) : Result<void>();
}

// Times of directories are set at the end; what is kept until then is limited, too: 64 MB for the
// usual number of entries.
Result<void> LayerTree::remember(const std::string& path, const TarEntry& entry) {
  constexpr std::uint64_t kBytesPerEntry = 32;
  constexpr std::uint64_t kNodeBytes = 128;
  const auto [place, is_new] =
      directories_.insert_or_assign(path, DirectoryTimes{entry.mtime, entry.mode & kPermissions});
  if (is_new) remembered_bytes_ += place->first.size() + kNodeBytes;
  if (remembered_bytes_ / kBytesPerEntry <= limits_.max_entries) return {};
  return refused_entry("LAYER_BUDGET_EXCEEDED", entry.path, "too many directories with long names");
}

Result<int> LayerTree::parent_fd(const std::string& path) {
  if (path.empty()) return root_.get();
  if (cached_fd_ && cached_parent_ == path) return cached_fd_.get();
  Result<UniqueFd> found = open_in_root(root_.get(), path, kPathDirectory);
  if (!found.has_value()) found = make_parents(path);
  if (!found.has_value()) return found.error();
  cached_fd_ = std::move(found.value());
  cached_parent_ = path;
  return cached_fd_.get();
}

// Frees the name for a new entry: the last one of a tar wins, and nothing is written through the
// earlier one. `whiteout` says whether the name hid something of the layers below.
Result<void> LayerTree::clear_place(int parent,
                                    const LayerPath& path,
                                    bool keep_directory,
                                    bool& whiteout) {
  struct stat status {};
  const char* name = path.name.c_str();
  if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("stat {}", path.full());
  }
  whiteout = is_whiteout(status);
  // The cached parent may lead through this name when it is a symlink. The descriptor stays open,
  // because it is the caller's `parent`.
  cached_parent_.clear();
  if (!S_ISDIR(status.st_mode)) {
    if (::unlinkat(parent, name, 0) != 0) return errno_error("unlink {}", path.full());
    return {};
  }
  if (keep_directory) return {};
  const std::string below = path.full() + "/";
  directories_.erase(path.full());
  directories_.erase(directories_.lower_bound(below),
                     directories_.lower_bound(path.full() + static_cast<char>('/' + 1)));
  return remove_tree_at(parent, path.name).context("{}", path.full());
}

Result<void> LayerTree::add(const TarEntry& entry, const Blocks& blocks) {
  IK_LET(path, parse_layer_path(entry.path));
  if (path.kind == LayerPath::Kind::kIgnored) return {};
  const bool has_content =
      path.kind == LayerPath::Kind::kEntry && S_ISREG(entry.mode) && !entry.is_hard_link;
  IK_TRY(spend(has_content ? entry.size_bytes : 0, entry));
  if (path.kind == LayerPath::Kind::kOpaque) return set_opaque(path.parent);
  if (path.kind == LayerPath::Kind::kWhiteout) return add_whiteout(path);
  if (path.is_root()) return add_root(entry);
  return add_entry(path, entry, blocks);
}

Result<void> LayerTree::add_entry(const LayerPath& path,
                                  const TarEntry& entry,
                                  const Blocks& blocks) {
  // Sockets live with the program that made them; in an image they mean nothing.
  if (!entry.is_hard_link && S_ISSOCK(entry.mode)) return {};
  IK_LET(parent, parent_fd(path.parent));
  if (entry.is_hard_link) return add_hard_link(parent, path, entry);
  switch (entry.mode & S_IFMT) {
    case S_IFREG:
      return add_file(parent, path, entry, blocks);
    case S_IFDIR:
      return add_directory(parent, path, entry);
    case S_IFLNK:
      return add_symlink(parent, path, entry);
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
      return add_node(parent, path, entry);
    default:
      return refused_entry("LAYER_TAR_INVALID", path.full(), "unknown type");
  }
}

Result<void> LayerTree::add_root(const TarEntry& entry) {
  if (entry.is_hard_link || !S_ISDIR(entry.mode)) {
    return refused_entry("LAYER_PATH_ESCAPE", entry.path, "the root is not a directory");
  }
  if (::fchown(root_.get(), entry.uid, entry.gid) != 0) return errno_error("chown");
  IK_TRY(set_xattrs(root_.get(), entry));
  return remember("", entry);
}

Result<void> LayerTree::add_directory(int parent, const LayerPath& path, const TarEntry& entry) {
  const char* name = path.name.c_str();
  // Set-id bits come in finish(), so that nothing inherits them on the way.
  const mode_t mode = entry.mode & kPermissions & ~kSetIds;
  if (::mkdirat(parent, name, mode) != 0) {
    if (errno != EEXIST) return errno_error("mkdir {}", path.full());
    bool whiteout = false;
    IK_TRY(clear_place(parent, path, true, whiteout));
    if (::mkdirat(parent, name, mode) != 0) {
      if (errno != EEXIST) return errno_error("mkdir {}", path.full());
      if (::fchownat(parent, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno_error("chown {}", path.full());
      }
    }
    // What the whiteout hid stays hidden behind the new directory.
    if (whiteout) {
      IK_TRY(set_opaque(path.full()));
      IK_LET(again, parent_fd(path.parent));
      parent = again;
    }
  }
  IK_TRY(set_owner(parent, name, entry));
  if (!entry.xattrs.empty()) {
    IK_LET(fd, open_file_at(parent, path.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    IK_TRY(set_xattrs(fd.get(), entry));
  }
  return remember(path.full(), entry);
}

Result<void> LayerTree::add_file(int parent,
                                 const LayerPath& path,
                                 const TarEntry& entry,
                                 const Blocks& blocks) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  const mode_t mode = entry.mode & kPermissions;
  Result<UniqueFd> file = open_file_at(parent, path.name, kFlags, mode);
  if (!file.has_value() && file.error().errno_value == EEXIST) {
    bool whiteout = false;
    IK_TRY(clear_place(parent, path, false, whiteout));
    file = open_file_at(parent, path.name, kFlags, mode);
  }
  if (!file.has_value()) return std::move(file.error());
  const int fd = file->get();
  IK_TRY(write_content(fd, entry, blocks));
  if ((entry.uid != 0 || entry.gid != 0) && ::fchown(fd, entry.uid, entry.gid) != 0) {
    return errno_error("chown {}", path.full());
  }
  // Writing and chown take set-id bits away.
  if ((mode & kSetIds) != 0 && ::fchmod(fd, mode) != 0) return errno_error("chmod {}", path.full());
  if (!entry.xattrs.empty()) IK_TRY(set_xattrs(fd, entry));
  const timespec times[2] = {entry.mtime, entry.mtime};
  if (::futimens(fd, times) != 0) return errno_error("utimens {}", path.full());
  return {};
}

Result<void> LayerTree::add_symlink(int parent, const LayerPath& path, const TarEntry& entry) {
  const char* name = path.name.c_str();
  const std::string& target = entry.link_target;
  if (target.empty() || target.size() >= PATH_MAX) {
    return refused_entry("LAYER_LINK_INVALID", path.full(), "symlink target empty or too long");
  }
  if (::symlinkat(target.c_str(), parent, name) != 0) {
    if (errno != EEXIST) return errno_error("symlink {}", path.full());
    bool whiteout = false;
    IK_TRY(clear_place(parent, path, false, whiteout));
    if (::symlinkat(target.c_str(), parent, name) != 0) {
      return errno_error("symlink {}", path.full());
    }
  }
  IK_TRY(set_owner(parent, name, entry));
  return set_times(parent, name, entry);
}

Result<void> LayerTree::add_hard_link(int parent, const LayerPath& path, const TarEntry& entry) {
  constexpr std::string_view kCode = "LAYER_LINK_INVALID";
  Result<LayerPath> target = parse_link_target(entry.link_target);
  if (!target.has_value()) return refused_entry(kCode, path.full(), "hard link out of the layer");
  if (target->name.empty()) return refused_entry(kCode, path.full(), "hard link to the root");
  const Result<UniqueFd> target_parent = open_in_root(root_.get(), target->parent, kPathDirectory);
  if (!target_parent.has_value()) return link_error(target_parent.error(), path.full());
  const Result<UniqueFd> file =
      open_file_at(target_parent->get(), target->name, O_PATH | O_NOFOLLOW);
  if (!file.has_value()) return link_error(file.error(), path.full());
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return errno_error("stat {}", target->full());
  if (S_ISDIR(status.st_mode) || is_whiteout(status)) {
    return refused_entry(kCode, path.full(), "hard link to a directory or whiteout");
  }
  const char* name = path.name.c_str();
  if (::linkat(file->get(), "", parent, name, AT_EMPTY_PATH) == 0) return {};
  if (errno == EEXIST) {
    struct stat present {};
    if (::fstatat(parent, name, &present, AT_SYMLINK_NOFOLLOW) == 0 &&
        present.st_ino == status.st_ino) {
      return {};  // The link is there already.
    }
    bool whiteout = false;
    IK_TRY(clear_place(parent, path, false, whiteout));
    if (::linkat(file->get(), "", parent, name, AT_EMPTY_PATH) == 0) return {};
  }
  if (errno == EMLINK)
    return refused_entry("LAYER_BUDGET_EXCEEDED", path.full(), "too many hard links");
  // The target went away with the directory that the new name replaced.
  if (errno == ENOENT) return refused_entry(kCode, path.full(), "hard link into what it replaces");
  return errno_error("link {}", path.full());
}

Result<void> LayerTree::add_node(int parent, const LayerPath& path, const TarEntry& entry) {
  const dev_t device = makedev(entry.device_major, entry.device_minor);
  if (S_ISCHR(entry.mode) && device == makedev(0, 0)) {
    return refused_entry("LAYER_DEVICE_FORBIDDEN", path.full(), "a whiteout in disguise");
  }
  const char* name = path.name.c_str();
  const mode_t mode = entry.mode & (S_IFMT | kPermissions);
  const dev_t number = S_ISFIFO(entry.mode) ? 0 : device;
  if (::mknodat(parent, name, mode, number) != 0) {
    if (errno != EEXIST) return errno_error("mknod {}", path.full());
    bool whiteout = false;
    IK_TRY(clear_place(parent, path, false, whiteout));
    if (::mknodat(parent, name, mode, number) != 0) return errno_error("mknod {}", path.full());
  }
  IK_TRY(set_owner(parent, name, entry));
  return set_times(parent, name, entry);
}

Result<void> LayerTree::add_whiteout(const LayerPath& path) {
  IK_LET(parent, parent_fd(path.parent));
  if (::mknodat(parent, path.name.c_str(), S_IFCHR, makedev(0, 0)) == 0) return {};
  if (errno != EEXIST) return errno_error("mknod {}", path.full());
  // A whiteout concerns the layers below only. What this layer has under the name hides theirs
  // already, except that a directory would be merged with theirs.
  struct stat status {};
  if (::fstatat(parent, path.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("stat {}", path.full());
  }
  return S_ISDIR(status.st_mode) ? set_opaque(path.full()) : Result<void>();
}

Result<void> LayerTree::set_opaque(const std::string& path) {
  Result<int> directory_fd = parent_fd(path);
  if (!directory_fd.has_value() && directory_fd.error().code == "LAYER_PATH_INVALID") {
    return refused_entry("LAYER_WHITEOUT_INVALID", path, "opaque, but not a directory");
  }
  IK_LET(directory, directory_fd);
  IK_LET(fd, open_file_at(directory, ".", O_RDONLY | O_DIRECTORY));
  return mark_opaque_(fd.get()).context("{}", path);
}

Result<void> LayerTree::finish() {
  // Children before parents is not needed: setting a child's time does not touch the parent's.
  for (const auto& [path, wanted] : directories_) {
    const Result<UniqueFd> found =
        open_in_root(root_.get(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!found.has_value()) continue;  // Replaced by something else since.
    const timespec times[2] = {wanted.mtime, wanted.mtime};
    if (::fchmod(found->get(), wanted.mode) != 0) return errno_error("chmod {}", path);
    if (::futimens(found->get(), times) != 0) return errno_error("utimens {}", path);
  }
  return {};
}

}  // namespace ikada
