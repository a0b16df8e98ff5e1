#include "image/registry/config.h"

#include <functional>
#include <map>

#include <yaml-cpp/yaml.h>

#include "image/registry/glob.h"
#include "image/url.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

constexpr std::uint64_t kMaxDurationSeconds = std::uint64_t{3650} * 24 * 3600;
constexpr std::uint64_t kMaxPort = 65535;
constexpr std::uint64_t kMaxConnections = 100'000;

using Read = std::function<Result<void>(const YAML::Node&)>;
using Fields = std::map<std::string, Read, std::less<>>;

Error invalid(std::string_view what) { return make_error(ErrorKind::kInvalid, "{}", what); }

// Every key of the map by its reader; another key is a mistake.
Result<void> read_map(const YAML::Node& node, std::string_view name, const Fields& fields) {
  if (!node || node.IsNull()) return {};
  if (!node.IsMap()) return invalid(fmt::format("{}: expected a map", name));
  for (const auto& each : node) {
    const auto key = each.first.as<std::string>();
    const auto field = fields.find(key);
    const std::string path = name.empty() ? key : fmt::format("{}.{}", name, key);
    if (field == fields.end()) return invalid(fmt::format("unknown key {}", path));
    IK_TRY(field->second(each.second).context("{}", path));
  }
  return {};
}

Read into(std::string& out) {
  return [&out](const YAML::Node& node) -> Result<void> {
    out = node.as<std::string>();
    return {};
  };
}

Read into(bool& out) {
  return [&out](const YAML::Node& node) -> Result<void> {
    out = node.as<bool>();
    return {};
  };
}

Read into(std::vector<std::string>& out) {
  return [&out](const YAML::Node& node) -> Result<void> {
    if (node.IsSequence()) {
      out = node.as<std::vector<std::string>>();
    } else {
      out = {node.as<std::string>()};
    }
    return {};
  };
}

Read into(std::chrono::seconds& out) {
  return [&out](const YAML::Node& node) -> Result<void> {
    IK_LET(value, parse_duration(node.as<std::string>()));
    out = value;
    return {};
  };
}

Read into_seconds(std::int64_t& out) {
  return [&out](const YAML::Node& node) -> Result<void> {
    IK_LET(value, parse_duration(node.as<std::string>()));
    out = value.count();
    return {};
  };
}

Read into_size(std::uint64_t& out) {
  return [&out](const YAML::Node& node) -> Result<void> {
    IK_LET(value, parse_byte_size(node.as<std::string>()));
    out = value;
    return {};
  };
}

Result<void> read_actions(const YAML::Node& node, std::vector<Action>& out) {
  std::vector<std::string> names;
  IK_TRY(into(names)(node));
  for (const std::string& name : names) {
    const std::optional<Action> action = find_action(name);
    if (!action.has_value()) return invalid(fmt::format("unknown action {}", name));
    out.push_back(*action);
  }
  return {};
}

// One item after another of a list of maps.
template <typename Item, typename Fill>
Read into_list(std::vector<Item>& out, Fill fill) {
  return [&out, fill](const YAML::Node& node) -> Result<void> {
    if (!node.IsSequence()) return invalid("expected a list");
    for (const YAML::Node& each : node) {
      Item item;
      IK_TRY(fill(each, item));
      out.push_back(std::move(item));
    }
    return {};
  };
}

Result<void> read_access_rule(const YAML::Node& node, AccessRule& rule) {
  IK_TRY(read_map(
      node,
      "rule",
      {{"users", into(rule.users)},
       {"repositories", into(rule.repositories)},
       {"actions", [&rule](const YAML::Node& each) { return read_actions(each, rule.actions); }}}));
  if (rule.users.empty()) return invalid("a rule without users");
  if (rule.repositories.empty()) return invalid("a rule without repositories");
  if (rule.actions.empty()) return invalid("a rule without actions");
  return {};
}

Result<void> read_quota_rule(const YAML::Node& node, QuotaRule& rule) {
  IK_TRY(
      read_map(node,
               "rule",
               {{"repositories", into(rule.repositories)}, {"size", into_size(rule.size_bytes)}}));
  if (rule.repositories.empty()) rule.repositories = {"**"};
  if (rule.size_bytes == 0) return invalid("a quota without a size");
  return {};
}

Result<void> read_immutable_tags(const YAML::Node& node, ImmutableTags& rule) {
  IK_TRY(read_map(
      node, "rule", {{"repositories", into(rule.repositories)}, {"tags", into(rule.tags)}}));
  if (rule.repositories.empty()) rule.repositories = {"**"};
  if (rule.tags.empty()) rule.tags = {"*"};
  return {};
}

Result<void> read_garbage(const YAML::Node& node, RegistryConfig& config) {
  const auto optional_seconds = [](const YAML::Node& value, auto store) -> Result<void> {
    IK_LET(duration, parse_duration(value.as<std::string>()));
    store(duration);
    return {};
  };
  return read_map(node,
                  "",
                  {{"interval",
                    [&](const YAML::Node& each) {
                      return optional_seconds(each,
                                              [&](auto value) { config.garbage_interval = value; });
                    }},
                   {"untagged",
                    [&](const YAML::Node& each) {
                      return optional_seconds(
                          each, [&](auto value) { config.garbage.untagged_age_s = value.count(); });
                    }},
                   {"grace", into_seconds(config.garbage.grace_s)},
                   {"uploads", into_seconds(config.garbage.upload_age_s)}});
}

Result<void> read_limits(const YAML::Node& node, RequestLimits& limits) {
  return read_map(node,
                  "",
                  {{"connections",
                    [&limits](const YAML::Node& each) -> Result<void> {
                      IK_LET(count, parse_unsigned(each.as<std::string>(), kMaxConnections));
                      limits.connections = count;
                      return {};
                    }},
                   {"blob", into_size(limits.blob_bytes)},
                   {"head_timeout", into(limits.head_timeout)},
                   {"idle_timeout", into(limits.idle_timeout)}});
}

Result<void> check(const RegistryConfig& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return invalid("tls: needs both certificate and key");
  }
  if (!config.access.has_users && !config.access.rules.empty()) {
    return invalid("access: needs auth.htpasswd, or nobody has a name");
  }
  if (config.token_lifetime.count() < 1) return invalid("auth.token_lifetime: too short");
  if (config.garbage_interval.has_value() && config.garbage_interval->count() < 1) {
    return invalid("gc.interval: too short");
  }
  return {};
}

// May throw yaml-cpp's exceptions.
Result<RegistryConfig> read_config(const YAML::Node& root) {
  RegistryConfig config;
  const Fields tls = {{"certificate", into(config.tls_certificate)}, {"key", into(config.tls_key)}};
  const Fields auth = {{"htpasswd", into(config.password_file)},
                       {"realm", into(config.realm)},
                       {"service", into(config.service)},
                       {"tokens", into(config.has_tokens)},
                       {"token_lifetime", into(config.token_lifetime)},
                       {"anonymous_pull", into(config.access.anonymous_pull)}};
  const Fields log = {{"requests", into(config.logs_requests)}};
  const auto map = [](std::string_view name, const Fields& fields) -> Read {
    return [name, &fields](const YAML::Node& node) { return read_map(node, name, fields); };
  };
  IK_TRY(read_map(
      root,
      "",
      {{"address", into(config.address)},
       {"root", into(config.root)},
       {"url", into(config.url)},
       {"insecure", into(config.insecure)},
       {"tls", map("", tls)},
       {"auth", map("", auth)},
       {"log", map("", log)},
       {"access", into_list(config.access.rules, read_access_rule)},
       {"quota", into_list(config.quotas, read_quota_rule)},
       {"immutable_tags", into_list(config.immutable_tags, read_immutable_tags)},
       {"gc", [&](const YAML::Node& node) { return read_garbage(node, config); }},
       {"limits", [&](const YAML::Node& node) { return read_limits(node, config.limits); }}}));
  config.access.has_users = !config.password_file.empty();
  IK_TRY(check(config));
  return config;
}

}  // namespace

Result<RegistryConfig> parse_registry_config(std::string_view yaml) {
  try {
    return read_config(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& exception) {
    return make_error(ErrorKind::kInvalid, "line {}: {}", exception.mark.line + 1, exception.msg);
  }
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto bad = [text] {
    return make_error(
        ErrorKind::kInvalid, "invalid duration '{}': expected one like 90s, 5m, 12h or 7d", text);
  };
  static const std::map<char, std::uint64_t> units = {
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 24 * 3600}};
  if (text.empty()) return bad();
  const auto unit = units.find(text.back());
  if (unit == units.end()) return bad();
  const Result<std::uint64_t> count =
      parse_unsigned(text.substr(0, text.size() - 1), kMaxDurationSeconds / unit->second);
  if (!count.has_value()) return bad();
  return std::chrono::seconds(*count * unit->second);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto bad = [text] {
    return make_error(ErrorKind::kInvalid, "invalid address '{}': expected HOST:PORT", text);
  };
  if (colon == std::string_view::npos) return bad();
  const Result<std::uint64_t> port = parse_unsigned(text.substr(colon + 1), kMaxPort);
  if (!port.has_value()) return bad();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();
  }
  return ListenAddress{.host = std::string(host == "localhost" ? "127.0.0.1" : host),
                       .port = static_cast<std::uint16_t>(*port)};
}

bool is_loopback(const ListenAddress& address) { return is_loopback_host(address.host); }

bool is_immutable(const RegistryConfig& config, std::string_view repository, std::string_view tag) {
  for (const ImmutableTags& rule : config.immutable_tags) {
    if (matches_any_glob(rule.repositories, repository) && matches_any_glob(rule.tags, tag)) {
      return true;
    }
  }
  return false;
}

}  // namespace ikada::registry
