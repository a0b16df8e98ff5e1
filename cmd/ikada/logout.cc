#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "image/credentials.h"
#include "image/reference.h"

namespace ikada {
namespace {

Result<void> logout(const std::string& server) {
  IK_LET(registry, parse_registry(server.empty() ? "docker.io" : server));
  IK_LET(removed, remove_credentials(default_credentials_path(), registry));
  if (removed) {
    ::printf("Removing login credentials for %s\n", registry.c_str());
  } else {
    ::printf("Not logged in to %s\n", registry.c_str());
  }
  return {};
}

}  // namespace

void add_logout_command(CLI::App& app, Context& context) {
  auto server = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("logout", "Forget the login to a registry");
  command->add_option("server", *server, "Registry, docker.io by default");
  command->callback([server, &context] { context.finish(logout(*server)); });
}

}  // namespace ikada
