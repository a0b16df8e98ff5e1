#include <stdio.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/pull_display.h"
#include "image/pull_tags.h"
#include "image/registry_tags.h"

namespace ikada {
namespace {

// Each unpacks several layers at once already.
constexpr size_t kMaxImagesAtOnce = 3;

struct PullCommandOptions {
  std::vector<std::string> images;
  bool all_tags = false;
  PullWish wish;
};

struct ImageToPull {
  Reference reference;
  bool was_named = true;  // By the user, not by the registry's list of tags.
};

Result<std::vector<ImageToPull>> list_images_of(const Reference& reference,
                                                const Context& context) {
  IK_LET(options, registry_options_for(reference.registry, context.config_path));
  IK_LET(client, RegistryClient::create(reference, std::move(options)));
  IK_LET(tags, list_tags(*client));
  std::vector<ImageToPull> images;
  for (std::string& tag : select_image_tags(std::move(tags))) {
    Reference tagged = reference;
    tagged.tag = std::move(tag);
    images.push_back({.reference = std::move(tagged), .was_named = false});
  }
  if (images.empty()) {
    return make_error(ErrorKind::kNotFound, "{} has no tags", reference.familiar_name());
  }
  return images;
}

// The pulls of one command, a few at a time on one display.
class Pulls {
 public:
  Pulls(Context& context, ImageStore& store, const PullCommandOptions& options)
      : context_(context), store_(store), options_(options), display_(options.wish.out) {}

  void add(const std::string& name) {
    Result<void> added = find_images(name);
    if (!added.has_value()) fail(added.error());
  }

  void run() {
    std::vector<std::thread> threads;
    const size_t count = std::min(kMaxImagesAtOnce, images_.size());
    for (size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
  }

 private:
  Result<void> find_images(const std::string& name) {
    IK_LET(reference, parse_reference(name));
    const bool has_tag = !reference.digest.empty() || name.ends_with(":" + reference.tag);
    if (!options_.all_tags) {
      if (!options_.wish.quiet && !has_tag) display_.say("Using default tag: " + reference.tag);
      images_.push_back({.reference = std::move(reference)});
      return {};
    }
    if (has_tag) {
      return make_error(ErrorKind::kInvalid, "tag can't be used with --all-tags/-a: {}", name);
    }
    IK_LET(found, list_images_of(reference, context_));
    std::move(found.begin(), found.end(), std::back_inserter(images_));
    return {};
  }

  void work() {
    while (true) {
      const size_t mine = next_++;
      if (mine >= images_.size()) return;
      const ImageToPull& image = images_[mine];
      const Result<PullResult> pulled =
          pull_and_show(context_, store_, image.reference, options_.wish, display_);
      if (pulled.has_value()) {
        display_.say(image.reference.canonical());
      } else if (!image.was_named && pulled.error().code == "NOT_AN_IMAGE") {
        warn(pulled.error().message + ", ignoring");
      } else {
        fail(pulled.error());
      }
    }
  }

  void warn(const std::string& text) {
    const std::lock_guard lock(mutex_);
    ::fprintf(stderr, "ikada pull: %s\n", printable(text).c_str());
  }

  void fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    context_.finish(error);
  }

  Context& context_;
  ImageStore& store_;
  const PullCommandOptions& options_;
  LayerLines display_;
  std::vector<ImageToPull> images_;
  std::atomic<size_t> next_ = 0;
  std::mutex mutex_;
};

Result<void> pull(const PullCommandOptions& options, Context& context) {
  IK_LET(store, open_store(context));
  Pulls pulls(context, store, options);
  for (const std::string& name : options.images) pulls.add(name);
  pulls.run();
  return {};
}

}  // namespace

void add_pull_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<PullCommandOptions>();
  CLI::App* command = app.add_subcommand("pull", "Fetch images from a registry");
  command->add_option("image", options->images, "NAME[:TAG|@DIGEST]")->required();
  command->add_flag("-a,--all-tags", options->all_tags, "Fetch all tags of the repositories");
  command->add_flag("-q,--quiet", options->wish.quiet, "Print the images' names only");
  command->add_option("--platform", options->wish.platform, "OS/ARCH[/VARIANT], e.g. linux/arm64");
  command->callback([options, &context] { context.finish(pull(*options, context)); });
}

}  // namespace ikada
