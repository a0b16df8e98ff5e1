#include "cluster/engine/container_names.h"

#include <errno.h>
#include <limits.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::array<std::string_view, 64> kQualities = {
    "agile",  "amber",  "brave",  "breezy", "bright", "brisk",   "calm",    "candid",
    "cheery", "clear",  "clever", "cosy",   "crisp",  "curious", "daring",  "deft",
    "eager",  "early",  "fair",   "fleet",  "fond",   "frank",   "fresh",   "gentle",
    "gilded", "glad",   "golden", "grand",  "happy",  "hardy",   "hearty",  "honest",
    "humble", "jolly",  "keen",   "kind",   "lively", "lucid",   "lucky",   "mellow",
    "merry",  "mighty", "modest", "neat",   "nimble", "noble",   "patient", "placid",
    "plucky", "polite", "proud",  "quick",  "quiet",  "rapid",   "ready",   "serene",
    "sharp",  "silver", "smooth", "steady", "sturdy", "swift",   "trusty",  "witty"};

constexpr std::array<std::string_view, 64> kThings = {
    "alder",  "anchor", "badger",  "barge",   "beacon",  "birch", "bridge",  "buoy",
    "canoe",  "cedar",  "coast",   "compass", "coral",   "crane", "current", "cypress",
    "delta",  "dinghy", "dolphin", "eddy",    "estuary", "ferry", "finch",   "fjord",
    "galley", "gull",   "harbor",  "heron",   "island",  "jetty", "kayak",   "kelp",
    "keel",   "lagoon", "lantern", "ledge",   "lotus",   "maple", "marsh",   "mast",
    "oar",    "otter",  "paddle",  "pebble",  "pelican", "pier",  "pine",    "raft",
    "rapids", "reed",   "reef",    "river",   "rudder",  "sail",  "salmon",  "schooner",
    "shoal",  "spruce", "tide",    "timber",  "wake",    "wharf", "willow",  "yawl"};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

// The id a name belongs to; empty if the name is free.
std::string name_owner(const EngineLayout& layout, std::string_view name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(layout.name_link(name).c_str(), target.data(), target.size());
  if (size <= 0) return {};
  const std::string_view text(target.data(), static_cast<size_t>(size));
  return std::string(text.substr(text.rfind('/') + 1));
}

bool container_exists(const EngineLayout& layout, const std::string& id) {
  return ::access(layout.container(id).c_str(), F_OK) == 0;
}

// Removes the link if its container has gone. The lock keeps two commands from both finding the
// old link and the second from removing the first one's new link.
Result<bool> remove_stale_name(const EngineLayout& layout, const std::string& name) {
  IK_LET(lock, lock_file(layout.names() + "/.lock"));
  const std::string owner = name_owner(layout, name);
  if (owner.empty()) return true;
  if (container_exists(layout, owner)) return false;
  ::unlink(layout.name_link(name).c_str());
  return true;
}

}  // namespace

Result<void> check_container_name(std::string_view name) {
  constexpr size_t kMaxName = 200;
  bool good = name.size() >= 2 && name.size() <= kMaxName && is_name_character(name[0]);
  for (const char c : name)
    good = good && (is_name_character(c) || c == '_' || c == '.' || c == '-');
  if (good) return {};
  return make_error(ErrorKind::kInvalid,
                    "Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
                    name);
}

std::string random_container_name() {
  std::array<std::uint8_t, 2> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) bytes = {};
  return fmt::format(
      "{}_{}", kQualities[bytes[0] % kQualities.size()], kThings[bytes[1] % kThings.size()]);
}

Result<void> reserve_name(const EngineLayout& layout,
                          const std::string& name,
                          const std::string& id) {
  const std::string target = "../containers/" + id;
  const std::string link = layout.name_link(name);
  while (::symlink(target.c_str(), link.c_str()) != 0) {
    if (errno != EEXIST) return errno_error("reserve name {}", name);
    IK_LET(free, remove_stale_name(layout, name));
    if (free) continue;
    return make_error(
        ErrorKind::kConflict,
        "Conflict. The container name \"/{}\" is already in use by container \"{}\". "
        "You have to remove (or rename) that container to be able to reuse that name.",
        name,
        name_owner(layout, name));
  }
  return {};
}

Result<std::string> reserve_random_name(const EngineLayout& layout, const std::string& id) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    std::string name = random_container_name();
    // With many containers the words run out; a piece of the id makes them last.
    if (attempt >= 4) name += "_" + id.substr(0, 6);
    const Result<void> reserved = reserve_name(layout, name, id);
    if (reserved.has_value()) return name;
    if (reserved.error().kind != ErrorKind::kConflict) return reserved.error();
  }
  return make_error(ErrorKind::kInternal, "no free name found");
}

void release_name(const EngineLayout& layout, const std::string& name, const std::string& id) {
  if (!name.empty() && name_owner(layout, name) == id) ::unlink(layout.name_link(name).c_str());
}

void release_names_of(const EngineLayout& layout, const std::string& id) {
  const Result<std::vector<std::string>> names = list_directory(layout.names());
  if (!names.has_value()) return;
  for (const std::string& name : *names) release_name(layout, name, id);
}

Result<std::string> find_container(const EngineLayout& layout, std::string_view name_or_id) {
  std::string_view name = name_or_id;
  if (!name.empty() && name[0] == '/') name.remove_prefix(1);  // docker inspect prints "/name".
  const Error none = make_error(ErrorKind::kNotFound, "No such container: {}", name_or_id);
  if (name.empty() || name.size() > 255 || name.find('/') != std::string_view::npos ||
      name[0] == '.') {
    return none;
  }
  const std::string owner = name_owner(layout, name);
  if (!owner.empty() && container_exists(layout, owner)) return owner;
  if (!is_hex(name)) return none;
  if (name.size() == 64 && container_exists(layout, std::string(name))) return std::string(name);
  IK_LET(ids, list_containers(layout));
  std::string found;
  for (const std::string& id : ids) {
    if (!std::string_view(id).starts_with(name)) continue;
    if (!found.empty()) {
      return make_error(ErrorKind::kInvalid, "several containers' ids begin with {}", name);
    }
    found = id;
  }
  if (found.empty()) return none;
  return found;
}

Result<std::vector<std::string>> list_containers(const EngineLayout& layout) {
  Result<std::vector<std::string>> ids = list_directory(layout.containers());
  if (!ids.has_value() && ids.error().kind == ErrorKind::kNotFound) {
    return std::vector<std::string>{};
  }
  return ids;
}

}  // namespace ikada
