#include "net/reservations.h"

#include <stdlib.h>
#include <unistd.h>

#include <set>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct Directory {
  Directory() {
    char pattern[] = "/tmp/reservations_test.XXXXXX";
    path = mkdtemp(pattern);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { static_cast<void>(remove_tree(path).has_value()); }

  std::string path;
};

Reservations make_reservations(const Directory& directory, const char* subnet) {
  return Reservations::open(directory.path + "/ikada0", parse_ipv4_subnet(subnet).value()).value();
}

std::string take(Reservations& reservations, const char* id) {
  const auto address = reservations.take_address(id);
  return address ? format_ipv4(*address) : address.error().message;
}

TEST_CASE("addresses go round, and network, gateway and broadcast are never given") {
  const Directory directory;
  Reservations reservations = make_reservations(directory, "10.88.0.0/29");

  CHECK(take(reservations, "a") == "10.88.0.2");
  CHECK(take(reservations, "b") == "10.88.0.3");
  CHECK(take(reservations, "a") == "10.88.0.2");
  REQUIRE(reservations.give_back_addresses("a").has_value());
  CHECK(take(reservations, "c") == "10.88.0.4");
  CHECK(take(reservations, "d") == "10.88.0.5");
  CHECK(take(reservations, "e") == "10.88.0.6");
  CHECK(take(reservations, "f") == "10.88.0.2");
  CHECK(take(reservations, "g") == "no free address in 10.88.0.0/29");
}

TEST_CASE("a hint that makes no sense starts from the beginning") {
  const Directory directory;
  Reservations reservations = make_reservations(directory, "10.88.0.0/24");

  for (const char* hint : {"10.99.0.1", "10.88.0.255", "10.88.0.0", "nonsense"}) {
    CAPTURE(hint);
    const std::string path = directory.path + "/ikada0/last_address";
    unlink(path.c_str());
    REQUIRE(symlink(hint, path.c_str()) == 0);
    CHECK(take(reservations, "a") == "10.88.0.2");
    REQUIRE(reservations.give_back_addresses("a").has_value());
  }
}

TEST_CASE("a port belongs to one container, and to it as often as it asks") {
  const Directory directory;
  Reservations reservations = make_reservations(directory, "10.88.0.0/24");
  const PortElement web = {.host_port = 8080, .container_ip = 0x0a580005, .container_port = 80};
  PortElement other = web;
  other.container_ip = 0x0a580006;

  CHECK(reservations.take_port({.container_id = "a", .port = web}).has_value());
  CHECK(reservations.take_port({.container_id = "a", .port = web}).has_value());
  const auto refused = reservations.take_port({.container_id = "b", .port = other});

  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kConflict);
  CHECK(refused.error().message == "Bind for 0.0.0.0:8080 failed: port is already allocated");
  CHECK(reservations.ports_of("a").value() == std::vector<PortElement>{web});
  CHECK(reservations.ports_of("b").value().empty());
  CHECK(reservations.give_back_port(web).has_value());
  CHECK(reservations.give_back_port(web).has_value());
  CHECK(reservations.take_port({.container_id = "b", .port = other}).has_value());
}

TEST_CASE("owners are all that have something, whatever else lies about") {
  const Directory directory;
  Reservations reservations = make_reservations(directory, "10.88.0.0/24");
  REQUIRE(reservations.take_address("a").has_value());
  const PortElement web = {.host_port = 8080, .container_ip = 0x0a580005, .container_port = 80};
  REQUIRE(reservations.take_port({.container_id = "b", .port = web}).has_value());
  const std::string odd = directory.path + "/ikada0/ports/odd";
  REQUIRE(symlink("b", odd.c_str()) == 0);

  CHECK(reservations.owners().value() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("known networks are the directories with a subnet") {
  const Directory directory;
  make_reservations(directory, "10.88.0.0/24");
  REQUIRE(make_directories(directory.path + "/empty", 0700).has_value());

  const auto networks = find_known_networks(directory.path).value();

  REQUIRE(networks.size() == 1);
  CHECK(networks[0].bridge.name == "ikada0");
  CHECK(networks[0].bridge.subnet.prefix_length == 24);
}

}  // namespace
}  // namespace ikada
