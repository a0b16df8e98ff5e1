#include "cluster/engine/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "cluster/engine/container_names.h"
#include "cluster/engine/container_record.h"
#include "cluster/engine/tree_copy.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
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
  IK_LET(bytes,
         copy_tree(source->get(), target.get()).context("copy {} of the image", destination));
  static_cast<void>(bytes);
  return {};
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

namespace {

Result<void> write_description(const EngineLayout& layout, const LocalVolume& volume) {
  const Json json = {
      {"created", volume.created}, {"anonymous", volume.anonymous}, {"labels", volume.labels}};
  return write_file_atomically(fmt::format("{}/{}/volume.json", layout.volumes(), volume.name),
                               json.dump(-1, ' ', false, Json::error_handler_t::replace),
                               0600,
                               Durability::kVolatile);
}

Result<LocalVolume> load_volume(const EngineLayout& layout, const std::string& name) {
  const std::string directory = fmt::format("{}/{}", layout.volumes(), name);
  LocalVolume volume{.name = name, .data = directory + "/_data"};
  struct stat status {};
  if (::stat(volume.data.c_str(), &status) != 0) return errno_error("stat {}", volume.data);
  volume.created = std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000;
  const Result<std::string> text = read_file(directory + "/volume.json", size_t{1} << 20);
  if (!text.has_value()) return volume;
  IK_LET(json, parse_json(*text).context("{}/volume.json", directory));
  JsonReader reader(json, directory + "/volume.json");
  reader.read("created", volume.created);
  reader.read("anonymous", volume.anonymous);
  reader.read("labels", volume.labels);
  IK_TRY(reader.done());
  return volume;
}

using Filling = std::function<Result<void>(const std::string&)>;

Result<void> make_volume_in(const EngineLayout& layout,
                            const std::string& directory,
                            const LocalVolume& volume,
                            const Filling& fill) {
  // Filled under another name, so that a killed copy is not taken for a used volume.
  const std::string staging = directory + "/_new";
  IK_TRY(remove_tree(staging));
  if (::mkdir(staging.c_str(), 0755) != 0) return errno_error("mkdir {}", staging);
  if (::chmod(staging.c_str(), 0755) != 0) return errno_error("chmod {}", staging);
  IK_TRY(fill(staging));
  IK_TRY(write_description(layout, volume));
  const std::string data = directory + "/_data";
  if (::rename(staging.c_str(), data.c_str()) != 0) return errno_error("rename {}", staging);
  return {};
}

// The caller holds the lock, and has seen that there is no such volume.
Result<void> make_volume(const EngineLayout& layout,
                         const LocalVolume& volume,
                         const Filling& fill) {
  const std::string directory = fmt::format("{}/{}", layout.volumes(), volume.name);
  IK_TRY(make_directories(directory, 0700));
  Result<void> made = make_volume_in(layout, directory, volume, fill);
  // On a full disk half a copy would keep it full.
  if (!made.has_value()) static_cast<void>(remove_tree(directory).has_value());
  return made;
}

Result<UniqueFd> lock_volumes(const EngineLayout& layout) {
  return lock_file(layout.volumes() + "/.lock");
}

std::uint64_t measure_tree(int directory, dev_t device, int depth) {
  constexpr int kMaxDepth = 1000;
  const Result<std::vector<std::string>> names =
      list_directory(fmt::format("/proc/self/fd/{}", directory));
  if (!names.has_value() || depth > kMaxDepth) return 0;
  std::uint64_t bytes = 0;
  for (const std::string& name : *names) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) bytes += static_cast<std::uint64_t>(status.st_size);
    if (!S_ISDIR(status.st_mode) || status.st_dev != device) continue;
    const Result<UniqueFd> below =
        open_file_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (below.has_value()) bytes += measure_tree(below->get(), device, depth + 1);
  }
  return bytes;
}

}  // namespace

Result<bool> prepare_volume(const EngineLayout& layout, const VolumeWish& wish, ImageFiles& image) {
  IK_TRY(check_volume_name(wish.name));
  const std::string data = fmt::format("{}/{}/_data", layout.volumes(), wish.name);
  IK_LET(lock, lock_volumes(layout));
  if (::access(data.c_str(), F_OK) == 0) {
    if (wish.copy) IK_TRY(fill_volume(data, wish.destination, image));
    return false;
  }
  const LocalVolume volume{.name = wish.name, .created = unix_now(), .anonymous = wish.anonymous};
  IK_TRY(make_volume(layout, volume, [&](const std::string& staging) {
    return wish.copy ? fill_volume(staging, wish.destination, image) : Result<void>();
  }));
  return true;
}

Result<void> create_volume(const EngineLayout& layout, const LocalVolume& volume) {
  IK_TRY(check_volume_name(volume.name));
  IK_LET(lock, lock_volumes(layout));
  const Result<LocalVolume> there = load_volume(layout, volume.name);
  if (there.has_value()) return {};
  if (there.error().kind != ErrorKind::kNotFound) return there.error();
  return make_volume(layout, volume, [](const std::string&) { return Result<void>(); });
}

Result<LocalVolume> find_volume(const EngineLayout& layout, const std::string& name) {
  const Error none = make_error(ErrorKind::kNotFound, "get {}: no such volume", name);
  if (!check_volume_name(name).has_value()) return none;
  Result<LocalVolume> volume = load_volume(layout, name);
  if (!volume.has_value() && volume.error().kind == ErrorKind::kNotFound) return none;
  return volume;
}

Result<std::vector<LocalVolume>> list_volumes(const EngineLayout& layout) {
  IK_LET(names, list_directory(layout.volumes()));
  std::sort(names.begin(), names.end());
  std::vector<LocalVolume> volumes;
  for (const std::string& name : names) {
    if (!check_volume_name(name).has_value()) continue;
    Result<LocalVolume> volume = load_volume(layout, name);
    // Being made or removed just now.
    if (!volume.has_value() && volume.error().kind == ErrorKind::kNotFound) continue;
    if (!volume.has_value()) return std::move(volume.error());
    volumes.push_back(std::move(*volume));
  }
  return volumes;
}

Result<std::map<std::string, std::vector<std::string>>> find_volume_users(
    const EngineLayout& layout) {
  IK_LET(ids, list_containers(layout));
  std::map<std::string, std::vector<std::string>> users;
  for (const std::string& id : ids) {
    const Result<ContainerRecord> record = load_record(layout, id);
    // A container without a record yet has no volume yet: that is made under our lock.
    if (!record.has_value()) continue;
    for (const MountSpec& each : record->spec.mounts) {
      if (each.type == MountSpec::Type::kVolume) users[each.source].push_back(id);
    }
  }
  return users;
}

Result<void> remove_unused_volume(const EngineLayout& layout, const std::string& name) {
  IK_LET(lock, lock_volumes(layout));
  IK_LET(volume, find_volume(layout, name));
  IK_LET(users, find_volume_users(layout));
  const auto found = users.find(name);
  if (found != users.end()) {
    return make_error(ErrorKind::kConflict,
                      "remove {}: volume is in use - [{}]",
                      name,
                      join(found->second, ", "));
  }
  return remove_volume(layout, volume.name);
}

std::uint64_t measure_volume(const LocalVolume& volume) {
  const Result<UniqueFd> data = open_file(volume.data, O_RDONLY | O_DIRECTORY);
  struct stat status {};
  if (!data.has_value() || ::fstat(data->get(), &status) != 0) return 0;
  return measure_tree(data->get(), status.st_dev, 0);
}

Result<void> remove_volume(const EngineLayout& layout, const std::string& name) {
  IK_TRY(check_volume_name(name));
  return remove_tree(fmt::format("{}/{}", layout.volumes(), name));
}

}  // namespace ikada
