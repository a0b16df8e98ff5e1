#include "image/build/build_session.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/store_garbage.h"
#include "runtime/base/clock.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {

StepReport::StepReport(BuildSeams const& seams, std::mutex& mutex, int number, std::string title)
    : seams_(seams), mutex_(mutex), number_(number), start_(std::chrono::steady_clock::now()) {
  send(BuildEvent::Kind::kStarted, std::move(title));
}

void StepReport::send(BuildEvent::Kind kind, std::string text) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  const std::lock_guard lock(mutex_);
  seams_.report(
      {.kind = kind, .step = number_, .text = std::move(text), .seconds = passed.count()});
}

void StepReport::output(std::string_view bytes) {
  send(BuildEvent::Kind::kOutput, std::string(bytes));
}
void StepReport::cached() { send(BuildEvent::Kind::kCached); }
void StepReport::done() { send(BuildEvent::Kind::kDone); }
void StepReport::failed() { send(BuildEvent::Kind::kFailed); }

BuildSession::BuildSession(ImageStore& store,
                           const BuildOptions& options,
                           const BuildSeams& seams,
                           BuildVariables variables,
                           StageGraph graph,
                           BuildCache cache)
    : store_(store),
      options_(options),
      seams_(seams),
      variables_(std::move(variables)),
      graph_(std::move(graph)),
      cache_(std::move(cache)),
      stages_(graph_.stages.size()) {
  for (StageSlot& slot : stages_) slot.future = slot.promise.get_future().share();
}

Result<std::unique_ptr<BuildSession>> BuildSession::create(ImageStore& store,
                                                           const BuildOptions& options,
                                                           const BuildSeams& seams,
                                                           BuildVariables variables,
                                                           StageGraph graph,
                                                           BuildCache cache) {
  std::unique_ptr<BuildSession> session(new BuildSession(
      store, options, seams, std::move(variables), std::move(graph), std::move(cache)));
  session->scratch_ = store.root() + "/layers/staging/build-" + random_hex(8);
  IK_LET(lock, lock_directory(session->scratch_, true));
  session->scratch_lock_ = std::move(lock);
  if (!options.context.empty()) {
    IK_LET(context, open_file(options.context, O_PATH | O_DIRECTORY).context("build context"));
    session->context_ = std::move(context);
  }
  return session;
}

BuildSession::~BuildSession() {
  if (!scratch_.empty()) static_cast<void>(remove_tree(scratch_).has_value());
}

StepReport BuildSession::begin_step(std::string title) {
  int number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++steps_;
  }
  return {seams_, mutex_, number, std::move(title)};
}

Result<std::string> BuildSession::make_scratch(std::string_view name) {
  std::string path;
  {
    const std::lock_guard lock(mutex_);
    path = fmt::format("{}/{}-{}", scratch_, ++scratches_, name);
  }
  if (::mkdir(path.c_str(), 0700) != 0) return errno_error("mkdir {}", path);
  return path;
}

std::optional<CachedStep> BuildSession::find_cached(const Digest& key) const {
  if (!options_.use_cache) return std::nullopt;
  return cache_.find(key);
}

Result<void> BuildSession::add_unchanged(const Digest& key, const CachedStep& step) const {
  return cache_.add(key, step);
}

void BuildSession::add_layer(NewLayer layer) {
  const std::lock_guard lock(mutex_);
  new_layers_.push_back(std::move(layer));
}

LayerOptions BuildSession::layer_options() const {
  LayerOptions options;
  options.tar.latest_mtime_s = options_.source_date_epoch;
  // keep_layers() does it once for all.
  options.is_synced = true;
  return options;
}

Result<void> BuildSession::keep_layers() {
  const std::lock_guard lock(mutex_);
  if (new_layers_.empty()) return {};
  IK_TRY(sync_store(store_));
  for (const NewLayer& each : new_layers_) {
    IK_TRY(place_layer_tree(store_, each.layer, each.path, layer_options()));
    IK_TRY(cache_.add(each.key,
                      {.diff_id = each.layer.diff_id,
                       .blob = each.layer.blob,
                       .created = each.created,
                       .step = each.step}));
  }
  new_layers_.clear();
  return {};
}

Result<RemoteFile> BuildSession::fetch_remote(const std::string& url) {
  const std::lock_guard lock(images_mutex_);
  if (const auto known = remotes_.find(url); known != remotes_.end()) return known->second;
  IK_LET(directory, make_scratch("remote"));
  IK_LET(file, download_file(url, directory + "/file"));
  remotes_.emplace(url, file);
  return file;
}

Result<StageTree> BuildSession::wait_for_stage(size_t stage) const {
  return *stages_[stage].future.get();
}

void BuildSession::finish_stage(size_t stage, Result<StageTree> tree) {
  stages_[stage].promise.set_value(std::make_shared<Result<StageTree>>(std::move(tree)));
}

std::string BuildSession::creation_time() const {
  if (!options_.source_date_epoch.has_value()) return format_rfc3339(unix_now());
  return format_rfc3339(*options_.source_date_epoch * 1'000'000'000);
}

Result<StageTree> BuildSession::open_image(const std::string& name, const std::string& platform) {
  StageTree tree;
  if (name == "scratch") {
    tree.key = Digest::of("scratch");
    return tree;
  }
  // One at a time: two stages on one base pull it once.
  const std::lock_guard lock(images_mutex_);
  IK_LET(image, seams_.obtain_image(name, platform));
  IK_LET(directories, store_.layer_directories(image));
  IK_LET(manifest, store_.manifest(image));
  IK_LET(config, store_.config(image));
  std::string key_text;
  for (size_t i = 0; i < manifest.layers.size() && i < config.diff_ids.size(); ++i) {
    IK_LET(diff_id, Digest::parse(config.diff_ids[i]));
    // Not the diff-id, which is only what the process that unpacked it said.
    key_text += manifest.layers[i].digest.text() + "\n";
    tree.layers.push_back({.blob = manifest.layers[i], .diff_id = std::move(diff_id)});
  }
  tree.directories = std::move(directories);
  tree.key = Digest::of(key_text);
  tree.settings.config = std::move(config);
  return tree;
}

}  // namespace ikada
