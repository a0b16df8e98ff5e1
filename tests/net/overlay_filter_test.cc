#include "net/overlay_filter.h"

#include <doctest/doctest.h>

#include "tests/golden_file.h"

namespace ikada {
namespace {

const TaskSource kTask = {.host_interface = "vk0123456789", .address = 0x0a780305};

TEST_CASE("the tables have the rules, the other hosts and the tasks") {
  const OverlayConfig config = {
      .pool = parse_ipv4_subnet("10.120.0.0/16").value(),
      .subnet = parse_ipv4_subnet("10.120.3.0/24").value(),
      .address = 0xc0000203,
      .vni = 7440,
      .port = 4789,
      .peers = {{.address = 0xc0000207, .subnet = parse_ipv4_subnet("10.120.4.0/24").value()}}};

  check_golden("net/task_tables.nft", plan_task_tables(config, std::span(&kTask, 1)));
}

TEST_CASE("a task is an element of two sets") {
  CHECK(plan_add_source(kTask) ==
        "add element bridge ikada_tasks ports { \"vk0123456789\" }\n"
        "add element bridge ikada_tasks sources "
        "{ \"vk0123456789\" . 02:42:0a:78:03:05 . 10.120.3.5 }\n");
  CHECK(plan_delete_source(kTask).find("delete element bridge ikada_tasks ports") == 0);
}

TEST_CASE("a host is one element of a set and one of a map") {
  const std::vector<OverlayPeer> removed = {
      {.address = 0xc0000207, .subnet = parse_ipv4_subnet("10.120.4.0/24").value()}};
  const std::vector<OverlayPeer> added = {
      {.address = 0xc0000208, .subnet = parse_ipv4_subnet("10.120.5.0/24").value()}};

  CHECK(plan_peer_changes(removed, added) ==
        "delete element ip ikada_tasks peers { 192.0.2.7 }\n"
        "delete element ip ikada_tasks carriers { 02:49:0a:78:04:01 : 0x4b017804 }\n"
        "add element ip ikada_tasks peers { 192.0.2.8 }\n"
        "add element ip ikada_tasks carriers { 02:49:0a:78:05:01 : 0x4b017805 }\n");
}

TEST_CASE("programs of a host whose address is another's are not sent what was for them") {
  const OverlayConfig config = {.pool = parse_ipv4_subnet("10.120.0.0/16").value(),
                                .subnet = parse_ipv4_subnet("10.120.3.0/24").value(),
                                .address = 0xc0000203,
                                .is_address_local = false,
                                .vni = 7440,
                                .port = 4789,
                                .peers = {}};

  CHECK(plan_task_tables(config, {}).find("192.0.2.3") == std::string::npos);
}

}  // namespace
}  // namespace ikada
