#include <stdio.h>

#include <memory>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cid_file.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/container_options.h"
#include "cmd/ikada/image_source.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

Result<void> create(const ContainerOptions& options,
                    std::vector<std::string> words,
                    const Context& context) {
  IK_LET(spec, plan_container_spec(options, std::move(words)));
  spec.attach_stdout = true;
  spec.stdin_once = spec.open_stdin;
  IK_TRY(check_cid_file(options.cid_file));
  IK_LET(engine, open_engine(context));
  IK_LET(container,
         create_container(context,
                          engine,
                          spec,
                          {.name = spec.image,
                           .pull = options.pull,
                           .platform = options.platform,
                           .quiet = options.quiet}));
  Result<void> written = write_cid_file(options.cid_file, container.record.id);
  if (!written.has_value()) {
    engine.discard(container);
    return written;
  }
  engine.keep(container);
  ::printf("%s\n", container.record.id.c_str());
  return {};
}

}  // namespace

void add_create_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ContainerOptions>();
  CLI::App* command = app.add_subcommand("create", "Make a container without starting it");
  add_container_options(*command, *options);
  command->callback([options, command, &context] {
    constexpr int kFailed = 125;
    context.finish(create(*options, command->remaining(), context), kFailed);
  });
}

}  // namespace ikada
