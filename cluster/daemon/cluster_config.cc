#include "cluster/daemon/cluster_config.h"

#include <yaml-cpp/yaml.h>

#include "cluster/auth/certificates.h"
#include "image/reference.h"
#include "net/ipv4.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxConfigBytes = size_t{64} << 10;
constexpr size_t kAccountDigits = 12;
constexpr std::uint64_t kMaxHealthyAfter = 3600;
constexpr std::uint64_t kMinLifetime = 10;
constexpr std::uint64_t kMaxLifetime = std::uint64_t{825} * 24 * 3600;

Result<std::chrono::seconds> read_lifetime(const std::string& name,
                                           const std::string& value,
                                           std::uint64_t at_least) {
  const Result<std::uint64_t> seconds = parse_unsigned(value, kMaxLifetime);
  if (seconds.has_value() && *seconds >= at_least) return std::chrono::seconds(*seconds);
  return make_error(ErrorKind::kInvalid, "{}: expected {} to {}", name, at_least, kMaxLifetime);
}

Result<void> read_key(const std::string& name, const std::string& value, ApiOptions& options) {
  if (name == "account_id") {
    const bool is_account = value.size() == kAccountDigits &&
                            value.find_first_not_of("0123456789") == std::string::npos;
    if (!is_account) return make_error(ErrorKind::kInvalid, "account_id: expected twelve digits");
    options.account = value;
  } else if (name == "home_region") {
    const bool is_region =
        !value.empty() &&
        value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!is_region) return make_error(ErrorKind::kInvalid, "home_region: not a region's name");
    options.home_region = value;
  } else if (name == "virtual_instances") {
    if (value != "true" && value != "false") {
      return make_error(ErrorKind::kInvalid, "virtual_instances: expected true or false");
    }
    options.virtual_instances = value == "true";
  } else if (name == "registry") {
    const Result<std::string> registry = parse_registry(value);
    if (!registry.has_value()) return make_error(ErrorKind::kInvalid, "registry: not HOST:PORT");
    options.registry = *registry;
  } else if (name == "certificates") {
    if (!value.starts_with("/")) {
      return make_error(ErrorKind::kInvalid, "certificates: expected an absolute path");
    }
    options.certificates = value;
  } else if (name == "balancer_interface") {
    if (!is_interface_name(value)) {
      return make_error(ErrorKind::kInvalid, "balancer_interface: not an interface's name");
    }
    options.balancer_interface = value;
  } else if (name == "audit_log_full") {
    if (value != "refuse" && value != "continue") {
      return make_error(ErrorKind::kInvalid, "audit_log_full: expected refuse or continue");
    }
    options.needs_audit_room = value == "refuse";
  } else if (name == "certificate_lifetime_seconds") {
    IK_LET(lifetime, read_lifetime(name, value, kMinLifetime));
    options.certificate_lifetime = lifetime;
  } else if (name == "node_certificate_lifetime_seconds") {
    IK_LET(lifetime, read_lifetime(name, value, auth::kMinNodeCertificateSeconds));
    options.node_certificate_lifetime = lifetime;
  } else if (name == "healthy_after_seconds") {
    const Result<std::uint64_t> seconds = parse_unsigned(value, kMaxHealthyAfter);
    if (!seconds.has_value()) {
      return make_error(
          ErrorKind::kInvalid, "healthy_after_seconds: expected 0 to {}", kMaxHealthyAfter);
    }
    options.healthy_after = std::chrono::seconds(*seconds);
  } else {
    return make_error(ErrorKind::kInvalid, "unknown key {}", name);
  }
  return {};
}

// May throw yaml-cpp's exceptions.
Result<void> read_roles(const YAML::Node& roles, ApiOptions& options) {
  if (!roles.IsMap()) return make_error(ErrorKind::kInvalid, "expected a map");
  for (const auto& role : roles) {
    if (!role.second.IsSequence()) {
      return make_error(ErrorKind::kInvalid, "expected a list of actions");
    }
    auto& actions = options.role_actions[role.first.as<std::string>()];
    for (const auto& action : role.second) actions.push_back(action.as<std::string>());
  }
  return {};
}

// Likewise.
Result<void> read_addresses(const YAML::Node& ranges, ApiOptions& options) {
  if (!ranges.IsSequence()) return make_error(ErrorKind::kInvalid, "expected a list of ranges");
  for (const auto& range : ranges) {
    IK_LET(read, elb::parse_address_range(range.as<std::string>()));
    options.balancer_addresses.push_back(read);
  }
  return {};
}

// Likewise.
Result<ApiOptions> read_options(const YAML::Node& root) {
  ApiOptions options;
  if (!root || root.IsNull()) return options;
  if (!root.IsMap()) return make_error(ErrorKind::kInvalid, "expected a map");
  for (const auto& field : root) {
    if (field.first.as<std::string>() == "task_roles") {
      IK_TRY(read_roles(field.second, options).context("task_roles"));
      continue;
    }
    if (field.first.as<std::string>() == "balancer_addresses") {
      IK_TRY(read_addresses(field.second, options).context("balancer_addresses"));
      continue;
    }
    IK_TRY(read_key(field.first.as<std::string>(), field.second.as<std::string>(), options));
  }
  return options;
}

}  // namespace

Result<ApiOptions> parse_cluster_config(const std::string& text) {
  try {
    return read_options(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return make_error(ErrorKind::kInvalid, "{}", error.what());
  }
}

Result<std::optional<ApiOptions>> load_cluster_config(const std::string& path) {
  const Result<std::string> text = read_file(path, kMaxConfigBytes);
  if (!text.has_value()) {
    if (text.error().kind == ErrorKind::kNotFound) return std::optional<ApiOptions>();
    return text.error();
  }
  IK_LET(options, parse_cluster_config(*text).context("{}", path));
  return std::optional<ApiOptions>(std::move(options));
}

}  // namespace ikada
