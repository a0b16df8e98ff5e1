#include <stdio.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/time_span_option.h"

namespace ikada {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookAgain{200};
constexpr std::int64_t kPatienceSeconds = 120;
constexpr std::int64_t kLongestPatience = 86'400;

// How far it is, told as it goes on.
struct KeyRotation {
  std::string key;
  std::string before;
  std::string phase = "install";
  std::string obstacle = {};  // What it waits for, as of the last answer.

  void tell(const std::string& now) {
    const bool was_installed = phase == "install" && now != "install";
    const bool was_switched = !phase.empty() && now.empty();
    if (was_installed) ::printf("%s is on all hosts.\n", key.c_str());
    if (was_switched) ::printf("%s is in use on all hosts.\n", key.c_str());
    ::fflush(stdout);
    phase = now;
  }

  // True when the new key is the only one everywhere.
  bool take(const Json& answer) {
    obstacle.clear();
    for (const Json& host : answer.value("waitsFor", Json::array())) {
      obstacle += (obstacle.empty() ? "" : ", ") + host.get<std::string>();
    }
    tell(answer.value("phase", ""));
    return phase.empty() && obstacle.empty() && answer.value("key", "") == key;
  }
};

Result<void> rotate_key(std::int64_t patience_s, const Context& context) {
  IK_LET(made, ask_cluster(context, "POST", "/cluster/key"));
  KeyRotation rotation{.key = made.value("key", ""), .before = made.value("before", "")};
  ::printf("New key %s, in the place of %s.\n", rotation.key.c_str(), rotation.before.c_str());
  ::fflush(stdout);
  const SteadyClock::time_point deadline = SteadyClock::now() + std::chrono::seconds(patience_s);
  while (SteadyClock::now() < deadline) {
    // While leaders change nobody may answer.
    const Result<Json> answer = ask_cluster(context, "GET", "/cluster/key");
    if (answer.has_value() && rotation.take(*answer)) {
      ::printf("%s is gone.\n", rotation.before.c_str());
      return {};
    }
    if (!answer.has_value()) rotation.obstacle = answer.error().message;
    std::this_thread::sleep_for(kLookAgain);
  }
  return make_error(ErrorKind::kUnavailable,
                    "the key {} is not the only one yet, and that goes on by itself; it waits for "
                    "{}",
                    rotation.key,
                    rotation.obstacle);
}

}  // namespace

void add_cluster_rotate_key_command(CLI::App& group, Context& context) {
  auto patience_s = std::make_shared<std::int64_t>(kPatienceSeconds);
  CLI::App* command = group.add_subcommand("rotate-key", "Exchange the key of the hosts' gossip");
  command->add_option("--timeout", *patience_s, "How long to wait for it: 90s, 15m; 2m")
      ->transform(as_seconds(kLongestPatience));
  command->callback([patience_s, &context] { context.finish(rotate_key(*patience_s, context)); });
}

}  // namespace ikada
