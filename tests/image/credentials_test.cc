#include "image/credentials.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "image/registry_options.h"
#include "runtime/base/json.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_("/tmp/ikada-credentials-XXXXXX") {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { static_cast<void>(remove_tree(path_).has_value()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void write_text(const std::string& path, std::string_view text) {
  const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600).value();
  REQUIRE(write_all(fd.get(), text).has_value());
}

TEST_CASE("credentials are found again, under docker's key for docker.io") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/.docker/config.json";
  CHECK(!find_credentials(path, "docker.io").value().has_value());

  REQUIRE(save_credentials(path, "docker.io", {"ada", "a:b c"}).has_value());
  REQUIRE(save_credentials(path, "localhost:5000", {"bob", "x"}).has_value());

  const std::optional<Credentials> found = find_credentials(path, "docker.io").value();
  REQUIRE(found.has_value());
  CHECK(found->username == "ada");
  CHECK(found->password == "a:b c");
  CHECK(find_credentials(path, "localhost:5000").value()->username == "bob");
  CHECK(!find_credentials(path, "localhost:5001").value().has_value());
  const Json file = parse_json(read_file(path).value()).value();
  CHECK(file["auths"]["https://index.docker.io/v1/"]["auth"] == "YWRhOmE6YiBj");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600U);
}

TEST_CASE("what others wrote into the file stays") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/config.json";
  write_text(path, R"({"auths":{"https://ghcr.io":{"auth":"eDp5"}},"detachKeys":"ctrl-x"})");

  REQUIRE(save_credentials(path, "quay.io", {"a", "b"}).has_value());
  CHECK(find_credentials(path, "ghcr.io").value()->password == "y");
  CHECK(remove_credentials(path, "quay.io").value());
  CHECK(!remove_credentials(path, "quay.io").value());
  CHECK(remove_credentials(path, "ghcr.io").value());

  const Json file = parse_json(read_file(path).value()).value();
  CHECK(file["detachKeys"] == "ctrl-x");
  CHECK(file["auths"].empty());
}

TEST_CASE("an identity token is told from a password") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/config.json";
  write_text(path, R"({"auths":{"r.example":{"auth":"YWRhOg==","identitytoken":"t"}}})");

  const std::optional<Credentials> found = find_credentials(path, "r.example").value();

  REQUIRE(found.has_value());
  CHECK(found->identity_token == "t");
  CHECK(found->username == "ada");
}

TEST_CASE("a file that is not docker's is an error and is left alone") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/config.json";
  for (const char* text : {"{", "[]", R"({"auths":[]})", R"({"credHelpers":"x"})"}) {
    CAPTURE(text);
    write_text(path, text);
    CHECK(!find_credentials(path, "r.example").has_value());
    CHECK(!save_credentials(path, "r.example", {"a", "b"}).has_value());
    CHECK(read_file(path).value() == text);
  }
  write_text(path, R"({"auths":{"r.example":{"auth":"not base64"}}})");
  CHECK(!find_credentials(path, "r.example").has_value());
}

TEST_CASE("a credential helper is a program's name and no path") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/config.json";
  write_text(path, R"({"credsStore":"../../bin/evil"})");

  const auto found = find_credentials(path, "r.example");

  REQUIRE(!found.has_value());
  CHECK(found.error().kind == ErrorKind::kInvalid);
}

TEST_CASE("the configuration says how far a registry is trusted") {
  constexpr std::string_view kConfig =
      "other: 1\n"
      "registries:\n"
      "  a.example:5000:\n"
      "    insecure: true\n"
      "    auth_hosts: [login.example, token.example]\n"
      "  b.example:\n";

  const RegistryOptions options = parse_registries_section(kConfig, "a.example:5000").value();

  CHECK(options.insecure_registries == std::vector<std::string>{"a.example:5000"});
  CHECK(options.auth_hosts == std::vector<std::string>{"login.example", "token.example"});
  CHECK(parse_registries_section(kConfig, "a.example")->insecure_registries.empty());
  CHECK(parse_registries_section(kConfig, "b.example")->auth_hosts.empty());
  CHECK(parse_registries_section("", "x")->auth_hosts.empty());
  for (const char* bad : {"registries: 1",
                          "registries:\n  x: 1",
                          "registries:\n  x:\n    insecure: perhaps",
                          "registries:\n  x:\n    secure: true",
                          "registries: ["}) {
    CAPTURE(bad);
    CHECK(!parse_registries_section(bad, "x").has_value());
  }
}

}  // namespace
}  // namespace ikada
