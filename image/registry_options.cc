#include "image/registry_options.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;

Error invalid(std::string_view what) {
  return make_error(ErrorKind::kInvalid, "registries: {}", what);
}

// May throw yaml-cpp's exceptions.
Result<RegistryOptions> read_options(const YAML::Node& root, const std::string& registry) {
  RegistryOptions options;
  if (!root.IsMap()) return options;
  const YAML::Node registries = root["registries"];
  if (!registries || registries.IsNull()) return options;
  if (!registries.IsMap()) return invalid("expected a map of registries");
  const YAML::Node entry = registries[registry];
  if (!entry || entry.IsNull()) return options;
  if (!entry.IsMap()) return invalid(registry + ": expected a map");
  for (const auto& field : entry) {
    const auto name = field.first.as<std::string>();
    if (name == "insecure") {
      if (field.second.as<bool>()) options.insecure_registries.push_back(registry);
    } else if (name == "auth_hosts") {
      options.auth_hosts = field.second.as<std::vector<std::string>>();
    } else {
      return invalid(fmt::format("{}: unknown key {}", registry, name));
    }
  }
  return options;
}

}  // namespace

Result<RegistryOptions> parse_registry_options(std::string_view yaml, const std::string& registry) {
  try {
    return read_options(YAML::Load(std::string(yaml)), registry);
  } catch (const YAML::Exception& exception) {
    return make_error(ErrorKind::kInvalid, "line {}: {}", exception.mark.line + 1, exception.msg);
  }
}

Result<RegistryOptions> registry_options_for(const std::string& registry,
                                             const std::string& config_path) {
  RegistryOptions options;
  const Result<std::string> text = read_file(config_path, kMaxConfigBytes);
  if (text.has_value()) {
    IK_LET(parsed, parse_registry_options(*text, registry).context("{}", config_path));
    options = std::move(parsed);
  } else if (text.error().kind != ErrorKind::kNotFound) {
    return text.error();
  }
  IK_LET(credentials, find_credentials(default_credentials_path(), registry));
  options.credentials = std::move(credentials);
  return options;
}

}  // namespace ikada
