#include <string>

#include <doctest/doctest.h>

#include "image/config.h"

namespace ikada {

TEST_CASE("a configuration that is read and written is the same, unknown fields too") {
  const std::string text =
      R"({"architecture":"amd64","config":{"Cmd":["sh"],"Env":["A=1"],"ExposedPorts":{"80/tcp":{}},)"
      R"("Healthcheck":{"Interval":30000000000,"Test":["CMD","true"]},"Labels":{"k":"v"},)"
      R"("OnBuild":["RUN x"],"Shell":["/bin/bash","-c"],"StdinOnce":true,"User":"1:2",)"
      R"("Volumes":{"/data":{}},"WorkingDir":"/w"},"created":"2026-01-02T03:04:05Z",)"
      R"("history":[{"comment":"c","created":"2026-01-02T03:04:05Z","created_by":"RUN x"},)"
      R"({"created_by":"ENV A=1","empty_layer":true}],"os":"linux","os.features":["x"],)"
      R"("rootfs":{"diff_ids":[],"type":"layers"}})";

  const auto config = parse_image_config(text);

  REQUIRE(config.has_value());
  CHECK(config->history.size() == 2);
  CHECK(config->history[1].empty_layer);
  REQUIRE(config->healthcheck.has_value());
  CHECK(config->healthcheck->interval_ns == 30'000'000'000);
  CHECK(format_image_config(*config) == text);
}

TEST_CASE("what is emptied disappears") {
  auto config = parse_image_config(
      R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},)"
      R"("config":{"Cmd":["sh"],"Healthcheck":{"Test":["NONE"]}}})");
  REQUIRE(config.has_value());

  config->cmd.clear();
  config->healthcheck.reset();
  config->entrypoint = {"/bin/x"};

  CHECK(format_image_config(*config) ==
        R"({"architecture":"amd64","config":{"Entrypoint":["/bin/x"]},"os":"linux",)"
        R"("rootfs":{"diff_ids":[],"type":"layers"}})");
}

}  // namespace ikada
