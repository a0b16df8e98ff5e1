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

namespace ikada {
namespace {

// Each unpacks several layers at once already.
constexpr size_t kMaxImagesAtOnce = 3;

struct PullCommandOptions {
  std::vector<std::string> images;
  PullWish wish;
};

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
    if (!options_.wish.quiet && !has_tag) display_.say("Using default tag: " + reference.tag);
    images_.push_back(std::move(reference));
    return {};
  }

  void work() {
    while (true) {
      const size_t mine = next_++;
      if (mine >= images_.size()) return;
      const Reference& image = images_[mine];
      const Result<PullResult> pulled =
          pull_and_show(context_, store_, image, options_.wish, display_);
      if (pulled.has_value()) {
        display_.say(image.canonical());
      } else {
        fail(pulled.error());
      }
    }
  }

  void fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    context_.finish(error);
  }

  Context& context_;
  ImageStore& store_;
  const PullCommandOptions& options_;
  LayerLines display_;
  std::vector<Reference> images_;
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
  command->add_flag("-q,--quiet", options->wish.quiet, "Print the images' names only");
  command->add_option("--platform", options->wish.platform, "OS/ARCH[/VARIANT], e.g. linux/arm64");
  command->callback([options, &context] { context.finish(pull(*options, context)); });
}

}  // namespace ikada
