#include "cluster/loadbalancing/proxy_changes.h"

#include <doctest/doctest.h>

#include "cluster/loadbalancing/group_config.h"
#include "runtime/base/text.h"
#include "tests/cluster/loadbalancing/sample_plan.h"

namespace ikada {
namespace {

// A plan of one target, and what HAProxy says of it.
struct Situation {
  Situation() {
    plan = make_plan();
    plan.groups.front().targets.pop_back();
    name = server_name(target());
  }
  PlannedTarget& target() { return plan.groups.front().targets.front(); }
  ProxyServer& checked() { return status.servers["g:web"][name]; }
  ProxyServer& open() { return status.servers["o:web"][name]; }

  // The commands, with the server's name as S.
  std::vector<std::string> changes() const {
    std::vector<std::string> commands = proxy_changes(status, plan);
    for (std::string& command : commands) {
      for (size_t at; (at = command.find(name)) != std::string::npos;) {
        command.replace(at, name.size(), "S");
      }
    }
    return commands;
  }

  BalancerPlan plan;
  ProxyStatus status;
  std::string name;
};

using Commands = std::vector<std::string>;

ProxyServer server(const char* state, const char* check, int weight) {
  return {.status = state, .check_status = check, .weight = weight};
}

}  // namespace

TEST_CASE("a new target comes without weight and is checked") {
  const Situation now;

  CHECK(now.changes() ==
        Commands{"add server g:web/S 10.0.0.1:8080 weight 100 check inter 30s rise 5 fall 2 "
                 "check-proto h1 pool-max-conn -1 pool-purge-delay 5s",
                 "set server g:web/S weight 0; enable health g:web/S; "
                 "set server g:web/S state ready; set server g:web/S health up"});
}

TEST_CASE("a target gets no requests before a check has passed") {
  Situation now;
  now.checked() = server("UP", "INI", 0);

  CHECK(now.changes().empty());

  now.checked() = server("UP", "L7OK", 0);
  CHECK(now.changes() ==
        Commands{"set server g:web/S weight 100",
                 "add server o:web/S 10.0.0.1:8080 weight 100 pool-max-conn -1 pool-purge-delay 5s",
                 "set server o:web/S state ready"});
}

TEST_CASE("one whose checks failed is there for when all are unhealthy") {
  Situation now;
  now.checked() = server("DOWN", "L4CON", 0);

  CHECK(now.changes() ==
        Commands{"add server o:web/S 10.0.0.1:8080 weight 100 pool-max-conn -1 pool-purge-delay 5s",
                 "set server o:web/S state ready"});
}

TEST_CASE("nothing is changed of a target that serves, or has failed") {
  Situation now;
  now.open() = server("no check", "", 100);
  for (const char* state : {"UP", "UP 1/2", "DOWN", "DOWN 1/5"}) {
    now.checked() = server(state, "L7OK", 100);
    CHECK(now.changes().empty());
  }
}

TEST_CASE("a server whose bringing up was cut off is brought up") {
  Situation now;
  now.checked() = server("MAINT", "", 100);

  REQUIRE(now.changes().size() == 1);
  CHECK(now.changes()[0].starts_with("set server g:web/S weight 0; enable health"));
}

TEST_CASE("a draining target is drained, then deleted when nothing is left") {
  Situation now;
  now.target().draining = true;
  now.checked() = server("UP", "L7OK", 100);
  now.open() = server("no check", "", 100);
  CHECK(now.changes() ==
        Commands{"set server g:web/S state drain", "set server o:web/S state drain"});

  now.checked().status = now.open().status = "DRAIN";
  now.open().sessions = 1;
  CHECK(now.changes().empty());

  now.open().sessions = 0;
  CHECK(now.changes() == Commands{"set server g:web/S state maint",
                                  "del server g:web/S",
                                  "set server o:web/S state maint",
                                  "del server o:web/S"});

  now.status = {};
  CHECK(now.changes().empty());
}

TEST_CASE("a draining target that is down is taken out, too") {
  Situation now;
  now.target().draining = true;
  now.checked() = server("DOWN", "L7STS", 100);
  CHECK(now.changes() == Commands{"set server g:web/S state maint"});

  now.checked().status = "MAINT";
  now.checked().sessions = 1;
  CHECK(now.changes().empty());

  now.checked().sessions = 0;
  CHECK(now.changes() == Commands{"set server g:web/S state maint", "del server g:web/S"});
}

TEST_CASE("a cookie does not lead to a draining target") {
  Situation now;
  now.plan.groups.front().attributes = {{"stickiness.enabled", "true"}};
  now.target().draining = true;
  now.checked() = server("UP", "L7OK", 100);

  CHECK(now.changes() == Commands{"set server g:web/S state maint"});
}

TEST_CASE("a target that serves again after draining is ready at once") {
  Situation now;
  now.checked() = server("DRAIN", "L7OK", 100);
  now.open() = server("DRAIN", "", 100);

  CHECK(now.changes() == Commands{"set server g:web/S state ready"});

  now.checked().status = "UP";
  CHECK(now.changes() == Commands{"set server o:web/S state ready"});
}

TEST_CASE("what the plan does not have is ended and deleted") {
  Situation now;
  now.checked() = server("UP", "L7OK", 100);
  now.checked().sessions = 3;
  now.plan.groups.front().targets.clear();

  CHECK(now.changes() == Commands{"set server g:web/S state maint",
                                  "shutdown sessions server g:web/S",
                                  "del server g:web/S"});
}

TEST_CASE("a target at another address is another server") {
  Situation now;
  now.checked() = server("UP", "L7OK", 100);
  now.target().port = 9090;

  const Commands commands = now.changes();

  REQUIRE(commands.size() == 4);
  CHECK(commands[0].find("10.0.0.1:9090") != std::string::npos);
  CHECK(commands[3] == "del server g:web/S");
}

TEST_CASE("without health checks a target serves at once") {
  Situation now;
  now.plan.groups.front().health_check.enabled = false;
  CHECK(now.changes()[1] == "set server g:web/S state ready");

  now.checked() = server("no check", "", 100);
  now.open() = server("no check", "", 100);
  CHECK(now.changes().empty());
}

TEST_CASE("the file keeps servers with what is known of them") {
  Situation now;
  now.checked() = server("UP", "L7OK", 100);
  now.open() = server("no check", "", 100);

  ConfiguredServers kept = servers_to_keep(now.status, now.plan);
  CHECK(kept["g:web"] == std::vector<ConfiguredServer>{
                             {.name = now.name, .address = "10.0.0.1:8080", .weight = 100}});
  CHECK(kept["o:web"].size() == 1);

  now.checked().status = "DOWN";
  CHECK(servers_to_keep(now.status, now.plan)["g:web"].front().weight == 0);
  now.target().draining = true;
  CHECK(servers_to_keep(now.status, now.plan).empty());
}

}  // namespace ikada
