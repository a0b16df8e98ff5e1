// Which stages of a Dockerfile have to be built, and what each takes from others. Pure.
//
// Source: Dockerfile reference, FROM, COPY --from, RUN --mount; docker build --target.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/build/build_variables.h"
#include "image/dockerfile/dockerfile.h"
#include "runtime/base/result.h"

namespace ikada {

// What a --from or FROM names.
struct StageSource {
  std::optional<size_t> stage = {};  // Of the Dockerfile, from 0.
  std::string image = {};            // Otherwise; "scratch" is an empty tree.
};

struct PlannedStage {
  bool needed = false;
  StageSource base = {};
  std::string platform = {};      // Of the base image; empty: the build's.
  std::vector<size_t> uses = {};  // Stages that it copies from or mounts, besides its base.
};

struct StageGraph {
  std::vector<PlannedStage> stages;  // One for each stage of the file.
  size_t target = 0;

  // Named for people: "build" or "stage-1".
  static std::string stage_name(const Dockerfile& file, size_t stage);
};

// Stages in front of `before` by name (any case) or number, else an image.
StageSource find_source(const Dockerfile& file, size_t before, std::string_view from);

// `target`: a stage's name or number; empty: the last. kInvalid, kNotFound for no such target.
Result<StageGraph> plan_stages(const Dockerfile& file,
                               const BuildVariables& variables,
                               const std::string& target);

}  // namespace ikada
