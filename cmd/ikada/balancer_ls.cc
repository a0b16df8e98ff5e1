#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/balancer_choice.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

struct BalancerLsOptions {
  std::string format;
  bool quiet = false;
};

constexpr std::array kBalancerColumns = {
    Column{"Name", "LOAD BALANCER"},
    Column{"Type", "TYPE"},
    Column{"State", "STATE"},
    Column{"Reason", "REASON"},
    Column{"DNSName", "DNS NAME"},
    Column{"Arn", "ARN"},
};

Result<void> list_balancers(const BalancerLsOptions& options, const Context& context) {
  IK_LET(balancers, list_all_balancers(ApiClient(context)));
  std::vector<Json> rows;
  for (const Json& each : balancers) {
    rows.push_back({{"Name", each.value("LoadBalancerName", "")},
                    {"Type", each.value("Type", "")},
                    {"State", each["State"].value("Code", "")},
                    {"Reason", each["State"].value("Reason", "")},
                    {"DNSName", each.value("DNSName", "")},
                    {"Arn", each.value("LoadBalancerArn", "")}});
  }
  const std::string format = options.quiet && options.format.empty() ? "{{.Name}}" : options.format;
  return print_rows(
      {kBalancerColumns, "table {{.Name}}\t{{.Type}}\t{{.State}}\t{{.DNSName}}\t{{.Reason}}"},
      rows,
      format);
}

}  // namespace

void add_balancer_ls_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<BalancerLsOptions>();
  CLI::App* command = group.add_subcommand("ls", "List load balancers, and whether they serve");
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->add_flag("-q,--quiet", options->quiet, "Only names");
  command->callback([options, &context] { context.finish(list_balancers(*options, context)); });
}

}  // namespace ikada
