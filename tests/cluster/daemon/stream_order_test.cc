#include "cluster/daemon/stream_order.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const std::string kId(64, 'a');

TEST_CASE("the words of task logs and task exec are taken") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"logs", kId},
           {"logs",
            "--follow",
            "--timestamps",
            "--since",
            "10m",
            "--until",
            "1",
            "--tail",
            "2",
            kId},
           {"exec", kId, "sh"},
           {"exec", "--interactive", "--tty", "--env", "A=1", "--user", "3", kId, "ls", "--all"},
           {"exec", "--workdir", "/", kId, "--privileged"}}) {
    CAPTURE(words);
    CHECK(find_ordered_container(words) == kId);
  }
}

TEST_CASE("nothing else is") {
  using namespace std::string_literals;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"rm", kId},
                                             {"logs"},
                                             {"logs", "web"},
                                             {"logs", kId, kId},
                                             {"logs", "--tty", kId},
                                             {"exec", kId},
                                             {"exec", "web", "sh"},
                                             {"exec", "--privileged", kId, "sh"},
                                             {"exec", "--env-file", "/etc/shadow", kId, "sh"},
                                             {"exec", "--env=A=1", kId, "sh"},
                                             {"exec", "--user", "--privileged", kId, "sh"},
                                             {"exec", "--user", kId},
                                             {"exec", "--user"},
                                             {"exec", "--root", "/tmp", kId, "sh"},
                                             {"--root", "/tmp", "exec", kId, "sh"},
                                             {"exec", "--user", "3\0--privileged"s, kId, "sh"},
                                             {"exec", std::string(64, 'A'), "sh"},
                                             {"exec", kId + "a", "sh"}}) {
    CAPTURE(words);
    CHECK(!find_ordered_container(words).has_value());
  }
  CHECK(!parse_stream_order(Json{{"words", "logs"}}).has_value());
  CHECK(!parse_stream_order(Json::array()).has_value());
}

TEST_CASE("a question to the log store is one of three, and only that") {
  const auto parsed = [](std::vector<std::string> words, bool has_stdin = false) {
    return parse_stream_order(to_json(StreamOrder{.words = words, .has_stdin = has_stdin}));
  };
  for (const char* verb : {"events", "streams", "delete"}) {
    const auto order = parsed({kLogStoreWord, verb, "{}"});
    REQUIRE(order.has_value());
    CHECK(order->is_log_question());
    CHECK(order->is_change() == (verb == std::string_view("delete")));
  }
  CHECK_FALSE(parsed({kLogStoreWord, "erase", "{}"}).has_value());
  CHECK_FALSE(parsed({kLogStoreWord, "events"}).has_value());
  CHECK_FALSE(parsed({kLogStoreWord, "events", "{}", "--root"}).has_value());
  CHECK_FALSE(parsed({kLogStoreWord, "events", "--root"}).has_value());
  CHECK_FALSE(parsed({kLogStoreWord, "events", "{}"}, true).has_value());
}

TEST_CASE("an order comes over, and values of variables are not shown") {
  const Json told = {{"words", {"exec", "--env", "A=secret", kId, "env"}}, {"stdin", true}};
  const Result<StreamOrder> order = parse_stream_order(told);

  REQUIRE(order.has_value());
  CHECK(order->has_stdin);
  CHECK_FALSE(order->has_terminal);
  CHECK(order->is_exec());
  CHECK(to_json(*order)["words"] == told["words"]);
  CHECK(shown_words(*order) == Json{"exec", "--env", "A", kId, "env"});
}

}  // namespace
}  // namespace ikada
