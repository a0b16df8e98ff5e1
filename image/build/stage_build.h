// Building one stage: its instructions one after the other.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "image/build/build_session.h"
#include "image/build/merged_tree.h"
#include "image/build/source_tree.h"
#include "image/build/stage_plan.h"
#include "image/build/tree_placement.h"
#include "runtime/base/result.h"

namespace ikada {

class StageBuild {
 public:
  StageBuild(BuildSession& session, size_t stage);

  // Waits for the stages it is based on or copies from.
  Result<StageTree> run();

 private:
  // The place where a step's files are made.
  struct Workplace {
    std::string directory;
    std::string upper;
    std::string work;
    std::string mount_point;
  };

  // A layer that is still being packed.
  struct Packing {
    size_t layer = 0;  // Of tree_.layers.
    NewLayer made;
    std::future<Result<WrittenLayer>> result;
  };

  Result<void> begin();
  Result<void> run_triggers();
  Result<void> run_instruction(const Instruction& instruction);
  Result<void> run_step(PlannedStep& step);
  Result<void> make_layer(const PlannedStep& step, const Digest& key, StepReport& report);

  Result<Digest> key_of(const PlannedStep& step);
  Result<void> hash_context_sources(const std::vector<std::string>& patterns,
                                    const std::vector<std::string>& exclude,
                                    Sha256& hash);
  Result<std::string> key_of_source(const std::string& from);

  Result<Workplace> make_workplace();
  Result<void> make_upper(const std::string& path) const;

  // stage_steps.cc
  Result<void> perform(const RunStep& run, const Workplace& place, StepReport& report);
  Result<void> perform(const CopyStep& copy, const Workplace& place, StepReport& report);
  Result<void> perform(const MakeDirectoryStep& make, const Workplace& place, StepReport& report);
  Result<void> perform(const std::monostate&, const Workplace&, StepReport&) { return {}; }
  Result<void> add_mounts(const RunStep& run, class RunMounts& mounts);
  Result<std::vector<std::string>> find_source_layers(const std::string& from);
  Result<MergedTree> open_source_root(const std::string& from);
  Result<std::optional<FileOwner>> find_copy_owner(const CopyStep& copy, int root_fd);
  Result<std::optional<FileOwner>> find_owner(int root_fd, const std::string& text);
  Result<void> copy_sources(const CopyStep& copy, int root_fd, const PlacementOptions& options);
  Result<void> add_remote(const CopyStep& copy, const std::string& url, TreePlacement& placement);
  // True if the source was an archive.
  Result<bool> add_archive(const CopyStep& copy, const SourceTree& tree, int root_fd);

  void add_history(const PlannedStep& step, bool empty_layer);
  void push_cached(const CachedStep& cached);
  Result<void> finish_packing();

  BuildSession& session_;
  size_t stage_;
  std::string name_;
  int step_ = 0;
  int steps_ = 0;
  std::string platform_;
  StageTree tree_;
  std::vector<Packing> packing_;
};

}  // namespace ikada
