#include "cluster/engine/commit.h"

#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/live_status.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/open_store.h"
#include "image/config_change.h"
#include "runtime/base/rollback.h"

namespace ikada {
namespace {

struct CommitCommandOptions {
  std::string container;
  std::string name;
  std::string author;
  std::string message;
  std::vector<std::string> changes;
  bool pause = true;
};

Result<void> commit(const CommitCommandOptions& options, const Context& context) {
  CommitOptions wish{.author = options.author, .message = options.message};
  if (!options.name.empty()) {
    IK_LET(reference, parse_reference(options.name));
    if (!reference.digest.empty()) {
      return make_error(ErrorKind::kInvalid, "refusing to create a tag with a digest reference");
    }
    wish.name = reference.canonical();
  }
  wish.change = [&options](ImageConfig& config) {
    return apply_config_changes(options.changes, config);
  };
  ImageConfig trial;  // A wrong change is found before the container is paused.
  IK_TRY(apply_config_changes(options.changes, trial));
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, options.container));
  IK_LET(store, open_store(context));
  Rollback resume;
  if (options.pause && live_status(engine.layout(), record.id).state == LiveState::kRunning) {
    IK_TRY(engine.pause(record));
    resume.add([&] { return engine.resume(record); });
  }
  IK_LET(image, commit_container(store, engine.layout(), record, wish));
  ::printf("%s\n", image.id.c_str());
  return {};
}

}  // namespace

void add_commit_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<CommitCommandOptions>();
  CLI::App* command = app.add_subcommand("commit", "Make an image from a container's changes");
  command->add_option("container", options->container, "Name or id of the container")->required();
  command->add_option("name", options->name, "REPOSITORY[:TAG]");
  command->add_option("-a,--author", options->author, "Author, e.g. \"Ada <ada@example.com>\"");
  command->add_option("-c,--change", options->changes, "A Dockerfile instruction for the new image")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("-m,--message", options->message, "Comment in the image's history");
  command->add_flag("-p,--pause,!--no-pause", options->pause, "Pause the container meanwhile (on)");
  command->callback([options, &context] { context.finish(commit(*options, context)); });
}

}  // namespace ikada
