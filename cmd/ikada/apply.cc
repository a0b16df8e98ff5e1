#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include <CLI/CLI.hpp>

#include "cmd/ikada/apply_steps.h"
#include "cmd/ikada/balancer_choice.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/json_or_yaml.h"
#include "cmd/ikada/service_choice.h"

namespace ikada {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kOthersTime{3};
constexpr std::chrono::milliseconds kLookForOthers{200};

struct ApplyOptions {
  std::string file;
  std::string cluster;
  bool dry_run = false;
  bool no_wait = false;
};

Result<void> add(ApplySteps& steps, Result<ApplySteps> more) {
  if (!more.has_value()) return std::move(more.error());
  for (ApplyStep& each : *more) steps.push_back(std::move(each));
  return {};
}

// In the order in which one thing needs another.
Result<ApplyPlan> plan_all(const ApiClient& api, const ApplyWishes& wishes) {
  ApplyPlan plan;
  for (const Json& each : wishes.groups) IK_TRY(add(plan.makes, plan_group(api, each)));
  ApplySteps of_balancers;
  for (const Json& each : wishes.balancers) IK_TRY(add(of_balancers, plan_balancer(api, each)));
  ApplyPlan ordered = order_balancer_steps(std::move(of_balancers));
  IK_TRY(add(plan.makes, std::move(ordered.makes)));
  plan.removals = std::move(ordered.removals);
  std::vector<std::string> new_definitions;
  for (const Json& each : wishes.definitions) {
    IK_LET(more, plan_definition(api, each));
    if (more.front().run) new_definitions.push_back(each["family"].get<std::string>());
    IK_TRY(add(plan.makes, std::move(more)));
  }
  for (const Json& each : wishes.services) {
    IK_TRY(add(plan.makes, plan_service(api, wishes.cluster, each, new_definitions)));
  }
  return plan;
}

bool is_nothing_to_do(const ApplySteps& steps) {
  return std::none_of(
      steps.begin(), steps.end(), [](const ApplyStep& each) { return each.run != nullptr; });
}

void print_steps(const ApplySteps& steps) {
  for (const ApplyStep& step : steps) {
    ::printf("%c %s\n", step.sign, printable(step.thing).c_str());
    for (const std::string& line : step.lines) ::printf("    %s\n", printable(line).c_str());
  }
}

class Applying {
 public:
  Applying(const ApiClient& api, const ApplyWishes& wishes) : api_(api), wishes_(wishes) {}

  Result<void> plan() {
    IK_LET(planned, plan_all(api_, wishes_));
    for (const ApplySteps* steps : {&planned.makes, &planned.removals}) note(*steps);
    plan_ = std::move(planned);
    return {};
  }

  void print() const {
    print_steps(plan_.makes);
    print_steps(plan_.removals);
    ::fflush(stdout);
  }

  // What is new first, and when it works what is no longer wanted goes.
  Result<void> run(bool waits) {
    IK_TRY(say_what_stays(make(waits)));
    if (plan_.removals.empty()) return {};
    IK_TRY(carry_out(plan_.removals, how(&ApplyPlan::removals)));
    leaving_.clear();
    return waits ? wait_and_look() : Result<void>();
  }

 private:
  void note(const ApplySteps& steps) {
    for (const ApplyStep& each : steps) {
      if (each.sign == '=' || each.balancer.empty()) continue;
      shown_.try_emplace(each.balancer);
      if (each.sign == '-' && !each.is_rule) leaving_[each.balancer].insert(each.port);
    }
  }

  Result<void> make(bool waits) {
    IK_TRY(carry_out(plan_.makes, how(&ApplyPlan::makes)));
    if (!waits) return {};
    if (!is_nothing_to_do(plan_.makes)) IK_TRY(plan());
    return wait_and_look();
  }

  Result<void> say_what_stays(Result<void> done) const {
    const bool stays = !done.has_value() && !plan_.removals.empty();
    if (stays) done.error().message += fmt::format("; {} stays", plan_.removals.front().thing);
    return done;
  }

  CarryOut how(ApplySteps ApplyPlan::*part) {
    return {.plan_again = [this, part]() -> Result<ApplySteps> {
              IK_LET(planned, plan_all(api_, wishes_));
              return std::move(planned.*part);
            },
            .before_removal = [this](const std::string& balancer) { return wait_for(balancer); }};
  }

  Result<void> wait_for(const std::string& balancer) {
    return wait_for_balancer(
        api_, {.name = balancer, .leaving = leaving_[balancer]}, shown_[balancer]);
  }

  Result<void> wait() {
    for (const auto& [balancer, shown] : shown_) IK_TRY(wait_for(balancer));
    for (const Json& each : wishes_.services) {
      const ServiceChoice choice{.cluster = wishes_.cluster,
                                 .name = each["serviceName"].get<std::string>()};
      IK_TRY(wait_for_service(api_, choice, [this]() -> Result<bool> {
        IK_LET(planned, plan_all(api_, wishes_));
        return is_nothing_to_do(planned.makes);
      }));
    }
    return {};
  }

  // Whether all stays as it was made. Others who apply the same are not done yet, perhaps.
  Result<void> wait_and_look() {
    std::optional<steady_clock::time_point> until;  // Since they were first seen.
    while (true) {
      IK_TRY(wait());
      IK_LET(now, plan_all(api_, wishes_));
      const std::string undone = describe_undone(plan_, now);
      if (undone.empty()) return {};
      if (!until.has_value()) until = steady_clock::now() + kOthersTime;
      if (steady_clock::now() >= *until) return make_error(ErrorKind::kConflict, "{}", undone);
      std::this_thread::sleep_for(kLookForOthers);
    }
  }

  const ApiClient& api_;
  const ApplyWishes& wishes_;
  ApplyPlan plan_;
  std::map<std::string, std::string> shown_;  // Of the balancers that were changed, what was told.
  std::map<std::string, std::set<std::int64_t>> leaving_;  // Ports that are to be removed.
};

Result<void> apply(const ApplyOptions& options, const Context& context) {
  const ApiClient api(context);
  IK_LET(file, load_json_or_yaml(options.file));
  IK_LET(wishes, read_wishes(file).context("{}", options.file));
  if (!options.cluster.empty()) wishes.cluster = options.cluster;
  Applying applying(api, wishes);
  IK_TRY(applying.plan());
  applying.print();
  return options.dry_run ? Result<void>() : applying.run(!options.no_wait);
}

}  // namespace

void add_apply_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* command = app.add_subcommand("apply", "Bring about what a file says");
  command->add_option("-f,--file", options->file, "JSON or YAML; - is stdin")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, instead of the file's");
  command->add_flag("--dry-run", options->dry_run, "Show what would be done, and do nothing");
  command->add_flag("--no-wait", options->no_wait, "Do not wait until all of it works");
  command->callback([options, &context] { context.finish(apply(*options, context)); });
}

}  // namespace ikada
