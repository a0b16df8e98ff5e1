#include <algorithm>

#include "cluster/engine/oci_config.h"
#include "runtime/security/default_profile.h"

namespace ikada {
namespace {

// "net_admin", "NET_ADMIN" and "CAP_NET_ADMIN" are one; empty for a name that is none.
std::string_view find_capability(std::string_view name) {
  std::string upper;
  for (const char c : name) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (!upper.starts_with("CAP_")) upper = "CAP_" + upper;
  for (const std::string_view each : all_capabilities()) {
    if (each == upper) return each;
  }
  return {};
}

bool is_all(std::string_view name) { return name == "ALL" || name == "all" || name == "CAP_ALL"; }

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

#if defined(__x86_64__)
constexpr const char* kDockerArchitecture = "amd64";
constexpr const char* kSeccompArchitecture = "SCMP_ARCH_X86_64";
#elif defined(__aarch64__)
constexpr const char* kDockerArchitecture = "arm64";
constexpr const char* kSeccompArchitecture = "SCMP_ARCH_AARCH64";
#endif

// Docker's "includes" and "excludes": lists of capabilities and architectures of which one must, or
// none may, apply.
bool applies(const Json& rule, const std::vector<std::string>& capabilities) {
  const auto any_of = [&](const char* side, const char* key, auto matches) {
    if (!rule.contains(side) || !rule[side].is_object() || !rule[side].contains(key)) return -1;
    const Json& list = rule[side][key];
    if (!list.is_array() || list.empty()) return -1;
    return std::any_of(list.begin(), list.end(), matches) ? 1 : 0;
  };
  const auto has = [&](const Json& name) {
    return name.is_string() && contains(capabilities, name.get_ref<const std::string&>());
  };
  const auto here = [](const Json& name) { return name == kDockerArchitecture; };
  return any_of("includes", "caps", has) != 0 && any_of("includes", "arches", here) != 0 &&
         any_of("excludes", "caps", has) != 1 && any_of("excludes", "arches", here) != 1;
}

Json resolve_architectures(const Json& profile) {
  for (const Json& each : profile.value("archMap", Json::array())) {
    if (!each.is_object() || each.value("architecture", Json()) != kSeccompArchitecture) continue;
    Json names = Json::array({kSeccompArchitecture});
    for (const Json& sub : each.value("subArchitectures", Json::array())) names.push_back(sub);
    return names;
  }
  return Json::array();
}

}  // namespace

bool wants_all_capabilities(const SecuritySpec& security) {
  const std::vector<std::string>& added = security.add_capabilities;
  return security.privileged || std::any_of(added.begin(), added.end(), is_all);
}

Result<std::vector<std::string>> plan_capabilities(const SecuritySpec& security,
                                                   const std::vector<std::string>& available) {
  const auto defaults = default_capabilities();
  if (security.privileged) return available;

  const auto holds_all = [](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), is_all);
  };
  std::vector<std::string> set;
  if (holds_all(security.add_capabilities)) {
    set = available;
  } else if (!holds_all(security.drop_capabilities)) {
    set.assign(defaults.begin(), defaults.end());
  }
  for (const std::string& name : security.drop_capabilities) {
    if (is_all(name)) continue;
    const std::string_view found = find_capability(name);
    if (found.empty()) return make_error(ErrorKind::kInvalid, "unknown capability: \"{}\"", name);
    std::erase(set, found);
  }
  for (const std::string& name : security.add_capabilities) {
    if (is_all(name)) continue;
    const std::string_view found = find_capability(name);
    if (found.empty()) return make_error(ErrorKind::kInvalid, "unknown capability: \"{}\"", name);
    if (!contains(set, found)) set.emplace_back(found);
  }
  return set;
}

Result<Json> plan_seccomp(const SecuritySpec& security,
                          const std::vector<std::string>& capabilities) {
  if (security.privileged || security.seccomp_unconfined) return Json();
  if (security.seccomp_profile.empty()) return default_seccomp_profile(capabilities);
  IK_LET(profile, parse_json(security.seccomp_profile).context("seccomp profile"));
  if (!profile.is_object() || !profile.contains("defaultAction")) {
    return make_error(ErrorKind::kInvalid, "seccomp profile: defaultAction: missing");
  }
  Json resolved = Json::object();
  for (const char* key : {"defaultAction", "defaultErrnoRet", "architectures", "flags"}) {
    if (profile.contains(key)) resolved[key] = profile[key];
  }
  if (profile.contains("archMap")) resolved["architectures"] = resolve_architectures(profile);
  Json rules = Json::array();
  for (const Json& rule : profile.value("syscalls", Json::array())) {
    if (!rule.is_object()) {
      return make_error(ErrorKind::kInvalid, "seccomp profile: syscalls: expected objects");
    }
    if (!applies(rule, capabilities)) continue;
    Json kept = Json::object();
    for (const char* key : {"names", "action", "errnoRet", "args"}) {
      if (rule.contains(key) && !rule[key].is_null()) kept[key] = rule[key];
    }
    if (rule.contains("name")) kept["names"] = Json::array({rule["name"]});
    rules.push_back(std::move(kept));
  }
  resolved["syscalls"] = std::move(rules);
  return resolved;
}

}  // namespace ikada
