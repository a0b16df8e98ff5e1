#include <memory>
#include <string>
#include <vector>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_options.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

struct ServiceScaleOptions {
  std::string cluster = "default";
  std::vector<std::string> services;
  bool wait = false;
};

Result<ServiceOptions> parse_scale(const std::string& text, const ServiceScaleOptions& options) {
  constexpr std::uint64_t kMostTasks = 5000;
  const Cut parts = cut(text, '=');
  const Result<std::uint64_t> count = parse_unsigned(parts.after, kMostTasks);
  if (!parts.found || parts.before.empty() || !count.has_value()) {
    return make_error(ErrorKind::kInvalid,
                      "\"{}\": expected SERVICE=COUNT with a count of 0 to {}",
                      text,
                      kMostTasks);
  }
  ServiceOptions scaled;
  scaled.service = {.cluster = options.cluster, .name = std::string(parts.before)};
  scaled.count = static_cast<int>(*count);
  scaled.wait = options.wait;
  return scaled;
}

// All are asked for before any is waited for.
Result<void> scale_services(const ServiceScaleOptions& options, const Context& context) {
  const ApiClient api(context);
  std::vector<ServiceOptions> all;
  for (const std::string& each : options.services) {
    IK_LET(scaled, parse_scale(each, options));
    all.push_back(std::move(scaled));
  }
  for (ServiceOptions each : all) {
    each.wait = false;
    IK_LET(input, service_input(each));
    IK_TRY(update_service(api, each, std::move(input)));
  }
  for (const ServiceOptions& each : all) {
    if (each.wait) IK_TRY(wait_for_service(api, each.service));
  }
  return {};
}

}  // namespace

void add_service_scale_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceScaleOptions>();
  CLI::App* command = group.add_subcommand("scale", "Change how many tasks services have");
  command->add_option("service", options->services, "SERVICE=COUNT")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_flag("-w,--wait", options->wait, "Wait until all their tasks run");
  command->callback([options, &context] { context.finish(scale_services(*options, context)); });
}

}  // namespace ikada
