#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::seconds kMaxWait{10};
constexpr std::chrono::milliseconds kAskAgain{300};
constexpr std::chrono::seconds kMaxChange{60};
constexpr std::chrono::seconds kMaxStart{3};

// A host that is being promoted or demoted leaves as what it is then; its daemon starts anew, and
// is not there for a moment.
Result<void> ask_to_leave(bool force, const Context& context) {
  const auto begin = std::chrono::steady_clock::now();
  auto patience = kMaxStart;
  while (true) {
    const Result<Json> left = ask_cluster(context, "POST", "/cluster/leave", {{"force", force}});
    if (left.has_value()) return {};
    const std::string& code = left.error().code;
    if (code == kHostChanges) patience = kMaxChange;
    const bool is_passing =
        code == kHostChanges || code == kDaemonNotThere ||
        (patience == kMaxChange && left.error().kind == ErrorKind::kUnavailable);
    if (!is_passing || std::chrono::steady_clock::now() > begin + patience) return left.error();
    std::this_thread::sleep_for(kAskAgain);
  }
}

Result<void> cluster_leave(bool force, const Context& context) {
  IK_TRY(ask_to_leave(force, context));
  // The daemon starts anew as what it was before; then the host may join the next one.
  const auto end = std::chrono::steady_clock::now() + kMaxWait;
  while (std::chrono::steady_clock::now() < end) {
    const Result<Json> status = ask_cluster(context, "GET", "/cluster");
    if (status.has_value() && !status->contains("node")) return {};
    std::this_thread::sleep_for(kLookAgain);
  }
  return make_error(ErrorKind::kUnavailable,
                    "the host has left; its daemon has not started anew within {} s",
                    kMaxWait.count());
}

}  // namespace

void add_cluster_leave_command(CLI::App& group, Context& context) {
  auto force = std::make_shared<bool>(false);
  CLI::App* command = group.add_subcommand("leave", "Take this host out of its cluster");
  command->add_flag(
      "-f,--force", *force, "Stop its tasks first; on the only manager, forget the cluster");
  command->callback([force, &context] { context.finish(cluster_leave(*force, context)); });
}

}  // namespace ikada
