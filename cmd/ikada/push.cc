#include "image/push.h"

#include <stdio.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/context.h"
#include "cmd/ikada/layer_lines.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/push_commands.h"

namespace ikada {
namespace {

struct PushCommandOptions {
  std::string image;
  std::string platform;
  bool all_tags = false;
  bool quiet = false;
};

std::string phase_text(const PushProgress& progress) {
  switch (progress.phase) {
    case PushProgress::Phase::kPreparing:
      return "Preparing";
    case PushProgress::Phase::kPushing:
      return "Pushing";
    case PushProgress::Phase::kPushed:
      return "Pushed";
    case PushProgress::Phase::kMounted:
      return "Mounted from " + progress.source;
    case PushProgress::Phase::kExists:
      return "Layer already exists";
  }
  return "";
}

void show(LayerLines& lines, const PushProgress& progress) {
  std::optional<LayerLines::Transferred> transferred;
  if (progress.phase == PushProgress::Phase::kPushing) {
    transferred = {.done_bytes = progress.done_bytes, .total_bytes = progress.total_bytes};
  }
  lines.show(progress.layer, phase_text(progress), transferred);
}

// The tags that the store has of the repository, sorted.
Result<std::vector<Reference>> find_tags(const ImageStore& store, const Reference& repository) {
  IK_LET(images, store.list());
  std::vector<Reference> found;
  for (const StoredImage& image : images) {
    for (const std::string& name : image.references) {
      IK_LET(reference, parse_reference(name));
      const bool same = reference.registry == repository.registry &&
                        reference.repository == repository.repository;
      if (same) found.push_back(std::move(reference));
    }
  }
  if (found.empty()) {
    return make_error(ErrorKind::kNotFound,
                      "An image does not exist locally with the tag: {}",
                      repository.familiar_name());
  }
  std::ranges::sort(found, {}, &Reference::tag);
  return found;
}

Result<void> push_one(ImageStore& store,
                      const Reference& target,
                      const PushCommandOptions& command_options,
                      const RegistryOptions& registry) {
  PushOptions options{.platform = command_options.platform, .progress = {}, .registry = registry};
  LayerLines lines(stdout);
  if (!command_options.quiet) {
    options.progress = [&](const PushProgress& progress) { show(lines, progress); };
  }
  IK_LET(pushed, push_image(store, target, options));
  if (command_options.quiet) {
    ::printf("%s\n", target.canonical().c_str());
  } else {
    ::printf("%s: digest: %s size: %llu\n",
             target.tag.c_str(),
             pushed.digest.c_str(),
             static_cast<unsigned long long>(pushed.size_bytes));
  }
  return {};
}

Result<void> push(const PushCommandOptions& options, const Context& context) {
  IK_LET(reference, parse_reference(options.image));
  if (!reference.digest.empty()) {
    return make_error(ErrorKind::kInvalid, "cannot push a digest reference");
  }
  const bool tag_typed = options.image.ends_with(":" + reference.tag);
  if (options.all_tags && tag_typed) {
    return make_error(ErrorKind::kInvalid, "tag can't be used with --all-tags/-a");
  }
  IK_LET(store, open_store(context));
  std::vector<Reference> targets = {reference};
  if (options.all_tags) {
    IK_LET(found, find_tags(store, reference));
    targets = std::move(found);
  }
  IK_LET(registry, registry_options_for(reference.registry, context.config_path));
  if (!options.quiet) {
    if (!options.all_tags && !tag_typed) {
      ::printf("Using default tag: %s\n", reference.tag.c_str());
    }
    ::printf("The push refers to repository [%s/%s]\n",
             reference.registry.c_str(),
             reference.repository.c_str());
    ::fflush(stdout);
  }
  for (const Reference& target : targets) {
    IK_TRY(push_one(store, target, options, registry));
  }
  return {};
}

}  // namespace

void add_push_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<PushCommandOptions>();
  CLI::App* command = app.add_subcommand("push", "Send an image to a registry");
  command->add_option("image", options->image, "NAME[:TAG]")->required();
  command->add_flag("-a,--all-tags", options->all_tags, "Push every tag of the repository");
  command->add_flag("-q,--quiet", options->quiet, "Print the image's name only");
  command->add_option(
      "--platform", options->platform, "Push only if the image is for this OS/ARCH[/VARIANT]");
  command->callback([options, &context] { context.finish(push(*options, context)); });
}

}  // namespace ikada
