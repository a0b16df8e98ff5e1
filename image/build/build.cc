#include "image/build/build.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "image/build/build_session.h"
#include "image/build/merged_tree.h"
#include "image/build/stage_build.h"
#include "image/build/stage_plan.h"
#include "image/image_writer.h"
#include "image/store_space.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// All stages that are needed, each in a thread of its own if there are several.
Result<StageTree> build_stages(BuildSession& session) {
  const StageGraph& graph = session.graph();
  std::vector<size_t> needed;
  for (size_t i = 0; i < graph.stages.size(); ++i) {
    if (graph.stages[i].needed) needed.push_back(i);
  }
  const auto build = [&](size_t stage) {
    Result<StageTree> tree = StageBuild(session, stage).run();
    // What follows are consequences: others are ended, and those that wait get this error.
    const bool failed = !tree.has_value();
    session.finish_stage(stage, std::move(tree));
    if (failed) session.seams().cancellation.give_up();
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i + 1 < needed.size(); ++i) threads.emplace_back(build, needed[i]);
  build(needed.back());
  for (std::thread& thread : threads) thread.join();
  std::optional<Error> consequence;
  for (const size_t stage : needed) {
    const Result<StageTree> tree = session.wait_for_stage(stage);
    if (tree.has_value()) continue;
    if (tree.error().kind != ErrorKind::kUnavailable) return tree.error();
    if (!consequence.has_value()) consequence = tree.error();
  }
  if (consequence.has_value()) return *consequence;
  return session.wait_for_stage(graph.target);
}

ImageToWrite describe_image(const BuildSession& session,
                            const StageTree& tree,
                            const Platform& platform) {
  ImageToWrite image{.config = tree.settings.config};
  image.config.architecture = platform.architecture;
  image.config.os = platform.os;
  image.config.variant = platform.variant;
  if (image.config.created.empty() || session.options().source_date_epoch.has_value()) {
    image.config.created = session.creation_time();
  }
  if (image.config.env.empty()) image.config.env.emplace_back(kDefaultPath);
  for (const auto& [name, value] : session.options().labels) image.config.labels[name] = value;
  image.config.diff_ids.clear();
  for (const WrittenLayer& layer : tree.layers) {
    image.layers.push_back(layer.blob);
    image.config.diff_ids.push_back(layer.diff_id.text());
  }
  // Docker's notes about the container that the base was made from say nothing about this image.
  for (const char* key : {"container", "container_config", "docker_version", "id", "parent"}) {
    image.config.source.erase(key);
  }
  return image;
}

// Gives an image that is listed those names that it does not have. kNotFound if somebody removes it
// meanwhile.
Result<StoredImage> name_image(ImageStore& store,
                               const std::string& id,
                               const std::vector<std::string>& names) {
  IK_LET(listed, store.find(id));
  for (const std::string& name : names) {
    if (std::ranges::find(listed.references, name) != listed.references.end()) continue;
    IK_LET(reference, parse_reference(name));
    IK_TRY(store.tag(listed, reference));
  }
  return store.find(id);
}

// The image is listed under its names; nothing is written if all of that is so already.
Result<StoredImage> list_image(ImageStore& store, ImageToWrite image, const BuildOptions& options) {
  const Digest id = Digest::of(format_image_config(image.config));
  Result<StoredImage> named = name_image(store, id.text(), options.names);
  if (named.has_value() || named.error().kind != ErrorKind::kNotFound) return named;
  image.names = options.names;
  return write_image(store, image);
}

// The tree's layers are at their places by now.
Result<void> export_tree(BuildSession& session, const StageTree& tree) {
  IK_LET(scratch, session.make_scratch("export"));
  if (tree.layers.empty()) {
    IK_LET(empty, open_file(scratch, O_RDONLY | O_DIRECTORY));
    return session.options().export_tree(empty.get());
  }
  std::vector<std::string> directories;
  for (const WrittenLayer& layer : tree.layers) {
    const std::string path = session.store().layer_path(layer.blob.digest);
    // A layer twice hides nothing new the second time, and overlayfs refuses it.
    std::erase(directories, path);
    directories.push_back(path);
  }
  IK_LET(root, open_merged(directories, scratch));
  return session.options().export_tree(root.fd());
}

Result<std::optional<StoredImage>> build_once(ImageStore& store,
                                              const BuildOptions& options,
                                              const BuildSeams& seams) {
  const Platform host = host_platform();
  Platform platform = host;
  if (!options.platform.empty()) {
    IK_LET(parsed, parse_platform(options.platform));
    platform = normalize_platform(parsed);
  }
  BuildVariables variables(options.arguments, platform, host);
  for (const Instruction& each : options.file.arguments) {
    IK_TRY(variables.declare_global(each, options.file.escape).context("{}", options.file.name));
  }
  IK_LET(graph, plan_stages(options.file, variables, options.target));
  // Nothing that this build is about to use is collected meanwhile.
  IK_LET(building, store.begin_pull());
  IK_LET(cache, BuildCache::open(store.root()));
  IK_LET(session,
         BuildSession::create(
             store, options, seams, std::move(variables), std::move(graph), std::move(cache)));
  Result<StageTree> tree = build_stages(*session);
  // Also after a failure: what is done need not be done again.
  IK_TRY(session->keep_layers());
  if (!tree.has_value()) return std::move(tree.error());
  if (options.export_tree) {
    IK_TRY(export_tree(*session, *tree));
    if (options.names.empty()) return std::optional<StoredImage>();
  }
  ImageToWrite described = describe_image(*session, *tree, platform);
  if (options.export_image && options.names.empty()) {
    IK_LET(unlisted, write_unlisted_image(store, described));
    IK_TRY(options.export_image(unlisted));
    return std::optional<StoredImage>(std::move(unlisted));
  }
  IK_LET(image, list_image(store, std::move(described), options));
  if (options.export_image) IK_TRY(options.export_image(image));
  return std::optional<StoredImage>(std::move(image));
}

// True if there is more room now. `error` ended a build.
Result<bool> make_room_after(const Error& error, ImageStore& store, const BuildOptions& options) {
  if (!is_out_of_space(error)) return false;
  IK_LET(before, free_bytes(store));
  IK_TRY(make_room(store, options.policy, 2 * before));
  IK_LET(after, free_bytes(store));
  return after > before;
}

}  // namespace

Result<std::optional<StoredImage>> build_image(ImageStore& store,
                                               const BuildOptions& options,
                                               const BuildSeams& seams) {
  IK_TRY(enter_private_mounts());
  IK_LET(floor, floor_bytes(store, options.policy));
  if (!check_room(store, 0, floor).has_value()) IK_TRY(make_room(store, options.policy, 0));
  Result<std::optional<StoredImage>> built = build_once(store, options, seams);
  if (built.has_value()) return built;
  const Result<bool> has_room = make_room_after(built.error(), store, options);
  if (!has_room.value_or(false) || !seams.cancellation.take_back()) return built;
  // What is done already is in the cache.
  seams.report({.kind = BuildEvent::Kind::kStarted, .text = "the disk was full, starting again"});
  seams.report({.kind = BuildEvent::Kind::kDone});
  return build_once(store, options, seams);
}

}  // namespace ikada
