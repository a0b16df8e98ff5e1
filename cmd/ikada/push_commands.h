// The commands that send to registries; commands.h has the others.
#pragma once

namespace CLI {
class App;
}

namespace ikada {

struct Context;

void add_push_command(CLI::App& app, Context& context);

void add_manifest_add_command(CLI::App& group, Context& context);
void add_manifest_annotate_command(CLI::App& group, Context& context);
void add_manifest_create_command(CLI::App& group, Context& context);
void add_manifest_inspect_command(CLI::App& group, Context& context);
void add_manifest_push_command(CLI::App& group, Context& context);
void add_manifest_rm_command(CLI::App& group, Context& context);

}  // namespace ikada
