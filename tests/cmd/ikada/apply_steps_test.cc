#include "cmd/ikada/apply_steps.h"

#include <set>

#include <doctest/doctest.h>
#include <fmt/core.h>

namespace ikada {
namespace {

// Makes things that are not there, in their order; what is there cannot be made again.
struct Things {
  ApplySteps plan() {
    ApplySteps steps;
    for (const char* name : {"group", "listener", "service"}) {
      ApplyStep step{.thing = name};
      if (present.count(name) == 0) {
        step.sign = '+';
        step.run = [this, name = std::string(name)] { return make(name); };
      }
      steps.push_back(std::move(step));
    }
    return steps;
  }

  Result<void> make(const std::string& name) {
    if (name == meddled) present.insert(name);
    if (name == refused || !present.insert(name).second) {
      return make_error(ErrorKind::kConflict, "cannot be made");
    }
    made.push_back(name);
    return {};
  }

  std::set<std::string> present = {};
  std::vector<std::string> made = {};
  std::string meddled = {};  // Somebody else makes it first.
  std::string refused = {};
};

}  // namespace

TEST_CASE("what somebody else has made meanwhile is no failure") {
  Things things{.meddled = "listener"};

  CHECK(carry_out(things.plan(), {.plan_again = [&] { return things.plan(); }}).has_value());

  CHECK(things.made == std::vector<std::string>{"group", "service"});
}

TEST_CASE("what cannot be done is told once, with what it is") {
  Things things{.refused = "listener"};
  int plans = 0;

  const Result<void> done = carry_out(things.plan(), {.plan_again = [&] {
                                        ++plans;
                                        return things.plan();
                                      }});

  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message == "listener: cannot be made");
  CHECK(things.made == std::vector<std::string>{"group"});
  CHECK(plans == 1);
}

TEST_CASE("a failure stands when nothing can be planned any more") {
  Things things{.meddled = "group"};

  const Result<void> done =
      carry_out(things.plan(), {.plan_again = []() -> Result<ApplySteps> {
                  return make_error(ErrorKind::kUnavailable, "nobody is there");
                }});

  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message == "group: cannot be made");
}

TEST_CASE("a load balancer is looked at before a part of it is removed, once for each change") {
  std::string done;
  const auto step = [&](char sign, const std::string& thing) {
    return ApplyStep{.sign = sign,
                     .thing = thing,
                     .run =
                         [&done, sign, thing] {
                           done += sign + thing + " ";
                           return Result<void>();
                         },
                     .balancer = "lb"};
  };
  const CarryOut how{.before_removal = [&](const std::string& balancer) {
    done += "?" + balancer + " ";
    return Result<void>();
  }};

  CHECK(carry_out({step('+', "a"), step('-', "b"), step('-', "c"), step('~', "d"), step('-', "e")},
                  how)
            .has_value());

  CHECK(done == "+a ?lb -b -c ~d ?lb -e ");
}

TEST_CASE("nothing of a load balancer is removed that does not serve what is new") {
  bool is_removed = false;
  const auto plan = [&]() -> Result<ApplySteps> {
    return ApplySteps{{.sign = '-',
                       .thing = "lb, port 80",
                       .run =
                           [&] {
                             is_removed = true;
                             return Result<void>();
                           },
                       .balancer = "lb"}};
  };

  const Result<void> done = carry_out(
      *plan(), {.plan_again = plan, .before_removal = [](const std::string&) -> Result<void> {
                  return make_error(ErrorKind::kUnavailable, "port 81 is taken");
                }});

  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message == "port 81 is taken");
  CHECK_FALSE(is_removed);
}

namespace {

ApplyStep listener(char sign, const std::string& balancer, std::int64_t port) {
  return {.sign = sign,
          .thing = fmt::format("{} {}", balancer, port),
          .balancer = balancer,
          .port = port};
}

ApplyStep rule(char sign, const std::string& balancer, std::int64_t port) {
  ApplyStep step = listener(sign, balancer, port);
  step.thing += " rule";
  step.is_rule = true;
  return step;
}

std::string text_of(const ApplySteps& steps) {
  std::string text;
  for (const ApplyStep& each : steps) text += fmt::format("{}{}, ", each.sign, each.thing);
  return text;
}

}  // namespace

TEST_CASE("what is removed of load balancers comes last") {
  const ApplyPlan plan = order_balancer_steps({listener('-', "a", 80),
                                               rule('-', "a", 81),
                                               rule('+', "a", 81),
                                               listener('+', "a", 82),
                                               listener('=', "b", 90)});

  CHECK(text_of(plan.makes) == "+a 81 rule, +a 82, =b 90, ");
  CHECK(text_of(plan.removals) == "-a 80, -a 81 rule, ");
}

TEST_CASE("a port that goes to another load balancer is given up before that one gets it") {
  const ApplyPlan plan = order_balancer_steps({listener('+', "a", 81),
                                               listener('-', "a", 80),
                                               listener('-', "a", 79),
                                               listener('+', "b", 80),
                                               rule('+', "b", 80),
                                               listener('+', "b", 82)});

  CHECK(text_of(plan.makes) == "+a 81, +b 82, -a 80, +b 80, +b 80 rule, ");
  CHECK(text_of(plan.removals) == "-a 79, ");
}

TEST_CASE("rules go before others are made only where all together are too many") {
  const auto signs_of = [](const ApplySteps& steps) {
    std::string signs;
    for (const ApplyStep& each : steps) {
      if (signs.empty() || signs.back() != each.sign) signs += each.sign;
    }
    return signs;
  };
  const auto plan_of = [](size_t staying, size_t leaving, size_t made) {
    ApplySteps steps(staying, rule('=', "a", 80));
    steps.insert(steps.end(), leaving, rule('-', "a", 80));
    steps.insert(steps.end(), made, rule('+', "a", 80));
    // Of another listener: they are not counted.
    steps.insert(steps.end(), 90, rule('+', "a", 81));
    steps.insert(steps.end(), 90, rule('+', "b", 80));
    return order_balancer_steps(std::move(steps));
  };

  CHECK(signs_of(plan_of(20, 40, 40).makes) == "=+");
  CHECK(plan_of(20, 40, 40).removals.size() == 40);
  CHECK(signs_of(plan_of(10, 60, 50).makes) == "=+-+");
  CHECK(plan_of(10, 60, 50).removals.size() == 40);
  // One that is full, and exchanges all.
  CHECK(signs_of(plan_of(0, 100, 100).makes) == "+-+");
  CHECK(plan_of(0, 100, 100).makes.size() == 90 + 90 + 100 + 100);
  CHECK(plan_of(0, 100, 100).removals.empty());
}

namespace {

ApplyStep to_do(char sign, const std::string& thing, const std::string& line = "") {
  ApplyStep step{.sign = sign, .thing = thing, .run = [] { return Result<void>(); }};
  if (!line.empty()) step.lines.push_back(line);
  return step;
}

}  // namespace

TEST_CASE("what somebody else has undone meanwhile is told, what never is as wished is not") {
  const ApplyPlan before{.makes = {{.thing = "group"}, to_do('~', "never", "a: 1 -> 2")},
                         .removals = {to_do('-', "old")}};

  CHECK(describe_undone(before, {.makes = {to_do('~', "never", "a: 1 -> 2")}}).empty());
  CHECK(describe_undone(before, {.makes = {to_do('+', "group")}}) ==
        "group: removed by somebody else meanwhile");
  CHECK(describe_undone(before, {.makes = {to_do('~', "never", "a: 3 -> 2")}}) ==
        "never: changed by somebody else meanwhile (a: 3 -> 2)");
  CHECK(describe_undone(before, {.removals = {to_do('-', "old"), to_do('-', "new")}}) ==
        "new: made by somebody else meanwhile");
  CHECK(describe_undone(before, {.makes = {to_do('+', "group"), to_do('+', "other")}}) ==
        "group: removed by somebody else meanwhile; and 1 more");
}

}  // namespace ikada
