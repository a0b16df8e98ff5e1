#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct SecretCreateOptions {
  std::string name;
  std::string file;
  bool replace = false;
};

Result<void> create_secret(const SecretCreateOptions& options, const Context& context) {
  constexpr size_t kMaxFile = size_t{64} << 10;
  const std::string path = options.file == "-" ? "/dev/stdin" : options.file;
  IK_LET(value, read_file(path, kMaxFile));
  // What is no text would come over as another value.
  const Result<Json> told =
      parse_json(Json(value).dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!told.has_value() || *told != value) {
    return make_error(ErrorKind::kInvalid, "{} is no text in UTF-8", options.file);
  }
  const Json input = {
      {"name", options.name}, {"secretString", value}, {"overwrite", options.replace}};
  IK_TRY(ApiClient(context).call("PutSecret", input));
  ::printf("%s\n", options.name.c_str());
  return {};
}

}  // namespace

void add_secret_create_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<SecretCreateOptions>();
  CLI::App* command = group.add_subcommand("create", "Keep a secret for tasks");
  command->add_option("name", options->name, "Its name")->required();
  command->add_option("file", options->file, "Where its value is; - is stdin")->required();
  command->add_flag("--replace", options->replace, "Give one that is there this value");
  command->callback([options, &context] { context.finish(create_secret(*options, context)); });
}

}  // namespace ikada
