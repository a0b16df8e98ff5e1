#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/container_description.h"
#include "cmd/ikada/image_description.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/print_objects.h"

namespace ikada {
namespace {

struct InspectOptions {
  std::vector<std::string> names;
  std::string format;
  std::string type;
};

Result<Json> inspect_container(const Engine& engine, const std::string& name) {
  IK_LET(record, find_record(engine, name));
  ListedContainer container;
  container.status = live_status(engine.layout(), record.id);
  if (container.status.is_running()) {
    container.network = load_network_status(engine.layout(), record.id);
  }
  container.record = std::move(record);
  return describe_container(container, engine.layout());
}

Result<Json> inspect_image(const std::string& root, const std::string& name) {
  IK_LET(store, ImageStore::open(root));
  IK_LET(image, store.find(name));
  IK_LET(config, store.config(image));
  return describe_image(image, config);
}

Result<Json> inspect_object(const InspectOptions& options,
                            const Engine& engine,
                            const std::string& name,
                            const Context& context) {
  if (options.type == "image") return inspect_image(context.root, name);
  Result<Json> container = inspect_container(engine, name);
  if (options.type == "container" || container.has_value() ||
      container.error().kind != ErrorKind::kNotFound) {
    return container;
  }
  Result<Json> image = inspect_image(context.root, name);
  if (!image.has_value() && image.error().kind == ErrorKind::kNotFound) {
    return make_error(ErrorKind::kNotFound, "No such object: {}", name);
  }
  return image;
}

void inspect(const InspectOptions& options, Context& context) {
  const Result<Engine> engine = open_engine(context);
  if (!engine.has_value()) return context.finish(engine.error());
  print_objects(
      options.names,
      options.format,
      [&](const std::string& name) { return inspect_object(options, *engine, name, context); },
      context);
}

}  // namespace

void add_inspect_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Show everything about containers and images");
  command->add_option("name", options->names, "Names or ids")->required();
  command->add_option("-f,--format", options->format, "json, or a Go template");
  command->add_option("--type", options->type, "Look only for a container or an image")
      ->check(CLI::IsMember({"container", "image"}));
  command->callback([options, &context] { inspect(*options, context); });
}

}  // namespace ikada
