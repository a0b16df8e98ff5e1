#include "runtime/monitor/options.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("monitor options survive the way through JSON") {
  MonitorOptions options;
  options.id = "web-1";
  options.bundle = "/b";
  options.state_root = "/s";
  options.log_path = "/l";
  options.log_max_bytes = 1000;
  options.log_max_files = 3;
  options.attach_socket = "/a";
  options.exit_path = "/e";
  options.terminal = true;
  options.open_stdin = true;
  options.stdin_once = true;
  options.network = Json{{"bridge", "ikada0"}};
  options.cleanup_command = {"ikada", "container-cleanup", "web-1"};

  const auto parsed = parse_monitor_options(to_json(options));

  REQUIRE(parsed.has_value());
  CHECK(to_json(*parsed) == to_json(options));
}

TEST_CASE("monitor options without an id are refused") {
  const auto parsed = parse_monitor_options(Json{{"bundle", "/b"}, {"state_root", "/s"}});

  REQUIRE_FALSE(parsed.has_value());
  CHECK(parsed.error().message == "monitor options: id: missing");
}

TEST_CASE("an exit record survives the way through JSON") {
  const ExitRecord record{.exit_code = 137, .signal = 9, .oom_killed = true, .finished_at = 42};

  const auto parsed = parse_exit_record(to_json(record));

  REQUIRE(parsed.has_value());
  CHECK(parsed->exit_code == 137);
  CHECK(parsed->signal == 9);
  CHECK(parsed->oom_killed);
  CHECK(parsed->finished_at == 42);
}

}  // namespace ikada
