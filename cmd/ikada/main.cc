// ikada: what a person types. Finds the command's name first and builds only that command's
// options.
#include <stdio.h>
#include <stdlib.h>

#include <string_view>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {

void Context::finish(const Result<void>& result, int status) {
  if (result.has_value()) return;
  ::fprintf(stderr, "ikada %s: %s\n", command.c_str(), result.error().message.c_str());
  exit_status = status;
}

namespace {

constexpr int kUsageStatus = 2;
constexpr int kDockerUsageStatus = 125;

bool takes_value(std::string_view option) {
  return option == "--root" || option == "--run-root" || option == "--config";
}

// The first word that is neither a global option nor its value; empty if there is none.
std::string_view find_verb(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.empty() || word[0] != '-') return word;
    if (takes_value(word)) ++i;
  }
  return {};
}

void add_global_options(CLI::App& app, Context& context) {
  app.add_option("--root", context.root, "Where images, containers and volumes are kept")
      ->envname("IKADA_ROOT");
  app.add_option("--run-root", context.run_root, "Where state is kept that no reboot survives")
      ->envname("IKADA_RUN_ROOT");
  app.add_option("--config", context.config_path, "Configuration file")->envname("IKADA_CONFIG");
  app.set_version_flag("--version", "ikada version " IKADA_VERSION);
  app.require_subcommand(1);
}

// run, create, start and exec report their own mistakes with 125, so that a program's 1 or 2 cannot
// be confused with them.
int usage_status(std::string_view verb) {
  return verb == "run" || verb == "create" || verb == "exec" ? kDockerUsageStatus : kUsageStatus;
}

int main(int argc, char** argv) {
  Context context;
  CLI::App app("Runs OCI containers on this host", "ikada");
  add_global_options(app, context);
  const std::string_view verb = find_verb(argc, argv);
  context.command = verb;
  bool known = false;
  for (const Command& command : all_commands()) {
    if (command.name != verb) continue;
    command.add(app, context);
    known = true;
  }
  if (!known && !verb.empty()) {
    ::fprintf(stderr, "ikada: unknown command: %s; see 'ikada --help'\n", argv[1]);
    return kUsageStatus;
  }
  if (!known) {
    for (const Command& command : all_commands()) command.add(app, context);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    ::fprintf(stderr,
              "ikada %s: %s; see 'ikada %s --help'\n",
              context.command.c_str(),
              error.what(),
              context.command.c_str());
    return usage_status(verb);
  }
  return context.exit_status;
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) { return ikada::main(argc, argv); }
