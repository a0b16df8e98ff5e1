#include "cmd/ikada/option_grammar.h"

#include <stdlib.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Words = std::vector<std::string>;

std::string text_of(const PortSpec& port) {
  return fmt::format(
      "{}|{}|{}|{}", port.host_ip, port.host_port, port.container_port, port.protocol);
}

// All ports of one --publish; "refused" if it is wrong.
std::string publish(std::string_view text) {
  const Result<std::vector<PortSpec>> ports = parse_publish(text);
  if (!ports.has_value()) return "refused";
  std::string all;
  for (const PortSpec& each : *ports) all += (all.empty() ? "" : " ") + text_of(each);
  return all;
}

}  // namespace

TEST_CASE("parse_publish knows every form of docker's") {
  CHECK(publish("80") == "|0|80|tcp");
  CHECK(publish("8080:80") == "|8080|80|tcp");
  CHECK(publish("0:80") == "|0|80|tcp");
  CHECK(publish("127.0.0.1:0:80") == "127.0.0.1|0|80|tcp");
  CHECK(publish("8080:80/udp") == "|8080|80|udp");
  CHECK(publish("8080:80/UDP") == "|8080|80|udp");
  CHECK(publish("127.0.0.1:8080:80") == "127.0.0.1|8080|80|tcp");
  CHECK(publish("127.0.0.1::80") == "127.0.0.1|0|80|tcp");
  CHECK(publish("[::1]:8080:80") == "::1|8080|80|tcp");
  CHECK(publish("8000-8002:80-82") == "|8000|80|tcp |8001|81|tcp |8002|82|tcp");
  CHECK(publish("80-81") == "|0|80|tcp |0|81|tcp");
}

TEST_CASE("parse_publish refuses everything else") {
  for (const char* bad : {"",
                          ":",
                          "0",
                          "65536",
                          "-1",
                          "80:",
                          "a:80",
                          "8080:80/icmp",
                          "8080:80/",
                          "1:2:3:4",
                          "8000-8002:80-81",
                          "82-80",
                          "[::1:80:80",
                          "80 ",
                          "0x50"}) {
    CAPTURE(bad);
    CHECK(publish(bad) == "refused");
  }
}

TEST_CASE("parse_volume tells volumes from host directories") {
  const Result<MountSpec> anonymous = parse_volume("/data");
  REQUIRE(anonymous.has_value());
  CHECK(anonymous->type == MountSpec::Type::kVolume);
  CHECK(anonymous->source.empty());

  const Result<MountSpec> named = parse_volume("vol:/data:ro,nocopy");
  REQUIRE(named.has_value());
  CHECK(named->type == MountSpec::Type::kVolume);
  CHECK(named->source == "vol");
  CHECK(named->read_only);
  CHECK(named->no_copy);

  const Result<MountSpec> bind = parse_volume("/host:/data:rshared,Z");
  REQUIRE(bind.has_value());
  CHECK(bind->type == MountSpec::Type::kBind);
  CHECK(bind->make_source);
  CHECK(bind->options == Words{"rshared"});

  const Result<MountSpec> relative = parse_volume("./here:/data");
  REQUIRE(relative.has_value());
  CHECK(relative->source.front() == '/');
  CHECK(relative->source.ends_with("/./here"));
}

TEST_CASE("parse_volume refuses what is no volume") {
  for (const char* bad :
       {"", ":", "data", "a:b", ":/data", "/a:", "/a:/b:sometimes", "/a:/b:ro:z", "vol:data"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_volume(bad).has_value());
  }
}

TEST_CASE("parse_mount reads docker's long form") {
  const Result<MountSpec> bind =
      parse_mount("type=bind,src=/host,dst=/data,readonly,bind-propagation=rslave");
  REQUIRE(bind.has_value());
  CHECK(bind->type == MountSpec::Type::kBind);
  CHECK(bind->read_only);
  CHECK(bind->options == Words{"rslave"});
  CHECK_FALSE(bind->make_source);

  const Result<MountSpec> volume = parse_mount("target=/data,source=vol,volume-nocopy=true");
  REQUIRE(volume.has_value());
  CHECK(volume->type == MountSpec::Type::kVolume);
  CHECK(volume->no_copy);

  const Result<MountSpec> tmpfs = parse_mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770");
  REQUIRE(tmpfs.has_value());
  CHECK(tmpfs->options == Words{"size=1048576", "mode=1770"});
}

TEST_CASE("parse_mount refuses what does not fit together") {
  for (const char* bad : {"",
                          "type=bind,target=/x",
                          "type=bind,source=rel,target=/x",
                          "type=cloud,target=/x",
                          "source=vol",
                          "type=tmpfs,source=/a,target=/x",
                          "type=tmpfs,target=/t,tmpfs-mode=rwx",
                          "type=volume,target=/x,shiny",
                          "type=bind,source=/a,target=/b,bind-propagation=noexec",
                          "type=volume,target=/x,tmpfs-size=1m",
                          "target=/x,readonly=maybe"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_mount(bad).has_value());
  }
}

TEST_CASE("parse_tmpfs splits path and options") {
  const Result<MountSpec> mount = parse_tmpfs("/run:size=64m,ro,exec");
  REQUIRE(mount.has_value());
  CHECK(mount->destination == "/run");
  CHECK(mount->read_only);
  CHECK(mount->options == Words{"size=64m", "exec"});
  CHECK_FALSE(parse_tmpfs("run").has_value());
}

TEST_CASE("parse_device knows paths and permissions") {
  CHECK(parse_device("/dev/fuse")->permissions == "rwm");
  CHECK(parse_device("/dev/fuse:r")->permissions == "r");
  CHECK(parse_device("/dev/a:/dev/b")->container_path == "/dev/b");
  CHECK(parse_device("/dev/a:/dev/b:rw")->permissions == "rw");
  for (const char* bad : {"", "dev/fuse", "/dev/a:/dev/b:x", "/dev/a:b", "/dev/a:/b:r:w"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_device(bad).has_value());
  }
}

TEST_CASE("parse_ulimit checks names, numbers and order") {
  CHECK(parse_ulimit("nofile=1024")->hard == 1024);
  CHECK(parse_ulimit("nofile=1024:2048")->hard == 2048);
  CHECK(parse_ulimit("core=-1")->soft == -1);
  for (const char* bad : {"nofile",
                          "nofile=",
                          "nofile=x",
                          "nofile=2:1",
                          "wings=1",
                          "nofile=-2",
                          "nofile=-1:5",
                          "nofile=1:2:3"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_ulimit(bad).has_value());
  }
}

TEST_CASE("parse_cpus counts in billionths") {
  CHECK(parse_cpus("1.5").value_or(0U) == 1'500'000'000);
  CHECK(parse_cpus("2").value_or(0U) == 2'000'000'000);
  CHECK(parse_cpus(".25").value_or(0U) == 250'000'000);
  CHECK(parse_cpus("0.000000001").value_or(0U) == 1);
  for (const char* bad : {"", ".", "1.", "-1", "1e3", "1.0000000001", "x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_cpus(bad).has_value());
  }
}

TEST_CASE("parse_env takes values from our own environment") {
  ::setenv("IKADA_TEST_SET", "here", 1);
  ::unsetenv("IKADA_TEST_UNSET");

  const Result<Words> env = parse_env({"A=b=c", "EMPTY=", "IKADA_TEST_SET", "IKADA_TEST_UNSET"});

  REQUIRE(env.has_value());
  CHECK(*env == Words{"A=b=c", "EMPTY=", "IKADA_TEST_SET=here"});
  CHECK_FALSE(parse_env({"=x"}).has_value());
  CHECK_FALSE(parse_env({""}).has_value());
}

TEST_CASE("parse_env_file skips comments and blank lines") {
  const Result<Words> env = parse_env_file("# comment\n\n  A=1\r\nB=\"x y\"\n");

  REQUIRE(env.has_value());
  CHECK(*env == Words{"A=1", "B=\"x y\""});
  CHECK_FALSE(parse_env_file("A B=1\n").has_value());
}

TEST_CASE("apply_security_option knows docker's options") {
  SecuritySpec security;
  CHECK(apply_security_option("no-new-privileges", security).has_value());
  CHECK(security.no_new_privileges);
  CHECK(apply_security_option("no-new-privileges:false", security).has_value());
  CHECK_FALSE(security.no_new_privileges);
  CHECK(apply_security_option("seccomp=unconfined", security).has_value());
  CHECK(security.seccomp_unconfined);
  CHECK(apply_security_option("apparmor=mine", security).has_value());
  CHECK(security.apparmor_profile == "mine");
  CHECK(apply_security_option("label=disable", security).has_value());
  CHECK_FALSE(apply_security_option("seccomp=/does/not/exist", security).has_value());
  CHECK_FALSE(apply_security_option("nonsense", security).has_value());
}

}  // namespace ikada
