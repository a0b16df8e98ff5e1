#include "image/config_change.h"

#include <doctest/doctest.h>

namespace ikada {

using Words = std::vector<std::string>;

TEST_CASE("changes are those of a Dockerfile's words") {
  ImageConfig config{.env = {"A=0", "AB=0"}, .cmd = {"old"}, .working_dir = "/srv"};

  const auto changed = apply_config_changes({"ENTRYPOINT [\"/bin/e\", \"x y\"]",
                                             "ENV A=1 B='two words' C=\"q\\\"\"",
                                             "env OLD style value",
                                             "EXPOSE 80 53/UDP 8000-8001",
                                             "LABEL k=v \"with space\"=\"x\"",
                                             "USER web:www",
                                             "VOLUME /a /b",
                                             "VOLUME [\"/c d\"]",
                                             "WORKDIR app",
                                             "STOPSIGNAL SIGUSR1",
                                             "ONBUILD RUN make",
                                             "SHELL [\"/bin/bash\", \"-c\"]",
                                             "HEALTHCHECK CMD curl -f localhost",
                                             "CMD echo $A"},
                                            config);

  REQUIRE(changed.has_value());
  CHECK(config.entrypoint == Words{"/bin/e", "x y"});
  CHECK(config.cmd == Words{"/bin/bash", "-c", "echo $A"});
  CHECK(config.env == Words{"A=1", "AB=0", "B=two words", "C=q\"", "OLD=style value"});
  CHECK(config.exposed_ports == Words{"80/tcp", "53/udp", "8000/tcp", "8001/tcp"});
  CHECK(config.labels == std::map<std::string, std::string>{{"k", "v"}, {"with space", "x"}});
  CHECK(config.user == "web:www");
  CHECK(config.volumes == Words{"/a", "/b", "/c d"});
  CHECK(config.working_dir == "/srv/app");
  CHECK(config.stop_signal == "SIGUSR1");
  CHECK(config.on_build == Words{"RUN make"});
  CHECK(config.healthcheck->test == Words{"CMD-SHELL", "curl -f localhost"});
}

TEST_CASE("an entrypoint takes the base's command away, but not one given beside it") {
  ImageConfig base{.cmd = {"old"}};
  REQUIRE(apply_config_changes({"ENTRYPOINT [\"e\"]"}, base).has_value());
  CHECK(base.cmd.empty());

  ImageConfig given{.cmd = {"old"}};
  REQUIRE(apply_config_changes({"CMD [\"c\"]", "ENTRYPOINT [\"e\"]"}, given).has_value());
  CHECK(given.cmd == Words{"c"});
}

TEST_CASE("what is no change is refused") {
  for (const char* line : {"RUN make",
                           "ENV",
                           "ENV A",
                           "LABEL x",
                           "EXPOSE x",
                           "SHELL sh",
                           "ENV A='open",
                           "HEALTHCHECK --interval=1s CMD x",
                           ""}) {
    CAPTURE(line);
    ImageConfig config;
    CHECK_FALSE(apply_config_changes({line}, config).has_value());
  }
}

}  // namespace ikada
