#include "cluster/scheduler/cluster_view.h"

#include <map>

#include <doctest/doctest.h>

#include "tests/cluster/scheduler/naive_placement.h"

namespace ikada::scheduler {
namespace {

Host host(const std::string& id, const std::string& zone, std::uint32_t cpu = 1024) {
  return {.id = id,
          .total = {.cpu = cpu, .memory_mib = 2048, .gpu = 0, .eni = 10},
          .reserved_ports = {{.protocol = Protocol::kTcp, .port = 22}},
          .attributes = {{"zone", zone}},
          .agent_version = "1.75.0",
          .ec2_instance_id = ""};
}

Request request(std::vector<Strategy> strategies, std::uint32_t cpu = 128) {
  return {.shape = {.resources = {.cpu = cpu, .memory_mib = 128}, .ports = {}},
          .group = "service:web",
          .required_attributes = {},
          .member_of = {},
          .strategies = std::move(strategies)};
}

Strategy spread_zones() { return {.kind = StrategyKind::kSpreadAttribute, .attribute = "zone"}; }

std::vector<TaskId> ids(std::uint64_t first, size_t count) {
  std::vector<TaskId> result(count);
  for (TaskId& id : result) id.low = first++;
  return result;
}

// How many tasks each host got.
std::map<std::string, int> place(ClusterView& view, const Request& what, size_t count) {
  Prng prng(5);
  std::map<std::string, int> counts;
  const auto slots = view.place(what, ids(1000, count), prng);
  REQUIRE(slots.has_value());
  for (const HostSlot slot : *slots) ++counts[view.host_id(slot)];
  return counts;
}

// A random host of few kinds, so that ties and equal attributes are frequent.
Host random_host(Prng& prng, std::uint32_t number) {
  Host made{.id = "host" + std::to_string(number),
            .total = {.cpu = 256 * (1 + prng.below(4)),
                      .memory_mib = 256 * (1 + prng.below(4)),
                      .gpu = prng.below(2),
                      .eni = prng.below(4)},
            .reserved_ports = {},
            .attributes = {},
            .status = prng.below(8) == 0 ? HostStatus::kDraining : HostStatus::kActive,
            .agent_connected = prng.below(8) != 0,
            .disk_pressure = prng.below(16) == 0,
            .agent_version = prng.below(2) == 0 ? "1.9" : "1.10",
            .ec2_instance_id = ""};
  if (prng.below(5) != 0) made.attributes["zone"] = std::string(1, "abc"[prng.below(3)]);
  if (prng.below(2) != 0) made.attributes["disk"] = prng.below(2) != 0 ? "ssd" : "hdd";
  if (prng.below(2) != 0) {
    made.reserved_ports.push_back({.protocol = Protocol::kTcp, .port = 80});
  }
  return made;
}

Strategy random_strategy(Prng& prng) {
  switch (prng.below(6)) {
    case 0:
      return {.kind = StrategyKind::kRandom, .attribute = ""};
    case 1:
      return {.kind = StrategyKind::kSpreadHosts, .attribute = ""};
    case 2:
      return {.kind = StrategyKind::kBinpackCpu, .attribute = ""};
    case 3:
      return {.kind = StrategyKind::kBinpackMemory, .attribute = ""};
    case 4:
      return {.kind = StrategyKind::kSpreadAttribute, .attribute = "zone"};
    default:
      return {.kind = StrategyKind::kSpreadAttribute, .attribute = "disk"};
  }
}

Request random_request(Prng& prng) {
  static const std::vector<Query> queries = {
      Query::parse("attribute:disk == ssd").value(),
      Query::parse("attribute:zone in [a, b] or runningTasksCount < 2").value(),
      Query::parse("not (task:group == g1)").value(),
      Query::parse("agentVersion >= 1.10").value()};
  Request made;
  made.shape.resources = {.cpu = 64 * prng.below(4),
                          .memory_mib = 64 * prng.below(4),
                          .gpu = prng.below(6) == 0 ? 1U : 0U,
                          .eni = prng.below(3) == 0 ? 1U : 0U};
  if (prng.below(4) == 0) {
    made.shape.ports.push_back(
        {.protocol = Protocol::kTcp, .port = static_cast<std::uint16_t>(80 + prng.below(3))});
  }
  made.group = "g" + std::to_string(prng.below(3));
  if (prng.below(4) == 0) {
    made.required_attributes.push_back({.name = "disk", .value = std::nullopt});
  }
  made.distinct_instance = prng.below(5) == 0;
  if (prng.below(3) == 0) made.member_of.push_back(queries[prng.below(4)]);
  for (std::uint32_t i = prng.below(4); i > 0; --i) {
    made.strategies.push_back(random_strategy(prng));
  }
  return made;
}

}  // namespace

TEST_CASE("spread puts tasks evenly over zones and hosts") {
  ClusterView view;
  for (const char* id : {"a1", "a2", "a3", "a4", "b1", "b2", "c1"}) {
    REQUIRE(view.put_host(host(id, std::string(1, id[0]), 4096)).has_value());
  }

  const auto counts = place(
      view, request({spread_zones(), {.kind = StrategyKind::kSpreadHosts, .attribute = ""}}), 24);

  CHECK(counts == std::map<std::string, int>{
                      {"a1", 2}, {"a2", 2}, {"a3", 2}, {"a4", 2}, {"b1", 4}, {"b2", 4}, {"c1", 8}});
}

TEST_CASE("binpack fills one host before it begins the next") {
  ClusterView view;
  REQUIRE(view.put_host(host("large", "a", 4096)).has_value());
  REQUIRE(view.put_host(host("small", "a", 512)).has_value());
  REQUIRE(view.put_host(host("middle", "a", 1024)).has_value());

  const auto counts =
      place(view, request({{.kind = StrategyKind::kBinpackCpu, .attribute = ""}}), 5);

  CHECK(counts == std::map<std::string, int>{{"small", 4}, {"middle", 1}});
}

TEST_CASE("random placement reaches every host about equally") {
  ClusterView view;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(view.put_host(host("h" + std::to_string(i), "a", 1 << 20)).has_value());
  }

  const auto counts = place(view, request({}, 1), 1000);

  // Memory lets 16 tasks on each; all are used.
  CHECK(counts.size() == 10);
  for (const auto& [id, count] : counts) CHECK(count == 16);

  std::map<std::string, int> first;
  Prng prng(3);
  for (int turn = 0; turn < 2000; ++turn) {
    const TaskId id{.high = 1, .low = static_cast<std::uint64_t>(turn)};
    const TaskId old{.high = 0, .low = 1000};
    view.remove_task(old);
    for (const TaskId& each : ids(1000, 1000)) view.remove_task(each);
    const auto slots = view.place(request({}, 1), {&id, 1}, prng);
    REQUIRE(slots->size() == 1);
    ++first[view.host_id(slots->front())];
    view.remove_task(id);
  }
  for (const auto& [id, count] : first) {
    CHECK(count > 130);
    CHECK(count < 270);
  }
}

TEST_CASE("distinctInstance gives each host one task of the group") {
  ClusterView view;
  for (const char* id : {"h1", "h2", "h3"}) REQUIRE(view.put_host(host(id, "a")).has_value());
  Request distinct = request({});
  distinct.distinct_instance = true;

  CHECK(place(view, distinct, 5) == std::map<std::string, int>{{"h1", 1}, {"h2", 1}, {"h3", 1}});
  distinct.group = "service:other";
  Prng prng(1);
  CHECK(view.place(distinct, ids(1, 1), prng)->size() == 1);
}

TEST_CASE("a fixed port is on a host once, and a task that goes gives it back") {
  ClusterView view;
  for (const char* id : {"h1", "h2"}) REQUIRE(view.put_host(host(id, "a")).has_value());
  Request with_port = request({});
  with_port.shape.ports = {{.protocol = Protocol::kTcp, .port = 80}};
  Prng prng(1);

  CHECK(view.place(with_port, ids(1, 3), prng)->size() == 2);
  CHECK(view.remove_task({.high = 0, .low = 2}));
  CHECK_FALSE(view.remove_task({.high = 0, .low = 2}));
  CHECK(view.place(with_port, ids(5, 1), prng)->size() == 1);
  with_port.shape.ports[0].protocol = Protocol::kUdp;
  CHECK(view.place(with_port, ids(6, 1), prng)->size() == 1);
  with_port.shape.ports = {{.protocol = Protocol::kTcp, .port = 22}};
  CHECK(view.place(with_port, ids(7, 1), prng)->empty());
}

TEST_CASE("start takes the named host or says why not") {
  ClusterView view;
  Host draining = host("draining", "a");
  draining.status = HostStatus::kDraining;
  REQUIRE(view.put_host(draining).has_value());
  REQUIRE(view.put_host(host("h1", "a", 200)).has_value());
  const std::vector<TaskId> tasks = ids(1, 3);

  CHECK(view.start(request({}), tasks[0], "h1").value() == Obstacle::kNone);
  CHECK(view.start(request({}), tasks[1], "h1").value() == Obstacle::kCpu);
  CHECK(view.start(request({}), tasks[1], "draining").value() == Obstacle::kDraining);
  CHECK(view.start(request({}), tasks[1], "none").error().kind == ErrorKind::kNotFound);
  CHECK(view.start(request({}), tasks[0], "h1").error().kind == ErrorKind::kConflict);
}

TEST_CASE("facts are taken even if they do not fit") {
  ClusterView view;
  REQUIRE(view.put_host(host("h1", "a", 100)).has_value());
  const TaskShape large = {.resources = {.cpu = 500, .memory_mib = 1}, .ports = {}};
  const TaskId id{.high = 1, .low = 1};

  CHECK(view.add_task(id, "h1", large, "g").has_value());
  CHECK(view.add_task(id, "h1", large, "g").has_value());
  CHECK(view.add_task(id, "h2", large, "g").error().kind == ErrorKind::kNotFound);
  REQUIRE(view.put_host(host("h2", "a")).has_value());
  CHECK(view.add_task(id, "h2", large, "g").error().kind == ErrorKind::kConflict);
  CHECK(place(view, request({}, 0), 100) == std::map<std::string, int>{{"h2", 16}});

  CHECK(view.remove_task(id));
  CHECK(view.state().hosts.state(view.state().hosts.find("h1")).free_cpu == 100);
}

TEST_CASE("a host that goes takes its tasks with it, and its place is used again") {
  ClusterView view;
  REQUIRE(view.put_host(host("h1", "a")).has_value());
  Prng prng(1);
  REQUIRE(view.place(request({spread_zones()}), ids(1, 8), prng)->size() == 8);

  CHECK(view.remove_host("h1"));
  CHECK_FALSE(view.remove_host("h1"));
  CHECK(view.state().tasks.size() == 0);
  CHECK(view.place(request({spread_zones()}), ids(1, 1), prng)->empty());
  REQUIRE(view.put_host(host("h2", "b")).has_value());
  CHECK(view.place(request({spread_zones()}), ids(1, 9), prng)->size() == 8);
}

TEST_CASE("requests that break a limit and tasks that are there are errors") {
  ClusterView view;
  REQUIRE(view.put_host(host("h1", "a")).has_value());
  Prng prng(1);
  Request wrong = request({});
  wrong.strategies.resize(6);

  CHECK(view.place(wrong, ids(1, 1), prng).error().kind == ErrorKind::kInvalid);
  CHECK(view.place(request({}), ids(1, 1), prng)->size() == 1);
  CHECK(view.place(request({}), ids(1, 1), prng).error().kind == ErrorKind::kConflict);
  const std::vector<TaskId> twice = {{.high = 1, .low = 9}, {.high = 1, .low = 9}};
  CHECK(view.place(request({}), twice, prng).error().kind == ErrorKind::kConflict);
  CHECK(view.state().tasks.size() == 1);
  Host large = host("h2", "a");
  large.total.cpu = UINT32_MAX;
  CHECK(view.put_host(large).error().kind == ErrorKind::kInvalid);
}

// One random history; whatever the view decides, the reference decides too.
void check_history(std::uint64_t seed, std::uint32_t hosts, int turns) {
  CAPTURE(seed);
  Prng prng(seed);
  Prng decisions(seed);
  Prng naive_decisions(seed);
  ClusterView view;
  NaiveCluster naive;
  std::vector<TaskId> running;
  std::vector<Request> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(random_request(prng));
  std::uint64_t next_task = 0;
  for (int turn = 0; turn < turns; ++turn) {
    const std::uint32_t what = prng.below(20);
    if (what < 3 || turn < static_cast<int>(hosts)) {
      const Host made = random_host(prng, prng.below(hosts));
      REQUIRE(view.put_host(made).has_value());
      naive.put_host(made);
    } else if (what == 3) {
      const std::string id = "host" + std::to_string(prng.below(hosts));
      view.remove_host(id);
      naive.remove_host(id);
    } else if (what < 9 && !running.empty()) {
      for (std::uint32_t i = prng.below(8); i > 0 && !running.empty(); --i) {
        const size_t which = prng.below(static_cast<std::uint32_t>(running.size()));
        view.remove_task(running[which]);
        naive.remove_task(running[which]);
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
      }
    } else {
      if (what == 19) requests[prng.below(4)] = random_request(prng);
      const Request& asked = requests[prng.below(4)];
      // One is found by scanning, many through an index.
      const std::vector<TaskId> tasks = ids(next_task, prng.below(3) == 0 ? 12 : 1);
      next_task += tasks.size();
      const auto slots = view.place(asked, tasks, decisions);
      REQUIRE(slots.has_value());
      for (size_t i = 0; i < tasks.size(); ++i) {
        const std::optional<std::string> expected = naive.place(asked, tasks[i], naive_decisions);
        REQUIRE(expected.has_value() == (i < slots->size()));
        if (!expected.has_value()) break;
        REQUIRE(view.host_id((*slots)[i]) == *expected);
        running.push_back(tasks[i]);
      }
    }
  }
}

TEST_CASE("every decision is the reference's, on small random clusters") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    check_history(seed, seed % 3 == 0 ? 40 : 6, 120);
  }
}

TEST_CASE("nothing is ever over-committed") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Prng prng(seed);
    ClusterView view;
    NaiveCluster facts;
    for (std::uint32_t i = 0; i < 12; ++i) {
      const Host made = random_host(prng, i);
      REQUIRE(view.put_host(made).has_value());
      facts.put_host(made);
    }
    std::uint64_t next_task = 0;
    for (int turn = 0; turn < 60; ++turn) {
      const Request asked = random_request(prng);
      const std::vector<TaskId> tasks = ids(next_task, 1 + prng.below(20));
      next_task += tasks.size();
      const auto slots = view.place(asked, tasks, prng);
      REQUIRE(slots.has_value());
      for (size_t i = 0; i < slots->size(); ++i) {
        facts.add_task(tasks[i], view.host_id((*slots)[i]), asked.shape, asked.group);
      }
      REQUIRE(facts.is_sound());
    }
  }
}

TEST_CASE("the same calls and the same seed give the same hosts") {
  std::vector<HostSlot> first;
  for (int run = 0; run < 2; ++run) {
    ClusterView view;
    Prng setup(9);
    for (std::uint32_t i = 0; i < 30; ++i) {
      REQUIRE(view.put_host(random_host(setup, i)).has_value());
    }
    Prng prng(77);
    std::vector<HostSlot> all;
    for (std::uint64_t turn = 0; turn < 30; ++turn) {
      const auto slots = view.place(request({}, 1), ids(turn * 10, 1 + turn % 10), prng);
      REQUIRE(slots.has_value());
      all.insert(all.end(), slots->begin(), slots->end());
    }
    if (run == 0) first = all;
    CHECK(all == first);
    CHECK(all.size() > 50);
  }
}

}  // namespace ikada::scheduler
