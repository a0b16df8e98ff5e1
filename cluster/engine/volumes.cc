#include "cluster/engine/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/engine/tree_copy.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Copies what the image has at `destination`, with the directory's own mode and owner.
Result<void> fill_volume(const std::string& data,
                         const std::string& destination,
                         ImageFiles& image) {
  IK_LET(names, list_directory(data));
  if (!names.empty()) return {};
  IK_LET(root, image.root());
  const Result<UniqueFd> source = open_in_root(root, destination, O_RDONLY | O_DIRECTORY);
  if (!source.has_value()) return {};  // The image has nothing there, or not a directory.
  IK_LET(target, open_file(data, O_RDONLY | O_DIRECTORY));
  return copy_tree(source->get(), target.get()).context("copy {} of the image", destination);
}

}  // namespace

Result<void> check_volume_name(std::string_view name) {
  constexpr size_t kMaxName = 200;
  bool good = name.size() >= 2 && name.size() <= kMaxName && is_letter_or_digit(name[0]);
  for (const char c : name) {
    good = good && (is_letter_or_digit(c) || c == '_' || c == '.' || c == '-');
  }
  if (good) return {};
  return make_error(ErrorKind::kInvalid,
                    "\"{}\" includes invalid characters for a local volume name, only "
                    "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
                    "directory, use absolute path",
                    name);
}

Result<bool> prepare_volume(const EngineLayout& layout, const VolumeWish& wish, ImageFiles& image) {
  IK_TRY(check_volume_name(wish.name));
  const std::string directory = fmt::format("{}/{}", layout.volumes(), wish.name);
  const std::string data = directory + "/_data";
  IK_LET(lock, lock_file(layout.volumes() + "/.lock"));
  if (::access(data.c_str(), F_OK) == 0) {
    if (wish.copy) IK_TRY(fill_volume(data, wish.destination, image));
    return false;
  }
  IK_TRY(make_directories(directory, 0700));
  // Filled under another name, so that a killed copy is not taken for a used volume.
  const std::string staging = directory + "/_new";
  IK_TRY(remove_tree(staging));
  if (::mkdir(staging.c_str(), 0755) != 0) return errno_error("mkdir {}", staging);
  if (::chmod(staging.c_str(), 0755) != 0) return errno_error("chmod {}", staging);
  if (wish.copy) IK_TRY(fill_volume(staging, wish.destination, image));
  if (::rename(staging.c_str(), data.c_str()) != 0) return errno_error("rename {}", staging);
  return true;
}

Result<void> remove_volume(const EngineLayout& layout, const std::string& name) {
  IK_TRY(check_volume_name(name));
  return remove_tree(fmt::format("{}/{}", layout.volumes(), name));
}

}  // namespace ikada
