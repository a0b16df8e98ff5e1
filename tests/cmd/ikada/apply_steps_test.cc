#include "cmd/ikada/apply_steps.h"

#include <set>

#include <doctest/doctest.h>

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

  CHECK(carry_out(things.plan(), [&] { return things.plan(); }).has_value());

  CHECK(things.made == std::vector<std::string>{"group", "service"});
}

TEST_CASE("what cannot be done is told once, with what it is") {
  Things things{.refused = "listener"};
  int plans = 0;

  const Result<void> done = carry_out(things.plan(), [&] {
    ++plans;
    return things.plan();
  });

  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message == "listener: cannot be made");
  CHECK(things.made == std::vector<std::string>{"group"});
  CHECK(plans == 1);
}

TEST_CASE("a failure stands when nothing can be planned any more") {
  Things things{.meddled = "group"};

  const Result<void> done = carry_out(things.plan(), []() -> Result<ApplySteps> {
    return make_error(ErrorKind::kUnavailable, "nobody is there");
  });

  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message == "group: cannot be made");
}

}  // namespace ikada
