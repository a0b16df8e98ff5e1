#include "image/tree_tar.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "image/tree_attributes.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";
constexpr size_t kContentPieceBytes = size_t{128} << 10;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Result<std::vector<std::string>> sorted_names(int fd) {
  IK_LET(again, open_file_at(fd, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(again.get()));
  if (directory == nullptr) return errno_error("opendir");
  static_cast<void>(again.release());
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* item = ::readdir(directory.get());
    if (item == nullptr) break;
    const std::string_view name = item->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return errno_error("readdir");
  std::sort(names.begin(), names.end());
  return names;
}

// One walk through a tree.
class TreeWalk {
 public:
  TreeWalk(const TreeTarOptions& options, TarWriter& writer) : options_(options), writer_(writer) {}

  Result<std::uint64_t> run(int tree_fd) {
    // The root of a mount may be open as a mere path.
    IK_LET(root, open_file_at(tree_fd, ".", O_RDONLY | O_DIRECTORY));
    struct stat status {};
    if (::fstat(root.get(), &status) != 0) return errno_error("stat");
    device_ = status.st_dev;
    IK_LET(attributes, read_tree_attributes(root.get(), "/"));
    if (attributes.is_opaque) IK_TRY(add_opaque("", status));
    IK_TRY(walk(root.get(), ""));
    return content_bytes_;
  }

 private:
  Result<void> walk(int fd, const std::string& prefix) {
    IK_LET(names, sorted_names(fd).context("/{}", prefix));
    for (const std::string& name : names) IK_TRY(add(fd, name, prefix + name));
    return {};
  }

  TarEntry entry_of(const struct stat& status, std::string path) const {
    TarEntry entry;
    entry.path = std::move(path);
    entry.mode = status.st_mode;
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    const time_t mtime = status.st_mtim.tv_sec;
    entry.mtime.tv_sec = std::min(mtime, options_.latest_mtime_s.value_or(mtime));
    entry.device_major = major(status.st_rdev);
    entry.device_minor = minor(status.st_rdev);
    return entry;
  }

  Result<void> add(int parent, const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return {};  // Gone since the directory was read.
      return errno_error("stat {}", path);
    }
    if (S_ISSOCK(status.st_mode)) return {};
    if (is_whiteout(status)) return add_whiteout(name, path, status);
    if (options_.as_layer && name.starts_with(kWhiteoutPrefix)) {
      return not_in_layer(path, "its name would hide another file");
    }
    if (S_ISDIR(status.st_mode)) return add_directory(parent, name, path);
    if (status.st_size == 0 && options_.skipped_if_empty.contains(path)) return {};
    TarEntry entry = entry_of(status, path);
    if (status.st_nlink > 1) {
      const auto [first, is_new] = linked_.emplace(std::pair(status.st_dev, status.st_ino), path);
      if (!is_new) {
        entry.is_hard_link = true;
        entry.link_target = first->second;
        return writer_.add(entry);
      }
    }
    if (S_ISREG(status.st_mode)) return add_file(parent, name, path);
    if (S_ISLNK(status.st_mode)) {
      std::array<char, PATH_MAX> target;
      const ssize_t size = ::readlinkat(parent, name.c_str(), target.data(), target.size());
      if (size < 0) return errno_error("readlink {}", path);
      entry.link_target.assign(target.data(), static_cast<size_t>(size));
    }
    return writer_.add(entry);
  }

  Result<void> add_mark(std::string path, const struct stat& status) {
    TarEntry entry = entry_of(status, std::move(path));
    entry.mode = S_IFREG;
    entry.uid = 0;
    entry.gid = 0;
    return writer_.add(entry);
  }

  Result<void> add_whiteout(const std::string& name,
                            const std::string& path,
                            const struct stat& status) {
    if (!options_.as_layer) return {};
    const std::string parent = path.substr(0, path.size() - name.size());
    return add_mark(fmt::format("{}{}{}", parent, kWhiteoutPrefix, name), status);
  }

  Result<void> add_opaque(const std::string& prefix, const struct stat& status) {
    if (!options_.as_layer) return {};
    return add_mark(prefix + std::string(kOpaqueName), status);
  }

  Result<void> add_directory(int parent, const std::string& name, const std::string& path) {
    IK_LET(fd, open_file_at(parent, name, kTreeFileFlags | O_DIRECTORY));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", path);
    IK_LET(attributes, read_tree_attributes(fd.get(), path));
    // A directory has the overlay's number; files may have that of the layer they lie in.
    if (status.st_dev != device_) return {};
    if (options_.skipped_if_empty.contains(path)) {
      IK_LET(names, sorted_names(fd.get()));
      if (names.empty()) return {};
    }
    const std::string prefix = path + "/";
    TarEntry entry = entry_of(status, prefix);
    entry.xattrs = std::move(attributes.kept);
    IK_TRY(writer_.add(entry));
    if (attributes.is_opaque) IK_TRY(add_opaque(prefix, status));
    return walk(fd.get(), prefix);
  }

  Result<void> add_file(int parent, const std::string& name, const std::string& path) {
    IK_LET(fd, open_file_at(parent, name, kTreeFileFlags));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", path);
    if (!S_ISREG(status.st_mode)) return {};  // It was another one when we looked first.
    IK_LET(attributes, read_tree_attributes(fd.get(), path));
    TarEntry entry = entry_of(status, path);
    entry.size_bytes = static_cast<std::uint64_t>(status.st_size);
    entry.xattrs = std::move(attributes.kept);
    content_bytes_ += entry.size_bytes;
    IK_TRY(writer_.add(entry));
    return copy_content(fd.get(), status).context("{}", path);
  }

  Result<void> copy_content(int fd, const struct stat& status) {
    constexpr off_t kSector = 512;
    const bool has_holes = status.st_blocks * kSector < status.st_size;
    off_t done = 0;
    while (done < status.st_size) {
      if (has_holes) {
        const off_t data = ::lseek(fd, done, SEEK_DATA);
        if (data < 0 && errno != ENXIO) return errno_error("seek");
        const off_t end = data < 0 ? status.st_size : std::min(data, status.st_size);
        IK_TRY(writer_.write_zeros(static_cast<std::uint64_t>(end - done)));
        done = end;
        if (done == status.st_size) break;
      }
      const auto wanted = std::min<off_t>(status.st_size - done, kContentPieceBytes);
      const ssize_t got = ::pread(fd, buffer_.get(), static_cast<size_t>(wanted), done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("read");
      if (got == 0) return writer_.write_zeros(static_cast<std::uint64_t>(status.st_size - done));
      IK_TRY(writer_.write({buffer_.get(), static_cast<size_t>(got)}));
      done += got;
    }
    return {};
  }

  const TreeTarOptions& options_;
  TarWriter& writer_;
  dev_t device_ = 0;
  std::uint64_t content_bytes_ = 0;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  // The first name of files with several.
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kContentPieceBytes);
};

}  // namespace

Result<std::uint64_t> write_tree_tar(int tree_fd,
                                     const TreeTarOptions& options,
                                     TarWriter& writer) {
  return TreeWalk(options, writer).run(tree_fd);
}

}  // namespace ikada
