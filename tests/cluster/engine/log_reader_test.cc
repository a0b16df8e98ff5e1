#include "cluster/engine/log_reader.h"

#include <stdlib.h>

#include <string>

#include <doctest/doctest.h>

#include "runtime/monitor/log_writer.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// A log written by the writer, line by line: text N is written at time N.
class Log {
 public:
  explicit Log(std::uint64_t max_bytes = 0, std::uint32_t max_files = 1) {
    std::string name = "/tmp/ikada-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
    auto writer = LogWriter::open({.path = path(), .max_bytes = max_bytes, .max_files = max_files},
                                  [](std::string_view) {});
    REQUIRE(writer.has_value());
    writer_.emplace(std::move(*writer));
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() { static_cast<void>(remove_tree(directory_).has_value()); }

  std::string path() const { return directory_ + "/log"; }

  void write(int first, int last) {
    for (int i = first; i <= last; ++i) write_part(i, std::to_string(i), false);
  }
  void write_part(int time, std::string_view text, bool partial) {
    writer_->append({.time = time, .stream = LogStream::kStdout, .partial = partial, .text = text});
    writer_->flush();
  }

  // The texts joined by ' '. With follow, `more` is called when all was read; true: there is more.
  std::string read(
      const LogQuery& query, const std::function<bool()>& more = [] { return false; }) {
    std::string texts;
    const LogSink sink{.take = [&texts](const LogLine& line) {
      if (!texts.empty()) texts += ' ';
      texts += line.text;
      return true;
    }};
    LogReader reader(path());
    const auto result = reader.read(query, sink, [&more] { return !more(); });
    REQUIRE(result.has_value());
    return texts;
  }

 private:
  std::string directory_;
  std::optional<LogWriter> writer_;
};

constexpr std::uint64_t kLineBytes = 42;  // With a text of one character.

}  // namespace

TEST_CASE("rotated files are read as one, oldest first") {
  Log log(2 * kLineBytes, 4);
  log.write(1, 8);

  CHECK(log.read({}) == "1 2 3 4 5 6 7 8");
}

TEST_CASE("the tail is counted from the end over the files") {
  Log log(2 * kLineBytes, 4);
  log.write(1, 7);

  CHECK(log.read({.tail = 0}) == "");
  CHECK(log.read({.tail = 1}) == "7");
  CHECK(log.read({.tail = 4}) == "4 5 6 7");
  CHECK(log.read({.tail = 7}) == "1 2 3 4 5 6 7");
  CHECK(log.read({.tail = 100}) == "1 2 3 4 5 6 7");
}

TEST_CASE("parts of a long line are one line of the tail") {
  Log log;
  log.write(1, 2);
  log.write_part(3, "a", true);
  log.write_part(3, "b", true);
  log.write_part(3, "c", false);

  CHECK(log.read({.tail = 1}) == "a b c");
  CHECK(log.read({.tail = 2}) == "2 a b c");

  log.write_part(4, "unfinished", true);
  CHECK(log.read({.tail = 1}) == "unfinished");
}

TEST_CASE("the tail is right for logs of many blocks") {
  Log log;
  log.write(1, 10'000);

  CHECK(log.read({.tail = 3}) == "9998 9999 10000");
  CHECK(log.read({.tail = 9'999}).starts_with("2 3 "));
}

TEST_CASE("since and until limit the times") {
  Log log;
  log.write(1, 9);

  CHECK(log.read({.since = 4, .until = 7}) == "4 5 6");
  CHECK(log.read({.since = 8}) == "8 9");
}

TEST_CASE("no log at all is an empty log") {
  LogReader reader("/tmp/ikada-test-no-such-directory/log");

  const auto result =
      reader.read({}, {.take = [](const LogLine&) { return true; }}, [] { return true; });

  CHECK(result.has_value());
}

TEST_CASE("following reads what is written meanwhile, through rotations") {
  Log log(2 * kLineBytes, 5);
  log.write(1, 2);
  int round = 0;

  const std::string texts = log.read({.follow = true}, [&] {
    ++round;
    if (round == 1) log.write(3, 3);
    if (round == 2) log.write(4, 9);
    return round < 3;
  });

  CHECK(texts == "1 2 3 4 5 6 7 8 9");
}

TEST_CASE("following goes on from file to file when only one is kept") {
  Log log(kLineBytes, 1);
  log.write(1, 1);
  int round = 0;

  const std::string texts = log.read({.follow = true}, [&] {
    ++round;
    log.write(round + 1, round + 1);
    return round < 4;
  });

  CHECK(texts == "1 2 3 4 5");
}

TEST_CASE("lines that are broken are left out") {
  Log log;
  log.write(1, 1);
  const auto fd = open_file(log.path(), O_WRONLY | O_APPEND);
  REQUIRE(write_all(fd->get(), "no log line\n").has_value());
  log.write(2, 2);

  CHECK(log.read({}) == "1 2");
}

}  // namespace ikada
