#include "cluster/store/leader_steps.h"

#include <doctest/doctest.h>

#include "cluster/store/memory_store.h"
#include "tests/cluster/store/manual_clock.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One contender: carries its steps out on the store, one at a time.
class Contender {
 public:
  Contender(Store& store, ManualClock& clock, const std::string& name)
      : store_(store),
        clock_(clock),
        steps_({.key = "/leader", .candidate = name, .ttl = seconds(6)}) {}

  // One action; true if it was another than waiting.
  bool act() {
    if (clock_.now() < wait_until_ && !is_resigning_) return false;
    const LeaderAction action = steps_.step(input_, clock_.now());
    input_ = NothingNew{};
    if (const auto* wait = std::get_if<WaitUntil>(&action)) {
      wait_until_ = wait->time;
      return false;
    }
    if (std::holds_alternative<Resigned>(action)) {
      resigned_ = true;
      return false;
    }
    carry_out(action);
    return true;
  }

  void settle() {
    for (int i = 0; i < 20 && act(); ++i) continue;
  }

  void resign() {
    input_ = ResignAsked{};
    is_resigning_ = true;
  }

  bool leads() const { return steps_.term(clock_.now()).has_value(); }
  LeaderTerm term() const { return *steps_.term(clock_.now()); }
  bool has_resigned() const { return resigned_; }

  // What this one writes as a leader; false if the store refused it for the fence.
  bool write(const std::string& value) {
    Transaction transaction = term().begin();
    transaction.put("/decision", value);
    return expect_value(store_.commit(transaction)).succeeded;
  }

 private:
  void carry_out(const LeaderAction& action) {
    if (const auto* grant = std::get_if<GrantLease>(&action))
      input_ = store_.grant_lease(grant->ttl);
    if (const auto* take = std::get_if<TakeKey>(&action)) input_ = store_.commit(take->transaction);
    if (std::holds_alternative<LookAtKey>(action)) input_ = store_.get("/leader");
    if (const auto* keep = std::get_if<KeepLease>(&action)) input_ = store_.keep_lease(keep->id);
    if (const auto* end = std::get_if<RevokeLease>(&action)) input_ = store_.revoke_lease(end->id);
  }

  Store& store_;
  ManualClock& clock_;
  LeaderSteps steps_;
  LeaderInput input_ = NothingNew{};
  LeaderSteps::TimePoint wait_until_;
  bool is_resigning_ = false;
  bool resigned_ = false;
};

struct Election {
  ManualClock clock;
  MemoryStore store{[this] { return clock.now(); }};
  Contender a{store, clock, "a"};
  Contender b{store, clock, "b"};

  // Time goes by in small steps, in which both act.
  void run(milliseconds time) {
    for (milliseconds passed{0}; passed < time; passed += milliseconds(50)) {
      clock.move(milliseconds(50));
      a.settle();
      b.settle();
      REQUIRE_FALSE((a.leads() && b.leads()));
    }
  }
};

TEST_CASE("leader: the first who asks leads, and goes on leading") {
  Election election;
  election.a.settle();
  election.b.settle();
  REQUIRE(election.a.leads());
  const KeyCompare fence = election.a.term().fence;

  for (int i = 0; i < 60; ++i) {
    election.run(seconds(1));
    REQUIRE(election.a.leads());
    REQUIRE_FALSE(election.b.leads());
  }

  CHECK(election.a.term().fence.modified == fence.modified);
  CHECK(expect_value(election.store.get("/leader")).entry->value == "a");
  CHECK(election.a.write("mine"));
}

TEST_CASE("leader: who resigns is followed at the next look") {
  Election election;
  election.run(seconds(1));
  REQUIRE(election.a.leads());

  election.a.resign();
  election.a.settle();

  CHECK(election.a.has_resigned());
  CHECK_FALSE(election.a.leads());
  election.run(seconds(4));
  CHECK(election.b.leads());
}

TEST_CASE("leader: a leader that is out of reach stops before another begins") {
  Election election;
  election.run(seconds(1));
  REQUIRE(election.a.leads());
  const LeaderTerm old = election.a.term();
  bool a_acts = false;  // The store is out of reach for a alone.
  election.store.set_faults(
      [&](StoreCall) { return a_acts ? StoreFault::kUnavailable : StoreFault::kNone; });

  bool b_led = false;
  for (int i = 0; i < 400 && !b_led; ++i) {
    election.clock.move(milliseconds(50));
    a_acts = true;
    election.a.settle();
    a_acts = false;
    election.b.settle();
    REQUIRE_FALSE((election.a.leads() && election.b.leads()));
    b_led = election.b.leads();
  }

  REQUIRE(b_led);
  // What the old leader still has on its way is refused.
  Transaction late = old.begin();
  late.put("/decision", "late");
  CHECK_FALSE(expect_value(election.store.commit(late)).succeeded);
  CHECK(election.b.write("b's"));
  election.run(seconds(30));
  CHECK(election.b.leads());
}

TEST_CASE("leader: a leader that was paused finds that it leads no longer") {
  Election election;
  election.run(seconds(1));
  REQUIRE(election.a.leads());
  const LeaderTerm old = election.a.term();

  for (int i = 0; i < 200; ++i) {
    election.clock.move(milliseconds(50));
    election.b.settle();
  }
  REQUIRE(election.b.leads());

  CHECK_FALSE(election.a.leads());
  Transaction late = old.begin();
  late.put("/decision", "late");
  CHECK_FALSE(expect_value(election.store.commit(late)).succeeded);
  election.run(seconds(10));
  CHECK(election.b.leads());
}

TEST_CASE("leader: one whose taking was done but not answered leads") {
  Election election;
  int lost = 0;
  election.store.set_faults([&](StoreCall call) {
    const bool loses = call == StoreCall::kCommit && lost++ == 0;
    return loses ? StoreFault::kAnswerLost : StoreFault::kNone;
  });

  election.a.settle();
  election.b.settle();

  CHECK(election.a.leads());
  CHECK_FALSE(election.b.leads());
  CHECK(election.a.write("mine"));
}

TEST_CASE("leader: answers lost at random never make two leaders nor none for ever") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Election election;
    unsigned state = seed;
    const auto random = [&] {
      state = state * 1664525U + 1013904223U;
      return state >> 16U;
    };
    bool is_faulty = true;
    election.store.set_faults([&](StoreCall) {
      if (!is_faulty) return StoreFault::kNone;
      const unsigned value = random() % 10;
      return value == 0  ? StoreFault::kAnswerLost
             : value < 3 ? StoreFault::kUnavailable
                         : StoreFault::kNone;
    });

    Revision highest_fence = 0;
    for (int i = 0; i < 400; ++i) {
      election.run(milliseconds(50));
      for (Contender* each : {&election.a, &election.b}) {
        if (!each->leads()) continue;
        REQUIRE(each->term().fence.modified >= highest_fence);
        highest_fence = each->term().fence.modified;
      }
    }
    is_faulty = false;
    election.run(seconds(20));
    CHECK((election.a.leads() || election.b.leads()));
  }
}

TEST_CASE("leader: a key that is removed by hand ends the term") {
  Election election;
  election.run(seconds(1));
  REQUIRE(election.a.leads());
  const LeaderTerm old = election.a.term();

  expect_value(election.store.commit(Transaction{}.remove("/leader")));

  Transaction refused = old.begin();
  refused.put("/decision", "x");
  CHECK_FALSE(expect_value(election.store.commit(refused)).succeeded);
  election.run(seconds(10));
  CHECK((election.a.leads() || election.b.leads()));
  CHECK(expect_value(election.store.get("/leader")).entry->modified > old.fence.modified);
}

}  // namespace
}  // namespace ikada
