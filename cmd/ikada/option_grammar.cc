#include "cmd/ikada/option_grammar.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  unsigned size() const { return last - first + 1U; }
};

Result<std::uint16_t> parse_port(std::string_view text) {
  const Result<std::uint64_t> port = parse_unsigned(text, UINT16_MAX);
  if (!port.has_value() || *port == 0) {
    return make_error(ErrorKind::kInvalid, "invalid port: {}", text);
  }
  return static_cast<std::uint16_t>(*port);
}

Result<PortRange> parse_port_range(std::string_view text) {
  const Cut parts = cut(text, '-');
  IK_LET(first, parse_port(parts.before));
  PortRange range{first, first};
  if (!parts.found) return range;
  IK_LET(last, parse_port(parts.after));
  range.last = last;
  if (last < first) return make_error(ErrorKind::kInvalid, "invalid port range: {}", text);
  return range;
}

// "80/udp" as "80" and "udp".
Result<std::string> take_protocol(std::string_view& text) {
  const Cut parts = cut(text, '/');
  text = parts.before;
  if (!parts.found) return std::string("tcp");
  const std::string protocol = lower_case(parts.after);
  if (protocol == "tcp" || protocol == "udp") return protocol;
  return make_error(ErrorKind::kInvalid, "invalid proto: {}", parts.after);
}

Result<std::string> absolute_path(std::string_view path) {
  if (!path.empty() && path[0] == '/') return std::string(path);
  std::array<char, PATH_MAX> directory{};
  if (::getcwd(directory.data(), directory.size()) == nullptr) return errno_error("getcwd");
  return fmt::format("{}/{}", directory.data(), path);
}

bool is_propagation(std::string_view option) {
  constexpr std::array<std::string_view, 6> kNames = {
      "shared", "slave", "private", "rshared", "rslave", "rprivate"};
  return std::find(kNames.begin(), kNames.end(), option) != kNames.end();
}

// What docker accepts and only other systems need.
bool has_no_meaning(std::string_view option) {
  constexpr std::array<std::string_view, 7> kNames = {
      "z", "Z", "cached", "delegated", "consistent", "default", "U"};
  return std::find(kNames.begin(), kNames.end(), option) != kNames.end();
}

Result<void> apply_volume_mode(std::string_view mode, std::string_view text, MountSpec& mount) {
  for (const std::string_view option : split(mode, ',')) {
    if (option == "ro" || option == "readonly") {
      mount.read_only = true;
    } else if (option == "nocopy") {
      mount.no_copy = true;
    } else if (is_propagation(option)) {
      mount.options.emplace_back(option);
    } else if (option != "rw" && !has_no_meaning(option)) {
      return make_error(
          ErrorKind::kInvalid, "invalid volume specification: '{}': invalid mode: {}", text, mode);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<PortSpec>> parse_publish(std::string_view text) {
  std::string_view rest = text;
  const Error invalid = make_error(ErrorKind::kInvalid, "invalid containerPort: {}", text);
  IK_LET(protocol, take_protocol(rest));
  std::string host_ip;
  if (!rest.empty() && rest[0] == '[') {
    const size_t end = rest.find("]:");
    if (end == std::string_view::npos) return invalid;
    host_ip = rest.substr(1, end - 1);
    rest.remove_prefix(end + 2);
  } else if (std::count(rest.begin(), rest.end(), ':') == 2) {
    const Cut parts = cut(rest, ':');
    host_ip = parts.before;
    rest = parts.after;
  }
  const Cut parts = cut(rest, ':');
  IK_LET(container, parse_port_range(parts.found ? parts.after : parts.before));
  PortRange host;
  // "0" leaves the choice to us, as nothing does.
  if (parts.found && !parts.before.empty() && parts.before != "0") {
    IK_LET(range, parse_port_range(parts.before));
    host = range;
    if (host.size() != container.size()) {
      return make_error(
          ErrorKind::kInvalid, "invalid ranges specified for container and host Ports: {}", text);
    }
  }
  std::vector<PortSpec> ports;
  for (unsigned i = 0; i < container.size(); ++i) {
    ports.push_back({.host_ip = host_ip,
                     .host_port = static_cast<std::uint16_t>(host.first == 0 ? 0 : host.first + i),
                     .container_port = static_cast<std::uint16_t>(container.first + i),
                     .protocol = protocol});
  }
  return ports;
}

Result<std::vector<std::string>> parse_expose(std::string_view text) {
  std::string_view rest = text;
  IK_LET(protocol, take_protocol(rest));
  IK_LET(range, parse_port_range(rest));
  std::vector<std::string> ports;
  for (unsigned port = range.first; port <= range.last; ++port) {
    ports.push_back(fmt::format("{}/{}", port, protocol));
  }
  return ports;
}

Result<MountSpec> parse_volume(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  MountSpec mount;
  const bool has_empty =
      std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty(); });
  if (parts.size() > 3 || has_empty) {
    return make_error(ErrorKind::kInvalid, "invalid volume specification: '{}'", text);
  }
  if (parts.size() == 3) IK_TRY(apply_volume_mode(parts[2], text, mount));
  if (parts.size() == 1) {
    mount.type = MountSpec::Type::kVolume;
    mount.destination = parts[0];
  } else {
    const std::string_view source = parts[0];
    mount.destination = parts[1];
    const bool is_path = source.find('/') != std::string_view::npos || source[0] == '.';
    mount.type = is_path ? MountSpec::Type::kBind : MountSpec::Type::kVolume;
    mount.source = source;
    mount.make_source = is_path;
    if (is_path) {
      IK_LET(path, absolute_path(source));
      mount.source = std::move(path);
    }
  }
  if (mount.destination[0] != '/') {
    return make_error(ErrorKind::kInvalid,
                      "invalid volume specification: '{}': invalid mount config: mount path must "
                      "be absolute",
                      text);
  }
  return mount;
}

Result<MountSpec> parse_tmpfs(std::string_view text) {
  const Cut parts = cut(text, ':');
  MountSpec mount{.type = MountSpec::Type::kTmpfs, .destination = std::string(parts.before)};
  if (mount.destination.empty() || mount.destination[0] != '/') {
    return make_error(ErrorKind::kInvalid, "invalid tmpfs path: '{}' must be absolute", text);
  }
  if (!parts.found) return mount;
  for (const std::string_view option : split(parts.after, ',')) {
    if (option == "ro") {
      mount.read_only = true;
    } else if (option != "rw" && !option.empty()) {
      mount.options.emplace_back(option);
    }
  }
  return mount;
}

Result<DeviceSpec> parse_device(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  const auto is_permissions = [](std::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
      return c == 'r' || c == 'w' || c == 'm';
    });
  };
  DeviceSpec device;
  device.host_path = parts[0];
  device.container_path = parts[0];
  bool good = !parts[0].empty() && parts[0][0] == '/' && parts.size() <= 3;
  if (parts.size() == 2 && is_permissions(parts[1])) {
    device.permissions = parts[1];
  } else if (parts.size() >= 2) {
    device.container_path = parts[1];
    good = good && !parts[1].empty() && parts[1][0] == '/';
  }
  if (parts.size() == 3) {
    device.permissions = parts[2];
    good = good && is_permissions(parts[2]);
  }
  if (!good) return make_error(ErrorKind::kInvalid, "invalid device specification: {}", text);
  return device;
}

Result<UlimitSpec> parse_ulimit(std::string_view text) {
  constexpr std::array<std::string_view, 16> kNames = {"as",
                                                       "core",
                                                       "cpu",
                                                       "data",
                                                       "fsize",
                                                       "locks",
                                                       "memlock",
                                                       "msgqueue",
                                                       "nice",
                                                       "nofile",
                                                       "nproc",
                                                       "rss",
                                                       "rtprio",
                                                       "rttime",
                                                       "sigpending",
                                                       "stack"};
  const Cut parts = cut(text, '=');
  UlimitSpec limit{.name = std::string(parts.before)};
  const Error invalid = make_error(ErrorKind::kInvalid, "invalid ulimit argument: {}", text);
  if (!parts.found) return invalid;
  if (std::find(kNames.begin(), kNames.end(), limit.name) == kNames.end()) {
    return make_error(ErrorKind::kInvalid, "invalid ulimit type: {}", limit.name);
  }
  const Cut values = cut(parts.after, ':');
  const auto soft = parse_signed(values.before, -1);
  const auto hard = values.found ? parse_signed(values.after, -1) : soft;
  if (!soft.has_value() || !hard.has_value()) return invalid;
  limit.soft = *soft;
  limit.hard = *hard;
  if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard)) {
    return make_error(ErrorKind::kInvalid,
                      "ulimit soft limit must be less than or equal to hard limit: {} > {}",
                      limit.soft,
                      limit.hard);
  }
  return limit;
}

Result<std::uint64_t> parse_cpus(std::string_view text) {
  const Error invalid = make_error(ErrorKind::kInvalid, "failed to parse {} as a number", text);
  constexpr std::uint64_t kBillion = 1'000'000'000;
  const Cut parts = cut(text, '.');
  if (parts.found && (parts.after.empty() || parts.after.size() > 9)) return invalid;
  const auto whole = parts.before.empty() && parts.found ? Result<std::uint64_t>(0U)
                                                         : parse_unsigned(parts.before, 1'000'000);
  if (!whole.has_value()) return invalid;
  std::uint64_t nanos = *whole * kBillion;
  if (parts.found) {
    std::string digits(parts.after);
    digits.resize(9, '0');
    const auto fraction = parse_unsigned(digits, kBillion);
    if (!fraction.has_value()) return invalid;
    nanos += *fraction;
  }
  return nanos;
}

Result<std::int64_t> parse_memory_swap(std::string_view text) {
  if (text == "-1") return std::int64_t{-1};
  IK_LET(bytes, parse_byte_size(text));
  if (bytes > INT64_MAX) return make_error(ErrorKind::kInvalid, "invalid size: '{}'", text);
  return static_cast<std::int64_t>(bytes);
}

Result<std::vector<std::string>> parse_env(const std::vector<std::string>& assignments) {
  std::vector<std::string> env;
  for (const std::string& each : assignments) {
    if (each.empty() || each[0] == '=') {
      return make_error(ErrorKind::kInvalid, "invalid environment variable: {}", each);
    }
    if (each.find('=') != std::string::npos) {
      env.push_back(each);
    } else if (const char* value = ::getenv(each.c_str()); value != nullptr) {
      env.push_back(fmt::format("{}={}", each, value));
    }
  }
  return env;
}

Result<std::vector<std::string>> parse_env_file(std::string_view text) {
  std::vector<std::string> assignments;
  int number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos || line[start] == '#') continue;
    line.remove_prefix(start);
    const std::string_view name = cut(line, '=').before;
    if (name.empty() || name.find_first_of(" \t") != std::string_view::npos) {
      return make_error(
          ErrorKind::kInvalid, "line {}: variable '{}' contains whitespaces", number, name);
    }
    assignments.emplace_back(line);
  }
  return parse_env(assignments);
}

std::pair<std::string, std::string> parse_key_value(std::string_view text) {
  const Cut parts = cut(text, '=');
  return {std::string(parts.before), std::string(parts.after)};
}

Result<void> apply_security_option(std::string_view text, SecuritySpec& security) {
  constexpr size_t kMaxProfile = size_t{4} << 20;
  // docker took ':' in front of the value before it took '='.
  const size_t separator = text.find_first_of("=:");
  const std::string_view key = text.substr(0, separator);
  const std::string_view value =
      separator == std::string_view::npos ? "" : text.substr(separator + 1);
  if (key == "no-new-privileges") {
    if (value != "" && value != "true" && value != "false") {
      return make_error(ErrorKind::kInvalid, "invalid --security-opt: \"{}\"", text);
    }
    security.no_new_privileges = value != "false";
  } else if (key == "seccomp" && value == "unconfined") {
    security.seccomp_unconfined = true;
  } else if (key == "seccomp" && !value.empty()) {
    if (value == "builtin") return {};
    IK_LET(profile,
           read_file(std::string(value), kMaxProfile)
               .context("opening seccomp profile ({}) failed", value));
    security.seccomp_profile = std::move(profile);
  } else if (key == "apparmor" && !value.empty()) {
    security.apparmor_profile = value == "unconfined" ? "" : std::string(value);
  } else if (key == "systempaths" && value == "unconfined") {
    security.unmask_paths = true;
  } else if (key != "label") {
    return make_error(ErrorKind::kInvalid, "invalid --security-opt: \"{}\"", text);
  }
  return {};
}

}  // namespace ikada
