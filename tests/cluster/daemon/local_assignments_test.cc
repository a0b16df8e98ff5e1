#include "cluster/daemon/local_assignments.h"

#include <doctest/doctest.h>

#include "cluster/state/record_key.h"

namespace ikada {
namespace {

constexpr Timestamp kNow{1'000'000};

ContainerInstance make_host() {
  ContainerInstance host;
  host.cluster = "default";
  host.registered_resources = {{.name = "CPU", .type = "INTEGER", .integer_value = 2048}};
  host.attributes = {{.name = "ecs.os-type", .value = "linux"}};
  return host;
}

}  // namespace

TEST_CASE("a host that enlists for the first time is registered now") {
  const ContainerInstance record = plan_enlisted(make_host(), nullptr, kNow);

  CHECK(record.agent_connected);
  CHECK(record.registered_at->milliseconds == kNow.milliseconds);
  CHECK(record.status == "ACTIVE");
}

TEST_CASE("a host that enlists again keeps what was set through the API") {
  ContainerInstance known = plan_enlisted(make_host(), nullptr, kNow);
  known.id = "i";
  known.status = "DRAINING";
  known.attributes.push_back({.name = "disk", .value = "ssd"});
  known.tags = {{"k", "v"}};
  ContainerInstance host = make_host();
  host.registered_resources[0].integer_value = 4096;
  host.attributes[0].value = "Linux";

  const ContainerInstance record = plan_enlisted(host, &known, Timestamp{2'000'000});

  CHECK(record.id == "i");
  CHECK(record.status == "DRAINING");
  CHECK(record.registered_at->milliseconds == kNow.milliseconds);
  CHECK(record.tags.size() == 1);
  REQUIRE(record.attributes.size() == 2);
  CHECK(record.attributes[0].value == "Linux");
  CHECK(record.attributes[1].value == "ssd");
  CHECK(record.registered_resources[0].integer_value == 4096);
  CHECK(record.version == known.version + 1);
}

TEST_CASE("a host is known by the id that it kept, and by the one that it would make") {
  const Scope home{.account = "1", .region = "r"};
  State state;
  ContainerInstance host = make_host();
  host.id = "kept";
  const ScopeState& scope = state.scope(home);
  CHECK(find_enlisted(scope, host, "node") == nullptr);

  const auto put = [&](const std::string& id, std::int64_t revision) {
    ContainerInstance record = make_host();
    record.id = id;
    const std::string key = instance_key(home, "default", id);
    REQUIRE(state.apply(key, to_json(record).dump(), revision).has_value());
  };
  // The store has the instance, but the host has not heard so.
  put("node", 1);
  const Kept<ContainerInstance>* known = find_enlisted(state.scope(home), host, "node");
  REQUIRE(known != nullptr);
  CHECK(known->value.id == "node");
  put("kept", 2);
  CHECK(find_enlisted(state.scope(home), host, "node")->value.id == "kept");
  host.cluster = "other";
  CHECK(find_enlisted(state.scope(home), host, "node") == nullptr);
}

TEST_CASE("a host that enlists again as it was changes nothing") {
  const ContainerInstance known = plan_enlisted(make_host(), nullptr, kNow);

  const ContainerInstance record = plan_enlisted(make_host(), &known, Timestamp{2'000'000});

  CHECK(to_json(record) == to_json(known));
}

}  // namespace ikada
