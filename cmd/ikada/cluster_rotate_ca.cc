#include <stdio.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/time_span_option.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kCaLook{200};
constexpr std::chrono::seconds kCaTellAfter{3};
constexpr std::int64_t kCaPatienceSeconds = 600;
constexpr std::int64_t kCaLongestPatience = 86'400;
constexpr size_t kCaDigits = 10;

struct RotateCaOptions {
  bool force = false;
  bool detach = false;
  std::int64_t patience_s = kCaPatienceSeconds;
};

std::string ca_digits(const Json& answer, const char* key) {
  return answer.value(key, "").substr(0, kCaDigits);
}

// How far it is, told as it goes on.
struct CaRotation {
  std::string to;
  std::string phase = {};
  std::string obstacle = {};  // What it waits for, as of the last answer.
  std::string told = {};
  SteadyClock::time_point since = SteadyClock::now();

  void tell(const std::string& now) {
    if (now == phase) return;
    if (now == "renew") ::printf("All hosts trust both.\n");
    if (now == "forget") ::printf("All certificates are of the new one.\n");
    ::fflush(stdout);
    phase = now;
  }

  // Whoever keeps it from going on for a while.
  void note_obstacle(const std::string& now) {
    if (now != obstacle) since = SteadyClock::now();
    obstacle = now;
    if (now.empty() || now == told || SteadyClock::now() - since < kCaTellAfter) return;
    ::printf("Waiting for %s.\n", now.c_str());
    ::fflush(stdout);
    told = now;
  }

  // True when only the new authority is left.
  bool take(const Json& answer) {
    tell(answer.value("phase", ""));
    note_obstacle(join(answer.value("waitsFor", std::vector<std::string>()), ", "));
    return phase.empty() && answer.value("authority", "") == to;
  }
};

// They may not have followed.
void print_away(const Json& answer) {
  const std::string names = join(answer.value("away", std::vector<std::string>()), ", ");
  if (names.empty()) return;
  ::printf(
      "Away: %s. If it is refused when it is back, its ikada cluster status says what to do.\n",
      names.c_str());
}

// Those of before are void, and name the old authority.
Result<void> print_tokens(const Json& roles, const Context& context) {
  for (const Json& role : roles) {
    IK_LET(made, ask_cluster(context, "POST", "/cluster/token", {{"role", role}}));
    ::printf("New join token, %s: %s\n",
             role.get<std::string>().c_str(),
             made.value("token", "").c_str());
  }
  return {};
}

Result<void> rotate_ca(const RotateCaOptions& options, const Context& context) {
  IK_LET(made, ask_cluster(context, "POST", "/cluster/authority", {{"force", options.force}}));
  ::printf("New authority %s, in the place of %s.\n",
           ca_digits(made, "to").c_str(),
           ca_digits(made, "from").c_str());
  ::fflush(stdout);
  if (options.detach) return {};
  CaRotation rotation{.to = made.value("to", "")};
  const auto deadline = SteadyClock::now() + std::chrono::seconds(options.patience_s);
  while (SteadyClock::now() < deadline) {
    // While leaders change nobody may answer.
    const Result<Json> answer = ask_cluster(context, "GET", "/cluster/authority");
    if (answer.has_value() && rotation.take(*answer)) {
      ::printf("%s is gone.\n", ca_digits(made, "from").c_str());
      print_away(*answer);
      return print_tokens(answer->value("roles", Json::array()), context);
    }
    if (!answer.has_value()) rotation.note_obstacle(answer.error().message);
    std::this_thread::sleep_for(kCaLook);
  }
  return make_error(ErrorKind::kUnavailable,
                    "the exchange is not over yet, and goes on by itself; it waits for {}",
                    rotation.obstacle.empty() ? "nobody" : rotation.obstacle);
}

}  // namespace

void add_cluster_rotate_ca_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<RotateCaOptions>();
  CLI::App* command =
      group.add_subcommand("rotate-ca", "Exchange the authority of the cluster's certificates");
  command->add_flag("-d,--detach", options->detach, "Do not wait until it is over");
  command->add_flag(
      "--force", options->force, "Wait for no host that is away, also in one that is under way");
  command->add_option("--timeout", options->patience_s, "How long to wait for it: 90s, 15m; 10m")
      ->transform(as_seconds(kCaLongestPatience));
  command->callback([options, &context] { context.finish(rotate_ca(*options, context)); });
}

}  // namespace ikada
