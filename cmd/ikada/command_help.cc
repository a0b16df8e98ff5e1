#include "cmd/ikada/command_help.h"

#include <algorithm>
#include <array>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/aliases.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

struct Group {
  std::string_view name;
  std::string_view summary;
};

constexpr std::array kGroups = {
    Group{"balancer", "Commands for a cluster's load balancers"},
    Group{"builder", "Commands for what builds keep"},
    Group{"container", "Commands for containers"},
    Group{"image", "Commands for images"},
    Group{"manifest", "Commands for indexes of images for several platforms"},
    Group{"network", "Commands for networks"},
    Group{"registry", "Commands for a registry of one's own"},
    Group{"system", "Commands for this host"},
    Group{"secret", "Commands for a cluster's secrets"},
    Group{"service", "Commands for a cluster's services"},
    Group{"task", "Commands for a cluster's tasks"},
    Group{"task-def", "Commands for a cluster's task definitions"},
    Group{"volume", "Commands for volumes"},
};

bool is_in_group(const Command& command, std::string_view group) {
  const Cut words = cut(command.name, ' ');
  return words.found && words.before == group;
}

// "inspect --type image" as the command "inspect".
const Command* command_of(const Alias& alias) {
  return find_command(cut(alias.command, ' ').before);
}

bool is_shown(const Alias& alias, std::string_view group) {
  return alias.group == group && alias.is_listed;
}

}  // namespace

bool is_group(std::string_view name) {
  return std::ranges::any_of(all_commands(),
                             [&](const Command& each) { return is_in_group(each, name); }) ||
         std::ranges::any_of(all_aliases(), [&](const Alias& each) { return each.group == name; });
}

void add_all_commands(CLI::App& app, Context& context) {
  for (const Command& command : all_commands()) {
    const bool has_group = command.name.find(' ') != std::string_view::npos;
    if (!command.summary.empty() && !has_group) command.add(app, context);
  }
  for (const Group& group : kGroups) {
    if (is_group(group.name)) {
      app.add_subcommand(std::string(group.name), std::string(group.summary));
    }
  }
}

CLI::App* add_group(CLI::App& app, std::string_view name, Context& context) {
  const auto* found = std::ranges::find(kGroups, name, &Group::name);
  CLI::App* group = app.add_subcommand(std::string(name),
                                       found == kGroups.end() ? "" : std::string(found->summary));
  group->require_subcommand(1);
  for (const Command& command : all_commands()) {
    if (is_in_group(command, name)) command.add(*group, context);
  }
  for (const Alias& alias : all_aliases()) {
    if (!is_shown(alias, name)) continue;
    const Command* command = command_of(alias);
    if (command == nullptr) continue;
    group->add_subcommand(std::string(alias.verb),
                          fmt::format("{} (ikada {})", command->summary, alias.command));
  }
  return group;
}

}  // namespace ikada
