#include "cluster/engine/process_table.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr HostClock kClock = {
    .ticks_per_s = 100, .page_bytes = 4096, .boot_time_s = 1000, .now_s = 5000};

// Fields 3 to 24 of /proc/PID/stat.
std::string stat_line(const std::string& name) {
  return "42 (" + name +
         ") S 7 42 42 34816 42 4194560 100 0 0 0 150 50 0 0 20 0 3 0 100000 8192000 250 1844\n";
}

TEST_CASE("a line of /proc/PID/stat becomes a process") {
  const std::string cmdline("sh\0-c\0sleep 1\0", 14);

  const ProcessRow row = parse_process(stat_line("sh"), cmdline, kClock).value();

  CHECK(row.pid == 42);
  CHECK(row.parent == 7);
  CHECK(row.name == "sh");
  CHECK(row.command == "sh -c sleep 1");
  CHECK(row.terminal == "pts/0");
  CHECK(row.cpu_s == 2.0);
  CHECK(row.threads == 3);
  CHECK(row.started_at_s == 2000);
  CHECK(row.elapsed_s == 3000);
  CHECK(row.virtual_kib == 8000);
  CHECK(row.resident_kib == 1000);
}

TEST_CASE("a container's process cannot name itself into other columns or move the cursor") {
  const ProcessRow row = parse_process(stat_line("a) R 1 (b\033"), "", kClock).value();

  CHECK(row.parent == 7);
  CHECK(row.state == "S");
  CHECK(row.name == "a) R 1 (b?");
  CHECK(row.command == "[a) R 1 (b?]");
}

TEST_CASE("what is no stat line is an error") {
  CHECK_FALSE(parse_process("", "", kClock).has_value());
  CHECK_FALSE(parse_process("42 sh S 1", "", kClock).has_value());
  CHECK_FALSE(parse_process("42 (sh) S 1", "", kClock).has_value());
}

TEST_CASE("columns are chosen as for ps") {
  const std::vector<ProcessRow> rows = {parse_process(stat_line("sh"), "sh", kClock).value()};

  CHECK(format_processes(rows, {"-o", "pid,comm=WHAT"}).value() == "PID\tWHAT\n42\tsh\n");
  CHECK(format_processes(rows, {"-eo", "pid,etime,time,rss"}).value() ==
        "PID\tELAPSED\tTIME\tRSS\n42\t50:00\t00:00:02\t1000\n");
  CHECK(
      format_processes(rows, {}).value().starts_with("UID\tPID\tPPID\tC\tSTIME\tTTY\tTIME\tCMD\n"));
  CHECK_FALSE(format_processes(rows, {"-o", "comm"}).has_value());
  CHECK_FALSE(format_processes(rows, {"--forest"}).has_value());
}

}  // namespace
}  // namespace ikada
