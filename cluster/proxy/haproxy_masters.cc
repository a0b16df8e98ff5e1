#include "cluster/proxy/haproxy_masters.h"

#include <sys/stat.h>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

bool sees_our_files(pid_t pid) {
  struct stat own {};
  struct stat other {};
  return ::stat("/proc/self/ns/mnt", &own) == 0 &&
         ::stat(fmt::format("/proc/{}/ns/mnt", pid).c_str(), &other) == 0 &&
         own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

struct ProcessFacts {
  std::string name;
  pid_t parent = 0;
};

// proc(5), /proc/PID/stat; nothing in them if it has gone.
ProcessFacts facts_of(pid_t pid) {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/stat", pid));
  if (!text.has_value()) return {};
  // "PID (NAME) STATE PARENT …"; the name may hold anything.
  const size_t name_start = text->find('(');
  const size_t name_end = text->rfind(')');
  if (name_start == std::string::npos || name_end == std::string::npos) return {};
  ProcessFacts facts{.name = text->substr(name_start + 1, name_end - name_start - 1)};
  const std::vector<std::string_view> fields =
      split(std::string_view(*text).substr(name_end + 1), ' ');
  constexpr size_t kParent = 2;
  if (fields.size() <= kParent) return facts;
  facts.parent = static_cast<pid_t>(parse_signed(fields[kParent], 0, INT32_MAX).value_or(0));
  return facts;
}

}  // namespace

bool is_haproxy_of(pid_t pid, const std::string& config) {
  const Result<std::string> line = read_file(fmt::format("/proc/{}/cmdline", pid));
  if (!line.has_value() || line->find(config) == std::string::npos) return false;
  const std::vector<std::string_view> words = split(*line, '\0');
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "-f" && words[i + 1] == config) return sees_our_files(pid);
  }
  return false;
}

std::vector<pid_t> find_haproxys(const std::string& config) {
  const Result<std::vector<std::string>> names = list_directory("/proc");
  if (!names.has_value()) return {};
  std::vector<pid_t> pids;
  for (const std::string& name : *names) {
    const auto number = parse_signed(name, 1, INT32_MAX);
    if (!number.has_value()) continue;
    const auto pid = static_cast<pid_t>(*number);
    if (is_haproxy_of(pid, config)) pids.push_back(pid);
  }
  return pids;
}

std::vector<pid_t> find_haproxy_masters(const std::string& config) {
  std::vector<pid_t> masters;
  for (const pid_t pid : find_haproxys(config)) {
    const ProcessFacts facts = facts_of(pid);
    // A worker is its master's child. What else is known of a master is not there for a moment when
    // it executes itself anew, which it does at each reload.
    if (facts.name.empty() || facts_of(facts.parent).name == facts.name) continue;
    masters.push_back(pid);
  }
  return masters;
}

}  // namespace ikada
