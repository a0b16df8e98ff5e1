// Building an image from a Dockerfile.
//
// Each step's changed files become a layer: what a RUN leaves in its container's upper directory is
// moved to the store, never copied. Layers are packed while the next step runs. What earlier builds
// made of the same step on the same files is used again (build_cache.h). Stages that the target
// does not need are left out, the others are built at the same time.
//
// A build that ends early, however, leaves finished steps in the cache and nothing else: unfinished
// files are in ROOT/layers/staging/build-ID, locked while the build lives.
//
// A build that finds the disk full is done once more if room could be made (image/store_space.h).
//
// build_image() puts the calling process into a mount namespace of its own. Call it once per
// process, before there are other threads.
//
// Source: Dockerfile reference; docker-build(1).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/build/run_command.h"
#include "image/dockerfile/dockerfile.h"
#include "image/dockerfile/ignore_patterns.h"
#include "image/store.h"
#include "image/store_policy.h"
#include "runtime/base/result.h"

namespace ikada {

struct BuildOptions {
  Dockerfile file;
  std::string context;  // A directory; empty: none.
  IgnorePatterns ignore;
  std::map<std::string, std::string> arguments = {};
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> secrets = {};     // By id.
  std::map<std::string, std::string> ssh_agents = {};  // Sockets by id.
  std::string target = {};
  std::string platform = {};
  std::string network = "bridge";  // Of RUN without --network.
  std::vector<std::string> extra_hosts = {};
  std::uint64_t shm_bytes = 0;
  bool use_cache = true;
  std::optional<std::int64_t> source_date_epoch = {};
  std::vector<std::string> names = {};  // Canonical; the image may stay nameless.
  ImagePolicy policy = {};              // What may go when there is too little room.
  // If set, takes the built files or the image, which is listed only if it has a name.
  std::function<Result<void>(int root_fd)> export_tree = {};
  std::function<Result<void>(const StoredImage& image)> export_image = {};
};

// What a person watches. From any thread, one call at a time.
struct BuildEvent {
  enum class Kind { kStarted, kCached, kOutput, kDone, kFailed };
  Kind kind = Kind::kStarted;
  int step = 0;           // Counts from 1 over all stages.
  std::string text = {};  // The title, or output.
  double seconds = 0;     // Since the step started.
};

struct BuildSeams {
  CommandRunner& runner;
  BuildCancellation& cancellation;
  std::function<void(const BuildEvent&)> report;
  // The image that FROM or --from names, pulled if need be.
  std::function<Result<StoredImage>(const std::string& name, const std::string& platform)>
      obtain_image;
};

// nullopt if there was to be no image; for export_image alone it is not listed. kInvalid with
// "FILE:LINE: KEYWORD: why" for what the Dockerfile is to blame for.
Result<std::optional<StoredImage>> build_image(ImageStore& store,
                                               const BuildOptions& options,
                                               const BuildSeams& seams);

}  // namespace ikada
