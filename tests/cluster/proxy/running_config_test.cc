#include "cluster/proxy/running_config.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("old workers are read from the master's list, the eldest first") {
  const auto old = old_worker_pids(
      "#<PID>          <type>          <reloads>       <uptime>        <version>\n"
      "12390           master          2 [failed: 0]   0d00h00m39s     2.6.12\n"
      "# workers\n"
      "16249           worker          0               0d00h00m02s     2.6.12\n"
      "# old workers\n"
      "16101           worker          1               0d00h00m09s     2.6.12\n"
      "15900           worker          2               0d00h00m39s     2.6.12\n"
      "# programs\n");

  CHECK(old == std::vector<std::string>{"15900", "16101"});
  CHECK(old_worker_pids("# workers\n7  worker\n# programs\n").empty());
}

TEST_CASE("what the worker could not tell of is read from what it says of itself") {
  CHECK(untold_requests("Name: HAProxy\nDroppedLogs: 17\nBusyPolling: 0\n") == 17);
  CHECK(untold_requests("Name: HAProxy\n") == 0);
}

TEST_CASE("a file of ours tells its hash") {
  CHECK(config_hash_in("global\n  description ikada-0123\n") == "0123");
  CHECK(config_hash_in("global\n  maxconn 7\n").empty());
}

TEST_CASE("where a file of ours listens is read back from it") {
  const auto places = bind_places_in(
      "frontend l:a\n  bind 0.0.0.0:80\n"
      "frontend l:b\n  bind 10.0.0.1:443 transparent ssl crt x\n  http-request deny\n");

  CHECK(places == std::set<std::string>{"0.0.0.0:80", "10.0.0.1:443"});
}

}  // namespace ikada
