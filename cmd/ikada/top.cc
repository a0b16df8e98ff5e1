#include <stdio.h>

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/process_table.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

Result<void> top(std::vector<std::string> words, const Context& context) {
  constexpr size_t kCellWidth = 20;
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, words[0]));
  words.erase(words.begin());
  IK_LET(rows, list_processes(engine.layout(), record));
  IK_LET(text, format_processes(rows, words));
  const std::string table = align_columns(text, kCellWidth);
  ::fwrite(table.data(), 1, table.size(), stdout);
  return {};
}

}  // namespace

void add_top_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("top", "Show the processes of a running container");
  // What follows the container is ps's.
  command->prefix_command();
  command->footer("ikada top CONTAINER [PS OPTIONS]");
  command->callback([command, &context] {
    constexpr int kUsageStatus = 2;
    const std::vector<std::string> words = command->remaining();
    if (!words.empty()) return context.finish(top(words, context));
    context.finish(make_error(ErrorKind::kInvalid, "requires at least 1 argument: CONTAINER"),
                   kUsageStatus);
  });
}

}  // namespace ikada
