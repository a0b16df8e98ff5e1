#include <stdio.h>

#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

Result<void> cluster_backup(const std::string& file, const Context& context) {
  if (file.empty()) return make_error(ErrorKind::kInvalid, "FILE is empty");
  if (file == "-") {
    return make_error(ErrorKind::kInvalid, "a backup is not written to stdout: ./- names a file");
  }
  const std::string path = std::filesystem::absolute(file);
  IK_LET(made, ask_cluster(context, "POST", "/cluster/backup", {{"path", path}}));
  ::printf("%s: %s\n", file.c_str(), format_binary_size(made["size"].get<std::uint64_t>()).c_str());
  return {};
}

}  // namespace

void add_cluster_backup_command(CLI::App& group, Context& context) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand("backup", "Write all that the cluster knows to a file");
  command->add_option("FILE", *file, "Where to; it holds private keys, mode 0600")->required();
  command->callback([file, &context] { context.finish(cluster_backup(*file, context)); });
}

}  // namespace ikada
