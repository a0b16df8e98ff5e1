// ikada: what a person types. Finds the command's name first and builds only that command's
// options.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/arguments.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

constexpr int kUsageStatus = 2;
constexpr int kDockerUsageStatus = 125;

bool takes_value(std::string_view option) {
  return option == "--root" || option == "--run-root" || option == "--config";
}

// How many of the words come before the command's name: the global options and their values.
size_t count_global_words(const std::vector<std::string>& words) {
  size_t i = 0;
  while (i < words.size() && !words[i].empty() && words[i][0] == '-') {
    i += takes_value(words[i]) ? 2 : 1;
  }
  return std::min(i, words.size());
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

// These report their own mistakes with 125, so that a program's 1 or 2 cannot be confused with
// them.
int usage_status(std::string_view verb) {
  return verb == "run" || verb == "create" || verb == "exec" ? kDockerUsageStatus : kUsageStatus;
}

int fail(const Context& context, std::string_view message) {
  ::fprintf(stderr,
            "ikada %s: %.*s; see 'ikada %s --help'\n",
            context.command.c_str(),
            static_cast<int>(message.size()),
            message.data(),
            context.command.c_str());
  return usage_status(context.command);
}

// The options of the command that was asked for, or of all of them for `ikada --help`.
const Command* add_commands(CLI::App& app, Context& context) {
  for (const Command& command : all_commands()) {
    if (command.name != context.command) continue;
    command.add(app, context);
    return &command;
  }
  if (!context.command.empty()) return nullptr;
  for (const Command& command : all_commands()) {
    if (!command.summary.empty()) command.add(app, context);
  }
  return nullptr;
}

int parse_and_run(CLI::App& app, Context& context, std::vector<std::string> words) {
  // CLI11 takes the words in reverse.
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    if (context.command.empty()) {
      ::fprintf(stderr, "ikada: %s; see 'ikada --help'\n", error.what());
      return kUsageStatus;
    }
    return fail(context, error.what());
  }
  return context.exit_status;
}

int main(int argc, char** argv) {
  // Output into a closed pipe is an error of write, not our death with things half-done.
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> words(argv + 1, argv + argc);
  const size_t global_count = count_global_words(words);
  std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(global_count),
                                words.end());
  words.resize(global_count);
  replace_alias(rest);

  Context context;
  CLI::App app("Runs OCI containers on this host", "ikada");
  add_global_options(app, context);
  if (!rest.empty()) context.command = rest[0];
  const Command* command = add_commands(app, context);
  if (command == nullptr && !rest.empty()) {
    ::fprintf(stderr, "ikada: unknown command: %s; see 'ikada --help'\n", context.command.c_str());
    return kUsageStatus;
  }
  if (command != nullptr) {
    const CLI::App* subcommand = app.get_subcommand(context.command);
    Result<std::vector<std::string>> prepared =
        prepare_arguments(*subcommand, std::span(rest).subspan(1));
    if (!prepared.has_value()) return fail(context, prepared.error().message);
    words.push_back(rest[0]);
    words.insert(words.end(), prepared->begin(), prepared->end());
  }
  return parse_and_run(app, context, std::move(words));
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) { return ikada::main(argc, argv); }
