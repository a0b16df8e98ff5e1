// Where cgroup2 is: find_cgroup2_mount().
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// In the order in which they are preferred.
constexpr std::array<const char*, 2> kUsualPlaces = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

int octal_digit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

// The kernel writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size() && octal_digit(text[at + 1]) >= 0 &&
        octal_digit(text[at + 2]) >= 0 && octal_digit(text[at + 3]) >= 0) {
      result += static_cast<char>(octal_digit(text[at + 1]) * 64 + octal_digit(text[at + 2]) * 8 +
                                  octal_digit(text[at + 3]));
      at += 3;
    } else {
      result += text[at];
    }
  }
  return result;
}

}  // namespace

Result<std::string> find_cgroup2_mount_in(std::string_view mountinfo) {
  std::vector<std::string> found;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos || !line.substr(dash + 3).starts_with("cgroup2 ")) continue;
    const auto fields = split(line.substr(0, dash), ' ');
    if (fields.size() >= 5) found.push_back(unescape(fields[4]));
  }
  for (const char* usual : kUsualPlaces) {
    if (std::find(found.begin(), found.end(), usual) != found.end()) return std::string(usual);
  }
  if (found.empty()) {
    return make_error(ErrorKind::kUnavailable, "cgroup v2 is not mounted on this host");
  }
  return found.front();
}

Result<std::string> find_cgroup2_mount() {
  // Two system calls instead of a list that grows with every mount of the host.
  for (const char* usual : kUsualPlaces) {
    struct statfs status = {};
    if (::statfs(usual, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC) {
      return std::string(usual);
    }
  }
  IK_LET(mountinfo, read_file("/proc/self/mountinfo"));
  return find_cgroup2_mount_in(mountinfo);
}

}  // namespace ikada
