#include "runtime/monitor/log_writer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include <doctest/doctest.h>

#include "tests/runtime/monitor/scratch_directory.h"

namespace ikada {
namespace {

// 30 of the time, " stdout F " and the newline.
constexpr size_t kHeadBytes = 41;

struct Log {
  ScratchDirectory directory;
  std::vector<std::string> warnings;

  LogWriter open(std::uint64_t max_bytes = 0, std::uint32_t max_files = 1) {
    auto writer = LogWriter::open(
        {.path = directory.file("log"), .max_bytes = max_bytes, .max_files = max_files},
        [this](std::string_view warning) { warnings.emplace_back(warning); });
    REQUIRE(writer.has_value());
    return std::move(*writer);
  }

  // The texts of a file's lines, joined by ','.
  std::string texts(const std::string& name) {
    const auto content = read_file(directory.file(name));
    if (!content.has_value()) return "no file";
    std::string all;
    std::string_view rest = *content;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      const auto line = parse_log_line(rest.substr(0, end));
      if (!all.empty()) all += ',';
      all += line.has_value() ? std::string(line->text) : "broken";
      rest.remove_prefix(end + 1);
    }
    return all;
  }
};

void add(LogWriter& writer, std::string_view text) {
  writer.append({.time = 0, .stream = LogStream::kStdout, .partial = false, .text = text});
  writer.flush();
}

// Files may not grow beyond `bytes`, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit small = before_;
    small.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a log is continued by the next start") {
  Log log;
  {
    LogWriter writer = log.open();
    add(writer, "one");
  }
  LogWriter writer = log.open();

  add(writer, "two");

  CHECK(log.texts("log") == "one,two");
}

TEST_CASE("the log is rotated before a line would pass the limit") {
  Log log;
  LogWriter writer = log.open(2 * (kHeadBytes + 1), 3);

  for (const char* text : {"1", "2", "3", "4", "5"}) add(writer, text);

  CHECK(log.texts("log") == "5");
  CHECK(log.texts("log.1") == "3,4");
  CHECK(log.texts("log.2") == "1,2");
}

TEST_CASE("only so many rotated files are kept") {
  Log log;
  LogWriter writer = log.open(kHeadBytes + 1, 2);

  for (const char* text : {"1", "2", "3", "4"}) add(writer, text);

  CHECK(log.texts("log") == "4");
  CHECK(log.texts("log.1") == "3");
  CHECK(log.texts("log.2") == "no file");
}

TEST_CASE("with one file a rotation begins a new one") {
  Log log;
  LogWriter writer = log.open(kHeadBytes + 1, 1);

  for (const char* text : {"1", "2"}) add(writer, text);

  CHECK(log.texts("log") == "2");
  CHECK(log.texts("log.1") == "no file");
}

TEST_CASE("a line longer than the limit gets a file of its own") {
  Log log;
  LogWriter writer = log.open(10, 3);

  add(writer, "first");
  add(writer, "second");

  CHECK(log.texts("log") == "second");
  CHECK(log.texts("log.1") == "first");
}

TEST_CASE("lines wait in memory until they are flushed") {
  Log log;
  LogWriter writer = log.open();

  writer.append({.time = 0, .stream = LogStream::kStdout, .partial = false, .text = "one"});
  CHECK(log.texts("log") == "");
  writer.flush();

  CHECK(log.texts("log") == "one");
}

TEST_CASE("a full disk costs lines but no half line, and is warned of once") {
  Log log;
  LogWriter writer = log.open();
  add(writer, "1");

  {
    const FullDisk full(kHeadBytes + 1 + 20);
    for (const char* text : {"2", "3", "4"}) add(writer, text);
  }
  add(writer, "5");

  CHECK(log.texts("log") == "1,2,5");
  CHECK(writer.lost_lines() == 2);
  REQUIRE(log.warnings.size() == 2);
  CHECK(log.warnings[0].find("File too large, ignoring") != std::string::npos);
  CHECK(log.warnings[1].find("2 lines lost") != std::string::npos);
}

TEST_CASE("without a path nothing is written") {
  auto writer = LogWriter::open({}, [](std::string_view) {});
  REQUIRE(writer.has_value());

  add(*writer, "one");

  CHECK(writer->lost_lines() == 0);
}

}  // namespace ikada
