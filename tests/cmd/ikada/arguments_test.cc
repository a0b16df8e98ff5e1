#include "cmd/ikada/arguments.h"

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <doctest/doctest.h>

#include "cmd/ikada/container_options.h"

namespace ikada {
namespace {

using Words = std::vector<std::string>;

// A `run` with the real options.
struct Fixture {
  Fixture() : command(app.add_subcommand("run", "")) { add_container_options(*command, options); }

  Result<ContainerSpec> parse(const Words& words) {
    Result<Words> prepared = prepare_arguments(*command, words);
    if (!prepared.has_value()) return prepared.error();
    Words all = {"run"};
    all.insert(all.end(), prepared->begin(), prepared->end());
    try {
      app.require_subcommand(1);
      app.parse(Words(all.rbegin(), all.rend()));
    } catch (const CLI::Error& error) {
      return make_error(ErrorKind::kInvalid, "{}", error.what());
    }
    return plan_container_spec(options, command->remaining());
  }

  CLI::App app;
  ContainerOptions options;
  CLI::App* command;
};

Result<ContainerSpec> parse(const Words& words) { return Fixture().parse(words); }

}  // namespace

TEST_CASE("options end at the image and the rest is the command's") {
  const auto spec = parse({"--rm", "-e", "A=1", "busybox", "sh", "-c", "echo $A", "--rm", "-x"});

  REQUIRE(spec.has_value());
  CHECK(spec->image == "busybox");
  CHECK(spec->command == Words{"sh", "-c", "echo $A", "--rm", "-x"});
  CHECK(spec->auto_remove);
  CHECK(spec->env == Words{"A=1"});
}

TEST_CASE("an option that repeats takes one value each time") {
  const auto spec = parse({"-e", "A=1", "-eB=2", "--env=C=3", "-v", "v:/v", "run", "run"});

  REQUIRE(spec.has_value());
  CHECK(spec->env == Words{"A=1", "B=2", "C=3"});
  CHECK(spec->image == "run");
  CHECK(spec->command == Words{"run"});
}

TEST_CASE("short flags combine, also with an option at the end") {
  const auto spec = parse({"-itp", "8080:80", "-tw/srv", "busybox", "--help"});

  REQUIRE(spec.has_value());
  CHECK(spec->terminal);
  CHECK(spec->open_stdin);
  CHECK(spec->network.ports.size() == 1);
  CHECK(spec->working_dir == "/srv");
  CHECK(spec->command == Words{"--help"});
}

TEST_CASE("an empty entrypoint clears the image's, in both spellings") {
  for (const Words& words :
       {Words{"--entrypoint=", "busybox", "ls"}, Words{"--entrypoint", "", "busybox", "ls"}}) {
    const auto spec = parse(words);
    REQUIRE(spec.has_value());
    REQUIRE(spec->entrypoint.has_value());
    CHECK(spec->entrypoint->empty());
    CHECK(spec->command == Words{"ls"});
  }
}

TEST_CASE("words of the command that look like empty options stay as they are") {
  const auto spec = parse({"busybox", "env", "A=", "--x=", "--", "-"});

  REQUIRE(spec.has_value());
  CHECK(spec->command == Words{"env", "A=", "--x=", "--", "-"});
}

TEST_CASE("two dashes end the options") {
  const auto spec = parse({"--rm", "--", "busybox", "-l"});

  REQUIRE(spec.has_value());
  CHECK(spec->image == "busybox");
  CHECK(spec->command == Words{"-l"});
}

TEST_CASE("values may look like options, brackets or nothing") {
  const auto spec = parse({"-m",
                           "64m",
                           "--memory-swap",
                           "-1",
                           "-e",
                           "[a]=[b,c]",
                           "--pids-limit",
                           "-1",
                           "-l",
                           "empty=",
                           "busybox"});

  REQUIRE(spec.has_value());
  CHECK(spec->resources.memory_swap_bytes == -1);
  CHECK(spec->resources.pids == -1);
  CHECK(spec->env == Words{"[a]=[b,c]"});
}

TEST_CASE("unknown options are named as docker names them") {
  CHECK(parse({"--nope", "busybox"}).error().message == "unknown flag: --nope");
  CHECK(parse({"--nope=3", "busybox"}).error().message == "unknown flag: --nope");
  CHECK(parse({"-iy", "busybox"}).error().message == "unknown shorthand flag: 'y' in -iy");
  CHECK(parse({"-e"}).error().message == "flag needs an argument: -e");
  CHECK(parse({}).error().message == "requires at least 1 argument: IMAGE");
}

TEST_CASE("values of docker's limits are checked before anything is made") {
  for (const Words& words : {Words{"-m", "5m", "i"},
                             Words{"-m", "lots", "i"},
                             Words{"--cpus", "x", "i"},
                             Words{"--network", "nope", "i"},
                             Words{"--pull", "sometimes", "i"},
                             Words{"-p", "x:y", "i"},
                             Words{"--ulimit", "wings=1", "i"},
                             Words{"-m", "64m", "--memory-swap", "32m", "i"},
                             Words{"--memory-swap", "32m", "i"},
                             Words{"--sysctl", "x", "i"},
                             Words{"--log-opt", "shiny=1", "i"},
                             Words{"--oom-score-adj", "1001", "i"}}) {
    CAPTURE(words[1]);
    CHECK_FALSE(parse(words).has_value());
  }
}

}  // namespace ikada
