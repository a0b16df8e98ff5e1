#include "cluster/engine/user.h"

#include <algorithm>
#include <optional>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::uint64_t kMaxId = 2147483647;

struct PasswdEntry {
  std::string_view name;
  std::uint32_t uid;
  std::uint32_t gid;
  std::string_view home;
};

struct GroupEntry {
  std::string_view name;
  std::uint32_t gid;
  std::string_view members;
};

std::optional<std::uint32_t> parse_id(std::string_view text) {
  const Result<std::uint64_t> value = parse_unsigned(text, kMaxId);
  if (!value.has_value()) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

// Lines that are not in the format are passed over, as the C library does.
std::vector<PasswdEntry> parse_passwd(std::string_view text) {
  std::vector<PasswdEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 6 || fields[0].empty() || fields[0][0] == '#') continue;
    const auto uid = parse_id(fields[2]);
    const auto gid = parse_id(fields[3]);
    if (uid && gid) entries.push_back({fields[0], *uid, *gid, fields[5]});
  }
  return entries;
}

std::vector<GroupEntry> parse_group(std::string_view text) {
  std::vector<GroupEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 3 || fields[0].empty() || fields[0][0] == '#') continue;
    const auto gid = parse_id(fields[2]);
    if (gid) entries.push_back({fields[0], *gid, fields.size() > 3 ? fields[3] : ""});
  }
  return entries;
}

bool looks_like_number(std::string_view text) {
  return !text.empty() && (text[0] == '-' || text[0] == '+' || (text[0] >= '0' && text[0] <= '9'));
}

bool has_control_character(std::string_view text) {
  return std::any_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

Result<std::uint32_t> resolve_group(std::string_view name, const std::vector<GroupEntry>& groups) {
  for (const GroupEntry& each : groups) {
    if (each.name == name) return each.gid;
  }
  if (const auto gid = parse_id(name)) return *gid;
  if (looks_like_number(name)) {
    return make_error(ErrorKind::kInvalid, "gids must be in range 0-2147483647: \"{}\"", name);
  }
  return make_error(
      ErrorKind::kNotFound, "unable to find group {}: no matching entries in group file", name);
}

bool is_member(const GroupEntry& group, std::string_view user) {
  const std::vector<std::string_view> members = split(group.members, ',');
  return std::find(members.begin(), members.end(), user) != members.end();
}

void add_gid(std::vector<std::uint32_t>& gids, std::uint32_t gid) {
  if (std::find(gids.begin(), gids.end(), gid) == gids.end()) gids.push_back(gid);
}

}  // namespace

Result<ProcessUser> resolve_user(std::string_view spec,
                                 const std::vector<std::string>& group_add,
                                 std::string_view passwd,
                                 std::string_view group) {
  const Cut parts = cut(spec, ':');
  const std::string_view user_name = parts.before.empty() && !parts.found ? "0" : parts.before;
  if (user_name.empty() || (parts.found && parts.after.empty()) || has_control_character(spec)) {
    return make_error(ErrorKind::kInvalid, "invalid user: \"{}\"", spec);
  }
  const std::vector<PasswdEntry> users = parse_passwd(passwd);
  const std::vector<GroupEntry> groups = parse_group(group);

  ProcessUser result;
  const auto uid = parse_id(user_name);
  auto entry = std::find_if(
      users.begin(), users.end(), [&](const PasswdEntry& each) { return each.name == user_name; });
  if (entry == users.end() && uid) {
    entry = std::find_if(
        users.begin(), users.end(), [&](const PasswdEntry& each) { return each.uid == *uid; });
  }
  if (entry != users.end()) {
    result.uid = entry->uid;
    result.gid = entry->gid;
    if (!entry->home.empty() && entry->home[0] == '/') result.home = entry->home;
  } else if (uid) {
    result.uid = *uid;
  } else if (looks_like_number(user_name)) {
    return make_error(ErrorKind::kInvalid, "uids must be in range 0-2147483647: \"{}\"", user_name);
  } else {
    return make_error(ErrorKind::kNotFound,
                      "unable to find user {}: no matching entries in passwd file",
                      user_name);
  }

  if (parts.found) {
    IK_LET(gid, resolve_group(parts.after, groups));
    result.gid = gid;
  } else if (entry != users.end()) {
    // Membership counts only when the group was not named, as docker does.
    for (const GroupEntry& each : groups) {
      if (is_member(each, entry->name)) add_gid(result.additional_gids, each.gid);
    }
  }
  for (const std::string& each : group_add) {
    IK_LET(gid, resolve_group(each, groups).context("--group-add"));
    add_gid(result.additional_gids, gid);
  }
  return result;
}

}  // namespace ikada
