#include "cmd/ikada/pull_display.h"

#include <optional>

#include "image/registry_options.h"

namespace ikada {
namespace {

std::string_view phase_text(PullProgress::Phase phase) {
  switch (phase) {
    case PullProgress::Phase::kWaiting:
      return "Pulling fs layer";
    case PullProgress::Phase::kDownloading:
      return "Downloading";
    case PullProgress::Phase::kExtracting:
      return "Extracting";
    case PullProgress::Phase::kDone:
      return "Pull complete";
    case PullProgress::Phase::kExists:
      return "Already exists";
  }
  return "";
}

void show(LayerLines& lines, const PullProgress& progress) {
  std::optional<LayerLines::Transferred> transferred;
  if (progress.phase == PullProgress::Phase::kDownloading) {
    transferred = {.done_bytes = progress.done_bytes, .total_bytes = progress.total_bytes};
  }
  lines.show(progress.layer, std::string(phase_text(progress.phase)), transferred);
}

}  // namespace

Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish) {
  LayerLines lines(wish.out);
  return pull_and_show(context, store, reference, wish, lines);
}

Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish,
                                 LayerLines& lines) {
  PullOptions options;
  options.platform = wish.platform;
  IK_LET(registry, registry_options_for(reference.registry, context.config_path));
  options.registry = std::move(registry);
  IK_LET(policy, load_image_policy(context.config_path));
  options.policy = policy;
  if (wish.quiet) return pull_image(store, reference, options);

  const std::string& what = reference.digest.empty() ? reference.tag : reference.digest;
  bool announced = false;
  const auto announce = [&] {
    if (announced) return;
    announced = true;
    lines.say(fmt::format("{}: Pulling from {}", what, reference.repository));
  };
  // The first news comes when the registry has answered, so that an image that is not there is not
  // announced.
  options.progress = [&](const PullProgress& progress) {
    announce();
    show(lines, progress);
  };
  IK_LET(pulled, pull_image(store, reference, options));
  announce();
  lines.say("Digest: " + pulled.digest);
  lines.say(fmt::format("Status: {} for {}",
                        pulled.was_new ? "Downloaded newer image" : "Image is up to date",
                        reference.familiar()));
  return pulled;
}

}  // namespace ikada
