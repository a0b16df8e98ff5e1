#include "image/registry_options.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "image/reference.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxRegistriesBytes = size_t{1} << 20;

Error invalid_registries(std::string_view what) {
  return make_error(ErrorKind::kInvalid, "registries: {}", what);
}

// "cache.example.com:5000/hub".
Result<RegistryMirror> parse_mirror(const std::string& text) {
  Result<Reference> reference = parse_reference(text + "/x");
  // A word without dot or port would be a name at Docker Hub.
  if (!reference.has_value() || !text.starts_with(reference->registry)) {
    return invalid_registries(fmt::format("'{}' is no mirror; expected host[:port][/path]", text));
  }
  std::string prefix = reference->repository;
  prefix.pop_back();
  return RegistryMirror{
      .registry = std::move(reference->registry), .prefix = std::move(prefix), .options = {}};
}

// May throw yaml-cpp's exceptions.
Result<RegistryOptions> read_options(const YAML::Node& registries, const std::string& registry) {
  RegistryOptions options;
  if (!registries || registries.IsNull()) return options;
  if (!registries.IsMap()) return invalid_registries("expected a map of registries");
  const YAML::Node entry = registries[registry];
  if (!entry || entry.IsNull()) return options;
  if (!entry.IsMap()) return invalid_registries(registry + ": expected a map");
  for (const auto& field : entry) {
    const auto name = field.first.as<std::string>();
    if (name == "insecure") {
      if (field.second.as<bool>()) options.insecure_registries.push_back(registry);
    } else if (name == "auth_hosts") {
      options.auth_hosts = field.second.as<std::vector<std::string>>();
    } else if (name == "mirrors") {
      for (const auto& each : field.second.as<std::vector<std::string>>()) {
        IK_LET(mirror, parse_mirror(each).context("{}", registry));
        options.mirrors.push_back(std::move(mirror));
      }
    } else {
      return invalid_registries(fmt::format("{}: unknown key {}", registry, name));
    }
  }
  return options;
}

Result<RegistryOptions> parse(std::string_view yaml, const char* section, const std::string& name) {
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (section == nullptr) return read_options(root, name);
    return root.IsMap() ? read_options(root[section], name) : RegistryOptions();
  } catch (const YAML::Exception& exception) {
    return make_error(ErrorKind::kInvalid, "line {}: {}", exception.mark.line + 1, exception.msg);
  }
}

// The file that has the map, and how to read it.
struct Source {
  std::string path = {};
  std::string text = {};
  bool is_section = false;
};

Result<Source> find_source(const std::string& config_path) {
  const std::string directory = config_path.substr(0, config_path.rfind('/') + 1);
  Source own{.path = directory + "registries.yaml"};
  Source shared{.path = config_path, .is_section = true};
  for (Source* source : {&own, &shared}) {
    Result<std::string> text = read_file(source->path, kMaxRegistriesBytes);
    if (text.has_value()) {
      source->text = std::move(*text);
      return std::move(*source);
    }
    if (text.error().kind != ErrorKind::kNotFound) return std::move(text.error());
  }
  return shared;
}

Result<RegistryOptions> options_in(const Source& source, const std::string& registry) {
  IK_LET(options,
         (source.is_section ? parse_registries_section(source.text, registry)
                            : parse_registry_options(source.text, registry))
             .context("{}", source.path));
  IK_LET(credentials, find_credentials(default_credentials_path(), registry));
  options.credentials = std::move(credentials);
  return options;
}

}  // namespace

Result<RegistryOptions> parse_registry_options(std::string_view yaml, const std::string& registry) {
  return parse(yaml, nullptr, registry);
}

Result<RegistryOptions> parse_registries_section(std::string_view yaml,
                                                 const std::string& registry) {
  return parse(yaml, "registries", registry);
}

Result<RegistryOptions> registry_options_for(const std::string& registry,
                                             const std::string& config_path) {
  IK_LET(source, find_source(config_path));
  IK_LET(options, options_in(source, registry));
  for (RegistryMirror& mirror : options.mirrors) {
    IK_LET(found, options_in(source, mirror.registry));
    // Mirrors of mirrors could go in a circle.
    found.mirrors.clear();
    mirror.options = std::move(found);
  }
  return options;
}

}  // namespace ikada
