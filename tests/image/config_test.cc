#include "image/config.h"

#include <doctest/doctest.h>

#include "image/digest.h"

namespace ikada {
namespace {

std::string make_config(std::string_view process,
                        std::string_view rootfs = R"({"type":"layers","diff_ids":[]})",
                        std::string_view more = "") {
  return fmt::format(R"({{"architecture":"amd64","os":"linux","config":{},"rootfs":{}{}}})",
                     process,
                     rootfs,
                     more);
}

TEST_CASE("a config is read field by field") {
  const std::string diff_id = Digest::of("x").text();

  const Result<ImageConfig> config = parse_image_config(make_config(
      R"({"Env":["PATH=/bin","EMPTY="],"Entrypoint":["/e"],"Cmd":["a","b"],"User":"1:2",
          "WorkingDir":"/w","StopSignal":"SIGINT","Labels":{"k":"v"},
          "ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}}})",
      fmt::format(R"({{"type":"layers","diff_ids":["{}"]}})", diff_id)));

  REQUIRE(config.has_value());
  CHECK(config->env == std::vector<std::string>{"PATH=/bin", "EMPTY="});
  CHECK(config->entrypoint == std::vector<std::string>{"/e"});
  CHECK(config->cmd == std::vector<std::string>{"a", "b"});
  CHECK(config->user == "1:2");
  CHECK(config->working_dir == "/w");
  CHECK(config->stop_signal == "SIGINT");
  CHECK(config->labels.at("k") == "v");
  CHECK(config->exposed_ports == std::vector<std::string>{"80/tcp"});
  CHECK(config->volumes == std::vector<std::string>{"/data"});
  CHECK(config->diff_ids == std::vector<std::string>{diff_id});
}

TEST_CASE("absent and null fields are empty") {
  CHECK(parse_image_config(make_config("null")).has_value());
  CHECK(parse_image_config(make_config(R"({"Cmd":null,"Env":null,"Volumes":null})"))->cmd.empty());
}

TEST_CASE("a config that is malformed or too much is refused") {
  std::string many_variables = "\"A=b\"";
  for (int i = 0; i < 100'000; ++i) many_variables += ",\"A=b\"";
  const std::string rows[] = {
      "",
      "[]",
      "{}",
      R"({"architecture":"amd64","os":"linux"})",
      make_config("[]"),
      make_config(R"({"Env":["NAME"]})"),
      make_config(R"({"Env":["=x"]})"),
      make_config(R"({"Env":[7]})"),
      make_config(R"({"Env":["A=\u0000"]})"),
      make_config(R"({"Cmd":"echo hello"})"),
      make_config(R"({"Cmd":["a\u0000b"]})"),
      make_config(R"({"User":7})"),
      make_config(R"({"User":"root\nroot:x"})"),
      make_config(R"({"WorkingDir":"/a\u0000b"})"),
      make_config(R"({"Volumes":["/data"]})"),
      make_config(R"({"Labels":{"k":7}})"),
      make_config("{\"Env\":[" + many_variables + "]}"),
      make_config("{\"Env\":[\"A=" + std::string(1 << 20, 'x') + "\"]}"),
      make_config("{\"User\":\"" + std::string(5000, 'x') + "\"}"),
      make_config("{}", R"({"type":"floppies","diff_ids":[]})"),
      make_config("{}", R"({"type":"layers","diff_ids":["sha256:../x"]})"),
      make_config("{}", R"({"type":"layers","diff_ids":"x"})"),
      make_config("{}", R"({"type":"layers","diff_ids":[]})", R"(,"history":7)"),
      make_config("{}", R"({"type":"layers","diff_ids":[]})", R"(,"os":"linux")"),
  };
  for (const std::string& text : rows) {
    CAPTURE(text.substr(0, 200));
    const Result<ImageConfig> config = parse_image_config(text);
    REQUIRE(!config.has_value());
    CHECK(config.error().code == "CONFIG_INVALID");
  }
}

}  // namespace
}  // namespace ikada
