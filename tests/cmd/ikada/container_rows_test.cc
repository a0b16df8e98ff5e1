#include "cmd/ikada/container_rows.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace ikada {
namespace {

ListedContainer make_container(const std::string& name, char digit, LiveState state) {
  ListedContainer container;
  container.record.id = std::string(64, digit);
  container.record.name = name;
  container.record.created = 1'000'000'000LL * (digit - '0');
  container.record.image = "nginx:1";
  container.record.image_id = "sha256:beef";
  container.record.args = {"sh", "-c", "a long command line"};
  container.record.spec.labels = {{"tier", "web"}};
  container.status.state = state;
  return container;
}

std::vector<ListedContainer> make_three() {
  std::vector<ListedContainer> containers = {make_container("web-1", '3', LiveState::kRunning),
                                             make_container("web-2", '2', LiveState::kExited),
                                             make_container("db", '1', LiveState::kPaused)};
  containers[1].status.exit_code = 3;
  return containers;
}

std::string names(const std::vector<std::string>& filters) {
  const auto found = filter_containers(make_three(), filters);
  if (!found.has_value()) return "refused";
  std::string all;
  for (const ListedContainer& each : *found) all += (all.empty() ? "" : " ") + each.record.name;
  return all;
}

}  // namespace

TEST_CASE("filters of one key are alternatives, of different keys conditions") {
  CHECK(names({"status=exited", "status=paused"}) == "web-2 db");
  CHECK(names({"name=web", "status=running"}) == "web-1");
  CHECK(names({"name=^/?", "status=running"}).empty());
  CHECK(names({"name=^web-1$"}) == "web-1");
  CHECK(names({"label=tier"}) == "web-1 web-2 db");
  CHECK(names({"label=tier=web", "label=other"}).empty());
  CHECK(names({"exited=3"}) == "web-2");
  CHECK(names({"ancestor=nginx"}) == "web-1 web-2 db");
  CHECK(names({"ancestor=beef"}) == "web-1 web-2 db");
  CHECK(names({"before=web-1"}) == "web-2 db");
  CHECK(names({"since=db"}) == "web-1 web-2");
  CHECK(names({"id=111"}) == "db");
}

TEST_CASE("unknown filters are refused") {
  for (const char* bad : {"shiny=1", "status=flying", "exited=x", "name", "before=nobody"}) {
    CAPTURE(bad);
    CHECK(names({bad}) == "refused");
  }
}

TEST_CASE("a row shortens the id and the command") {
  const ListedContainer container = make_container("web", '1', LiveState::kRunning);

  const Json short_row = container_row(container, 0, true);
  const Json long_row = container_row(container, 0, false);

  CHECK(short_row["ID"] == "111111111111");
  CHECK(short_row["Command"] == "\"sh -c 'a long comma…\"");
  CHECK(long_row["ID"].get<std::string>().size() == 64);
  CHECK(long_row["Command"] == "\"sh -c 'a long command line'\"");
  CHECK(long_row["CreatedAt"] == "1970-01-01 00:00:01 +0000 UTC");
}

TEST_CASE("a command is a quoted Go string, shortened by characters") {
  ListedContainer container = make_container("web", '1', LiveState::kRunning);

  container.record.args = {"echo", "say \"é\""};
  CHECK(container_row(container, 0, true)["Command"] == R"("echo 'say \"é\"'")");
  container.record.args = {"ééééééééééééééééééééé"};
  CHECK(container_row(container, 0, true)["Command"] == "\"ééééééééééééééééééé…\"");
  container.record.args = {"/a program"};
  CHECK(container_row(container, 0, true)["Command"] == "\"/a program\"");
}

TEST_CASE("describe_ports shows published ports first, then the merely exposed") {
  ContainerRecord record;
  record.exposed = {"80/tcp", "53/udp"};
  NetworkStatus network;
  network.ports = {{.host_ip = "", .host_port = 8080, .container_port = 80, .protocol = "tcp"}};

  CHECK(describe_ports(record, network) == "0.0.0.0:8080->80/tcp, 53/udp");
  record.spec.network.mode = "host";
  CHECK(describe_ports(record, {}).empty());
}

TEST_CASE("the state and its time are docker's words") {
  LiveStatus status;
  constexpr std::int64_t kSecond = 1'000'000'000;
  CHECK(describe_status(status, 0) == "Created");
  status.state = LiveState::kRunning;
  CHECK(describe_status(status, 5 * kSecond) == "Up 5 seconds");
  status.state = LiveState::kPaused;
  CHECK(describe_status(status, 5 * kSecond) == "Up 5 seconds (Paused)");
  status.state = LiveState::kExited;
  status.exit_code = 137;
  CHECK(describe_status(status, 7200 * kSecond) == "Exited (137) 2 hours ago");
}

}  // namespace ikada
