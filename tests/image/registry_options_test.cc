#include "image/registry_options.h"

#include <stdlib.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::string_view kYaml =
    "docker.io:\n"
    "  mirrors: [mirror.example.com, 'localhost:5000/hub/v1']\n"
    "registry.example.com:5000:\n"
    "  insecure: true\n"
    "  auth_hosts: [login.example.com]\n"
    "localhost:5000:\n"
    "  mirrors: [elsewhere.example.com]\n"
    "  auth_hosts: [tokens.example.com]\n";

struct Directory {
  std::string path = "/tmp/ikada-registries-XXXXXX";
  Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { static_cast<void>(remove_tree(path).has_value()); }

  void write(std::string_view name, std::string_view text) const {
    REQUIRE(write_file_atomically(fmt::format("{}/{}", path, name), text, 0600).has_value());
  }
};

}  // namespace

TEST_CASE("a registry's mirrors keep their order and their paths") {
  const Result<RegistryOptions> options = parse_registry_options(kYaml, "docker.io");

  REQUIRE(options.has_value());
  REQUIRE(options->mirrors.size() == 2);
  CHECK(options->mirrors[0].registry == "mirror.example.com");
  CHECK(options->mirrors[0].prefix.empty());
  CHECK(options->mirrors[1].registry == "localhost:5000");
  CHECK(options->mirrors[1].prefix == "hub/v1/");
  CHECK(options->insecure_registries.empty());
}

TEST_CASE("trust is given registry by registry") {
  const Result<RegistryOptions> options =
      parse_registry_options(kYaml, "registry.example.com:5000");

  REQUIRE(options.has_value());
  CHECK(options->insecure_registries == std::vector<std::string>{"registry.example.com:5000"});
  CHECK(options->auth_hosts == std::vector<std::string>{"login.example.com"});
  CHECK(parse_registry_options(kYaml, "registry.example.com")->insecure_registries.empty());
}

TEST_CASE("what cannot be a list of registries is refused with its place") {
  for (const char* yaml : {"docker.io: {mirrors: [nginx]}",
                           "docker.io: {mirrors: ['https://mirror.example.com']}",
                           "docker.io: {mirrors: 7}",
                           "docker.io: {mirror: [a.example.com]}",
                           "docker.io: {insecure: perhaps}",
                           "docker.io: [insecure]",
                           "- docker.io",
                           "docker.io: {"}) {
    CAPTURE(yaml);
    const Result<RegistryOptions> options = parse_registry_options(yaml, "docker.io");
    REQUIRE(!options.has_value());
    CHECK(options.error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("registries.yaml lies beside the configuration file and comes before its section") {
  const Directory directory;
  const std::string config = directory.path + "/config.yaml";
  directory.write("config.yaml", "registries: {a.example.com: {insecure: true}}");

  CHECK(registry_options_for("a.example.com", config)->insecure_registries.size() == 1);
  directory.write("registries.yaml", kYaml);
  CHECK(registry_options_for("a.example.com", config)->insecure_registries.empty());

  const Result<RegistryOptions> hub = registry_options_for("docker.io", config);
  REQUIRE(hub.has_value());
  const RegistryMirror& mirror = hub->mirrors.at(1);
  CHECK(mirror.options.auth_hosts == std::vector<std::string>{"tokens.example.com"});
  CHECK(mirror.options.mirrors.empty());
}

TEST_CASE("without any file no registry is trusted and none has mirrors") {
  const Directory directory;

  const Result<RegistryOptions> options =
      registry_options_for("docker.io", directory.path + "/config.yaml");

  REQUIRE(options.has_value());
  CHECK(options->mirrors.empty());
  CHECK(options->insecure_registries.empty());
}

}  // namespace ikada
