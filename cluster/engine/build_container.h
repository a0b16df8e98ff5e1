// The RUN steps of a build in containers of this engine.
//
// Each step is a container like any other while it runs, made with --rm: it has a mark, so what a
// killed build leaves behind is cleared away by the next command, and it is killed when the build's
// process goes. Its files are taken over only when it ended with 0.
//
// Source: image/build/run_command.h.
#pragma once

#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include "cluster/engine/engine.h"
#include "image/build/run_command.h"
#include "runtime/base/result.h"

namespace ikada {

class BuildContainers : public CommandRunner {
 public:
  // `open_engine` is called for the first RUN that is not in the cache, by one thread at a time.
  BuildContainers(std::function<Result<Engine*>()> open_engine,
                  BuildCancellation& cancellation,
                  std::vector<UlimitSpec> ulimits = {})
      : open_engine_(std::move(open_engine)),
        cancellation_(cancellation),
        ulimits_(std::move(ulimits)) {}

  Result<int> run(const RunCommand& command,
                  const std::function<void(std::string_view)>& output) override;

  Result<FileOwner> find_owner(std::string_view text,
                               std::string_view passwd,
                               std::string_view group) override;

 private:
  Result<int> run_in(Engine& engine,
                     const RunCommand& command,
                     const std::function<void(std::string_view)>& output);

  std::function<Result<Engine*>()> open_engine_;
  std::mutex mutex_;
  BuildCancellation& cancellation_;
  const std::vector<UlimitSpec> ulimits_;
};

}  // namespace ikada
