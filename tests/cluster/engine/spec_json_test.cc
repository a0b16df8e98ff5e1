#include "cluster/engine/spec_json.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("a spec survives its JSON") {
  ContainerSpec spec;
  spec.name = "web";
  spec.entrypoint = std::vector<std::string>{};
  spec.env = {"A=1"};
  spec.labels = {{"k", "v"}};
  spec.mounts = {{.type = MountSpec::Type::kTmpfs, .destination = "/t", .options = {"size=1m"}},
                 {.type = MountSpec::Type::kVolume, .source = "v", .destination = "/v"}};
  spec.stop_timeout_s = 0;
  spec.resources.pids = -1;
  spec.resources.memory_swap_bytes = -1;
  spec.security.privileged = true;
  spec.network.mode = "none";
  spec.network.ports = {{.host_ip = "127.0.0.1", .host_port = 65535, .container_port = 80}};
  spec.ulimits = {{"core", 0, -1}};

  const Result<ContainerSpec> parsed = parse_container_spec(to_json(spec));

  REQUIRE(parsed.has_value());
  CHECK(to_json(*parsed) == to_json(spec));
  CHECK(parsed->entrypoint.has_value());
  CHECK(parsed->stop_timeout_s == 0);
  CHECK(parsed->network.ports[0].host_port == 65535);
  CHECK(parsed->mounts[0].type == MountSpec::Type::kTmpfs);
}

TEST_CASE("a default spec has its defaults again") {
  const Result<ContainerSpec> parsed = parse_container_spec(Json::object());

  REQUIRE(parsed.has_value());
  CHECK(parsed->network.mode == "bridge");
  CHECK(parsed->shm_bytes == 64 << 20);
}

TEST_CASE("a spec with wrong types is refused") {
  CHECK_FALSE(parse_container_spec(Json{{"env", "A=1"}}).has_value());
  CHECK_FALSE(parse_container_spec(Json{{"network", Json::array()}}).has_value());
}

}  // namespace ikada
