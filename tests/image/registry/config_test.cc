#include "image/registry/config.h"

#include <string>

#include <doctest/doctest.h>

namespace ikada::registry {
namespace {

TEST_CASE("an empty file is the defaults") {
  const Result<RegistryConfig> config = parse_registry_config("");

  REQUIRE(config.has_value());
  CHECK(config->address == "127.0.0.1:5000");
  CHECK_FALSE(config->access.has_users);
  CHECK_FALSE(config->garbage_interval.has_value());
}

TEST_CASE("every key is read") {
  const Result<RegistryConfig> config = parse_registry_config(R"(
address: "[::]:443"
root: /srv/registry
url: https://registry.example.com
tls: {certificate: /c.pem, key: /k.pem}
auth: {htpasswd: /h, realm: r, service: s, tokens: false, token_lifetime: 10m, anonymous_pull: true}
access:
  - {users: ada, repositories: ["team/**"], actions: [pull, push]}
quota:
  - {repositories: "team/**", size: 10g}
  - {size: 1t}
immutable_tags:
  - {tags: "v*"}
gc: {interval: 6h, grace: 2h, uploads: 2d, untagged: 30d}
limits: {connections: 7, blob: 5g, head_timeout: 3s, idle_timeout: 2m}
log: {requests: false}
)");

  REQUIRE_MESSAGE(config.has_value(), config.error().message);
  CHECK(config->root == "/srv/registry");
  CHECK(config->tls_key == "/k.pem");
  CHECK(config->access.has_users);
  CHECK(config->access.anonymous_pull);
  CHECK_FALSE(config->has_tokens);
  CHECK(config->token_lifetime.count() == 600);
  CHECK(config->access.rules[0].users == std::vector<std::string>{"ada"});
  CHECK(config->access.rules[0].actions == std::vector{Action::kPull, Action::kPush});
  CHECK(config->quotas[0].size_bytes == std::uint64_t{10} << 30);
  CHECK(config->quotas[1].repositories == std::vector<std::string>{"**"});
  CHECK(is_immutable(*config, "a/b", "v1.0"));
  CHECK_FALSE(is_immutable(*config, "a/b", "latest"));
  CHECK(config->garbage_interval->count() == 6 * 3600);
  CHECK(*config->garbage.untagged_age_s == 30 * 24 * 3600);
  CHECK(config->limits.connections == 7);
  CHECK_FALSE(config->logs_requests);
}

TEST_CASE("mistakes are named") {
  const auto message = [](const char* yaml) {
    const Result<RegistryConfig> config = parse_registry_config(yaml);
    return config.has_value() ? std::string() : config.error().message;
  };

  CHECK(message("colour: blue") == "unknown key colour");
  CHECK(message("tls: {cert: x}") == "tls: unknown key cert");
  CHECK(message("tls: {certificate: x}") == "tls: needs both certificate and key");
  CHECK(message("gc: {grace: 5}").starts_with("gc: grace: invalid duration '5'"));
  CHECK(message("access: [{users: a, repositories: b, actions: fly}]").find("unknown action fly") !=
        std::string::npos);
  CHECK(message("access: [{users: a, repositories: b, actions: pull}]") ==
        "access: needs auth.htpasswd, or nobody has a name");
  CHECK(message("quota: {size: 5}") == "quota: expected a list");
  CHECK(message("a: [").starts_with("line "));
}

TEST_CASE("addresses and durations") {
  CHECK(parse_listen_address("127.0.0.1:5000")->port == 5000);
  CHECK(parse_listen_address("[::1]:0")->host == "::1");
  CHECK(parse_listen_address(":80")->host.empty());
  CHECK(is_loopback(*parse_listen_address("localhost:5000")));
  CHECK(is_loopback(*parse_listen_address("[::1]:5000")));
  CHECK_FALSE(is_loopback(*parse_listen_address(":5000")));
  CHECK_FALSE(is_loopback(*parse_listen_address("0.0.0.0:5000")));
  for (const char* bad : {"", "5000", "a:b", "::1:5000", "x:70000"}) {
    CHECK_FALSE(parse_listen_address(bad).has_value());
  }
  CHECK(parse_duration("90s")->count() == 90);
  CHECK(parse_duration("7d")->count() == 7 * 24 * 3600);
  for (const char* bad : {"", "s", "5", "-5s", "5w", "1.5h", "99999999999999999999d"}) {
    CHECK_FALSE(parse_duration(bad).has_value());
  }
}

}  // namespace
}  // namespace ikada::registry
