#include <algorithm>
#include <array>

#include "cluster/agent/task_error.h"
#include "cluster/agent/task_plan.h"
#include "cluster/model/log_group.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::uint64_t kDefaultLogBytes = std::uint64_t{64} << 20;
constexpr std::uint32_t kDefaultLogFiles = 4;
// Small files, so that the store can forget what is old; a GiB of one container.
constexpr std::uint64_t kStoredLogBytes = std::uint64_t{16} << 20;
constexpr std::uint32_t kStoredLogFiles = 64;

Result<void> plan_json_file(const std::map<std::string, std::string>& options,
                            ContainerSpec& spec) {
  for (const auto& [name, value] : options) {
    if (name == "max-size") {
      Result<std::uint64_t> size = parse_byte_size(value);
      if (!size.has_value()) return cannot_create("invalid log option max-size={}", value);
      spec.log_max_bytes = *size;
    } else if (name == "max-file") {
      constexpr std::uint64_t kMaxLogFiles = 1000;
      const Result<std::uint64_t> count = parse_unsigned(value, kMaxLogFiles);
      if (!count.has_value() || *count == 0) {
        return cannot_create("invalid log option max-file={}", value);
      }
      spec.log_max_files = static_cast<std::uint32_t>(*count);
    } else {
      return cannot_create("unknown log opt '{}' for json-file log driver", name);
    }
  }
  return {};
}

// The file takes what comes at once, so neither mode makes a difference, and no buffer fills.
Result<void> check_awslogs(const std::map<std::string, std::string>& options) {
  constexpr std::array<std::string_view, 7> kKnown = {"awslogs-group",
                                                      "awslogs-region",
                                                      "awslogs-stream-prefix",
                                                      "awslogs-create-group",
                                                      "awslogs-endpoint",
                                                      "mode",
                                                      "max-buffer-size"};
  for (const auto& [name, value] : options) {
    if (std::ranges::find(kKnown, name) == kKnown.end()) {
      return cannot_create("log opt '{}' is not supported: each line is an event", name);
    }
    const bool is_good = name == "mode" ? value == "blocking" || value == "non-blocking"
                         : name == "max-buffer-size"       ? parse_byte_size(value).has_value()
                         : name == "awslogs-create-group"  ? value == "true" || value == "false"
                         : name == "awslogs-group"         ? is_log_group_name(value)
                         : name == "awslogs-region"        ? is_region_name(value)
                         : name == "awslogs-stream-prefix" ? is_log_stream_name(value)
                                                           : true;
    if (!is_good) return cannot_create("invalid log option {}={}", name, value);
  }
  return {};
}

}  // namespace

// The stream is PREFIX/CONTAINER/TASK-ID as with AWS; without a prefix CONTAINER/TASK-ID, where AWS
// has the container's id.
Result<void> plan_task_log(const TaskPlanInputs& inputs,
                           const ContainerDefinition& container,
                           ContainerPlan& plan) {
  ContainerSpec& spec = plan.spec;
  spec.log_max_bytes = kDefaultLogBytes;
  spec.log_max_files = kDefaultLogFiles;
  if (!container.log_configuration.has_value()) return {};
  const LogConfiguration& log = *container.log_configuration;
  const std::map<std::string, std::string> options =
      log.options.value_or(std::map<std::string, std::string>());
  if (log.log_driver == "json-file") return plan_json_file(options, spec);
  if (log.log_driver != "awslogs") {
    return cannot_create("log driver {} is not available on this host", log.log_driver);
  }
  IK_TRY(check_awslogs(options));
  const auto option = [&](const char* name) {
    const auto found = options.find(name);
    return found == options.end() ? std::string() : found->second;
  };
  spec.log_max_bytes = kStoredLogBytes;
  spec.log_max_files = kStoredLogFiles;
  const std::string prefix = option("awslogs-stream-prefix");
  plan.log_stream = LogStreamFacts{
      .region = option("awslogs-region"),
      .group = option("awslogs-group"),
      .stream = fmt::format(
          "{}{}{}/{}", prefix, prefix.empty() ? "" : "/", container.name, inputs.task.id),
      .task = inputs.task.id,
      .container = spec.name};
  return {};
}

}  // namespace ikada
