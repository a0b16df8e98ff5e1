#include "runtime/security/rlimit.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace ikada {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 16> kLimitNames = {{
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
}};

}  // namespace

Result<int> parse_rlimit_name(std::string_view name) {
  for (const auto& [known, resource] : kLimitNames) {
    if (known == name) return resource;
  }
  return make_error(ErrorKind::kInvalid, "unknown resource limit: {}", name);
}

std::string_view rlimit_name(int resource) {
  for (const auto& [known, number] : kLimitNames) {
    if (number == resource) return known;
  }
  return {};
}

Result<std::vector<ResourceLimit>> parse_rlimits(const Json& rlimits) {
  std::vector<ResourceLimit> limits;
  if (rlimits.is_null()) return limits;
  const Json process = {{"rlimits", rlimits}};
  JsonReader reader(process, "process");
  for (JsonReader& entry : reader.objects("rlimits")) {
    std::string type;
    entry.require("type", type);
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
    entry.require("soft", soft);
    entry.require("hard", hard);
    const Result<int> resource = parse_rlimit_name(type);
    if (!resource) {
      entry.fail("type", resource.error().message);
      break;
    }
    if (soft > hard) entry.fail("soft", type + " is above its hard limit");
    const bool repeated = std::any_of(limits.begin(), limits.end(), [&](const auto& earlier) {
      return earlier.resource == *resource;
    });
    if (repeated) entry.fail("type", type + " is given twice");
    limits.push_back({*resource, {.rlim_cur = soft, .rlim_max = hard}});
  }
  IK_TRY(reader.done());
  return limits;
}

}  // namespace ikada
