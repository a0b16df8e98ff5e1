#include "cluster/registry/blob_sources.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

namespace ikada {
namespace {

using Way = BlobSources::Way;

struct Hosts {
  BlobSources sources = {};
  BlobSources::TimePoint now = {};

  BlobSources::Answer ask(const std::string& host) { return sources.ask("d", host, now); }
  void comes(const std::string& host) { sources.note_coming("d", host, now); }
  void has(const std::string& host) { sources.note_has("d", host, now); }
  void failed(const std::string& host, const std::string& from) {
    sources.note_failed("d", host, from, now);
  }
};

TEST_CASE("the first takes a blob from the manager, the others wait for that") {
  Hosts hosts;

  CHECK(hosts.ask("a").way == Way::kManager);
  CHECK(hosts.ask("b").way == Way::kWait);
  // Who asks again has given up what it was promised.
  CHECK(hosts.ask("a").way == Way::kManager);
  hosts.has("a");
  CHECK(hosts.ask("b").address == "a");
}

TEST_CASE("fifteen hosts load the manager once") {
  Hosts hosts;
  int from_manager = 0;
  std::vector<std::string> waiting;
  waiting.reserve(15);
  for (int i = 0; i < 15; ++i) waiting.push_back(fmt::format("h{:02}", i));
  int rounds = 0;

  for (; !waiting.empty(); ++rounds) {
    std::vector<std::string> served;
    for (const std::string& each : waiting) {
      const BlobSources::Answer answer = hosts.ask(each);
      if (answer.way == Way::kManager) ++from_manager;
      if (answer.way != Way::kWait) served.push_back(each);
    }
    for (const std::string& each : served) {
      hosts.has(each);
      std::erase(waiting, each);
    }
    REQUIRE(rounds < 15);
  }

  CHECK(from_manager == 1);
  CHECK(rounds == 3);  // 1, 3 and 11: each holder gives it to three at a time.
}

TEST_CASE("a promise that nobody keeps is over in time") {
  Hosts hosts;
  hosts.ask("a");
  hosts.now += std::chrono::seconds(3);
  CHECK(hosts.ask("b").way == Way::kWait);

  hosts.now += std::chrono::seconds(1);

  CHECK(hosts.ask("b").way == Way::kManager);
}

TEST_CASE("a promise holds on while bytes come") {
  Hosts hosts;
  hosts.ask("a");
  for (int i = 0; i < 20; ++i) {
    hosts.now += std::chrono::seconds(2);
    hosts.comes("a");
    hosts.comes("b");  // Nothing was promised to it.
    CHECK(hosts.ask("b").way == Way::kWait);
  }

  hosts.now += std::chrono::seconds(4);

  CHECK(hosts.ask("b").way == Way::kManager);
}

TEST_CASE("a host that could not keep what it had gives it to nobody") {
  Hosts hosts;
  hosts.has("a");

  hosts.failed("a", "");

  CHECK(hosts.ask("b").way == Way::kManager);
}

TEST_CASE("a host that lied is told to nobody, and what it says later not to whom it let down") {
  Hosts hosts;
  hosts.has("liar");
  CHECK(hosts.ask("a").address == "liar");

  hosts.failed("a", "liar");

  CHECK(hosts.ask("a").way == Way::kManager);
  CHECK(hosts.ask("b").way == Way::kWait);
  hosts.has("liar");
  CHECK(hosts.ask("b").address == "liar");
  CHECK(hosts.ask("a").way == Way::kWait);
  hosts.failed("b", "liar");
  CHECK(hosts.ask("a").way == Way::kManager);
}

TEST_CASE("who was let down waits for those that others still give it to") {
  Hosts hosts;
  hosts.has("slow");
  for (const char* each : {"a", "b", "c"}) CHECK(hosts.ask(each).address == "slow");

  hosts.failed("a", "slow");

  CHECK(hosts.ask("a").way == Way::kWait);
  hosts.has("b");
  CHECK(hosts.ask("a").address == "b");
}

TEST_CASE("a failure that was nobody's lets the next go to the manager") {
  Hosts hosts;
  hosts.ask("a");

  hosts.failed("a", "");

  CHECK(hosts.ask("b").way == Way::kManager);
}

TEST_CASE("the blobs that are remembered are bounded") {
  BlobSources sources;
  BlobSources::TimePoint now{};
  sources.note_has("first", "a", now);
  for (int i = 0; i < 5000; ++i) {
    now += std::chrono::milliseconds(1);
    sources.note_has(std::to_string(i), "a", now);
  }

  CHECK(sources.ask("first", "b", now).way == Way::kManager);
  CHECK(sources.ask("4999", "b", now).way == Way::kPeer);
}

TEST_CASE("the holders of a blob are bounded: the oldest goes") {
  constexpr int kHolders = 1025;  // One more than are remembered; the first of the alphabet first.
  Hosts hosts;
  for (int i = 0; i < kHolders; ++i) hosts.has(fmt::format("h{:04}", i));

  CHECK(hosts.ask("a").address == "h0001");
  // Who does not have it after all makes room.
  hosts.failed("h0001", "");
  hosts.has("new");
  CHECK(hosts.ask("b").address == "h0002");
}

TEST_CASE("those whom a blob's holders let down are bounded") {
  constexpr int kLies = 1024;
  Hosts hosts;
  hosts.failed("a", "liar");
  hosts.has("liar");
  CHECK(hosts.ask("a").way == Way::kManager);

  for (int i = 0; i < kLies; ++i) hosts.failed("other", fmt::format("h{:04}", i));

  CHECK(hosts.ask("a").address == "liar");
}

}  // namespace
}  // namespace ikada
