// What all stages of one build share.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "image/build/build.h"
#include "image/build/build_variables.h"
#include "image/build/remote_file.h"
#include "image/build/stage_graph.h"
#include "image/build/stage_tree.h"
#include "image/build_cache.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// A step's title, output and end, as events.
class StepReport {
 public:
  StepReport(BuildSeams const& seams, std::mutex& mutex, int number, std::string title);

  void output(std::string_view bytes);
  void cached();
  void done();
  void failed();

 private:
  void send(BuildEvent::Kind kind, std::string text = {});

  const BuildSeams& seams_;
  std::mutex& mutex_;
  int number_;
  std::chrono::steady_clock::time_point start_;
};

class BuildSession {
 public:
  // Makes the scratch directory below `store`'s staging and opens the context.
  static Result<std::unique_ptr<BuildSession>> create(ImageStore& store,
                                                      const BuildOptions& options,
                                                      const BuildSeams& seams,
                                                      BuildVariables variables,
                                                      StageGraph graph,
                                                      BuildCache cache);
  BuildSession(const BuildSession&) = delete;
  BuildSession& operator=(const BuildSession&) = delete;
  ~BuildSession();

  ImageStore& store() { return store_; }
  const BuildOptions& options() const { return options_; }
  const BuildSeams& seams() const { return seams_; }
  const BuildVariables& variables() const { return variables_; }
  const StageGraph& graph() const { return graph_; }
  int context_fd() const { return context_.get(); }

  StepReport begin_step(std::string title);

  // A new empty directory of the build's own.
  Result<std::string> make_scratch(std::string_view name);

  std::optional<CachedStep> find_cached(const Digest& key) const;
  // A step that changed nothing.
  Result<void> add_unchanged(const Digest& key, const CachedStep& step) const;

  // Layers that are packed; keep_layers() gives them to the store and the cache.
  void add_layer(NewLayer layer);
  Result<void> keep_layers();

  LayerOptions layer_options() const;

  // A file of ADD, downloaded once for each build.
  Result<RemoteFile> fetch_remote(const std::string& url);

  // The tree of a stage, once it is built; its error if that failed.
  Result<StageTree> wait_for_stage(size_t stage) const;
  void finish_stage(size_t stage, Result<StageTree> tree);

  // An image of --from, as a tree.
  Result<StageTree> open_image(const std::string& name, const std::string& platform);

  // Now, or SOURCE_DATE_EPOCH.
  std::string creation_time() const;

 private:
  BuildSession(ImageStore& store,
               const BuildOptions& options,
               const BuildSeams& seams,
               BuildVariables variables,
               StageGraph graph,
               BuildCache cache);

  struct StageSlot {
    std::promise<std::shared_ptr<Result<StageTree>>> promise;
    std::shared_future<std::shared_ptr<Result<StageTree>>> future;
  };

  ImageStore& store_;
  const BuildOptions& options_;
  const BuildSeams& seams_;
  BuildVariables variables_;
  StageGraph graph_;
  std::mutex mutex_;
  BuildCache cache_;
  int steps_ = 0;
  int scratches_ = 0;
  std::string scratch_;
  UniqueFd scratch_lock_;
  UniqueFd context_;
  std::vector<StageSlot> stages_;
  std::vector<NewLayer> new_layers_;
  std::mutex images_mutex_;
  std::map<std::string, RemoteFile> remotes_;
};

}  // namespace ikada
