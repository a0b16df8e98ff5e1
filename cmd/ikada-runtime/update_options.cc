#include "cmd/ikada-runtime/update_options.h"

#include <limits>

#include "runtime/base/number.h"

namespace ikada {
namespace {

// Sets SECTION.KEY from a word; -1 stands for "no limit" where the specification has that.
Result<void> set_number(Json& resources,
                        const char* section,
                        const char* key,
                        const std::string& word,
                        const char* option) {
  if (word.empty()) return {};
  IK_LET(number, parse_signed(word, -1).context("{}", option));
  resources[section][key] = number;
  return {};
}

Result<void> set_size(Json& resources,
                      const char* key,
                      const std::string& word,
                      const char* option) {
  if (word.empty()) return {};
  if (word == "-1") {
    resources["memory"][key] = -1;
    return {};
  }
  IK_LET(bytes, parse_byte_size(word).context("{}", option));
  if (bytes > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return make_error(ErrorKind::kInvalid, "{}: number out of range", option);
  }
  resources["memory"][key] = bytes;
  return {};
}

}  // namespace

std::vector<Option> UpdateWords::table() {
  return {
      {.name = "--resources", .letter = "-r", .value = &resources_file},
      {.name = "--memory", .letter = "-m", .value = &memory},
      {.name = "--memory-reservation", .letter = "", .value = &memory_reservation},
      {.name = "--memory-swap", .letter = "", .value = &memory_swap},
      {.name = "--cpu-share", .letter = "", .value = &cpu_share},
      {.name = "--cpu-quota", .letter = "", .value = &cpu_quota},
      {.name = "--cpu-period", .letter = "", .value = &cpu_period},
      {.name = "--cpu-burst", .letter = "", .value = &cpu_burst},
      {.name = "--cpu-idle", .letter = "", .value = &cpu_idle},
      {.name = "--cpuset-cpus", .letter = "", .value = &cpuset_cpus},
      {.name = "--cpuset-mems", .letter = "", .value = &cpuset_mems},
      {.name = "--pids-limit", .letter = "", .value = &pids_limit},
      {.name = "--blkio-weight", .letter = "", .value = &blkio_weight},
  };
}

Result<Json> plan_update(const UpdateWords& words, const Json& file) {
  Json resources = file.is_null() ? Json::object() : file;
  if (!resources.is_object()) {
    return make_error(ErrorKind::kInvalid, "--resources: expected an object");
  }
  for (const char* section : {"memory", "cpu", "pids", "blockIO"}) {
    // A section that is no object is found wrong by whoever reads the whole.
    if (resources.contains(section) && !resources[section].is_object()) return resources;
  }
  IK_TRY(set_size(resources, "limit", words.memory, "--memory"));
  IK_TRY(set_size(resources, "reservation", words.memory_reservation, "--memory-reservation"));
  IK_TRY(set_size(resources, "swap", words.memory_swap, "--memory-swap"));
  IK_TRY(set_number(resources, "cpu", "shares", words.cpu_share, "--cpu-share"));
  IK_TRY(set_number(resources, "cpu", "quota", words.cpu_quota, "--cpu-quota"));
  IK_TRY(set_number(resources, "cpu", "period", words.cpu_period, "--cpu-period"));
  IK_TRY(set_number(resources, "cpu", "burst", words.cpu_burst, "--cpu-burst"));
  IK_TRY(set_number(resources, "cpu", "idle", words.cpu_idle, "--cpu-idle"));
  IK_TRY(set_number(resources, "pids", "limit", words.pids_limit, "--pids-limit"));
  IK_TRY(set_number(resources, "blockIO", "weight", words.blkio_weight, "--blkio-weight"));
  if (!words.cpuset_cpus.empty()) resources["cpu"]["cpus"] = words.cpuset_cpus;
  if (!words.cpuset_mems.empty()) resources["cpu"]["mems"] = words.cpuset_mems;
  if (resources.empty()) return make_error(ErrorKind::kInvalid, "expected a limit to change");
  return resources;
}

}  // namespace ikada
