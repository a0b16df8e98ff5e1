#include "runtime/mount/devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

const DeviceNode* find(const DevicePlan& plan, std::string_view name) {
  for (const DeviceNode& each : plan.nodes) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

TEST_CASE("every container has the devices of the specification") {
  const DevicePlan plan = plan_devices({}, {});

  CHECK(plan.nodes.size() == 6);
  REQUIRE(find(plan, "null") != nullptr);
  CHECK(find(plan, "null")->device == makedev(1, 3));
  CHECK(plan.links.size() >= 5);
}

TEST_CASE("the config may add devices and change default ones") {
  OciConfig config;
  config.linux_part.devices = {
      {.path = "/dev/net/tun", .mode = S_IFCHR | 0600, .major = 10, .minor = 200},
      {.path = "/dev/tty", .mode = S_IFCHR | 0620, .major = 5, .minor = 0}};

  const DevicePlan plan = plan_devices(config, {});

  CHECK(plan.nodes.size() == 7);
  CHECK(find(plan, "tun")->directory == "/dev/net");
  CHECK(find(plan, "tty")->mode == (S_IFCHR | 0620));
}

TEST_CASE("a bound /dev is left as it is") {
  MountPlan mounts;
  mounts.operations.resize(1);
  mounts.operations[0].kind = MountKind::kBind;
  mounts.operations[0].destination = "/dev";

  const DevicePlan plan = plan_devices({}, mounts);

  CHECK(plan.nodes.empty());
  CHECK(plan.links.empty());
}

}  // namespace
}  // namespace ikada
