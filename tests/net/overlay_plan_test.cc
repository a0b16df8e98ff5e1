#include "net/overlay_plan.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Kind = OverlayEntry::Kind;

OverlayConfig make_config(std::vector<OverlayPeer> peers) {
  return {.pool = parse_ipv4_subnet("10.120.0.0/16").value(),
          .subnet = parse_ipv4_subnet("10.120.3.0/24").value(),
          .address = parse_ipv4("192.0.2.3").value(),
          .vni = 7440,
          .port = 4789,
          .peers = std::move(peers)};
}

OverlayPeer make_peer(const char* address, const char* subnet) {
  return {.address = parse_ipv4(address).value(), .subnet = parse_ipv4_subnet(subnet).value()};
}

std::vector<std::string> texts_of(std::span<const OverlayEntry> entries) {
  constexpr const char* kWords[] = {"forward", "neighbour", "route", "unreachable"};
  std::vector<std::string> texts;
  for (const OverlayEntry& each : entries) {
    texts.push_back(fmt::format("{} {}/{} {}",
                                kWords[static_cast<int>(each.kind)],
                                format_ipv4(each.address),
                                each.prefix_length,
                                format_mac(each.mac)));
  }
  return texts;
}

TEST_CASE("a host is a route, a neighbour and a forward entry") {
  const auto entries = plan_overlay_entries(make_config({make_peer("192.0.2.7", "10.120.4.0/24")}));

  CHECK(texts_of(entries) ==
        std::vector<std::string>{"forward 192.0.2.7/0 02:49:0a:78:04:01",
                                 "neighbour 10.120.4.1/0 02:49:0a:78:04:01",
                                 "route 10.120.4.0/24 00:00:00:00:00:00",
                                 "unreachable 10.120.0.0/16 00:00:00:00:00:00"});
}

TEST_CASE("nothing is changed where all is there") {
  const auto entries = plan_overlay_entries(make_config({make_peer("192.0.2.7", "10.120.4.0/24")}));

  CHECK(plan_overlay_changes(entries, entries).empty());
}

TEST_CASE("a host that has gone and one that has come") {
  const auto found = plan_overlay_entries(make_config({make_peer("192.0.2.7", "10.120.4.0/24")}));
  const auto wanted = plan_overlay_entries(make_config({make_peer("192.0.2.8", "10.120.5.0/24")}));

  const OverlayChanges changes = plan_overlay_changes(found, wanted);

  // No packet is sent on a route whose end is not known.
  REQUIRE(changes.remove.size() == 3);
  CHECK(changes.remove.front().kind == Kind::kRoute);
  REQUIRE(changes.add.size() == 3);
  CHECK(changes.add.back().kind == Kind::kRoute);
}

TEST_CASE("a host with another address has another forward entry only") {
  const auto found = plan_overlay_entries(make_config({make_peer("192.0.2.7", "10.120.4.0/24")}));
  const auto wanted = plan_overlay_entries(make_config({make_peer("192.0.2.9", "10.120.4.0/24")}));

  const OverlayChanges changes = plan_overlay_changes(found, wanted);

  CHECK(texts_of(changes.remove) ==
        std::vector<std::string>{"forward 192.0.2.7/0 02:49:0a:78:04:01"});
  CHECK(texts_of(changes.add) == std::vector<std::string>{"forward 192.0.2.9/0 02:49:0a:78:04:01"});
}

}  // namespace
}  // namespace ikada
