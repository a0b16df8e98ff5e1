#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cluster/logstore/event_query.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct LogStoreOptions {
  std::string verb;
  std::string question;
};

Result<void> answer_question(const LogStoreOptions& options, const Context& context) {
  IK_LET(question, parse_json(options.question));
  IK_LET(answer, answer_log_question(engine_layout(context), options.verb, question));
  const std::string text = answer.dump(-1, ' ', false, Json::error_handler_t::replace);
  ::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

}  // namespace

// What a manager runs on another host (cluster/daemon/log_question.h); no person types it.
void add_log_store_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<LogStoreOptions>();
  CLI::App* command = app.add_subcommand("log-store", "");
  command->add_option("verb", options->verb)->required();
  command->add_option("question", options->question)->required();
  command->callback([options, &context] { context.finish(answer_question(*options, context)); });
}

}  // namespace ikada
