#include "cluster/daemon/agent_config.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("an empty agent configuration has the defaults") {
  const Result<AgentConfig> config = parse_agent_config("");

  REQUIRE(config.has_value());
  CHECK(config->runs_tasks);
  CHECK(config->instance.cluster == "default");
  CHECK(config->instance.reserved_memory_mib == 32);
  CHECK(config->pull == PullPolicy::kMissing);
  CHECK(config->must_limit);
  CHECK(config->retention == std::chrono::hours(3));
}

TEST_CASE("an agent configuration says what the host is and does") {
  const Result<AgentConfig> config = parse_agent_config(
      "cluster: web\navailability_zone: rack-7\nattributes: {disk: ssd, rank: 3}\n"
      "reserved_memory_mib: 512\npull: always\nlimits: ignore\nretention_s: 60\nrun_tasks: false\n"
      "log_store_mib: 2");

  REQUIRE(config.has_value());
  AgentOptions options;
  apply_agent_config(*config, options);
  CHECK_FALSE(config->runs_tasks);
  CHECK(config->log_store_bytes == 2U << 20);
  CHECK(options.instance.cluster == "web");
  CHECK(options.instance.availability_zone == "rack-7");
  REQUIRE(options.instance.attributes.size() == 2);
  CHECK(options.instance.attributes[1].value == "3");
  CHECK(options.instance.reserved_memory_mib == 512);
  CHECK(options.runner.actions.pull == PullPolicy::kAlways);
  CHECK_FALSE(options.must_limit);
  CHECK(options.runner.retention == std::chrono::seconds(60));
}

TEST_CASE("a mistake in an agent configuration is told with its key") {
  const auto message = [](const char* text) {
    const Result<AgentConfig> config = parse_agent_config(text);
    return config.has_value() ? std::string() : config.error().message;
  };

  CHECK(message("color: red") == "color: unknown key");
  CHECK(message("pull: never") == "pull: expected always or missing");
  CHECK(message("limits: no") == "limits: expected enforce or ignore");
  CHECK(message("cluster: a/b") == "cluster: not a cluster's name");
  CHECK(message("- a") == "expected a map");
  CHECK(message("attributes: x") == "attributes: expected a map");
  CHECK(message("retention_s: -1").starts_with("retention_s: "));
  CHECK_FALSE(message("a: [").empty());
}

TEST_CASE("a host without an agent configuration does what is the default") {
  CHECK(load_agent_config("/nonexistent/agent.yaml", true).value().runs_tasks);
  CHECK_FALSE(load_agent_config("/nonexistent/agent.yaml", false).value().runs_tasks);
}

}  // namespace ikada
