#include "cluster/engine/path_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct SplitPath {
  std::string parent;  // "/" at least.
  std::string name;    // Empty for "/".
  bool wants_directory = false;
  bool wants_content = false;  // It ends with "/.".
};

SplitPath split_path(const std::string& path) {
  const std::string clean = clean_copy_path(path);
  const std::string_view text = clean;
  SplitPath parts;
  parts.wants_content = path.ends_with("/.") || text == "/";
  parts.wants_directory = parts.wants_content || path.ends_with('/');
  std::string_view trimmed = text;
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.remove_suffix(1);
  const size_t slash = trimmed.rfind('/');
  parts.parent = slash == 0 ? "/" : std::string(trimmed.substr(0, slash));
  parts.name = trimmed.substr(slash + 1);
  return parts;
}

bool is_directory(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

Error not_there(const CopyPlace& place) {
  return make_error(ErrorKind::kNotFound, "could not find the file {}", place.path);
}

Result<CopyTarget> open_target(int root_fd, const std::string& directory, const std::string& name) {
  IK_LET(fd, open_in_root(root_fd, directory, O_RDONLY | O_DIRECTORY));
  return CopyTarget{.directory = std::move(fd), .name = name};
}

}  // namespace

std::string clean_copy_path(const std::string& path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string clean;
  for (const std::string_view part : parts) {
    clean += '/';
    clean += part;
  }
  if (clean.empty() || path.ends_with('/')) clean += '/';
  return clean;
}

Result<CopyTarget> find_copy_source(const CopyPlace& source) {
  const SplitPath from = split_path(source.path);
  const std::string directory = from.wants_content ? clean_copy_path(source.path) : from.parent;
  Result<CopyTarget> found =
      open_target(source.root_fd, directory, from.wants_content ? "." : from.name);
  struct stat status {};
  const bool is_there =
      found.has_value() &&
      ::fstatat(found->directory.get(), found->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_there) return not_there(source);
  return found;
}

Result<CopyTarget> find_copy_target(const CopyPlace& source,
                                    bool source_is_directory,
                                    const CopyPlace& target) {
  const SplitPath from = split_path(source.path);
  const SplitPath to = split_path(target.path);
  const std::string path = clean_copy_path(target.path);
  // What the end of the target's path points to counts, also through a symbolic link.
  const Result<UniqueFd> there = open_in_root(target.root_fd, path, O_PATH);
  if (there.has_value() && is_directory(there->get())) {
    const bool content = source_is_directory && (from.wants_content || from.name.empty());
    return open_target(target.root_fd, path, content ? "" : from.name);
  }
  if (there.has_value()) {
    if (source_is_directory) {
      return make_error(ErrorKind::kInvalid, "cannot copy a directory to a file: {}", target.path);
    }
    if (to.wants_directory) return make_error(ErrorKind::kInvalid, "not a directory: {}", path);
    return open_target(target.root_fd, to.parent, to.name);
  }
  if (there.error().kind != ErrorKind::kNotFound) return there.error();
  if (to.wants_directory && !source_is_directory) {
    return make_error(ErrorKind::kNotFound, "destination directory {} does not exist", target.path);
  }
  Result<CopyTarget> found = open_target(target.root_fd, to.parent, to.name);
  if (!found.has_value() && found.error().kind == ErrorKind::kNotFound) {
    return not_there({.path = to.parent});
  }
  return found;
}

Result<std::uint64_t> copy_path(const CopyPlace& source,
                                const CopyPlace& target,
                                bool follow,
                                const CopyRules& rules) {
  const SplitPath from = split_path(source.path);
  const int flags = follow || from.wants_directory ? O_PATH : O_PATH | O_NOFOLLOW;
  const Result<UniqueFd> opened = open_in_root(source.root_fd, clean_copy_path(source.path), flags);
  if (!opened.has_value() && opened.error().kind == ErrorKind::kNotFound) return not_there(source);
  if (!opened.has_value()) return opened.error();
  const bool source_is_directory = is_directory(opened->get());
  if (from.wants_directory && !source_is_directory) {
    return make_error(ErrorKind::kInvalid, "not a directory: {}", source.path);
  }
  IK_LET(place, find_copy_target(source, source_is_directory, target));
  if (!place.name.empty()) {
    return copy_entry(opened->get(), place.directory.get(), place.name, rules);
  }
  IK_LET(reading,
         open_file(fmt::format("/proc/self/fd/{}", opened->get()), O_RDONLY | O_DIRECTORY));
  return copy_tree(reading.get(), place.directory.get(), rules);
}

}  // namespace ikada
