#include <limits>

#include "runtime/spec/reading.h"

namespace ikada {
namespace {

// (uid_t)-1 means "leave it as it is" to setresuid(2).
constexpr std::uint32_t kMaxId = std::numeric_limits<std::uint32_t>::max() - 1;
constexpr std::uint32_t kMaxUmask = 0777;

void read_id(JsonReader& reader, std::string_view key, std::uint32_t& id) {
  reader.read(key, id);
  if (id > kMaxId) reader.fail(key, "number out of range");
}

void read_additional_gids(JsonReader& reader, std::vector<std::uint32_t>& gids) {
  constexpr size_t kMaxGroups = 65536;  // NGROUPS_MAX
  const Json* list = reader.find("additionalGids");
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > kMaxGroups) {
    return reader.fail("additionalGids", "expected an array of numbers");
  }
  for (const Json& each : *list) {
    if (!each.is_number_unsigned() || each.get<std::uint64_t>() > kMaxId) {
      return reader.fail("additionalGids", "number out of range");
    }
    gids.push_back(each.get<std::uint32_t>());
  }
}

void read_user(JsonReader& reader, OciUser& user) {
  read_id(reader, "uid", user.uid);
  read_id(reader, "gid", user.gid);
  reader.read("umask", user.umask);
  if (user.umask.value_or(0) > kMaxUmask) reader.fail("umask", "number out of range");
  read_additional_gids(reader, user.additional_gids);
}

void read_console_size(JsonReader& reader, OciProcess& process) {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  reader.read("height", rows);
  reader.read("width", columns);
  constexpr std::uint32_t kMax = std::numeric_limits<std::uint16_t>::max();
  if (rows > kMax) reader.fail("height", "number out of range");
  if (columns > kMax) reader.fail("width", "number out of range");
  process.console_rows = static_cast<std::uint16_t>(rows);
  process.console_columns = static_cast<std::uint16_t>(columns);
}

void read_oom_score_adj(JsonReader& reader, OciProcess& process) {
  constexpr std::int32_t kLimit = 1000;
  reader.read("oomScoreAdj", process.oom_score_adj);
  const std::int32_t value = process.oom_score_adj.value_or(0);
  if (value < -kLimit || value > kLimit) reader.fail("oomScoreAdj", "number out of range");
}

}  // namespace

void read_process(JsonReader& reader, OciProcess& process) {
  reader.read("terminal", process.terminal);
  JsonReader size = reader.object("consoleSize");
  read_console_size(size, process);
  JsonReader user = reader.object("user");
  read_user(user, process.user);
  read_texts(reader, "args", process.args);
  if (process.args.empty()) reader.fail("args", "expected at least one argument");
  read_texts(reader, "env", process.env);
  read_absolute_path(reader, "cwd", process.cwd);
  reader.read("noNewPrivileges", process.no_new_privileges);
  read_oom_score_adj(reader, process);
  read_text(reader, "apparmorProfile", process.apparmor_profile);
  std::string selinux_label;
  reader.read("selinuxLabel", selinux_label);
  if (!selinux_label.empty()) reader.fail("selinuxLabel", "SELinux is not supported");

  const Json* capabilities = reader.find("capabilities");
  const Json none;
  Result<CapabilitySets> sets =
      parse_capability_sets(capabilities != nullptr ? *capabilities : none);
  if (sets.has_value()) {
    process.capabilities = *sets;
  } else {
    reader.fail("capabilities", sets.error().message);
  }
  const Json* limits = reader.find("rlimits");
  Result<std::vector<ResourceLimit>> rlimits = parse_rlimits(limits != nullptr ? *limits : none);
  if (rlimits.has_value()) {
    process.rlimits = std::move(*rlimits);
  } else {
    reader.fail("rlimits", rlimits.error().message);
  }
}

Result<OciProcess> parse_oci_process(const Json& json) {
  JsonReader reader(json, "process");
  OciProcess process;
  read_process(reader, process);
  IK_TRY(reader.done());
  return process;
}

}  // namespace ikada
