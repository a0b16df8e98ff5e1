#include "cluster/daemon/agent_config.h"

#include <utility>

#include <yaml-cpp/yaml.h>

#include "cluster/model/names.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxAgentConfigBytes = size_t{64} << 10;

// True for `yes`, false for `no`; kInvalid for any other word.
Result<bool> read_choice(const std::string& value, const char* yes, const char* no) {
  if (value == yes) return true;
  if (value == no) return false;
  return make_error(ErrorKind::kInvalid, "expected {} or {}", yes, no);
}

Result<void> read_attributes(const YAML::Node& map, AgentConfig& config) {
  if (!map.IsMap()) return make_error(ErrorKind::kInvalid, "expected a map");
  for (const auto& each : map) {
    const Attribute attribute{.name = each.first.as<std::string>(),
                              .value = each.second.as<std::string>()};
    IK_TRY(check_attribute(attribute));
    config.instance.attributes.push_back(attribute);
  }
  return {};
}

Result<void> read_scalar(const std::string& name, const std::string& value, AgentConfig& config) {
  if (name == "run_tasks") {
    IK_LET(runs_tasks, read_choice(value, "true", "false"));
    config.runs_tasks = runs_tasks;
  } else if (name == "cluster") {
    if (!is_resource_name(value)) return make_error(ErrorKind::kInvalid, "not a cluster's name");
    config.instance.cluster = value;
  } else if (name == "availability_zone") {
    if (!is_attribute_value(value)) return make_error(ErrorKind::kInvalid, "not a zone's name");
    config.instance.availability_zone = value;
  } else if (name == "reserved_memory_mib") {
    IK_LET(mib, parse_unsigned(value, INT32_MAX));
    config.instance.reserved_memory_mib = static_cast<std::int64_t>(mib);
  } else if (name == "retention_s") {
    IK_LET(seconds, parse_unsigned(value, INT32_MAX));
    config.retention = std::chrono::seconds(seconds);
  } else if (name == "log_store_mib") {
    constexpr std::uint64_t kMiB = 1U << 20;
    IK_LET(mib, parse_unsigned(value, INT32_MAX));
    config.log_store_bytes = mib * kMiB;
  } else if (name == "pull") {
    IK_LET(is_always, read_choice(value, "always", "missing"));
    config.pull = is_always ? PullPolicy::kAlways : PullPolicy::kMissing;
  } else if (name == "limits") {
    IK_LET(is_enforced, read_choice(value, "enforce", "ignore"));
    config.must_limit = is_enforced;
  } else {
    return make_error(ErrorKind::kInvalid, "unknown key");
  }
  return {};
}

// May throw yaml-cpp's exceptions.
Result<AgentConfig> read_config(const YAML::Node& root) {
  AgentConfig config;
  if (!root || root.IsNull()) return config;
  if (!root.IsMap()) return make_error(ErrorKind::kInvalid, "expected a map");
  for (const auto& field : root) {
    const auto name = field.first.as<std::string>();
    if (name == "attributes") {
      IK_TRY(read_attributes(field.second, config).context("{}", name));
    } else {
      IK_TRY(read_scalar(name, field.second.as<std::string>(), config).context("{}", name));
    }
  }
  return config;
}

}  // namespace

Result<AgentConfig> parse_agent_config(const std::string& text) {
  try {
    return read_config(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return make_error(ErrorKind::kInvalid, "{}", error.what());
  }
}

Result<AgentConfig> load_agent_config(const std::string& path, bool is_default) {
  const Result<std::string> text = read_file(path, kMaxAgentConfigBytes);
  if (text.has_value()) return parse_agent_config(*text).context("{}", path);
  if (text.error().kind == ErrorKind::kNotFound) return AgentConfig{.runs_tasks = is_default};
  return text.error();
}

void apply_agent_config(const AgentConfig& config, AgentOptions& options) {
  options.instance = config.instance;
  options.must_limit = config.must_limit;
  options.runner.actions.pull = config.pull;
  options.runner.retention = config.retention;
}

}  // namespace ikada
