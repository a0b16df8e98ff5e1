#include "image/build/source_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "image/build/stage_plan.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxEntries = 2'000'000;
constexpr int kMaxDepth = 200;
constexpr size_t kHashedPieceBytes = size_t{256} << 10;

std::string fd_path(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[\\") != std::string_view::npos;
}

Result<std::string> read_link(int directory, const std::string& name) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlinkat(directory, name.c_str(), text.data(), text.size());
  if (size < 0) return errno_error("readlink {}", name);
  return std::string(text.data(), static_cast<size_t>(size));
}

std::string joined(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

// Lists one chosen tree.
class TreeWalk {
 public:
  TreeWalk(const SourceQuery& query, SourceTree& tree) : query_(query), tree_(tree) {}

  Result<void> run() {
    SourceEntry top{.path = {}};
    if (::fstat(tree_.top.get(), &top.status) != 0) return errno_error("stat {}", tree_.path);
    const bool is_directory = S_ISDIR(top.status.st_mode);
    tree_.entries.push_back(std::move(top));
    if (!is_directory) return {};
    IK_LET(fd, open_file(fd_path(tree_.top.get()), O_RDONLY | O_DIRECTORY));
    return walk(fd.get(), "", 0);
  }

 private:
  bool counts(const std::string& path, bool& all_below) const {
    bool ignored = false;
    all_below = true;
    for (const IgnorePatterns* patterns : {query_.ignore, query_.exclude}) {
      if (patterns == nullptr || patterns->empty()) continue;
      if (!patterns->ignores(path)) continue;
      ignored = true;
      all_below = all_below && patterns->ignores_all_below(path);
    }
    return !ignored;
  }

  Result<void> walk(int directory, const std::string& path, int depth) {
    if (depth > kMaxDepth) return make_error(ErrorKind::kInvalid, "{}: nested too deep", path);
    IK_LET(names, list_directory(fd_path(directory)));
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) IK_TRY(visit(directory, path, name, depth));
    return {};
  }

  Result<void> visit(int directory, const std::string& path, const std::string& name, int depth) {
    SourceEntry entry{.path = joined(path, name)};
    if (::fstatat(directory, name.c_str(), &entry.status, AT_SYMLINK_NOFOLLOW) != 0) {
      // Whoever works in the context may take files away.
      if (errno == ENOENT) return {};
      return errno_error("stat {}", entry.path);
    }
    bool all_below = true;
    const bool counted = counts(joined(tree_.path, entry.path), all_below);
    const bool is_directory = S_ISDIR(entry.status.st_mode);
    if (!counted && (!is_directory || all_below)) return {};
    if (S_ISSOCK(entry.status.st_mode)) return {};
    if (S_ISLNK(entry.status.st_mode)) {
      IK_LET(link, read_link(directory, name));
      entry.link = std::move(link);
    }
    if (tree_.entries.size() >= kMaxEntries) {
      return make_error(ErrorKind::kInvalid, "{}: more than {} files", tree_.path, kMaxEntries);
    }
    const std::string child = entry.path;
    const size_t place = tree_.entries.size();
    tree_.entries.push_back(std::move(entry));
    if (!is_directory) return {};
    IK_LET(fd, open_file_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    IK_TRY(walk(fd.get(), child, depth + 1));
    // A directory that is left out is there only for what was taken back in below it.
    if (!counted && tree_.entries.size() == place + 1) tree_.entries.pop_back();
    return {};
  }

  const SourceQuery& query_;
  SourceTree& tree_;
};

Error not_found(const std::string& pattern) {
  return make_error(ErrorKind::kNotFound,
                    "file not found in build context or excluded by .dockerignore: {}: file does "
                    "not exist",
                    pattern);
}

Result<SourceTree> open_source(const SourceQuery& query, const std::string& path) {
  Result<UniqueFd> fd = open_in_root(query.root_fd, path, O_PATH);
  if (!fd.has_value()) {
    const int reason = fd.error().errno_value;
    if (reason == ENOENT || reason == ENOTDIR) return not_found(path);
    return fd.error();
  }
  SourceTree tree{
      .name = path.substr(path.rfind('/') + 1), .path = path, .top = std::move(*fd), .entries = {}};
  IK_TRY(TreeWalk(query, tree).run());
  bool left_out = false;
  for (const IgnorePatterns* patterns : {query.ignore, query.exclude}) {
    if (patterns == nullptr || path.empty() || !patterns->ignores(path)) continue;
    left_out = !tree.is_directory() || tree.entries.size() == 1;
  }
  if (left_out) return not_found(path);
  return tree;
}

// The paths that fit the pattern's parts from `depth` on, below `directory`.
Result<void> match_below(const SourceQuery& query,
                         const std::vector<std::string>& parts,
                         size_t depth,
                         const std::string& directory,
                         std::vector<std::string>& found) {
  if (depth == parts.size()) {
    found.push_back(directory);
    return {};
  }
  if (!has_wildcard(parts[depth])) {
    const std::string path = joined(directory, parts[depth]);
    if (open_in_root(query.root_fd, path, O_PATH).has_value()) {
      return match_below(query, parts, depth + 1, path, found);
    }
    return {};
  }
  const Result<UniqueFd> fd = open_in_root(query.root_fd, directory, O_RDONLY | O_DIRECTORY);
  if (!fd.has_value()) return {};
  IK_LET(names, list_directory(fd_path(fd->get())));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (!matches_file_pattern(parts[depth], name)) continue;
    IK_TRY(match_below(query, parts, depth + 1, joined(directory, name), found));
  }
  return {};
}

void hash_number(Sha256& hash, std::uint64_t number) { hash.update(&number, sizeof(number)); }

void hash_text(Sha256& hash, std::string_view text) {
  hash_number(hash, text.size());
  hash.update(text);
}

// The content of a file, its size in front, so that no two different lists hash alike.
Result<void> hash_content(int fd, std::uint64_t size, Sha256& hash, std::vector<char>& buffer) {
  std::uint64_t left = size;
  while (left > 0) {
    const ssize_t got = ::read(fd, buffer.data(), std::min<std::uint64_t>(buffer.size(), left));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read");
    if (got == 0) return make_error(ErrorKind::kConflict, "the file changed while it was read");
    hash.update(buffer.data(), static_cast<size_t>(got));
    left -= static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace

Result<UniqueFd> SourceTree::open(const SourceEntry& entry) const {
  if (entry.path.empty()) return open_file(fd_path(top.get()), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return open_beneath(top.get(), entry.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

Result<std::vector<SourceTree>> find_sources(const SourceQuery& query, const std::string& pattern) {
  // "." and ".." mean what they would at the root.
  std::string clean = resolve_path("/", pattern).substr(1);
  if (clean.ends_with('/')) clean.pop_back();
  std::vector<SourceTree> trees;
  if (!has_wildcard(clean)) {
    IK_LET(tree, open_source(query, clean));
    trees.push_back(std::move(tree));
    return trees;
  }
  std::vector<std::string> parts;
  for (const std::string_view part : split(clean, '/')) {
    if (!is_file_pattern(part)) {
      return make_error(ErrorKind::kInvalid, "{}: syntax error in pattern", pattern);
    }
    parts.emplace_back(part);
  }
  std::vector<std::string> paths;
  IK_TRY(match_below(query, parts, 0, "", paths));
  for (const std::string& path : paths) {
    Result<SourceTree> tree = open_source(query, path);
    if (!tree.has_value() && tree.error().kind == ErrorKind::kNotFound) continue;
    if (!tree.has_value()) return tree.error();
    trees.push_back(std::move(*tree));
  }
  if (trees.empty()) return not_found(pattern);
  return trees;
}

Result<void> hash_source(const SourceTree& tree, bool owners, Sha256& hash) {
  std::vector<char> buffer(kHashedPieceBytes);
  // Only a file's own name decides where it goes.
  hash_text(hash, tree.is_directory() ? "" : tree.name);
  for (const SourceEntry& entry : tree.entries) {
    const struct stat& status = entry.status;
    hash_text(hash, entry.path);
    hash_number(hash, status.st_mode);
    hash_number(hash, owners ? status.st_uid : 0);
    hash_number(hash, owners ? status.st_gid : 0);
    hash_text(hash, entry.link);
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) hash_number(hash, status.st_rdev);
    if (!S_ISREG(status.st_mode)) continue;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    hash_number(hash, size);
    if (size == 0) continue;
    IK_LET(fd, tree.open(entry).context("{}", joined(tree.path, entry.path)));
    IK_TRY(hash_content(fd.get(), size, hash, buffer).context("{}", joined(tree.path, entry.path)));
  }
  return {};
}

}  // namespace ikada
