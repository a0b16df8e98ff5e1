#include "cluster/engine/record_plan.h"

#include <signal.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Words = std::vector<std::string>;

ImageConfig make_image() {
  ImageConfig image;
  image.env = {"PATH=/bin", "MODE=image"};
  image.entrypoint = {"/entry"};
  image.cmd = {"serve"};
  image.user = "web";
  image.working_dir = "/srv";
  image.stop_signal = "SIGQUIT";
  image.labels = {{"from", "image"}, {"only", "image"}};
  image.exposed_ports = {"80/tcp"};
  return image;
}

Result<ContainerRecord> plan(const ContainerSpec& spec, const ImageConfig& image = make_image()) {
  return plan_record(spec, image, {.id = "1234", .image_id = "sha256:1", .image_name = "web"});
}

}  // namespace

TEST_CASE("plan_record fills in the image's defaults") {
  const Result<ContainerRecord> record = plan({.env = {"MODE=mine", "NEW=1"}});

  REQUIRE(record.has_value());
  CHECK(record->args == Words{"/entry", "serve"});
  CHECK(record->spec.env == Words{"PATH=/bin", "MODE=mine", "NEW=1"});
  CHECK(record->spec.user == "web");
  CHECK(record->spec.working_dir == "/srv");
  CHECK(record->spec.stop_signal == "SIGQUIT");
  CHECK(stop_signal(*record) == SIGQUIT);
  CHECK(record->exposed == Words{"80/tcp"});
}

TEST_CASE("plan_record lets the container's own labels win") {
  const Result<ContainerRecord> record = plan({.labels = {{"from", "me"}}});

  REQUIRE(record.has_value());
  CHECK(record->spec.labels ==
        std::map<std::string, std::string>{{"from", "me"}, {"only", "image"}});
}

TEST_CASE("plan_record merges ENTRYPOINT and CMD as docker does") {
  CHECK(plan({.command = {"other"}})->args == Words{"/entry", "other"});
  CHECK(plan({.entrypoint = Words{"/mine"}})->args == Words{"/mine"});
  CHECK(plan({.entrypoint = Words{"/mine"}, .command = {"x"}})->args == Words{"/mine", "x"});
  CHECK(plan({.entrypoint = Words{}, .command = {"x"}})->args == Words{"x"});
  const Result<ContainerRecord> none = plan({.entrypoint = Words{}});
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().message == "no command specified");
}

TEST_CASE("plan_record cleans destinations and refuses two mounts at one place") {
  const MountSpec first{.source = "/a", .destination = "/data/../data//x/."};
  const MountSpec second{.source = "/b", .destination = "/data/x"};

  const Result<ContainerRecord> one = plan({.mounts = {first}});
  const Result<ContainerRecord> two = plan({.mounts = {first, second}});

  REQUIRE(one.has_value());
  CHECK(one->spec.mounts[0].destination == "/data/x");
  REQUIRE_FALSE(two.has_value());
  CHECK(two.error().message == "Duplicate mount point: /data/x");
}

TEST_CASE("plan_record refuses destinations that are the root or relative") {
  for (const std::string bad : {"/", "/..", "/a/..", "data", ""}) {
    CAPTURE(bad);
    CHECK_FALSE(plan({.mounts = {{.source = "/a", .destination = bad}}}).has_value());
  }
}

TEST_CASE("plan_record keeps an image's VOLUME inside the container") {
  ImageConfig image = make_image();
  image.volumes = {"/../../canary", "/data"};

  const Result<ContainerRecord> record =
      plan({.mounts = {{.source = "/a", .destination = "/data"}}}, image);

  REQUIRE(record.has_value());
  REQUIRE(record->spec.mounts.size() == 2);
  CHECK(record->spec.mounts[1].destination == "/canary");
  CHECK(record->anonymous_volumes == Words{record->spec.mounts[1].source});
}

TEST_CASE("plan_record publishes exposed ports for -P and drops ports without a network") {
  NetworkSpec network{.ports = {{.host_port = 8080, .container_port = 8000}},
                      .publish_all = true,
                      .exposed = {"53/udp"}};
  const Result<ContainerRecord> record = plan({.network = network});
  REQUIRE(record.has_value());
  CHECK(record->exposed == Words{"80/tcp", "53/udp", "8000/tcp"});
  REQUIRE(record->spec.network.ports.size() == 3);
  CHECK(record->spec.network.ports[1].container_port == 80);
  CHECK(record->spec.network.ports[1].host_port == 0);
  CHECK(record->spec.network.ports[2].protocol == "udp");

  network.mode = "host";
  CHECK(plan({.network = network})->spec.network.ports.empty());
}

TEST_CASE("plan_record refuses what cannot be a name, a signal or a directory") {
  CHECK_FALSE(plan({.name = "a b"}).has_value());
  CHECK_FALSE(plan({.name = "../x"}).has_value());
  CHECK_FALSE(plan({.name = "x"}).has_value());
  CHECK_FALSE(plan({.hostname = "a\nb"}).has_value());
  CHECK_FALSE(plan({.stop_signal = "SIGNOPE"}).has_value());
  CHECK_FALSE(plan({.working_dir = "relative"}).has_value());
  CHECK_FALSE(plan({.env = {"=x"}}).has_value());
}

TEST_CASE("parse_signal knows names, numbers and real-time signals") {
  CHECK(parse_signal("SIGTERM").value_or(0) == SIGTERM);
  CHECK(parse_signal("term").value_or(0) == SIGTERM);
  CHECK(parse_signal("9").value_or(0) == SIGKILL);
  CHECK(parse_signal("SIGRTMIN").value_or(0) == 34);
  CHECK(parse_signal("RTMIN+3").value_or(0) == 37);
  CHECK(parse_signal("SIGRTMAX-1").value_or(0) == 63);
  for (const std::string bad : {"", "0", "65", "-9", "SIG", "NOPE", "RTMIN+31", "RTMIN-1", "9 "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_signal(bad).has_value());
  }
}

}  // namespace ikada
