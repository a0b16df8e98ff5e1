// ikada: what a person types. Finds the command's name first and builds only that command's
// options.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/aliases.h"
#include "cmd/ikada/arguments.h"
#include "cmd/ikada/command_help.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/standard_output.h"
#include "image/unpack_child.h"
#include "runtime/base/text.h"
#include "runtime/sys/standard_streams.h"

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
  app.set_version_flag("-v,--version", "ikada version " IKADA_VERSION);
  app.require_subcommand(1);
}

// These report their own mistakes with 125, so that a program's 1 or 2 cannot be confused with
// them.
int usage_status(std::string_view verb) {
  return verb == "run" || verb == "create" || verb == "exec" ? kDockerUsageStatus : kUsageStatus;
}

// `name` is the command's own, "inspect"; the message speaks of what was typed, "image inspect".
int fail(const Context& context, std::string_view name, std::string_view message) {
  ::fprintf(stderr,
            "ikada %s: %.*s; see 'ikada %s --help'\n",
            context.command.c_str(),
            static_cast<int>(message.size()),
            message.data(),
            context.command.c_str());
  return usage_status(name);
}

// The name of the command in the first words, "run" or "image prune"; of the group if that is all.
std::string command_name(const std::vector<std::string>& words) {
  if (words.empty() || words[0].starts_with('-')) return "";
  const bool has_verb =
      words.size() > 1 && is_group(words[0]) && !words[1].empty() && words[1][0] != '-';
  return has_verb ? words[0] + " " + words[1] : words[0];
}

// "help run" and "help image ls" as "run --help" and "image ls --help", "help" alone as "--help".
void replace_help(std::vector<std::string>& words) {
  if (words.empty() || words[0] != "help") return;
  words.erase(words.begin());
  std::erase_if(words, [](const std::string& word) { return word.starts_with('-'); });
  const size_t name_words = !words.empty() && is_group(words[0]) ? 2 : 1;
  if (words.size() > name_words) words.resize(name_words);
  words.emplace_back("--help");
}

// Adds the options of that command alone; nullptr if there is none of this name.
CLI::App* add_command(CLI::App& app, const std::string& name, Context& context) {
  const Command* command = find_command(name);
  if (command == nullptr) return is_group(name) ? add_group(app, name, context) : nullptr;
  const Cut words = cut(name, ' ');
  if (!words.found) {
    command->add(app, context);
    return app.get_subcommand(name);
  }
  CLI::App* group = app.add_subcommand(std::string(words.before));
  group->require_subcommand(1);
  command->add(*group, context);
  return group->get_subcommand(std::string(words.after));
}

int fail_unknown(std::string_view name) {
  const Cut words = cut(name, ' ');
  const std::string group = words.found ? " " + std::string(words.before) : "";
  ::fprintf(stderr,
            "ikada: unknown command: %.*s; see 'ikada%s --help'\n",
            static_cast<int>(name.size()),
            name.data(),
            group.c_str());
  return kUsageStatus;
}

// What was printed has to have arrived. A pipe that nobody reads ends us as it does other programs.
int settle(const Context& context, int status) {
  const int error = settle_standard_output();
  if (error == 0) return status;
  if (error == EPIPE) {
    ::signal(SIGPIPE, SIG_DFL);
    ::raise(SIGPIPE);
  }
  ::fprintf(stderr,
            "ikada%s%s: write to stdout: %s\n",
            context.command.empty() ? "" : " ",
            context.command.c_str(),
            ::strerror(error));
  return status != 0 ? status : 1;
}

int print_help(const CLI::App& app, const CLI::Success& wish, const Context& context) {
  std::ostringstream text;
  const int status = app.exit(wish, text, text);
  ::fputs(text.str().c_str(), stdout);
  return settle(context, status);
}

int parse_and_run(CLI::App& app,
                  const std::string& name,
                  std::vector<std::string> words,
                  const Context& context) {
  // CLI11 takes the words in reverse.
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& success) {
    return print_help(app, success, context);
  } catch (const CLI::RequiredError& error) {
    if (!name.empty() && !is_group(name)) return fail(context, name, error.what());
    const std::vector<std::string> unknown = app.remaining();
    if (!unknown.empty()) {
      ::fprintf(stderr, "ikada: unknown flag: %s; see 'ikada --help'\n", unknown.front().c_str());
      return kUsageStatus;
    }
    // As docker: who names no command is told which there are.
    ::fputs(app.help().c_str(), stderr);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (name.empty()) {
      ::fprintf(stderr, "ikada: %s; see 'ikada --help'\n", error.what());
      return kUsageStatus;
    }
    return fail(context, name, error.what());
  }
  return settle(context, context.exit_status);
}

int main(int argc, char** argv) {
  // Output into a closed pipe is an error of write, not our death with things half-done.
  ::signal(SIGPIPE, SIG_IGN);
  open_missing_streams();
  open_standard_output();
  std::vector<std::string> words(argv + 1, argv + argc);
  const size_t global_count = count_global_words(words);
  std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(global_count),
                                words.end());
  words.resize(global_count);
  replace_help(rest);
  const std::string alias = replace_alias(rest);
  const std::string name = command_name(rest);

  Context context;
  context.command = alias.empty() ? name : alias;
  CLI::App app("Runs OCI containers on this host", "ikada");
  add_global_options(app, context);
  if (name.empty()) {
    words.insert(words.end(), rest.begin(), rest.end());
    add_all_commands(app, context);
    return parse_and_run(app, name, std::move(words), context);
  }
  const CLI::App* command = add_command(app, name, context);
  if (command == nullptr) return fail_unknown(name);
  for (const std::string_view word : split(name, ' ')) words.emplace_back(word);
  const size_t name_words = words.size() - global_count;
  Result<std::vector<std::string>> prepared =
      prepare_arguments(*command, std::span(rest).subspan(name_words));
  if (!prepared.has_value()) return fail(context, name, prepared.error().message);
  words.insert(words.end(), prepared->begin(), prepared->end());
  return parse_and_run(app, name, std::move(words), context);
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) {
  if (ikada::is_unpack_child(argc, argv)) return ikada::run_unpack_child(argc, argv);
  return ikada::main(argc, argv);
}
