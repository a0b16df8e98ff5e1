// What `ikada --help` and `ikada GROUP --help` list.
#pragma once

#include <string_view>

namespace CLI {
class App;
}

namespace ikada {

struct Context;

// True if `name` is the first word of commands with two: "image".
bool is_group(std::string_view name);

// All commands of one word, then the groups.
void add_all_commands(CLI::App& app, Context& context);

// The group as a command of `app`, with its verbs for the help alone.
CLI::App* add_group(CLI::App& app, std::string_view name, Context& context);

}  // namespace ikada
