#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "runtime/spec/reading.h"

namespace ikada {
namespace {

struct NamedFlag {
  std::string_view name;
  int flag;
};

constexpr std::array<NamedFlag, 8> kNamespaces = {{{"pid", CLONE_NEWPID},
                                                   {"network", CLONE_NEWNET},
                                                   {"mount", CLONE_NEWNS},
                                                   {"ipc", CLONE_NEWIPC},
                                                   {"uts", CLONE_NEWUTS},
                                                   {"user", CLONE_NEWUSER},
                                                   {"cgroup", CLONE_NEWCGROUP},
                                                   {"time", CLONE_NEWTIME}}};

void read_namespaces(JsonReader& reader, OciLinux& linux_part) {
  for (JsonReader& each : reader.objects("namespaces")) {
    std::string type;
    each.require("type", type);
    OciNamespace entry{.flag = namespace_flag(type), .path = {}};
    read_absolute_path(each, "path", entry.path);
    if (entry.flag == 0) each.fail("type", "unknown namespace: " + type);
    if (linux_part.find_namespace(entry.flag) != nullptr) each.fail("type", "stands twice");
    linux_part.namespaces.push_back(std::move(entry));
  }
}

void read_mappings(JsonReader& reader, std::string_view key, std::vector<OciIdMapping>& mappings) {
  constexpr size_t kMaxMappings = 340;  // user_namespaces(7)
  for (JsonReader& each : reader.objects(key)) {
    OciIdMapping& mapping = mappings.emplace_back();
    each.require("containerID", mapping.container_id);
    each.require("hostID", mapping.host_id);
    each.require("size", mapping.size);
    constexpr std::uint64_t kIds = std::numeric_limits<std::uint32_t>::max();
    if (mapping.size == 0 || std::uint64_t{mapping.container_id} + mapping.size > kIds ||
        std::uint64_t{mapping.host_id} + mapping.size > kIds) {
      each.fail("size", "number out of range");
    }
  }
  if (mappings.size() > kMaxMappings) reader.fail(key, "more than 340 entries");
}

void read_time_offsets(JsonReader& reader, std::vector<OciTimeOffset>& offsets) {
  for (const char* clock : {"monotonic", "boottime"}) {
    if (!reader.has(clock)) continue;
    JsonReader each = reader.object(clock);
    OciTimeOffset& offset = offsets.emplace_back();
    offset.clock = clock;
    each.read("secs", offset.seconds);
    each.read("nanosecs", offset.nanoseconds);
    if (offset.nanoseconds > 999'999'999) each.fail("nanosecs", "number out of range");
  }
}

mode_t device_type(std::string_view type) {
  if (type == "c" || type == "u") return S_IFCHR;
  if (type == "b") return S_IFBLK;
  if (type == "p") return S_IFIFO;
  return 0;
}

void read_devices(JsonReader& reader, std::vector<OciDevice>& devices) {
  constexpr std::uint32_t kMaxMajor = 4095;
  constexpr std::uint32_t kMaxMinor = (1U << 20) - 1;
  for (JsonReader& each : reader.objects("devices")) {
    OciDevice& device = devices.emplace_back();
    std::string type;
    std::uint32_t permissions = 0666;
    if (!each.has("path")) each.fail("path", "missing");
    read_absolute_path(each, "path", device.path);
    each.require("type", type);
    each.read("fileMode", permissions);
    each.read("uid", device.uid);
    each.read("gid", device.gid);
    const mode_t kind = device_type(type);
    if (kind == 0) each.fail("type", "expected one of c, b, u and p");
    if (kind != S_IFIFO) {
      each.require("major", device.major);
      each.require("minor", device.minor);
    }
    if (device.major > kMaxMajor) each.fail("major", "number out of range");
    if (device.minor > kMaxMinor) each.fail("minor", "number out of range");
    // Engines copy st_mode, so the type bits may be there.
    device.mode = kind | (permissions & 07777);
  }
}

void read_propagation(JsonReader& reader, std::uint64_t& propagation) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kWords = {
      {{"private", MS_PRIVATE},
       {"rprivate", MS_PRIVATE | MS_REC},
       {"slave", MS_SLAVE},
       {"rslave", MS_SLAVE | MS_REC},
       {"shared", MS_SHARED},
       {"rshared", MS_SHARED | MS_REC},
       {"unbindable", MS_UNBINDABLE},
       {"runbindable", MS_UNBINDABLE | MS_REC}}};
  std::string word;
  reader.read("rootfsPropagation", word);
  if (word.empty()) return;
  const auto* found = std::find_if(
      kWords.begin(), kWords.end(), [&](const auto& each) { return each.first == word; });
  if (found == kWords.end()) return reader.fail("rootfsPropagation", "unknown word: " + word);
  propagation = found->second;
}

void read_resources(JsonReader& reader, Resources& resources) {
  const Json* json = reader.find("resources");
  if (json == nullptr) return;
  Result<Resources> parsed = parse_resources(*json);
  if (parsed.has_value()) {
    resources = std::move(*parsed);
  } else {
    reader.fail("resources", parsed.error().message);
  }
}

void refuse(JsonReader& reader, std::string_view key) {
  const Json* value = reader.find(key);
  if (value == nullptr || value->empty()) return;
  reader.fail(key, "not supported");
}

}  // namespace

const OciNamespace* OciLinux::find_namespace(int flag) const {
  const auto found = std::find_if(namespaces.begin(),
                                  namespaces.end(),
                                  [flag](const OciNamespace& each) { return each.flag == flag; });
  return found == namespaces.end() ? nullptr : &*found;
}

bool OciLinux::has_new_namespace(int flag) const {
  const OciNamespace* found = find_namespace(flag);
  return found != nullptr && found->path.empty();
}

bool OciLinux::joins_namespace(int flag) const {
  const OciNamespace* found = find_namespace(flag);
  return found != nullptr && !found->path.empty();
}

int namespace_flag(std::string_view type) {
  for (const NamedFlag& each : kNamespaces) {
    if (each.name == type) return each.flag;
  }
  return 0;
}

std::string_view namespace_type(int flag) {
  for (const NamedFlag& each : kNamespaces) {
    if (each.flag == flag) return each.name;
  }
  return {};
}

void read_linux(JsonReader& reader, OciLinux& linux_part) {
  read_namespaces(reader, linux_part);
  read_mappings(reader, "uidMappings", linux_part.uid_mappings);
  read_mappings(reader, "gidMappings", linux_part.gid_mappings);
  JsonReader offsets = reader.object("timeOffsets");
  read_time_offsets(offsets, linux_part.time_offsets);
  read_devices(reader, linux_part.devices);
  read_text(reader, "cgroupsPath", linux_part.cgroups_path);
  read_resources(reader, linux_part.resources);
  const Json* seccomp = reader.find("seccomp");
  if (seccomp != nullptr) linux_part.seccomp = *seccomp;
  read_propagation(reader, linux_part.rootfs_propagation);
  read_texts(reader, "sysctl", linux_part.sysctls);
  read_absolute_paths(reader, "maskedPaths", linux_part.masked_paths);
  read_absolute_paths(reader, "readonlyPaths", linux_part.readonly_paths);
  for (const char* key : {"mountLabel", "intelRdt", "personality"}) refuse(reader, key);
}

}  // namespace ikada
