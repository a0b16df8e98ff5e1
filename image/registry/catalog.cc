#include "image/registry/catalog.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>

#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

// A part of a repository's name has at most 255 bytes in all, so at most 128 parts.
constexpr int kMaxDepth = 130;

// The directories of parts below `path`; none if it is gone.
Result<std::vector<std::string>> list_parts(const std::string& path) {
  Result<std::vector<std::string>> names = list_directory(path);
  if (!names.has_value()) {
    if (names.error().kind == ErrorKind::kNotFound) return std::vector<std::string>();
    return names;
  }
  std::erase_if(*names, [](const std::string& name) { return name.starts_with('_'); });
  return names;
}

bool has_manifests(const Layout& layout, const std::string& name) {
  const Result<std::vector<std::string>> manifests = list_directory(layout.manifest_links(name));
  return manifests.has_value() && !manifests->empty();
}

class Walk {
 public:
  Walk(const Layout& layout,
       const PageRequest& request,
       const std::function<bool(const std::string&)>& is_visible)
      : layout_(layout), request_(request), is_visible_(is_visible) {}

  // `prefix` is empty or ends with a slash. In byte order "a" comes before "a-b", and that before
  // "a/b"; so a directory's own name and what is below it are two entries to sort.
  Result<void> visit(const std::string& prefix, int depth) {
    if (depth > kMaxDepth) return {};
    IK_LET(parts, list_parts(layout_.repositories() + "/" + prefix));
    std::vector<std::string> entries;
    for (const std::string& part : parts) {
      entries.push_back(prefix + part);
      entries.push_back(prefix + part + "/");
    }
    std::ranges::sort(entries);
    for (const std::string& entry : entries) {
      if (is_full()) return {};
      if (!entry.ends_with('/')) {
        add(entry);
      } else if (entry > request_.last || request_.last.starts_with(entry)) {
        IK_TRY(visit(entry, depth + 1));
      }
    }
    return {};
  }

  Page take() { return std::move(page_); }

 private:
  bool is_full() const { return page_.has_more || request_.count == 0; }

  void add(const std::string& name) {
    if (name <= request_.last || !is_visible_(name) || !has_manifests(layout_, name)) return;
    if (page_.entries.size() == request_.count) {
      page_.has_more = true;
      return;
    }
    page_.entries.push_back(name);
  }

  const Layout& layout_;
  const PageRequest& request_;
  const std::function<bool(const std::string&)>& is_visible_;
  Page page_;
};

Result<void> collect(const Layout& layout,
                     const std::string& name,
                     int depth,
                     std::vector<std::string>& found) {
  if (depth > kMaxDepth) return {};
  if (!name.empty()) {
    struct stat status {};
    if (::stat(layout.blob_links(name).c_str(), &status) == 0) found.push_back(name);
  }
  IK_LET(parts, list_parts(layout.repository(name)));
  for (const std::string& part : parts) {
    IK_TRY(
        collect(layout, name.empty() ? part : fmt::format("{}/{}", name, part), depth + 1, found));
  }
  return {};
}

}  // namespace

Result<Page> list_repositories(const Layout& layout,
                               const PageRequest& request,
                               const std::function<bool(const std::string&)>& is_visible) {
  Walk walk(layout, request, is_visible);
  IK_TRY(walk.visit("", 0));
  return walk.take();
}

Result<std::vector<std::string>> all_repositories(const Layout& layout) {
  std::vector<std::string> found;
  IK_TRY(collect(layout, "", 0, found));
  return found;
}

}  // namespace ikada::registry
