#include "cluster/logstore/event_query.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "cluster/logstore/event_append.h"
#include "cluster/logstore/log_room.h"
#include "runtime/monitor/log_writer.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kFirst = 1'700'000'000'000;  // Milliseconds.

// A log store, and containers that write to it.
class Store {
 public:
  Store() {
    std::string name = "/tmp/ikada-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    layout = {.root = name, .run_root = name + "/run"};
    REQUIRE(layout.prepare().has_value());
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store() { static_cast<void>(remove_tree(layout.root).has_value()); }

  static LogStreamFacts facts(const std::string& stream, const std::string& container) {
    return {.region = "r",
            .group = "/ecs/web",
            .stream = stream,
            .task = container.empty() ? "" : stream.substr(stream.rfind('/') + 1),
            .container = container,
            .created_ms = kFirst};
  }

  LogWriter open(const std::string& stream, std::uint64_t max_bytes = 0) {
    const auto directory = prepare_log_stream(layout, facts(stream, "ecs-" + stream.substr(4)));
    REQUIRE(directory.has_value());
    auto writer =
        LogWriter::open({.path = *directory + "/log", .max_bytes = max_bytes, .max_files = 64},
                        [](std::string_view) {});
    REQUIRE(writer.has_value());
    return std::move(*writer);
  }

  EventPage read(EventRange range, StreamChoice choice = {}, const std::string& pattern = "") {
    choice.region = "r";
    if (choice.task.empty()) choice.group = "/ecs/web";
    if (range.high.empty()) range.high = "~";
    const auto page =
        read_log_events(layout, {.choice = choice, .range = std::move(range), .pattern = pattern});
    REQUIRE(page.has_value());
    return *page;
  }

  EngineLayout layout;
};

void write(LogWriter& writer, std::int64_t ms, std::string_view text, bool partial = false) {
  writer.append({.time = (kFirst + ms) * kMs,
                 .stream = LogStream::kStdout,
                 .partial = partial,
                 .text = text});
  writer.flush();
}

std::string texts(const EventPage& page) {
  std::string all;
  for (const LogEvent& each : page.events) all += (all.empty() ? "" : " ") + each.message;
  return all;
}

}  // namespace

TEST_CASE("events of several streams come in the order of their times") {
  Store store;
  LogWriter one = store.open("web/app/1");
  LogWriter two = store.open("web/app/2");
  write(one, 1, "a");
  write(two, 2, "b");
  write(one, 3, "c");

  CHECK(texts(store.read({})) == "a b c");
  CHECK(texts(store.read({}, {.streams = {"web/app/1"}})) == "a c");
  CHECK(texts(store.read({}, {.prefix = "web/app/2"})) == "b");
  CHECK(texts(store.read({}, {.prefix = "other"})) == "");
  CHECK(texts(store.read({}, {.task = "2"})) == "b");
  CHECK(texts(store.read({}, {.container = "sidecar"})) == "");
  CHECK(texts(store.read({}, {}, "-b")) == "a c");
  CHECK_FALSE(store.read({}, {.prefix = "other"}).has_streams);
  // A group that was made anew has nothing of the old one.
  CHECK(texts(store.read({}, {.group_created_ms = kFirst + 120'000})) == "");
}

TEST_CASE("pages forwards and backwards tell every event once, over rotations and equal times") {
  Store store;
  LogWriter writer = store.open("web/app/1", 400);
  std::string all;
  for (int i = 0; i < 100; ++i) {
    write(writer, i / 30, std::to_string(i));  // Thirty lines of one time each.
    all += (i == 0 ? "" : " ") + std::to_string(i);
  }

  for (const bool from_head : {true, false}) {
    std::string told;
    EventRange range{.high = "~", .from_head = from_head, .limit = 7};
    while (true) {
      const EventPage page = store.read(range);
      if (page.events.empty()) break;
      const std::string part = texts(page);
      const std::string space = told.empty() ? "" : " ";
      told = from_head ? told + space + part : part + space + told;
      (from_head ? range.low : range.high) =
          from_head ? page.events.back().key : page.events.front().key;
    }
    CHECK(told == all);
  }
}

TEST_CASE("a file whose time lags behind its last line is looked at all the same") {
  Store store;
  LogWriter writer = store.open("web/app/1");
  write(writer, 1, "a");
  write(writer, 2, "b");
  const std::string path = list_log_files(list_all_log_streams(store.layout)[0])[0].path;
  const timespec early{.tv_sec = kFirst / 1000, .tv_nsec = 0};
  const timespec times[] = {early, early};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);

  const EventPage first = store.read({.high = "~", .limit = 1});
  CHECK(texts(store.read({.low = first.events[0].key, .high = "~"})) == "b");
}

TEST_CASE("the parts of a long line are one event") {
  Store store;
  LogWriter writer = store.open("web/app/1");
  write(writer, 1, "a", true);
  write(writer, 2, "b", true);
  write(writer, 3, "c");
  write(writer, 4, "next");
  CHECK(texts(store.read({})) == "abc next");
}

TEST_CASE("what clients put comes between the lines, by its times") {
  Store store;
  LogWriter writer = store.open("web/app/1");
  write(writer, 1, "a");
  write(writer, 5, "b");
  const LogStreamFacts facts = Store::facts("mine", "");
  REQUIRE(append_log_events(store.layout, facts, {{kFirst + 3, "p3"}, {kFirst + 9, "p9"}}, kFirst)
              .has_value());
  REQUIRE(append_log_events(store.layout, facts, {{kFirst + 2, "p2\nq"}}, kFirst).has_value());

  CHECK(texts(store.read({})) == "a p2\nq p3 b p9");
  CHECK(texts(store.read({.low = key_before((kFirst + 3) * kMs),
                          .high = key_before((kFirst + 9) * kMs)})) == "p3 b");

  const auto streams = describe_log_streams(store.layout, {.region = "r", .group = "/ecs/web"});
  REQUIRE(streams.size() == 2);
  CHECK(streams[0].name == "mine");
  CHECK(streams[0].first_ms == kFirst + 2);
  CHECK(streams[0].last_ms == kFirst + 9);
  CHECK(streams[1].first_ms == kFirst + 1);
  CHECK(streams[1].last_ms == kFirst + 5);
}

TEST_CASE("files are for root alone") {
  Store store;
  LogWriter writer = store.open("web/app/1");
  REQUIRE(append_log_events(store.layout, Store::facts("mine", ""), {{kFirst, "x"}}, kFirst)
              .has_value());
  for (const StoredStream& each : list_all_log_streams(store.layout)) {
    struct stat status {};
    REQUIRE(::stat(each.directory.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    for (const StoredLogFile& file : list_log_files(each)) {
      REQUIRE(::stat(file.path.c_str(), &status) == 0);
      CHECK((status.st_mode & 0777) == 0600);
    }
  }
}

TEST_CASE("room is made by whole files, and never of what a container writes to") {
  Store store;
  LogWriter writer = store.open("web/app/1", 400);
  for (int i = 0; i < 50; ++i) write(writer, i, std::to_string(i));

  const UnixNanos later = (kFirst + 365LL * 24 * 3600 * 1000) * kMs;
  const LogRoomReport report = keep_log_room(store.layout, {}, 600, later);
  CHECK(report.bytes <= 600);
  CHECK(report.removed_files > 0);
  CHECK(texts(store.read({})).ends_with("48 49"));

  // All is over by the group's retention: then the stream goes as a whole.
  const UnixNanos far = (kFirst + 3000LL * 24 * 3600 * 1000) * kMs;
  keep_log_room(
      store.layout, {{.region = "r", .group = "/ecs/web", .retention_days = 1}}, 600, far);
  CHECK(list_all_log_streams(store.layout).empty());
}

TEST_CASE("a group that is deleted leaves what a live container writes to") {
  Store store;
  LogStreamFacts facts = Store::facts("web/app/1", "ecs-live");
  REQUIRE(prepare_log_stream(store.layout, facts).has_value());
  const std::string container = store.layout.container("id");
  REQUIRE(make_directories(container, 0700).has_value());
  REQUIRE(::symlink(container.c_str(), store.layout.name_link("ecs-live").c_str()) == 0);
  LogWriter gone = store.open("web/app/2");
  write(gone, 1, "x");

  REQUIRE(delete_log_group(store.layout, "r", "/ecs/web").has_value());

  const auto left = list_all_log_streams(store.layout);
  REQUIRE(left.size() == 1);
  CHECK(left[0].facts.stream == "web/app/1");
}

TEST_CASE("a stream that is deleted is gone, one that a live container writes to stays") {
  Store it;
  for (const char* stream : {"web/a", "web/b"}) {
    REQUIRE(append_log_events(
        it.layout, Store::facts(stream, ""), {{.time_ms = kFirst, .message = stream}}, kFirst));
  }
  const auto ask = [&](const char* stream) {
    const StreamChoice choice{.region = "r", .group = "/ecs/web", .streams = {stream}};
    const auto answer = answer_log_question(it.layout, "deleteStream", to_json(choice));
    REQUIRE(answer.has_value());
    return answer->dump();
  };

  CHECK(ask("web/a") == R"({"found":true,"live":false})");
  CHECK(ask("web/a") == R"({"found":false,"live":false})");
  const EventPage page = it.read({});
  REQUIRE(page.events.size() == 1);
  CHECK(page.events[0].message == "web/b");

  auto writer = it.open("web/c");
  const std::string container = it.layout.container("id");
  REQUIRE(make_directories(container, 0700).has_value());
  REQUIRE(::symlink(container.c_str(), it.layout.name_link("ecs-c").c_str()) == 0);
  CHECK(ask("web/c") == R"({"found":true,"live":true})");
  CHECK(ask("web/c") == R"({"found":true,"live":true})");
}

TEST_CASE("questions that are none are refused") {
  Store store;
  CHECK_FALSE(answer_log_question(store.layout, "events", Json::object()).has_value());
  CHECK_FALSE(answer_log_question(store.layout, "erase", Json{{"group", "g"}}).has_value());
  CHECK_FALSE(answer_log_question(store.layout, "delete", Json::object()).has_value());
  CHECK(answer_log_question(store.layout, "streams", Json{{"region", "r"}, {"group", "g"}})
            .has_value());
}

}  // namespace ikada
