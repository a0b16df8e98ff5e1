#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "image/registry/config.h"
#include "image/registry/server.h"

namespace ikada {
namespace {

struct ServeCommandOptions {
  std::string address;
  std::string root;
  std::string config_path;
};

Result<void> serve(const ServeCommandOptions& options, const Context& context) {
  registry::ServeOptions serve_options;
  registry::SettingsSource& source = serve_options.source;
  source.must_exist = !options.config_path.empty();
  source.config_path =
      source.must_exist ? options.config_path : std::string(registry::kDefaultRegistryConfigPath);
  source.address = options.address;
  source.root = options.root;
  source.default_root = context.root + "/registry";
  if (const char* socket = ::getenv("NOTIFY_SOCKET")) serve_options.notify_socket = socket;
  // Who starts it on port 0 reads here what the port is.
  serve_options.on_listening = [](const std::string& address) {
    ::printf("%s\n", address.c_str());
    ::fflush(stdout);
  };
  ::signal(SIGPIPE, SIG_IGN);
  return registry::serve_registry(serve_options);
}

}  // namespace

void add_registry_serve_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServeCommandOptions>();
  CLI::App* command = group.add_subcommand("serve", "Serve a registry of one's own");
  command->add_option("--address", options->address, "HOST:PORT to listen on");
  command->add_option("--root", options->root, "Directory of the registry's blobs");
  command->add_option("--config", options->config_path, "The registry's configuration file");
  command->callback([options, &context] { context.finish(serve(*options, context)); });
}

}  // namespace ikada
