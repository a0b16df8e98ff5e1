#include "image/manifest_lists.h"

#include <errno.h>
#include <unistd.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Result<UniqueFd> lock_lists(const std::string& directory) {
  IK_TRY(make_directories(directory, 0700));
  return lock_file(directory + "/lock");
}

Error no_such_list(const Reference& name) {
  return make_error(ErrorKind::kNotFound, "No such manifest: {}", name.familiar());
}

}  // namespace

std::string ManifestLists::path_of(const std::string& name) const {
  return fmt::format("{}/{}.json", directory_, Digest::of(name).hex());
}

Result<ManifestList> ManifestLists::load(const Reference& name) const {
  Result<std::string> text = read_file(path_of(name.canonical()));
  if (!text.has_value() && text.error().errno_value == ENOENT) return no_such_list(name);
  if (!text.has_value()) return text.error();
  return parse_manifest_list(*text);
}

Result<void> ManifestLists::save(const ManifestList& list) const {
  return write_file_atomically(path_of(list.name), format_manifest_list(list), 0600);
}

Result<void> ManifestLists::add(const ManifestList& list) const {
  IK_LET(lock, lock_lists(directory_));
  if (::access(path_of(list.name).c_str(), F_OK) == 0) {
    return make_error(ErrorKind::kConflict,
                      "refusing to amend an existing manifest list with no --amend flag");
  }
  return save(list);
}

Result<void> ManifestLists::change(
    const Reference& name, const std::function<Result<void>(ManifestList& list)>& change) const {
  IK_LET(lock, lock_lists(directory_));
  IK_LET(list, load(name));
  IK_TRY(change(list));
  return save(list);
}

Result<void> ManifestLists::remove(const Reference& name) const {
  IK_LET(lock, lock_lists(directory_));
  if (::unlink(path_of(name.canonical()).c_str()) == 0) return {};
  if (errno == ENOENT) return no_such_list(name);
  return errno_error("unlink the manifest list {}", name.familiar());
}

}  // namespace ikada
