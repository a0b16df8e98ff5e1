#include "cluster/http/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "cluster/auth/digest.h"
#include "cluster/http/audited_route.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "tests/runtime/sys/scratch_directory.h"

namespace ikada {
namespace {

std::unique_ptr<AuditLog> open_log(boost::asio::io_context& loop, const std::string& directory) {
  Result<std::unique_ptr<AuditLog>> log =
      AuditLog::open(loop, {.directory = directory, .max_file_bytes = 4096, .max_files = 3});
  REQUIRE(log.has_value());
  return std::move(*log);
}

void write_and_close(const std::string& directory, int count) {
  boost::asio::io_context loop;
  const std::unique_ptr<AuditLog> log = open_log(loop, directory);
  for (int i = 0; i < count; ++i) {
    AuditRecord record;
    record.name = fmt::format("Event{}", i);
    log->write(std::move(record), nullptr);
  }
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  const Result<std::string> text = read_file(path);
  REQUIRE(text.has_value());
  for (const std::string_view line : split(trim(*text), '\n')) lines.emplace_back(line);
  return lines;
}

std::string previous_hash(const std::string& line) {
  const Result<Json> json = parse_json(line);
  return json.has_value() ? (*json)["previousHash"].get<std::string>() : "";
}

TEST_CASE("each line names the hash of the one before, also over a restart") {
  const ScratchDirectory scratch;
  write_and_close(scratch.path + "/audit", 1);
  write_and_close(scratch.path + "/audit", 0);

  const std::vector<std::string> lines = lines_of(scratch.path + "/audit/log");

  REQUIRE(lines.size() == 5);  // Opened, the event, closed; opened, closed.
  CHECK(previous_hash(lines[0]) == std::string(64, '0'));
  for (size_t i = 1; i < lines.size(); ++i) {
    CHECK(previous_hash(lines[i]) == auth::sha256_hex(lines[i - 1]));
  }
}

TEST_CASE("a line that a crash cut off is ended, and the chain goes on behind it") {
  const ScratchDirectory scratch;
  write_and_close(scratch.path + "/audit", 0);
  {
    Result<UniqueFd> file = open_file(scratch.path + "/audit/log", O_WRONLY | O_APPEND);
    REQUIRE(file.has_value());
    REQUIRE(write_all(file->get(), "{\"half").has_value());
  }

  write_and_close(scratch.path + "/audit", 0);

  const std::vector<std::string> lines = lines_of(scratch.path + "/audit/log");
  REQUIRE(lines.size() == 5);
  CHECK(lines[2] == "{\"half");
  CHECK(previous_hash(lines[3]) == auth::sha256_hex("{\"half"));
}

TEST_CASE("full files are rotated, so many are kept, and all are the owner's alone") {
  const ScratchDirectory scratch;
  const std::string directory = scratch.path + "/audit";
  for (int i = 0; i < 40; ++i) write_and_close(directory, 1);

  CHECK(std::filesystem::exists(directory + "/log.2"));
  CHECK(!std::filesystem::exists(directory + "/log.3"));
  const std::vector<std::string> older = lines_of(directory + "/log.1");
  const std::vector<std::string> newer = lines_of(directory + "/log");
  CHECK(previous_hash(newer.front()) == auth::sha256_hex(older.back()));
  CHECK(std::filesystem::status(directory + "/log.1").permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("whoever waits is told when the line is on the disk") {
  const ScratchDirectory scratch;
  boost::asio::io_context loop;
  const std::unique_ptr<AuditLog> log = open_log(loop, scratch.path + "/audit");
  const auto guard = boost::asio::make_work_guard(loop);
  bool was_there = false;

  log->write({.name = "RunTask"}, [&](const Result<void>& written) {
    const Result<std::string> text = read_file(scratch.path + "/audit/log");
    was_there = written.has_value() && text.has_value() &&
                text->find("\"eventName\":\"RunTask\"") != std::string::npos;
    loop.stop();
  });
  loop.run();

  CHECK(was_there);
  CHECK(log->accepts_changes());
}

// Whether the line was on the disk when a read was answered, and whether that was at once.
struct ReadAnswer {
  bool was_there = false;
  bool was_at_once = false;
};

ReadAnswer answer_read(size_t most_waiting) {
  const ScratchDirectory scratch;
  const std::string directory = scratch.path + "/audit";
  boost::asio::io_context loop;
  Result<std::unique_ptr<AuditLog>> log =
      AuditLog::open(loop, {.directory = directory, .most_waiting = most_waiting});
  REQUIRE(log.has_value());
  const auto guard = boost::asio::make_work_guard(loop);
  ReadAnswer answer;
  unsigned status = 0;

  audited(**log, {.name = "ListTasks", .is_read_only = true}, [&](const HttpReply& reply) {
    const Result<std::string> text = read_file(directory + "/log");
    answer.was_there = text.has_value() && text->find("ListTasks") != std::string::npos;
    status = reply.status;
    loop.stop();
  })({.status = 200, .body = "{}"});
  answer.was_at_once = status != 0;
  if (!answer.was_at_once) loop.run();

  CHECK(status == 200);
  return answer;
}

TEST_CASE("a read is answered at once, but waits for its line when too many wait for the disk") {
  CHECK(answer_read(10).was_at_once);

  const ReadAnswer behind = answer_read(0);
  CHECK(!behind.was_at_once);
  CHECK(behind.was_there);
}

TEST_CASE("a log that was moved away is begun anew, and goes on in the chain") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path + "/audit/log";
  boost::asio::io_context loop;
  {
    const std::unique_ptr<AuditLog> log = open_log(loop, scratch.path + "/audit");
    const auto guard = boost::asio::make_work_guard(loop);
    log->write({.name = "One"}, [&](const Result<void>&) { loop.stop(); });
    loop.run();
    std::filesystem::rename(path, path + ".moved");
  }

  CHECK(previous_hash(lines_of(path).front()) ==
        auth::sha256_hex(lines_of(path + ".moved").back()));
}

}  // namespace
}  // namespace ikada
