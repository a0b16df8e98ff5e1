#include "cmd/ikada/apply_steps.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr int kMostPlans = 10;
constexpr size_t kMostRules = 100;  // Of a listener.

struct FailedStep {
  const ApplyStep* step = nullptr;
  Error error = {};
};

std::optional<FailedStep> run_until_failure(const ApplySteps& steps, const CarryOut& how) {
  std::set<std::string> looked_at;
  for (const ApplyStep& each : steps) {
    if (!each.run) continue;
    const bool is_part = each.sign == '-' && !each.balancer.empty();
    if (!is_part) looked_at.erase(each.balancer);
    if (is_part && looked_at.insert(each.balancer).second) {
      Result<void> may_be_removed = how.before_removal(each.balancer);
      if (!may_be_removed.has_value()) {
        return FailedStep{.step = &each, .error = std::move(may_be_removed.error())};
      }
    }
    Result<void> done = each.run().context("{}", each.thing);
    if (!done.has_value()) return FailedStep{.step = &each, .error = std::move(done.error())};
  }
  return std::nullopt;
}

bool is_still_to_do(const ApplySteps& steps, const ApplyStep& failed) {
  return std::any_of(steps.begin(), steps.end(), [&](const ApplyStep& each) {
    return each.run && each.sign == failed.sign && each.thing == failed.thing;
  });
}

enum class Turn { kMake, kGiveUpPort, kTakePort, kGiveUpRoom, kTakeRoom, kRemove };

// Balancers by the ports that they get, or lose.
std::map<std::int64_t, std::string> ports_of(const ApplySteps& steps, char sign) {
  std::map<std::int64_t, std::string> ports;
  for (const ApplyStep& each : steps) {
    if (each.sign == sign && each.port != 0 && !each.is_rule) ports[each.port] = each.balancer;
  }
  return ports;
}

bool is_anothers(const std::map<std::int64_t, std::string>& ports, const ApplyStep& step) {
  const auto found = ports.find(step.port);
  return found != ports.end() && found->second != step.balancer;
}

// The rules of one listener: so many of the new ones fit beside those that are there, and so many
// of the others may stay till the new ones work.
class RuleRoom {
 public:
  void count(char sign) {
    if (sign == '+') ++new_;
    if (sign == '-') ++leaving_;
    if (sign != '+') ++present_;
  }

  Turn turn_of(char sign) {
    const size_t room = kMostRules - std::min(present_, kMostRules);
    if (sign == '+') return ++made_ <= room ? Turn::kMake : Turn::kTakeRoom;
    if (sign != '-') return Turn::kMake;
    const size_t in_the_way = new_ - std::min(new_, room);
    return ++kept_ + in_the_way <= leaving_ ? Turn::kRemove : Turn::kGiveUpRoom;
  }

 private:
  size_t present_ = 0;
  size_t new_ = 0;
  size_t leaving_ = 0;
  size_t made_ = 0;
  size_t kept_ = 0;
};

void move_to(ApplySteps& target, ApplySteps steps) {
  std::move(steps.begin(), steps.end(), std::back_inserter(target));
}

// Of what is to be done, and was not to be done before.
ApplySteps new_steps(const ApplySteps& before, const ApplySteps& now) {
  ApplySteps undone;
  std::copy_if(now.begin(), now.end(), std::back_inserter(undone), [&](const ApplyStep& each) {
    if (!each.run) return false;
    return each.sign == '+' ||
           std::none_of(before.begin(), before.end(), [&](const ApplyStep& old) {
             return old.run && old.sign == each.sign && old.thing == each.thing &&
                    old.lines == each.lines;
           });
  });
  return undone;
}

}  // namespace

ApplyPlan order_balancer_steps(ApplySteps steps) {
  const auto gotten = ports_of(steps, '+');
  const auto lost = ports_of(steps, '-');
  std::map<std::pair<std::string, std::int64_t>, RuleRoom> rooms;
  for (const ApplyStep& each : steps) {
    if (each.is_rule) rooms[{each.balancer, each.port}].count(each.sign);
  }
  std::map<Turn, ApplySteps> turns;
  for (ApplyStep& each : steps) {
    Turn turn = each.sign == '-' ? Turn::kRemove : Turn::kMake;
    if (each.is_rule) turn = rooms[{each.balancer, each.port}].turn_of(each.sign);
    if (each.sign == '-' && !each.is_rule && is_anothers(gotten, each)) turn = Turn::kGiveUpPort;
    if (each.sign == '+' && is_anothers(lost, each)) turn = Turn::kTakePort;
    turns[turn].push_back(std::move(each));
  }
  ApplyPlan plan{.makes = std::move(turns[Turn::kMake]),
                 .removals = std::move(turns[Turn::kRemove])};
  for (const Turn turn : {Turn::kGiveUpPort, Turn::kTakePort, Turn::kGiveUpRoom, Turn::kTakeRoom}) {
    move_to(plan.makes, std::move(turns[turn]));
  }
  return plan;
}

std::string describe_undone(const ApplyPlan& before, const ApplyPlan& now) {
  ApplySteps undone = new_steps(before.makes, now.makes);
  move_to(undone, new_steps(before.removals, now.removals));
  if (undone.empty()) return {};
  const ApplyStep& first = undone.front();
  const char* const what = first.sign == '+' ? "removed" : first.sign == '-' ? "made" : "changed";
  std::string text = fmt::format("{}: {} by somebody else meanwhile", first.thing, what);
  if (!first.lines.empty()) text += fmt::format(" ({})", join(first.lines, ", "));
  if (undone.size() > 1) text += fmt::format("; and {} more", undone.size() - 1);
  return text;
}

Result<void> carry_out(ApplySteps steps, const CarryOut& how) {
  for (int plans = 1;; ++plans) {
    std::optional<FailedStep> failed = run_until_failure(steps, how);
    if (!failed.has_value()) return {};
    if (plans == kMostPlans) return std::move(failed->error);
    Result<ApplySteps> next = how.plan_again();
    if (!next.has_value() || is_still_to_do(*next, *failed->step)) return std::move(failed->error);
    steps = std::move(*next);
  }
}

}  // namespace ikada
