#include "cmd/ikada-runtime/exec_process.h"

#include <limits>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// (uid_t)-1 means "leave it as it is" to setresuid(2).
constexpr std::uint64_t kMaxId = std::numeric_limits<std::uint32_t>::max() - 1;

Result<std::uint32_t> parse_id(std::string_view text, std::string_view what) {
  IK_LET(id, parse_unsigned(text, kMaxId).context("{}", what));
  // Other programs read such a number as octal.
  if (text.size() > 1 && text[0] == '0') {
    return make_error(ErrorKind::kInvalid, "{}: not a number: \"{}\"", what, text);
  }
  return static_cast<std::uint32_t>(id);
}

Result<OciProcess> load_process(const ExecWords& words) {
  IK_LET(text, read_file(words.process_file, size_t{4} << 20));
  IK_LET(json, parse_json(text).context("{}", words.process_file));
  return parse_oci_process(json);
}

void set_variable(std::vector<std::string>& env, const std::string& assignment) {
  const std::string_view name = cut(assignment, '=').before;
  std::erase_if(env, [&](const std::string& each) { return cut(each, '=').before == name; });
  env.push_back(assignment);
}

Result<void> set_user(const ExecWords& words, OciProcess& process) {
  if (!words.user.empty()) {
    const Cut parts = cut(words.user, ':');
    IK_LET(uid, parse_id(parts.before, "--user"));
    process.user.uid = uid;
    process.user.gid = 0;
    if (parts.found) {
      IK_LET(gid, parse_id(parts.after, "--user"));
      process.user.gid = gid;
    }
    // A user who is not root holds no capabilities of the container's root.
    if (uid != 0) process.capabilities.effective = process.capabilities.permitted = 0;
    if (uid != 0) process.capabilities.ambient = 0;
  }
  for (const std::string& each : words.additional_gids) {
    IK_LET(gid, parse_id(each, "--additional-gids"));
    process.user.additional_gids.push_back(gid);
  }
  return {};
}

}  // namespace

Result<OciProcess> plan_exec_process(const ExecWords& words, const OciProcess& pattern) {
  if (!words.process_file.empty()) {
    IK_LET(process, load_process(words));
    // The terminal may be asked for on either side.
    process.terminal = process.terminal || words.terminal;
    return process;
  }
  if (words.args.empty()) return make_error(ErrorKind::kInvalid, "expected a program to run");
  OciProcess process = pattern;
  process.args = words.args;
  process.terminal = words.terminal;
  process.console_rows = 0;
  process.console_columns = 0;
  for (const std::string& each : words.env) set_variable(process.env, each);
  IK_TRY(set_user(words, process));
  if (!words.cwd.empty()) {
    if (!words.cwd.starts_with('/')) {
      return make_error(ErrorKind::kInvalid, "--cwd: expected an absolute path");
    }
    process.cwd = words.cwd;
  }
  IK_LET(added, parse_capability_mask(words.capabilities));
  process.capabilities.bounding |= added;
  process.capabilities.permitted |= added;
  process.capabilities.effective |= added;
  process.no_new_privileges = process.no_new_privileges || words.no_new_privileges;
  if (!words.apparmor_profile.empty()) process.apparmor_profile = words.apparmor_profile;
  return process;
}

}  // namespace ikada
