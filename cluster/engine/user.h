// Who a container's process is: "-u" or the image's USER against the image's passwd and group.
//
// Numbers are decimal digits up to 2147483647, nothing else: no sign, no hexadecimal, no blanks, so
// that a number too large can never wrap to 0.
//
// Source: docker-run(1), --user; passwd(5), group(5); CVE-2026-30892, CVE-2024-40635 for what goes
// wrong with lenient parsers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct ProcessUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids = {};
  std::string home = "/";
};

// More of a passwd or group file is not read.
constexpr size_t kMaxAccountFile = size_t{4} << 20;

// `spec` is "", USER or USER:GROUP, each a name or a number. `passwd` and `group` are the files'
// texts, empty if there are none. kInvalid or kNotFound ("unable to find user x: no matching
// entries in passwd file").
Result<ProcessUser> resolve_user(std::string_view spec,
                                 const std::vector<std::string>& group_add,
                                 std::string_view passwd,
                                 std::string_view group);

}  // namespace ikada
