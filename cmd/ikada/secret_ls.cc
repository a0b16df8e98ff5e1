#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

struct SecretLsOptions {
  bool quiet = false;
  std::string format;
};

constexpr std::array kSecretColumns = {
    Column{"Name", "NAME"},
    Column{"Version", "VERSION"},
};

Result<void> list_secrets(const SecretLsOptions& options, const Context& context) {
  IK_LET(answer, ApiClient(context).call("ListSecrets", Json::object()));
  std::vector<Json> rows;
  for (const Json& each : answer["secrets"]) {
    rows.push_back({{"Name", each.value("name", "")},
                    {"Version", std::to_string(each.value("version", std::int64_t{0}))}});
  }
  const std::string format = options.quiet && options.format.empty() ? "{{.Name}}" : options.format;
  return print_rows({kSecretColumns, "table {{.Name}}\t{{.Version}}"}, rows, format);
}

}  // namespace

void add_secret_ls_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<SecretLsOptions>();
  CLI::App* command = group.add_subcommand("ls", "List secrets");
  command->add_flag("-q,--quiet", options->quiet, "Only names");
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->callback([options, &context] { context.finish(list_secrets(*options, context)); });
}

}  // namespace ikada
