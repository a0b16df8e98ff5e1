#include "cluster/engine/process_table.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cluster/engine/live_status.h"
#include "runtime/base/clock.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/state.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr unsigned kFirstPtsMajor = 136;
constexpr unsigned kLastPtsMajor = 143;

std::string terminal_name(std::uint64_t number) {
  const unsigned device_major = (number >> 8U) & 0xfffU;
  const unsigned device_minor = (number & 0xffU) | ((number >> 12U) & 0xfff00U);
  if (device_major >= kFirstPtsMajor && device_major <= kLastPtsMajor) {
    return fmt::format("pts/{}", (device_major - kFirstPtsMajor) * 256 + device_minor);
  }
  return number == 0 ? "?" : fmt::format("{}:{}", device_major, device_minor);
}

std::string command_text(std::string_view cmdline, const std::string& name) {
  while (cmdline.ends_with('\0')) cmdline.remove_suffix(1);
  if (cmdline.empty()) return fmt::format("[{}]", name);
  std::string text(cmdline);
  for (char& c : text) {
    // A container chooses these bytes; none of them may move the terminal's cursor.
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = c == '\0' ? ' ' : '?';
  }
  return text;
}

std::int64_t read_boot_time() {
  const Result<std::string> text = read_file("/proc/stat", size_t{4} << 20);
  if (!text.has_value()) return 0;
  for (const std::string_view line : split(*text, '\n')) {
    if (line.starts_with("btime ")) return parse_signed(line.substr(6)).value_or(0);
  }
  return 0;
}

HostClock read_host_clock() {
  return {.ticks_per_s = ::sysconf(_SC_CLK_TCK),
          .page_bytes = ::sysconf(_SC_PAGESIZE),
          .boot_time_s = read_boot_time(),
          .now_s = unix_now() / 1'000'000'000};
}

// Names as the host has them, without name services.
std::string account_name(const char* file, std::uint32_t id) {
  const Result<std::string> text = read_file(file, size_t{4} << 20);
  if (text.has_value()) {
    for (const std::string_view line : split(*text, '\n')) {
      const std::vector<std::string_view> fields = split(line, ':');
      if (fields.size() > 2 && fields[2] == fmt::format("{}", id)) return std::string(fields[0]);
    }
  }
  return fmt::format("{}", id);
}

std::string hours_minutes_seconds(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  return fmt::format("{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

// ps's [[DD-]HH:]MM:SS.
std::string elapsed_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  std::string end = fmt::format("{:02}:{:02}", whole / 60 % 60, whole % 60);
  if (whole < 3600) return end;
  if (whole < 86400) return fmt::format("{:02}:{}", whole / 3600, end);
  return fmt::format("{}-{:02}:{}", whole / 86400, whole / 3600 % 24, end);
}

std::string start_text(const ProcessRow& row) {
  constexpr std::int64_t kDayS = 86400;
  struct tm local {};
  const time_t start = row.started_at_s;
  ::localtime_r(&start, &local);
  std::array<char, 16> text{};
  ::strftime(text.data(), text.size(), row.elapsed_s < kDayS ? "%H:%M" : "%b%d", &local);
  return text.data();
}

double cpu_share(const ProcessRow& row) {
  return row.elapsed_s > 0 ? 100.0 * row.cpu_s / row.elapsed_s : 0;
}

struct Field {
  std::string_view name;
  std::string_view header;
  std::string (*text)(const ProcessRow& row);
};

std::string text_of(auto value) { return fmt::format("{}", value); }

constexpr std::array<Field, 30> kFields = {{
    {"pid", "PID", [](const ProcessRow& row) { return text_of(row.pid); }},
    {"ppid", "PPID", [](const ProcessRow& row) { return text_of(row.parent); }},
    {"user", "USER", [](const ProcessRow& row) { return account_name("/etc/passwd", row.uid); }},
    {"euser", "EUSER", [](const ProcessRow& row) { return account_name("/etc/passwd", row.uid); }},
    {"uid", "UID", [](const ProcessRow& row) { return text_of(row.uid); }},
    {"group", "GROUP", [](const ProcessRow& row) { return account_name("/etc/group", row.gid); }},
    {"gid", "GID", [](const ProcessRow& row) { return text_of(row.gid); }},
    {"comm", "COMMAND", [](const ProcessRow& row) { return row.name; }},
    {"args", "COMMAND", [](const ProcessRow& row) { return row.command; }},
    {"command", "COMMAND", [](const ProcessRow& row) { return row.command; }},
    {"cmd", "CMD", [](const ProcessRow& row) { return row.command; }},
    {"stat", "STAT", [](const ProcessRow& row) { return row.state; }},
    {"state", "S", [](const ProcessRow& row) { return row.state; }},
    {"s", "S", [](const ProcessRow& row) { return row.state; }},
    {"tty", "TT", [](const ProcessRow& row) { return row.terminal; }},
    {"tname", "TTY", [](const ProcessRow& row) { return row.terminal; }},
    {"nice", "NI", [](const ProcessRow& row) { return text_of(row.nice); }},
    {"ni", "NI", [](const ProcessRow& row) { return text_of(row.nice); }},
    {"nlwp", "NLWP", [](const ProcessRow& row) { return text_of(row.threads); }},
    {"time", "TIME", [](const ProcessRow& row) { return hours_minutes_seconds(row.cpu_s); }},
    {"etime", "ELAPSED", [](const ProcessRow& row) { return elapsed_text(row.elapsed_s); }},
    {"stime", "STIME", start_text},
    {"start_time", "START", start_text},
    {"start", "STARTED", start_text},
    {"c",
     "C",
     [](const ProcessRow& row) { return text_of(static_cast<std::int64_t>(cpu_share(row))); }},
    {"pcpu", "%CPU", [](const ProcessRow& row) { return fmt::format("{:.1f}", cpu_share(row)); }},
    {"%cpu", "%CPU", [](const ProcessRow& row) { return fmt::format("{:.1f}", cpu_share(row)); }},
    {"rss", "RSS", [](const ProcessRow& row) { return text_of(row.resident_kib); }},
    {"vsz", "VSZ", [](const ProcessRow& row) { return text_of(row.virtual_kib); }},
    {"vsize", "VSZ", [](const ProcessRow& row) { return text_of(row.virtual_kib); }},
}};

struct Selected {
  const Field* field;
  std::string header;
};

// "pid,user=WHO": the last field of a list may have a header of its own.
Result<void> select(std::string_view list, std::vector<Selected>& selected) {
  for (const std::string_view word : split(list, ',')) {
    const Cut parts = cut(word, '=');
    const auto* found = std::ranges::find(kFields, trim(parts.before), &Field::name);
    if (found == kFields.end()) {
      return make_error(ErrorKind::kInvalid, "unknown ps column: {}", parts.before);
    }
    selected.push_back({found, std::string(parts.found ? parts.after : found->header)});
  }
  return {};
}

Result<std::vector<Selected>> select_fields(const std::vector<std::string>& words) {
  std::vector<Selected> selected;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "-ef" || word == "-e" || word == "-f") continue;
    if (word == "aux" || word == "-aux") {
      IK_TRY(select("user,pid,pcpu,vsz,rss,tname,stat,start_time,time,args", selected));
      continue;
    }
    const std::string_view text = word;
    const size_t letter = text.starts_with("-o") ? 2 : text.starts_with("-eo") ? 3 : 0;
    if (letter == 0) return make_error(ErrorKind::kInvalid, "unsupported ps option: {}", word);
    std::string_view list = text.substr(letter);
    if (list.empty() && i + 1 < words.size()) list = words[++i];
    IK_TRY(select(list, selected));
  }
  if (selected.empty()) {
    IK_TRY(select("user=UID,pid,ppid,c,stime,tname,time,cmd", selected));
  }
  const bool has_pid =
      std::ranges::any_of(selected, [](const Selected& each) { return each.field->name == "pid"; });
  if (!has_pid) return make_error(ErrorKind::kInvalid, "Couldn't find PID field in ps output");
  return selected;
}

}  // namespace

Result<ProcessRow> parse_process(std::string_view stat,
                                 std::string_view cmdline,
                                 const HostClock& clock) {
  // The name in brackets may itself have brackets and blanks.
  const size_t open = stat.find('(');
  const size_t close = stat.rfind(')');
  const Error invalid = make_error(ErrorKind::kInvalid, "/proc/PID/stat has an unknown form");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return invalid;
  }
  const std::vector<std::string_view> fields = split(trim(stat.substr(close + 1)), ' ');
  constexpr size_t kLeastFields = 22;
  if (fields.size() < kLeastFields) return invalid;
  // fields[0] is field 3 of proc(5).
  const auto number = [&](size_t field) { return parse_signed(fields[field - 3]).value_or(0); };
  ProcessRow row;
  row.pid = static_cast<pid_t>(parse_unsigned(trim(stat.substr(0, open))).value_or(0U));
  if (row.pid == 0) return invalid;
  row.name = command_text(stat.substr(open + 1, close - open - 1), "");
  row.command = command_text(cmdline, row.name);
  row.state = fields[0];
  row.parent = static_cast<pid_t>(number(4));
  row.terminal = terminal_name(static_cast<std::uint64_t>(number(7)));
  const auto ticks = static_cast<double>(clock.ticks_per_s);
  row.cpu_s = static_cast<double>(number(14) + number(15)) / ticks;
  row.nice = number(19);
  row.threads = static_cast<std::uint64_t>(number(20));
  row.started_at_s = clock.boot_time_s + number(22) / clock.ticks_per_s;
  row.elapsed_s = static_cast<double>(std::max<std::int64_t>(clock.now_s - row.started_at_s, 0));
  row.virtual_kib = static_cast<std::uint64_t>(number(23)) / 1024;
  row.resident_kib = static_cast<std::uint64_t>(number(24) * clock.page_bytes) / 1024;
  return row;
}

Result<std::vector<ProcessRow>> list_processes(const EngineLayout& layout,
                                               const ContainerRecord& record) {
  if (!live_status(layout, record.id).is_running()) {
    return make_error(ErrorKind::kConflict, "container {} is not running", record.id);
  }
  IK_LET(state, load_state(layout.runtime_states(), record.id));
  IK_LET(cgroup, Cgroup::open(state.cgroup_path));
  IK_LET(pids, cgroup.processes());
  const HostClock clock = read_host_clock();
  std::vector<ProcessRow> rows;
  for (const pid_t pid : pids) {
    constexpr size_t kMaxText = size_t{4} << 20;
    const std::string directory = fmt::format("/proc/{}", pid);
    struct stat owner {};
    const Result<std::string> stat = read_file(directory + "/stat", kMaxText);
    const Result<std::string> cmdline = read_file(directory + "/cmdline", kMaxText);
    // It may have ended since.
    if (!stat.has_value() || ::stat(directory.c_str(), &owner) != 0) continue;
    IK_LET(row, parse_process(*stat, cmdline.value_or(std::string()), clock));
    row.uid = owner.st_uid;
    row.gid = owner.st_gid;
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::string> format_processes(const std::vector<ProcessRow>& rows,
                                     const std::vector<std::string>& words) {
  IK_LET(selected, select_fields(words));
  std::vector<std::string> cells;
  for (const Selected& each : selected) cells.push_back(each.header);
  std::string text = join(cells, "\t") + "\n";
  for (const ProcessRow& row : rows) {
    cells.clear();
    for (const Selected& each : selected) cells.push_back(each.field->text(row));
    text += join(cells, "\t") + "\n";
  }
  return text;
}

}  // namespace ikada
